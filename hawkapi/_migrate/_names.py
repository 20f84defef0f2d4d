"""What is called how in FastAPI and in hawkapi, and what to do about what has no counterpart."""

from __future__ import annotations

import importlib
import inspect
from typing import Final

import hawkapi.params.markers
from hawkapi.app import HawkAPI
from hawkapi.routing.options import RouteOptions
from hawkapi.routing.router import Router

RENAMED: Final = {"FastAPI": "HawkAPI", "APIRouter": "Router"}

MODULES: Final = {
    "fastapi": "hawkapi",
    "fastapi.applications": "hawkapi",
    "fastapi.datastructures": "hawkapi.requests",
    "fastapi.middleware": "hawkapi.middleware",
    "fastapi.middleware.cors": "hawkapi.middleware",
    "fastapi.middleware.gzip": "hawkapi.middleware",
    "fastapi.middleware.httpsredirect": "hawkapi.middleware",
    "fastapi.middleware.trustedhost": "hawkapi.middleware",
    "fastapi.param_functions": "hawkapi",
    "fastapi.security.api_key": "hawkapi.security",
    "fastapi.security.oauth2": "hawkapi.security",
    "fastapi.testclient": "hawkapi.testing",
    "fastapi.websockets": "hawkapi.websocket",
    "starlette.background": "hawkapi.background",
    "starlette.exceptions": "hawkapi.exceptions",
    "starlette.middleware.cors": "hawkapi.middleware",
    "starlette.middleware.gzip": "hawkapi.middleware",
    "starlette.middleware.httpsredirect": "hawkapi.middleware",
    "starlette.middleware.trustedhost": "hawkapi.middleware",
    "starlette.requests": "hawkapi.requests",
    "starlette.responses": "hawkapi.responses",
    "starlette.staticfiles": "hawkapi.staticfiles",
    "starlette.status": "hawkapi.status",
    "starlette.testclient": "hawkapi.testing",
    "starlette.websockets": "hawkapi.websocket",
}
"""Modules with another name; what else is in `fastapi` has the same name in `hawkapi`, the rest of Starlette stays."""

REMEDIES: Final = {
    "add_api_route": "write app.add_route(path, handler, methods=..., status_code=200)",
    "add_api_websocket_route": "write app.add_websocket_route(path, handler)",
    "jsonable_encoder": "return the value itself, or use hawkapi.serialization",
    "middleware": "write a subclass of Middleware with before_request and after_response, and app.add_middleware(it)",
    "ORJSONResponse": "JSONResponse is written by msgspec where that is installed",
    "UJSONResponse": "JSONResponse is written by msgspec where that is installed",
    "run_in_threadpool": "use asyncio.to_thread, or a plain `def` handler",
    "iterate_in_threadpool": "give StreamingResponse the plain generator",
    "Jinja2Templates": "render with jinja2 and return an HTMLResponse",
    "WebSocketException": "raise HTTPException(403), or `await websocket.close(code, reason)` and return",
    "exception_handlers": "register each with @app.exception_handler(key)",
    "on_startup": "register each with @app.on_startup",
    "on_shutdown": "register each with @app.on_shutdown",
    "root_path": "hawkapi run --root-path says so for the server",
    "response_class": "return that response, and name it as the return annotation",
    "default_response_class": "return that response in each handler",
    "response_description": "write responses={status: {'description': ...}}",
    "operation_id": "write name=...",
    "response_model_include": "give response_model= a type with these members",
    "response_model_exclude": "give response_model= a type without these members",
    "response_model_by_alias": "name the members as they are sent",
    "convert_underscores": "write alias='the_name'",
    "redirect_slashes": "a path with and without a slash at its end is one",
    "swagger_ui_parameters": "there are no such options",
    "swagger_ui_init_oauth": "there are no such options",
}
"""What to do instead, by the name of what does not exist."""

METHODS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace", "api_route"})
CREATES: Final = frozenset({"post", "delete"})
"""The decorators whose default status is 201 and 204 here, and 200 there."""

MARKERS: Final = frozenset({"Query", "Path", "Header", "Cookie", "Body", "Form", "File"})
RESPONSES: Final = frozenset(
    {"Response", "JSONResponse", "PlainTextResponse", "HTMLResponse", "StreamingResponse", "RedirectResponse"}
)
"""Responses whose status and header fields may be given by position there, and only by name here."""


def target_module(module: str) -> str | None:
    """Return what a module of FastAPI or Starlette is called in hawkapi; `None`: it stays as it is."""
    if module in MODULES:
        return MODULES[module]
    if module.startswith("fastapi."):
        return "hawkapi" + module.removeprefix("fastapi")
    return None


def home_of(target: str, name: str) -> str | None:
    """Return the module that has a name, the one asked for or the root; `None`: there is no such thing in hawkapi."""
    for module in (target, "hawkapi"):
        if name == "*" or _has(module, name):
            return module
    return None


def remedy(name: str) -> str:
    """Return the end of a warning: what to do about what does not exist."""
    return f": {REMEDIES[name]}" if name in REMEDIES else ": decide what takes its place"


def _has(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), name) or _is_module(f"{module}.{name}")
    except ImportError:
        return False


def _is_module(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def _parameters(function: object) -> frozenset[str]:
    if not callable(function):
        raise TypeError(f"{function!r} cannot be called")
    return frozenset(inspect.signature(function).parameters)


KEYWORDS: Final = {
    "HawkAPI": _parameters(HawkAPI),
    "Router": _parameters(Router),
    "include_router": _parameters(Router.include_router),
    "route": frozenset(RouteOptions.__annotations__) | {"path", "methods", "status_code"},
    "marker": _parameters(hawkapi.params.markers.ParamMarker) | {"embed", "media_type"},
}
"""The keyword arguments that there are, by what is called."""

ATTRIBUTES: Final = {"HawkAPI": frozenset(dir(HawkAPI)), "Router": frozenset(dir(Router))}
"""The methods that there are; what else an application has, its state for example, is in `INSTANCE`."""

INSTANCE: Final = frozenset(vars(HawkAPI())) | frozenset(vars(Router()))

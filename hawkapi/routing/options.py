"""Route options: what a decorator or `add_route` may say of a route beside its path, its methods and its status."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypedDict, cast

from hawkapi._callables import is_async_callable
from hawkapi.di.depends import check_guards
from hawkapi.exceptions import check_status
from hawkapi.http._grammar import is_token
from hawkapi.routing._parse import parse_template
from hawkapi.routing.middleware_entry import MiddlewareSpec, read_middleware
from hawkapi.routing.response_model import infer_response_model
from hawkapi.routing.route import WEBSOCKET, Route, WebSocketRoute

__all__ = [
    "RouteOptions",
    "WebSocketOptions",
    "build_route",
    "build_websocket_route",
    "check_message_size",
    "normalise_methods",
    "normalise_route",
]

RESPONSE_KEY: Final = re.compile(r"[1-5]([0-9]{2}|XX)|default")
"""What a response is described under (OpenAPI 3.1, section 4.8.16)."""
INSTEAD: Final = {
    "operation_id": "write name=...",
    "response_class": "return a response of that class, and name the class as the return annotation",
    "response_description": 'write responses={200: {"description": ...}}',
    "response_model_include": "give response_model= a type that has these members",
    "response_model_exclude": "give response_model= a type that does not have these members",
}
"""What to write for options that FastAPI's routes have."""


class RouteOptions(TypedDict, total=False):
    """What may be said of a route; everything may be left out."""

    name: str | None
    """What the route is called, and its `operationId`; default the handler's name."""
    response_model: Any
    """The type that results are reduced to; left out, the return annotation where it has structure; `None`: none."""
    response_model_exclude_none: bool
    """Leave members that are `None` out of results, default off."""
    response_model_exclude_unset: bool
    """Leave members that were not given a value out of results, default off."""
    response_model_exclude_defaults: bool
    """Leave members that equal their default out of results, default off."""
    tags: Sequence[str] | None
    """Come after the router's."""
    summary: str | None
    """Default the first line of the handler's docstring."""
    description: str | None
    include_in_schema: bool
    """Default on."""
    deprecated: bool
    """Send `deprecation: true`, default off."""
    sunset: str | None
    """The value of the `Sunset` field (RFC 8594), sent when `deprecated`."""
    deprecation_link: str | None
    """A URL about the deprecation, sent as `Link` when `deprecated`."""
    version: str | None
    """Becomes a segment in front of the router's prefix."""
    permissions: Sequence[str] | None
    """What the application's permission policy asks the client for."""
    middleware: Iterable[MiddlewareSpec] | None
    """Around this route only, the first outermost: classes, pairs of a class and its keyword arguments, or entries."""
    dependencies: Sequence[Any] | None
    """Run before the handler for their effect, after the router's."""
    responses: Mapping[int | str, Mapping[str, Any]] | None
    """For the API's description: by status, `"4XX"` or `"default"`, what else is answered. Each is a response object
    (OpenAPI 3.1, section 4.8.17) that may have `model`, the type of its JSON."""
    sends: Any
    """For the AsyncAPI document: the type of the JSON in the data of server-sent events; default any text."""
    callbacks: Mapping[str, Any] | None
    """For the API's description: requests that this one causes. By the expression of an address (OpenAPI 3.1, section
    4.8.20), as `"{$request.body#/url}"`, a router whose routes describe them; their paths come after it."""
    openapi_extra: Mapping[str, Any] | None
    """Put into the operation object: objects are merged, arrays appended, everything else replaced."""


class WebSocketOptions(TypedDict, total=False):
    """What may be said of a WebSocket's route; everything may be left out."""

    name: str | None
    """What the route is called; default the handler's name."""
    version: str | None
    """Becomes a segment in front of the router's prefix."""
    permissions: Sequence[str] | None
    """What the application's permission policy asks the client for."""
    middleware: Iterable[MiddlewareSpec] | None
    """Around this route only, the first outermost: classes, pairs of a class and its keyword arguments, or entries."""
    dependencies: Sequence[Any] | None
    """Run before the handler for their effect, after the router's."""
    max_message_size: int | None
    """Bytes allowed in a message from the client, default the application's limit; a longer one closes with 1009."""
    tags: Sequence[str] | None
    """For the AsyncAPI document; come after the router's."""
    summary: str | None
    """For the AsyncAPI document, default the first line of the handler's docstring."""
    description: str | None
    """For the AsyncAPI document, default the handler's docstring."""
    include_in_schema: bool
    """Whether the AsyncAPI document has it, default yes."""
    receives: Any
    """For the AsyncAPI document: the type of messages from clients, several as a union; `str` and `bytes` are frames,
    everything else is JSON; `None`: there are none; left out, any."""
    sends: Any
    """For the AsyncAPI document: the type of messages to clients, in the same way."""


def build_route(
    path: str, handler: Callable[..., Any], methods: Iterable[str], status_code: int, options: RouteOptions
) -> Route:
    """Return a route as its options describe it, not yet placed below a router.

    Raises:
        ValueError: there is no method, or one is not a token (RFC 9110 section 5.6.2), or the status is no status, or a
            dependency has nothing to call.
        TypeError: an option is unknown or of the wrong kind.
    """
    _check_options(options, RouteOptions.__optional_keys__)
    dependencies = check_guards(options.get("dependencies"))
    permissions = options.get("permissions")
    return Route(
        path=path,
        handler=handler,
        methods=normalise_methods(methods),
        name=options.get("name") or str(getattr(handler, "__name__", type(handler).__name__)),
        status_code=check_status(status_code, lowest=200),
        response_model=options["response_model"] if "response_model" in options else infer_response_model(handler),
        response_model_exclude_none=options.get("response_model_exclude_none", False),
        response_model_exclude_unset=options.get("response_model_exclude_unset", False),
        response_model_exclude_defaults=options.get("response_model_exclude_defaults", False),
        tags=list(options.get("tags") or ()),
        summary=options.get("summary"),
        description=options.get("description"),
        include_in_schema=options.get("include_in_schema", True),
        deprecated=options.get("deprecated", False),
        sunset=options.get("sunset"),
        deprecation_link=options.get("deprecation_link"),
        version=options.get("version"),
        permissions=None if permissions is None else list(permissions),
        middleware=read_middleware(options.get("middleware")),
        dependencies=dependencies,
        required_scopes=scopes_of(dependencies),
        responses=read_responses(options.get("responses")),
        sends=options.get("sends", Any),
        callbacks=read_callbacks(options.get("callbacks")),
        openapi_extra=dict(options.get("openapi_extra") or {}),
    )


def read_callbacks(given: Mapping[str, Any] | None) -> dict[str, tuple[Route, ...]]:
    """Return the routes that describe callbacks, as they are now.

    Raises:
        TypeError: it is no mapping of texts to routers.
    """
    if given is None:
        return {}
    if not isinstance(cast("object", given), Mapping):
        raise TypeError(f'callbacks= is a mapping, not {given!r}; write {{"{{$request.body#/url}}": router}}')
    found: dict[str, tuple[Route, ...]] = {}
    for address, router in given.items():
        routes = getattr(router, "routes", router)
        if not isinstance(routes, list | tuple):
            raise TypeError(f"callbacks={{{address!r}: {router!r}}}: a callback is described by a router")
        found[address] = tuple(cast("Iterable[Route]", routes))
    return found


def read_responses(given: Mapping[int | str, Mapping[str, Any]] | None) -> dict[int | str, dict[str, Any]]:
    """Return the responses that a route describes.

    Raises:
        ValueError: one is for what is neither a status nor a range of them.
        TypeError: they are, or one is, no mapping.
    """
    if given is not None and not isinstance(cast("object", given), Mapping):
        raise TypeError(f'responses= is a mapping, not {given!r}; write {{404: {{"model": ...}}}}')
    for key, response in (given or {}).items():
        if not RESPONSE_KEY.fullmatch(str(key)):
            raise ValueError(f'responses={{{key!r}: ...}}: a key is a status, a range like "4XX", or "default"')
        if not isinstance(cast("object", response), Mapping):
            raise TypeError(f'responses={{{key!r}: {response!r}}}: write {{{key!r}: {{"model": ...}}}}')
    return {key: dict(response) for key, response in (given or {}).items()}


def normalise_route(route: Route) -> Route:
    """Return a copy of a route that somebody made, with path, methods and middleware in the form of registered ones.

    Raises:
        ValueError: the path has no meaning, or there is no method, or one is not a token.
        TypeError: the middleware is none.
    """
    return dataclasses.replace(
        route,
        path=parse_template(route.path).path,
        methods=normalise_methods(route.methods),
        middleware=read_middleware(route.middleware),
    )


def build_websocket_route(path: str, handler: Callable[..., Any], options: WebSocketOptions) -> WebSocketRoute:
    """Return a WebSocket's route as its options describe it, not yet placed below a router.

    Raises:
        ValueError: `max_message_size` is below 1, or a dependency has nothing to call.
        TypeError: the handler is not a coroutine function, or an option is unknown or of the wrong kind.
    """
    _check_options(options, WebSocketOptions.__optional_keys__)
    if not is_async_callable(handler):
        raise TypeError(f"WebSocket {path}: a handler must be a coroutine function (async def), not {handler!r}")
    limit = options.get("max_message_size")
    if limit is not None:
        check_message_size(limit)
    dependencies = check_guards(options.get("dependencies"))
    permissions = options.get("permissions")
    return WebSocketRoute(
        path=path,
        handler=handler,
        methods=frozenset({WEBSOCKET}),
        name=options.get("name") or str(getattr(handler, "__name__", type(handler).__name__)),
        tags=list(options.get("tags") or ()),
        summary=options.get("summary"),
        description=options.get("description"),
        include_in_schema=options.get("include_in_schema", True),
        version=options.get("version"),
        permissions=None if permissions is None else list(permissions),
        middleware=read_middleware(options.get("middleware")),
        dependencies=dependencies,
        required_scopes=scopes_of(dependencies),
        max_message_size=limit,
        receives=options.get("receives", Any),
        sends=options.get("sends", Any),
    )


def check_message_size(limit: object) -> None:
    """Refuse a limit under which no message fits.

    Raises:
        ValueError: it is no number of bytes above 0.
    """
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise ValueError(f"max_message_size is {limit!r}; it is a number of bytes, at least 1")


def _check_options(options: Mapping[str, object], known: frozenset[str]) -> None:
    for name, value in options.items():
        if name not in known:
            raise TypeError(f"{name!r} is not an option of a route{_remedy(name, known)}")
        if name == "openapi_extra" and not isinstance(value, Mapping | None):
            raise TypeError(f'openapi_extra= is a mapping, not {value!r}; write {{"x-name": ...}}')
        if name in {"tags", "permissions"} and isinstance(value, str):
            raise TypeError(f"{name} must be a list of texts, not the text {value!r}")


def _remedy(name: str, known: frozenset[str]) -> str:
    if name in INSTEAD and known == RouteOptions.__optional_keys__:
        return f"; {INSTEAD[name]}"
    import difflib  # Here: only whoever mistypes loads it.

    close = difflib.get_close_matches(name, sorted(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def scopes_of(dependencies: Iterable[Any]) -> tuple[str, ...]:
    """Return the scopes that dependencies ask for, sorted, each once."""
    return tuple(sorted({scope for dependency in dependencies for scope in getattr(dependency, "scopes", None) or ()}))


def normalise_methods(methods: Iterable[str]) -> frozenset[str]:
    """Return methods in upper case, with `HEAD` beside `GET`.

    Raises:
        ValueError: there is none, it is one string instead of several, or one is not a token.
    """
    if isinstance(methods, str):
        raise ValueError(f"methods must be a collection of names, not the string {methods!r}")
    names = frozenset(method.upper() for method in methods)
    if not names:
        raise ValueError("methods must name at least one HTTP method")
    for name in names:
        if not is_token(name):
            raise ValueError(f"{name!r} is not an HTTP method: a token (RFC 9110 section 5.6.2) is needed")
    return names | {"HEAD"} if "GET" in names else names

"""What an application has registered, as the rules about applications look at it.

Middleware is known by the names of its class and of the classes that this is made from: subclasses count, and so does
middleware of the same name from elsewhere, for any ASGI class may be one.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
from collections.abc import Iterator
from typing import Any, cast

from hawkapi._callables import evaluate_annotation, unwrap_callable
from hawkapi.app import HawkAPI
from hawkapi.routing.route import Route

__all__ = [
    "has_middleware",
    "in_production",
    "installed",
    "label_of",
    "mentions",
    "middleware_of",
    "names_of",
    "result_of",
    "routes_of",
]


def middleware_of(app: HawkAPI) -> tuple[object, ...]:
    """Return the middleware around an application, the outermost first."""
    return cast("tuple[object, ...]", vars(app)["_chain"])


def names_of(value: object) -> tuple[str, ...]:
    """Return what a class, an object by its class, or a function is called, with the classes that it is made from."""
    if inspect.isroutine(value):
        return (value.__qualname__,)
    cls = value if isinstance(value, type) else type(value)
    return tuple(each.__name__ for each in cls.__mro__ if each is not object)


def has_middleware(app: HawkAPI, *names: str) -> bool:
    """Whether one of these is around an application."""
    return any(name in names for each in middleware_of(app) for name in names_of(each))


def mentions(value: object, words: tuple[str, ...]) -> bool:
    """Whether a name of a class, an object or a function has one of these words in it, in whatever case."""
    return any(word in name.lower() for name in names_of(value) for word in words)


def routes_of(app: HawkAPI) -> Iterator[Route]:
    """Yield an application's own routes: not those of documentation pages and probes."""
    for route in app.routes:
        if not str(getattr(unwrap_callable(route.handler), "__module__", "")).startswith("hawkapi."):
            yield route


def label_of(route: Route) -> str:
    """Return how a finding calls a route: `GET /items`."""
    methods = sorted(route.methods - {"HEAD"}) or sorted(route.methods)
    return f"{','.join(methods)} {route.path}"


def result_of(route: Route) -> Any:
    """Return the annotation of a handler's results, `inspect.Parameter.empty` where there is none."""
    function = unwrap_callable(route.handler)
    written = inspect.get_annotations(function).get("return", inspect.Parameter.empty)
    try:
        return evaluate_annotation(written, function)
    except Exception:  # noqa: BLE001 - a user's annotation may raise anything; then it is one, whatever it means
        return written


def in_production() -> bool:
    """Whether the environment says that this is production (ENV=production)."""
    return os.environ.get("ENV", "").lower() == "production"


def installed(package: str) -> bool:
    """Whether a package can be imported; it is not."""
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:
        return False  # A module that a test has put in its place.

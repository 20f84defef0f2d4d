"""What costs time or bandwidth, or lets one slow part hold up the rest: `DOC030` to `DOC033`."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from hawkapi._callables import unwrap_callable
from hawkapi.app import HawkAPI
from hawkapi.codec._members import is_struct
from hawkapi.doctor.findings import AppRule, Found, Severity
from hawkapi.doctor.rules._registered import (
    has_middleware,
    in_production,
    label_of,
    mentions,
    result_of,
    routes_of,
)
from hawkapi.routing.route import Route

__all__ = ["PERFORMANCE_RULES"]

LARGE: Final = 10
"""Fields of a Struct; one with more is worth compressing."""
COMPRESSING: Final = ("GZipMiddleware", "BrotliMiddleware", "ZstandardMiddleware")
BARE: Final = (dict, list, typing.Dict, typing.List)  # noqa: UP006 - what handlers may have written
WAITING: Final = ("db", "session", "http_client", "redis", "conn", "client")
"""Parameters of handlers that wait for another system."""


def _rule(rule_id: str, severity: Severity, title: str, look: Callable[[HawkAPI], Iterable[Found]]) -> AppRule:
    return AppRule(rule_id, "performance", severity, title, look)


def _debug(app: HawkAPI) -> Iterator[Found]:
    if app.debug:
        message = "The application is in debug mode: its 500 responses have tracebacks, and sources, in them."
        fix = "Make it without debug=True, and see that HAWKAPI_DEBUG is not set where it serves."
        yield Found(message, fix, severity=Severity.ERROR if in_production() else None)


def _uncompressed(app: HawkAPI) -> Iterator[Found]:
    if has_middleware(app, *COMPRESSING):
        return
    large = [label_of(route) for route in routes_of(app) if any(map(_is_large, _parts(route.response_model)))]
    if large:
        message = f"Nothing compresses responses, and models of more than {LARGE} fields are sent: {', '.join(large)}."
        yield Found(message, "Add app.add_middleware(GZipMiddleware, minimum_size=1000).")


def _parts(model: Any) -> tuple[Any, ...]:
    """Return a model, and what it is a container or a union of."""
    return (model, *typing.get_args(model))


def _is_large(model: Any) -> bool:
    return is_struct(model) and len(model.__struct_fields__) > LARGE


def _bare_results(app: HawkAPI) -> Iterator[Found]:
    for route in routes_of(app):
        result = result_of(route)
        if route.response_model is None and any(result is bare for bare in BARE):
            message = f"The handler returns a bare {result.__name__.lower()}, so everything in it is sent as it is."
            fix = "Annotate what it returns with a Struct or a dataclass, or pass response_model=..."
            yield Found(message, fix, label_of(route))


def _no_bulkhead(app: HawkAPI) -> Iterator[Found]:
    for route in routes_of(app):
        names = [name for name in _parameters(route) if name in WAITING]
        if names and not _has_bulkhead(route):
            message = (
                f"The handler waits for another system ({', '.join(names)}), and any number of requests may do so."
            )
            fix = "Decorate it with @bulkhead(name, limit) of hawkapi.middleware.bulkhead."
            yield Found(message, fix, label_of(route))


def _parameters(route: Route) -> list[str]:
    try:
        return list(inspect.signature(route.handler).parameters)
    except (TypeError, ValueError):
        return []


def _has_bulkhead(route: Route) -> bool:
    """Whether a bulkhead is around a handler, as a decorator or as middleware, or is entered in it."""
    from hawkapi.middleware.bulkhead import Bulkhead, bulkhead

    if any(mentions(entry.cls, ("bulkhead",)) for entry in route.middleware or ()):
        return True
    function: Any = getattr(route.handler, "__func__", route.handler)
    while function is not None:
        # What the decorator returns is called as the handler is, but it finds its globals where it was written.
        names = getattr(function, "__globals__", {})
        if names is bulkhead.__globals__:
            return True
        function = getattr(function, "__wrapped__", None)
    innermost = unwrap_callable(route.handler)
    code = getattr(innermost, "__code__", None)
    used = code.co_names if code is not None else ()
    return any(isinstance(getattr(innermost, "__globals__", {}).get(name), Bulkhead) for name in used)


DOC030: Final = _rule("DOC030", Severity.INFO, "debug mode", _debug)
DOC031: Final = _rule("DOC031", Severity.WARN, "large responses without compression", _uncompressed)
DOC032: Final = _rule("DOC032", Severity.WARN, "a handler that returns a bare dict or list", _bare_results)
DOC033: Final = _rule(
    "DOC033", Severity.INFO, "a handler that waits for another system without a bulkhead", _no_bulkhead
)

PERFORMANCE_RULES: Final = (DOC030, DOC031, DOC032, DOC033)

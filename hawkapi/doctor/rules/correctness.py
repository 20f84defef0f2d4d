"""What clients are not told, or told wrongly: `DOC040` to `DOC042`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from hawkapi._callables import unwrap_callable
from hawkapi.app import HawkAPI
from hawkapi.doctor.findings import AppRule, Found, Severity
from hawkapi.doctor.rules._registered import label_of, mentions, middleware_of, names_of, result_of, routes_of

__all__ = ["CORRECTNESS_RULES"]

SIGNING_IN: Final = ("auth", "bearer", "jwt", "token", "oauth")


def _rule(rule_id: str, severity: Severity, title: str, look: Callable[[HawkAPI], Iterable[Found]]) -> AppRule:
    return AppRule(rule_id, "correctness", severity, title, look)


def _no_result(app: HawkAPI) -> Iterator[Found]:
    for route in routes_of(app):
        is_silent = result_of(route) is inspect.Parameter.empty and route.response_model is None
        if route.include_in_schema and is_silent:
            message = "The handler does not say what it returns, so the API's description does not either."
            yield Found(message, "Annotate what it returns, or pass response_model=...", label_of(route))


def _no_description(app: HawkAPI) -> Iterator[Found]:
    for route in routes_of(app):
        written = route.summary or route.description or getattr(unwrap_callable(route.handler), "__doc__", None)
        if route.include_in_schema and not written:
            message = "Neither a docstring nor a summary says what the route is for."
            yield Found(message, "Give the handler a docstring, or pass summary=...", label_of(route))


def _cors_inside(app: HawkAPI) -> Iterator[Found]:
    middleware = middleware_of(app)
    cors = next((index for index, each in enumerate(middleware) if "CORSMiddleware" in names_of(each)), None)
    for outer in middleware[:cors] if cors is not None else ():
        if mentions(outer, SIGNING_IN):
            name = names_of(outer)[0]
            message = (
                f"{name} was added before CORSMiddleware, so it is around it: it refuses preflights, which have no "
                "credentials, and browsers cannot read what it answers."
            )
            yield Found(message, f"Add CORSMiddleware before {name}; the first is the outermost.", name)


DOC040: Final = _rule("DOC040", Severity.INFO, "a handler that does not say what it returns", _no_result)
DOC041: Final = _rule("DOC041", Severity.INFO, "a route without a description", _no_description)
DOC042: Final = _rule("DOC042", Severity.WARN, "CORS inside of what signs clients in", _cors_inside)

CORRECTNESS_RULES: Final = (DOC040, DOC041, DOC042)

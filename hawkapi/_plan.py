"""The plan of an endpoint: everything about its requests that can be known before one comes.

Where each argument comes from and how it is read, how results are written, the status: a request only walks it. Every
route is planned once when it is registered, which is what refuses it if it cannot be served; that plan is dropped,
because without the GIL each thread makes its own at its first request: the readers and writers in it then belong to
one thread, and their reference counts with them. Handlers and defaults stay shared.
"""

from __future__ import annotations

import inspect
from typing import Any, Final, final

from hawkapi._arguments import Arguments, build_json_body
from hawkapi._callables import is_async_callable, unwrap_callable
from hawkapi._forms import FormArguments, build_form_arguments
from hawkapi._results import ResultWriter
from hawkapi.params._annotations import refusal
from hawkapi.params._groups import build_text_arguments
from hawkapi.params._signature import Source, read_signature
from hawkapi.routing._parse import parse_template
from hawkapi.routing._tree import Endpoint
from hawkapi.routing.route import Route
from hawkapi.types import ASGIApp, HeaderPairs

OBJECTS: Final = frozenset({Source.REQUEST, Source.RESPONSE, Source.BACKGROUND, Source.SCOPE})
"""What a handler may ask for that is made for it, rather than read from the request."""


@final
class EndpointPlan:
    """How the requests of one endpoint are answered."""

    __slots__ = (
        "chain",
        "form",
        "gather",
        "handler",
        "headers",
        "is_async",
        "is_plain",
        "keywords",
        "messages",
        "objects",
        "path_names",
        "positional",
        "read",
        "reads_body",
        "size",
        "status_code",
    )

    def __init__(self, route: Route) -> None:
        template = parse_template(route.path)
        parameters = read_signature(route, template)
        self.handler: Any = route.handler
        self.path_names = template.names
        self.chain: ASGIApp | None = getattr(route, "middleware_chain", None)
        self.is_async = is_async_callable(route.handler)
        self.size = len(parameters)
        self.keywords = [parameter.name for parameter in parameters if parameter.keyword_only]
        self.positional = self.size - len(self.keywords)
        body = build_json_body(parameters)
        arguments = Arguments(self.size, build_text_arguments(parameters, template.names), body)
        self.reads_body = body is not None
        # PERF: what a request calls is at hand; the objects behind are compiled, and slow to look into from here.
        self.gather = arguments.gather
        self.read = arguments.read
        self.form: FormArguments | None = build_form_arguments(parameters)
        self.objects: list[tuple[int, Source, Any]] = [
            (position, parameter.source, parameter.annotation)
            for position, parameter in enumerate(parameters)
            if parameter.source in OBJECTS
        ]
        self.messages = ResultWriter(route).messages
        self.status_code = route.status_code
        self.headers = deprecation_headers(route)
        extras = (self.chain, self.form, self.objects, self.keywords, self.headers)
        self.is_plain = self.is_async and not any(extras)
        """Whether arguments and result are all there is to a request: nothing is made for it and closed after it."""

    def named(self, arguments: list[object]) -> dict[str, object]:
        """Take the keyword-only arguments off the end of the arguments."""
        named = dict(zip(self.keywords, arguments[self.positional :], strict=True))
        del arguments[self.positional :]
        return named


def plan_of(endpoint: Endpoint) -> EndpointPlan:
    """Return the plan of an endpoint, compiling it at the first request."""
    plan: EndpointPlan | None = endpoint.plan
    if plan is None:
        plan = endpoint.plan = EndpointPlan(endpoint.route)
    return plan


def deprecation_headers(route: Route) -> HeaderPairs:
    """Return the fields that say a route is deprecated (RFC 9745, RFC 8594), none where it is not."""
    if not route.deprecated:
        return []
    fields = [(b"deprecation", b"true")]
    if route.sunset:
        fields.append((b"sunset", route.sunset.encode("latin-1")))
    if route.deprecation_link:
        fields.append((b"link", f'<{route.deprecation_link}>; rel="deprecation"'.encode("latin-1")))
    return fields


def check_route(route: Route) -> None:
    """Refuse a route that could not be served.

    Raises:
        UnsupportedTypeError: the handler is of a kind that is not supported, or a parameter or the result cannot be
            handled; the message names the route and the part.
    """
    function = unwrap_callable(route.handler)
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise refusal(route, "a generator as handler is not supported; return a StreamingResponse of it")
    if inspect.isclass(route.handler):
        raise refusal(route, "classes as handlers are not supported; register a function")
    for what in ("dependencies", "permissions"):
        # SECURITY: an option that guards a route must never be accepted without being enforced.
        if getattr(route, what):
            raise refusal(route, f"{what}= is not supported yet")
    EndpointPlan(route)

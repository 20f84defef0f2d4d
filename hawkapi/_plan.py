"""The plan of an endpoint: everything about its requests that can be known before one comes.

Where each argument comes from and how it is read, how results are written, the status: a request only walks it. Every
route is planned once when it is registered, which is what refuses it if it cannot be served; that plan is dropped,
because without the GIL each thread makes its own at its first request: the readers and writers in it then belong to
one thread, and their reference counts with them. Handlers and defaults stay shared.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any, ClassVar, Final, Self, final

from hawkapi._binding import NOTHING_REPLACED, Binding, Replacements, Step, StepKind, build_binding
from hawkapi._callables import is_async_callable, unwrap_callable
from hawkapi._results import ResultWriter
from hawkapi.di._engine import Everyone
from hawkapi.di.container import Container
from hawkapi.di.depends import Dependency
from hawkapi.di.overrides import callables_for
from hawkapi.params._annotations import refusal
from hawkapi.params._signature import Consumer, HasProvider, Source
from hawkapi.routing._parse import parse_template
from hawkapi.routing._tree import Endpoint
from hawkapi.routing.route import Route, WebSocketRoute
from hawkapi.types import ASGIApp, HeaderPairs

type Calls = tuple[tuple[Any, int, int, tuple[int, ...]], ...]
"""For each step what is called, the places of its first argument and after its last, and those that get the result.
Nothing is called to read the body."""
IN_HEADERS: Final = frozenset({Source.HEADER, Source.COOKIE, Source.BODY})
"""Sources for which header fields are read; those of a body say what it is."""


class Plan:
    """What the plans of both kinds of endpoints have: how the arguments of the handler are found."""

    __slots__ = ("binding", "chain", "handler", "path_names", "route")

    is_websocket: ClassVar[bool] = False

    def __init__(self, route: Route, has_provider: HasProvider, replaced: Replacements = NOTHING_REPLACED) -> None:
        template = parse_template(route.path)
        refuse = partial(refusal, route)
        consumer = Consumer(route.handler, template, refuse, has_provider, is_websocket=self.is_websocket)
        self.route = route
        self.handler: Any = route.handler
        self.path_names = template.names
        self.chain: ASGIApp | None = getattr(route, "middleware_chain", None)
        self.binding: Binding = build_binding(consumer, guards_of(route), replaced)

    @classmethod
    def of(cls, endpoint: Endpoint, has_provider: HasProvider) -> Self:
        """Return the plan of an endpoint, made at its first request."""
        plan: Self | None = endpoint.plan
        if plan is None:
            plan = endpoint.plan = cls(endpoint.route, has_provider)
        return plan

    def overridden(self, container: Container, everyone: Everyone) -> Self:
        """Return the plan with the overrides of its dependencies that are in force here, beside those for everyone."""
        replaced = callables_for(container.engine, everyone) if self.binding.calls else NOTHING_REPLACED
        return type(self)(self.route, container.has, replaced) if replaced else self


def guards_of(route: Route) -> tuple[Any, ...]:
    """Return the markers of what is called before anything else, the one for the permissions first.

    Raises:
        UnsupportedTypeError: the route has permissions that nothing asks for.
    """
    guard: Dependency | None = getattr(route, "permission_guard", None)
    # SECURITY: an option that guards a route must never be accepted without being enforced.
    if route.permissions and guard is None:
        raise refusal(route, "permissions= need an application that asks its policy")
    return route.dependencies if guard is None else (guard, *route.dependencies)


@final
class EndpointPlan(Plan):
    """How the requests of one endpoint are answered."""

    __slots__ = (
        "calls",
        "gather",
        "headers",
        "is_async",
        "is_plain",
        "json",
        "messages",
        "reads_body",
        "reads_headers",
        "size",
        "status_code",
    )

    def __init__(self, route: Route, has_provider: HasProvider, replaced: Replacements = NOTHING_REPLACED) -> None:
        super().__init__(route, has_provider, replaced)
        binding = self.binding
        self.is_async = is_async_callable(route.handler)
        # PERF: what a request to a plain endpoint needs is at hand.
        self.gather = binding.gather
        self.reads_body = binding.reads_body
        self.reads_headers = any(item.source in IN_HEADERS for item in binding.parameters)
        self.size = binding.size
        writer = ResultWriter(route)
        self.messages = writer.messages
        self.json = writer.json
        self.status_code = route.status_code
        self.headers = deprecation_headers(route)
        extras = (self.chain, binding.form, binding.objects, binding.keywords, binding.calls, self.headers)
        self.is_plain = self.is_async and not any(extras)
        """Whether arguments and result are all there is to a request: nothing is made for it and closed after it."""
        more = (binding.form, binding.objects, binding.keywords, self.headers)
        self.calls = calls_of(binding.steps) if self.is_async and binding.calls and not any(more) else None
        """The steps before the handler, where they are nothing but awaited calls and reading the body."""


def calls_of(steps: list[Step]) -> Calls | None:
    """Return steps as tuples, or `None` if one is more than an awaited call: something to open, to ask, to close."""
    if any(step.kind not in {StepKind.ASYNC, StepKind.BODY} or step.keywords for step in steps):
        return None
    return tuple([(step.function, step.first, step.end, tuple(step.targets)) for step in steps])


@final
class WebSocketPlan(Plan):
    """How the WebSockets of one route are served."""

    __slots__ = ("max_message_size",)

    is_websocket = True

    def __init__(self, route: Route, has_provider: HasProvider, replaced: Replacements = NOTHING_REPLACED) -> None:
        super().__init__(route, has_provider, replaced)
        self.max_message_size = route.max_message_size if isinstance(route, WebSocketRoute) else None


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


def check_route(route: Route, has_provider: HasProvider) -> None:
    """Refuse a route that could not be served.

    Raises:
        UnsupportedTypeError: the handler is of a kind that is not supported, or a parameter, a dependency or the result
            cannot be handled; the message names the route and the part.
    """
    if isinstance(route, WebSocketRoute):
        WebSocketPlan(route, has_provider)
        return
    function = unwrap_callable(route.handler)
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise refusal(route, "a generator as handler is not supported; return a StreamingResponse of it")
    if inspect.isclass(route.handler):
        raise refusal(route, "classes as handlers are not supported; register a function")
    EndpointPlan(route, has_provider)

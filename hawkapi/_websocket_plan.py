"""The plan of a WebSocket's route: what its handler is called with, known before a client comes."""

from __future__ import annotations

from functools import partial
from typing import Any, final

from hawkapi._binding import NOTHING_REPLACED, Binding, Replacements, build_binding
from hawkapi.params._annotations import refusal
from hawkapi.params._signature import Consumer, HasProvider
from hawkapi.routing._parse import parse_template
from hawkapi.routing._tree import Endpoint
from hawkapi.routing.route import Route, WebSocketRoute
from hawkapi.types import ASGIApp


@final
class WebSocketPlan:
    """How the WebSockets of one route are served."""

    __slots__ = ("binding", "chain", "handler", "max_message_size", "path_names", "route")

    def __init__(self, route: Route, has_provider: HasProvider, replaced: Replacements = NOTHING_REPLACED) -> None:
        template = parse_template(route.path)
        consumer = Consumer(route.handler, template, partial(refusal, route), has_provider, is_websocket=True)
        self.binding: Binding = build_binding(consumer, route.dependencies, replaced)
        self.route = route
        self.handler: Any = route.handler
        self.path_names = template.names
        self.chain: ASGIApp | None = getattr(route, "middleware_chain", None)
        self.max_message_size = route.max_message_size if isinstance(route, WebSocketRoute) else None


def websocket_plan_of(endpoint: Endpoint, has_provider: HasProvider) -> WebSocketPlan:
    """Return the plan of a WebSocket's endpoint, compiling it for the first client."""
    plan: WebSocketPlan | None = endpoint.plan
    if plan is None:
        plan = endpoint.plan = WebSocketPlan(endpoint.route, has_provider)
    return plan


def check_websocket_route(route: Route, has_provider: HasProvider) -> None:
    """Refuse a route of WebSockets that could not be served.

    Raises:
        UnsupportedTypeError: a parameter or a dependency cannot be handled; the message names the route and the part.
    """
    # SECURITY: an option that guards a route must never be accepted without being enforced.
    if route.permissions:
        raise refusal(route, "permissions= is not supported yet")
    WebSocketPlan(route, has_provider)

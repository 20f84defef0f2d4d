"""`Route`: one handler at one path template."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from hawkapi.di.depends import Dependency
from hawkapi.routing.middleware_entry import MiddlewareEntry
from hawkapi.types import ASGIApp

__all__ = ["WEBSOCKET", "Route", "WebSocketRoute"]

WEBSOCKET: Final = "WEBSOCKET"
"""What stands in the methods of a WebSocket's route. Such routes have a table of their own, so a request with a method
of this name does not find them, and no `Allow` names it."""


class _Placed:
    """What an application adds to a route of its own: no field, because nobody registers it."""

    __slots__ = ("middleware_chain", "permission_guard")

    middleware_chain: ASGIApp
    """The middleware around the route, made when it was registered; absent where there is none."""
    permission_guard: Dependency
    """What asks the policy for the route's permissions; absent where it has none."""


@dataclass(frozen=True, slots=True)
class Route(_Placed):
    """What was registered. Never changed, so it may be shared by threads."""

    path: str
    """The full template, version and prefixes included, normalised: one leading slash, none at the end."""
    handler: Callable[..., Any]
    methods: frozenset[str]
    """Upper-case; `GET` brings `HEAD` with it."""
    name: str | None = None
    """What the route is called: the handler's name unless one was given."""
    status_code: int = 200
    """The status of a response that the handler does not make itself."""
    response_model: Any = None
    """The type that results are reduced to: as given, or as inferred from the return annotation; `None` for none."""
    response_model_exclude_none: bool = False
    response_model_exclude_unset: bool = False
    response_model_exclude_defaults: bool = False
    tags: list[str] = field(default_factory=list)
    """The outermost router's first."""
    summary: str | None = None
    description: str | None = None
    include_in_schema: bool = True
    deprecated: bool = False
    sunset: str | None = None
    """The value of the `Sunset` field (RFC 8594) of a deprecated route's responses."""
    deprecation_link: str | None = None
    """Where clients read about the deprecation."""
    version: str | None = None
    """As it was given; the path has it without slashes around it."""
    permissions: list[str] | None = None
    middleware: tuple[MiddlewareEntry, ...] | None = None
    """The first is the outermost."""
    dependencies: tuple[Any, ...] = ()
    """Run before the handler, for their effect: those of the outermost router first, then the route's own."""
    required_scopes: tuple[str, ...] = ()
    """The scopes that the dependencies ask for, sorted, each once."""
    responses: dict[int | str, dict[str, Any]] = field(default_factory=dict)
    """Further responses for the API's description, by status."""
    sends: Any = Any
    """The type of a WebSocket's messages to clients, or of the data of server-sent events, for the AsyncAPI document:
    anything unless it was said; `None` stands for no message."""
    callbacks: dict[str, tuple[Route, ...]] = field(default_factory=dict)
    """What the application sends to its clients' servers because of a request, by the expression of their address."""
    openapi_extra: dict[str, Any] = field(default_factory=dict)
    """What the operations of the route say besides in the API's description."""


@dataclass(frozen=True, slots=True)
class WebSocketRoute(Route):
    """What was registered for WebSockets: `methods` holds `"WEBSOCKET"` alone, what is about responses has no meaning.

    Never changed, so it may be shared by threads.
    """

    max_message_size: int | None = None
    """Bytes allowed in a message from the client; `None` stands for the application's limit."""
    receives: Any = Any
    """The type of the messages that come from clients, as `sends`."""


def answering(route: Route, methods: frozenset[str]) -> Route:
    """Return a registered route as it is with other methods: what guards it, as its middleware may, stays around it."""
    changed = dataclasses.replace(route, methods=methods)
    for name in _Placed.__slots__:
        if hasattr(route, name):
            object.__setattr__(changed, name, getattr(route, name))  # It is not published yet.
    return changed

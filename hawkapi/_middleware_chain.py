"""Middleware around the application and around single routes: made once, run in order."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any, Final, final

from hawkapi.routing.middleware_entry import MiddlewareEntry
from hawkapi.types import ASGIApp, Receive, Scope, Send

CHAIN_KEY: Final = "hawkapi.middleware"
"""Where the scope of a request holds the chain of the snapshot that it began with: the application's middleware, and
last what that is around."""


@final
class Link:
    """What a middleware of the application knows as `app`: the next one, as the request's own snapshot has it.

    A middleware is made once and keeps what it counts; were it given the next one itself, a later `add_middleware`
    would have to make all of them anew.
    """

    __slots__ = ("_innermost", "_position")

    def __init__(self, position: int, innermost: ASGIApp) -> None:
        self._position = position
        self._innermost = innermost

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on."""
        chain: tuple[ASGIApp, ...] | None = scope.get(CHAIN_KEY)
        following = chain[self._position] if chain is not None else self._innermost
        return following(scope, receive, send)


def make_middleware(entry: MiddlewareEntry, app: ASGIApp) -> ASGIApp:
    """Make a middleware around an application.

    Raises:
        TypeError: the class cannot be made of the arguments, or its instances cannot be called; the message names it.
    """
    name = getattr(entry.cls, "__qualname__", repr(entry.cls))
    try:
        made: Any = entry.cls(app, **entry.kwargs)
    except TypeError as exc:
        raise TypeError(f"middleware {name} cannot be made: {exc}") from exc
    wrapped: ASGIApp = made
    if not callable(made):
        raise TypeError(f"middleware {name} is no ASGI application: {made!r} cannot be called")
    return wrapped


def wrap(app: ASGIApp, entries: Iterable[MiddlewareEntry]) -> ASGIApp:
    """Return an application inside middleware, the first entry outermost."""
    for entry in reversed(tuple(entries)):
        app = make_middleware(entry, app)
    return app

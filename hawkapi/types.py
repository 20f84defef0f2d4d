"""The ASGI 3 shapes that the rest of the package names.

Source: ASGI specification 3.0, https://asgi.readthedocs.io/en/latest/specs/main.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol

type Scope = MutableMapping[str, Any]
"""The connection: `type` is `http`, `websocket` or `lifespan`; the other keys depend on it."""

type Message = MutableMapping[str, Any]
"""One event; `type` says which, for example `http.request` or `http.response.start`."""

type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

type ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An application, a middleware around one, or a response."""

type HeaderPairs = list[tuple[bytes, bytes]]
"""Header fields in order: lower-case name and value as bytes."""

BODY_KEY: Final = "hawkapi.body"
"""Where the scope has what was read of a request's body: nothing before, then `bytes`, the whole of it, or a reader
whose `body` is that. Requests write it, responses look at it."""

STOP_EXTENSION: Final = "hawkapi.stop"
"""Where the scope's `extensions` have a `Stop`, if the server says when it begins to stop: `hawkapi run` does."""


class Stop(Protocol):
    """The stop of a server, to come or begun."""

    async def wait(self) -> object:
        """Return when it has begun."""

"""Drives the WebSockets of an ASGI application without a network."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from urllib.parse import unquote

from hawkapi.websocket import WebSocket

CONNECT = {"type": "websocket.connect"}
ACCEPT = {"type": "websocket.accept"}
DENIAL: dict[str, Any] = {"websocket.http.response": {}}
"""The extensions of a server that can refuse a handshake with a response."""

type Step = str | bytes | int | dict[str, Any]
"""What the client does: text or bytes it sends, the code it closes with, or an event as it is."""


def websocket_scope(target: str = "/", headers: Sequence[tuple[str, str]] = (), **extra: Any) -> dict[str, Any]:
    """Return the scope of a WebSocket, as a server makes it."""
    path, _, query = target.partition("?")
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 80),
        "subprotocols": [],
        **extra,
    }


def event(step: Step) -> dict[str, Any]:
    """Return what a server makes of a client's step."""
    if isinstance(step, str):
        return {"type": "websocket.receive", "text": step}
    if isinstance(step, bytes):
        return {"type": "websocket.receive", "bytes": step}
    if isinstance(step, int):
        return {"type": "websocket.disconnect", "code": step}
    return step


def in_loop[**P](test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test that is a coroutine function, on a loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class Wire:
    """What a client does, in order, and what the application sends; a client that has nothing more to do goes."""

    def __init__(self, *steps: Step) -> None:
        self.steps = [event(step) for step in steps]
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        """Return the next event."""
        return self.steps.pop(0) if self.steps else event(1006)

    async def send(self, message: Any) -> None:
        """Take an event of the application."""
        self.sent.append(message)


async def talk(
    app: Any, target: str, *steps: Step, headers: Sequence[tuple[str, str]] = (), **extra: Any
) -> list[dict[str, Any]]:
    """Open a WebSocket, do what the steps say, and return what the application sent.

    Args:
        app: the ASGI application.
        target: path and query, percent-encoded.
        steps: what the client does after its handshake.
        headers: fields of the handshake.
        extra: further members of the scope.
    """
    wire = Wire(CONNECT, *steps)
    await app(websocket_scope(target, headers, **extra), wire.receive, wire.send)
    return wire.sent


def converse(app: Any, target: str, *steps: Step, **options: Any) -> list[dict[str, Any]]:
    """Talk on a loop of its own; the arguments are those of `talk`."""
    return asyncio.run(talk(app, target, *steps, **options))


def socket_on(wire: Wire, **options: Any) -> WebSocket:
    """Return a WebSocket on a wire."""
    limit = options.pop("max_message_size", None)
    more = {} if limit is None else {"max_message_size": limit}
    return WebSocket(websocket_scope(**options), wire.receive, wire.send, **more)


def text(data: str) -> dict[str, Any]:
    """Return the event with which an application sends text."""
    return {"type": "websocket.send", "text": data}


def close(code: int = 1000, reason: str = "") -> dict[str, Any]:
    """Return the event with which an application closes."""
    return {"type": "websocket.close", "code": code, "reason": reason}

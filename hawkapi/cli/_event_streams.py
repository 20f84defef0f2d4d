"""Streams of server-sent events that end when the server stops.

They have no end of their own, so each would hold a stop up until the graceful timeout, be cut off in the middle of its
body, and leave a traceback in the log. Clients of such streams come back by themselves, and name the last event they
have, so these responses are ended as soon as the stop begins: the application is told that the client has gone, and
what it leaves open is completed.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol, final

from hawkapi.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["EndingEventStreams"]

_CONTENT_TYPE: Final = b"text/event-stream"


class Stop(Protocol):
    """Something to come."""

    async def wait(self) -> object:
        """Return when it has come."""


@final
class EndingEventStreams:
    """An application whose event streams end when a stop begins."""

    def __init__(self, app: ASGIApp, stopping: Stop) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(receive, send, self._stopping)
        await self._app(scope, exchange.receive, exchange.send)
        if exchange.was_told:
            await exchange.complete()


@final
class _Exchange:
    """One request and its response."""

    def __init__(self, receive: Receive, send: Send, stopping: Stop) -> None:
        self.was_told = False
        """Whether the application was told that the client has gone, although it has not."""
        self._receive = receive
        self._send = send
        self._stopping = stopping
        self._is_event_stream = False
        self._is_complete = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            fields = message.get("headers", ())
            self._is_event_stream = any(
                name.lower() == b"content-type" and value.startswith(_CONTENT_TYPE) for name, value in fields
            )
        elif not message.get("more_body", False):
            self._is_complete = True
        await self._send(message)

    async def receive(self) -> Message:
        if not self._is_event_stream:
            return await self._receive()
        receiving = asyncio.ensure_future(self._receive())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((receiving, stopping), return_when=asyncio.FIRST_COMPLETED)
            if receiving.done():
                return receiving.result()
        finally:
            receiving.cancel()
            stopping.cancel()
        self.was_told = True
        return {"type": "http.disconnect"}

    async def complete(self) -> None:
        if not self._is_complete:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

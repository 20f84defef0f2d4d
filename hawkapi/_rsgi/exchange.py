"""One HTTP request as ASGI has it: `receive` and `send` on an RSGI protocol.

The body comes in pieces as they arrive, so that a limit ends it early. A response that is complete with its first
message goes out in one call.

A body that ends before its declared length is the client's leaving. One of unknown length that is broken off cannot be
told from a whole one: the iteration of granian 2.7.9 ends in the same silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, final

from hawkapi._rsgi.protocols import RSGIProtocol, RSGIStream
from hawkapi._rsgi.scopes import text_pairs
from hawkapi.requests.body import declared_length
from hawkapi.responses._watch import may_have_body
from hawkapi.types import HeaderPairs, Message, Scope


class ClientGone(OSError):
    """The client has gone; servers say so in this way (ASGI HTTP 2.4)."""


@final
class Exchange:
    """One request and its response. Loop-bound.

    Args:
        protocol: the server's.
        scope: of the request, as ASGI has it.
        body_over: whether the body has been read.
    """

    __slots__ = (
        "_begun",
        "_body_over",
        "_chunks",
        "_complete",
        "_declared",
        "_fields",
        "_opened",
        "_pending",
        "_protocol",
        "_scope",
        "_size",
        "_status",
        "_stream",
    )

    def __init__(self, protocol: RSGIProtocol, scope: Scope, *, body_over: bool = False) -> None:
        self._protocol = protocol
        self._scope = scope
        self._status: int | None = None
        self._fields: HeaderPairs = []
        self._begun = False
        """Whether something has been sent."""
        self._complete = False
        self._stream: RSGIStream | None = None
        self._body_over = body_over
        self._opened = False
        self._chunks: AsyncIterator[bytes] | None = None
        self._declared: int | None = None
        self._size = 0
        self._pending: asyncio.Task[bytes | None] | None = None

    async def receive(self) -> Message:
        """Return the next piece of the body; after the last one, wait for the client to go."""
        if self._body_over:
            if not self._complete:
                await self._protocol.client_disconnect()
            return {"type": "http.disconnect"}
        if not self._opened:
            self._open()
        message = no_body() if self._chunks is None else await self._piece(self._chunks)
        self._body_over = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Take the start of the response, or a piece of its body.

        Raises:
            OSError: the client has gone.
            RuntimeError: the message is not the one that is due, or the status is none.
        """
        kind = message["type"]
        if kind == "http.response.start" and self._status is None:
            self._status = check_status(message["status"])
            self._fields = [*message.get("headers", ())]
        elif kind == "http.response.body" and self._status is not None and not self._complete:
            await self._send_body(self._status, bytes(message.get("body", b"")), bool(message.get("more_body", False)))
        else:
            raise RuntimeError(f"the application sent {kind!r}, which is not due in an HTTP response now")

    def close(self) -> None:
        """Let go of what was not waited for, and of what the server has lent: it waits for that.

        COMPAT: granian 2.7.9 holds a connection up as long as somebody has the protocol of a body that nobody read, and
        a request that is part of a cycle may keep it until the next collection.
        """
        self._complete = self._body_over = True
        self._stream = self._chunks = None
        del self._protocol
        if self._pending is not None:
            self._pending.cancel()

    async def _send_body(self, status: int, body: bytes, more: bool) -> None:
        if not self._begun and not more:
            self._complete = self._begun = True
            respond(self._protocol, status, self._fields, body if self._scope["method"] != "HEAD" else b"")
            return
        if not self._begun:
            self._begun = True
            self._stream = self._protocol.response_stream(status, text_pairs(self._fields))
        self._complete = not more
        stream = self._stream
        if stream is not None and body and self._scope["method"] != "HEAD":
            try:
                await stream.send_bytes(body)
            except RuntimeError as exc:
                raise ClientGone("the client has disconnected") from exc
        if self._complete:
            # The response ends when nobody has the object any more: what runs after it is not to hold it up.
            self._stream = stream = None

    def _open(self) -> None:
        """Find out whether there is a body, and how long it is to be."""
        self._opened = True
        if may_have_body(self._scope):
            self._declared = declared_length(self._scope)
            self._chunks = aiter(self._protocol)

    async def _piece(self, chunks: AsyncIterator[bytes]) -> Message:
        chunk = await self._keep(next_chunk(chunks))
        if chunk:
            self._size += len(chunk)
            return {"type": "http.request", "body": chunk, "more_body": self._size != self._declared}
        if self._declared is not None and self._size < self._declared:
            return {"type": "http.disconnect"}
        return no_body()

    async def _keep(self, reading: Coroutine[Any, Any, bytes | None]) -> bytes | None:
        """Return what is read next, also when who asked for it first was cancelled: it must not be lost."""
        if self._pending is None:
            self._pending = asyncio.ensure_future(reading)
        else:
            reading.close()
        chunk = await asyncio.shield(self._pending)
        self._pending = None
        return chunk


def no_body() -> Message:
    """Return the event of a request without a body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def next_chunk(chunks: AsyncIterator[bytes]) -> bytes | None:
    """Return the next piece of a body that is not empty; `None` at its end."""
    # COMPAT: granian 2.7.9 refuses a second `aiter`, which `async for` would be.
    while True:
        try:
            chunk = await anext(chunks)
        except StopAsyncIteration:
            return None
        if chunk:
            return chunk


def respond(protocol: RSGIProtocol, status: int, fields: HeaderPairs, body: bytes) -> None:
    """Answer with a whole response."""
    if body:
        protocol.response_bytes(status, text_pairs(fields), body)
    else:
        # `Content-Length` of a response to HEAD stays.
        protocol.response_empty(status, text_pairs(fields))


def check_status(status: int) -> int:
    """Return a status.

    Raises:
        RuntimeError: it is none, which would end granian's worker.
    """
    if not 100 <= status <= 999:
        raise RuntimeError(f"the application sent the status {status}; a status is 100 to 999")
    return status

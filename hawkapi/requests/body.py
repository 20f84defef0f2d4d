"""Reading the body of a request, once, for everyone who asks for it.

A body arrives once, but middleware, the handler and an exception handler may each want it. So what was read is kept in
the scope, under `BODY_KEY`: a `BodyReader`, or plain `bytes` when the whole body came at once and nobody has asked for
more than that. Nobody is ever given a part of a body as the whole.

Who streams a body takes it from the others, unless arguments come from it, too: then it is kept in memory for these.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final

from hawkapi.exceptions import ClientDisconnect
from hawkapi.http._fields import first_field
from hawkapi.requests.errors import MalformedBodyError, RequestEntityTooLarge
from hawkapi.types import BODY_KEY, Message, Receive, Scope

if TYPE_CHECKING:
    from hawkapi.requests.form_data import FormData

__all__ = [
    "DEFAULT_MAX_BODY_SIZE",
    "BodyReader",
    "body_reader",
    "declared_length",
    "keep_body",
    "read_body",
    "read_request_body",
    "replay_body",
]

DEFAULT_MAX_BODY_SIZE: Final = 10 * 1024 * 1024
"""10 MiB."""
KEEP_KEY: Final = "hawkapi.keep_body"
"""Set in the scope of a request whose body is kept for others by who streams it."""


class BodyReader:
    """The body of one request, shared by all `Request` objects of its scope.

    Request-bound: the tasks of one request may ask in turn, not at the same time.
    """

    __slots__ = (
        "_busy",
        "_chunks",
        "_complete",
        "_consumer",
        "_declared",
        "_disconnected",
        "_receive",
        "_size",
        "body",
        "document",
        "form",
        "form_error",
        "keeps",
    )

    def __init__(self, receive: Receive, declared: int | None = None, body: bytes | None = None) -> None:
        self.body = body
        """The whole body, when it has been read into memory."""
        self.document: tuple[object] | None = None
        """What the body is as JSON, once somebody has asked."""
        self.form: FormData | None = None
        self.form_error: ClientDisconnect | MalformedBodyError | RequestEntityTooLarge | None = None
        self.keeps = False
        """Whether what is streamed is kept, for those who want the whole."""
        self._receive = receive
        self._declared = declared
        self._chunks: deque[bytes] = deque()  # Received, and given to nobody yet.
        self._size = 0 if body is None else len(body)
        self._complete = body is not None
        self._consumer = ""  # Who takes the chunks without keeping them.
        self._disconnected = False
        self._busy = False

    async def read(self, limit: int) -> bytes:
        """Return the whole body.

        Raises:
            RequestEntityTooLarge: it is longer than `limit` bytes.
            ClientDisconnect: the client left before the end.
            RuntimeError: it was consumed without being kept.
        """
        if self.body is None:
            self.check_unconsumed()
            self._check_declared(limit)
            self._check_size(limit)
            while not self._complete:
                await self._receive_more(limit)
            self.body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            self._chunks.clear()
        self._check_size(limit)
        return self.body

    def stream(self, limit: int, consumer: str = "stream()") -> AsyncGenerator[bytes]:
        """Yield the body as it arrives, without keeping it unless `keeps` says so; raises as `read` does."""
        return self._stream_kept(limit) if self.keeps else self._stream_through(limit, consumer)

    async def _stream_through(self, limit: int, consumer: str) -> AsyncGenerator[bytes]:
        if self.body is not None:
            self._check_size(limit)
            yield self.body
            return
        if self._consumer == consumer and self._complete and not self._chunks:
            return  # It was read to its end; there is nothing more.
        self.check_unconsumed()
        self._check_declared(limit)
        self._check_size(limit)
        self._consumer = consumer
        while True:
            while self._chunks:
                yield self._chunks.popleft()
            if self._complete:
                return
            await self._receive_more(limit)

    async def _stream_kept(self, limit: int) -> AsyncGenerator[bytes]:
        self.check_unconsumed()
        self._check_declared(limit)
        self._check_size(limit)
        given = size = 0
        while self.body is None:
            if given < len(self._chunks):
                chunk = self._chunks[given]
                given, size = given + 1, size + len(chunk)
                yield chunk
            elif self._complete:
                return
            else:
                await self._receive_more(limit)
        # Somebody else has read the whole meanwhile.
        if size < len(self.body):
            yield self.body[size:]

    def take(self, message: Message) -> None:
        """Keep what a message brings.

        Raises:
            ClientDisconnect: it says that the client has left.
        """
        if message["type"] == "http.disconnect":
            self._disconnected = True
            raise _disconnect()
        chunk = _body_of(message)
        if chunk:
            self._chunks.append(chunk)
            self._size += len(chunk)
        self._complete = not message.get("more_body", False)

    async def is_disconnected(self, limit: int) -> bool:
        """Whether the client is known to have left; body that has arrived meanwhile is kept, up to the limit."""
        if self._disconnected or self._busy:  # A task that reads will be told.
            return self._disconnected
        self._busy = True
        try:
            while self._size <= limit:
                message = await poll(self._receive)
                if message is None:
                    return False
                if message["type"] == "http.disconnect":
                    self._disconnected = True
                    return True
                if self._complete:
                    return False
                self.take(message)
        finally:
            self._busy = False
        return False

    def replay(self) -> Receive:
        """Return a `receive` that brings the body again as far as it is kept, then goes on with the server's."""
        pending: deque[Message] = deque()
        if self.body is not None:
            pending.append({"type": "http.request", "body": self.body, "more_body": False})
        elif not self._consumer:
            last = len(self._chunks) - 1
            for index, chunk in enumerate(self._chunks):
                more = not self._complete or index < last
                pending.append({"type": "http.request", "body": chunk, "more_body": more})
            if self._complete and not pending:
                pending.append({"type": "http.request", "body": b"", "more_body": False})

        async def receive() -> Message:
            return pending.popleft() if pending else await self._receive()

        return receive

    @property
    def is_consumed(self) -> bool:
        """Whether somebody has taken the body, or a part of it, without keeping it."""
        return bool(self._consumer)

    def check_unconsumed(self) -> None:
        """Raise `RuntimeError` when it is."""
        if self._consumer:
            raise RuntimeError(f"Body already consumed by {self._consumer}")

    async def _receive_more(self, limit: int) -> None:
        if self._disconnected:
            raise _disconnect()
        if self._busy:
            raise RuntimeError("two tasks read the body of one request at the same time; let one await the other")
        self._busy = True
        try:
            message = await self._receive()
        finally:
            self._busy = False
        self.take(message)
        self._check_size(limit)

    def _check_declared(self, limit: int) -> None:
        if self._declared is not None and self._declared > limit:
            raise RequestEntityTooLarge(limit)

    def _check_size(self, limit: int) -> None:
        if self._size > limit:
            raise RequestEntityTooLarge(limit)


def body_reader(scope: Scope, receive: Receive) -> BodyReader:
    """Return the reader that all `Request` objects of a scope share, made when it is first asked for."""
    known = scope.get(BODY_KEY)
    if isinstance(known, BodyReader):
        return known
    reader = BodyReader(receive, declared_length(scope), known)
    reader.keeps = KEEP_KEY in scope
    scope[BODY_KEY] = reader
    return reader


def keep_body(scope: Scope) -> None:
    """Have the body of a request kept by who streams it, from now on."""
    # PERF: most who could stream do not, and then no reader is needed.
    scope[KEEP_KEY] = True
    known = scope.get(BODY_KEY)
    if isinstance(known, BodyReader):
        known.keeps = True


async def read_body(receive: Receive, max_size: int = DEFAULT_MAX_BODY_SIZE, declared: int | None = None) -> bytes:
    """Read a whole body, chunked or not, that nobody else wants.

    Args:
        receive: gives `http.request` messages (ASGI HTTP 2.x).
        max_size: bytes allowed, default 10 MiB; exactly as many are fine.
        declared: what `Content-Length` says, when it is known.

    Raises:
        RequestEntityTooLarge: it is longer; nothing is read when it was declared so, else reading stops at once.
        ClientDisconnect: the client left before the end.
    """
    return await BodyReader(receive, declared).read(max_size)


async def read_request_body(scope: Scope, receive: Receive, max_size: int) -> bytes:
    """Read the whole body of a request, also when a `Request` of its scope has read it, and keep it for others.

    Raises:
        RequestEntityTooLarge: it is longer than `max_size` bytes.
        ClientDisconnect: the client left before the end.
        RuntimeError: somebody consumed it without keeping it.
    """
    if BODY_KEY in scope:
        return await body_reader(scope, receive).read(max_size)
    field = first_field(scope.get("headers", []), b"content-length")
    declared: int | None = None
    # PERF: six digits are always below a limit of a million, which is most limits; they need not be read.
    if field is not None and (len(field) > 6 or max_size < 1_000_000):
        declared = _parse_length(field)
        if declared is not None and declared > max_size:
            raise RequestEntityTooLarge(max_size)
    message = await receive()
    # PERF: nearly every body comes in one message, and then neither a reader nor another coroutine is needed.
    if message["type"] == "http.request" and not message.get("more_body", False):
        body = scope[BODY_KEY] = _body_of(message)
        if len(body) > max_size:
            raise RequestEntityTooLarge(max_size)
        return body
    reader = scope[BODY_KEY] = BodyReader(receive, declared)
    reader.take(message)
    return await reader.read(max_size)


def replay_body(scope: Scope, receive: Receive) -> Receive:
    """Return the `receive` for an application that reads for itself: what was read already comes again."""
    return body_reader(scope, receive).replay() if BODY_KEY in scope else receive


def declared_length(scope: Scope) -> int | None:
    """Return the first `Content-Length` of a request in bytes, or `None` when it is absent or no number.

    It is only believed to refuse a request early, never to have it end somewhere.
    """
    value = first_field(scope.get("headers", []), b"content-length")
    return None if value is None else _parse_length(value)


def _parse_length(value: bytes) -> int | None:
    if not value.isdigit():
        return None
    if len(value) < 19:
        return int(value)
    # Longer than any body, unless it begins with zeros; and Python refuses to read thousands of digits.
    digits = value.lstrip(b"0")
    return int(digits or b"0") if len(digits) < 19 else sys.maxsize


def _body_of(message: Message) -> bytes:
    chunk: Any = message.get("body", b"")
    # Some servers give a bytearray or a memoryview, others None; decoders want bytes.
    return chunk if type(chunk) is bytes else bytes(chunk or b"")


def _disconnect() -> ClientDisconnect:
    return ClientDisconnect("the client disconnected before its request body was complete")


async def poll(receive: Receive) -> Message | None:
    """Return a message that is there already, or `None`."""
    task = asyncio.ensure_future(receive())
    try:
        await asyncio.sleep(0)
    finally:
        if not task.done():
            task.cancel()
    if not task.done():
        # A server may have a message for us although it was told to stop waiting; it must not be lost.
        await asyncio.wait([task])
    return None if task.cancelled() else task.result()

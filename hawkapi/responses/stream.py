"""`StreamingResponse`: a body that is made while it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from hawkapi._workers import Lane
from hawkapi.exceptions import ClientDisconnect
from hawkapi.responses._pull import PulledIterator
from hawkapi.responses._watch import ClientWatch, send_or_leave
from hawkapi.responses.base import HeaderFields, Response, has_body
from hawkapi.types import HeaderPairs, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from hawkapi.background import BackgroundTask, BackgroundTasks

__all__ = ["StreamingResponse"]


class StreamingResponse(Response):
    """A response that sends each chunk of an iterator as it comes.

    Args:
        content: an iterator or iterable of bytes or text, async or plain; a plain iterator's steps run in worker
            threads. It is closed in all cases, also when it is not asked for a chunk: for `HEAD`, for a status without
            content, when the client goes.
        status_code: as for `Response`.
        headers: as for `Response`, but a `Content-Length` is sent; it has to be right.
        content_type: default `application/octet-stream`.
        media_type: another name of `content_type`.
        background: as for `Response`.

    Raises:
        TypeError: the content is no such iterator.

    An exception of the iterator is raised again after the start of the response was sent, so that the server breaks the
    connection off and the client sees that something is missing.
    """

    default_content_type: ClassVar[str] = "application/octet-stream"
    _takes: ClassVar[str] = "text or bytes"
    """What the iterator may yield, for the error about anything else."""

    def __init__(
        self,
        content: AsyncIterable[Any] | Iterable[Any],
        *,
        status_code: int = 200,
        headers: HeaderFields | None = None,
        content_type: str | None = None,
        media_type: str | None = None,
        background: BackgroundTask | BackgroundTasks | None = None,
    ) -> None:
        self.content = check_stream(content, type(self).__name__)
        self._set_fields(status_code, headers, content_type, media_type, background)

    def header_pairs(self) -> HeaderPairs:
        """Return the header fields as they are sent: lower-case names, one type, and a length if one was given."""
        length = self.headers.get("content-length")
        if length is None:
            return self._pairs(None)
        if not (length.isascii() and length.isdecimal()):
            raise ValueError(f"content-length is {length!r}; it is a number of bytes")
        return self._pairs(int(length))

    def messages(self, method: str) -> tuple[Message, Message]:
        """Refuse: the body is not in memory; await the response with scope, receive and send.

        Raises:
            TypeError: always.
        """
        raise TypeError(f"a {type(self).__name__} has no two messages; await it with scope, receive and send")

    def encode_chunk(self, chunk: Any) -> bytes:
        """Return what is sent for an item of the iterator.

        Raises:
            TypeError: it is neither text nor bytes.
        """
        if isinstance(chunk, bytes):
            return chunk
        if isinstance(chunk, str):
            return chunk.encode(self.charset)
        if isinstance(chunk, bytearray | memoryview):
            return bytes(chunk)  # pyright: ignore[reportUnknownArgumentType] - of any format
        raise TypeError(f"a chunk is a {type(chunk).__name__}; {type(self).__name__} takes {self._takes}")

    async def deliver(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Send the response, without what runs in the background; whether the client was there to the end."""
        source = iterate(self.content, scope)
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.header_pairs()}
            await send_or_leave(send, start)
            if scope.get("method") == "HEAD" or not has_body(self.status_code):
                await send_or_leave(send, {"type": "http.response.body", "body": b""})
                return True
            is_endless = self.content_type.startswith(EVENT_STREAM)
            async with ClientWatch(scope, receive, ends_with_server=is_endless) as watch:
                await self._send_chunks(source, send, watch)
            if watch.left:
                return False
            await send_or_leave(send, body_message(b"", more=False))
            return True
        except ClientDisconnect:
            return False
        finally:
            await close(source)

    async def _send_chunks(self, source: AsyncIterator[Any], send: Send, watch: ClientWatch) -> None:
        """Send one message for each chunk."""
        sent = 0
        async for chunk in source:
            await send_or_leave(send, body_message(self.encode_chunk(chunk), more=True))
            sent += 1
            if sent % PAUSE_AFTER == 0:
                await asyncio.sleep(0)


EVENT_STREAM: Final = "text/event-stream"
"""Streams of this type have no end of their own. Their clients come back, and name the last event that they have."""

PAUSE_AFTER: Final = 16
"""Chunks after which the event loop has its turn. A client that has gone makes some servers drop what is sent without
waiting; a stream that never waits either would then keep the loop, and the loop could not tell it that nobody listens.
"""


def body_message(body: bytes, *, more: bool) -> Message:
    """Return the message of a part of a body."""
    return {"type": "http.response.body", "body": body, "more_body": more}


def _is_whole(content: object) -> bool:
    """Whether something is one value, although it can be iterated."""
    return isinstance(content, str | bytes | bytearray | memoryview | Mapping)


def check_stream[T](content: T, name: str) -> T:
    """Return what can be iterated, item by item.

    Raises:
        TypeError: it cannot, or its items would not be chunks.
    """
    if _is_whole(content) or not (hasattr(content, "__aiter__") or hasattr(content, "__iter__")):
        hint = "; call the function" if callable(content) else "; send it with Response or JSONResponse"
        raise TypeError(f"{name} needs an iterator, async or plain, not a {type(content).__name__}{hint}")
    return content


def iterate(content: AsyncIterable[Any] | Iterable[Any], scope: Scope) -> AsyncIterator[Any]:
    """Return an async iterator over the items."""
    if isinstance(content, AsyncIterable):
        return aiter(content)
    if isinstance(content, list | tuple):
        return _Listed(iter(content))  # Nothing in it can block, so no thread is needed.
    return PulledIterator(iter(content), scope, Lane.STREAMS)


class _Listed:
    """An async iterator over what is in memory."""

    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items

    def __aiter__(self) -> _Listed:
        return self

    async def __anext__(self) -> Any:
        for item in self._items:
            return item
        raise StopAsyncIteration


async def close(source: AsyncIterator[Any]) -> None:
    """Close an iterator, if it can be."""
    aclose: Callable[[], Any] | None = getattr(source, "aclose", None)
    if aclose is not None:
        await aclose()

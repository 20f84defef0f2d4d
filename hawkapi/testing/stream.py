"""Responses that a test reads while the application still sends them."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncIterator, Iterator

from hawkapi.testing._loop import await_in, run_in
from hawkapi.testing._session import Streaming

__all__ = ["AsyncStreamedResponse", "StreamedResponse"]


class _Head:
    """What is known of a response when it has begun."""

    def __init__(self, streaming: Streaming) -> None:
        self._streaming = streaming
        head = streaming.head
        self.status_code = head.status_code
        self.headers = head.headers
        self.cookies = head.cookies
        self.url = head.url
        self.history = head.history
        self.is_success = head.is_success

    def raise_for_status(self) -> None:
        """Do nothing if the status is below 400.

        Raises:
            HTTPStatusError: it is 400 or more.
        """
        self._streaming.head.raise_for_status()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code}]>"


class StreamedResponse(_Head):
    """The response of `client.stream(...)`, read by iterating, once. One thread at a time.

    Raises:
        TimeoutError: the client's or the request's `timeout_s` is over before the next piece.
    """

    def __init__(self, streaming: Streaming, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(streaming)
        self._loop = loop

    def iter_bytes(self) -> Iterator[bytes]:
        """Yield each piece as the application has sent it, as soon as it has."""
        while (chunk := run_in(self._loop, self._streaming.read())) is not None:
            yield chunk

    def iter_text(self) -> Iterator[str]:
        """Yield the text as it comes, in UTF-8; no character is torn."""
        decoder = Utf8()
        for chunk in self.iter_bytes():
            yield from decoder.feed(chunk)
        yield from decoder.finish()

    def iter_lines(self) -> Iterator[str]:
        """Yield each line, without its end, as soon as it is complete."""
        lines = Lines()
        for text in self.iter_text():
            yield from lines.feed(text)
        yield from lines.finish()

    def read(self) -> bytes:
        """Return all that is left."""
        return b"".join(self.iter_bytes())


class AsyncStreamedResponse(_Head):
    """The response of `client.async_stream(...)`, read by iterating, once, in the event loop that asked for it.

    Raises:
        TimeoutError: the client's or the request's `timeout_s` is over before the next piece.
    """

    def __init__(self, streaming: Streaming, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(streaming)
        self._loop = loop

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Yield each piece as the application has sent it, as soon as it has."""
        while (chunk := await await_in(self._loop, self._streaming.read())) is not None:
            yield chunk

    async def aiter_text(self) -> AsyncIterator[str]:
        """Yield the text as it comes, in UTF-8; no character is torn."""
        decoder = Utf8()
        async for chunk in self.aiter_bytes():
            for text in decoder.feed(chunk):
                yield text
        for text in decoder.finish():
            yield text

    async def aiter_lines(self) -> AsyncIterator[str]:
        """Yield each line, without its end, as soon as it is complete."""
        lines = Lines()
        async for text in self.aiter_text():
            for line in lines.feed(text):
                yield line
        for line in lines.finish():
            yield line

    async def aread(self) -> bytes:
        """Return all that is left."""
        return b"".join([chunk async for chunk in self.aiter_bytes()])


class Utf8:
    """Bytes in, text out, whole characters only."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the text that is complete now, if there is any."""
        text = self._decoder.decode(chunk)
        if text:
            yield text

    def finish(self) -> Iterator[str]:
        """Yield what is left of a torn character."""
        text = self._decoder.decode(b"", final=True)
        if text:
            yield text


class Lines:
    """Text in, lines out; they end with LF, CR LF or CR."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> Iterator[str]:
        """Yield the lines that are complete now."""
        text = self._rest + text
        # A CR at the end may be half a CR LF; it is looked at again with what follows.
        held = text[-1:] if text.endswith("\r") else ""
        lines = text.removesuffix(held).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = lines.pop() + held
        yield from lines

    def finish(self) -> Iterator[str]:
        """Yield the last line, if something is in it."""
        if self._rest:
            yield self._rest.removesuffix("\r")

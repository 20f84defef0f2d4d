"""Compressing responses: what to compress, and how to do it while they stream.

The start of a response is held back until it is known whether there is enough to compress. A stream is flushed after
each piece, so that the client has it when it is sent; an application that fails meanwhile fails, and the client never
takes what it has for the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, final

from hawkapi.http.media_types import essence_of
from hawkapi.http.preferences import choose_coding
from hawkapi.middleware._heads import has_field, vary_by
from hawkapi.middleware.base import Middleware
from hawkapi.responses.base import has_body
from hawkapi.types import ASGIApp, HeaderPairs, Message, Receive, Scope, Send

COMPRESSED: Final = frozenset(
    {
        "application/gzip",
        "application/pdf",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/x-bzip2",
        "application/x-gzip",
        "application/x-rar-compressed",
        "application/x-xz",
        "application/zip",
        "application/zstd",
        "font/woff",
        "font/woff2",
    }
)
"""Media types that are compressed already, beside images, sound and video."""

COMPRESSIBLE_IMAGES: Final = frozenset({"image/svg+xml", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon"})


class Compressor(Protocol):
    """Compresses one response."""

    def compress(self, data: bytes, /) -> bytes:
        """Return what comes out for some more data, which may be nothing yet."""
        ...

    def flush(self) -> bytes:
        """Return what is left so far, so that the client can decompress all it was given."""
        ...

    def finish(self) -> bytes:
        """Return the end."""
        ...


type CompressorFactory = Callable[[], Compressor]


class CompressionMiddleware(Middleware):
    """Compress responses for clients that accept it. The base of `GZipMiddleware` and its relatives.

    Left as they are: what is shorter than `minimum_size`; what is compressed already, by its `Content-Encoding` or its
    type; parts (206); event streams, whose every event would have to be flushed; what says `no-transform`.

    Args:
        app: the next application.
        codings: how to make a compressor, by the name of its coding, the preferred one first.
        minimum_size: bytes.

    Raises:
        ValueError: `minimum_size` is negative.
    """

    def __init__(self, app: ASGIApp, codings: dict[str, CompressorFactory], minimum_size: int) -> None:
        super().__init__(app)
        if minimum_size < 0:
            raise ValueError(f"minimum_size is {minimum_size}; it is a number of bytes, at least 0")
        self._codings = codings
        self._offered = tuple(codings)
        self._minimum_size = minimum_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        accepted = b", ".join(value for name, value in scope["headers"] if name == b"accept-encoding")
        chosen = choose_coding(accepted.decode("latin-1"), self._offered) if accepted else None
        # A client that refuses even `identity` still gets an answer.
        coding = chosen if chosen in self._codings else None
        if coding is None:
            await self.app(scope, receive, _Varying(send).send)
            return
        if scope["method"] == "HEAD":
            await self.app(scope, receive, _Heading(send, coding, self._minimum_size).send)
            return
        compressing = _Compressing(send, coding, self._codings[coding], self._minimum_size)
        await self.app(scope, receive, compressing.send)


@final
class _Varying:
    """A `send` for what is not compressed: caches must not give it to those who would get it compressed."""

    __slots__ = ("_send",)

    def __init__(self, send: Send) -> None:
        self._send = send

    async def send(self, message: Message) -> None:
        await self._send(_with_vary(message) if message["type"] == "http.response.start" else message)


@final
class _Heading:
    """A `send` for the answer to a HEAD: it has no body, and the fields that a GET would have.

    SPEC: its length must be that of the answer to a GET (RFC 9110 section 8.6), which nobody knows without compressing.
    """

    __slots__ = ("_coding", "_minimum_size", "_send")

    def __init__(self, send: Send, coding: str, minimum_size: int) -> None:
        self._send = send
        self._coding = coding
        self._minimum_size = minimum_size

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = _with_list(message)
            is_coded = _declared_length(message) >= max(1, self._minimum_size) and is_compressible(message)
            message = _coded(message, self._coding, None) if is_coded else _uncoded(message)
        await self._send(message)


@final
class _Compressing:
    """A `send` that compresses one response. Request-bound."""

    __slots__ = ("_coding", "_compressor", "_make", "_minimum_size", "_passes", "_pending", "_send", "_size", "_start")

    def __init__(self, send: Send, coding: str, make: CompressorFactory, minimum_size: int) -> None:
        self._send = send
        self._coding = coding
        self._make = make
        self._minimum_size = minimum_size
        self._start: Message | None = None  # Held back.
        self._passes = False
        self._pending: list[bytes] = []
        self._size = 0
        self._compressor: Compressor | None = None

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            message = _with_list(message)
            self._passes = not is_compressible(message)
            if self._passes:
                await self._send(_uncoded(message))
            else:
                self._start = message
        elif self._passes:
            await self._send(message)
        elif kind != "http.response.body":
            # What an extension sends in place of a body, or beside it.
            if self._compressor is None:
                await self._release()
            await self._send(message)
        elif self._compressor is not None:
            await self._send_piece(message.get("body", b""), more=message.get("more_body", False))
        else:
            await self._take(message.get("body", b""), more=message.get("more_body", False))

    async def _take(self, piece: bytes, *, more: bool) -> None:
        """Take a piece of a body of which nothing has been sent."""
        self._pending.append(piece)
        self._size += len(piece)
        if more and self._size < self._minimum_size:
            return
        body = b"".join(self._pending)
        self._pending.clear()
        if self._size < self._minimum_size or not body:
            await self._release()
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
            return
        compressor = self._compressor = self._make()
        if more:
            await self._send_start(None)
            await self._send_piece(body, more=True)
            return
        whole = compressor.compress(body) + compressor.finish()
        await self._send_start(len(whole))
        await self._send({"type": "http.response.body", "body": whole})

    async def _release(self) -> None:
        """Send the start as it was, and pieces, if they are held back; what follows passes."""
        start, self._start = self._start, None
        self._passes = True
        if start is not None:
            await self._send(_with_vary(start))
        if self._pending:
            pending = b"".join(self._pending)
            self._pending.clear()
            await self._send({"type": "http.response.body", "body": pending, "more_body": True})

    async def _send_start(self, length: int | None) -> None:
        start, self._start = self._start, None
        assert start is not None
        await self._send(_coded(start, self._coding, length))

    async def _send_piece(self, piece: bytes, *, more: bool) -> None:
        compressor = self._compressor
        assert compressor is not None
        data = compressor.compress(piece) + (compressor.flush() if more else compressor.finish())
        if data or not more:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})


def _with_list(start: Message) -> Message:
    """Return a start whose fields can be looked at more than once: they may be any iterable (ASGI HTTP)."""
    return {**start, "headers": list(start.get("headers", ()))}


def is_compressible(start: Message) -> bool:
    """Whether a response should be compressed, as far as its start says."""
    headers: HeaderPairs = start["headers"]
    if not has_body(start["status"]) or start["status"] == 206:
        return False
    if has_field(headers, b"content-encoding") or has_field(headers, b"content-range"):
        return False
    # SPEC: whoever says so wants the bytes as they are (RFC 9110 section 7.7).
    if any(name.lower() == b"cache-control" and b"no-transform" in value.lower() for name, value in headers):
        return False
    types = [value for name, value in headers if name.lower() == b"content-type"]
    return _is_compressible_type(types[-1].decode("latin-1") if types else "")


def _is_compressible_type(content_type: str) -> bool:
    essence = essence_of(content_type)
    if essence.startswith(("image/", "audio/", "video/")):
        return essence in COMPRESSIBLE_IMAGES
    return essence != "text/event-stream" and essence not in COMPRESSED


def _declared_length(start: Message) -> int:
    """Return the length that a response has according to its start, 0 where that says nothing."""
    for name, value in start["headers"]:
        if name.lower() == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _coded(start: Message, coding: str, length: int | None) -> Message:
    """Return the start of a compressed response; one that streams has no length."""
    headers = [_weakened(pair) for pair in start["headers"] if pair[0].lower() != b"content-length"]
    headers.append((b"content-encoding", coding.encode("ascii")))
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    return _with_vary({**start, "headers": headers})


def _uncoded(start: Message) -> Message:
    """Return the start of a response that is not compressed, though its client would take it so.

    SPEC: what a 304 confirms was probably sent compressed, with a weak entity tag; caches do not find it by a strong
    one (RFC 9111 section 4.3.4).
    """
    if start["status"] == 304:
        start = {**start, "headers": [_weakened(pair) for pair in start.get("headers", ())]}
    return _with_vary(start)


def _with_vary(message: Message) -> Message:
    return {**message, "headers": vary_by(list(message.get("headers", ())), "Accept-Encoding")}


def _weakened(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return a field; an entity tag as a weak one, because other bytes are sent than those it was made of."""
    name, value = pair
    return (name, b"W/" + value) if name.lower() == b"etag" and not value.startswith(b"W/") else pair

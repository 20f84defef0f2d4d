"""`GZipMiddleware` and its relatives: what is compressed, and how it streams."""

from __future__ import annotations

import gzip
import importlib
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from apps import app_with
from asgi import Reply, request

from hawkapi import EventSourceResponse, HawkAPI, HTTPException, Response, StreamingResponse
from hawkapi.middleware import GZipMiddleware
from hawkapi.middleware.brotli import BrotliMiddleware
from hawkapi.middleware.zstandard import ZstandardMiddleware, compressor_factory

LONG = b"hello world " * 100


def ask(response: Any, accept: str | None = "gzip", method: str = "GET", **options: Any) -> Reply:
    """Return the answer of a handler behind the middleware."""

    async def handler() -> Any:
        """Answer."""
        return response() if callable(response) and not isinstance(response, Response) else response

    app = app_with(handler)
    app.add_middleware(GZipMiddleware, **options)
    return request(app, method, "/", headers={} if accept is None else {"accept-encoding": accept})


def test_whole_body() -> None:
    """It is compressed, with its new length, the coding, and what caches have to know."""
    reply = ask(Response(LONG, headers={"etag": '"x"', "vary": "accept"}))
    assert gzip.decompress(reply.body) == LONG
    assert reply.header("content-length") == str(len(reply.body))
    assert (reply.header("content-encoding"), reply.header("etag")) == ("gzip", 'W/"x"')
    assert [value for name, value in reply.headers if name == b"vary"] == [b"accept", b"Accept-Encoding"]


@pytest.mark.parametrize(
    ("accept", "compressed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("*;q=0", False),
        ("notgzip", False),
        ("gzip;q=0, *", False),
        ("identity, gzip;q=0.1", False),
        ("", False),
        (None, False),
    ],
)
def test_accept_encoding(accept: str | None, compressed: bool) -> None:
    """Weights and the star count (RFC 9110 section 12.5.3); `Vary` is sent in any case."""
    reply = ask(Response(LONG), accept)
    assert (reply.header("content-encoding") == "gzip", reply.header("vary")) == (compressed, "Accept-Encoding")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_fields_that_can_be_read_once(method: str) -> None:
    """An application may give them as any iterable (ASGI HTTP); none gets lost."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        fields = iter([(b"x-one", b"1"), (b"content-length", b"1200")])
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": LONG if method == "GET" else b""})

    reply = request(GZipMiddleware(app), method, "/", headers={"accept-encoding": "gzip"})
    assert (reply.header("x-one"), reply.header("content-encoding")) == ("1", "gzip")


@pytest.mark.parametrize(("size", "compressed"), [(499, False), (500, True)])
@pytest.mark.parametrize("streams", [True, False])
def test_minimum_size(size: int, compressed: bool, streams: bool) -> None:
    """What is shorter is not worth it, also when it comes in pieces."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * (size // 2)
        yield b"x" * (size - size // 2)

    reply = ask((lambda: StreamingResponse(pieces())) if streams else Response(b"x" * size))
    assert (reply.header("content-encoding") == "gzip") is compressed
    assert (gzip.decompress(reply.body) if compressed else reply.body) == b"x" * size


@pytest.mark.parametrize(
    "response",
    [
        Response(LONG, headers={"content-encoding": "br"}),
        Response(LONG, content_type="image/png"),
        Response(LONG, content_type="video/mp4"),
        Response(LONG, content_type="application/zip"),
        Response(LONG, content_type="TEXT/event-stream; charset=utf-8"),
        Response(LONG, status_code=206, headers={"content-range": "bytes 0-1199/2000"}),
        Response(LONG, headers={"cache-control": "public, no-transform"}),
    ],
    ids=["encoded", "image", "video", "archive", "events", "part", "no-transform"],
)
def test_what_is_left_alone(response: Response) -> None:
    """It would gain nothing, or not be what was asked for."""
    reply = ask(response)
    assert (reply.body, reply.header("content-length")) == (LONG, "1200")
    assert reply.header("vary") == "Accept-Encoding"


@pytest.mark.parametrize(("status", "etag"), [(204, '"x"'), (304, 'W/"x"')])
def test_response_without_a_body(status: int, etag: str) -> None:
    """It stays one; the entity tag of a 304 is the weak one that the compressed response had."""
    reply = ask(Response(b"", status_code=status, headers={"etag": '"x"'}), minimum_size=0)
    assert (reply.status, reply.body, reply.header("content-encoding"), reply.header("etag")) == (
        status,
        b"",
        None,
        etag,
    )


def test_head() -> None:
    """It has no body, and says of one what a GET would, but for a length that nobody knows."""
    for response in (
        Response(LONG, headers={"etag": '"x"'}),
        Response(b"short"),
        Response(LONG, content_type="image/png"),
    ):
        head, get = ask(response, method="HEAD"), ask(response)
        assert head.body == b""
        for name in ("content-encoding", "etag", "vary", "content-type"):
            assert head.header(name) == get.header(name)
        assert head.header("content-length") in {None, get.header("content-length")}
        assert (head.header("content-length") is None) is (get.header("content-encoding") == "gzip")


@pytest.mark.parametrize("size", [10, 1000], ids=["held back", "begun"])
def test_message_between_pieces(size: int) -> None:
    """What an extension sends beside a body does not end it, and loses none of it."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a" * size, "more_body": True})
        await send({"type": "http.response.push", "path": "/style.css", "headers": []})
        await send({"type": "http.response.body", "body": b"b" * 1000})

    reply = request(GZipMiddleware(inner), "GET", "/", headers={"accept-encoding": "gzip"})
    body = gzip.decompress(reply.body) if reply.header("content-encoding") == "gzip" else reply.body
    assert body == b"a" * size + b"b" * 1000
    assert [message["type"] for message in reply.messages].count("http.response.push") == 1


def test_svg_is_text() -> None:
    """Of images, those that are text are compressed."""
    assert ask(Response(LONG, content_type="image/svg+xml")).header("content-encoding") == "gzip"


@pytest.mark.asgi_only("the end of a stream is no message")
def test_stream_is_flushed() -> None:
    """Each piece can be decompressed when it has been sent, and there is no length."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield LONG

    reply = ask(lambda: StreamingResponse(pieces()))
    assert reply.header("content-length") is None
    decompressor = zlib.decompressobj(31)
    parts = [decompressor.decompress(message["body"]) for message in reply.messages[1:]]
    assert parts == [LONG, LONG, LONG, b""]
    assert decompressor.eof


def test_events_are_not_held_back() -> None:
    """An event stream passes, event by event."""

    async def events() -> AsyncIterator[str]:
        yield "one"

    reply = ask(lambda: EventSourceResponse(events()))
    assert (reply.header("content-encoding"), b"data: one" in reply.body) == (None, True)


def test_failure_before_anything_was_sent() -> None:
    """What is held back is dropped, and the failure has its own response."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"short"
        raise HTTPException(507)

    assert ask(lambda: StreamingResponse(pieces())).status == 507


def test_failure_in_a_stream() -> None:
    """It reaches the server, and the client does not get an end that it would believe."""

    async def pieces() -> AsyncIterator[bytes]:
        yield LONG
        raise ZeroDivisionError

    sent: list[dict[str, Any]] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await StreamingResponse(pieces())(scope, receive, send)

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def watch(message: Any) -> None:
            sent.append(message)
            await send(message)

        await GZipMiddleware(inner)(scope, receive, watch)

    with pytest.raises(ZeroDivisionError):
        request(watched, "GET", "/", headers={"accept-encoding": "gzip"})
    assert sent[-1]["more_body"]


def test_file_that_the_server_sends() -> None:
    """A message in place of the body passes behind the start."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": "/x"})

    reply = request(GZipMiddleware(inner), "GET", "/", headers={"accept-encoding": "gzip"})
    assert [message["type"] for message in reply.messages] == ["http.response.start", "http.response.pathsend"]


@pytest.mark.parametrize(
    ("cls", "options"),
    [
        (GZipMiddleware, {"compresslevel": 10}),
        (GZipMiddleware, {"minimum_size": -1}),
        (BrotliMiddleware, {"quality": 12}),
        (ZstandardMiddleware, {"level": 20}),
    ],
)
def test_wrong_options(cls: Any, options: dict[str, Any]) -> None:
    """They are refused when the middleware is added."""
    with pytest.raises(ValueError, match=next(iter(options))):
        HawkAPI().add_middleware(cls, **options)


def both(cls: Any, accept: str) -> Reply:
    """Return a long answer from behind gzip, and inside that another coding."""

    async def pieces() -> AsyncIterator[bytes]:
        yield LONG
        yield LONG

    async def handler(streams: bool = False) -> Response:
        """Answer."""
        return StreamingResponse(pieces()) if streams else Response(LONG * 2)

    app = app_with(handler)
    app.add_middleware(GZipMiddleware)
    app.add_middleware(cls)
    whole = request(app, "GET", "/", headers={"accept-encoding": accept})
    streamed = request(app, "GET", "/?streams=true", headers={"accept-encoding": accept})
    assert whole.header("content-encoding") == streamed.header("content-encoding")
    whole.messages.append({"streamed": streamed.body})
    return whole


def test_brotli() -> None:
    """Who accepts it gets Brotli, who does not gets gzip."""
    brotli = pytest.importorskip("brotli", reason="it has no wheels for 3.13t")
    reply = both(BrotliMiddleware, "gzip, br")
    assert reply.header("content-encoding") == "br"
    assert brotli.decompress(reply.body) == brotli.decompress(reply.messages[-1]["streamed"]) == LONG * 2
    assert both(BrotliMiddleware, "gzip").header("content-encoding") == "gzip"


def has_zstandard() -> bool:
    """Whether there is anything to compress with."""
    try:
        compressor_factory(3)
    except ImportError:
        return False
    return True


@pytest.mark.skipif(not has_zstandard(), reason="neither this Python nor a package has it")
def test_zstandard() -> None:
    """Who accepts it gets Zstandard, who does not gets gzip."""

    def decompress(data: bytes) -> bytes:
        try:
            content: bytes = importlib.import_module("compression.zstd").decompress(data)
        except ImportError:
            content = importlib.import_module("zstandard").ZstdDecompressor().decompressobj().decompress(data)
        return content

    reply = both(ZstandardMiddleware, "gzip, zstd")
    assert reply.header("content-encoding") == "zstd"
    assert decompress(reply.body) == decompress(reply.messages[-1]["streamed"]) == LONG * 2
    assert both(ZstandardMiddleware, "gzip").header("content-encoding") == "gzip"


@pytest.mark.parametrize(
    ("cls", "packages"), [(BrotliMiddleware, ["brotli"]), (ZstandardMiddleware, ["zstandard", "compression.zstd"])]
)
def test_missing_package(cls: Any, packages: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it, when the middleware is added."""
    for package in packages:
        monkeypatch.setitem(importlib.import_module("sys").modules, package, None)
    with pytest.raises(ImportError, match=r"pip install 'hawkapi\[compression\]'"):
        HawkAPI().add_middleware(cls)

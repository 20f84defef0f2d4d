"""Responses that are read while they are sent, and bodies that are sent while they are made."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from hawkapi import EventSourceResponse, HawkAPI, RedirectResponse, Request, ServerSentEvent, StreamingResponse
from hawkapi.testing import TestClient
from hawkapi.testing.stream import Lines, Utf8
from hawkapi.types import Receive, Scope, Send


def endless(ended: threading.Event) -> HawkAPI:
    """Return an application whose stream ends when its client goes."""
    app = HawkAPI()

    @app.get("/events")
    async def events() -> EventSourceResponse:
        async def stream() -> AsyncIterator[ServerSentEvent]:
            try:
                for number in itertools.count():
                    yield ServerSentEvent(str(number))
                    await asyncio.sleep(0)
            finally:
                ended.set()

        return EventSourceResponse(stream())

    return app


def test_stream_that_never_ends() -> None:
    """Events are read as they come; leaving the block ends the stream in the application."""
    ended = threading.Event()
    with TestClient(endless(ended)).stream("GET", "/events") as response:
        data = (line for line in response.iter_lines() if line.startswith("data"))
        assert list(itertools.islice(data, 3)) == ["data: 0", "data: 1", "data: 2"]
        assert (response.status_code, response.headers["content-type"][:17]) == (200, "text/event-stream")
        assert not ended.is_set()
    assert ended.is_set()


def test_async_stream_that_never_ends() -> None:
    """The same in an async test, on its own loop."""
    ended = threading.Event()

    async def main() -> list[str]:
        found: list[str] = []
        async with TestClient(endless(ended)).async_stream("GET", "/events") as response:
            async for line in response.aiter_lines():
                found.append(line)
                if len(found) == 3:
                    break
        return found

    assert asyncio.run(main()) == ["data: 0", "", "data: 1"]
    assert ended.is_set()


def test_stream_behind_a_test_that_fails() -> None:
    """The test's exception is raised, and the application is told to end."""
    ended = threading.Event()
    with pytest.raises(AssertionError, match="mine"), TestClient(endless(ended)).stream("GET", "/events"):
        raise AssertionError("mine")
    assert ended.is_set()


def chunks_app(*chunks: bytes, status: int = 200, error: Exception | None = None) -> Any:
    """Return an application that sends these pieces, and then fails if it is to."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"a", b"b")]})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if error is not None:
            raise error
        await send({"type": "http.response.body"})

    return app


def test_pieces_are_those_of_the_application() -> None:
    """`iter_bytes` yields what each `send` had; `read` all that is left."""
    app = chunks_app(b"ab", b"c", b"\xc3", b"\xa4")
    with TestClient(app).stream("GET", "/") as response:
        assert list(response.iter_bytes()) == [b"ab", b"c", b"\xc3", b"\xa4"]
        assert response.headers["A"] == "b"
        response.raise_for_status()
    with TestClient(app).stream("GET", "/") as response:
        assert list(response.iter_text()) == ["ab", "c", "ä"]
    with TestClient(app).stream("GET", "/") as response:
        assert next(response.iter_bytes()) == b"ab"
        assert response.read() == b"c\xc3\xa4"


def test_pieces_in_async_code() -> None:
    """The async forms yield the same."""
    client = TestClient(chunks_app(b"a\xc3", b"\xa4\nb", b"\xc3"))

    async def main() -> None:
        async with client.async_stream("GET", "/") as response:
            assert [text async for text in response.aiter_text()] == ["a", "ä\nb", "\N{REPLACEMENT CHARACTER}"]
        async with client.async_stream("GET", "/") as response:
            assert [line async for line in response.aiter_lines()] == ["aä", "b\N{REPLACEMENT CHARACTER}"]
        async with client.async_stream("GET", "/") as response:
            assert await response.aread() == b"a\xc3\xa4\nb\xc3"
            assert repr(response) == "<AsyncStreamedResponse [200]>"

    asyncio.run(main())


def test_async_stream_behind_a_test_that_fails() -> None:
    """The test's exception is raised, and the application is told to end."""
    ended = threading.Event()

    async def main() -> None:
        async with TestClient(endless(ended)).async_stream("GET", "/events"):
            raise AssertionError("mine")

    with pytest.raises(AssertionError, match="mine"):
        asyncio.run(main())
    assert ended.is_set()


def test_stream_that_is_never_left() -> None:
    """A block that is dropped with its test ends in the application when it is collected."""
    ended = threading.Event()
    client = TestClient(endless(ended))
    block = client.stream("GET", "/events")
    block.__enter__()
    del block
    gc.collect()
    assert ended.wait(60)
    client.close()


def test_stream_that_never_begins() -> None:
    """An exception before the response is raised on entering."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        TestClient(app).stream("GET", "/").__enter__()


def test_stream_that_fails() -> None:
    """The exception is raised where the missing piece is read, or at the end of the block."""
    error = ValueError("halfway")
    client = TestClient(chunks_app(b"a", error=error))
    with client.stream("GET", "/") as response:
        pieces = response.iter_bytes()
        assert next(pieces) == b"a"
        with pytest.raises(ValueError, match="halfway"):
            next(pieces)
    with pytest.raises(ValueError, match="halfway"), client.stream("GET", "/") as response:
        pass
    quiet = TestClient(chunks_app(b"a", error=error), raise_server_exceptions=False)
    with quiet.stream("GET", "/") as response:
        assert response.read() == b"a"


def test_reader_holds_up_a_stream() -> None:
    """An application is only a few pieces ahead of a test that reads them one by one."""
    sent: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        for number in range(1_000):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            sent.append(number)
        await send({"type": "http.response.body"})

    with TestClient(app).stream("GET", "/") as response:
        next(response.iter_bytes())
        assert len(sent) < 50
        assert len(response.read()) == 999


def test_application_that_ignores_a_disconnect() -> None:
    """It is cancelled after a moment, so the test ends."""
    cancelled = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()

    with TestClient(app).stream("GET", "/"):
        pass
    assert cancelled.is_set()


def test_send_after_a_disconnect() -> None:
    """It raises `OSError`, as servers do (ASGI HTTP 2.4), and the test hears nothing of that."""
    errors: list[BaseException] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        except OSError as exc:
            errors.append(exc)
            raise

    with TestClient(app).stream("GET", "/"):
        pass
    assert [str(error) for error in errors] == ["the client has disconnected"]


def test_piece_that_does_not_come() -> None:
    """`timeout_s` is for each piece."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await receive()
        await receive()

    with TestClient(app).stream("GET", "/", timeout_s=0.01) as response, pytest.raises(TimeoutError):
        response.read()


def test_redirects_of_a_stream() -> None:
    """They are followed if wanted, and the last response is the one that is read."""
    app = HawkAPI()

    @app.get("/old")
    async def old() -> RedirectResponse:
        return RedirectResponse("/new")

    @app.get("/new")
    async def new() -> StreamingResponse:
        return StreamingResponse(iter(["a", "b"]))

    with TestClient(app, follow_redirects=True).stream("GET", "/old") as response:
        assert (response.read(), [before.status_code for before in response.history]) == (b"ab", [307])


def test_body_that_is_made_while_it_is_sent() -> None:
    """The application gets each piece before the next one is made."""
    app, turns = HawkAPI(), []

    @app.post("/")
    async def handler(request: Request) -> None:
        async for chunk in request.stream():
            turns.append(("got", chunk))  # noqa: PERF401 - at once, not at the end

    def body() -> Iterator[bytes]:
        for piece in (b"a", b"b"):
            turns.append(("made", piece))
            yield piece

    TestClient(app).post("/", content=body())
    assert [turn for turn in turns if turn[1]] == [("made", b"a"), ("got", b"a"), ("made", b"b"), ("got", b"b")]


def test_body_that_answers_the_response() -> None:
    """A piece may depend on what the application has sent: nothing is read ahead."""
    heard = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        first = await receive()
        heard.set()
        second = await receive()
        await send({"type": "http.response.body", "body": first["body"] + second["body"]})

    def body() -> Iterator[bytes]:
        yield b"a"
        assert heard.wait(10)
        yield b"b"

    assert TestClient(app).post("/", content=body()).body == b"ab"


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        pytest.param(["a\nb\r\nc\rd"], ["a", "b", "c", "d"], id="ends"),
        pytest.param(["a\r", "\nb\n"], ["a", "b"], id="torn-crlf"),
        pytest.param(["a\r", "b"], ["a", "b"], id="torn-cr"),
        pytest.param(["a", "b\n\n"], ["ab", ""], id="empty"),
        pytest.param(["a\r"], ["a"], id="cr-at-the-end"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_lines(pieces: list[str], lines: list[str]) -> None:
    """Lines are whole, however the text is cut."""
    reader = Lines()
    assert [*itertools.chain.from_iterable(map(reader.feed, pieces)), *reader.finish()] == lines


def test_text_that_is_torn_at_the_end() -> None:
    """Half a character becomes U+FFFD."""
    reader = Utf8()
    assert [*reader.feed(b"a\xc3"), *reader.finish()] == ["a", "\N{REPLACEMENT CHARACTER}"]

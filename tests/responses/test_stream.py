"""`StreamingResponse`: what is sent, where iterators run, and that they are always closed."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from streams import Client, answer

from hawkapi import HawkAPI
from hawkapi.exceptions import ClientDisconnect
from hawkapi.responses import StreamingResponse
from hawkapi.responses._watch import may_listen
from hawkapi.types import BODY_KEY

variable: ContextVar[str] = ContextVar("variable", default="unset")


class Source:
    """Chunks whose iterators remember that they were closed, and where they ran."""

    def __init__(self, *chunks: Any) -> None:
        self.chunks = chunks
        self.closed = threading.Event()
        self.steps = 0
        self.threads: set[str] = set()

    async def async_(self) -> AsyncIterator[Any]:
        try:
            for chunk in self.chunks:
                yield self.step(chunk)
        finally:
            await asyncio.sleep(0)
            self.close()

    def plain(self) -> Iterator[Any]:
        try:
            for chunk in self.chunks:
                yield self.step(chunk)
        finally:
            self.close()

    def step(self, chunk: Any) -> Any:
        self.steps += 1
        self.threads.add(threading.current_thread().name)
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def close(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.closed.set()


class Iterating:
    """An iterator that is no generator, and can be closed all the same."""

    def __init__(self, source: Source) -> None:
        self.source, self.items = source, iter(source.chunks)

    def __iter__(self) -> Iterating:
        return self

    def __next__(self) -> Any:
        return self.source.step(next(self.items))

    def close(self) -> None:
        self.source.close()


class AsyncIterating(Iterating):
    def __aiter__(self) -> AsyncIterating:
        return self

    async def __anext__(self) -> Any:
        for item in self.items:
            return self.source.step(item)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.source.close()


KINDS: dict[str, Any] = {
    "async-generator": Source.async_,
    "generator": Source.plain,
    "iterator": Iterating,
    "async-iterator": AsyncIterating,
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def bodies(messages: list[dict[str, Any]]) -> list[tuple[bytes, bool]]:
    """Return the bodies of the messages after the start, and whether more was announced."""
    return [(message["body"], message["more_body"]) for message in messages[1:]]


@every_kind
def test_chunks(kind: Any) -> None:
    """Each chunk is a message of its own, text as UTF-8; an empty message ends the body, and there is no length."""
    source = Source(b"a", "é", bytearray(b"b"), memoryview(b"c"))
    reply = answer(StreamingResponse(kind(source), status_code=201, headers={"x": "1"}))
    assert (reply.status, reply.headers) == (201, [(b"x", b"1"), (b"content-type", b"application/octet-stream")])
    expected = [(b"a", True), (b"\xc3\xa9", True), (b"b", True), (b"c", True), (b"", False)]
    assert bodies(reply.messages) == expected
    assert source.closed.is_set()


@pytest.mark.thread_unsafe(reason="its iterators are parameters, and can be read once")
@pytest.mark.parametrize("content", [[b"a", "b"], (b"a", "b"), io.BytesIO(b"a\nb"), iter([b"a", b"b"])])
def test_iterables(content: Any) -> None:
    """Anything that can be iterated will do."""
    assert answer(StreamingResponse(content)).body.replace(b"\n", b"") == b"ab"


@pytest.mark.parametrize("content", ["text", b"bytes", bytearray(b"x"), {"a": 1}, 5, None, lambda: iter(())])
def test_content_that_is_no_stream(content: Any) -> None:
    """It is refused when the response is made."""
    with pytest.raises(TypeError, match="needs an iterator, async or plain, not a"):
        StreamingResponse(content)


def test_length_that_is_known() -> None:
    """A length that is given is sent, once."""
    reply = answer(StreamingResponse([b"abc"], headers={"Content-Length": "3"}))
    assert reply.header("content-length") == "3"


@pytest.mark.parametrize("length", ["", "-1", "x", "1, 1", "٣"])
def test_length_that_is_none(length: str) -> None:
    """A length that is no number is the application's mistake, not the client's puzzle."""
    with pytest.raises(ValueError, match=r"content-length is|not in latin-1"):
        answer(StreamingResponse([b"abc"], headers={"Content-Length": length}))


@every_kind
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_stream_that_is_not_asked_for(kind: Any, method: str, status: int) -> None:
    """The iterator is closed without being consumed; nothing is said about a length."""
    source = Source(b"a")
    iterator = kind(source)
    reply = answer(StreamingResponse(iterator, status_code=status), method)
    assert (source.steps, reply.body, reply.header("content-length")) == (0, b"", None)
    if kind in {Iterating, AsyncIterating}:
        assert source.closed.is_set()
    else:
        assert getattr(iterator, "gi_frame", None) is None
        assert getattr(iterator, "ag_frame", None) is None


@every_kind
def test_failing_iterator(kind: Any) -> None:
    """What it raises comes out, without the message that would make the body look complete."""
    source, client = Source(b"a", LookupError("broken")), Client()
    with pytest.raises(LookupError, match="broken"):
        asyncio.run(client.call(StreamingResponse(kind(source))))
    assert bodies(client.messages) == [(b"a", True)]
    assert source.closed.is_set()


@every_kind
@pytest.mark.parametrize("chunk", [1, None, {"a": 1}])
def test_chunk_of_another_type(kind: Any, chunk: Any) -> None:
    """It is refused, and the iterator is closed."""
    source = Source(b"a", chunk)
    with pytest.raises(TypeError, match=r"a chunk is a .*; .*Response takes text or bytes"):
        answer(StreamingResponse(kind(source)))
    assert source.closed.is_set()


@pytest.mark.parametrize("kind", [Source.plain, Iterating])
def test_plain_iterators_run_in_threads(kind: Any) -> None:
    """Steps run in the application's threads for streams, never on the loop."""
    source = Source(b"a", b"b")
    answer(StreamingResponse(kind(source)), extra={"app": HawkAPI()})
    assert all(name.startswith("hawkapi-worker-stream_") for name in source.threads)


def test_steps_of_a_plain_iterator_share_a_context() -> None:
    """A generator in threads sees the caller's variables and what it has set itself; the caller does not."""

    def generate() -> Iterator[str]:
        before = variable.get()
        token = variable.set("own")
        yield before
        yield variable.get()
        variable.reset(token)

    async def main() -> bytes:
        variable.set("caller")
        reply = await Client().call(StreamingResponse(generate()))
        return reply.body + variable.get().encode()

    assert asyncio.run(main()) == b"callerowncaller"


async def leave_at_third(client: Client, message: Any) -> None:
    """Be a server of ASGI 2.4 whose client goes."""
    if len(client.messages) == 3:
        raise BrokenPipeError("gone")


@every_kind
def test_send_says_that_the_client_has_gone(kind: Any) -> None:
    """The stream stops quietly and is closed."""
    source = Source(*[b"x"] * 100)
    reply = asyncio.run(Client(on_message=leave_at_third).call(StreamingResponse(kind(source))))
    assert (len(reply.messages), source.steps) == (3, 3)
    assert source.closed.is_set()


@every_kind
def test_error_of_the_iterator_is_not_taken_for_a_disconnect(kind: Any) -> None:
    """An `OSError` of its own is a failure."""
    with pytest.raises(ConnectionResetError):
        answer(StreamingResponse(kind(Source(b"a", ConnectionResetError("database")))))


def test_iterator_that_meets_the_disconnect() -> None:
    """An iterator that reads the request may find that the client has gone; that is no failure."""
    assert answer(StreamingResponse(Source.async_(Source(ClientDisconnect("gone"))))).body == b""


async def leave_at_first(client: Client, message: Any) -> None:
    """Be a client that goes after the first chunk."""
    if len(client.messages) == 1:
        client.gone.set()


def test_disconnect_while_an_async_iterator_waits() -> None:
    """`http.disconnect` ends a stream that has nothing to send; its clean-up runs."""
    ended: list[str] = []

    async def wait() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("closed")

    reply = asyncio.run(Client(on_message=leave_at_first).call(StreamingResponse(wait())))
    assert bodies(reply.messages) == [(b"a", True)]
    assert ended == ["closed"]


def test_disconnect_of_an_endless_stream() -> None:
    """A stream that never waits long is stopped as well."""
    source = Source()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                await asyncio.sleep(0)
                yield b"x"
        finally:
            source.close()

    asyncio.run(Client(on_message=leave_at_first).call(StreamingResponse(endless())))
    assert source.closed.is_set()


def test_disconnect_while_a_plain_iterator_waits() -> None:
    """The response ends at once; the generator is closed when its step comes back, by the thread it runs in."""
    go_on, closed = threading.Event(), threading.Event()

    def wait() -> Iterator[bytes]:
        try:
            yield b"a"
            go_on.wait(30)
            yield b"b"
        finally:
            closed.set()

    async def main() -> None:
        await Client(on_message=leave_at_first).call(StreamingResponse(wait()))
        assert not closed.is_set()
        go_on.set()
        assert await asyncio.to_thread(closed.wait, 30)

    asyncio.run(main())


@every_kind
def test_cancelled_stream(kind: Any) -> None:
    """A cancellation from outside is passed on, and the iterator is closed."""
    source = Source(b"a", b"b")

    async def stay(client: Client, message: Any) -> None:
        if len(client.messages) == 2:
            reached.set()
            await asyncio.Event().wait()

    async def main() -> None:
        running = asyncio.create_task(Client(on_message=stay).call(StreamingResponse(kind(source))))
        await reached.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    reached = asyncio.Event()
    asyncio.run(main())
    assert source.closed.is_set()


def test_full_pool_of_handlers_does_not_stop_a_stream() -> None:
    """Handlers that wait for what a stream holds do not keep it from ending."""
    app, released = HawkAPI(worker_threads=1), threading.Event()

    def hold() -> Iterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            released.set()

    async def main() -> bytes:
        waiting = asyncio.create_task(app._workers.run(released.wait, 30))
        reply = await Client(extra={"app": app}).call(StreamingResponse(hold()))
        assert await waiting
        return reply.body

    assert asyncio.run(main()) == b"ab"


def test_receive_that_never_waits() -> None:
    """A driver that repeats the end of the body for ever neither stops the stream nor the loop."""
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.06)
            yield b"x"

    asyncio.run(StreamingResponse(slow())({"type": "http"}, receive, send))
    assert [message.get("body") for message in messages] == [None, b"x", b"x", b"x", b""]


class Read:
    """A reader that has read everything."""

    body = b""


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        pytest.param({"method": "GET", "headers": []}, True, id="no-body"),
        pytest.param({"method": "POST", "headers": []}, True, id="no-body-in-1.1"),
        pytest.param({"method": "POST", "headers": [(b"content-length", b"0")]}, True, id="empty"),
        pytest.param({"method": "POST", "headers": [(b"content-length", b"1")]}, False, id="body"),
        pytest.param({"method": "POST", "headers": [(b"transfer-encoding", b"chunked")]}, False, id="chunked"),
        pytest.param({"method": "POST", "headers": [(b"content-length", b"1")], BODY_KEY: b"x"}, True, id="read"),
        pytest.param({"method": "POST", "headers": [(b"content-length", b"1")], BODY_KEY: Read()}, True, id="kept"),
        pytest.param({"method": "POST", "headers": [(b"content-length", b"1")], BODY_KEY: 1}, False, id="half-read"),
        pytest.param({"method": "POST", "http_version": "2", "headers": []}, False, id="http-2"),
        pytest.param({"method": "GET", "http_version": "2", "headers": []}, True, id="http-2-get"),
    ],
)
def test_receive_is_left_to_those_who_read_the_body(scope: dict[str, Any], expected: bool) -> None:
    """Nobody listens for the disconnect while a body may still be read."""
    assert may_listen(scope) is expected

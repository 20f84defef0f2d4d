"""Server-sent events."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from streams import Client, answer

from hawkapi._threading import AsyncEvent
from hawkapi.background import BackgroundTask
from hawkapi.responses import EventSourceResponse, ServerSentEvent, StreamingResponse
from hawkapi.types import STOP_EXTENSION


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(ServerSentEvent("hi"), "data: hi\n\n", id="data"),
        pytest.param(ServerSentEvent(""), "data: \n\n", id="empty"),
        pytest.param(ServerSentEvent(data="hi"), "data: hi\n\n", id="by-name"),
        pytest.param(ServerSentEvent("a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n", id="lines"),
        pytest.param(ServerSentEvent("a\n"), "data: a\ndata: \n\n", id="last-line-empty"),
        pytest.param(ServerSentEvent("a\u2028b\x0bc\x85d"), "data: a\u2028b\x0bc\x85d\n\n", id="other-line-ends"),
        pytest.param(
            ServerSentEvent("d", event="e", id="i", retry=5), "id: i\nevent: e\nretry: 5\ndata: d\n\n", id="all"
        ),
        pytest.param(ServerSentEvent("d", retry=0), "retry: 0\ndata: d\n\n", id="retry-0"),
        pytest.param(ServerSentEvent("d", id=""), "id: \ndata: d\n\n", id="empty-id"),
        pytest.param(ServerSentEvent(comment="a\nb"), ": a\n: b\n\n", id="comment"),
        pytest.param(ServerSentEvent("d", comment="c\rdata: x"), ": c\n: data: x\ndata: d\n\n", id="comment-injects"),
        pytest.param(ServerSentEvent("d", event="e\ndata: x"), "event: edata: x\ndata: d\n\n", id="event-lf"),
        pytest.param(ServerSentEvent("d", event="e\r\n\r\nid: x"), "event: eid: x\ndata: d\n\n", id="event-crlf"),
        pytest.param(ServerSentEvent("d", id="i\rretry: 1\0"), "id: iretry: 1\ndata: d\n\n", id="id-cr-nul"),
        pytest.param(ServerSentEvent("\ud800"), "data: ?\n\n", id="half-a-surrogate"),
        pytest.param(ServerSentEvent("é"), "data: é\n\n", id="utf-8"),
    ],
)
def test_encode(event: ServerSentEvent, expected: str) -> None:
    """Fields come in order, each line of the data on its own; no value can begin another field."""
    assert event.encode() == expected.encode()


@pytest.mark.parametrize("retry", [-1, 1.5, True, "5"])
def test_retry_that_is_no_time(retry: Any) -> None:
    """It is a whole number of milliseconds."""
    with pytest.raises(ValueError, match="retry is"):
        ServerSentEvent("x", retry=retry)


@pytest.mark.parametrize("options", [{"data": 1}, {"data": "x", "event": 1}, {"data": "x", "id": 1}, {"comment": b""}])
def test_field_that_is_no_text(options: dict[str, Any]) -> None:
    """Everything else is text."""
    with pytest.raises(TypeError, match="of an event is text"):
        ServerSentEvent(**options)


async def events() -> AsyncIterator[Any]:
    yield ServerSentEvent("a", id="1")
    yield "b\nc"
    yield b": raw\n\n"


def plain_events() -> Iterator[Any]:
    yield ServerSentEvent("a", id="1")
    yield "b\nc"
    yield b": raw\n\n"


@pytest.mark.parametrize("content", [events, plain_events, lambda: list(plain_events())])
@pytest.mark.parametrize("ping", [None, 15.0, 0.001])
def test_stream(content: Any, ping: float | None) -> None:
    """Events, text and encoded events are sent, from async and plain iterators."""
    reply = answer(EventSourceResponse(content(), ping=ping))
    sent = [message["body"] for message in reply.messages[1:] if message["body"] != b": ping\n\n"]
    assert sent == [b"id: 1\ndata: a\n\n", b"data: b\ndata: c\n\n", b": raw\n\n", b""]
    assert [message["more_body"] for message in reply.messages[1:]][-1] is False
    assert reply.headers == [
        (b"cache-control", b"no-cache"),
        (b"x-accel-buffering", b"no"),
        (b"content-type", b"text/event-stream"),
    ]


def test_headers_replace() -> None:
    """The user's fields replace those of the class, whatever their case."""
    reply = answer(EventSourceResponse([], headers={"Cache-Control": "no-store", "X-Accel-Buffering": "yes"}))
    assert (reply.header("cache-control"), reply.header("x-accel-buffering")) == ("no-store", "yes")
    assert reply.header("connection") is None


@pytest.mark.parametrize("event", [1, None, {"data": "x"}])
def test_item_that_is_no_event(event: Any) -> None:
    """It breaks the stream off."""
    with pytest.raises(TypeError, match=r"EventSourceResponse takes ServerSentEvent\(\.\.\.\), text or bytes"):
        answer(EventSourceResponse([event]))


@pytest.mark.parametrize("ping", [0, -1, float("nan")])
def test_ping_that_is_no_interval(ping: float) -> None:
    """It is positive."""
    with pytest.raises(ValueError, match="ping is"):
        EventSourceResponse([], ping=ping)


def test_quiet_stream_is_kept_alive() -> None:
    """Comments are sent while there are no events; events come through between them."""
    pinged = asyncio.Event()

    async def count(client: Client, message: Any) -> None:
        if message.get("body") == b": ping\n\n" and sum(m.get("body") == message["body"] for m in client.messages) == 2:
            pinged.set()

    async def quiet() -> AsyncIterator[str]:
        yield "a"
        await pinged.wait()
        yield "b"

    reply = asyncio.run(Client(on_message=count).call(EventSourceResponse(quiet(), ping=0.005)))
    assert reply.body.startswith(b"data: a\n\n: ping\n\n: ping\n\n")
    assert reply.body.replace(b": ping\n\n", b"") == b"data: a\n\ndata: b\n\n"


def test_messages_do_not_overlap() -> None:
    """A server that is slow to take a comment is not given an event meanwhile."""
    sending = 0
    pinged = asyncio.Event()

    async def slow(client: Client, message: Any) -> None:
        nonlocal sending
        sending += 1
        assert sending == 1
        if message.get("body") == b": ping\n\n":
            pinged.set()
        for _ in range(20):
            await asyncio.sleep(0)
        sending -= 1

    async def quiet() -> AsyncIterator[str]:
        await pinged.wait()
        yield "b"

    reply = asyncio.run(Client(on_message=slow).call(EventSourceResponse(quiet(), ping=0.005)))
    assert reply.body.endswith(b"data: b\n\n")


def test_ping_finds_that_the_client_has_gone() -> None:
    """A stream that waits for ever ends when a comment cannot be sent."""
    closed: list[str] = []

    async def gone(client: Client, message: Any) -> None:
        if message.get("body") == b": ping\n\n":
            raise BrokenPipeError

    async def wait() -> AsyncIterator[str]:
        try:
            await asyncio.Event().wait()
            yield "never"
        finally:
            closed.append("closed")

    reply = asyncio.run(Client(on_message=gone).call(EventSourceResponse(wait(), ping=0.005)))
    assert (len(reply.messages), closed) == (1, ["closed"])


def test_failing_stream_of_events() -> None:
    """The exception comes out, and no comment is sent after it."""
    client, go_on = Client(), threading.Event()

    def fail() -> Iterator[str]:
        yield "a"
        go_on.wait(0.02)
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        asyncio.run(client.call(EventSourceResponse(fail(), ping=0.005)))
    assert client.messages[-1]["more_body"] is True


class Endless:
    """A server that will stop, and events that do not end before it has."""

    def __init__(self) -> None:
        self.stop = AsyncEvent()
        self.notes: list[str] = []

    async def events(self) -> AsyncIterator[str]:
        try:
            yield "a"
            self.stop.set()
            await asyncio.Event().wait()
        finally:
            self.notes.append("closed")

    def client(self, **options: Any) -> Client:
        """Return a client of this server."""
        return Client(extra={"extensions": {STOP_EXTENSION: self.stop}}, **options)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("ping", [None, 15.0])
def test_server_that_stops(ping: float | None, method: str) -> None:
    """The stream is closed and its body completed, whether the body of the request was read or not."""
    server = Endless()
    ran: list[str] = []
    response = EventSourceResponse(server.events(), ping=ping, background=BackgroundTask(ran.append, "ran"))
    client = server.client(method=method, headers={"content-length": "5"})
    reply = asyncio.run(client.call(response))
    sent = [(message["body"], message["more_body"]) for message in reply.messages[1:]]
    assert sent == [(b"data: a\n\n", True), (b"", False)]
    assert (server.notes, ran) == (["closed"], ["ran"])


def test_server_that_stops_during_a_stream_of_another_class() -> None:
    """The type of the content counts."""
    server = Endless()
    reply = asyncio.run(server.client().call(StreamingResponse(server.events(), content_type="text/event-stream")))
    assert (reply.messages[-1], server.notes) == (
        {"type": "http.response.body", "body": b"", "more_body": False},
        ["closed"],
    )


def test_server_that_stops_during_a_stream_with_an_end() -> None:
    """Anything else that is streamed comes to its own end."""
    stop = AsyncEvent()
    stop.set()

    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        for _ in range(20):
            await asyncio.sleep(0)
        yield b"b"

    client = Client(extra={"extensions": {STOP_EXTENSION: stop}})
    assert asyncio.run(client.call(StreamingResponse(parts()))).body == b"ab"


def test_server_that_stops_when_the_client_has_gone() -> None:
    """Nothing is sent to nobody."""
    server = Endless()

    async def gone(client: Client, message: Any) -> None:
        if message["type"] == "http.response.body":
            raise BrokenPipeError

    reply = asyncio.run(server.client(on_message=gone).call(EventSourceResponse(server.events())))
    assert (len(reply.messages), server.notes) == (1, ["closed"])


def test_stream_that_fails_when_the_server_stops() -> None:
    """What it raises is not lost, and the body is not completed."""
    server = Endless()
    client = server.client()

    async def fail() -> AsyncIterator[str]:
        try:
            async for event in server.events():
                yield event
        except asyncio.CancelledError:
            raise LookupError("broken") from None

    with pytest.raises(LookupError, match="broken"):
        asyncio.run(client.call(EventSourceResponse(fail())))
    assert client.messages[-1]["more_body"] is True

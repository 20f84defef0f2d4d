"""Bodies: whole and streamed, shared, limited, and broken off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from asgi import http_scope

from hawkapi.exceptions import ClientDisconnect
from hawkapi.requests import Request
from hawkapi.requests.body import keep_body, replay_body
from hawkapi.requests.errors import RequestEntityTooLarge
from hawkapi.requests.request import DEFAULT_MAX_BODY_SIZE, read_body, read_request_body

type Message = dict[str, Any]


class Client:
    """Gives messages one after the other, and counts how often it was asked."""

    def __init__(self, *pieces: bytes | None, ends: bool = True) -> None:
        self.messages = [self._message(piece, index < len(pieces) - 1) for index, piece in enumerate(pieces)]
        self.asked = 0
        if not ends:
            self.messages[-1]["more_body"] = True

    @staticmethod
    def _message(piece: bytes | None, more: bool) -> Message:
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": more}

    async def receive(self) -> Message:
        self.asked += 1
        if not self.messages:
            await asyncio.Event().wait()  # Nothing comes any more, as from a client that waits for the response.
        return self.messages.pop(0)


def post(client: Client, *headers: tuple[str, str], **extra: Any) -> Request:
    return Request(http_scope("POST", "/", headers, **extra), client.receive)


def again(request: Request, client: Client, max_body_size: int | None = None) -> Request:
    """Return another `Request` of the same scope, as a handler gets one after a middleware."""
    return Request(request.scope, client.receive, None, max_body_size)


async def chunks_of(request: Request) -> list[bytes]:
    return [chunk async for chunk in request.stream()]


def run[T](main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(main())


@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        pytest.param([b""], b"", id="empty"),
        pytest.param([b"abc"], b"abc", id="one"),
        pytest.param([b"a", b"", b"bc", b""], b"abc", id="several"),
    ],
)
def test_body(pieces: list[bytes], body: bytes) -> None:
    """The body is all of its pieces, read once."""

    async def main() -> None:
        client = Client(*pieces)
        request = post(client)
        assert await request.body() == body
        assert await request.body() == body
        assert await again(request, client).body() == body
        assert client.asked == len(pieces)

    run(main)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({"type": "http.request"}, id="nothing"),
        pytest.param({"type": "http.request", "body": None}, id="none"),
        pytest.param({"type": "http.request", "body": bytearray()}, id="bytearray"),
    ],
)
def test_body_of_sparse_messages(message: Message) -> None:
    """Servers may leave out what is empty."""

    async def receive() -> Message:
        return message

    body = run(lambda: Request(http_scope("POST", "/"), receive).body())
    assert body == b""
    assert type(body) is bytes


def test_body_from_other_buffers() -> None:
    """A server's own kind of buffer becomes bytes."""

    async def receive() -> Message:
        return {"type": "http.request", "body": memoryview(b"abc")}

    assert run(lambda: Request(http_scope("POST", "/"), receive).body()) == b"abc"


@pytest.mark.parametrize("pieces", [[b"abcd"], [b"ab", b"cd"], [b"abc", b"d", b""]], ids=["one", "two", "three"])
def test_body_limit(pieces: list[bytes]) -> None:
    """Exactly as many bytes as allowed are fine; one more is refused, each time."""

    async def main() -> None:
        scope = http_scope("POST", "/")
        client = Client(*pieces)
        assert await Request(dict(scope), client.receive, max_body_size=4).body() == b"abcd"
        request = Request(scope, Client(*pieces).receive, max_body_size=3)
        for _ in range(2):
            with pytest.raises(RequestEntityTooLarge) as caught:
                await request.body()
            assert caught.value.max_size == 3
            assert str(caught.value) == "Request body exceeds maximum size of 3 bytes"

    run(main)


def test_body_limit_of_another_request() -> None:
    """A limit holds for who has it: a tighter one refuses what was read, a wider one goes on reading."""

    async def main() -> None:
        client = Client(b"ab", b"cd", b"e")
        request = post(client)
        with pytest.raises(RequestEntityTooLarge):
            await again(request, client, 3).body()
        assert client.asked == 2
        assert await again(request, client, 5).body() == b"abcde"
        with pytest.raises(RequestEntityTooLarge):
            await again(request, client, 4).body()
        with pytest.raises(RequestEntityTooLarge):
            await anext(aiter(again(request, client, 4).stream()))

    run(main)


@pytest.mark.parametrize(
    ("declared", "refused"),
    [
        pytest.param("4", False, id="as-long"),
        pytest.param("5", True, id="longer"),
        pytest.param("0005", True, id="leading-zeros"),
        pytest.param("9" * 5000, True, id="huge"),
        pytest.param("0" * 5000 + "4", False, id="thousands-of-zeros"),
        pytest.param("0" * 5000, False, id="nothing-but-zeros"),
        pytest.param("-5", False, id="negative"),
        pytest.param("5x", False, id="no-number"),
        pytest.param("", False, id="empty"),
        pytest.param("²", False, id="not-ascii"),
    ],
)
def test_declared_length(declared: str, refused: bool) -> None:
    """A body declared too long is refused before it is asked for; what is no length is ignored."""

    async def main() -> None:
        reading: list[Callable[[Request, Client], Any]] = [
            lambda request, _client: request.body(),
            lambda request, _client: anext(request.stream()),
            lambda request, client: read_request_body(request.scope, client.receive, 4),
        ]
        for read in reading:
            client = Client(b"abcd")
            scope = http_scope("POST", "/", [("content-length", declared)])
            request = Request(scope, client.receive, max_body_size=4)
            if refused:
                with pytest.raises(RequestEntityTooLarge):
                    await read(request, client)
                assert client.asked == 0
            else:
                assert await read(request, client) == b"abcd"

    run(main)


def test_limit_of_the_application() -> None:
    """Without a limit of its own a request has the application's, without an application the default."""

    class App:
        max_body_size = 3

    receive = Client().receive
    assert Request(http_scope("POST", "/", app=App()), receive).max_body_size == 3
    assert Request(http_scope("POST", "/", app=App()), receive, max_body_size=2).max_body_size == 2
    assert Request(http_scope("POST", "/", app=object()), receive).max_body_size == DEFAULT_MAX_BODY_SIZE
    assert Request(http_scope("POST", "/"), receive).max_body_size == DEFAULT_MAX_BODY_SIZE == 10 * 1024 * 1024


@pytest.mark.parametrize("pieces", [[None], [b"a", None]], ids=["at-once", "after-a-piece"])
def test_disconnect(pieces: list[bytes | None]) -> None:
    """Half a body is never handed over, also not to who asks again."""

    async def main() -> None:
        client = Client(*pieces)
        request = post(client)
        for _ in range(2):
            with pytest.raises(ClientDisconnect):
                await request.body()
        with pytest.raises(ClientDisconnect):
            await chunks_of(request)
        assert await request.is_disconnected()

    run(main)


def test_stream() -> None:
    """A stream has the pieces that are not empty; the body is gone then, and another stream has nothing."""

    async def main() -> None:
        client = Client(b"ab", b"", b"c", b"")
        request = post(client)
        assert await chunks_of(request) == [b"ab", b"c"]
        readers: list[Callable[[], Any]] = [request.body, request.json, again(request, client).body, request.form]
        for read in readers:
            with pytest.raises(RuntimeError, match=r"^Body already consumed by stream\(\)$"):
                await read()
        assert await chunks_of(request) == []
        with pytest.raises(RuntimeError, match="consumed"):
            await read_request_body(request.scope, client.receive, 10)

    run(main)


def test_form_after_stream() -> None:
    """A form that was streamed is gone as well."""

    async def main() -> None:
        request = post(Client(b"a=1"), ("content-type", "application/x-www-form-urlencoded"))
        await chunks_of(request)
        with pytest.raises(RuntimeError, match="consumed"):
            await request.form()

    run(main)


def test_kept_stream() -> None:
    """A body that is kept may be read in the middle of its stream, which goes on, and streamed again."""

    async def main() -> None:
        request = post(Client(b"a", b"b", b"c"))
        keep_body(request.scope)
        stream = request.stream()
        assert await anext(stream) == b"a"
        assert await request.body() == b"abc"
        assert [piece async for piece in stream] == [b"bc"]
        assert await chunks_of(request) == [b"abc"]

    run(main)


@pytest.mark.parametrize("body", [b"abc", b""], ids=["something", "nothing"])
def test_stream_after_body(body: bytes) -> None:
    """What was read already comes in one piece, also when it is empty."""

    async def main() -> None:
        request = post(Client(body[:1], body[1:]))
        await request.body()
        assert await chunks_of(request) == [body]
        assert await request.body() == body

    run(main)


def test_stream_given_up() -> None:
    """Who has taken a part of a stream leaves no whole body behind."""

    async def main() -> None:
        request = post(Client(b"a", b"b"))
        stream = request.stream()
        assert await anext(stream) == b"a"
        for read in (request.body, lambda: chunks_of(request)):
            with pytest.raises(RuntimeError, match="consumed"):
                await read()
        assert [chunk async for chunk in stream] == [b"b"]

    run(main)


def test_stream_limit() -> None:
    """A stream ends with an error as soon as it is over the limit."""

    async def main() -> None:
        client = Client(b"ab", b"c", b"d", b"e")
        request = Request(http_scope("POST", "/"), client.receive, max_body_size=3)
        stream = request.stream()
        assert [await anext(stream), await anext(stream)] == [b"ab", b"c"]
        with pytest.raises(RequestEntityTooLarge):
            await anext(stream)
        assert client.asked == 3

    run(main)


def test_two_readers_at_once() -> None:
    """Two tasks may not read one body at the same time; it stays whole."""

    async def main() -> None:
        client = Client(b"a", ends=False)
        request = post(client)
        first = asyncio.create_task(request.body())
        await asyncio.sleep(0)
        assert client.asked == 2
        with pytest.raises(RuntimeError, match="two tasks"):
            await request.body()
        assert not await request.is_disconnected()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        client.messages.append({"type": "http.request", "body": b"b"})
        assert await request.body() == b"ab"

    run(main)


def test_disconnected_while_waiting() -> None:
    """A client that is there has not left; what it sends meanwhile is not lost."""

    async def main() -> None:
        client = Client(b"a", b"b")
        request = post(client)
        assert not await request.is_disconnected()
        assert await request.body() == b"ab"
        assert not await request.is_disconnected()
        client.messages.append({"type": "http.disconnect"})
        assert await request.is_disconnected()
        assert await again(request, client).is_disconnected()
        assert await request.body() == b"ab"

    run(main)


def test_disconnected_over_the_limit() -> None:
    """Asking does not take in more of a body than reading would."""

    async def main() -> None:
        client = Client(*[b"abc"] * 9)
        request = Request(http_scope("POST", "/"), client.receive, max_body_size=5)
        for _ in range(3):
            assert not await request.is_disconnected()
        assert client.asked == 2
        with pytest.raises(RequestEntityTooLarge):
            await request.body()

    run(main)


def test_disconnected_with_a_server_that_repeats_itself() -> None:
    """A server that gives the body again and again has not said that the client left."""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"a", "more_body": False}

    async def main() -> None:
        request = Request(http_scope("POST", "/"), receive)
        assert not await request.is_disconnected()
        assert not await request.is_disconnected()
        assert await request.body() == b"a"

    run(main)


def test_message_that_comes_although_nobody_waits() -> None:
    """A server may answer a `receive` that was cancelled; its message is kept."""

    async def receive() -> Message:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return {"type": "http.request", "body": b"late"}
        raise AssertionError

    async def main() -> None:
        request = Request(http_scope("POST", "/"), receive)
        assert not await request.is_disconnected()
        assert await request.body() == b"late"

    run(main)


@pytest.mark.parametrize("pieces", [[b"abc"], [b"a", b"bc"]], ids=["one", "two"])
def test_fast_reading_is_shared(pieces: list[bytes]) -> None:
    """What the application has read for an argument is there for every `Request`, and the other way round."""

    async def main() -> None:
        client = Client(*pieces)
        scope = http_scope("POST", "/")
        assert await read_request_body(scope, client.receive, 3) == b"abc"
        assert await read_request_body(scope, client.receive, 3) == b"abc"
        assert await Request(scope, client.receive).body() == b"abc"
        with pytest.raises(RequestEntityTooLarge):
            await read_request_body(scope, client.receive, 2)
        client = Client(*pieces)
        request = post(client)
        await request.body()
        assert await read_request_body(request.scope, client.receive, 3) == b"abc"

    run(main)


@pytest.mark.parametrize("pieces", [[b"abc"], [b"ab", b"c"]], ids=["one", "two"])
def test_fast_reading_over_the_limit(pieces: list[bytes]) -> None:
    """A body that was refused is not half there afterwards."""

    async def main() -> None:
        client = Client(*pieces)
        scope = http_scope("POST", "/")
        with pytest.raises(RequestEntityTooLarge):
            await read_request_body(scope, client.receive, 1)
        with pytest.raises(RequestEntityTooLarge):
            await Request(scope, client.receive, max_body_size=2).body()
        assert await Request(scope, client.receive).body() == b"abc"

    run(main)


def test_fast_reading_of_half_a_body() -> None:
    """A client that leaves in the middle has sent no body."""

    async def main() -> None:
        client = Client(b"a", None)
        scope = http_scope("POST", "/")
        with pytest.raises(ClientDisconnect):
            await read_request_body(scope, client.receive, 9)
        with pytest.raises(ClientDisconnect):
            await Request(scope, client.receive).body()

    run(main)


def test_read_body() -> None:
    """Where there is no scope, the body is read with a limit, declared or not."""

    async def main() -> None:
        assert await read_body(Client(b"ab", b"c").receive, 3) == b"abc"
        with pytest.raises(RequestEntityTooLarge):
            await read_body(Client(b"ab", b"c").receive, 2)
        client = Client(b"abc")
        with pytest.raises(RequestEntityTooLarge):
            await read_body(client.receive, 2, declared=3)
        assert client.asked == 0

    run(main)


async def _polled(request: Request) -> None:
    assert not await request.is_disconnected()


async def _read(request: Request) -> None:
    await request.body()


async def _nothing(request: Request) -> None:
    return None


@pytest.mark.parametrize("before", [_nothing, _read, _polled], ids=["unread", "read", "polled"])
@pytest.mark.parametrize("pieces", [[b"ab", b"c"], [b""]], ids=["something", "nothing"])
def test_replay(before: Callable[[Request], Coroutine[Any, Any, None]], pieces: list[bytes]) -> None:
    """An application that reads for itself gets the body, whoever has read it."""

    async def main() -> None:
        client = Client(*pieces)
        request = post(client)
        await before(request)
        receive = replay_body(request.scope, client.receive)
        assert await read_body(receive) == b"".join(pieces)
        client.messages.append({"type": "http.disconnect"})
        assert (await receive())["type"] == "http.disconnect"

    run(main)


def test_replay_of_a_consumed_body() -> None:
    """What was consumed does not come again."""

    async def main() -> None:
        client = Client(b"a", b"b")
        request = post(client)
        await chunks_of(request)
        client.messages.append({"type": "http.disconnect"})
        with pytest.raises(ClientDisconnect):
            await read_body(replay_body(request.scope, client.receive))

    run(main)

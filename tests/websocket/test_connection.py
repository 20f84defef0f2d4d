"""`WebSocket`: what it sends, what it makes of what comes, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from websockets_asgi import ACCEPT, DENIAL, Wire, close, in_loop, socket_on, text, websocket_scope

from hawkapi import JSONResponse, StreamingResponse, WebSocket, WebSocketDisconnect, WebSocketState
from hawkapi.codec import CodecError
from hawkapi.requests.connection import HTTPConnection
from hawkapi.websocket import MalformedMessageError, UnexpectedMessageError, WebSocketGoneError

DISCONNECTED = WebSocketState.DISCONNECTED


@dataclass
class Point:
    x: int
    y: float = 0.5


def test_scope_members() -> None:
    """A WebSocket has what a request has of its handshake."""
    extra = {"path_params": {"room": 5}, "app": "the app", "state": {"db": 1}, "subprotocols": ["a", "b"]}
    headers = [("Host", "example.org"), ("Cookie", "who=ada"), ("X-A", "1")]
    socket = WebSocket(websocket_scope("/r/5?q=%20x", headers, **extra), Wire().receive, Wire().send)
    assert (socket.path, socket.query_string, socket.query_params["q"]) == ("/r/5", b"q=%20x", " x")
    assert (socket.headers["x-a"], socket.cookies, socket.client) == ("1", {"who": "ada"}, ("127.0.0.1", 40000))
    assert (socket.url, socket.app, socket.path_params) == ("ws://example.org/r/5?q=%20x", "the app", {"room": 5})
    assert (socket.state, socket.scope_state.db, socket.subprotocols) == (WebSocketState.CONNECTING, 1, ["a", "b"])
    assert isinstance(socket, HTTPConnection)


def test_states_have_names() -> None:
    """The values of the states are words."""
    assert [state.value for state in WebSocketState] == ["connecting", "connected", "disconnected"]


def test_disconnect_carries_code_and_reason() -> None:
    """The error says what the connection was closed with, by default normally."""
    default, given = WebSocketDisconnect(), WebSocketDisconnect(4000, "bye")
    assert (default.code, default.reason, given.code, given.reason) == (1000, "", 4000, "bye")
    assert str(given) == "WebSocket closed with 4000: bye"


@in_loop
async def test_conversation() -> None:
    """Every kind of message is sent and received, and the client's close ends it."""
    wire = Wire("a", b"b", '{"x": [1, null]}', b"[2]", {"type": "websocket.disconnect", "code": 4001, "reason": "done"})
    socket = socket_on(wire)
    await socket.accept()
    got = [await socket.receive_text(), await socket.receive_bytes()]
    assert [*got, await socket.receive_json(), await socket.receive_json("binary")] == [
        "a",
        b"b",
        {"x": [1, None]},
        [2],
    ]
    await socket.send_text("a")
    await socket.send_bytes(bytearray(b"b"))
    await socket.send_json(Point(1))
    await socket.send_json({"p": Point(1)}, mode="binary")
    with pytest.raises(WebSocketDisconnect) as caught:
        await socket.receive_text()
    assert (caught.value.code, caught.value.reason, socket.state) == (4001, "done", DISCONNECTED)
    assert (socket.close_code, socket.close_reason) == (4001, "done")
    with pytest.raises(WebSocketDisconnect) as again:
        await socket.receive()
    assert again.value.code == 1000
    assert wire.sent == [
        ACCEPT,
        text("a"),
        {"type": "websocket.send", "bytes": b"b"},
        text('{"x":1,"y":0.5}'),
        {"type": "websocket.send", "bytes": b'{"p":{"x":1,"y":0.5}}'},
    ]


@in_loop
async def test_accept_with_subprotocol_and_fields() -> None:
    """One of the offered subprotocols and further fields, with names in lower case, go with the answer."""
    wire = Wire()
    socket = socket_on(wire, subprotocols=["chat", "news"])
    await socket.accept("news", {"X-Room": "5\r\nSet-Cookie: a=b"})
    # SECURITY: what would end the field early is removed.
    fields = [(b"x-room", b"5Set-Cookie: a=b")]
    assert wire.sent == [{"type": "websocket.accept", "subprotocol": "news", "headers": fields}]
    assert (socket.subprotocol, socket.state) == ("news", WebSocketState.CONNECTED)


@in_loop
async def test_accept_with_pairs() -> None:
    """Fields may be pairs, of text or of bytes as other frameworks have them; names may repeat."""
    wire = Wire()
    await socket_on(wire).accept(headers=[("Set-Cookie", "a=1"), (b"set-cookie", b"b=2")])
    assert wire.sent == [{"type": "websocket.accept", "headers": [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]}]


@pytest.mark.parametrize(
    ("subprotocol", "headers", "message"),
    [
        pytest.param("chat", None, r"subprotocol 'chat' is not one that the client offers: \['news'\]", id="offered"),
        pytest.param(None, {"Sec-WebSocket-Protocol": "x"}, "'sec-websocket-protocol' belongs to", id="handshake"),
        pytest.param(None, {"Upgrade": "x"}, "'upgrade' belongs to the handshake", id="upgrade"),
        pytest.param(None, {"a b": "x"}, "'a b' is not the name of a header field", id="name"),
        pytest.param(None, {"a": "\u20ac"}, "not in latin-1", id="value"),
    ],
)
@in_loop
async def test_accept_refuses(subprotocol: str | None, headers: dict[str, str] | None, message: str) -> None:
    """What the client did not offer, and fields that are not the application's, are refused; it can still accept."""
    wire = Wire()
    socket = socket_on(wire, subprotocols=["news"])
    with pytest.raises(ValueError, match=message):
        await socket.accept(subprotocol, headers)
    assert (wire.sent, socket.state) == ([], WebSocketState.CONNECTING)
    await socket.accept()
    assert wire.sent == [ACCEPT]


type Use = Callable[[WebSocket], Awaitable[Any]]


async def nothing(socket: WebSocket) -> None:
    """Leave a WebSocket as it is."""


async def accepted(socket: WebSocket) -> None:
    """Accept a WebSocket."""
    await socket.accept()


async def closed(socket: WebSocket) -> None:
    """Accept a WebSocket and close it."""
    await socket.accept()
    await socket.close()


async def left(socket: WebSocket) -> None:
    """Accept a WebSocket whose client goes."""
    await socket.accept()
    with pytest.raises(WebSocketDisconnect):
        await socket.receive()


@pytest.mark.parametrize(
    ("before", "use", "message"),
    [
        pytest.param(accepted, WebSocket.accept, "Cannot accept: state is connected", id="accept-twice"),
        pytest.param(closed, WebSocket.accept, "Cannot accept: state is disconnected", id="accept-after-close"),
        pytest.param(
            accepted,
            lambda socket: socket.send_denial_response(JSONResponse({})),
            "Cannot deny: state is connected",
            id="deny-after-accept",
        ),
        pytest.param(
            nothing,
            lambda socket: socket.send_text("x"),
            "Cannot send: WebSocket state is connecting; accept it first",
            id="send-before-accept",
        ),
        pytest.param(
            nothing,
            lambda socket: socket.send_bytes(b"x"),
            "Cannot send: WebSocket state is connecting; accept it first",
            id="bytes-before-accept",
        ),
        pytest.param(
            closed,
            lambda socket: socket.send_json(1),
            "Cannot send: WebSocket state is disconnected",
            id="send-after-close",
        ),
        pytest.param(
            left,
            lambda socket: socket.send_text("x"),
            "Cannot send: WebSocket state is disconnected; the client closed with 1006",
            id="send-after-the-client-left",
        ),
    ],
)
@in_loop
async def test_order_that_is_refused(before: Use, use: Use, message: str) -> None:
    """An event that the protocol does not allow at this moment is refused here and not sent to the server."""
    wire = Wire()
    socket = socket_on(wire)
    await before(socket)
    sent = list(wire.sent)
    with pytest.raises(RuntimeError, match=f"^{message}$"):
        await use(socket)
    assert wire.sent == sent


EARLY: dict[str, Use] = {
    "text": WebSocket.receive_text,
    "bytes": WebSocket.receive_bytes,
    "json": WebSocket.receive_json,
    "iteration": lambda socket: anext(aiter(socket)),
}


@pytest.mark.parametrize("use", EARLY.values(), ids=EARLY)
@in_loop
async def test_receiving_before_accept(use: Use) -> None:
    """It would wait for a client that waits for it; the connection can still be accepted."""
    wire = Wire("late")
    answers = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await answers.wait()
        return await wire.receive()

    socket = WebSocket(websocket_scope(), receive, wire.send)
    with pytest.raises(RuntimeError, match=r"Cannot receive before accept\(\): the client waits for it, too"):
        await use(socket)
    answers.set()
    await socket.accept()
    assert (await socket.receive_text(), wire.sent) == ("late", [ACCEPT])


@in_loop
async def test_client_that_has_gone_before_accept() -> None:
    """That is what receiving says then."""
    socket = socket_on(Wire(1001))
    with pytest.raises(WebSocketDisconnect) as caught:
        await socket.receive_text()
    assert (caught.value.code, socket.state) == (1001, DISCONNECTED)


@in_loop
async def test_send_after_the_client_left_is_a_disconnect() -> None:
    """Who sends to a client that has gone may catch the one error that says so."""
    socket = socket_on(Wire(1001))
    await left(socket)
    with pytest.raises(WebSocketDisconnect) as caught:
        await socket.send_text("x")
    assert (type(caught.value), caught.value.code) == (WebSocketGoneError, 1001)


@pytest.mark.parametrize("before", [nothing, accepted, left])
@in_loop
async def test_close_is_idempotent(before: Use) -> None:
    """Only the first close is sent, and none to a client that has gone."""
    wire = Wire()
    socket = socket_on(wire)
    await before(socket)
    sent = [] if before is left else [close(4000, "bye")]
    accepts = list(wire.sent)
    await socket.close(4000, "bye")
    await socket.close(4001)
    assert (wire.sent, socket.state) == ([*accepts, *sent], DISCONNECTED)


@in_loop
async def test_close_swallows_errors_of_the_server() -> None:
    """A close that cannot be sent has closed all the same."""

    async def send(message: Any) -> None:
        raise RuntimeError("no")

    socket = WebSocket(websocket_scope(), Wire().receive, send)
    await socket.close()
    assert socket.state is DISCONNECTED


SENDABLE = {1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999}


@pytest.mark.parametrize("code", [0, 999, *range(1000, 1017), 2999, 3000, 3999, 4000, 4999, 5000])
@in_loop
async def test_close_codes(code: int) -> None:
    """The codes that a close frame may carry are sent, others are refused by name."""
    wire = Wire()
    socket = socket_on(wire)
    if code in SENDABLE:
        await socket.close(code)
        assert wire.sent == [close(code)]
    else:
        with pytest.raises(ValueError, match=f"close code {code} may not be sent"):
            await socket.close(code)
        assert (wire.sent, socket.state) == ([], WebSocketState.CONNECTING)


@pytest.mark.parametrize(
    ("reason", "fits"), [("x" * 123, True), ("x" * 124, False), ("é" * 61, True), ("é" * 62, False)]
)
@in_loop
async def test_close_reasons(reason: str, fits: bool) -> None:
    """A reason has at most 123 bytes of UTF-8."""
    wire = Wire()
    if fits:
        await socket_on(wire).close(1000, reason)
        assert wire.sent == [close(1000, reason)]
    else:
        with pytest.raises(ValueError, match="the reason has 124 bytes; a close frame has room for 123"):
            await socket_on(wire).close(1000, reason)


@in_loop
async def test_close_reason_of_another_type() -> None:
    """A reason that is no text is refused."""
    with pytest.raises(TypeError, match="the reason is a str, not int"):
        await socket_on(Wire()).close(1000, 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "receive", "message"),
    [
        pytest.param(b"x", WebSocket.receive_text, "Expected text frame, got binary", id="text"),
        pytest.param("x", WebSocket.receive_bytes, "Expected binary frame, got text", id="bytes"),
        pytest.param(b"1", WebSocket.receive_json, "Expected text frame, got binary", id="json"),
        pytest.param("1", lambda s: s.receive_json("binary"), "Expected binary frame, got text", id="json-binary"),
        pytest.param(
            {"type": "websocket.receive", "text": None, "bytes": b"x"},
            WebSocket.receive_text,
            "Expected text frame, got binary",
            id="both-keys",
        ),
    ],
)
@in_loop
async def test_other_kind_of_message(step: Any, receive: Use, message: str) -> None:
    """A message of the other kind is an error, after which the connection goes on."""
    socket = socket_on(Wire(step, "next"))
    await socket.accept()
    with pytest.raises(UnexpectedMessageError, match=f"^{message}$") as caught:
        await receive(socket)
    assert isinstance(caught.value, RuntimeError)
    assert await socket.receive_text() == "next"


@pytest.mark.parametrize("data", ["", "{", "[1,]", "NaN", '"\ud800"', "[" * 300], ids=repr)
@in_loop
async def test_bad_json(data: str) -> None:
    """Text that is not JSON is an error of the codec, whichever codec it is."""
    socket = socket_on(Wire(data))
    await socket.accept()
    with pytest.raises(MalformedMessageError) as caught:
        await socket.receive_json()
    assert isinstance(caught.value, CodecError)


@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False)])
@pytest.mark.parametrize("kind", ["text", "binary", "wide"])
@in_loop
async def test_message_size(size: int, fits: bool, kind: str) -> None:
    """A message of more bytes than allowed closes the connection with 1009."""
    messages: dict[str, str | bytes] = {
        "text": "x" * size,
        "binary": b"x" * size,
        "wide": "é" * (size // 2) + "x" * (size % 2),
    }
    message = messages[kind]
    wire = Wire(message)
    socket = socket_on(wire, max_message_size=100)
    await socket.accept()
    if fits:
        assert await socket.receive() == {"type": "websocket.receive", "bytes" if kind == "binary" else "text": message}
        return
    with pytest.raises(WebSocketDisconnect) as caught:
        await socket.receive()
    reason = "Message of 101 bytes exceeds the limit of 100"
    assert (caught.value.code, caught.value.reason, wire.sent[1:]) == (1009, reason, [close(1009, reason)])


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        pytest.param(lambda s: s.send_text(b"x"), TypeError, "send_text takes a str, not bytes", id="text"),
        pytest.param(lambda s: s.send_bytes("x"), TypeError, "send_bytes takes bytes, not str", id="bytes"),
        pytest.param(lambda s: s.send_json(object()), TypeError, "Cannot serialize", id="json"),
        pytest.param(lambda s: s.send_json(float("nan")), ValueError, "NaN|nan", id="nan"),
        pytest.param(lambda s: s.send_json(1, mode="x"), ValueError, "must be 'text' or 'binary'", id="mode"),
    ],
)
@in_loop
async def test_messages_that_cannot_be_sent(use: Use, error: type[Exception], message: str) -> None:
    """What has no form as a message is refused before anything is sent."""
    wire = Wire()
    socket = socket_on(wire)
    await socket.accept()
    with pytest.raises(error, match=message):
        await use(socket)
    assert wire.sent == [ACCEPT]


@in_loop
async def test_iteration() -> None:
    """Iterating gives messages until the client closes, whatever it closes with."""
    texts = socket_on(Wire("a", "b", 1001))
    packets = socket_on(Wire(b"a", b"b"))
    values = socket_on(Wire("1", "[2]", 4000))
    binary = socket_on(Wire(b"1", b"2"))
    assert [message async for message in texts] == ["a", "b"]
    assert [message async for message in packets.iter_bytes()] == [b"a", b"b"]
    assert [message async for message in values.iter_json()] == [1, [2]]
    assert [message async for message in binary.iter_json("binary")] == [1, 2]
    assert texts.close_code == 1001


@in_loop
async def test_iteration_over_another_kind() -> None:
    """A binary message among texts ends the iteration with an error."""
    socket = socket_on(Wire("a", b"b"))
    messages = aiter(socket)
    assert await anext(messages) == "a"
    with pytest.raises(UnexpectedMessageError):
        await anext(messages)


@pytest.mark.parametrize(
    "error",
    [ConnectionResetError(), RuntimeError("ASGI flow error: Transport not initialized or closed")],
    ids=["as-specified", "granian"],
)
@in_loop
async def test_client_goes_during_send(error: Exception) -> None:
    """What servers raise of a client that has gone becomes the one error for it."""

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            raise error

    socket = WebSocket(websocket_scope(), Wire().receive, send)
    await socket.accept()
    with pytest.raises(WebSocketDisconnect) as caught:
        await socket.send_text("x")
    assert (caught.value.code, socket.state) == (1006, DISCONNECTED)


@in_loop
async def test_other_tasks_have_their_turn_while_messages_are_sent() -> None:
    """A handler that only sends does not keep the loop to itself, although the server takes messages at once."""
    socket = socket_on(Wire())
    await socket.accept()
    turn = asyncio.create_task(asyncio.sleep(0))
    sent = 0
    while not turn.done():
        await socket.send_text("x")
        sent += 1
    assert sent <= 32


@in_loop
async def test_close_during_send() -> None:
    """A task whose message waits for a slow client is told that another one has closed meanwhile."""
    waiting, released = asyncio.Event(), asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            waiting.set()
            await released.wait()
            raise RuntimeError("Unexpected ASGI message")

    socket = WebSocket(websocket_scope(), Wire().receive, send)
    await socket.accept()
    task = asyncio.create_task(socket.send_text("x"))
    await waiting.wait()
    await socket.close(1001)
    released.set()
    with pytest.raises(WebSocketDisconnect) as caught:
        await task
    assert caught.value.code == 1001


@in_loop
async def test_error_of_the_server_during_send() -> None:
    """Another error of a server is passed on."""

    async def send(message: Any) -> None:
        raise RuntimeError("something else")

    socket = WebSocket(websocket_scope(), Wire().receive, send, state=WebSocketState.CONNECTED)
    with pytest.raises(RuntimeError, match="something else"):
        await socket.send_text("x")


@in_loop
async def test_tasks_send_at_the_same_time() -> None:
    """Messages of several tasks are all sent, each whole."""
    wire = Wire()
    socket = socket_on(wire)
    await socket.accept()
    await asyncio.gather(*(socket.send_json(number) for number in range(20)))
    assert sorted(int(message["text"]) for message in wire.sent[1:]) == list(range(20))


@pytest.mark.parametrize(
    "use",
    [
        WebSocket.accept,
        WebSocket.close,
        WebSocket.receive,
        lambda socket: socket.send_denial_response(JSONResponse({})),
    ],
    ids=["accept", "close", "receive", "deny"],
)
def test_another_loop_is_refused(use: Use) -> None:
    """A WebSocket is used on its own loop only; the error says how to get there."""
    wire = Wire("x")
    made: list[WebSocket] = []

    async def make() -> None:
        made.append(socket_on(wire, extensions=DENIAL))

    async def misuse() -> None:
        with pytest.raises(
            RuntimeError, match=r"this WebSocket belongs to <.*run_coroutine_threadsafe\(\.\.\., ws.loop"
        ):
            await use(made[0])

    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(make())
        second.run(misuse())
    assert (wire.sent, len(wire.steps)) == ([], 1)


def test_another_loop_is_refused_for_messages() -> None:
    """Sending is refused in the same way."""
    socket = socket_on(Wire())

    async def misuse() -> None:
        with pytest.raises(RuntimeError, match="this WebSocket belongs to"):
            await socket.send_text("x")

    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(socket.accept())
        assert socket.loop is first.get_loop()
        second.run(misuse())


@in_loop
async def test_denial_response() -> None:
    """Where the server has the extension, a whole response refuses the handshake."""
    wire = Wire()
    socket = socket_on(wire, extensions=DENIAL)
    await socket.send_denial_response(JSONResponse({"why": "no"}, status_code=401))
    start, body = wire.sent
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert (b"content-type", b"application/json") in start["headers"]
    assert body == {"type": "websocket.http.response.body", "body": b'{"why":"no"}', "more_body": False}
    assert socket.state is DISCONNECTED


@in_loop
async def test_denial_response_that_streams() -> None:
    """A response in parts is sent in parts."""
    wire = Wire({"type": "websocket.receive"})

    async def parts() -> Any:
        yield b"a"
        yield b"b"

    await socket_on(wire, extensions=DENIAL).send_denial_response(StreamingResponse(parts(), status_code=503))
    assert [message.get("body") for message in wire.sent] == [None, b"a", b"b", b""]


@in_loop
async def test_denial_response_that_listens() -> None:
    """A response that watches its client is told in the words of HTTP that it has gone."""
    heard: list[Any] = []

    async def response(scope: Any, receive: Any, send: Any) -> None:
        heard.append((scope["type"], scope["method"], await receive()))

    await socket_on(Wire(1006), extensions=DENIAL).send_denial_response(response)
    assert heard == [("http", "GET", {"type": "http.disconnect"})]


@in_loop
async def test_denial_without_the_extension() -> None:
    """Without the extension the server's 403 has to do."""
    wire = Wire()
    await socket_on(wire).send_denial_response(JSONResponse({}, status_code=401))
    assert wire.sent == [close()]


@in_loop
async def test_denial_with_an_interim_status() -> None:
    """A status that does not end a request is refused."""
    with pytest.raises(ValueError, match="interim status 103"):
        await socket_on(Wire(), extensions=DENIAL).send_denial_response(JSONResponse({}, status_code=103))


@pytest.mark.parametrize(
    ("headers", "allowed", "expected"),
    [
        pytest.param([], [], True, id="no-browser"),
        pytest.param([("Origin", "http://example.org"), ("Host", "example.org")], [], True, id="same-host"),
        pytest.param([("Origin", "https://example.org"), ("Host", "example.org")], [], True, id="tls-ends-before"),
        pytest.param([("Origin", "https://example.org"), ("Host", "Example.org:443")], [], True, id="default-port"),
        pytest.param([("Origin", "http://example.org:81"), ("Host", "example.org")], [], False, id="other-port"),
        pytest.param([("Origin", "http://evil.org"), ("Host", "example.org")], [], False, id="other-host"),
        pytest.param([("Origin", "http://evil.org")], [], False, id="no-host"),
        pytest.param([("Origin", "null"), ("Host", "null")], [], False, id="opaque"),
        pytest.param([("Origin", "https://A.org"), ("Host", "b.org")], ["https://a.org/"], True, id="listed"),
        pytest.param([("Origin", "https://a.org"), ("Host", "b.org")], ["http://a.org"], False, id="other-scheme"),
        pytest.param([("Origin", "https://a.org"), ("Host", "b.org")], ["*"], True, id="any"),
    ],
)
def test_allows_origin(headers: list[tuple[str, str]], allowed: list[str], expected: bool) -> None:
    """Pages of other hosts are not allowed unless they are listed."""
    socket = WebSocket(websocket_scope("/", headers), Wire().receive, Wire().send)
    assert socket.allows_origin(*allowed) is expected

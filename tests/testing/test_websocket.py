"""WebSocket sessions of a test client, against applications that speak plain ASGI."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hawkapi import HawkAPI, HTTPException, WebSocket
from hawkapi.testing import TestClient, WebSocketDenied, WebSocketDisconnect
from hawkapi.types import Receive, Scope, Send

type Body = Callable[[Scope, Receive, Send], Awaitable[None]]


def accepting(body: Body | None = None, **acceptance: Any) -> Any:
    """Return an application that accepts, and then does what its body says."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept", **acceptance})
        if body is not None:
            await body(scope, receive, send)

    return app


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer each message with itself."""
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


def scope_of(*args: Any, base_url: str = "http://testserver", **options: Any) -> Any:
    """Return the scope of one connection."""
    client = TestClient(accepting(), base_url, headers={"x-a": "1"}, cookies={"c": "d"})
    with client.websocket_connect(*args, **options) as session:
        return session.scope


def test_scope_of_a_connection() -> None:
    """A scope has everything that a server puts there."""
    scope = scope_of("/ws?a=1", ["chat", "text"], params={"b": 2}, headers={"x-b": "2"}, cookies={"e": "f"})
    assert {key: value for key, value in scope.items() if key != "headers"} == {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/ws",
        "raw_path": b"/ws",
        "query_string": b"a=1&b=2",
        "root_path": "",
        "client": ("testclient", 50_000),
        "server": ("testserver", 80),
        "state": {},
        "subprotocols": ["chat", "text"],
        "extensions": {"websocket.http.response": {}, "hawkapi.exceptions": []},
    }
    assert dict(scope["headers"]) == {
        b"host": b"testserver",
        b"connection": b"upgrade",
        b"upgrade": b"websocket",
        b"sec-websocket-version": b"13",
        b"sec-websocket-key": b"dGhlIHNhbXBsZSBub25jZQ==",
        b"sec-websocket-protocol": b"chat, text",
        b"x-a": b"1",
        b"x-b": b"2",
        b"cookie": b"c=d; e=f",
    }
    assert scope_of("/", base_url="https://a")["scheme"] == "wss"


def test_what_the_application_accepts_with() -> None:
    """Subprotocol and header fields of the acceptance are on the session."""
    app = accepting(subprotocol="chat", headers=[(b"x-a", b"1"), (b"x-a", b"2")])
    with TestClient(app).websocket_connect("/", ["chat"]) as session:
        assert (session.accepted_subprotocol, session.response_headers.getlist("X-A")) == ("chat", ["1", "2"])


def test_messages_of_each_kind() -> None:
    """Text, bytes, JSON in either, and events as they are, go both ways."""
    with TestClient(accepting(echo)).websocket_connect("/") as session:
        session.send_text("ä")
        assert session.receive_text() == "ä"
        session.send_bytes(b"\xff")
        assert session.receive_bytes() == b"\xff"
        session.send_json({"a": [1]})
        assert session.receive_json() == {"a": [1]}
        session.send_json({"a": 1}, mode="binary")
        assert session.receive_json(mode="binary") == {"a": 1}
        session.send({"type": "websocket.receive", "text": "x", "bytes": None})
        assert session.receive() == {"type": "websocket.send", "text": "x", "bytes": None}


def test_messages_of_each_kind_in_async_code() -> None:
    """The same, on the loop of an async test."""

    async def main() -> None:
        async with TestClient(accepting(echo, subprotocol="x")).async_websocket_connect("/") as session:
            assert session.accepted_subprotocol == "x"
            await session.send_text("a")
            assert await session.receive_text() == "a"
            await session.send_bytes(b"b")
            assert await session.receive_bytes() == b"b"
            await session.send_json(1)
            assert await session.receive_json() == 1
            await session.send_json(2, mode="binary")
            assert await session.receive_json(mode="binary") == 2
            await session.close(3000)
            with pytest.raises(WebSocketDisconnect):
                await session.send_text("late")

    asyncio.run(main())


def test_message_of_the_other_kind() -> None:
    """It is a failure of the test that shows what came instead."""
    with TestClient(accepting(echo)).websocket_connect("/") as session:
        session.send_text("a")
        with pytest.raises(AssertionError, match="a binary message was expected, not the text 'a'"):
            session.receive_bytes()
        session.send_bytes(b"b")
        with pytest.raises(AssertionError, match="a text message was expected, not the bytes b'b'"):
            session.receive_text()


@pytest.mark.parametrize(
    ("close", "code", "reason"),
    [
        pytest.param({"code": 4001, "reason": "go"}, 4001, "go", id="code-and-reason"),
        pytest.param({}, 1000, "", id="nothing"),
        pytest.param({"code": 1001, "reason": None}, 1001, "", id="no-reason"),
    ],
)
def test_application_that_closes(close: dict[str, Any], code: int, reason: str) -> None:
    """What it sent before is received first; from then on every call raises its code and reason."""
    after: list[Any] = []

    async def body(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.send", "text": "last"})
        await send({"type": "websocket.close", **close})
        after.append(await receive())

    with TestClient(accepting(body)).websocket_connect("/") as session:
        assert session.receive_text() == "last"
        for call in (session.receive_text, session.receive_bytes, session.receive_json, lambda: session.send_text("")):
            with pytest.raises(WebSocketDisconnect) as caught:
                call()
            assert (caught.value.code, caught.value.reason) == (code, reason)
        assert session.receive()["type"] == "websocket.close"
    assert after == [{"type": "websocket.disconnect", "code": code, "reason": reason}]


def test_test_that_closes() -> None:
    """The application gets code and reason, again and again, and may no longer send."""
    seen: list[Any] = []

    async def body(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([await receive(), await receive()])
        try:
            await send({"type": "websocket.send", "text": "late"})
        except OSError as exc:
            seen.append(str(exc))
            raise

    with TestClient(accepting(body)).websocket_connect("/") as session:
        session.close(4000, "done")
        session.close()
        with pytest.raises(WebSocketDisconnect, match="4000: done"):
            session.send_text("late")
    disconnect = {"type": "websocket.disconnect", "code": 4000, "reason": "done"}
    assert seen == [disconnect, disconnect, "the client has disconnected"]


def test_end_of_the_block_closes() -> None:
    """Leaving the block closes with 1000, and waits for the application."""
    seen: list[Any] = []

    async def body(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        await asyncio.sleep(0)
        seen.append(message["code"])

    with TestClient(accepting(body)).websocket_connect("/"):
        pass
    assert seen == [1000]


def test_application_that_returns() -> None:
    """As on a server, the connection is closed with 1000."""
    with TestClient(accepting()).websocket_connect("/") as session:
        with pytest.raises(WebSocketDisconnect) as caught:
            session.receive_text()
        assert caught.value.code == 1000


def refusing(*messages: dict[str, Any]) -> Any:
    """Return an application that answers the handshake with these."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        for message in messages:
            await send(message)

    return app


def test_refusal_with_a_code() -> None:
    """A close before the acceptance is a `WebSocketDisconnect` on entering."""
    app = refusing({"type": "websocket.close", "code": 4003, "reason": "no"})
    with pytest.raises(WebSocketDisconnect) as caught:
        TestClient(app).websocket_connect("/").__enter__()
    assert (type(caught.value), caught.value.code, caught.value.reason) == (WebSocketDisconnect, 4003, "no")


def test_refusal_with_a_response() -> None:
    """An HTTP response is in the error, which is a `WebSocketDisconnect` too."""
    app = refusing(
        {"type": "websocket.http.response.start", "status": 404, "headers": [(b"x-a", b"1")]},
        {"type": "websocket.http.response.body", "body": b"not ", "more_body": True},
        {"type": "websocket.http.response.body", "body": b"here"},
    )
    with pytest.raises(WebSocketDenied, match="HTTP 404") as caught:
        TestClient(app).websocket_connect("/x").__enter__()
    response = caught.value.response
    assert (response.status_code, response.text, response.headers["x-a"]) == (404, "not here", "1")
    assert (response.url, caught.value.code) == ("ws://testserver/x", 1006)


def play(app: Any) -> None:
    """Connect, and take what comes."""
    with TestClient(app).websocket_connect("/") as session:
        session.receive()


ACCEPT = {"type": "websocket.accept"}
SEND = {"type": "websocket.send", "text": "a"}
CLOSE = {"type": "websocket.close"}
DENY = {"type": "websocket.http.response.start", "status": 403, "headers": []}
DENY_BODY = {"type": "websocket.http.response.body", "body": b""}


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        pytest.param([], "returned without accepting or closing", id="nothing"),
        pytest.param([SEND], "sent 'websocket.send', but it has not accepted yet", id="send-first"),
        pytest.param([DENY_BODY], "but it has not accepted yet", id="body-first"),
        pytest.param([ACCEPT, ACCEPT], "but it has accepted already", id="accept-twice"),
        pytest.param([ACCEPT, DENY], "but it has accepted already", id="deny-after-accept"),
        pytest.param([ACCEPT, CLOSE, SEND], "but it has closed the WebSocket", id="send-after-close"),
        pytest.param([ACCEPT, CLOSE, CLOSE], "but it has closed the WebSocket", id="close-twice"),
        pytest.param([CLOSE, ACCEPT], "but it has closed the WebSocket", id="accept-after-close"),
        pytest.param([DENY, ACCEPT], "but a response takes the place of the WebSocket", id="accept-after-deny"),
        pytest.param([DENY, DENY_BODY, DENY_BODY], "but a response takes the place", id="body-after-deny"),
        pytest.param([{"type": "nonsense"}], "sent 'nonsense', but it has not accepted yet", id="nonsense"),
    ],
)
def test_applications_that_break_the_protocol(messages: list[dict[str, Any]], error: str) -> None:
    """What a server would not accept fails the test, with a sentence about it."""
    with pytest.raises(RuntimeError, match=error):
        play(refusing(*messages))


async def fail(scope: Scope, receive: Receive, send: Send) -> None:
    """Raise after one message."""
    await send({"type": "websocket.send", "text": "last"})
    raise ValueError("broken")


def test_exception_of_the_application() -> None:
    """It is raised, once, where the test waits; what was sent before is received."""
    with TestClient(accepting(fail)).websocket_connect("/") as session:
        assert session.receive_text() == "last"
        with pytest.raises(ValueError, match="broken"):
            session.receive_text()


def test_exception_of_the_application_that_nobody_waits_for() -> None:
    """It is raised at the end of the block, unless the test has failed by itself."""
    with pytest.raises(ValueError, match="broken"), TestClient(accepting(fail)).websocket_connect("/"):
        pass
    with pytest.raises(AssertionError, match="mine"), TestClient(accepting(fail)).websocket_connect("/"):
        raise AssertionError("mine")


def test_exceptions_as_servers_have_them() -> None:
    """With `raise_server_exceptions=False` a failure is close code 1011, or status 500 before the acceptance."""
    client = TestClient(accepting(fail), raise_server_exceptions=False)
    with client.websocket_connect("/") as session:
        session.receive_text()
        with pytest.raises(WebSocketDisconnect) as caught:
            session.receive_text()
        assert caught.value.code == 1011

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("broken")

    with pytest.raises(WebSocketDenied) as denied:
        TestClient(failing, raise_server_exceptions=False).websocket_connect("/").__enter__()
    assert denied.value.response.status_code == 500
    assert isinstance(denied.value.response.exception, ValueError)
    with pytest.raises(ValueError, match="broken"):
        TestClient(failing).websocket_connect("/").__enter__()


def shop() -> HawkAPI:
    """Return an application of hawkapi with handlers of every outcome."""
    app = HawkAPI()

    @app.websocket("/echo/{number}")
    async def echo(socket: WebSocket, number: int) -> None:
        await socket.accept("chat")
        async for text in socket:
            await socket.send_json([number, text])

    @app.websocket("/broken")
    async def broken(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("last")
        raise ValueError("broken")

    @app.websocket("/refused")
    async def refused(socket: WebSocket) -> None:
        raise HTTPException(403, "not for you")

    return app


def test_handlers_of_hawkapi() -> None:
    """Handlers talk to a session; refusals carry their response or their close code."""
    with TestClient(shop()) as client:
        with client.websocket_connect("/echo/5", ["chat"]) as session:
            session.send_text("a")
            assert (session.receive_json(), session.accepted_subprotocol) == ([5, "a"], "chat")
        for path, status in (("/none", 404), ("/refused", 403)):
            with pytest.raises(WebSocketDenied) as denied:
                client.websocket_connect(path).__enter__()
            assert denied.value.response.status_code == status
        with pytest.raises(WebSocketDisconnect, match=r"1008: path\.number") as caught:
            client.websocket_connect("/echo/x").__enter__()
        assert caught.value.code == 1008


def test_exception_that_a_handler_of_hawkapi_raises() -> None:
    """The application closes with 1011; the exception is the cause of that, or is raised itself on demand."""
    with TestClient(shop()).websocket_connect("/broken") as session:
        assert session.receive_text() == "last"
        with pytest.raises(WebSocketDisconnect) as caught:
            session.receive_text()
        assert (caught.value.code, repr(caught.value.__cause__)) == (1011, "ValueError('broken')")
    client = TestClient(shop(), raise_server_exceptions="all")
    with client.websocket_connect("/broken") as session:
        assert session.receive_text() == "last"
        with pytest.raises(ValueError, match="broken"):
            session.receive_text()


async def wait(scope: Scope, receive: Receive, send: Send) -> None:
    """Do nothing until the client goes."""
    await receive()


def test_message_that_does_not_come() -> None:
    """A broken test ends with a sentence, and does not hang."""
    waiting = TestClient(accepting(wait)).websocket_connect("/x", timeout_s=0.01)
    message = r"ws://testserver/x: the application sent nothing for 0\.01 s"
    with waiting as session, pytest.raises(TimeoutError, match=message):
        session.receive()

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await receive()

    with pytest.raises(TimeoutError, match="neither accepted nor closed the connection for"):
        TestClient(silent).websocket_connect("/", timeout_s=0.01).__enter__()


def test_session_keeps_its_client() -> None:
    """A client that only the session holds is not collected under it."""
    with TestClient(accepting(echo)).websocket_connect("/") as session:
        gc.collect()
        session.send_text("a")
        assert session.receive_text() == "a"


@pytest.mark.parametrize("use", [lambda s: s.receive_text(), lambda s: s.send_text("a")], ids=["receive", "send"])
def test_session_without_its_block(use: Callable[[Any], None]) -> None:
    """Who forgets the `with` is told so at once, instead of waiting for a timeout."""
    session = TestClient(accepting(echo)).websocket_connect("/")
    with pytest.raises(RuntimeError, match=r"write `with client\.websocket_connect"):
        use(session)


def test_two_sessions_at_once() -> None:
    """Sessions of one client talk to each other through the application."""
    rooms: list[Send] = []

    async def chat(scope: Scope, receive: Receive, send: Send) -> None:
        rooms.append(send)
        while (message := await receive())["type"] == "websocket.receive":
            for member in rooms:
                await member({"type": "websocket.send", "text": message["text"]})

    client = TestClient(accepting(chat))
    with client.websocket_connect("/") as first, client.websocket_connect("/") as second:
        first.send_text("hello")
        assert (first.receive_text(), second.receive_text()) == ("hello", "hello")

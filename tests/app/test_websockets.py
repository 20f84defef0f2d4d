"""WebSockets of an application: who serves them, and how connections end."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from asgi import request
from websocket_apps import Failing, app_with_socket, echo, failing
from websockets_asgi import ACCEPT, CONNECT, DENIAL, Wire, close, converse, in_loop, text, websocket_scope

from hawkapi import (
    HawkAPI,
    HTTPException,
    WebSocket,
    WebSocketDisconnect,
)


def test_echo(caplog: pytest.LogCaptureFixture) -> None:
    """A handler that does not catch the client's going ends quietly."""
    assert converse(app_with_socket(echo), "/ws", "a", "b", 1001) == [ACCEPT, text("a"), text("b")]
    assert caplog.records == []


def test_returning_closes() -> None:
    """A handler that returns has closed normally."""

    async def handler(ws: WebSocket) -> None:
        await ws.accept()

    assert converse(app_with_socket(handler), "/ws") == [ACCEPT, close(1000)]


def test_returning_without_accepting_denies() -> None:
    """A handler that returns without accepting has refused the handshake."""

    async def handler(ws: WebSocket) -> None:
        pass

    assert converse(app_with_socket(handler), "/ws") == [close(1000)]


def test_disconnect_out_of_a_task_group(caplog: pytest.LogCaptureFixture) -> None:
    """A client that goes while several tasks use its connection is no error either."""

    async def handler(ws: WebSocket) -> None:
        await ws.accept()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ws.receive_text())
            tasks.create_task(ws.receive_text())

    assert converse(app_with_socket(handler), "/ws", 1001) == [ACCEPT]
    assert caplog.records == []


@pytest.mark.parametrize("accept", [True, False], ids=["after", "before"])
@pytest.mark.parametrize(
    ("error", "code", "reason", "logged"),
    [
        pytest.param(ZeroDivisionError("on purpose"), 1011, "", True, id="error"),
        pytest.param(ExceptionGroup("on purpose", [ValueError()]), 1011, "", True, id="group"),
        pytest.param(WebSocketDisconnect(1001), 1000, "", False, id="disconnect"),
        pytest.param(HTTPException(401, "who are you?"), 1008, "who are you?", False, id="http-exception"),
        pytest.param(HTTPException(403), 1008, "Forbidden", False, id="http-exception-without-detail"),
        pytest.param(HTTPException(400, "é" * 100), 1008, "é" * 60 + "...", False, id="long-detail"),
    ],
)
def test_errors_end_a_connection(
    error: Exception, code: int, reason: str, logged: bool, accept: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """What a handler raises becomes a close code; what nobody expected is logged with the path."""
    assert converse(failing(error, accept=accept), "/ws") == [*[ACCEPT] * accept, close(code, reason)]
    assert [record.getMessage() for record in caplog.records] == ["WebSocket '/ws' failed"] * logged


@pytest.mark.parametrize(
    ("error", "told"), [(KeyError("on purpose"), True), (HTTPException(403), False), (WebSocketDisconnect(), False)]
)
def test_plugins_are_told_of_failures(error: Exception, told: bool) -> None:
    """A plugin sees what nobody expected, with the WebSocket, and not what is an answer."""
    seen: list[Any] = []

    class Watching:
        def on_exception(self, connection: Any, exc: Exception) -> None:
            seen.append((type(connection), exc))

    app = failing(error, accept=True)
    app.add_plugin(Watching())
    converse(app, "/ws")
    assert seen == [(WebSocket, error)] * told


def test_http_exception_before_accept() -> None:
    """With the extension the client sees the status, the fields and the document of the exception."""
    error = HTTPException(401, "who are you?", headers={"www-authenticate": "Basic"})
    start, body = converse(failing(error, accept=False), "/ws", extensions=DENIAL)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert (b"www-authenticate", b"Basic") in start["headers"]
    assert b"who are you?" in body["body"]


def test_http_exception_that_cannot_be_sent(caplog: pytest.LogCaptureFixture) -> None:
    """A detail that has no form is an error of the handler."""
    sent = converse(failing(HTTPException(401, object()), accept=False), "/ws", extensions=DENIAL)
    assert (sent, len(caplog.records)) == ([close(1011)], 1)


@pytest.mark.parametrize(("step", "code"), [(b"x", 1003), ("{", 1007)], ids=["binary", "malformed"])
def test_messages_that_do_not_fit(step: Any, code: int, caplog: pytest.LogCaptureFixture) -> None:
    """A message that a handler cannot read closes its connection, and is no error of the application."""

    async def handler(ws: WebSocket) -> None:
        await ws.accept()
        await ws.receive_json()

    sent = converse(app_with_socket(handler), "/ws", step)
    assert ([message.get("code") for message in sent], caplog.records) == ([None, code], [])


@pytest.mark.parametrize("target", ["/other", "/ws/x", "/"])
def test_unknown_path(target: str) -> None:
    """A path without a handler is closed with 4004, or answered with 404 where the server can."""
    app = app_with_socket(echo)
    assert converse(app, target) == [{"type": "websocket.close", "code": 4004}]
    start, body = converse(app, target, extensions=DENIAL)
    assert (start["status"], (b"content-type", b"application/problem+json") in start["headers"]) == (404, True)
    assert f"No route matches WEBSOCKET {target}".encode() in body["body"]


@pytest.mark.parametrize("target", ["/ws", "/other", "/wrapped"])
def test_client_that_goes_before_its_handshake(target: str) -> None:
    """A connection whose first event is not its handshake is ignored."""
    app = app_with_socket(echo)
    app.websocket("/wrapped", middleware=[Failing])(echo)

    async def scenario() -> list[Any]:
        wire = Wire(1006)
        await app(websocket_scope(target), wire.receive, wire.send)
        return wire.sent

    assert asyncio.run(scenario()) == []


@pytest.mark.parametrize(("of_app", "of_route", "limit"), [(10, None, 10), (10, 20, 20), (None, None, 1024 * 1024)])
def test_message_limit(of_app: int | None, of_route: int | None, limit: int) -> None:
    """The route's limit counts before the application's, which is 1 MiB unless given."""
    app = HawkAPI() if of_app is None else HawkAPI(max_message_size=of_app)
    app.websocket("/ws", max_message_size=of_route)(echo)
    reason = f"Message of {limit + 1} bytes exceeds the limit of {limit}"
    assert converse(app, "/ws", "x" * limit, "x" * (limit + 1)) == [ACCEPT, text("x" * limit), close(1009, reason)]


@pytest.mark.parametrize("limit", [0, -1, True, "1"])
def test_message_limit_that_is_none(limit: Any) -> None:
    """A limit under which no message fits is refused."""
    with pytest.raises(ValueError, match="max_message_size is"):
        HawkAPI(max_message_size=limit)
    with pytest.raises(ValueError, match="max_message_size is"):
        app_with_socket(echo, max_message_size=limit)


def test_mount_gets_unrouted_websockets() -> None:
    """A mounted application serves what no route takes, and knows its path; the root has its own handlers first."""
    inner = app_with_socket(echo, "/chat")
    app = app_with_socket(echo, "/m/own")
    app.mount("/m", inner)
    assert [converse(app, target, "a", 1000)[1:] for target in ("/m/own", "/m/chat")] == [[text("a")]] * 2
    assert converse(app, "/m/none") == [{"type": "websocket.close", "code": 4004}]


def test_scope_has_the_application() -> None:
    """Handlers reach the application."""
    seen: list[Any] = []

    async def handler(ws: WebSocket) -> None:
        seen.append(ws.app)

    app = app_with_socket(handler)
    converse(app, "/ws")
    assert seen == [app]


@in_loop
async def test_open_connections_count() -> None:
    """A connection is a running request until its handler has ended, also when it is cancelled."""
    app = HawkAPI()
    opened = asyncio.Event()

    @app.websocket("/ws")
    async def handler(ws: WebSocket) -> None:
        await ws.accept()
        opened.set()
        await asyncio.Event().wait()

    wire = Wire(CONNECT)
    task = asyncio.create_task(app(websocket_scope("/ws"), wire.receive, wire.send))
    await opened.wait()
    assert app._publication.running_requests == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (app._publication.running_requests, wire.sent) == (0, [ACCEPT])


def test_http_does_not_see_websockets() -> None:
    """A path with a WebSocket alone is unknown to HTTP, whatever the method is called."""
    app = app_with_socket(echo)
    app.get("/both")(lambda: "x")
    app.websocket("/both")(echo)
    assert [request(app, method, "/ws").status for method in ("GET", "WEBSOCKET", "OPTIONS")] == [404] * 3
    reply = request(app, "WEBSOCKET", "/both")
    assert (reply.status, reply.header("allow")) == (405, "GET, HEAD")
    assert request(app, "GET", "/both").status == 200
    assert converse(app, "/both", "a", 1000) == [ACCEPT, text("a")]


def test_debug_level_is_not_needed(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged for a connection that goes as it should."""
    with caplog.at_level(logging.DEBUG, "hawkapi"):
        converse(app_with_socket(echo), "/ws", "a", 1000)
    assert caplog.records == []

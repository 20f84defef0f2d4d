"""WebSockets of an application: who serves them, what handlers get, and how connections end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from asgi import request
from websockets_asgi import ACCEPT, CONNECT, DENIAL, Wire, close, converse, in_loop, text, websocket_scope

from hawkapi import (
    BackgroundTasks,
    Cookie,
    Depends,
    HawkAPI,
    Header,
    HTTPException,
    PlainTextResponse,
    Query,
    Request,
    Response,
    Router,
    WebSocket,
    WebSocketDisconnect,
)
from hawkapi.di.overrides import override
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.params.markers import Body, Form
from hawkapi.requests.connection import HTTPConnection


async def echo(ws: WebSocket) -> None:
    """Send every text back until the client goes."""
    await ws.accept()
    while True:
        await ws.send_text(await ws.receive_text())


def app_with_socket(handler: Any, path: str = "/ws", **options: Any) -> HawkAPI:
    """Return an application with one WebSocket."""
    app = HawkAPI()
    app.websocket(path, **options)(handler)
    return app


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


def failing(error: Exception, *, accept: bool) -> HawkAPI:
    """Return an application whose WebSocket fails."""

    async def handler(ws: WebSocket) -> None:
        if accept:
            await ws.accept()
        raise error

    return app_with_socket(handler)


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


class Failing:
    """Fails at once, or when the application inside has returned."""

    def __init__(self, app: Any, after: bool = False) -> None:
        self.app = app
        self.after = after

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.after:
            await self.app(scope, receive, send)
        raise HTTPException(418, "tea")


def test_arguments() -> None:
    """Handlers get what those of HTTP get: from path, query, header fields and cookies, with defaults."""

    async def handler(
        room: int,
        ws: WebSocket,
        q: str,
        tags: Annotated[list[str], Query()],
        x_token: Annotated[str, Header()],
        who: Annotated[str, Cookie()] = "nobody",
        limit: int = 5,
        *,
        connection: HTTPConnection,
        scope: dict[str, Any],
    ) -> None:
        connection.state.seen = True
        await ws.accept()
        await ws.send_json([room, q, tags, x_token, who, limit, scope["state"], ws.path_params])

    headers = [("X-Token", "t"), ("Cookie", "who=ada")]
    sent = converse(app_with_socket(handler, "/r/{room:int}"), "/r/7?q=a&tags=b&tags=c", headers=headers)
    assert sent == [ACCEPT, text('[7,"a",["b","c"],"t","ada",5,{"seen":true},{"room":7}]'), close()]


def test_first_unannotated_parameter() -> None:
    """Without an annotation that says so, the first parameter without any is the connection, unless the path has it."""

    async def handler(room, socket, limit: int = 1):  # type: ignore[no-untyped-def]
        await socket.accept()
        await socket.send_text(f"{room} {limit}")

    assert converse(app_with_socket(handler, "/{room}"), "/x?limit=2") == [ACCEPT, text("x 2"), close()]


@pytest.mark.parametrize("extensions", [{}, DENIAL], ids=["close", "extension"])
def test_handshake_that_does_not_fit(extensions: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A handshake that does not fit the handler closes with 1008 and says what is wrong."""

    async def handler(ws: WebSocket, limit: int, token: Annotated[str, Header()]) -> None:
        raise AssertionError

    sent = converse(app_with_socket(handler), "/ws?limit=x", extensions=extensions)
    reason = "query.limit: Expected integer, got 'x'; header.token: Required header is missing"
    assert (sent, caplog.records) == ([close(1008, reason)], [])


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        pytest.param(list[int], "a JSON body", id="body"),
        pytest.param(Annotated[int, Body()], "a JSON body", id="body-marker"),
        pytest.param(Annotated[str, Form()], "a form", id="form"),
        pytest.param(Request, "an HTTP request; ask for a WebSocket", id="request"),
        pytest.param(Response, "a response", id="response"),
    ],
)
def test_parameters_that_have_no_meaning(annotation: Any, message: str) -> None:
    """What only an HTTP request has is refused at registration, with the route and the parameter."""

    async def handler(ws: WebSocket, x: Any) -> None:
        raise AssertionError

    handler.__annotations__["x"] = annotation
    with pytest.raises(
        UnsupportedTypeError, match=rf"^WEBSOCKET /ws \(handler\): parameter x: a WebSocket has not {message}"
    ):
        app_with_socket(handler)


def test_dependencies() -> None:
    """Guards run first, dependencies share what they are given, generators see how the connection ended."""
    seen: list[str] = []

    def guard(token: str) -> None:
        seen.append(f"guard {token}")

    async def session(connection: HTTPConnection, q: int = 1) -> AsyncIterator[str]:
        connection.state.number = q
        try:
            yield f"session {q}"
        except WebSocketDisconnect as exc:
            seen.append(f"left with {exc.code}")
            raise
        finally:
            seen.append("closed")

    async def user(ws: WebSocket, name: str = Depends(session)) -> str:
        return f"{name} {ws.scope_state.number}"

    async def handler(ws: WebSocket, after: BackgroundTasks, who: str = Depends(user)) -> None:
        after.add_task(seen.append, "after")
        await ws.accept()
        await ws.send_text(who)
        if await ws.receive_text() != "stop":
            await ws.receive()

    app = app_with_socket(handler, dependencies=[Depends(guard)])
    assert converse(app, "/ws?q=5&token=t", "stop") == [ACCEPT, text("session 5 5"), close()]
    assert converse(app, "/ws?token=t", "on", 1001) == [ACCEPT, text("session 1 1")]
    assert seen == ["guard t", "closed", "after", "guard t", "left with 1001", "closed"]


def test_guard_that_refuses() -> None:
    """A guard of the router ends the handshake before anything else is called."""

    async def guard(x_key: Annotated[int, Header()] = 0) -> None:
        if x_key != 5:
            raise HTTPException(403, "no")

    async def handler(ws: WebSocket) -> None:
        await ws.accept()

    router = Router(prefix="/r", dependencies=[Depends(guard)])
    router.websocket("/ws")(handler)
    app = HawkAPI()
    app.include_router(router)
    assert converse(app, "/r/ws") == [close(1008, "no")]
    assert converse(app, "/r/ws", extensions=DENIAL)[0]["status"] == 403
    assert converse(app, "/r/ws", headers=[("X-Key", "5")]) == [ACCEPT, close()]


class Session:
    """Something that is closed."""

    closed = 0

    async def aclose(self) -> None:
        """Count it."""
        Session.closed += 1


def test_container_types() -> None:
    """What the container makes in a scope is one for a connection, and is closed when that has ended."""
    app = HawkAPI()
    app.container.scoped(Session, factory=Session)
    seen: list[tuple[bool, int]] = []

    async def shared(session: Session) -> Session:
        return session

    @app.websocket("/ws")
    async def handler(ws: WebSocket, session: Session, again: Session = Depends(shared)) -> None:
        seen.append((session is again, Session.closed))
        await ws.accept()
        await ws.receive()

    before = Session.closed
    assert converse(app, "/ws", 1001) == [ACCEPT]
    assert (seen, Session.closed) == ([(True, before)], before + 1)


async def number() -> int:
    """Return a number."""
    return 1


def test_overridden_dependency() -> None:
    """An override of a dependency reaches the handlers of WebSockets, in its context only."""

    async def handler(ws: WebSocket, n: int = Depends(number)) -> None:
        await ws.accept()
        await ws.send_text(str(n))

    app = app_with_socket(handler)
    with override(app, {number: lambda: 2}):
        assert converse(app, "/ws")[1] == text("2")
    assert converse(app, "/ws")[1] == text("1")


def test_plain_function_is_refused() -> None:
    """A handler that cannot await anything is refused at registration."""

    def handler(ws: WebSocket) -> None:
        raise AssertionError

    with pytest.raises(TypeError, match="WebSocket /ws: a handler must be a coroutine function"):
        app_with_socket(handler)


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


class Tagging:
    """Writes its name down around what it wraps, and puts it in front of texts that are sent."""

    def __init__(self, app: Any, name: str, seen: list[str]) -> None:
        self.app, self.name, self.seen = app, name, seen

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(f"{self.name} {scope['type']} {scope['path']}")

        async def tagged(message: Any) -> None:
            if message.get("text"):
                message = {**message, "text": self.name + message["text"]}
            await send(message)

        await self.app(scope, receive, tagged)


def test_middleware_runs() -> None:
    """Middleware of the application and of the route is around a WebSocket, unknown paths included."""
    seen: list[str] = []
    app = HawkAPI()
    app.add_middleware(Tagging, name="a", seen=seen)
    app.add_middleware(Tagging, name="b", seen=seen)
    app.websocket("/ws/{x}", middleware=[(Tagging, {"name": "c", "seen": seen})])(echo)
    assert converse(app, "/ws/5", "!", 1000) == [ACCEPT, text("abc!")]
    assert converse(app, "/none") == [{"type": "websocket.close", "code": 4004}]
    assert seen == [f"{name} websocket /ws/5" for name in "abc"] + ["a websocket /none", "b websocket /none"]


def test_middleware_sees_how_a_failed_handler_ends() -> None:
    """What ends a connection goes through middleware."""
    seen: list[Any] = []

    class Watching:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def watched(message: Any) -> None:
                seen.append(message)
                await send(message)

            await self.app(scope, receive, watched)

    app = failing(HTTPException(403, "no"), accept=True)
    app.add_middleware(Watching)
    assert converse(app, "/ws") == seen == [ACCEPT, close(1008, "no")]


@pytest.mark.parametrize("where", ["app", "route"])
@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(False, [close(1008, "tea")], id="before"),
        pytest.param(True, [ACCEPT, text("a")], id="after-the-client-left"),
    ],
)
def test_middleware_that_fails(where: str, after: bool, expected: list[Any]) -> None:
    """What a middleware raises ends a connection as what a handler raises, once."""
    app = HawkAPI()
    middleware = [(Failing, {"after": after})]
    app.websocket("/ws", middleware=middleware if where == "route" else None)(echo)
    if where == "app":
        app.add_middleware(Failing, after=after)
    assert converse(app, "/ws", "a", 1000) == expected


def test_middleware_that_fails_on_an_open_connection() -> None:
    """A middleware that fails while messages go to and fro closes the connection."""

    class Choosy:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def choose() -> Any:
                message = await receive()
                if message.get("text") == "bad":
                    raise_late.append(message)
                return message

            await self.app(scope, choose, send)
            if raise_late:
                raise HTTPException(400, "bad")

    raise_late: list[Any] = []

    async def leave_open(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        await receive()

    app = HawkAPI()
    app.add_middleware(Choosy)
    app.mount("/", leave_open)
    assert converse(app, "/ws", "bad") == [ACCEPT, close(1008, "bad")]


@pytest.mark.parametrize(
    ("extensions", "kinds"),
    [
        (DENIAL, ["websocket.http.response.start", "websocket.http.response.body"]),
        ({}, ["websocket.close"]),
    ],
    ids=["extension", "close"],
)
def test_middleware_that_answers_with_a_response(extensions: Any, kinds: list[str]) -> None:
    """A middleware that denies whatever comes with a response refuses handshakes too."""

    class Deny:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await PlainTextResponse("denied", status_code=403)(scope, receive, send)

    app = app_with_socket(echo)
    app.add_middleware(Deny)
    assert [message["type"] for message in converse(app, "/ws", extensions=extensions)] == kinds


@pytest.mark.parametrize("extensions", [DENIAL, {}], ids=["extension", "close"])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [(ACCEPT, [ACCEPT, {"type": "websocket.close", "code": 1008}]), (close(4000), [close(4000)])],
    ids=["open", "closed"],
)
def test_middleware_that_answers_with_a_response_too_late(answer: Any, expected: list[Any], extensions: Any) -> None:
    """A response after the handshake was answered closes what is open; no event goes out that is not allowed then."""

    class Late:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send(answer)
            await PlainTextResponse("late")(scope, receive, send)

    app = app_with_socket(echo)
    app.add_middleware(Late)
    assert converse(app, "/ws", extensions=extensions) == expected


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

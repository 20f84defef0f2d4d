"""What the handlers of WebSockets get: parameters, dependencies, what a container makes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from websocket_apps import app_with_socket
from websockets_asgi import ACCEPT, DENIAL, close, converse, text

from hawkapi import (
    BackgroundTasks,
    Cookie,
    Depends,
    HawkAPI,
    Header,
    HTTPException,
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


@pytest.mark.thread_unsafe(reason="counts on a class of this module")
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

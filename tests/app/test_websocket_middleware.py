"""WebSockets behind middleware of the application and of their route."""

from __future__ import annotations

from typing import Any

import pytest
from websocket_apps import Failing, app_with_socket, echo, failing
from websockets_asgi import ACCEPT, DENIAL, close, converse, text

from hawkapi import (
    HawkAPI,
    HTTPException,
    PlainTextResponse,
)


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

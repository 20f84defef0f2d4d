"""`RequestTimeoutMiddleware`: a 504 of its own deadline, and of nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from apps import assert_problem
from asgi import call, request

from hawkapi import (
    Depends,
    HawkAPI,
    PlainTextResponse,
    RequestTimeoutMiddleware,
    StreamingResponse,
    TestClient,
    WebSocket,
)
from hawkapi.types import Receive, Scope, Send

SOON_S = 0.01
LONG_S = 600.0
"""The tests would not end before."""


def timed_out(limit: str) -> str:
    """Return the problem document."""
    head = '{"type":"https://hawkapi.ashimov.com/errors/timeout","title":"Request Timeout","status":504,'
    return f'{head}"detail":"Request exceeded {limit}s timeout"}}'


async def forever() -> None:
    """Wait for what never comes."""
    await asyncio.Event().wait()


def test_handler_that_never_answers() -> None:
    """It is cancelled, and the client gets a problem document."""
    ended: list[str] = []
    app = HawkAPI()

    @app.get("/")
    async def handler() -> None:
        try:
            await forever()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    app.add_middleware(RequestTimeoutMiddleware, timeout_s=SOON_S)
    assert_problem(request(app, "GET", "/"), 504, timed_out("0.01"))
    assert ended == ["cancelled"]


def test_dependency_and_body() -> None:
    """What comes before the handler is in the time: a dependency, a body that does not come."""
    app = HawkAPI()

    @app.get("/dependency")
    async def depends(value: Annotated[None, Depends(forever)]) -> None:
        """Never run."""

    @app.post("/body")
    async def reads(body: dict[str, int]) -> None:
        """Never run."""

    app.add_middleware(RequestTimeoutMiddleware, timeout_s=SOON_S)

    async def main() -> int:
        statuses: list[int] = []

        async def receive() -> Any:
            await forever()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {"type": "http", "method": "POST", "path": "/body", "headers": [], "query_string": b""}
        await app(scope, receive, send)
        return statuses[0]

    assert asyncio.run(main()) == 504
    assert request(app, "GET", "/dependency").status == 504


def test_one_route() -> None:
    """The limit of a route is that route's."""
    app = HawkAPI()
    app.get("/slow", middleware=[(RequestTimeoutMiddleware, {"timeout_s": SOON_S})])(forever)
    app.get("/fast", middleware=[(RequestTimeoutMiddleware, {"timeout_s": LONG_S})])(hello_text)
    app.add_middleware(RequestTimeoutMiddleware, timeout_s=LONG_S)
    assert_problem(request(app, "GET", "/slow"), 504, timed_out("0.01"))
    assert request(app, "GET", "/fast").body == b"hello"


async def hello_text() -> PlainTextResponse:
    """Answer at once."""
    return PlainTextResponse("hello")


def test_plain_function() -> None:
    """It runs to its end, but the client does not wait for it."""
    go_on, ended = threading.Event(), threading.Event()
    app = HawkAPI()

    @app.get("/")
    def handler() -> None:
        go_on.wait(30)
        ended.set()

    app.add_middleware(RequestTimeoutMiddleware, timeout_s=SOON_S)
    assert request(app, "GET", "/").status == 504
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(30)


@pytest.mark.parametrize("outer", [SOON_S, LONG_S], ids=["outer", "inner"])
def test_one_around_the_other(outer: float) -> None:
    """The first whose time is over answers."""
    inner = LONG_S if outer == SOON_S else SOON_S
    app = HawkAPI()
    app.get("/", middleware=[(RequestTimeoutMiddleware, {"timeout_s": inner})])(forever)
    app.add_middleware(RequestTimeoutMiddleware, timeout_s=outer)
    assert_problem(request(app, "GET", "/"), 504, timed_out("0.01"))


def test_time_out_of_the_application() -> None:
    """A `TimeoutError` that it raises, or that comes of a limit of its own, is an error as any other."""
    app = HawkAPI()

    @app.get("/raised")
    async def raises() -> None:
        raise TimeoutError("the database")

    @app.get("/limit")
    async def limits() -> None:
        async with asyncio.timeout(0):
            await forever()

    app.add_middleware(RequestTimeoutMiddleware, timeout_s=LONG_S)
    assert [request(app, "GET", path).status for path in ("/raised", "/limit")] == [500, 500]


def test_time_out_that_passes_the_middleware() -> None:
    """So is one of a middleware further in."""

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        raise TimeoutError("the cache")

    with pytest.raises(TimeoutError, match="the cache"):
        request(RequestTimeoutMiddleware(inner), "GET", "/")


def test_stream() -> None:
    """A response that has begun may take as long as it wants."""
    app = HawkAPI()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        later = asyncio.Event()
        asyncio.get_running_loop().call_later(3 * SOON_S, later.set)
        await later.wait()
        yield b"b"

    @app.get("/")
    async def handler() -> StreamingResponse:
        return StreamingResponse(pieces())

    app.add_middleware(RequestTimeoutMiddleware, timeout_s=SOON_S)
    reply = request(app, "GET", "/")
    assert (reply.status, reply.body) == (200, b"ab")


def test_response_that_begins_too_late() -> None:
    """If the application begins one when its time is over, it is broken off: there is no second one."""

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await forever()
        except asyncio.CancelledError:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise

    sent: list[Any] = []

    async def main() -> None:
        async def send(message: Any) -> None:
            sent.append(message["status"])

        with pytest.raises(TimeoutError):
            await RequestTimeoutMiddleware(inner, timeout_s=SOON_S)({"type": "http"}, forever, send)  # type: ignore[arg-type]

    asyncio.run(main())
    assert sent == [200]


def test_cancellation_from_outside() -> None:
    """A server that cancels a request sees the cancellation, not a 504."""

    async def main() -> None:
        task = asyncio.ensure_future(call(RequestTimeoutMiddleware(app, timeout_s=LONG_S), "GET", "/"))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    reached = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.set()
        await forever()

    asyncio.run(main())


def test_websocket() -> None:
    """It passes."""
    app = HawkAPI()
    app.add_middleware(RequestTimeoutMiddleware)

    @app.websocket("/ws")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")

    with TestClient(app) as client, client.websocket_connect("/ws") as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize("timeout_s", [0, -1.0, float("nan")])
def test_limit_that_is_wrong(timeout_s: float) -> None:
    """It is refused when the middleware is added."""
    with pytest.raises(ValueError, match="timeout_s is"):
        HawkAPI().add_middleware(RequestTimeoutMiddleware, timeout_s=timeout_s)

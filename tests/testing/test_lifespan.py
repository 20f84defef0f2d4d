"""Start-up and shutdown around the block of a test client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hawkapi import HawkAPI, Request
from hawkapi.exceptions import LifespanError
from hawkapi.testing import TestClient
from hawkapi.types import Receive, Scope, Send


def noting(log: list[Any]) -> HawkAPI:
    """Return an application that writes down the loops of its start-up, its requests and its shutdown."""
    app = HawkAPI()

    @app.on_startup
    async def start() -> None:
        log.append(("start", asyncio.get_running_loop()))

    @app.on_shutdown
    async def stop() -> None:
        log.append(("stop", asyncio.get_running_loop()))

    @app.get("/")
    async def handler() -> None:
        log.append(("request", asyncio.get_running_loop()))

    return app


def test_block_runs_start_up_and_shutdown_on_the_loop_of_the_requests() -> None:
    """All of it happens on one loop, in order."""
    log: list[Any] = []
    with TestClient(noting(log)) as client:
        client.get("/")
        asyncio.run(client.async_get("/"))
    assert [what for what, _ in log] == ["start", "request", "request", "stop"]
    assert len({id(loop) for _, loop in log}) == 1


def test_async_block_runs_everything_on_the_loop_of_the_test() -> None:
    """An async test shares its loop with the application, and threads beside it may send requests too."""
    log: list[Any] = []

    async def main() -> None:
        async with TestClient(noting(log)) as client:
            await client.async_get("/")
            await asyncio.to_thread(client.get, "/")
        assert {loop for _, loop in log} == {asyncio.get_running_loop()}

    asyncio.run(main())
    assert [what for what, _ in log] == ["start", "request", "request", "stop"]


def test_no_start_up_without_a_block() -> None:
    """A client that is only called runs no lifespan."""
    log: list[Any] = []
    TestClient(noting(log)).get("/")
    assert [what for what, _ in log] == ["request"]


def test_two_clients_one_after_the_other() -> None:
    """Each has a start-up, and so has one client that is entered twice."""
    log: list[Any] = []
    app = noting(log)
    with TestClient(app):
        pass
    client = TestClient(app)
    for _ in range(2):
        with client:
            pass
    assert [what for what, _ in log] == ["start", "stop"] * 3


def test_block_inside_itself() -> None:
    """A client that is entered cannot be entered again."""
    client = TestClient(noting([]))
    with client, pytest.raises(RuntimeError, match="start-up has run already"):
        client.__enter__()


def test_lifespan_state_reaches_requests_as_a_copy() -> None:
    """Each request has its own copy of the state, and none is left after the block."""

    @contextlib.asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"pool": "p"}

    app = HawkAPI(lifespan=lifespan)

    @app.get("/")
    async def handler(request: Request) -> dict[str, object]:
        state = request.scope["state"]
        before = dict(state)
        state["pool"] = "changed"
        return before

    client = TestClient(app)
    with client:
        assert [client.get("/").json() for _ in range(2)] == [{"pool": "p"}] * 2
    assert client.get("/").json() == {}


def test_start_up_that_fails_raises_the_exception_itself() -> None:
    """The test sees what went wrong, and where; a later client tries again."""
    app, failures = HawkAPI(), [ValueError("no database")]

    @app.on_startup
    async def connect() -> None:
        if failures:
            raise failures.pop()

    with pytest.raises(ValueError, match="no database") as caught:
        TestClient(app).__enter__()
    assert caught.traceback[-1].name == "connect"
    with TestClient(app):
        pass


def test_start_up_that_fails_in_an_async_block() -> None:
    """It is raised there too, and the client may be entered again."""
    app, failures = HawkAPI(), [ValueError("no database")]

    @app.on_startup
    async def connect() -> None:
        if failures:
            raise failures.pop()

    async def main() -> None:
        client = TestClient(app)
        with pytest.raises(ValueError, match="no database"):
            await client.__aenter__()
        async with client:
            pass

    asyncio.run(main())


def lifespan_app(*answers: str, fail_at: int = -1) -> Any:
    """Return an application that answers its lifespan events with these, and fails in place of one."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for index, answer in enumerate(answers):
            await receive()
            if index == fail_at:
                raise ValueError("failed on the way")
            await send({"type": f"lifespan.{answer}", "message": "because"})
        await asyncio.sleep(0)

    return app


@pytest.mark.parametrize(
    ("app", "error", "message"),
    [
        pytest.param(lifespan_app("startup.failed"), LifespanError, "^because$", id="start-up"),
        pytest.param(lifespan_app("startup.complete", "shutdown.failed"), LifespanError, "^because$", id="shutdown"),
        pytest.param(lifespan_app("", fail_at=0), ValueError, "on the way", id="error-in-start-up"),
        pytest.param(lifespan_app("startup.complete", "", fail_at=1), ValueError, "on the way", id="error-in-shutdown"),
        pytest.param(
            lifespan_app("shutdown.complete"),
            RuntimeError,
            "sent 'lifespan.shutdown.complete'; lifespan.startup",
            id="order",
        ),
    ],
)
def test_lifespans_that_go_wrong(app: Any, error: type[Exception], message: str) -> None:
    """What any application says, or raises, about its lifespan reaches the test."""
    with pytest.raises(error, match=message), TestClient(app):
        pass


def test_application_without_lifespan() -> None:
    """One that refuses lifespan scopes, or returns, is served without (ASGI Lifespan, "Scope")."""
    seen: list[str] = []

    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    async def returning(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await refusing(scope, receive, send)

    for app in (refusing, returning):
        with TestClient(app) as client:
            assert client.get("/").status_code == 204
    assert seen == ["lifespan", "http", "http"]


def test_exception_in_the_block_is_the_one_that_is_raised() -> None:
    """Shutdown runs, and the test's own failure is what is seen."""
    log: list[Any] = []
    with pytest.raises(AssertionError, match="the test's"), TestClient(noting(log)):
        raise AssertionError("the test's")
    assert [what for what, _ in log] == ["start", "stop"]

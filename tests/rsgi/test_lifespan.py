"""Start-up and shutdown of RSGI workers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from rsgi import FakeScope

from hawkapi import HawkAPI, Request
from hawkapi.exceptions import LifespanError


@contextmanager
def event_loop() -> Generator[asyncio.AbstractEventLoop]:
    """Give an event loop that does not run, as a worker has."""
    loop = asyncio.new_event_loop()
    try:
        yield loop
    finally:
        loop.close()


def test_start_up_and_shutdown() -> None:
    """They run on the worker's loop, in one task; its requests have the lifespan state."""
    seen: list[Any] = []

    @asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncGenerator[dict[str, int]]:
        seen.append(asyncio.current_task())
        yield {"answer": 42}
        seen.append(asyncio.current_task())

    app = HawkAPI(lifespan=lifespan)

    @app.get("/")
    async def tell(request: Request) -> int:
        answer: int = request.state.answer
        return answer

    class Protocol:
        def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
            seen.append((status, body))

    scope: Any = FakeScope({"type": "http", "method": "GET", "path": "/"})
    with event_loop() as loop:
        app.__rsgi_init__(loop)
        loop.run_until_complete(app.__rsgi__(scope, Protocol()))
        app.__rsgi_del__(loop)
    assert (seen[0] is seen[2], seen[1]) == (True, (200, b"42"))


def test_failed_start_up(caplog: pytest.LogCaptureFixture) -> None:
    """It raises, which ends the worker; a shutdown after it does nothing."""
    app = HawkAPI()

    @app.on_startup
    def fail() -> None:
        raise LookupError("the database is away, on purpose")

    with event_loop() as loop:
        with pytest.raises(LifespanError, match="start-up failed: the database is away, on purpose"):
            app.__rsgi_init__(loop)
        app.__rsgi_del__(loop)
    assert "start-up failed" in caplog.text


async def be_cancelled() -> None:
    """Wait for something that was cancelled."""
    waiting = asyncio.get_running_loop().create_future()
    waiting.cancel()
    await waiting


def test_start_up_that_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    """It is one that failed: the worker must not serve without it."""
    app = HawkAPI()
    app.on_startup(be_cancelled)
    with event_loop() as loop, pytest.raises(LifespanError, match="start-up failed: CancelledError"):
        app.__rsgi_init__(loop)
    assert "start-up failed" in caplog.text


def test_shutdown_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, also where nothing but the worker is left to do so."""
    app = HawkAPI()
    app.on_shutdown(be_cancelled)
    with event_loop() as loop:
        app.__rsgi_init__(loop)
        app.__rsgi_del__(loop)
    assert "shutdown failed" in caplog.text


@pytest.mark.race
def test_workers_start_and_stop_once() -> None:
    """Four workers share one start-up, and one shutdown when the last has gone."""
    app = HawkAPI()
    seen: list[str] = []
    barrier = threading.Barrier(4)
    app.on_startup(lambda: seen.append("start"))
    app.on_shutdown(lambda: seen.append("stop"))
    app.on_loop_startup(lambda: seen.append("loop"))

    def work() -> None:
        with event_loop() as loop:
            barrier.wait()
            app.__rsgi_init__(loop)
            barrier.wait()
            seen.append("serving")
            barrier.wait()
            app.__rsgi_del__(loop)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (seen[0], sorted(seen[1:5]), seen[5:]) == ("start", ["loop"] * 4, ["serving"] * 4 + ["stop"])
    assert app._lifespan.driven == {}

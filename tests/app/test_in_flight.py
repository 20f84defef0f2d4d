"""`app.in_flight`: how many requests are being answered."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from apps import NO_PROBES, app_with, hello
from asgi import call, http_scope
from loops import run_in_loops, run_in_threads

from hawkapi import HawkAPI, PlainTextResponse, _threading


class Refuse:
    """Middleware that answers by itself, and writes down how many requests it sees running."""

    def __init__(self, app: Any, seen: list[int], outer: HawkAPI) -> None:
        self.seen = seen
        self.outer = outer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(self.outer.in_flight)
        await PlainTextResponse("no", status_code=403)(scope, receive, send)


def test_nothing_runs_at_first() -> None:
    """It starts at 0 and cannot be set."""
    app = HawkAPI()
    assert app.in_flight == 0
    with pytest.raises(AttributeError):
        app.in_flight = 1  # type: ignore[misc]


@pytest.mark.parametrize(("target", "status"), [("/", 200), ("/nowhere", 404), ("/broken", 500)])
def test_each_request_counts_until_it_has_ended(target: str, status: int) -> None:
    """It counts itself, whatever becomes of it."""
    app = app_with(hello)
    seen: list[int] = []

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError

    async def main() -> None:
        async def send(message: Any) -> None:
            seen.append(app.in_flight)

        await app(http_scope("GET", target), lambda: asyncio.sleep(0, {"type": "http.disconnect"}), send)

    asyncio.run(main())
    assert (set(seen), app.in_flight) == ({1}, 0)


def test_requests_that_middleware_refuses_count() -> None:
    """They are running as long as the middleware is."""
    app = app_with(hello)
    seen: list[int] = []
    app.add_middleware(Refuse, seen=seen, outer=app)
    assert asyncio.run(call(app, "GET", "/")).status == 403
    assert (seen, app.in_flight) == ([1], 0)


def test_cancelled_request_does_not_count() -> None:
    """A request whose task was cancelled has ended."""
    app = HawkAPI()

    async def main() -> list[int]:
        begun = asyncio.Event()

        @app.get("/")
        async def wait() -> None:
            begun.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(call(app, "GET", "/"))
        await begun.wait()
        during = app.in_flight
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return [during, app.in_flight]

    assert asyncio.run(main()) == [1, 0]


@pytest.mark.race
def test_threads_that_begin_together_are_all_counted() -> None:
    """The first requests of eight threads, on applications that nobody has asked before, are all in the number."""
    barrier = threading.Barrier(8)

    def ask(app: HawkAPI) -> int:
        barrier.wait(30)
        return int(asyncio.run(call(app, "GET", "/")).body)

    def make() -> HawkAPI:
        app, inside = HawkAPI(**NO_PROBES), threading.Barrier(8)

        @app.get("/")
        async def count() -> int:
            # This thread answers nothing else meanwhile: all are here, none has gone.
            inside.wait(30)
            seen = app.in_flight
            inside.wait(30)
            return seen

        return app

    apps = [make() for _ in range(30)]
    assert run_in_threads(8, lambda _: [ask(app) for app in apps]) == [[8] * len(apps)] * 8


@pytest.mark.race
def test_requests_of_many_loops_are_counted_exactly() -> None:
    """None is lost or counted twice, also when routes are registered meanwhile."""
    app = app_with(hello)
    seen: list[int] = []

    @app.get("/count")
    async def count() -> int:
        await asyncio.sleep(0)
        return app.in_flight

    async def main(index: int) -> None:
        for number in range(20):
            replies = await asyncio.gather(*(call(app, "GET", "/count") for _ in range(5)))
            seen.extend(reply.json() for reply in replies)
            app.add_route(f"/{index}/{number}", hello, methods=["GET"])

    run_in_loops(4, main)
    assert app.in_flight == 0
    assert (len(seen), min(seen) >= 1, max(seen) <= 20) == (400, True, True)


@pytest.mark.race
def test_requests_of_threads_that_share_one_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with the GIL: each request of all threads adds one and takes one away."""
    monkeypatch.setattr(_threading, "FREE_THREADED", False)
    app = app_with(hello)

    async def main(_: int) -> list[int]:
        return [(await call(app, "GET", "/")).status for _ in range(200)]

    assert run_in_loops(8, main) == [[200] * 200] * 8
    assert app.in_flight == 0

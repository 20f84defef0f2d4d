"""Routes are registered in one thread while others serve."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from apps import NO_PROBES
from asgi import call

from hawkapi import HawkAPI

ROUTES = 300
SERVERS = 4


async def echo(value: int) -> int:
    """Answer the path's value."""
    return value


class Progress:
    """How many routes are registered: written by the registering thread after `add_route` has returned."""

    def __init__(self) -> None:
        self.registered = 0
        self.failure: BaseException | None = None
        self.done = False


def guarded(progress: Progress, work: Callable[[], None]) -> Callable[[], None]:
    """Return a thread's function that leaves its failure where the test finds it."""

    def run() -> None:
        try:
            work()
        except BaseException as exc:  # noqa: BLE001 - the test raises it again
            progress.failure = exc
            progress.done = True

    return run


async def check_route(app: HawkAPI, number: int) -> int:
    """Return the status of a route; whoever sees it at all sees every method of it."""
    first = await call(app, "GET", f"/literal/{number}/7")
    if first.status == 200:
        assert (first.json(), (await call(app, "POST", f"/literal/{number}/7")).status) == (7, 200)
    assert first.status in {200, 404}, "half of a registration was seen"
    return first.status


def serve(app: HawkAPI, progress: Progress, barrier: threading.Barrier, served: list[int]) -> None:
    """Ask for registered routes, and for the next ones, on a loop of this thread."""

    async def requests() -> None:
        count = 0
        while not progress.done or not count:
            registered = progress.registered
            if registered:
                assert await check_route(app, registered - 1) == 200
                assert await check_route(app, (count * 7) % registered) == 200
            await check_route(app, registered)
            count += 1
        served.append(count)

    barrier.wait(30)
    asyncio.run(requests())


@pytest.mark.race
def test_routes_are_seen_at_once_and_whole() -> None:
    """After `add_route` has returned every thread's next request finds the route; nobody ever sees half of one."""
    app, progress, barrier = HawkAPI(**NO_PROBES), Progress(), threading.Barrier(SERVERS + 1)
    served: list[int] = []

    def register() -> None:
        barrier.wait(30)
        for number in range(ROUTES):
            app.add_route(f"/literal/{number}/{{value:int}}", echo, methods=["GET", "POST"])
            progress.registered = number + 1
        progress.done = True

    work = [register, *(lambda: serve(app, progress, barrier, served) for _ in range(SERVERS))]
    run_threads(progress, work)
    assert len(served) == SERVERS
    assert len(app.routes) == ROUTES


@pytest.mark.race
def test_registrations_from_many_threads_are_all_kept() -> None:
    """Of routes that several threads register at once none is lost, and of two for one path one is refused."""
    app, progress, barrier = HawkAPI(**NO_PROBES), Progress(), threading.Barrier(SERVERS)
    refused: list[str] = []

    def register(server: int) -> None:
        barrier.wait(30)
        for number in range(50):
            app.add_route(f"/{server}/{number}/{{value}}", echo, methods=["GET"])
            try:
                app.add_route(f"/common/{number}", echo, methods=["GET"])
            except ValueError as exc:
                refused.append(str(exc))

    run_threads(progress, [lambda server=server: register(server) for server in range(SERVERS)])  # type: ignore[misc]
    assert len(app.routes) == SERVERS * 50 + 50
    assert len(refused) == (SERVERS - 1) * 50
    assert all(app._table.find("GET", f"/{server}/{number}/x") for server in range(SERVERS) for number in range(50))


def run_threads(progress: Progress, work: list[Callable[[], None]]) -> None:
    """Run functions in threads of their own, wait for them, and raise what one of them raised."""
    threads = [threading.Thread(target=guarded(progress, function)) for function in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if progress.failure is not None:
        raise progress.failure
    assert not any(thread.is_alive() for thread in threads)

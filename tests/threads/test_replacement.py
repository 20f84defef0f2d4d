"""Routes are removed and replaced in one thread while others serve."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

import pytest
from apps import NO_PROBES
from asgi import call
from loops import run_in_threads

from hawkapi import HawkAPI
from hawkapi.routing import Router
from hawkapi.routing.errors import RouteNotFoundError

SERVERS = 4
CHANGES = 60


class Shared:
    """What the changing thread tells those that serve: written by it alone, after a change has returned."""

    def __init__(self) -> None:
        self.generation = 0
        self.done = False
        self.failures: list[BaseException] = []


def guarded(shared: Shared, work: Callable[[], None]) -> Callable[[], None]:
    """Return a thread's function that leaves its failure where the test finds it."""

    def run() -> None:
        try:
            work()
        except BaseException as exc:  # noqa: BLE001 - the test raises it again
            shared.failures.append(exc)
            shared.done = True

    return run


def run_threads(shared: Shared, change: Callable[[], None], check: Callable[[], None]) -> None:
    """Change in one thread while others check, until the changes are done."""
    barrier = threading.Barrier(SERVERS + 1)

    def changing() -> None:
        barrier.wait(30)
        change()
        shared.done = True

    def checking() -> None:
        barrier.wait(30)
        while not shared.done:
            check()

    threads = [threading.Thread(target=guarded(shared, work)) for work in (changing, *[checking] * SERVERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if shared.failures:
        raise shared.failures[0]
    assert not any(thread.is_alive() for thread in threads)


def router_of(generation: int) -> Router:
    """Return a router whose routes answer its generation; odd ones have a route more."""
    router = Router()

    async def answer() -> int:
        return generation

    async def answer_value(value: int) -> int:
        return generation + 0 * value

    router.get("/literal")(answer)
    router.get("/parameter/{value:int}")(answer_value)
    if generation % 2:
        router.get("/odd")(answer)
    return router


@pytest.mark.race
def test_a_replacement_is_seen_at_once_and_whole() -> None:
    """One table has routes of one generation only, and no request finds an older one than was there when it began."""
    app, shared, routers = HawkAPI(prefix="/p", **NO_PROBES), Shared(), [router_of(0)]
    app.include_router(routers[0])

    def change() -> None:
        for generation in range(1, CHANGES):
            routers.append(router_of(generation))
            app.replace_router(routers[-2], routers[-1])
            shared.generation = generation

    def check() -> None:
        before = shared.generation
        reply = asyncio.run(call(app, "GET", "/p/parameter/1"))
        assert reply.status == 200
        assert before <= reply.json() <= shared.generation + 1
        table = app._publication.view().table
        literal, parameter = table.find("GET", "/p/literal"), table.find("GET", "/p/parameter/1")
        assert literal is not None
        assert parameter is not None
        route = literal[0].route
        generation = asyncio.run(route.handler())
        assert asyncio.run(parameter[0].route.handler(1)) == generation
        assert (table.find("GET", "/p/odd") is not None) == bool(generation % 2)

    run_threads(shared, change, check)
    assert [route.path for route in app.routes] == ["/p/literal", "/p/parameter/{value:int}", "/p/odd"]


@pytest.mark.race
def test_one_of_many_replacements_wins() -> None:
    """Of threads that put routers in the place of the same one, one does; the others hear that it is gone."""
    app = HawkAPI(**NO_PROBES)

    async def answer() -> None: ...

    def router_for(path: str) -> Router:
        made = Router()
        made.get(path)(answer)
        return made

    olds = [router_for(f"/{number}/old") for number in range(30)]
    for old in olds:
        app.include_router(old)
    barrier = threading.Barrier(SERVERS)

    def replace(index: int) -> list[str]:
        won = []
        for number, old in enumerate(olds):
            path = f"/{number}/{index}"
            barrier.wait(30)
            with contextlib.suppress(RouteNotFoundError):
                app.replace_router(old, router_for(path))
                won.append(path)
        return won

    won = [path for paths in run_in_threads(SERVERS, replace) for path in paths]
    assert len(won) == len(olds)
    assert sorted(route.path for route in app.routes) == sorted(won)


@pytest.mark.race
def test_a_removed_route_is_gone_when_the_call_returns() -> None:
    """Whoever asks after `remove_route` has returned gets 404, before 200; routes beside it are never missed."""
    app, shared = HawkAPI(**NO_PROBES), Shared()

    async def answer(value: int = 0) -> int:
        return value

    app.get("/stays/{value:int}")(answer)
    paths = [f"/{kind}/{number}" for number in range(CHANGES) for kind in ("whole", "stays/1")]
    for path in paths:
        app.get(path)(answer)

    def change() -> None:
        for number, path in enumerate(paths):
            app.remove_route(path)
            shared.generation = number + 1

    def check() -> None:
        removed = shared.generation
        statuses = [asyncio.run(call(app, "GET", path)).status for path in (*paths[:removed][-1:], paths[-1])]
        finished = shared.generation
        if removed:
            assert statuses[0] == 404
        assert statuses[-1] == 200 or finished >= len(paths) - 1
        assert asyncio.run(call(app, "GET", "/stays/7")).json() == 7

    run_threads(shared, change, check)
    assert [route.path for route in app.routes] == ["/stays/{value:int}"]


@pytest.mark.race
def test_paths_are_made_while_routes_come_and_go() -> None:
    """`url_path_for` finds a name that is always there, whatever happens to the first route that has it."""
    app, shared = HawkAPI(**NO_PROBES), Shared()

    async def answer() -> None: ...

    app.add_route("/0", answer, methods=["GET"], name="thing")

    def change() -> None:
        for number in range(1, CHANGES):
            app.add_route(f"/{number}", answer, methods=["GET"], name="thing")
            app.remove_route(f"/{number - 1}")

    def check() -> None:
        assert 0 <= int(app.url_path_for("thing")[1:]) < CHANGES

    run_threads(shared, change, check)
    assert app.url_path_for("thing") == f"/{CHANGES - 1}"

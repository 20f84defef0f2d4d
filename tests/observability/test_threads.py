"""`/_threads`: the threads, loops and pools of an application, for developers."""

from __future__ import annotations

import asyncio
import functools
import sys
import sysconfig
import threading
from collections.abc import Callable
from typing import Any

import pytest
from apps import NO_PROBES, hello
from asgi import call, request
from lifespans import COMPLETE, run_events
from loops import run_in_loops

from hawkapi import HawkAPI


def test_off() -> None:
    """An application that is not debugged does not answer."""
    assert request(HawkAPI(), "GET", "/_threads").status == 404


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`hawkapi dev` switches it on as everything else of that kind."""
    monkeypatch.setenv("HAWKAPI_DEBUG", "1")
    assert request(HawkAPI(), "GET", "/_threads").status == 200


def test_report() -> None:
    """It has the state of the GIL, the snapshot's number, the loop that answers, the threads and the lanes."""
    app = HawkAPI(**NO_PROBES, debug=True, worker_threads=7)
    app.get("/")(hello)
    report = request(app, "GET", "/_threads").json()
    assert list(report) == ["gil", "generation", "in_flight", "locks", "loops", "threads", "waiting", "workers"]
    assert report["gil"] == {
        "free_threaded_build": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "enabled": getattr(sys, "_is_gil_enabled", lambda: True)(),
    }
    assert (report["generation"], report["in_flight"]) == (1, 1)
    (loop,) = report["loops"]
    assert (loop["thread"], loop["answers"], loop["running"], loop["stopping"], loop["tasks"]) == (
        threading.current_thread().name,
        True,
        True,
        False,
        1,
    )
    assert "EventLoop" in loop["loop"]
    (main,) = [thread for thread in report["threads"] if thread["name"] == "MainThread"]
    assert main == {"name": "MainThread", "id": threading.main_thread().native_id, "daemon": False}
    assert {"lane": "handlers", "size": 7, "threads": 0, "busy": 0, "queued": 0} in report["workers"]


def test_pool_that_is_full() -> None:
    """It says how many threads are busy, and how much waits for one."""
    app = HawkAPI(**NO_PROBES, debug=True, worker_threads=2)
    inside, go_on = threading.Barrier(3), threading.Event()

    def occupy(wait: Callable[[], object]) -> None:
        wait()
        go_on.wait(30)

    app.get("/first")(functools.partial(occupy, lambda: inside.wait(30)))
    app.get("/later")(functools.partial(occupy, lambda: None))

    async def main() -> dict[str, Any]:
        first = [asyncio.ensure_future(call(app, "GET", "/first")) for _ in range(2)]
        await asyncio.to_thread(inside.wait, 30)
        # Begun eagerly, they are in the queue at once.
        loop = asyncio.get_running_loop()
        later = [asyncio.Task(call(app, "GET", "/later"), loop=loop, eager_start=True) for _ in range(3)]
        report: dict[str, Any] = (await call(app, "GET", "/_threads")).json()
        go_on.set()
        await asyncio.gather(*first, *later)
        return report

    report = asyncio.run(main())
    handlers = next(lane for lane in report["workers"] if lane["lane"] == "handlers")
    assert handlers == {"lane": "handlers", "size": 2, "threads": 2, "busy": 2, "queued": 3}
    assert report["in_flight"] == 6


def test_loop_that_was_started() -> None:
    """A loop with the application's lifespan is there until it stops."""
    app = HawkAPI(**NO_PROBES, debug=True)
    found: list[Any] = []

    @app.on_loop_startup
    async def look() -> None:
        found.extend((await call(app, "GET", "/_threads")).json()["loops"])

    assert asyncio.run(run_events(app)) == COMPLETE
    assert [(loop["thread"], loop["answers"]) for loop in found] == [(threading.current_thread().name, True)]
    assert app._lifespan.stays == []


@pytest.mark.race
def test_loops_of_many_threads() -> None:
    """Each loop with the lifespan is there, whichever of them answers, while all of them are busy."""
    app = HawkAPI(**NO_PROBES, debug=True)
    barrier = threading.Barrier(4)

    async def main(index: int) -> list[dict[str, Any]]:
        incoming: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        started = asyncio.Event()

        async def send(message: Any) -> None:
            started.set()

        lifespan = asyncio.ensure_future(app({"type": "lifespan"}, incoming.get, send))
        await incoming.put({"type": "lifespan.startup"})
        await started.wait()
        await asyncio.to_thread(barrier.wait, 30)
        replies = [await call(app, "GET", "/_threads") for _ in range(20)]
        await asyncio.to_thread(barrier.wait, 30)
        await incoming.put({"type": "lifespan.shutdown"})
        await lifespan
        loops: list[dict[str, Any]] = replies[-1].json()["loops"]
        return loops

    for loops in run_in_loops(4, main):
        assert len({loop["thread"] for loop in loops}) == 4
        assert [loop["answers"] for loop in loops].count(True) == 1
        assert all(loop["running"] and not loop["stopping"] for loop in loops)


def test_own_route() -> None:
    """A route of the application's at the path takes its place."""
    app = HawkAPI(debug=True)
    app.get("/_threads")(hello)
    assert request(app, "GET", "/_threads").json() == {"hello": "world"}


def test_documents() -> None:
    """It is not part of the API's description."""
    assert "/_threads" not in HawkAPI(debug=True).openapi()["paths"]

"""Start-up and shutdown, once per period, whatever number of loops in threads asks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgi import call
from lifespans import COMPLETE, TIMEOUT_S, LoopThread, run_events
from loops import run_in_loops

from hawkapi import HawkAPI
from hawkapi._threading import FREE_THREADED


@pytest.mark.race
@pytest.mark.parametrize("stop_owner_first", [True, False])
def test_many_loops_start_once(stop_owner_first: bool) -> None:
    """Of loops in four threads one starts up; all of them begin after it, share its state, and it is left last."""
    events: list[Any] = []

    @asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[dict[str, object]]:
        owner = threading.current_thread()
        events.append("enter")
        yield {"owner": owner}
        events.append("leave")
        assert threading.current_thread() is owner

    loops = start_together(HawkAPI(lifespan=lifespan), 4)
    assert [loop.wait_started() for loop in loops] == ["lifespan.startup.complete"] * 4
    assert events == ["enter"]
    owner = next(loop for loop in loops if loop.state["owner"] is loop.thread)
    assert all(loop.state["owner"] is owner.thread for loop in loops)
    if stop_owner_first:
        owner.request_stop()
    for loop in loops:
        if loop is not owner:
            assert events == ["enter"]
            loop.stop()
    if not stop_owner_first:
        owner.request_stop()
    owner.join()
    assert events == ["enter", "leave"]


def start_together(app: HawkAPI, count: int) -> list[LoopThread]:
    """Start as many loops at once."""
    return [LoopThread(app, f"worker-{number}") for number in range(count)]


@pytest.mark.race
def test_many_loops_fail_together() -> None:
    """When start-up fails every loop that waited for it fails; then all of them may start again."""
    failing = [True]

    @asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[None]:
        if failing[0]:
            raise OSError("no database")
        yield

    app = HawkAPI(lifespan=lifespan)
    loops = start_together(app, 4)
    answers = [loop.started.result(TIMEOUT_S) for loop in loops]
    assert {answer["type"] for answer in answers} == {"lifespan.startup.failed"}
    assert all(answer["message"].endswith("no database") for answer in answers)
    failing[0] = False
    loops = start_together(app, 4)
    assert [loop.wait_started() for loop in loops] == ["lifespan.startup.complete"] * 4
    for loop in loops:
        loop.request_stop()
    for loop in loops:
        loop.join()


class Noted:
    """An application that writes down which task does what."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.app = HawkAPI(lifespan=self.lifespan)
        self.app.on_startup(lambda: self.note("start"))
        self.app.on_shutdown(lambda: self.note("stop"))
        self.app.on_loop_startup(lambda: self.note("loop start"))
        self.app.on_loop_shutdown(lambda: self.note("loop stop"))
        self.app.get("/")(self.home)

    def note(self, what: str) -> None:
        """Write down that the running task does something."""
        self.events.append((what, asyncio.current_task()))

    async def lifespan(self, app: HawkAPI) -> AsyncIterator[dict[str, int]]:
        """Take a moment to start, so that others come meanwhile."""
        await asyncio.sleep(0)
        self.note("enter")
        yield {"answer": 42}
        self.note("leave")

    async def home(self) -> dict[str, list[str]]:
        """Tell what has happened so far."""
        return {"seen": [what for what, _ in self.events]}


@pytest.mark.race
@pytest.mark.parametrize("repetition", range(10))
def test_four_loops_share_one_start_up(repetition: int) -> None:
    """Loops in four threads: hooks of the process run once, those of loops in each, no request sees a half-started app,
    and what one task started the same task stops, after every other loop."""
    noted = Noted()
    barrier = threading.Barrier(4)

    async def main(index: int) -> list[str]:
        async def serve() -> None:
            assert (await call(noted.app, "GET", "/", state=dict(state))).json()["seen"][:2] == ["start", "enter"]
            # Every loop has started before one stops: otherwise there would be several periods.
            await asyncio.to_thread(barrier.wait, TIMEOUT_S)

        state: dict[str, Any] = {}
        answers = await run_events(noted.app, serve, state=state)
        assert (answers, state) == (COMPLETE, {"answer": 42})
        return [what for what, task in noted.events if task is asyncio.current_task()]

    per_task = sorted(run_in_loops(4, main), key=len)
    assert per_task[:3] == [["loop start", "loop stop"]] * 3
    assert per_task[3] == ["start", "enter", "loop start", "loop stop", "leave", "stop"]
    assert [what for what, _ in noted.events][-3:] == ["loop stop", "leave", "stop"]
    assert noted.app.in_flight == 0


@pytest.mark.race
@pytest.mark.parametrize("repetition", range(10))
def test_loops_that_come_and_go_start_and_stop_in_turn(repetition: int) -> None:
    """Whatever periods the loops happen to make up, each is started before it serves and stopped after it."""
    noted = Noted()

    async def main(index: int) -> None:
        for _ in range(5):
            assert await run_events(noted.app, lambda: call(noted.app, "GET", "/")) == COMPLETE

    run_in_loops(4, main)
    process = [what for what, _ in noted.events if not what.startswith("loop")]
    assert process == ["start", "enter", "leave", "stop"] * (len(process) // 4)
    running = depth = 0
    for what, _ in noted.events:
        running += {"enter": 1, "leave": -1}.get(what, 0)
        depth += {"loop start": 1, "loop stop": -1}.get(what, 0)
        assert running or depth == 0
    assert [what for what, _ in noted.events].count("loop start") == 20


def test_two_lifespans_one_after_the_other_start_twice() -> None:
    """As two test clients do: each gets a start-up and a shutdown of its own."""
    noted = Noted()
    for _ in range(2):
        assert asyncio.run(run_events(noted.app)) == COMPLETE
    once = ["start", "enter", "loop start", "loop stop", "leave", "stop"]
    assert [what for what, _ in noted.events] == once * 2


@pytest.mark.skipif(not FREE_THREADED, reason="with the GIL the requests of loops are counted together")
def test_loop_that_stops_waits_for_its_own_requests_only() -> None:
    """While another loop answers a request, a loop without any stops at once."""
    noted = Noted()
    begun, go_on = threading.Event(), threading.Event()

    @noted.app.get("/slow")
    async def slow() -> str:
        begun.set()
        await asyncio.to_thread(go_on.wait, TIMEOUT_S)
        return "done"

    async def busy() -> None:
        async def serve() -> None:
            assert (await call(noted.app, "GET", "/slow")).json() == "done"

        assert await run_events(noted.app, serve) == COMPLETE

    thread = threading.Thread(target=lambda: asyncio.run(busy()))
    thread.start()
    assert begun.wait(TIMEOUT_S)
    other = LoopThread(noted.app, "other")
    assert other.wait_started() == "lifespan.startup.complete"
    other.stop()
    assert noted.app.in_flight == 1
    go_on.set()
    thread.join(TIMEOUT_S)
    assert [what for what, _ in noted.events][-3:] == ["loop stop", "leave", "stop"]

"""`LifespanManager` on its own, and what it closes last."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from lifespans import COMPLETE, LoopThread, run_events
from loops import close_under_tasks, hand_driven_loops, let_run

from hawkapi.lifespan import HookRegistry, LifespanManager


class Container:
    """Stand for a container: writes down when it is closed, and in which thread."""

    def __init__(self, events: list[Any]) -> None:
        self.events = events

    async def aclose(self) -> None:
        """Close what belongs to the process."""
        self.events.append(("aclose", threading.current_thread().name))

    async def close_loop(self) -> None:
        """Close what belongs to the loop."""
        self.events.append(("close_loop", threading.current_thread().name))


def test_alone() -> None:
    """A registry and a context manager are all that is needed; hooks come first, and are left last."""
    events: list[str] = []
    hooks = HookRegistry()
    hooks.on_startup(lambda: events.append("start"))
    hooks.on_shutdown(lambda: events.append("stop"))

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        events.append("enter")
        yield
        events.append("leave")

    manager = LifespanManager(hooks, lifespan)
    assert asyncio.run(run_events(manager.handle)) == COMPLETE
    assert events == ["start", "enter", "leave", "stop"]


def test_state() -> None:
    """What the lifespan sets on `state`, and then what it yields, goes into the dict that the server supplied."""

    async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
        app.state.database = "open"
        app.state.both = "set"
        yield {"answer": 42, "both": "yielded"}

    supplied: dict[str, Any] = {"server": 1}
    manager = LifespanManager(HookRegistry(), lifespan)
    assert asyncio.run(run_events(manager.handle, state=supplied)) == COMPLETE
    assert supplied == {"server": 1, "database": "open", "answer": 42, "both": "yielded"}


def test_state_without_a_dict_of_the_server() -> None:
    """A server that supplies none still gets start-up and shutdown."""

    async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"answer": 42}

    assert asyncio.run(run_events(LifespanManager(HookRegistry(), lifespan).handle)) == COMPLETE


def test_container_is_closed_last() -> None:
    """Shutdown hooks still have it; then goes what belongs to the loop, then what belongs to the process."""
    events: list[Any] = []
    hooks = HookRegistry()
    hooks.on_shutdown(lambda: events.append("stop"))
    manager = LifespanManager(hooks, resources=Container(events))
    assert asyncio.run(run_events(manager.handle)) == COMPLETE
    name = threading.current_thread().name
    assert events == ["stop", ("close_loop", name), ("aclose", name)]


def test_container_is_closed_after_a_failed_start() -> None:
    """What a start-up took from the container before it failed is closed."""
    events: list[Any] = []
    hooks = HookRegistry()

    @hooks.on_startup
    def fail() -> None:
        raise OSError("no database")

    manager = LifespanManager(hooks, resources=Container(events))
    (answer,) = asyncio.run(run_events(manager.handle))
    assert answer == {"type": "lifespan.startup.failed", "message": "no database"}
    assert [what for what, _ in events] == ["close_loop", "aclose"]


def test_container_that_cannot_be_closed(caplog: pytest.LogCaptureFixture) -> None:
    """A failure there is logged, and the rest is closed all the same."""
    events: list[Any] = []

    class Stuck(Container):
        async def close_loop(self) -> None:
            raise OSError("stuck")

    manager = LifespanManager(HookRegistry(), resources=Stuck(events))
    assert asyncio.run(run_events(manager.handle)) == COMPLETE
    assert [what for what, _ in events] == ["aclose"]
    assert caplog.messages == ["shutdown: closing what the container holds for the loop failed"]


def test_each_loop_closes_its_own_part_of_the_container() -> None:
    """What belongs to a loop is closed in its thread, what belongs to the process in the first one's."""
    events: list[Any] = []
    manager = LifespanManager(HookRegistry(), resources=Container(events))
    first = LoopThread(manager.handle, "first")
    assert first.wait_started() == "lifespan.startup.complete"
    second = LoopThread(manager.handle, "second")
    assert second.wait_started() == "lifespan.startup.complete"
    second.stop()
    first.stop()
    assert events == [("close_loop", "second"), ("close_loop", "first"), ("aclose", "first")]


async def start_only(manager: LifespanManager, sent: list[Any]) -> None:
    """Send the start event and then nothing."""
    incoming = ["lifespan.startup"]

    async def receive() -> Any:
        return {"type": incoming.pop()} if incoming else await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await manager.handle({"type": "lifespan"}, receive, send)


def test_loop_that_is_closed_during_start_up() -> None:
    """Who waits for the start-up of a loop that was closed hears that it failed, and the next one starts anew."""
    hooks = HookRegistry()
    hanging = [True]

    @hooks.on_startup
    async def hang() -> None:
        if hanging:
            await asyncio.get_running_loop().create_future()

    manager = LifespanManager(hooks)
    answers: list[Any] = []
    with hand_driven_loops(2) as (first, second):
        first.create_task(start_only(manager, []))
        let_run(first)
        waiting = second.create_task(start_only(manager, answers))
        let_run(second)
        close_under_tasks(first)
        second.run_until_complete(waiting)
    hanging.clear()
    assert asyncio.run(run_events(manager.handle)) == COMPLETE
    assert answers == ["lifespan.startup.failed"]


def test_loop_that_is_closed_while_it_serves() -> None:
    """A loop that was closed without a shutdown is over: nothing is in the way of the next start."""
    started: list[str] = []
    hooks = HookRegistry()
    hooks.on_startup(lambda: started.append("start"))
    manager = LifespanManager(hooks)
    with hand_driven_loops(1) as (loop,):
        loop.create_task(start_only(manager, []))
        let_run(loop)
        assert manager.obstacle is None
        close_under_tasks(loop)
        assert asyncio.run(run_events(manager.handle)) == COMPLETE
    assert started == ["start", "start"]


def test_obstacle_to_requests() -> None:
    """It is named while start-up and shutdown run, and only then."""
    seen: list[str | None] = []
    hooks = HookRegistry()
    manager = LifespanManager(hooks)
    hooks.on_startup(lambda: seen.append(manager.obstacle))
    hooks.on_shutdown(lambda: seen.append(manager.obstacle))
    seen.append(manager.obstacle)
    asyncio.run(run_events(manager.handle, lambda: seen.append(manager.obstacle)))
    seen.append(manager.obstacle)
    assert seen == [None, "starting up", None, "shutting down", None]


def test_lifespan_sees_a_cancellation_but_no_failures(caplog: pytest.LogCaptureFixture) -> None:
    """A server that cancels instead of sending an event reaches the `yield`; what other hooks raise does not."""
    seen: list[str] = []

    async def lifespan(app: Any) -> AsyncIterator[None]:
        try:
            yield
        except BaseException as exc:
            seen.append(type(exc).__name__)
            raise
        seen.append("left")

    def fail() -> None:
        raise OSError("pool")

    manager = LifespanManager(HookRegistry(), lifespan)
    manager.loop_hooks.on_shutdown(fail)
    with hand_driven_loops(1) as (loop,):
        task = loop.create_task(start_only(manager, []))
        let_run(loop)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
    assert asyncio.run(run_events(manager.handle)) == COMPLETE
    assert seen == ["CancelledError", "left"]
    assert len(caplog.messages) == 2

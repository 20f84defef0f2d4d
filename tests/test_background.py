"""Background tasks."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from contextvars import ContextVar
from typing import Any

import pytest

from hawkapi import HawkAPI
from hawkapi.background import BackgroundTask, BackgroundTasks

user: ContextVar[str] = ContextVar("user", default="nobody")


def test_tasks_run_in_order_and_once() -> None:
    """Plain and async tasks run one after the other, with their arguments; then they are forgotten."""
    seen: list[Any] = []

    async def later(value: int, *, twice: bool = False) -> None:
        await asyncio.sleep(0)
        seen.append(value * 2 if twice else value)

    def now(func: int) -> None:
        seen.append(func)

    tasks = BackgroundTasks()
    tasks.add_task(later, 1, twice=True)
    tasks.add_task(now, func=3)
    tasks.add_task(functools.partial(later, 4))
    assert len(tasks) == 3
    asyncio.run(tasks.run())
    asyncio.run(tasks.run())
    assert seen == [2, 3, 4]


class Plain:
    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    def __call__(self) -> None:
        self.seen.append(threading.current_thread().name)


class Async(Plain):
    async def __call__(self) -> None:  # type: ignore[override]
        self.seen.append(threading.current_thread().name)


@pytest.mark.parametrize(("kind", "in_loop"), [(Plain, False), (Async, True)])
def test_where_tasks_run(kind: type[Plain], in_loop: bool) -> None:
    """Plain callables run in the application's threads, async ones on the loop."""
    seen: list[str] = []
    tasks = BackgroundTasks()
    tasks.add_task(kind(seen))
    tasks.add_task(functools.partial(kind(seen)))
    asyncio.run(tasks.run({"type": "http", "app": HawkAPI()}))
    assert all((name == threading.current_thread().name) is in_loop for name in seen)
    assert all(name.startswith("hawkapi-worker_") is not in_loop for name in seen)
    assert len(seen) == 2


def test_plain_function_that_returns_an_awaitable() -> None:
    """It is awaited."""
    seen: list[int] = []

    async def later(number: int) -> None:
        seen.append(number)

    tasks = BackgroundTasks()
    tasks.add_task(lambda: later(1))
    asyncio.run(tasks.run())
    assert seen == [1]


def test_tasks_see_the_context() -> None:
    """A task in a thread has the context variables of the request."""
    seen: list[str] = []

    async def main() -> None:
        user.set("ada")
        tasks = BackgroundTasks()
        tasks.add_task(lambda: seen.append(user.get()))
        await tasks.run()

    asyncio.run(main())
    assert seen == ["ada"]


async def fails_async(password: str) -> None:
    raise ValueError("no")


def fails(password: str) -> None:
    raise ValueError("no")


async def cancels(password: str) -> None:
    raise asyncio.CancelledError


class Nameless:
    def __call__(self, password: str) -> None:
        raise ValueError("no")


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (fails, "fails"),
        (fails_async, "fails_async"),
        (cancels, "cancels"),
        (functools.partial(fails), "fails"),
        (Nameless(), "Nameless"),
    ],
    ids=["plain", "async", "cancelled", "partial", "object"],
)
def test_failing_task(task: Any, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A failure is logged by the task's name, without what it was called with, and the next task runs."""
    seen: list[int] = []
    tasks = BackgroundTasks()
    tasks.add_task(task, "hunter2")
    tasks.add_task(seen.append, 1)
    with caplog.at_level(logging.ERROR, "hawkapi.background"):
        asyncio.run(tasks.run())
    assert seen == [1]
    (record,) = caplog.records
    assert (record.name, record.exc_info is not None) == ("hawkapi.background", True)
    assert f"background task {name} " in record.getMessage()
    assert "hunter2" not in record.getMessage()


def test_task_may_add_tasks() -> None:
    """They run after those that were there."""
    seen: list[int] = []
    tasks = BackgroundTasks()
    tasks.add_task(lambda: tasks.add_task(seen.append, 2))
    tasks.add_task(seen.append, 1)
    asyncio.run(tasks.run())
    assert seen == [1, 2]


def test_cancelled_request_cancels_its_task(caplog: pytest.LogCaptureFixture) -> None:
    """A cancellation from outside is not logged as a failure, and ends the run."""

    async def main() -> None:
        started = asyncio.Event()
        seen: list[int] = []

        async def wait() -> None:
            started.set()
            await asyncio.Event().wait()

        tasks = BackgroundTasks()
        tasks.add_task(wait)
        tasks.add_task(seen.append, 1)
        running = asyncio.create_task(tasks.run())
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert seen == []

    asyncio.run(main())
    assert caplog.records == []


def test_task_that_cannot_be_called() -> None:
    """It is refused when it is added."""
    with pytest.raises(TypeError, match="needs a function and its arguments, not None"):
        BackgroundTasks().add_task(None)  # type: ignore[arg-type]


def test_single_task(caplog: pytest.LogCaptureFixture) -> None:
    """One task runs by itself, and its failure is logged as well."""
    seen: list[int] = []
    asyncio.run(BackgroundTask(seen.append, 1).run())
    asyncio.run(BackgroundTask(fails, "x").run())
    assert (seen, len(caplog.records)) == ([1], 1)

"""The pool in which plain functions run."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from hawkapi._workers import DEFAULT_SIZE, WorkerPool

variable: ContextVar[str] = ContextVar("variable", default="unset")


def test_run_passes_arguments_and_result() -> None:
    """Positional and named arguments reach the function, and its result comes back."""
    pool = WorkerPool()

    def join(*parts: str, sep: str) -> str:
        return sep.join(parts)

    assert pool.size == DEFAULT_SIZE
    assert asyncio.run(pool.run(join, "a", "b", sep="-")) == "a-b"


def test_run_passes_exceptions() -> None:
    """What the function raises is raised where it was asked for."""

    def fail() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        asyncio.run(WorkerPool().run(fail))


def test_threads_are_named() -> None:
    """A thread is called like its pool."""
    name = asyncio.run(WorkerPool(size=1, name="special").run(lambda: threading.current_thread().name))
    assert name == "special_0"


def test_context_is_copied() -> None:
    """The function sees the caller's context; what it sets stays with it, also in a thread that is used again."""
    pool = WorkerPool(size=1)

    def exchange(value: str) -> str:
        before = variable.get()
        variable.set(value)
        return before

    async def scenario() -> list[str]:
        variable.set("caller")
        return [await pool.run(exchange, "one"), await pool.run(exchange, "two"), variable.get()]

    assert asyncio.run(scenario()) == ["caller"] * 3
    assert asyncio.run(pool.run(variable.get)) == "unset"


def test_size_is_a_limit() -> None:
    """No more functions run at once than the pool has threads."""
    pool = WorkerPool(size=2)
    meeting = threading.Barrier(2, timeout=30)
    running, most, guard = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        meeting.wait()
        with guard:
            running -= 1

    async def scenario() -> None:
        await asyncio.gather(*(pool.run(work) for _ in range(8)))

    asyncio.run(scenario())
    assert most == 2


def test_one_pool_serves_several_loops() -> None:
    """Loops of different threads, one after the other and at once, use one pool."""
    pool = WorkerPool(size=1)
    results: list[int] = []

    def serve(number: int) -> None:
        results.append(asyncio.run(pool.run(abs, number)))

    threads = [threading.Thread(target=serve, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 1, 2, 3]


def test_cancelled_caller_drops_the_result() -> None:
    """A function whose caller was cancelled runs to its end."""
    pool = WorkerPool(size=1)
    started, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        go_on.wait(30)
        ended.set()

    async def scenario() -> None:
        task = asyncio.create_task(pool.run(work))
        await asyncio.to_thread(started.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        assert await asyncio.to_thread(ended.wait, 30)

    asyncio.run(scenario())


def test_size_is_at_least_one() -> None:
    """A pool without threads is refused."""
    with pytest.raises(ValueError, match="max_workers must be greater than 0"):
        WorkerPool(size=0)


def test_cancelled_caller_that_waits_for_a_thread() -> None:
    """A function that has not begun when its caller is cancelled is not called."""
    called: list[str] = []

    async def main() -> None:
        pool = WorkerPool(size=1)
        go_on = threading.Event()
        busy = asyncio.ensure_future(pool.run(go_on.wait))
        waiting = asyncio.ensure_future(pool.run(called.append, "waiting"))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go_on.set()
        await busy
        await pool.run(called.append, "later")

    asyncio.run(main())
    assert called == ["later"]

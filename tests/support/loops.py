"""Many threads, many event loops, one deadline: a hang fails a test instead of hanging the suite."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

DEADLINE_S = 60.0
"""How long a whole call may take: far more than any test needs on a loaded machine."""

_GRACE_S = 5.0
_SWITCH_INTERVAL_S = 1e-5


def run_in_threads[T](count: int, function: Callable[[int], T], *, deadline_s: float = DEADLINE_S) -> list[T]:
    """Call `function(index)` in `count` threads that start at a barrier, and return the results in order.

    The GIL, where there is one, is passed on as often as it can be, so that races have a chance there too.

    Raises:
        BaseException: The first error of a thread, as it was raised.
        TimeoutError: A thread was still running at the deadline; says where.
    """
    barrier = threading.Barrier(count)
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(index: int) -> None:
        try:
            barrier.wait(deadline_s)
            results[index] = function(index)
        except BaseException as exc:  # noqa: BLE001 - it is raised again in the caller's thread.
            errors.append(exc)

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(count)]
    with _rapid_switching():
        for thread in threads:
            thread.start()
        _join(threads, deadline_s)
    if errors:
        raise errors[0]
    return [results[index] for index in range(count)]


def run_in_loops[T](
    count: int, main: Callable[[int], Coroutine[object, object, T]], *, deadline_s: float = DEADLINE_S
) -> list[T]:
    """Run the coroutine `main(index)` in `count` threads, each with its own event loop; else as `run_in_threads`."""

    async def limited(index: int) -> T:
        async with asyncio.timeout(deadline_s):
            return await main(index)

    return run_in_threads(count, lambda index: asyncio.run(limited(index)), deadline_s=deadline_s + _GRACE_S)


def meet[T](count: int, rounds: Sequence[Callable[[int], T]]) -> list[list[T]]:
    """Call each function in `count` threads at the same moment, one after the other; return the results of each."""
    barrier = threading.Barrier(count)

    def work(index: int) -> list[T]:
        results = []
        for function in rounds:
            barrier.wait(DEADLINE_S)
            results.append(function(index))
        return results

    return [list(results) for results in zip(*run_in_threads(count, work), strict=True)]


@contextmanager
def hand_driven_loops(count: int) -> Iterator[list[asyncio.AbstractEventLoop]]:
    """Give loops that run only inside `let_run`, all in this thread, so that every interleaving can be chosen."""
    loops = [asyncio.new_event_loop() for _ in range(count)]
    try:
        yield loops
    finally:
        for loop in loops:
            close_under_tasks(loop)


def close_under_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop as a careless program does, with its tasks pending, but without asyncio's complaint about each."""
    if not loop.is_closed():
        for task in asyncio.all_tasks(loop):
            silenced: Any = task
            silenced._log_destroy_pending = False
        loop.close()


def let_run(*loops: asyncio.AbstractEventLoop) -> None:
    """Let each loop in turn do everything it can do without waiting for time or other threads."""
    for loop in loops:
        for _ in range(10):
            loop.run_until_complete(asyncio.sleep(0))


def instances_of(class_name: str) -> int:
    """Count the objects of a class that are alive, by the name of the class."""
    gc.collect()
    return sum(type(thing).__name__ == class_name for thing in gc.get_objects())


@contextmanager
def _rapid_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _join(threads: list[threading.Thread], deadline_s: float) -> None:
    end = time.monotonic() + deadline_s
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    hanging = [thread for thread in threads if thread.is_alive()]
    if hanging:
        raise TimeoutError(f"{len(hanging)} of {len(threads)} threads still run:\n" + _stacks(hanging))


def _stacks(threads: list[threading.Thread]) -> str:
    frames = sys._current_frames()
    stacks = [traceback.format_stack(frames[thread.ident]) for thread in threads if thread.ident in frames]
    return "\n".join("".join(stack) for stack in stacks)

"""`/_threads`: which threads and event loops serve an application, for developers."""

from __future__ import annotations

import asyncio
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, final

import hawkapi._threading as _threading
from hawkapi._workers import WorkerPool

PATH: Final = "/_threads"


class Served(NamedTuple):
    """An event loop that has been started with the application's lifespan."""

    loop: asyncio.AbstractEventLoop
    thread: str
    is_stopping: bool


@final
class ThreadReport:
    """Says what the threads of an application are doing. Thread-safe: it changes nothing.

    Every number was right a moment ago, and no two of them at the same moment.

    Args:
        workers: the application's.
        loops: returns those that were started.
        generation: returns that of the newest snapshot.
        in_flight: returns how many requests are being answered.
    """

    def __init__(
        self,
        workers: WorkerPool,
        loops: Callable[[], Iterable[Served]],
        generation: Callable[[], int],
        in_flight: Callable[[], int],
    ) -> None:
        self._workers = workers
        self._loops = loops
        self._generation = generation
        self._in_flight = in_flight

    async def threads(self) -> dict[str, Any]:
        """Answer the request."""
        return {
            "gil": describe_gil(),
            "generation": self._generation(),
            "in_flight": self._in_flight(),
            "locks": describe_locks(),
            "loops": describe_loops(self._loops()),
            "threads": describe_threads(),
            "waiting": describe_waiting(),
            "workers": [lane._asdict() for lane in self._workers.lanes()],
        }


def describe_gil() -> dict[str, bool]:
    """Return whether the interpreter can do without the GIL, and whether it does."""
    probe = getattr(sys, "_is_gil_enabled", None)
    return {
        "free_threaded_build": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "enabled": True if probe is None else bool(probe()),
    }


def describe_locks() -> list[dict[str, Any]] | None:
    """Return how often each named lock was taken and waited for; `None` unless HAWKAPI_LOCK_STATISTICS is 1."""
    if not _threading.LOCK_STATISTICS:
        return None
    from hawkapi._lock_statistics import STATISTICS  # here, because hardly any process counts

    return [lock._asdict() for lock in STATISTICS.report()]


def describe_waiting() -> list[dict[str, Any]] | None:
    """Return how many tasks wait for the named primitives that work across loops; `None` as for the locks."""
    if not _threading.LOCK_STATISTICS:
        return None
    from hawkapi._lock_statistics import STATISTICS  # as above

    return [waits._asdict() for waits in STATISTICS.waits()]


def describe_loops(started: Iterable[Served]) -> list[dict[str, Any]]:
    """Return the loops that were started, and the one that answers, which servers without lifespan do not start."""
    here = asyncio.get_running_loop()
    served = list(started)
    if all(one.loop is not here for one in served):
        served.append(Served(here, threading.current_thread().name, is_stopping=False))
    return [
        {
            "thread": one.thread,
            "loop": f"{type(one.loop).__module__}.{type(one.loop).__qualname__}",
            "answers": one.loop is here,
            "running": one.loop.is_running(),
            "stopping": one.is_stopping,
            "tasks": count_tasks(one.loop),
        }
        for one in served
    ]


def count_tasks(loop: asyncio.AbstractEventLoop) -> int | None:
    """Return how many tasks of a loop have not ended, or `None` where they change faster than they can be counted."""
    try:
        return len(asyncio.all_tasks(loop))
    except RuntimeError:  # asyncio walks through all tasks of all threads, and gives up after many attempts.
        return None


def describe_threads() -> list[dict[str, Any]]:
    """Return the threads of the process that Python knows."""
    return [
        {"name": thread.name, "id": thread.native_id, "daemon": thread.daemon}
        for thread in sorted(threading.enumerate(), key=lambda thread: thread.name)
    ]

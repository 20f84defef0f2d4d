"""The threads in which plain functions run beside the event loops.

One pool would be simpler, but a function in it may wait for what only another function, queued behind it, would give
back: a dependency for a database connection that another request holds, whose handler needs a thread, or a handler for
one that a streamed response holds, whose next chunk, or whose clean-up, needs a thread. So each kind of work has a lane
of threads of its own, and waits at most for kinds further down in `Lane`. Lanes do not help a sync stream that waits
for another one of a full lane; such streams are written as async generators.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import logging
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from enum import Enum
from typing import Any, Final, NamedTuple

from hawkapi.types import Scope

logger = logging.getLogger("hawkapi")

DEFAULT_SIZE: Final = 40
"""Threads at most. Blocking handlers mostly wait, so there are more than processors; other frameworks have as many."""


class Lane(Enum):
    """Kinds of work, each with threads of its own. A kind may wait for those below it, never for those above."""

    CHECKS = "-check"
    """Readiness checks: user code, which must be able to answer when handlers have no thread left."""
    OPENING_1 = "-open"
    """The beginnings of generators, the first that a request opens: user code that may wait for what others hold."""
    OPENING_2 = "-open2"
    """Those that a request opens while it holds what the first one gave it."""
    OPENING_3 = "-open3"
    """Ditto, while it holds two."""
    OPENING_4 = "-open4"
    """The fourth and all further ones."""
    HANDLERS = ""
    """Handlers, plain dependencies and background tasks: user code that may wait for anything."""
    STREAMS = "-stream"
    """Steps of plain iterators whose items are being sent: user code, of a response that has begun."""
    CLEANUP = "-cleanup"
    """The ends of generators: user code that gives back what others may be waiting for."""
    FILES = "-file"
    """Reading files: our own code, which waits for disks only."""


OPENING: Final = (Lane.OPENING_1, Lane.OPENING_2, Lane.OPENING_3, Lane.OPENING_4)


class LaneState(NamedTuple):
    """What a lane was doing a moment ago."""

    lane: str
    size: int
    """Threads at most."""
    threads: int
    """Those that were started; they stay."""
    busy: int
    queued: int
    """Calls that wait for a thread."""


class WorkerPool:
    """Named, sized lanes of threads that any event loop of any thread may use at the same time.

    Threads are started when they are needed and end with the pool.

    Args:
        size: threads of a lane at most, at least 1, default 40.
        name: how the threads are called: `<name>_<number>`, with the kind of work before the number.
    """

    def __init__(self, *, size: int = DEFAULT_SIZE, name: str = "hawkapi-worker") -> None:
        self.size = size
        # An executor without work has no threads, so unused lanes cost nothing.
        self._lanes = {lane: ThreadPoolExecutor(size, thread_name_prefix=name + lane.value) for lane in Lane}
        self._handlers = self._lanes[Lane.HANDLERS]

    def lanes(self) -> list[LaneState]:
        """Return what each lane is doing, in the order of `Lane`."""
        return [self._state_of(lane, executor) for lane, executor in self._lanes.items()]

    def _state_of(self, lane: Lane, executor: Any) -> LaneState:
        # An executor does not say this otherwise; these have been its attributes since Python 3.9.
        threads = len(executor._threads)
        busy = max(0, threads - executor._idle_semaphore._value)
        return LaneState(lane.name.lower(), self.size, threads, busy, executor._work_queue.qsize())

    async def run[**P, T](self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in a thread for handlers, with a copy of the caller's context variables.

        If the caller is cancelled, a function that has begun runs to its end and its result is dropped; one that still
        waits for a thread is not called.
        """
        # PERF: without looking the lane up, and without a coroutine in between; plain handlers come this way.
        return await self._run(self._handlers, functools.partial(function, *args, **kwargs))

    async def run_in[T](self, lane: Lane, function: Callable[[], T]) -> T:
        """Call a function in a thread of a lane; the rest is as for `run`."""
        return await self._run(self._lanes[lane], function)

    async def finish_in[T](self, lane: Lane, function: Callable[[], T]) -> T:
        """Call a function in a thread of a lane, whatever happens to the caller: one that is cancelled waits for it."""
        work = self._run(self._lanes[lane], function)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            while not work.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait((work,))
            failure = work.exception()
            if failure is not None:
                logger.error("%r failed after its caller was cancelled", function, exc_info=failure)
            raise

    def _run[T](self, executor: ThreadPoolExecutor, function: Callable[[], T]) -> asyncio.Future[T]:
        context = copy_context()
        # THREADS: submit() may start a thread, and from 3.14 on a free-threaded build gives a new thread the context
        # of its starter. Started from an empty one, a thread keeps nothing of the request that happened to start it.
        return asyncio.wrap_future(Context().run(_submit, executor, context, function))


async def call_in_worker(function: Callable[..., Any], workers: WorkerPool, *args: object, **named: object) -> object:
    """Call a plain function in a thread for handlers, and await what it returns if that can be awaited.

    A plain function may return the coroutine of another, a decorator's wrapper for example.
    """
    result = await workers.run(function, *args, **named)
    return await result if inspect.isawaitable(result) else result


def _submit[T](executor: ThreadPoolExecutor, context: Context, function: Callable[[], T]) -> Future[T]:
    return executor.submit(context.run, functools.partial(_call, function))


async def run_in_worker[*Ts, T](
    scope: Scope | None, function: Callable[[*Ts], T], *args: *Ts, lane: Lane = Lane.HANDLERS
) -> T:
    """Call a function in a thread of the application that serves a connection.

    Args:
        scope: of the connection; `app` in it is the application. Without one of ours the threads are asyncio's.
        function: sees a copy of the caller's context variables.
        args: what it is called with.
        lane: which kind of work it is, default that of handlers.
    """
    call = functools.partial(function, *args)
    workers = getattr(scope.get("app"), "_workers", None) if scope is not None else None
    if isinstance(workers, WorkerPool):
        return await workers.run_in(lane, call)
    return await asyncio.to_thread(_call, call)


def _call[T](function: Callable[[], T]) -> T:
    """Call a function; a cancellation that it raises, of a future of its own, is a failure and not the request's."""
    try:
        return function()
    except (asyncio.CancelledError, CancelledError) as exc:
        raise RuntimeError("a function in a worker thread raised CancelledError") from exc

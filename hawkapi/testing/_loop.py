"""The event loop that a test client runs applications on: one, in a thread of its own.

A loop that only runs inside each call, as `run_until_complete` does, stands still between two requests of a test: a
server-sent event, a WebSocket or a task of the application's start-up could not go on. A thread keeps it running, and
lets several threads of a test share one client.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
import weakref
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future, wait
from contextvars import Context
from typing import Any, Final, NamedTuple

__all__ = ["LoopThread", "abandon", "await_in", "run_in"]

STOP_TIMEOUT_S: Final = 10.0
"""How long a thread is waited for; longer only when the application blocks its loop."""


LOOK_INTERVAL_S: Final = 0.5
"""Between two looks whether a loop has ended under work that was given to it."""

UNDER_WAY: Final = "the client was closed while a request was under way"


class _Running(NamedTuple):
    """A loop that runs, and what ends it."""

    loop: asyncio.AbstractEventLoop
    stop: asyncio.Future[None]


class _Exit(NamedTuple):
    """An exception on its way out of the loop."""

    exc: BaseException


class _Closed(Exception):
    """The loop has ended."""


class LoopThread:
    """A running event loop. Thread-safe.

    It ends with `close`, when the object is collected, or with the interpreter, whichever comes first; its tasks are
    cancelled then, and the thread closes the loop itself.
    """

    def __init__(self) -> None:
        started: Future[_Running] = Future()
        self._thread = threading.Thread(target=_serve, args=(started,), name="hawkapi-test-client", daemon=True)
        # THREADS: from 3.14 on a free-threaded build gives a new thread the context of its starter; nothing of a test
        # is to stay in the loop.
        Context().run(self._thread.start)
        self._running = started.result()
        self._finalizer = weakref.finalize(self, _stop, self._running, self._thread, weakref.ref(self))

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, for `run_in`."""
        return self._running.loop

    def close(self) -> None:
        """Cancel what still runs, and wait until the thread has ended; further calls do nothing."""
        self._finalizer()


def run_in[T](loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of another thread, with the context variables of this one, and return its result."""
    kept = _kept(work)
    try:
        outcome = _wait(_submit(kept, loop), loop)
    except _Closed as exc:
        # What was not begun when the loop ended is not going to be: nobody else would close it.
        kept.close()
        work.close()
        raise RuntimeError(str(exc)) from None
    return _opened(outcome)


def _submit[T](work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> Future[T]:
    try:
        return asyncio.run_coroutine_threadsafe(work, loop)
    except RuntimeError:
        raise _Closed("the client is closed") from None


def _wait[T](future: Future[T], loop: asyncio.AbstractEventLoop) -> T:
    """Wait for what runs on a loop of another thread.

    THREADS: a loop that is just ending still takes work, and may never look at it; so the loop is looked at.

    Raises:
        _Closed: the loop ended before the work did.
        BaseException: what the work raised, or what interrupts the test; then the work is cancelled.
    """
    try:
        while True:
            finished, _ = wait((future,), LOOK_INTERVAL_S)
            if finished:
                return future.result()
            if loop.is_closed() and not future.done():
                raise _Closed(UNDER_WAY)
    except CancelledError:
        raise _Closed(UNDER_WAY) from None
    except BaseException:
        # Also when the test is interrupted: the request must not go on by itself.
        future.cancel()
        raise


def abandon(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, object]) -> None:
    """Let a loop of another thread run a coroutine, if it still runs at all, without waiting for that."""
    try:
        asyncio.run_coroutine_threadsafe(work, loop)
    except RuntimeError:
        work.close()


async def await_in[T](loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop, which may be the running one, and return its result.

    It has a task of its own in any case, as a request has on a server: what it does to context variables stays there.
    """
    if loop is asyncio.get_running_loop():
        return _opened(await loop.create_task(_kept(work)))
    return _opened(await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_kept(work), loop)))


async def _kept[T](work: Coroutine[Any, Any, T]) -> T | _Exit:
    """Return what must not be raised in the loop: what would end it, and what would pass for a cancellation."""
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as exc:
        return _Exit(exc)
    except asyncio.CancelledError as exc:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return _Exit(exc)


def _opened[T](outcome: T | _Exit) -> T:
    if isinstance(outcome, _Exit):
        raise outcome.exc
    return outcome


def _serve(started: Future[_Running]) -> None:
    asyncio.run(_until_stopped(started))


async def _until_stopped(started: Future[_Running]) -> None:
    loop = asyncio.get_running_loop()
    stop = loop.create_future()
    started.set_result(_Running(loop, stop))
    await stop


def _stop(running: _Running, thread: threading.Thread, owner: weakref.ref[LoopThread]) -> None:
    """End a loop; wait for its thread unless the collector asks, which may run in any thread, under any lock."""
    with contextlib.suppress(RuntimeError):  # The loop is closed already.
        running.loop.call_soon_threadsafe(_finish, running.stop)
    if owner() is not None and thread is not threading.current_thread():
        thread.join(STOP_TIMEOUT_S)
    else:
        # A program that ends at once would stop the thread in the middle of its end, and say so.
        atexit.register(thread.join, STOP_TIMEOUT_S)


def _finish(stop: asyncio.Future[None]) -> None:
    if not stop.done():
        stop.set_result(None)

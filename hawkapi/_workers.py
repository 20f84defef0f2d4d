"""The pool of threads in which handlers that are plain functions run."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextvars import Context, copy_context
from typing import Any, Final

DEFAULT_SIZE: Final = 40
"""Threads at most. Blocking handlers mostly wait, so there are more than processors; other frameworks have as many."""


class WorkerPool:
    """A named, sized pool that any event loop of any thread may use at the same time.

    Threads are started when they are needed and end with the pool.

    Args:
        size: threads at most, at least 1, default 40.
        name: how the threads are called: `<name>_<number>`.
    """

    def __init__(self, *, size: int = DEFAULT_SIZE, name: str = "hawkapi-worker") -> None:
        self.size = size
        self._executor = ThreadPoolExecutor(size, thread_name_prefix=name)

    async def run[**P, T](self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in a thread and return its result; it sees a copy of the caller's context variables.

        If the caller is cancelled, a function that has begun runs to its end and its result is dropped; one that still
        waits for a thread is not called.
        """
        context = copy_context()
        # THREADS: submit() may start a thread, and from 3.14 on a free-threaded build gives a new thread the context
        # of its starter. Started from an empty one, a thread keeps nothing of the request that happened to start it.
        future = Context().run(self._submit, context, functools.partial(function, *args, **kwargs))
        return await asyncio.wrap_future(future)

    def _submit(self, context: Context, function: Callable[[], Any]) -> Any:
        return self._executor.submit(context.run, _call, function)


def _call(function: Callable[[], Any]) -> Any:
    """Call a function; a cancellation that it raises, of a future of its own, is a failure and not the request's."""
    try:
        return function()
    except (asyncio.CancelledError, CancelledError) as exc:
        raise RuntimeError("a function in a worker thread raised CancelledError") from exc

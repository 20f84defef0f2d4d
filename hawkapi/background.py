"""Background tasks: what is done once a response has been sent."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections import deque
from collections.abc import Callable
from typing import final

from hawkapi._callables import callable_name, is_async_callable
from hawkapi._workers import run_in_worker
from hawkapi.types import Scope

__all__ = ["BackgroundTask", "BackgroundTasks"]

logger = logging.getLogger("hawkapi.background")


@final
class BackgroundTask:
    """One call that is made after a response has been sent.

    Args:
        func: a coroutine function, which runs on the event loop, or a plain function, which runs in a worker thread; an
            awaitable that it returns is awaited.
        args: what it is called with.
        kwargs: ditto.

    Request-bound.
    """

    __slots__ = ("_call", "name")

    def __init__[**P](self, func: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
        if not callable(func):
            raise TypeError(f"a background task needs a function and its arguments, not {func!r}")
        self._call = functools.partial(func, *args, **kwargs)
        self.name = callable_name(func)
        """What the log calls it. SECURITY: without its arguments, which may be secrets."""

    async def run(self, scope: Scope | None = None) -> None:
        """Make the call; a failure is logged on `hawkapi.background` with its traceback.

        Args:
            scope: of the request, to find its application's worker threads; without one they are asyncio's.
        """
        try:
            await self._run(scope)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled the request: it was a future of the task's own.
            logger.exception("background task %s was cancelled", self.name)
        except Exception:  # the response is sent already; the log is the only place left to tell
            logger.exception("background task %s failed", self.name)

    async def _run(self, scope: Scope | None) -> None:
        result = self._call() if is_async_callable(self._call) else await run_in_worker(scope, self._call)
        if inspect.isawaitable(result):
            await result


@final
class BackgroundTasks:
    """Calls that are made one after the other, in the order they were added, after a response has been sent.

    Request-bound: one queue belongs to one request.
    """

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: deque[BackgroundTask] = deque()

    def add_task[**P](self, func: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Add a call; what may be called, and where it runs, is said at `BackgroundTask`.

        Raises:
            TypeError: `func` cannot be called.
        """
        self._tasks.append(BackgroundTask(func, *args, **kwargs))

    async def run(self, scope: Scope | None = None) -> None:
        """Run every task, also those that tasks add, and forget each; one that fails is logged, and the next one runs.

        Args:
            scope: as for `BackgroundTask.run`.
        """
        while self._tasks:
            await self._tasks.popleft().run(scope)

    def __len__(self) -> int:
        return len(self._tasks)

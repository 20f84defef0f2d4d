"""Start-up and shutdown of an application that any number of event loops serve at once.

A server that uses threads as workers sends the lifespan events (ASGI Lifespan 2.0) once per thread, concurrently, to
one application. Start-up must run once all the same, so it is counted:

* A *period* begins when the number of started loops goes from 0 to 1 and ends when it is 0 again.
* The loop that begins a period owns it: it runs start-up, and at the end shutdown, in one task, as context managers
  and cancel scopes need. Other loops wait until start-up is done, and fail if it fails.
* The owner's shutdown waits until every other loop has stopped, then for requests still running, at most
  `shutdown_timeout_s` seconds in all, and only then leaves the context manager and runs the hooks.
* A later period runs start-up again; so does the next attempt after a failed start.

A loop that never receives a lifespan event serves without start-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final, NamedTuple, cast

from hawkapi._threading import AsyncEvent
from hawkapi.exceptions import LifespanError
from hawkapi.types import Receive, Scope, Send

__all__ = ["Hook", "Lifespan", "LifespanManager"]

type Hook = Callable[[], Awaitable[None] | None]
"""A function without arguments, plain or async; plain ones run on the event loop."""

type Lifespan = Callable[[Any], AbstractAsyncContextManager[Any] | AsyncIterator[Any]]
"""`app -> async context manager`, or the async generator function one is made of; may yield a mapping of state."""

DEFAULT_SHUTDOWN_TIMEOUT_S: Final = 10.0
PATROL_INTERVAL_S: Final = 0.5
"""Between two looks for loops that were closed without a shutdown, at shutdown only."""
DRAIN_INTERVAL_S: Final = 0.05
"""Between two looks at the number of running requests, at shutdown only."""

logger = logging.getLogger("hawkapi")


class Visitor(NamedTuple):
    """One lifespan beside the owner's, as the owner waits for it."""

    name: str
    loop: asyncio.AbstractEventLoop


class Period:
    """One run of the application, from its first loop's start to its last loop's end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        """The owner's."""
        self.others: dict[object, Visitor] = {}
        """Everyone beside the owner, by a token of their own; guarded by the manager's lock."""
        self.closing = False
        """Set when shutdown has begun for good; guarded by the manager's lock."""
        self.started = AsyncEvent()
        """Set when start-up is over, well or badly: `failure` tells."""
        self.failure: BaseException | None = None
        self.alone = AsyncEvent()
        """Set when no other loop is left and the owner may shut down."""
        self.ended = AsyncEvent()
        self.state: dict[str, Any] = {}


class LifespanManager:
    """Runs start-up and shutdown once per period, whatever number of loops asks.

    Thread-safe: each loop calls `handle` in its own thread.

    Args:
        app: given to `lifespan`.
        lifespan: entered after the start-up hooks, left before the shutdown hooks.
        running_requests: tells how many requests are being answered, on all loops.
        shutdown_timeout_s: seconds, default 10, for other loops and running requests to end.
    """

    def __init__(
        self,
        app: Any,
        lifespan: Lifespan | None,
        running_requests: Callable[[], int],
        *,
        shutdown_timeout_s: float = DEFAULT_SHUTDOWN_TIMEOUT_S,
    ) -> None:
        self.startup_hooks: list[Hook] = []
        self.shutdown_hooks: list[Hook] = []
        self._app = app
        self._lifespan = lifespan
        self._running_requests = running_requests
        self._shutdown_timeout_s = shutdown_timeout_s
        # Protects which period is the current one, and its `others` and `closing`: entering, leaving and closing a
        # period exclude each other. Held for a few statements, never across an await or a user's function. Reentrant,
        # because the garbage collector may run under it and destroy a lifespan task whose loop is closed, which leaves
        # its period here; every change under the lock is a single statement that such a visit cannot tear.
        self._guard = threading.RLock()
        self._period: Period | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the lifespan events of one loop."""
        message = await receive()
        if message["type"] != "lifespan.startup":
            return
        try:
            token = object()
            period, owner = await self._enter(token)
            run = self._run_owner(period) if owner else self._run_other(period, token)
            async with run:
                scope.setdefault("state", {}).update(period.state)
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except _StartupFailed as exc:
            await send({"type": "lifespan.startup.failed", "message": str(exc)})
            return
        except Exception:
            # A server cannot do more about a failed shutdown than stop, which it does already.
            logger.exception("shutdown did not go well")
        await send({"type": "lifespan.shutdown.complete"})

    async def _enter(self, token: object) -> tuple[Period, bool]:
        """Join the current period, or begin one; wait for one that is ending."""
        visitor = Visitor(threading.current_thread().name, asyncio.get_running_loop())
        while True:
            fresh = Period(visitor.loop)
            with self._guard:
                period = self._period
                # A loop that was closed without a shutdown does not come back to end its period.
                if period is None or period.loop.is_closed():
                    self._period = fresh
                    return fresh, True
                if not period.closing:
                    period.others[token] = visitor
                    return period, False
            await period.ended.wait()

    @asynccontextmanager
    async def _run_other(self, period: Period, token: object) -> AsyncGenerator[None]:
        try:
            await period.started.wait()
            if period.failure is not None:
                raise _StartupFailed(f"start-up failed in another event loop: {period.failure}")
            yield
        finally:
            with self._guard:
                period.others.pop(token, None)
            if not period.others:
                period.alone.set()

    @asynccontextmanager
    async def _run_owner(self, period: Period) -> AsyncGenerator[None]:
        """Start up; at the end wait for everyone else, then shut down, all in the task that started."""
        try:
            async with AsyncExitStack() as stack:
                await self._start(period, stack)
                period.started.set()
                try:
                    yield
                finally:
                    late = await self._wait_until_quiet(period)
            if late:
                raise LifespanError(f"these event loops were still running at shutdown: {', '.join(late)}")
        finally:
            self._end(period)

    async def _start(self, period: Period, stack: AsyncExitStack) -> None:
        """Run the start-up hooks and enter the context manager; the stack undoes both.

        Raises:
            _StartupFailed: something raised.
        """
        stack.push_async_callback(self._run_shutdown_hooks)
        try:
            for hook in list(self.startup_hooks):
                await _call(hook)
            if self._lifespan is not None:
                state = await stack.enter_async_context(_as_context_manager(self._lifespan(self._app)))
                if isinstance(state, Mapping):
                    period.state.update(cast("Mapping[str, Any]", state))
        except Exception as exc:
            logger.exception("start-up failed")
            period.failure = exc
            try:
                await stack.aclose()
            except Exception:
                # The server must hear why start-up failed, not that undoing it failed too.
                logger.exception("undoing start-up did not go well")
            raise _StartupFailed(str(exc) or type(exc).__name__) from exc

    async def _run_shutdown_hooks(self) -> None:
        """Run every hook, the last registered first, whether or not others fail."""
        errors: list[Exception] = []
        for hook in reversed(self.shutdown_hooks):
            try:
                await _call(hook)
            except Exception as exc:  # noqa: BLE001 - a hook may raise anything, and the others must run all the same
                errors.append(exc)
        if errors:
            raise ExceptionGroup("shutdown hooks failed", errors)

    def _end(self, period: Period) -> None:
        with self._guard:
            period.closing = True
            if self._period is period:
                self._period = None
        if not period.started.is_set():
            period.failure = period.failure or LifespanError("start-up was cancelled")
            period.started.set()
        period.ended.set()

    async def _wait_until_quiet(self, period: Period) -> list[str]:
        """Wait for the other loops, then for running requests; return the loops that did not end in time."""
        deadline = time.monotonic() + self._shutdown_timeout_s
        late = await self._wait_for_others(period, deadline)
        await self._drain(deadline)
        return late

    async def _wait_for_others(self, period: Period, deadline: float) -> list[str]:
        """Wait until no other loop is left; return the names of those that are not gone in time.

        A loop that was closed without a shutdown does not come back, and is not waited for.
        """
        while True:
            period.alone.clear()
            with self._guard:
                for token, visitor in list(period.others.items()):
                    if visitor.loop.is_closed():
                        period.others.pop(token, None)
                if not period.others:
                    period.closing = True
                    return []
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                with self._guard:
                    period.closing = True
                    return sorted(f"{visitor.name} ({visitor.loop!r})" for visitor in period.others.values())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, PATROL_INTERVAL_S)):
                    await period.alone.wait()

    async def _drain(self, deadline: float) -> None:
        """Wait for running requests to end, and say so when they do not."""
        while (running := self._running_requests()) > 0:
            if time.monotonic() >= deadline:
                logger.warning("shutting down while %d requests are still running", running)
                return
            await asyncio.sleep(DRAIN_INTERVAL_S)


class _StartupFailed(LifespanError):
    """Start-up failed; the message is for the server's log."""


def _as_context_manager(made: object) -> AbstractAsyncContextManager[Any]:
    """Return the context manager of one run; an async generator is wrapped into one."""
    if isinstance(made, AbstractAsyncContextManager):
        return cast("AbstractAsyncContextManager[Any]", made)
    if inspect.isasyncgen(made):
        return asynccontextmanager(_returner(cast("AsyncGenerator[Any]", made)))()
    raise TypeError("lifespan must return an async context manager; decorate it with contextlib.asynccontextmanager")


def _returner(generator: AsyncGenerator[Any]) -> Callable[[], AsyncGenerator[Any]]:
    """Return the function that `asynccontextmanager` wants, for a generator that is there already."""
    return lambda: generator


async def _call(hook: Callable[[], Any]) -> None:
    result = hook()
    if inspect.isawaitable(result):
        await result

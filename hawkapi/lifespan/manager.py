"""Start-up and shutdown of an application that any number of event loops serve at once.

A server that uses threads as workers sends the lifespan events (ASGI Lifespan 2.0) once per thread, concurrently, to
one application. What belongs to the process must start once all the same, so it is counted (`_periods.py`): the first
loop starts it, and stops it when all the others have gone. What belongs to a loop is started and stopped in each.

Start-up, in the first loop:  plugins, start-up hooks, `lifespan`; and in every loop after that: loop start-up hooks.
Shutdown, in every loop:      running requests end, loop shutdown hooks, what the container holds for the loop;
and in the first loop, last:  `lifespan`, shutdown hooks, plugins, what the container holds for the process.

Whatever was started is undone, also when start-up fails half-way; each part is, whatever the others do (`_undo.py`).
Shutdown runs in the task that ran start-up, as context managers and cancel scopes need. A loop that never receives a
lifespan event serves without start-up.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from hawkapi.exceptions import describe_exception, report_exception
from hawkapi.lifespan._periods import Period, Periods, StartupError, Stay
from hawkapi.lifespan._undo import Undo, call
from hawkapi.lifespan.hooks import HookRegistry
from hawkapi.requests.state import State, values_of
from hawkapi.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from hawkapi.lifespan._driven import LoopLifespan

__all__ = ["Lifespan", "LifespanManager", "LifespanResources", "RunningRequests"]

type Lifespan = Callable[[Any], AbstractAsyncContextManager[Any] | AsyncIterator[Any]]
"""`app -> async context manager`, or the async generator function one is made of; may yield a mapping of state."""

DEFAULT_SHUTDOWN_TIMEOUT_S: Final = 10.0
DRAIN_INTERVAL_S: Final = 0.05
"""Between two looks at the number of running requests, at shutdown only."""

logger = logging.getLogger("hawkapi")


class LifespanResources(Protocol):
    """What is closed after everything else: a container."""

    async def aclose(self) -> None:
        """Close what belongs to the process."""

    async def close_loop(self) -> None:
        """Close what belongs to the running loop."""


class RunningRequests(Protocol):
    """Tells how many requests are being answered."""

    @property
    def running_requests(self) -> int:
        """On all loops."""
        ...

    @property
    def running_here(self) -> int | None:
        """On the calling thread's loop; `None` where that cannot be told."""


class LifespanManager:
    """Runs start-up and shutdown once per period, whatever number of loops asks.

    Thread-safe: each loop calls `handle` in its own thread.

    Args:
        hook_registry: its hooks run when the first loop starts and the last one stops.
        lifespan: entered after the start-up hooks, left before the shutdown hooks.
        app: given to `lifespan`, default this manager. What its `state` holds when start-up is over becomes lifespan
            state, and so does a mapping that `lifespan` yields.
        plugins: returns the plugins whose `on_startup` and `on_shutdown` are called, if they have them.
        resources: closed last.
        requests: what shutdown waits for, default nothing.
        shutdown_timeout_s: seconds, default 10, for other loops and running requests to end.
    """

    def __init__(
        self,
        hook_registry: HookRegistry,
        lifespan: Lifespan | None = None,
        *,
        app: Any = None,
        plugins: Callable[[], Iterable[object]] = tuple,
        resources: LifespanResources | None = None,
        requests: RunningRequests | None = None,
        shutdown_timeout_s: float = DEFAULT_SHUTDOWN_TIMEOUT_S,
    ) -> None:
        self.hooks = hook_registry
        self.loop_hooks = HookRegistry()
        """Its hooks run in every loop."""
        self.state = State()
        """What a `lifespan` finds where there is no application."""
        self._lifespan = lifespan
        self._app = self if app is None else app
        self._plugins = plugins
        self._resources = resources
        self._requests = requests
        self._shutdown_timeout_s = shutdown_timeout_s
        self._periods = Periods()
        # THREADS: relied on to be atomic are one store, one load and one `pop`; each loop has its own entry, which only
        # its thread touches.
        self.driven: dict[asyncio.AbstractEventLoop, LoopLifespan] = {}
        """The loops whose server asks for start-up and shutdown in plain calls, RSGI workers."""

    @property
    def obstacle(self) -> str | None:
        """Why the application should get no requests now: it starts or stops; `None` where it may.

        An application that never received a lifespan event may.
        """
        period = self._periods.current
        if period is None:
            return None
        if not period.started.is_set():
            return "starting up"
        return "shutting down" if period.owner.is_stopping else None

    @property
    def stays(self) -> list[Stay]:
        """The loops that have been started and not stopped."""
        return self._periods.stays()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the lifespan events of one loop.

        A failed start-up is answered with `lifespan.startup.failed` and the text of its exception, whose traceback is
        logged. Failures at shutdown are logged only: all a server can do is stop, which it does already. Messages of an
        unknown type end this, without an answer.
        """
        kind = (await receive())["type"]
        if kind == "lifespan.startup":
            answer = await self._run(scope, receive, send)
        else:
            # Nothing was started here, so there is nothing to stop.
            answer = answer_to(kind)
        if answer is not None:
            await send(answer)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> Message | None:
        """Start, wait for the shutdown event, stop, and return the last answer."""
        period, stay = await self._periods.enter()
        try:
            async with Undo() as undo:
                await self._start(period, stay, undo)
                undo.push("waiting for running requests", functools.partial(self._wait_until_quiet, period, stay))
                scope.setdefault("state", {}).update(period.state)
                await send({"type": "lifespan.startup.complete"})
                kind = (await receive())["type"]
        except StartupError as exc:
            report_exception(exc.__cause__ or exc, scope)
            return {"type": "lifespan.startup.failed", "message": str(exc)}
        finally:
            self._periods.leave(period, stay)
        return answer_to(kind)

    async def _start(self, period: Period, stay: Stay, undo: Undo) -> None:
        """Start what is to be started in this loop.

        Raises:
            StartupError: something raised.
        """
        is_owner = stay is period.owner
        try:
            if is_owner:
                await self._start_process(period, undo)
            else:
                await self._periods.wait_until_started(period)
                self._close_loop_at_the_end(undo)
            undo.push("the loop shutdown hooks", self.loop_hooks.undo)
            await self.loop_hooks.run_startup()
        except StartupError:
            raise
        except Exception as exc:
            logger.exception("start-up failed")
            if is_owner:
                period.failure = exc
            raise StartupError(describe_exception(exc)) from exc
        if is_owner:
            period.started.set()

    async def _start_process(self, period: Period, undo: Undo) -> None:
        """Start what belongs to the process."""
        if self._resources is not None:
            undo.push("closing the container", self._resources.aclose)
        self._close_loop_at_the_end(undo)
        for plugin in self._plugins():
            await start_plugin(plugin, undo)
        undo.push("the shutdown hooks", self.hooks.undo)
        await self.hooks.run_startup()
        given: object = None
        if self._lifespan is not None:
            given = await undo.enter(as_context_manager(self._lifespan(self._app)), "leaving `lifespan`")
        state = getattr(self._app, "state", None)
        if isinstance(state, State):
            period.state.update(values_of(state))
        if isinstance(given, Mapping):
            period.state.update(cast("Mapping[str, Any]", given))

    def _close_loop_at_the_end(self, undo: Undo) -> None:
        if self._resources is not None:
            undo.push("closing what the container holds for the loop", self._resources.close_loop)

    async def _wait_until_quiet(self, period: Period, stay: Stay) -> None:
        """Wait for running requests; the owner waits for the other loops first."""
        stay.is_stopping = True
        deadline = time.monotonic() + self._shutdown_timeout_s
        if stay is not period.owner:
            await self._drain(lambda: self._running_here(period), deadline)
            return
        late = await self._periods.wait_for_others(period, deadline)
        if late:
            names = ", ".join(str(other) for other in late)
            logger.error("shutting down while these event loops are still running: %s", names)
        await self._drain(self._running_everywhere, deadline)

    def _running_everywhere(self) -> int:
        return 0 if self._requests is None else self._requests.running_requests

    def _running_here(self, period: Period) -> int:
        """Return how many requests one loop of several still has to wait for.

        Where they cannot be told from those of other loops, that is none while another loop serves: servers wait for
        their loop's requests before they send the shutdown event.
        """
        here = 0 if self._requests is None else self._requests.running_here
        if here is not None:
            return here
        return self._running_everywhere() if self._periods.is_everyone_stopping(period) else 0

    async def _drain(self, count: Callable[[], int], deadline: float) -> None:
        """Wait for running requests to end, and say so when they do not."""
        while (running := count()) > 0:
            if time.monotonic() >= deadline:
                logger.warning("shutting down while %d requests are still running", running)
                return
            await asyncio.sleep(DRAIN_INTERVAL_S)


def answer_to(kind: str) -> Message | None:
    """Return the answer to a lifespan event for which nothing is left to do."""
    return {"type": "lifespan.shutdown.complete"} if kind == "lifespan.shutdown" else None


async def start_plugin(plugin: object, undo: Undo) -> None:
    """Tell a plugin of the start-up, and later of the shutdown."""
    on_startup = getattr(plugin, "on_startup", None)
    if on_startup is not None:
        await call(on_startup)
    on_shutdown = getattr(plugin, "on_shutdown", None)
    if on_shutdown is not None:
        undo.push(f"{type(plugin).__qualname__}.on_shutdown", on_shutdown)


def as_context_manager(made: object) -> AbstractAsyncContextManager[Any]:
    """Return the context manager of one run; an async generator is wrapped into one.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(made, AbstractAsyncContextManager):
        return cast("AbstractAsyncContextManager[Any]", made)
    if inspect.isasyncgen(made):
        generator = cast("AsyncGenerator[Any]", made)
        return asynccontextmanager(lambda: generator)()
    advice = "decorate it with contextlib.asynccontextmanager"
    if isinstance(made, AbstractContextManager) or inspect.isgenerator(made):
        raise TypeError(f"lifespan must be async: write `async def` and {advice}")
    if inspect.iscoroutine(made):
        made.close()
        raise TypeError(f"lifespan must yield once, between start-up and shutdown: write `yield` and {advice}")
    raise TypeError(f"lifespan must return an async context manager, not {made!r}; {advice}")

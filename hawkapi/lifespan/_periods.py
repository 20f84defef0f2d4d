"""Periods: how often an application is started, whatever number of event loops start it.

* A *period* begins when the number of started loops goes from 0 to 1 and ends when it is 0 again.
* The loop that begins a period owns it: it runs start-up, and at the end shutdown. Other loops wait until start-up is
  over, and fail if it failed.
* The owner leaves last; it waits for the others. Who comes while it shuts down waits, and begins the next period.

A loop that was closed without a shutdown event does not come back. Nobody waits for it, neither the owner nor, if it
was the owner itself, those who come after it: every wait looks for that in intervals.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import Any, Final, final

from hawkapi._threading import AsyncEvent, named_rlock
from hawkapi.exceptions import LifespanError, describe_exception

PATROL_INTERVAL_S: Final = 0.5
"""Between two looks for loops that were closed without a shutdown, by those who wait for them."""


class StartupError(LifespanError):
    """Start-up failed; the message is for the server's log."""


@final
class Stay:
    """One lifespan of one loop, from its start event to its end."""

    __slots__ = ("is_stopping", "loop", "name")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.name = threading.current_thread().name
        self.is_stopping = False
        """Set by its own loop, when the shutdown event has come."""

    def __str__(self) -> str:
        return f"{self.name} ({self.loop!r})"


@final
class Period:
    """One run of the application, from its first loop's start to its last loop's end."""

    __slots__ = ("alone", "closing", "ended", "failure", "others", "owner", "started", "state")

    def __init__(self, owner: Stay) -> None:
        self.owner = owner
        self.others: set[Stay] = set()
        """Everyone beside the owner; guarded by the lock of `Periods`."""
        self.closing = False
        """Set when nobody may join any more; guarded by the lock of `Periods`."""
        self.started = AsyncEvent()
        """Set when start-up is over, well or badly: `failure` tells."""
        self.failure: BaseException | None = None
        self.alone = AsyncEvent()
        """Set when no other loop is left and the owner may shut down."""
        self.ended = AsyncEvent()
        self.state: dict[str, Any] = {}
        """The lifespan state; written before `started` is set."""


class Periods:
    """The current period of an application. Thread-safe: each loop enters and leaves in its own thread."""

    def __init__(self) -> None:
        # Protects which period is the current one, and its `others` and `closing`: entering, leaving and closing a
        # period exclude each other. Held for a few statements, never across an await or a user's function. Reentrant,
        # because the garbage collector may run under it and destroy a lifespan task whose loop is closed, which leaves
        # its period here; every change under the lock is a single statement that such a visit cannot tear.
        self._guard = named_rlock("lifespan")
        # THREADS: `current` reads it without the lock; relied on to be atomic are one load and one store.
        self._current: Period | None = None

    @property
    def current(self) -> Period | None:
        """The period that goes on now; one whose owner's loop is closed is over."""
        period = self._current
        return None if period is None or period.owner.loop.is_closed() else period

    def stays(self) -> list[Stay]:
        """Return everyone in the current period, its owner first."""
        period = self.current
        if period is None:
            return []
        with self._guard:
            return [period.owner, *period.others]

    async def enter(self) -> tuple[Period, Stay]:
        """Join the current period, or begin one; wait for one that is ending."""
        stay = Stay()
        fresh = Period(stay)
        while True:
            with self._guard:
                period = self._current
                if period is None or period.owner.loop.is_closed():
                    self._current = fresh
                    return fresh, stay
                if not period.closing:
                    period.others.add(stay)
                    return period, stay
            await _wait(period.ended, PATROL_INTERVAL_S)

    def leave(self, period: Period, stay: Stay) -> None:
        """Go; the period ends if its owner does."""
        if stay is not period.owner:
            with self._guard:
                period.others.discard(stay)
                is_last = not period.others
            if is_last:
                period.alone.set()
            return
        with self._guard:
            period.closing = True
            if self._current is period:
                self._current = None
        if not period.started.is_set():
            period.failure = period.failure or LifespanError("start-up was cancelled")
            period.started.set()
        period.ended.set()

    async def wait_until_started(self, period: Period) -> None:
        """Wait for the owner's start-up.

        Raises:
            StartupError: it failed, or the owner's loop was closed before its end.
        """
        while not period.started.is_set():
            await _wait(period.started, PATROL_INTERVAL_S)
            if not period.started.is_set() and period.owner.loop.is_closed():
                raise StartupError("start-up failed in another event loop, which was closed meanwhile")
        if period.failure is not None:
            raise StartupError(f"start-up failed in another event loop: {describe_exception(period.failure)}")

    async def wait_for_others(self, period: Period, deadline: float) -> list[Stay]:
        """Wait until no loop but the owner's is left, and let nobody join any more.

        Args:
            period: the owner's, who calls this.
            deadline: as `time.monotonic` has it.

        Returns:
            Who has not gone in time.
        """
        while True:
            period.alone.clear()
            with self._guard:
                for stay in list(period.others):
                    if stay.loop.is_closed():
                        period.others.discard(stay)
                seconds = deadline - time.monotonic()
                if not period.others or seconds <= 0:
                    period.closing = True
                    return sorted(period.others, key=str)
            await _wait(period.alone, min(seconds, PATROL_INTERVAL_S))

    def is_everyone_stopping(self, period: Period) -> bool:
        """Whether no loop of a period serves any more."""
        with self._guard:
            return period.owner.is_stopping and all(stay.is_stopping for stay in period.others)


async def _wait(event: AsyncEvent, seconds: float) -> None:
    """Wait for an event, at most so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

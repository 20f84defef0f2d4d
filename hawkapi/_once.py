"""Make a value exactly once, whoever asks first: a thread, or a task of any event loop.

**How it works.** Whoever finds no value begins an *attempt*, if none is running: `dict.setdefault` under one key says
who. The others wait until that attempt is over and then look again, all of them, so none is ever given a turn that it
cannot take because its loop is blocked. An attempt that fails raises in the caller whose factory failed; one of the
waiters tries next, with its own factory. The factory runs with no lock held. Once there is a value, asking for it is
one attribute read. An attempt whose loop is closed before the factory returned counts as failed; waiters look for that
every `PATROL_INTERVAL_S`.

**Who is refused.** Waiting for oneself would never end: a factory that asks for the value it is making gets a
RuntimeError, and so does a `get` that would block the event loop whose task is making the value. What cannot be seen
is a circle through others (a factory that waits for a second task or thread, which asks): that is a deadlock, as it is
with any lock.

**Cost** in ns on CPython 3.13, with the GIL and without: `get` of a value that exists 95 and 220.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final

from hawkapi._cross_loop import PATROL_INTERVAL_S, AsyncEvent


class _Unset(Enum):
    UNSET = 0


_UNSET: Final = _Unset.UNSET
_RUNNING: Final = "running"


class _Attempt:
    """One run of a factory, and who runs it."""

    __slots__ = ("_open", "blocking", "finished", "loop", "task", "thread")

    def __init__(self, *, blocking: bool) -> None:
        self.blocking = blocking
        self.thread = threading.get_ident()
        self.loop = asyncio._get_running_loop()
        self.task = None if self.loop is None else asyncio.current_task(self.loop)
        self.finished = AsyncEvent()
        # THREADS: relies on `pop` of a list being atomic: an attempt is ended by one caller only.
        self._open = [True]

    def end(self) -> bool:
        """Return True to the first caller only."""
        try:
            return self._open.pop()
        except IndexError:
            return False

    def is_abandoned(self) -> bool:
        """Return whether the loop on which the factory waits is closed, so that it never returns."""
        return not self.blocking and self.loop is not None and self.loop.is_closed()

    def refuse_to_wait_for(self, running: _Attempt) -> None:
        """Raise RuntimeError if `running` could not go on while the maker of this attempt waits for it."""
        if running.blocking:
            own_factory = running.thread == self.thread
        else:
            own_factory = running.task is not None and running.task is self.task
        if own_factory:
            raise RuntimeError("The factory given to Once asked for the very value that it is making.")
        if self.blocking and not running.blocking and running.loop is self.loop:
            raise RuntimeError(
                "Once.get() would block the event loop whose task is making the value, for ever. Use `await aget()`."
            )


class Once[T]:
    """A value that is made at its first use, exactly once. Thread-safe; usable from threads and from tasks of any loop.

    A failed factory, also one that was cancelled, leaves no trace but its exception: the next caller tries again.
    """

    def __init__(self) -> None:
        # THREADS: written by the one running attempt, before that attempt is removed from `_attempts`, and never again.
        self._value: T | _Unset = _UNSET
        # THREADS: at most one entry. Relies on `setdefault` and `pop` of a dict being atomic. It does not say whether
        # there is a value: who begins an attempt has to look again, as another may have succeeded just before.
        self._attempts: dict[str, _Attempt] = {}

    def get(self, factory: Callable[[], T]) -> T:
        """Return the value, calling `factory` if there is none; blocks while somebody else is making it.

        Raises:
            RuntimeError: Called by the factory itself, or where it would block the event loop that makes the value.
        """
        while (value := self._value) is _UNSET:
            attempt = _Attempt(blocking=True)
            running = self._attempts.setdefault(_RUNNING, attempt)
            if running is not attempt:
                attempt.refuse_to_wait_for(running)
                if not self._end_if_abandoned(running):
                    running.finished.wait_in_thread(PATROL_INTERVAL_S)
                continue
            try:
                if self._value is _UNSET:
                    self._value = factory()
            finally:
                self._end(attempt)
        return value

    async def aget(self, factory: Callable[[], Awaitable[T]]) -> T:
        """Return the value, awaiting `factory()` if there is none; waits while somebody else is making it.

        Raises:
            RuntimeError: Called by the factory itself.
        """
        while (value := self._value) is _UNSET:
            attempt = _Attempt(blocking=False)
            running = self._attempts.setdefault(_RUNNING, attempt)
            if running is not attempt:
                attempt.refuse_to_wait_for(running)
                if not self._end_if_abandoned(running):
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(PATROL_INTERVAL_S):
                            await running.finished.wait()
                continue
            try:
                if self._value is _UNSET:
                    self._value = await factory()
            finally:
                self._end(attempt)
        return value

    def _end(self, attempt: _Attempt) -> None:
        """Let others try, or find the value. The abandoned attempt may come here late, and then does nothing."""
        if attempt.end():
            del self._attempts[_RUNNING]
            attempt.finished.set()

    def _end_if_abandoned(self, attempt: _Attempt) -> bool:
        if attempt.is_abandoned():
            self._end(attempt)
            return True
        return False

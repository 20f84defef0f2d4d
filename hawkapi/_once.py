"""Make a value exactly once, whoever asks first: a thread, or a task of any event loop.

**How it works.** Whoever finds no value begins an *attempt*, if none is running: `dict.setdefault` under one key says
who. The others wait until that attempt is over and then look again, all of them, so none is ever given a turn that it
cannot take because its loop is blocked. An attempt that fails raises in the caller whose factory failed; one of the
waiters tries next, with its own factory. The factory runs with no lock held. Once there is a value, asking for it is
one attribute read. An attempt whose loop is closed before the factory returned counts as failed; waiters look for that
every `PATROL_INTERVAL_S`.

**Who is refused.** Waiting for oneself would never end: a factory that asks for the value it is making gets a
CircularWaitError, and so does the last of several tasks whose factories ask for each other's values in a circle. A
`get` that would block the event loop whose task is making the value gets a RuntimeError. What cannot be seen is a
circle through others (a factory that waits for a second task or thread, which asks): that is a deadlock, as it is with
any lock.

**Cost** in ns on CPython 3.13, with the GIL and without: `get` of a value that exists 95 and 220.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from enum import Enum
from typing import Final

from hawkapi._cross_loop import PATROL_INTERVAL_S, AsyncEvent


class _Unset(Enum):
    UNSET = 0


_UNSET: Final = _Unset.UNSET
_RUNNING: Final = "running"


class CircularWaitError(RuntimeError):
    """A factory asks, itself or through the factories of others, for the value that it is making."""


class _Attempt:
    """One run of a factory, and who runs it."""

    __slots__ = ("_open", "_outermost", "_waits_for", "blocking", "finished", "loop", "task", "thread")

    _outermost: _Attempt | None

    def __init__(self, *, blocking: bool) -> None:
        self.blocking = blocking
        self.thread = threading.get_ident()
        self.loop = asyncio._get_running_loop()
        self.task = None if self.loop is None else asyncio.current_task(self.loop)
        self.finished = AsyncEvent()
        outer = _making.get()
        is_inner = outer is not None and self.task is not None and outer.task is self.task
        self._outermost = outer.outermost if outer is not None and is_inner else None
        # THREADS: of the outermost attempt of a task, written by that task only, and before it looks at those of
        # others: of two that begin to wait for each other, one sees it. What is read may be over, so that is asked.
        self._waits_for: _Attempt | None = None
        # THREADS: relies on `pop` of a list being atomic: an attempt is ended by one caller only.
        self._open = [True]

    @property
    def outermost(self) -> _Attempt:
        """The attempt of this task in whose factory all others of it run; it stands for the task."""
        return self._outermost or self

    def begin_to_wait(self, running: _Attempt) -> None:
        """Note what this task waits for.

        Raises:
            CircularWaitError: That is made by a task that waits, through any number of others, for this one.
        """
        own = self.outermost
        own._waits_for = running
        seen: set[_Attempt] = set()
        waited: _Attempt | None = running
        while waited is not None and not waited.is_over() and waited.outermost not in seen:
            if waited.outermost is own:
                raise CircularWaitError("Factories given to Once ask for each other's values, in a circle.")
            seen.add(waited.outermost)
            waited = waited.outermost._waits_for

    def end_waiting(self) -> None:
        """Note that this task goes on."""
        self.outermost._waits_for = None

    def end(self) -> bool:
        """Return True to the first caller only."""
        try:
            return self._open.pop()
        except IndexError:
            return False

    def is_over(self) -> bool:
        """Return whether the factory has returned, or never will."""
        return not self._open or self.is_abandoned()

    def is_abandoned(self) -> bool:
        """Return whether the loop on which the factory waits is closed, so that it never returns."""
        return not self.blocking and self.loop is not None and self.loop.is_closed()

    def refuse_to_wait_for(self, running: _Attempt) -> None:
        """Raise an error if `running` could not go on while the maker of this attempt waits for it."""
        if running.blocking:
            own_factory = running.thread == self.thread
        else:
            own_factory = running.task is not None and running.task is self.task
        if own_factory:
            raise CircularWaitError("The factory given to Once asked for the very value that it is making.")
        if self.blocking and not running.blocking and running.loop is self.loop:
            raise RuntimeError(
                "Once.get() would block the event loop whose task is making the value, for ever. Use `await aget()`."
            )


_making: ContextVar[_Attempt | None] = ContextVar("hawkapi_making", default=None)
"""The innermost attempt of a task, in the context of that task and in those that were copied from it."""


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
            CircularWaitError: Called by the factory itself.
            RuntimeError: It would block the event loop that makes the value.
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
            CircularWaitError: Called by the factory itself, or by one that it waits for.
        """
        while (value := self._value) is _UNSET:
            attempt = _Attempt(blocking=False)
            running = self._attempts.setdefault(_RUNNING, attempt)
            if running is not attempt:
                attempt.refuse_to_wait_for(running)
                if not self._end_if_abandoned(running):
                    await self._wait(attempt, running)
                continue
            outer = _making.get()
            _making.set(attempt)
            try:
                if self._value is _UNSET:
                    self._value = await factory()
            finally:
                self._end(attempt)
                # What the garbage collector ends is in another context, and leaves what is made there as it is.
                if _making.get() is attempt:
                    _making.set(outer)
        return value

    async def _wait(self, attempt: _Attempt, running: _Attempt) -> None:
        try:
            attempt.begin_to_wait(running)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATROL_INTERVAL_S):
                    await running.finished.wait()
        finally:
            attempt.end_waiting()

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

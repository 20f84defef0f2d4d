"""`Once`, `ThreadOwned` and `AsyncEvent` by every schedule: one value, whoever asks, and nobody is left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
from stepping.explorer import Model
from stepping.findings import Interleavings
from stepping.loops import drive
from stepping.machine import Machine
from stepping.points import Traced

from hawkapi import _cross_loop, _once, _threading
from hawkapi._cross_loop import AsyncEvent, _TaskWaiter
from hawkapi._once import _RUNNING, _UNSET, Once, _Attempt
from hawkapi._threading import ThreadOwned


class Making(Model):
    """Two threads ask: the factory runs once, and both get its value."""

    title = "Once, two threads"
    bound = 3
    traced: ClassVar[Sequence[Traced]] = (_once, _cross_loop)
    failures = 0

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.once = self.make()
        self.calls = 0
        self.got: list[int | str] = []

    def make(self) -> Once[int]:
        """Return the object under test."""
        return Once()

    def threads(self) -> Sequence[Callable[[], object]]:
        """Ask; ask."""
        return (self.ask, self.ask)

    def factory(self) -> int:
        """Return the number of the call, not at once, or fail."""
        self.calls += 1
        number = self.calls
        self.machine.pause()
        if number <= self.failures:
            raise ZeroDivisionError
        return number

    async def afactory(self) -> int:
        """Do the same in a task."""
        await asyncio.sleep(0)
        return self.factory()

    def ask(self) -> None:
        """Ask in a thread."""
        try:
            self.got.append(self.once.get(self.factory))
        except ZeroDivisionError:
            self.got.append("failed")

    def aask(self) -> None:
        """Ask in a task of a loop."""

        try:
            self.got.append(drive(self.machine, lambda: self.once.aget(self.afactory)))
        except ZeroDivisionError:
            self.got.append("failed")

    def check(self) -> None:
        """Each failure is one caller's, and all others have the one value."""
        value = self.failures + 1
        expected = ["failed"] * self.failures + [value] * (len(self.got) - self.failures)
        assert (self.calls, sorted(self.got, key=str, reverse=True)) == (value, expected)


class InThreeThreads(Making):
    """Three ask, of which the first fails: another makes the value."""

    title = "Once, three threads, one failure"
    bound = 2
    failures = 1

    def threads(self) -> Sequence[Callable[[], object]]:
        """Ask; ask; ask."""
        return (self.ask, self.ask, self.ask)


class InTwoLoops(Making):
    """Tasks of two loops ask."""

    title = "Once, two loops, one failure"
    bound = 2
    failures = 1

    def threads(self) -> Sequence[Callable[[], object]]:
        """Ask; ask."""
        return (self.aask, self.aask)


class InThreadAndLoop(Making):
    """A thread and a task ask."""

    title = "Once, a thread and a loop"

    def threads(self) -> Sequence[Callable[[], object]]:
        """Ask; ask."""
        return (self.ask, self.aask)


class Abandoned(Making):
    """The loop of the task that makes the value is closed: the other makes it, at most a second later."""

    title = "Once, the maker's loop is closed"
    bound = 2
    patience_s = 1.0

    def threads(self) -> Sequence[Callable[[], object]]:
        """Begin and be closed; ask."""
        return (lambda: drive(self.machine, self.begin), self.aask)

    async def begin(self) -> None:
        """Ask with a factory that never returns, and end the loop."""
        # Kept, so that nothing is cleaned up before the end of the run.
        self.task = asyncio.create_task(self.once.aget(self.never))
        await asyncio.sleep(0)

    async def never(self) -> int:
        """Wait for what does not come."""
        await asyncio.get_running_loop().create_future()
        raise AssertionError


class Owned(Model):
    """With the GIL, threads share one object that is made once."""

    title = "ThreadOwned, shared"
    bound = 3
    traced = (_threading, _once, _cross_loop)
    free_threaded = False

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        before, _threading.FREE_THREADED = _threading.FREE_THREADED, self.free_threaded
        self.owned = ThreadOwned(object)
        _threading.FREE_THREADED = before
        self.got: list[object] = []

    def threads(self) -> Sequence[Callable[[], object]]:
        """Ask twice; ask twice."""
        return (self.ask, self.ask)

    def ask(self) -> None:
        """A thread always sees the same object."""
        own = self.owned.get()
        assert self.owned.get() is own
        assert 1 <= self.owned.owners <= 2
        self.got.append(own)

    def check(self) -> None:
        """There is one."""
        assert (len(set(self.got)), self.owned.owners) == (1, 1)


class OwnedByEach(Owned):
    """Without the GIL, each has its own until it ends."""

    title = "ThreadOwned, one each"
    free_threaded = True

    def check(self) -> None:
        """There were two, which went with their threads."""
        assert (len(set(self.got)), self.owned.owners) == (2, 0)


class LooksBeforeItLeaps(dict[str, _Attempt]):
    """Has a `setdefault` of two steps."""

    def setdefault(self, key: str, default: _Attempt) -> _Attempt:
        """Look, then store."""
        if key not in self:
            self[key] = default
        return self[key]


class WithoutSetdefault(Making):
    """Who begins is not decided by one operation."""

    title = "Once without an atomic `setdefault`"
    traced = (_once, _cross_loop, LooksBeforeItLeaps)

    def make(self) -> Once[int]:
        """Return one whose attempts are in the other dictionary."""
        once: Once[int] = Once()
        once._attempts = LooksBeforeItLeaps()
        return once


class LooksOnce(Once[int]):
    """Does not look again after it has begun an attempt."""

    def get(self, factory: Callable[[], int]) -> int:
        """Make the value if there was none."""
        while (value := self._value) is _UNSET:
            attempt = _Attempt(blocking=True)
            running = self._attempts.setdefault(_RUNNING, attempt)
            if running is not attempt:
                running.finished.wait_in_thread()
                continue
            try:
                self._value = factory()
            finally:
                self._end(attempt)
        return value


class WithoutSecondLook(Making):
    """Another may have succeeded between the first look and the attempt."""

    title = "Once without the second look"
    traced = (_once, _cross_loop, LooksOnce)

    def make(self) -> Once[int]:
        """Return the other."""
        return LooksOnce()


class TrustsLoops(Once[int]):
    """Waits for an attempt without looking whether its loop is closed."""

    def _end_if_abandoned(self, attempt: _Attempt) -> bool:
        return False


class WithoutPatrol(Abandoned):
    """Nobody ends the attempt of a loop that is closed."""

    title = "Once without looking for closed loops"
    traced = (_once, _cross_loop, TrustsLoops)

    def make(self) -> Once[int]:
        """Return the other."""
        return TrustsLoops()


class ReadsFirst(AsyncEvent):
    """Reads the flag before others can see who waits."""

    async def wait(self) -> bool:  # type: ignore[override]  # a literal in the original
        """Look, then queue."""
        if not self._is_set:
            waiter = _TaskWaiter()
            asleep = waiter.prepare()
            self._waiting.append(waiter)
            try:
                await asleep
            finally:
                self._waiting.remove(waiter)
        return True


class Waiting(Model):
    """A task waits while the flag goes up."""

    title = "AsyncEvent, two loops and a thread"
    traced: ClassVar[Sequence[Traced]] = (_cross_loop,)

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.event = self.make()

    def make(self) -> AsyncEvent:
        """Return the event under test."""
        return AsyncEvent()

    def threads(self) -> Sequence[Callable[[], object]]:
        """Wait; wait; set."""
        return (self.wait, self.event.wait_in_thread, self.event.set)

    def wait(self) -> None:
        """Wait in a task of a loop."""

        assert drive(self.machine, self.event.wait)

    def check(self) -> None:
        """Nobody is left in the list."""
        assert self.event._waiting == []


class WithoutLookAfterQueueing(Waiting):
    """A wake-up falls between the look and the queue."""

    title = "AsyncEvent without the look after queueing"
    traced = (_cross_loop, ReadsFirst)

    def make(self) -> AsyncEvent:
        """Return the other."""
        return ReadsFirst()


@pytest.mark.parametrize(
    "model", [Making, InThreeThreads, InTwoLoops, InThreadAndLoop, Abandoned, Owned, OwnedByEach, Waiting]
)
def test_values_are_made_once_by_every_schedule(model: type[Model], interleavings: Interleavings) -> None:
    """All get what they asked for, and no time passes."""
    interleavings.hold(model)


@pytest.mark.parametrize("model", [WithoutSetdefault, WithoutSecondLook, WithoutPatrol, WithoutLookAfterQueueing])
def test_explorer_notices_a_missing_guard(model: type[Model], interleavings: Interleavings) -> None:
    """Each of them is needed."""
    interleavings.break_down(model)

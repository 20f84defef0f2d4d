"""`AsyncLock` and `AsyncSemaphore` by every schedule: never one too many inside, and nobody is forgotten outside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
from stepping.explorer import Model
from stepping.findings import Interleavings
from stepping.loops import SteppedLoop, drive
from stepping.machine import Machine
from stepping.points import Traced

from hawkapi import _cross_loop
from hawkapi._cross_loop import _PERMIT, AsyncLock, AsyncSemaphore, _discard, _pop, _Turn

type Gate = AsyncLock | AsyncSemaphore


class Entering(Model):
    """Tasks of two loops enter: the lock is free for the next at once, and free at the end."""

    title = "AsyncLock, two loops"
    bound = 3
    traced: ClassVar[Sequence[Traced]] = (_cross_loop,)
    permits = 1

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.gate: Gate = self.make()
        self.inside = self.entered = 0
        self.loops: list[SteppedLoop] = []

    def take(self) -> SteppedLoop:
        """Acquire before the threads begin; return the loop, which is still open."""
        self.loops.append(SteppedLoop(self.machine))
        self.loops[-1].run_until_complete(self.gate.acquire())
        return self.loops[-1]

    def clean_up(self) -> None:
        """Close loops."""
        for loop in self.loops:
            loop.close()

    def make(self) -> Gate:
        """Return the object under test."""
        return AsyncLock()

    def threads(self) -> Sequence[Callable[[], object]]:
        """Enter once in each of two loops."""
        return (self.in_loop, self.in_loop)

    def in_loop(self) -> None:
        """Run a loop."""
        drive(self.machine, self.main)

    async def main(self) -> None:
        """Enter, once."""
        await self.enter()

    async def enter(self) -> None:
        """Be inside for a while."""
        async with self.gate:
            self.look()
            self.machine.pause()
            self.leave()

    def look(self) -> None:
        """Come in; see that there are not too many."""
        self.inside += 1
        assert self.inside <= self.permits, f"{self.inside} are inside"

    def leave(self) -> None:
        """Be about to go."""
        self.inside -= 1
        self.entered += 1

    def check(self) -> None:
        """All were inside, and all permits are free again."""
        assert (self.entered, self.inside) == (len(self.threads()), 0)
        self.check_free()

    def check_free(self) -> None:
        """No permit is lost or doubled, and nobody is in the queue."""
        gate = self.gate
        assert (gate._free, list(gate._queue), gate._handed) == ([_PERMIT] * self.permits, [], [])


class TwoTasksEach(Entering):
    """Two tasks of one loop and one of another."""

    title = "AsyncLock, two loops, three tasks"
    bound = 2

    def threads(self) -> Sequence[Callable[[], object]]:
        """Enter twice in one, once in the other."""
        return (lambda: drive(self.machine, self.twice), self.in_loop)

    async def twice(self) -> None:
        """Enter in two tasks."""
        await asyncio.gather(self.enter(), self.enter())

    def check(self) -> None:
        """Three were inside."""
        assert (self.entered, self.inside) == (3, 0)
        self.check_free()


class ThreeLoops(Entering):
    """A task in each of three loops."""

    title = "AsyncLock, three loops"
    bound = 1

    def threads(self) -> Sequence[Callable[[], object]]:
        """Enter once in each."""
        return (self.in_loop,) * 3


class Cancelling(Entering):
    """The lock is released while the only task that waits for it is cancelled: whoever comes next gets it."""

    title = "AsyncLock, cancellation"
    bound = 2

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.take()

    def threads(self) -> Sequence[Callable[[], object]]:
        """Release what `__init__` has acquired; wait, be cancelled and enter."""
        return (self.gate.release, self.in_loop_impatiently)

    def in_loop_impatiently(self) -> None:
        """Run a loop that gives up."""
        drive(self.machine, self.main_impatiently)

    async def main_impatiently(self) -> None:
        """Begin to enter, and be cancelled, perhaps inside."""
        task = asyncio.create_task(self.enter_and_wait())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await self.enter()

    async def enter_and_wait(self) -> None:
        """Wait inside, where one can be cancelled too."""
        async with self.gate:
            self.look()
            try:
                await asyncio.sleep(0)
            finally:
                self.leave()

    def check(self) -> None:
        """The second attempt succeeded, whatever came of the first."""
        assert self.entered in (1, 2)
        self.check_free()


class Closing(Entering):
    """A loop is closed under a task that waits, and may just have been given the lock: another gets it in time."""

    title = "AsyncLock, a waiter's loop is closed"
    bound = 2
    patience_s = 1.0

    def threads(self) -> Sequence[Callable[[], object]]:
        """Enter; wait in a loop that is closed."""
        return (self.in_loop, self.in_loop_that_ends)

    def in_loop_that_ends(self) -> None:
        """Run a loop that does not wait for its task."""
        drive(self.machine, self.main_that_ends)

    async def main_that_ends(self) -> None:
        """Begin to enter, and end."""
        self.task = asyncio.create_task(self.enter())
        await asyncio.sleep(0)

    async def enter(self) -> None:
        """Enter; a task whose loop is closed is never over, so it does not leave."""
        await self.gate.acquire()
        self.entered += 1
        self.machine.pause()
        self.gate.release()

    def check(self) -> None:
        """Whoever comes now gets the lock in time, and it is not said to be abandoned."""
        assert self.entered in (1, 2)
        assert self.machine.run([self.in_loop]).failure is None
        self.check_free()


class Abandoning(Entering):
    """A loop is closed under the task that is inside: two who come at once get the lock one after the other."""

    title = "AsyncLock, the holder's loop is closed"
    bound = 2
    patience_s = 1.0

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        # Closed before the threads begin: recovery relies on a closed loop running no more.
        self.take().close()

    def check(self) -> None:
        """It was abandoned once."""
        assert isinstance(self.gate, AsyncLock)
        assert (self.entered, self.gate.abandoned, len(self.gate._taken_from)) == (2, True, 1)
        self.check_free()


class Finalised(Entering):
    """A finaliser releases the lock, in whatever thread and wherever that is."""

    title = "AsyncLock, finaliser"
    bound = 2

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.is_released = False
        self.take()

    def finalisers(self) -> Sequence[Callable[[], object]]:
        """Release."""
        return (self.release,)

    def release(self) -> None:
        """Release what this model's `__init__` has acquired, if nobody has yet."""
        if not self.is_released:
            self.is_released = True
            self.gate.release()

    def threads(self) -> Sequence[Callable[[], object]]:
        """Enter; enter, having released."""
        return (self.in_loop, self.release_in_loop)

    def release_in_loop(self) -> None:
        """Release what nobody has released, and enter."""
        self.machine.pause()
        self.release()
        self.in_loop()


class Permits(Entering):
    """Two permits for three loops."""

    title = "AsyncSemaphore, two permits, three loops"
    bound = 1
    permits = 2

    def make(self) -> Gate:
        """Return a semaphore."""
        return AsyncSemaphore(self.permits)

    def threads(self) -> Sequence[Callable[[], object]]:
        """Enter once in each."""
        return (self.in_loop,) * 3

    def check_free(self) -> None:
        """None is counted as taken either."""
        super().check_free()
        assert isinstance(self.gate, AsyncSemaphore)
        assert self.gate._taken == []


class OnePermit(Permits):
    """One permit for two loops."""

    title = "AsyncSemaphore, one permit, two loops"
    bound = 3
    permits = 1

    def threads(self) -> Sequence[Callable[[], object]]:
        """Enter once in each."""
        return (self.in_loop, self.in_loop)


class Trying(OnePermit):
    """A thread without a loop tries, and does not wait."""

    title = "AsyncSemaphore, `try_acquire`"

    def threads(self) -> Sequence[Callable[[], object]]:
        """Enter; try."""
        return (self.in_loop, self.attempt)

    def attempt(self) -> None:
        """Enter if that is possible at once."""
        assert isinstance(self.gate, AsyncSemaphore)
        if self.gate.try_acquire():
            self.look()
            self.machine.pause()
            self.leave()
            self.gate.release()

    def check(self) -> None:
        """The one who waits was inside."""
        assert self.entered in (1, 2)
        self.check_free()


class LooksBeforeItPops(list[bool]):
    """Has a `pop` of two steps."""

    def pop(self, index: int = -1) -> bool:  # type: ignore[override]  # as it is called here
        """Look, then remove."""
        if not self:
            raise IndexError
        permit = self[index]
        self[:] = self[:-1]
        return permit


class WithoutPop(Entering):
    """Who gets a permit is not decided by one operation."""

    title = "AsyncLock without an atomic `pop`"
    traced = (_cross_loop, LooksBeforeItPops)

    def make(self) -> Gate:
        """Return one whose permits are in the other list."""
        lock = AsyncLock()
        lock._free = LooksBeforeItPops([_PERMIT])
        return lock


class DoesNotAdvance(AsyncLock):
    """Does not look for a permit after it has queued."""

    async def _wait(self, turn: _Turn) -> None:
        asleep = turn.prepare()
        turn.gone = False
        self._queue.append(turn)
        await asleep
        self._handed.remove(turn)


class WithoutLookAfterQueueing(Entering):
    """A release falls between the look and the queue."""

    title = "AsyncLock without `_advance` after queueing"
    traced = (_cross_loop, DoesNotAdvance)

    def make(self) -> Gate:
        """Return the other."""
        return DoesNotAdvance()


class DoesNotLookWhoIsGone(AsyncLock):
    """Hands the lock to a task without looking whether that has been cancelled."""

    def _hand_to(self, turn: _Turn) -> None:
        self._handed.append(turn)
        turn.put()
        if not turn.wake() and self._take_back(turn):
            self._free.append(_PERMIT)


class WithoutGone(Cancelling):
    """A waiter leaves while it is given the lock."""

    title = "AsyncLock without the look at `gone`"
    traced = (_cross_loop, DoesNotLookWhoIsGone)

    def make(self) -> Gate:
        """Return the other."""
        return DoesNotLookWhoIsGone()


class DoesNotPassOn(AsyncLock):
    """Leaves without looking whether a permit has arrived."""

    def _withdraw(self, turn: _Turn) -> None:
        turn.gone = True
        _discard(self._queue, turn)


class WithoutPassingOn(Cancelling):
    """A waiter is given the lock while it leaves."""

    title = "AsyncLock without passing on a permit"
    traced = (_cross_loop, DoesNotPassOn)

    def make(self) -> Gate:
        """Return the other."""
        return DoesNotPassOn()


class LosesThePermit(AsyncLock):
    """Forgets the permit in its hand when another thread has served the last waiter."""

    def _advance(self) -> None:
        while self._queue and _pop(self._free):
            try:
                turn = self._queue.popleft()
            except IndexError:
                return
            self._hand_to(turn)


class WithoutPuttingBack(Cancelling):
    """The queue is empty when the permit is in the hand."""

    title = "AsyncLock without putting the permit back"
    traced = (_cross_loop, LosesThePermit)

    def make(self) -> Gate:
        """Return the other."""
        return LosesThePermit()


class DoesNotRecover(AsyncLock):
    """Never looks for permits that closed loops have left behind."""

    def _recover(self) -> None:
        """Do nothing."""


class WithoutRecovery(Closing):
    """The permit goes to a loop that is closed before it takes it."""

    title = "AsyncLock without `_recover`"
    traced = (_cross_loop, DoesNotRecover)

    def make(self) -> Gate:
        """Return the other."""
        return DoesNotRecover()


class PermitWithoutPop(OnePermit):
    """The same for a semaphore."""

    title = "AsyncSemaphore without an atomic `pop`"
    traced = (_cross_loop, LooksBeforeItPops)

    def make(self) -> Gate:
        """Return one whose permits are in the other list."""
        semaphore = AsyncSemaphore(self.permits)
        semaphore._free = LooksBeforeItPops([_PERMIT] * self.permits)
        return semaphore


class DoesNotQueue(AsyncSemaphore):
    """Tries without regard to who waits, and counts what it took before it has it."""

    def try_acquire(self) -> bool:
        """Count, then take."""
        if not self._free:
            return False
        self._taken.append(_PERMIT)
        return _pop(self._free)


class TryingWithoutPop(Trying):
    """The last permit goes between the look and the `pop`."""

    title = "AsyncSemaphore without the outcome of `pop`"
    traced = (_cross_loop, DoesNotQueue)

    def make(self) -> Gate:
        """Return the other."""
        return DoesNotQueue(self.permits)


HOLD = [Entering, TwoTasksEach, ThreeLoops, Cancelling, Closing, Abandoning, Finalised, Permits, OnePermit, Trying]
BREAK = [
    WithoutPop,
    WithoutLookAfterQueueing,
    WithoutGone,
    WithoutPassingOn,
    WithoutPuttingBack,
    WithoutRecovery,
    PermitWithoutPop,
    TryingWithoutPop,
]


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Keep the error of each abandoned lock off the output."""
    caplog.set_level(logging.CRITICAL, "hawkapi")


@pytest.mark.parametrize("model", HOLD)
def test_gates_admit_as_many_as_they_have_permits(
    model: type[Model], interleavings: Interleavings, quiet: None
) -> None:
    """By every schedule all who wait come in, and no time passes but where a loop is closed."""
    interleavings.hold(model)


@pytest.mark.parametrize("model", BREAK)
def test_explorer_notices_a_missing_guard(model: type[Model], interleavings: Interleavings, quiet: None) -> None:
    """Each of them is needed."""
    interleavings.break_down(model)

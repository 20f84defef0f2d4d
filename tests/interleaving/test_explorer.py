"""The explorer itself: all schedules within the bound, each once, and whatever goes wrong is noticed and repeated."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from stepping.doubles import SteppedLock
from stepping.explorer import Failure, Model, explore, replay
from stepping.findings import Interleavings
from stepping.machine import Machine, NondeterminismError
from stepping.points import Traced

from hawkapi import _threading

SEGMENTS = 3
"""Parts of each thread, between which another can take over."""


class Writing(Model):
    """Two threads write letters, each in three parts."""

    title = "letters"
    traced = ()
    seen: list[str]

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.letters = ""

    def threads(self) -> Sequence[Callable[[], object]]:
        """Write A; write B."""
        return (lambda: self.write("A"), lambda: self.write("B"))

    def write(self, letter: str) -> None:
        """Write a letter three times."""
        self.letters += letter
        for _ in range(SEGMENTS - 1):
            self.machine.pause()
            self.letters += letter

    def check(self) -> None:
        """Note what was written."""
        self.seen.append(self.letters)


def interruptions(letters: str) -> int:
    """Return how often a thread was interrupted before its end."""
    return sum(
        before != after and letters[: place + 1].count(before) < SEGMENTS
        for place, (before, after) in enumerate(itertools.pairwise(letters))
    )


@pytest.mark.parametrize("bound", range(6))
def test_every_schedule_within_the_bound_is_tried_once(bound: int) -> None:
    """They are those that one finds by writing down all orders and counting interruptions."""
    Writing.seen = []
    report = explore(Writing, bound)
    orders = {"".join(order) for order in itertools.permutations("A" * SEGMENTS + "B" * SEGMENTS)}
    assert sorted(Writing.seen) == sorted(order for order in orders if interruptions(order) <= bound)
    assert (report.schedules, report.failure) == (len(Writing.seen), None)


class Crossing(Model):
    """Two threads take two locks, each the other one first."""

    title = "two locks"
    traced = ()

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.locks = [SteppedLock(machine), SteppedLock(machine)]

    def threads(self) -> Sequence[Callable[[], object]]:
        """Take both; take both."""
        return (lambda: self.take(*self.locks), lambda: self.take(*reversed(self.locks)))

    def take(self, first: SteppedLock, second: SteppedLock) -> None:
        """Take one after the other."""
        with first:
            self.machine.pause()
            with second:
                pass

    def check(self) -> None:
        """Both are free, even after a deadlock has been resolved."""
        assert not any(lock.locked() for lock in self.locks)


def test_deadlock_is_reported_with_its_schedule() -> None:
    """It needs one interruption, and is named as what it is."""
    report = explore(Crossing, 1)
    assert report.failure is not None
    assert report.failure.error.startswith("thread 0 and thread 1 waited at 0.0 s for what nobody does any more")
    assert explore(Crossing, 0).failure is None


class Patient(Model):
    """A thread waits for half a second, in vain."""

    title = "patience"
    traced: ClassVar[Sequence[Traced]] = ()
    patience_s = 0.5

    def threads(self) -> Sequence[Callable[[], object]]:
        """Wait."""
        return (self.wait,)

    def wait(self) -> None:
        """Come back when the time is over."""
        assert not self.machine.wait_until(lambda: False, 0.5)

    def check(self) -> None:
        """The clock says so."""
        assert self.machine.now == 0.5


class Impatient(Patient):
    """Here it may not."""

    patience_s = 0.4


def test_time_passes_only_as_far_as_the_model_allows() -> None:
    """Who waits longer was forgotten by somebody."""
    assert explore(Patient, 0).failure is None
    failure = explore(Impatient, 0).failure
    assert failure is not None
    assert failure.error == "thread 0 waited at 0.0 s for what nobody does any more (patience: 0.4 s)"


class Endless(Patient):
    """A thread spins."""

    def wait(self) -> None:
        """Never end."""
        while True:
            self.machine.pause()


def test_endless_run_is_reported() -> None:
    """It is stopped after a number of steps."""
    failure = explore(Endless, 0).failure
    assert failure is not None
    assert failure.error == "the threads still ran after 5000 steps"


class Count:
    """A number that is not guarded."""

    def __init__(self) -> None:
        self.number = 0

    def add(self) -> None:
        """Read, add, write."""
        self.number += 1


class Adding(Model):
    """Two threads add to it."""

    title = "a plain number"
    traced = (Count,)

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.count = Count()

    def threads(self) -> Sequence[Callable[[], object]]:
        """Add; add."""
        return (self.count.add, self.count.add)

    def check(self) -> None:
        """Both are counted."""
        assert self.count.number == 2


class AddingByFinaliser(Adding):
    """A thread adds, and perhaps a finaliser in that thread."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.finalised = 0

    def threads(self) -> Sequence[Callable[[], object]]:
        """Add."""
        return (self.count.add,)

    def finalisers(self) -> Sequence[Callable[[], object]]:
        """Add."""
        return (self.finalise,)

    def finalise(self) -> None:
        """Add once more."""
        self.finalised += 1
        self.count.add()

    def check(self) -> None:
        """Both are counted: no call, and so no finaliser, falls between reading and writing."""
        assert self.count.number == 1 + self.finalised


def test_threads_are_interrupted_within_a_line_but_by_finalisers_only_after_calls() -> None:
    """Another thread may come between reading and writing a number, the garbage collector may not."""
    failure = explore(Adding, 1).failure
    assert failure is not None
    assert "(Count.add): thread 1 goes on" in str(failure)
    report = explore(AddingByFinaliser, 1)
    assert (report.schedules, report.failure) == (2, None)


def test_failure_is_repeated_from_its_file(tmp_path: Path) -> None:
    """The file names the model and the schedule; tests of other models are skipped meanwhile."""
    failure = explore(Adding, 1).failure
    assert failure is not None
    path = tmp_path / "failure.json"
    failure.save(path)
    assert Failure.load(path) == failure
    repeated = Interleavings([], tmp_path, replay=path)
    with pytest.raises(pytest.fail.Exception, match=r"(?s)test_explorer\.Adding fails by the schedule .*assert 1 == 2"):
        repeated.hold(Adding)
    with pytest.raises(pytest.skip.Exception, match=r"the file is about test_explorer\.Adding"):
        repeated.hold(Patient)


def test_schedule_that_does_not_fit_is_refused() -> None:
    """It was written for other code, and so would prove nothing."""
    with pytest.raises(NondeterminismError, match=r"the run was over before steps \[1000\]"):
        replay(Adding, ((1000, 1),))


def test_code_under_test_is_as_before_afterwards() -> None:
    """Nothing is left of the stand-ins."""
    before = dict(vars(_threading))

    class Replaced(Patient):
        traced = (_threading,)

        def wait(self) -> None:
            """See that they were in place."""
            assert vars(_threading)["threading"] is not before["threading"]

        def check(self) -> None:
            """See nothing."""

    assert explore(Replaced, 0).failure is None
    assert dict(vars(_threading)) == before

"""`ShardedCounter` by every schedule: no addition lost or counted twice, whoever ends, reads or adds meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
from stepping.doubles import Unlocked
from stepping.explorer import Model
from stepping.findings import Interleavings
from stepping.machine import Machine
from stepping.points import Traced

from hawkapi import _threading
from hawkapi._threading import ShardedCounter, _AtThreadEnd, _Shard


class Counting(Model):
    """What is read is what was added: all that had returned before, and perhaps what was added meanwhile."""

    title = "ShardedCounter"
    bound = 3
    traced: ClassVar[Sequence[Traced]] = (_threading,)

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        self.counter = self.make()
        self.begun = self.ended = 0

    def make(self) -> ShardedCounter:
        """Return the counter under test."""
        return ShardedCounter()

    def threads(self) -> Sequence[Callable[[], object]]:
        """Add and end; add and read."""
        return (self.add, self.add_and_read)

    def add(self) -> None:
        """Add one."""
        self.begun += 1
        self.counter.add()
        self.ended += 1

    def add_and_read(self) -> None:
        """Read beside the other."""
        self.add()
        self.read()

    def read(self) -> None:
        """Compare a sum with what it may be."""
        least = self.ended
        value = self.counter.value
        assert least <= value <= self.begun, f"{value} is not between {least} and {self.begun}"

    def check(self) -> None:
        """Nothing is lost, and no shard of an ended thread is left after a read."""
        assert (self.counter.value, self.counter.shards) == (self.begun, 0)


class TwoReaders(Counting):
    """Two read at once, while shards of an ended thread are folded."""

    title = "ShardedCounter, two readers"
    bound = 2

    def threads(self) -> Sequence[Callable[[], object]]:
        """Add and end; read; read."""
        return (self.add, self.read, self.read)


class Finalised(Counting):
    """A finaliser adds anywhere, also in a thread that is reading."""

    title = "ShardedCounter, finaliser"
    bound = 2

    def finalisers(self) -> Sequence[Callable[[], object]]:
        """Add one."""
        return (self.add,)


class WithoutGuard(TwoReaders):
    """Nothing keeps two readers apart."""

    title = "ShardedCounter without `_guard`"

    def make(self) -> ShardedCounter:
        """Return one whose lock excludes nobody."""
        counter = ShardedCounter()
        vars(counter)["_guard"] = Unlocked()
        return counter


class OneShard(ShardedCounter):
    """Has every thread add to one shard."""

    def __init__(self) -> None:
        super().__init__()
        self._only = _Shard()
        self._shards.append(self._only)

    def add(self, n: int = 1) -> None:
        """Add, as threads that do not share may."""
        self._only.count += n


class WithoutShards(Counting):
    """Threads share what they add to."""

    title = "ShardedCounter without a shard for each thread"
    traced = (_threading, OneShard)

    def make(self) -> ShardedCounter:
        """Return the one."""
        return OneShard()


class OpensForItselfFirst(ShardedCounter):
    """Puts a shard where its thread finds it before readers do."""

    def _open_shard(self) -> _Shard:
        shard = self._local.shard = _Shard()
        self._local.end = _AtThreadEnd(shard.close)
        self._shards.append(shard)
        return shard


class WithoutReadersFirst(Finalised):
    """A finaliser has added to a shard that readers do not know yet."""

    title = "ShardedCounter without opening shards for readers first"
    traced = (_threading, OpensForItselfFirst)

    def make(self) -> ShardedCounter:
        """Return the other."""
        return OpensForItselfFirst()


class FoldsByCountFirst(ShardedCounter):
    """Reads what a thread has added before it looks whether the thread has ended."""

    def _merge(self) -> int:
        living = 0
        for _ in range(len(self._shards)):
            shard = self._shards.popleft()
            count = shard.count
            if shard.closed:
                self._folded += count
            else:
                self._shards.append(shard)
                living += count
        return self._folded + living


class WithoutOrder(Counting):
    """The end of a thread is read after its count."""

    title = "ShardedCounter without `closed` read first"
    traced = (_threading, FoldsByCountFirst)

    def make(self) -> ShardedCounter:
        """Return the other."""
        return FoldsByCountFirst()


class AddsUnderTheGuard(ShardedCounter):
    """Guards an addition by the lock of the readers."""

    def add(self, n: int = 1) -> None:
        """Add while nobody reads."""
        with self._guard:
            self._folded += n


class WithLockedAdd(Finalised):
    """A finaliser needs the lock that its own thread holds."""

    title = "ShardedCounter with a lock in `add`"
    traced = (_threading, AddsUnderTheGuard)

    def make(self) -> ShardedCounter:
        """Return the one."""
        return AddsUnderTheGuard()


@pytest.mark.parametrize("model", [Counting, TwoReaders, Finalised])
def test_counts_stay_exact_by_every_schedule(model: type[Model], interleavings: Interleavings) -> None:
    """Sums are exact, and shards go with their threads."""
    interleavings.hold(model)


@pytest.mark.parametrize("model", [WithoutGuard, WithoutShards, WithoutReadersFirst, WithoutOrder, WithLockedAdd])
def test_explorer_notices_a_missing_guard(model: type[Model], interleavings: Interleavings) -> None:
    """Each of them is needed."""
    interleavings.break_down(model)

"""Counting locks: who had to wait for which lock, and for how long.

**Rules of this file.** It is loaded by `_threading.named_lock` when HAWKAPI_LOCK_STATISTICS is 1, and then by who asks
for the report: otherwise the locks of the package are those of `threading` themselves.

**How it counts.** The numbers of a lock are written by whoever holds that lock, so they are exact, and no further lock
is taken: where a finaliser may take a lock, it may take one that counts. The numbers of locks that are gone are folded
into one row for each name, when another lock is made or somebody asks for them.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from typing import Final, Literal, NamedTuple, Protocol, final

NS_PER_US: Final = 1000


class LockState(NamedTuple):
    """What happened to the locks of one name."""

    name: str
    locks: int
    """How many there are now."""
    acquisitions: int
    """How often one was taken, by those that are gone too; a thread that takes what it has counts again."""
    contended: int
    """How many of those had to wait for another thread."""
    waited_us: float
    """Microseconds that they waited, together."""
    longest_wait_us: float


class Waits(NamedTuple):
    """Who waits for the primitives of one name that work across loops."""

    name: str
    primitives: int
    """How many there are now."""
    waiting: int
    """Tasks that wait for one of them, in all loops."""


class HasWaiters(Protocol):
    """An `AsyncLock` or `AsyncSemaphore`."""

    @property
    def waiting(self) -> int:
        """How many tasks wait now."""
        ...


class Tally:
    """The numbers of one lock, or of those of one name that are gone."""

    __slots__ = ("acquisitions", "closed", "contended", "longest_ns", "name", "waited_ns")

    def __init__(self, name: str) -> None:
        self.name = name
        # THREADS: these four are written by the holder of the lock alone, and by nobody once `closed` is true.
        self.acquisitions = 0
        self.contended = 0
        self.waited_ns = 0
        self.longest_ns = 0
        self.closed = False

    def add(self, other: Tally) -> None:
        """Add what another one has counted."""
        self.acquisitions += other.acquisitions
        self.contended += other.contended
        self.waited_ns += other.waited_ns
        self.longest_ns = max(self.longest_ns, other.longest_ns)


@final
class CountingLock:
    """A lock of `threading` that counts; it excludes whom that one excludes. Thread-safe.

    Args:
        lock: a `threading.Lock` or `threading.RLock` that nobody else uses.
        tally: where its numbers go.
    """

    __slots__ = ("_lock", "_tally")

    def __init__(self, lock: threading.Lock | threading.RLock, tally: Tally) -> None:
        self._lock = lock
        self._tally = tally

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock, as `threading.Lock.acquire` does; what is not taken is not counted."""
        if self._lock.acquire(blocking=False):
            self._tally.acquisitions += 1
            return True
        if not blocking:
            return False
        begun = time.perf_counter_ns()
        if not self._lock.acquire(timeout=timeout):
            return False
        self._count_wait(time.perf_counter_ns() - begun)
        return True

    def release(self) -> None:
        """Give the lock back.

        Raises:
            RuntimeError: it is free, or it is reentrant and another thread's.
        """
        self._lock.release()

    def __enter__(self) -> Literal[True]:
        self.acquire()
        return True

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()

    def __del__(self) -> None:
        self._tally.closed = True

    def _count_wait(self, waited_ns: int) -> None:
        """Count an acquisition that was not at once. The caller holds the lock."""
        tally = self._tally
        tally.acquisitions += 1
        tally.contended += 1
        tally.waited_ns += waited_ns
        tally.longest_ns = max(tally.longest_ns, waited_ns)


@final
class LockStatistics:
    """The numbers of all counting locks. Thread-safe."""

    def __init__(self) -> None:
        # THREADS: `open` and `watch` append without the guard (append is atomic); only a holder of the guard removes.
        self._tallies: deque[Tally] = deque()
        self._watched: deque[tuple[str, weakref.ref[HasWaiters]]] = deque()
        # Protects `_gone` and the walks over the two, so that nothing is counted twice or missed. It does not stop the
        # locks from counting. Who makes a lock or a primitive never waits for it, as a finaliser may do that.
        self._guard = threading.Lock()
        self._gone: dict[str, Tally] = {}

    def open(self, name: str) -> Tally:
        """Return the tally of a new lock."""
        tally = Tally(name)
        self._tallies.append(tally)
        self._tidy()
        return tally

    def watch(self, name: str, primitive: HasWaiters) -> None:
        """Have the report tell who waits for a primitive, as long as there is one."""
        self._watched.append((name, weakref.ref(primitive)))
        self._tidy()

    def report(self) -> list[LockState]:
        """Return a row for each name, in alphabetical order; every number was right a moment ago."""
        with self._guard:
            living = self._fold()
            sums = {name: Tally(name) for name in {*self._gone, *(tally.name for tally in living)}}
            for tally in (*self._gone.values(), *living):
                sums[tally.name].add(tally)
        counts = {name: sum(tally.name == name for tally in living) for name in sums}
        return [_state_of(sums[name], counts[name]) for name in sorted(sums)]

    def waits(self) -> list[Waits]:
        """Return a row for each name of what is watched, in alphabetical order."""
        with self._guard:
            living = self._living()
        counts = {name: [one.waiting for other, one in living if other == name] for name, _ in living}
        return [Waits(name, len(counts[name]), sum(counts[name])) for name in sorted(counts)]

    def _tidy(self) -> None:
        """Forget what is gone, unless somebody reads just now."""
        if self._guard.acquire(blocking=False):
            try:
                self._fold()
                self._living()
            finally:
                self._guard.release()

    def _living(self) -> list[tuple[str, HasWaiters]]:
        """Return what is watched, and forget what is gone. The caller holds the guard."""
        living: list[tuple[str, HasWaiters]] = []
        for _ in range(len(self._watched)):
            name, reference = self._watched.popleft()
            primitive = reference()
            if primitive is not None:
                self._watched.append((name, reference))
                living.append((name, primitive))
        return living

    def _fold(self) -> list[Tally]:
        """Fold the tallies of locks that are gone, and return the others. The caller holds the guard."""
        living: list[Tally] = []
        for _ in range(len(self._tallies)):
            tally = self._tallies.popleft()
            if tally.closed:
                self._gone.setdefault(tally.name, Tally(tally.name)).add(tally)
            else:
                self._tallies.append(tally)
                living.append(tally)
        return living


def _state_of(tally: Tally, locks: int) -> LockState:
    return LockState(
        tally.name,
        locks,
        tally.acquisitions,
        tally.contended,
        tally.waited_ns / NS_PER_US,
        tally.longest_ns / NS_PER_US,
    )


STATISTICS: Final = LockStatistics()
"""Those of the process."""


def counting_lock(name: str) -> CountingLock:
    """Return a new lock that counts under a name."""
    return CountingLock(threading.Lock(), STATISTICS.open(name))


def counting_rlock(name: str) -> CountingLock:
    """Return a new reentrant lock that counts under a name."""
    return CountingLock(threading.RLock(), STATISTICS.open(name))

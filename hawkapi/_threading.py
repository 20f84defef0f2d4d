"""Locks, cells and counters for one application on many event loops in many threads.

**Problem.** One application object serves from several threads, each with its own event loop, with the GIL and without.
Primitives of asyncio belong to one loop, those of threading block a loop, and a plain attribute is neither exact nor
cheap when threads share it.

**What to take.** `maybe_thread_lock` and `maybe_async_lock` do nothing while there is a GIL: they are for state that a
build with the GIL cannot corrupt. What needs exclusion on every build (check-then-act, an `await` in the critical
section) takes `threading.Lock` or `AsyncLock`. `AsyncSemaphore` and `AsyncEvent` work across loops like `AsyncLock`.
`named_lock` and `named_rlock` make the locks of `threading` that live long; they can be made to count who waits.
`Once` makes a value exactly once. `ShardedCounter` is an exact sum. `ThreadOwned` is the one home of "each serving
thread has its own replica".

**Rules of this file.** It imports neither asyncio nor hawkapi, so that importing it stays cheap; the cross-loop
primitives live in `_cross_loop.py` and `_once.py`, which load when one of their names is first asked for.
`FREE_THREADED` is read when a function is called, never copied.

**How threads meet here.** By single operations of list, deque, dict and set that CPython makes atomic (under the GIL or
under the object's own lock), hardly ever by a lock. The reason is the garbage collector: it may run at any call, and
what it runs may be the `finally` block of a request that died with its loop, and so a `release()` or an `add(-1)`. Had
the interrupted function held a lock that this call needs, the thread would wait for itself. `deque.copy()` and
`list(deque)` are *not* atomic on 3.13t (they raise when another thread appends meanwhile); `list.copy()` is.

**Lock order**, outermost first; nobody takes an earlier one while holding a later one:

1. `AsyncLock` and `AsyncSemaphore`: the only ones that may be held across an `await` or a call of user code;
2. `threading.Lock` of a subsystem (registration, tables): held for a few statements that call no user code;
3. `ShardedCounter._guard`: a leaf, nothing is taken under it.

A thread or task that waits in `Once` holds nothing of the second or third kind.

**Cost** in ns on CPython 3.13, with the GIL and without: `ShardedCounter.add` 150 and 330 (a `with` block of an idle
`threading.Lock` 360 and 260, and that contends), `value` 900 and 1200 for one thread; `ThreadOwned.get` 215 and 190.

**Must stay in step:** the names of `_HOMES` with the imports for type checkers below, and both with the modules named.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    # `X as X` tells a type checker that this module offers the name too.
    from hawkapi._cross_loop import AsyncEvent as AsyncEvent  # noqa: PLC0414
    from hawkapi._cross_loop import AsyncLock as AsyncLock  # noqa: PLC0414
    from hawkapi._cross_loop import AsyncSemaphore as AsyncSemaphore  # noqa: PLC0414
    from hawkapi._lock_statistics import CountingLock
    from hawkapi._once import Once as Once  # noqa: PLC0414

__all__ = ["FREE_THREADED", "maybe_async_lock", "maybe_thread_lock"]


def _gil_is_off() -> bool:
    probe = getattr(sys, "_is_gil_enabled", None)
    if probe is None:
        return False
    try:
        return not probe()
    except Exception:  # noqa: BLE001 - an interpreter that cannot say is treated as one with the GIL.
        return False


FREE_THREADED: bool = _gil_is_off()
"""Whether the GIL was off when this module was imported (the run-time state, not the build)."""


LOCK_STATISTICS: bool = os.environ.get("HAWKAPI_LOCK_STATISTICS") == "1"
"""Whether the named locks count: HAWKAPI_LOCK_STATISTICS was 1 in the environment when this module was imported."""


def named_lock(name: str) -> threading.Lock | CountingLock:
    """Return a new lock that excludes on every build; where `LOCK_STATISTICS` is true, it counts under that name.

    For locks that live as long as an application: `/_threads` shows a row for each name. It costs nothing otherwise:
    what is returned is the lock of `threading` itself.
    """
    if not LOCK_STATISTICS:
        return threading.Lock()
    from hawkapi._lock_statistics import counting_lock  # here, because hardly any process counts

    return counting_lock(name)


def named_rlock(name: str) -> threading.RLock | CountingLock:
    """Return a new reentrant lock, otherwise as `named_lock`."""
    if not LOCK_STATISTICS:
        return threading.RLock()
    from hawkapi._lock_statistics import counting_rlock  # here, because hardly any process counts

    return counting_rlock(name)


def watched[T: (AsyncLock, AsyncSemaphore)](name: str, primitive: T) -> T:
    """Return a primitive; where `LOCK_STATISTICS` is true, `/_threads` shows how many tasks wait under that name."""
    if LOCK_STATISTICS:
        from hawkapi._lock_statistics import STATISTICS  # here, because hardly any process counts

        STATISTICS.watch(name, primitive)
    return primitive


class NullThreadLock(contextlib.nullcontext[None]):
    """Stand in for `threading.Lock` where the GIL already excludes other threads; excludes nobody."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> Literal[True]:
        """Return True at once."""
        return True

    def release(self) -> None:
        """Do nothing, also when nobody acquired."""

    def locked(self) -> Literal[False]:
        """Return False, also between `acquire` and `release`."""
        return False


class NullAsyncLock:
    """Stand in for `AsyncLock` where nothing is awaited in the critical section; excludes nobody."""

    async def acquire(self) -> Literal[True]:
        """Return True without yielding to the loop."""
        return True

    def release(self) -> None:
        """Do nothing, also when nobody acquired."""

    def locked(self) -> Literal[False]:
        """Return False, also inside `async with`."""
        return False

    async def __aenter__(self) -> NullAsyncLock:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        return None


def maybe_thread_lock() -> threading.Lock | NullThreadLock:
    """Return a new `threading.Lock` when there is no GIL, else a new lock that does nothing.

    Only for state that a build with the GIL cannot corrupt. `with` binds True for the real lock and None for the other.
    """
    return threading.Lock() if FREE_THREADED else NullThreadLock()


def maybe_async_lock() -> AsyncLock | NullAsyncLock:
    """Return a new `AsyncLock` when there is no GIL, else a new lock that does nothing.

    Only for critical sections without `await`: the lock that does nothing lets another task of the same loop in at each
    of them. `async with` binds None for the real lock and the lock itself for the other.
    """
    if not FREE_THREADED:
        return NullAsyncLock()
    from hawkapi._cross_loop import AsyncLock  # here, because it loads asyncio

    return AsyncLock()


class _AtThreadEnd:
    """Calls a function when the thread in whose local storage it lies ends, or when that storage is dropped."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function

    def __del__(self) -> None:
        self._function()


class _Shard:
    """What one thread has added; only that thread writes `count`."""

    __slots__ = ("closed", "count")

    def __init__(self) -> None:
        self.count = 0
        self.closed = False

    def close(self) -> None:
        """Say that nothing will be added any more."""
        self.closed = True


class ShardedCounter:
    """A sum that threads add to without contending. Thread-safe; exact.

    The same on every build: a shard per thread costs with the GIL no more than a lock. A thread's shard is folded into
    one number after the thread's end, when somebody reads or another thread adds for the first time, so there are at
    most as many shards as there were threads alive at once.
    """

    def __init__(self) -> None:
        self._local = threading.local()
        # THREADS: `add` appends without the guard (append is atomic); only a holder of the guard removes, so `popleft`
        # never finds the deque empty.
        self._shards: deque[_Shard] = deque()
        # THREADS: protects `_folded` and the walk over `_shards`, so that no shard is counted twice or missed. It does
        # not stop `add`: what is added during a read may or may not be in it. `add` never waits for it, so a finaliser
        # may call `add` anywhere; a finaliser must not read `value`.
        self._guard = threading.Lock()
        self._folded = 0

    def add(self, n: int = 1) -> None:
        """Add `n`, which may be negative."""
        try:
            shard: _Shard = self._local.shard
        except AttributeError:
            shard = self._open_shard()
        # THREADS: no other thread writes this, and no finaliser of this thread can run between the read and the write:
        # the interpreter starts them at calls and backward jumps only, and adding two ints is neither.
        shard.count += n

    @property
    def value(self) -> int:
        """The sum of every `add` that returned before this read began, and perhaps of some that run beside it."""
        with self._guard:
            return self._merge()

    @property
    def shards(self) -> int:
        """How many threads' shards are kept now."""
        return len(self._shards)

    def _open_shard(self) -> _Shard:
        shard = _Shard()
        # THREADS: readers have it before `add` finds it, as a finaliser may do at any call from here on; what that adds
        # would be missed until then.
        self._shards.append(shard)
        # If a finaliser has opened one in between, that ends when `end` is replaced, and is folded.
        self._local.shard = shard
        self._local.end = _AtThreadEnd(shard.close)
        if self._guard.acquire(blocking=False):
            try:
                self._merge()
            finally:
                self._guard.release()
        return shard

    def _merge(self) -> int:
        """Fold the shards of ended threads and return the sum of all. The caller holds the guard."""
        living = 0
        for _ in range(len(self._shards)):
            shard = self._shards.popleft()
            # THREADS: `closed` is read first; it was written after the last change of `count`.
            if shard.closed:
                self._folded += shard.count
            else:
                self._shards.append(shard)
                living += shard.count
        return self._folded + living


class ThreadOwned[T]:
    """One object per thread, made at its first use there and dropped when the thread ends. Thread-safe.

    On builds with the GIL all threads share one object, made once: there the GIL serialises its users anyway, and
    replicas would only cost memory. Under free threading nobody else touches a thread's object, so its reference counts
    stay uncontended, which is what replicas are for.

    Args:
        build: Makes one object. It is called without any lock, by the thread that will own the result; what it raises
            reaches the caller of `get`, and the next `get` tries again.
    """

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._local = threading.local()
        self._shared: Once[T] | None = None
        if not FREE_THREADED:
            from hawkapi._once import Once  # here, because it loads asyncio

            self._shared = Once()
        # THREADS: relies on `add` and `discard` of a set being atomic; its `len` was true a moment ago.
        self._owners: set[object] = set()

    def get(self) -> T:
        """Return this thread's object.

        Raises:
            RuntimeError: `build` called `get`, whose result it is making.
        """
        if self._shared is not None:
            return self._shared.get(self._build_shared)
        try:
            value: T = self._local.value
        except AttributeError:
            value = self._build_own()
        return value

    @property
    def owners(self) -> int:
        """How many objects exist now: one per living thread that called `get`, or at most one with the GIL."""
        return len(self._owners)

    def _build_shared(self) -> T:
        value = self._build()
        self._owners.add(object())
        return value

    def _build_own(self) -> T:
        value = self._local.value = self._build()
        owner = object()
        self._owners.add(owner)
        self._local.end = _AtThreadEnd(partial(self._owners.discard, owner))
        return value


_HOMES: Final = {
    "AsyncEvent": "hawkapi._cross_loop",
    "AsyncLock": "hawkapi._cross_loop",
    "AsyncSemaphore": "hawkapi._cross_loop",
    "Once": "hawkapi._once",
}
"""The names of this module that load asyncio, and where they are defined."""

if not TYPE_CHECKING:  # A type checker would accept any name of a module that has `__getattr__`.

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
        return value

"""`Ledger`: state that requests of all threads change when they begin and when they end.

A request that ends must be able to say so from anywhere: the garbage collector may end one that died with its loop, in
a thread that is just changing the same state. Would its end take the lock, that thread would wait for itself. So an end
is only noted, by one atomic operation, and whoever begins next applies what was noted before it decides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import final

from hawkapi._threading import named_lock

__all__ = ["Ledger"]


@final
class Ledger[E]:
    """A lock, and the ends that have been noted since it was last held. Thread-safe.

    Args:
        name: of its lock, in the statistics.
        apply: changes the state as an end asks for; called with the lock held. It may call nothing of the user's.
    """

    __slots__ = ("_apply", "_lock", "_noted")

    def __init__(self, name: str, apply: Callable[[E], None]) -> None:
        self._apply = apply
        # Protects the state of whoever owns the ledger, for a few statements that await nothing and call no user code.
        # It does not cover noting.
        self._lock = named_lock(name)
        # THREADS: relies on `append` and `popleft` of a deque being atomic. There is at most one end per running
        # request in it, because every beginning empties it.
        self._noted: deque[E] = deque()

    def note(self, end: E) -> None:
        """Say that something has ended; never waits."""
        self._noted.append(end)

    def __enter__(self) -> None:
        """Hold the lock, with everything applied that was noted before."""
        self._lock.acquire()
        try:
            for _ in range(len(self._noted)):
                self._apply(self._noted.popleft())
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()

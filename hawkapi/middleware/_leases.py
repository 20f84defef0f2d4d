"""Leases of slots that a process holds: how many they are, and which of them are renewed, by a timer per event loop.

A lease is renewed for the task that said so (`LeaseRenewal.keep`), as long as that runs: a task that has ended, or died
with its loop, will not come to give its slot back. One whose holder is unknown ends after its time.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable, Coroutine
from typing import Any, final

from hawkapi._threading import named_lock

__all__ = ["Lease", "LeaseRenewal", "OwnLeases"]


@final
class Lease:
    """What a process knows of a lease of its own. Each field is set by one task at a time."""

    __slots__ = ("holder", "is_shared", "limit", "taken_at")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken_at = time.monotonic()
        self.is_shared = True
        """Whether Redis has it too, or may have it."""
        self.holder: asyncio.Task[Any] | None = None
        """Who it is renewed for."""

    @property
    def is_kept(self) -> bool:
        """Whether it is renewed."""
        holder = self.holder
        return holder is not None and not holder.done() and not holder.get_loop().is_closed()


@final
class OwnLeases:
    """The leases of this process. Thread-safe."""

    __slots__ = ("_lock", "_names", "_ttl_s")

    def __init__(self, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        # Protects counting and adding, for a few statements that call nothing of the user's. Removing does without, so
        # that the garbage collector may end a request anywhere: it only makes room.
        self._lock = named_lock("redis_leases")
        # THREADS: relies on `setdefault`, `get`, `pop` and `copy` of a dict being atomic. It grows with the names that
        # the program has given.
        self._names: dict[str, dict[str, Lease]] = {}

    def add(self, name: str, token: str, limit: int) -> Lease | None:
        """Add a lease; `None` if there are as many as there may be."""
        leases = self._names.get(name)
        if leases is None:
            leases = self._names.setdefault(name, {})
        lease = Lease(limit)
        with self._lock:
            for other, old in leases.copy().items():
                if lease.taken_at - old.taken_at >= self._ttl_s and not old.is_kept:
                    leases.pop(other, None)
            if len(leases) >= limit:
                return None
            leases[token] = lease
            return lease

    def get(self, name: str, token: str) -> Lease | None:
        """Return a lease, if it is still here."""
        return self._names.get(name, {}).get(token)

    def drop(self, name: str, token: str) -> bool | None:
        """Remove a lease; return whether Redis has it too, or `None` if it is not here."""
        lease = self._names.get(name, {}).pop(token, None)
        return None if lease is None else lease.is_shared

    def kept_in(self, loop: asyncio.AbstractEventLoop) -> dict[str, dict[str, Lease]]:
        """Return the leases that are renewed in an event loop, by name and token."""
        found: dict[str, dict[str, Lease]] = {}
        for name, leases in self._names.copy().items():
            for token, lease in leases.copy().items():
                if lease.is_kept and lease.holder is not None and lease.holder.get_loop() is loop:
                    found.setdefault(name, {})[token] = lease
        return found


@final
class LeaseRenewal:
    """Renews leases, in each event loop those of its own tasks, all of them together. Thread-safe.

    A loop has a timer from the first lease on until it finds none, and a task only while it asks: so nothing is left
    over when the loop ends, and a request that takes a lease and gives it back starts and cancels nothing.

    Args:
        own: the leases.
        every_s: seconds between two times.
        renew: renews leases of one name, given by token.
    """

    __slots__ = ("_every_s", "_own", "_renew", "_tasks")

    def __init__(
        self, own: OwnLeases, every_s: float, renew: Callable[[str, dict[str, Lease]], Coroutine[Any, Any, None]]
    ) -> None:
        self._own = own
        self._every_s = every_s
        self._renew = renew
        # THREADS: relies on single operations and `copy` of a dict being atomic. The entry of a loop, its task or
        # `None` while the timer runs, is changed by the thread that runs the loop; those of closed loops are removed by
        # whoever adds one.
        self._tasks: dict[asyncio.AbstractEventLoop, asyncio.Task[None] | None] = {}

    def keep(self, lease: Lease) -> None:
        """Renew a lease as long as the task that calls this runs; without a task it ends after its time."""
        holder = asyncio.current_task()
        if holder is None:
            return
        lease.holder = holder
        loop = holder.get_loop()
        if loop not in self._tasks:
            for other in self._tasks.copy():
                if other.is_closed():
                    self._tasks.pop(other, None)
            self._wait(loop)

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._tasks[loop] = None
        # In a context of its own: what it does belongs to no request, least of all to its trace.
        loop.call_later(self._every_s, self._begin, loop, context=contextvars.Context())

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        kept = self._own.kept_in(loop)
        if not kept:
            self._tasks.pop(loop, None)
            return
        task = self._tasks[loop] = loop.create_task(self._renew_all(kept))
        # Not within the task, which may be cancelled before it has begun.
        task.add_done_callback(lambda _: self._wait(loop))

    async def _renew_all(self, kept: dict[str, dict[str, Lease]]) -> None:
        for name, leases in kept.items():
            await self._renew(name, leases)

"""Snapshots: everything a request needs, as one immutable object, and each thread's own copy of it.

Registration builds a new snapshot under a lock and publishes it by one reference store. A request takes the newest
once and uses it to the end, so it sees either all or nothing of a change.

With the GIL every thread uses the published snapshot. Without it, threads that read the same objects contend for their
reference counts, so each thread keeps a replica and brings it up to date when a newer snapshot has been published; the
tables of a replica are as immutable as those of a snapshot, so a request that is still running keeps the one it took.
"""

from __future__ import annotations

import weakref
from typing import final

import hawkapi._threading as _threading
from hawkapi._threading import ThreadOwned, named_lock
from hawkapi.routing._tree import Table, copy_table, empty_table
from hawkapi.types import ASGIApp


@final
class Snapshot:
    """What requests need, of one generation. Never changed, but for the list of running requests."""

    __slots__ = ("chain", "generation", "running", "sockets", "table")

    def __init__(
        self, generation: int, table: Table, sockets: Table, chain: tuple[ASGIApp, ...], running: list[None]
    ) -> None:
        self.generation = generation
        """Counts publications, from 0."""
        self.table = table
        self.sockets = sockets
        """The routes of WebSockets."""
        self.chain = chain
        """The application's middleware, the outermost first, and last what it is around; empty where there is none."""
        self.running = running
        """One entry for each running request. THREADS: relies on `append` and `pop` of a list being atomic."""


@final
class Replica:
    """One thread's copy of a snapshot; all but `running` is written by that thread only."""

    __slots__ = ("__weakref__", "chain", "running", "sockets", "source", "table")

    def __init__(self, source: Snapshot) -> None:
        self.source = source
        self.table = copy_table(source.table, None)
        self.sockets = copy_table(source.sockets, None)
        self.chain = (*source.chain,)
        self.running: list[None] = []
        """One entry for each running request of this thread. THREADS: as in `Snapshot`; the finaliser of a request that
        was dropped may `pop` in another thread.

        PERF: `ShardedCounter.add` would look up the thread's shard twice a request; this list is at hand."""


@final
class Publication:
    """The newest snapshot, where every thread finds it.

    Thread-safe: `publish` is called by one thread at a time, with the registration lock held; the rest by any.
    """

    def __init__(self, table: Table, chain: tuple[ASGIApp, ...] = (), sockets: Table | None = None) -> None:
        # THREADS: relied on to be atomic is one store and one load of this attribute, on both builds.
        self._newest = Snapshot(0, table, empty_table() if sockets is None else sockets, chain, [])
        self._owned = ThreadOwned(self._new_replica) if _threading.FREE_THREADED else None
        # Protects that no replica is lost to another one, when threads serve their first request at the same time. Who
        # counts running requests loads the tuple once, without the lock, as the garbage collector may have a finaliser
        # do so under it. It does not cover the replicas themselves, which belong to their threads.
        self._guard = named_lock("replicas")
        self._replicas: tuple[weakref.ref[Replica], ...] = ()

    @property
    def generation(self) -> int:
        """How often something was published."""
        return self._newest.generation

    @property
    def shared(self) -> Snapshot | None:
        """The newest snapshot, where threads share it; `None` where each has its own."""
        return self._newest if self._owned is None else None

    @property
    def running_requests(self) -> int:
        """How many requests are being answered now, in all threads."""
        replicas = [replica for reference in self._replicas if (replica := reference()) is not None]
        return len(self._newest.running) + sum(len(replica.running) for replica in replicas)

    @property
    def running_here(self) -> int | None:
        """How many requests this thread is answering now; `None` where threads share one count."""
        return None if self._owned is None else len(self.view().running)

    def publish(self, table: Table, chain: tuple[ASGIApp, ...] = (), sockets: Table | None = None) -> None:
        """Make tables and a chain of middleware visible to every request that begins from now on.

        The table of WebSockets stays as it is where none is given.
        """
        newest = self._newest
        self._newest = Snapshot(
            newest.generation + 1, table, newest.sockets if sockets is None else sockets, chain, newest.running
        )

    def view(self) -> Snapshot | Replica:
        """Return the newest snapshot, as this thread's own where threads have their own."""
        newest = self._newest
        if self._owned is None:
            return newest
        replica: Replica = self._owned.get()
        if replica.source is not newest:
            replica.table = copy_table(newest.table, replica.table)
            replica.sockets = copy_table(newest.sockets, replica.sockets)
            replica.chain = (*newest.chain,)
            replica.source = newest
        return replica

    def _new_replica(self) -> Replica:
        replica = Replica(self._newest)
        with self._guard:
            living = [reference for reference in self._replicas if reference() is not None]
            self._replicas = (*living, weakref.ref(replica))
        return replica

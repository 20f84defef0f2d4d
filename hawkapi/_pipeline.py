"""Snapshots: everything a request needs, as one immutable object, and each thread's own copy of it.

Registration builds a new snapshot under a lock and publishes it by one reference store. A request takes the newest
once and uses it to the end, so it sees either all or nothing of a change.

With the GIL every thread uses the published snapshot. Without it, threads that read the same objects contend for their
reference counts, so each thread keeps a replica and brings it up to date when a newer snapshot has been published; the
tables of a replica are as immutable as those of a snapshot, so a request that is still running keeps the one it took.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import hawkapi._threading as _threading
from hawkapi._threading import ThreadOwned
from hawkapi.routing._tree import Table, copy_table


@final
@dataclass(frozen=True, slots=True)
class Snapshot:
    """What requests need, of one generation."""

    generation: int
    """Counts publications, from 0."""
    table: Table


@final
class Replica:
    """One thread's copy of a snapshot. Written and read by that thread only."""

    __slots__ = ("source", "table")

    def __init__(self) -> None:
        self.source: Snapshot | None = None
        self.table: Table | None = None


@final
class Publication:
    """The newest snapshot, where every thread finds it.

    Thread-safe: `publish` is called by one thread at a time, with the registration lock held; `table` by any.
    """

    def __init__(self, table: Table) -> None:
        # THREADS: relied on to be atomic is one store and one load of this attribute, on both builds.
        self._newest = Snapshot(0, table)
        self._replicas = ThreadOwned(Replica) if _threading.FREE_THREADED else None

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return self._newest

    def publish(self, table: Table) -> None:
        """Make a table visible to every request that begins from now on."""
        self._newest = Snapshot(self._newest.generation + 1, table)

    def table(self) -> Table:
        """Return the newest table, as this thread's own where threads have their own."""
        snapshot = self._newest
        if self._replicas is None:
            return snapshot.table
        replica = self._replicas.get()
        if replica.source is not snapshot or replica.table is None:
            replica.table = copy_table(snapshot.table, replica.table)
            replica.source = snapshot
        return replica.table

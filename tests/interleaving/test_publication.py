"""Publication and replicas, by every schedule: all of a change or nothing of it, and never an older one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

import pytest
from stepping.doubles import Unlocked
from stepping.explorer import Model
from stepping.findings import Interleavings
from stepping.machine import Machine
from stepping.points import Traced

from hawkapi import _cross_loop, _once, _snapshot, _threading
from hawkapi._snapshot import Publication, Replica, Snapshot
from hawkapi._threading import ThreadOwned
from hawkapi.routing._tree import Table, copy_table, empty_table
from hawkapi.types import ASGIApp, Receive, Scope, Send


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand for any middleware."""


@contextmanager
def built_as(*, free_threaded: bool) -> Iterator[None]:
    """Let what is made here behave as on such a build."""
    before = _threading.FREE_THREADED
    _threading.FREE_THREADED = free_threaded
    try:
        yield
    finally:
        _threading.FREE_THREADED = before


class Replicas(Model):
    """Each request sees one whole generation: none older than what its thread saw, or was published before it began."""

    title = "publication, replicas"
    bound = 3
    traced: ClassVar[Sequence[Traced]] = (_snapshot, _threading)
    free_threaded = True

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        # The number of a generation is the length of its chain.
        self.tables = [empty_table() for _ in range(3)]
        self.published = 0
        with built_as(free_threaded=self.free_threaded):
            self.publication = Publication(self.tables[0], self.chain(0), self.tables[0])

    def chain(self, generation: int) -> tuple[ASGIApp, ...]:
        """Return the middleware of a generation."""
        return (application,) * generation

    def threads(self) -> Sequence[Callable[[], object]]:
        """Publish twice; serve twice."""
        return (self.publish_all, self.serve_twice)

    def publish_all(self) -> None:
        """Publish what there is."""
        for generation in (1, 2):
            self.publish(generation)
            self.published = generation

    def publish(self, generation: int) -> None:
        """Publish one generation."""
        self.publication.publish(self.tables[generation], self.chain(generation), self.tables[generation])

    def serve_twice(self) -> None:
        """Answer two requests, one after the other."""
        first = self.serve()
        assert first <= self.serve()

    def serve(self) -> int:
        """Answer a request; return its generation."""
        least = self.published
        view = self.view()
        view.running.append(None)
        generation = len(view.chain)
        seen = [self.tables.index(original(table)) for table in (view.table, view.sockets)]
        assert seen == [generation, generation], f"the chain is of generation {generation}, the tables are of {seen}"
        assert least <= generation
        view.running.pop()
        return generation

    def view(self) -> Snapshot | Replica:
        """Return what a request uses."""
        return self.publication.view()

    def check(self) -> None:
        """The last is the newest, and nothing runs."""
        assert (self.publication.generation, self.publication.running_requests) == (2, 0)


def original(table: Table) -> Table:
    """Return the table that was published as this one."""
    return table if table.source is None else table.source


class Shared(Replicas):
    """The same with the GIL, and with two threads that serve."""

    title = "publication, shared"
    free_threaded = False

    def threads(self) -> Sequence[Callable[[], object]]:
        """Publish twice; serve twice; serve twice."""
        return (*super().threads(), self.serve_twice)


class Counted(Model):
    """Two threads serve for the first time while running requests are counted: none is missed."""

    title = "publication, running requests"
    traced = (_snapshot, _threading)
    bound = 1

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        with built_as(free_threaded=True):
            self.publication = Publication(empty_table())
        self.begun = 0
        self.counts: list[int] = []

    def threads(self) -> Sequence[Callable[[], object]]:
        """Begin; begin; count."""
        return (self.begin, self.begin, self.count)

    def begin(self) -> None:
        """Begin a request, which goes on until all have counted."""
        self.publication.view().running.append(None)
        self.begun += 1
        self.machine.wait_until(lambda: self.begun == 2)
        self.counts.append(self.publication.running_requests)
        self.machine.wait_until(lambda: len(self.counts) == 3)

    def count(self) -> None:
        """Count what runs meanwhile."""
        least = self.begun
        running = self.publication.running_requests
        assert least <= running <= 2
        self.counts.append(2)

    def check(self) -> None:
        """Both were counted, and a replica goes with its thread."""
        assert (self.counts, self.publication.running_requests) == ([2, 2, 2], 0)


class WithoutOneStore(Shared):
    """The newest snapshot is changed instead of replaced."""

    title = "publication without one store of a new snapshot"

    def publish(self, generation: int) -> None:
        """Change it, part by part."""
        newest = self.publication._newest
        newest.table = newest.sockets = self.tables[generation]
        self.machine.pause()
        newest.chain = self.chain(generation)
        newest.generation = generation


class WithoutOneLoad(Replicas):
    """A replica is brought up to date from what is the newest at each step."""

    title = "publication without one load of the snapshot"

    def view(self) -> Replica:
        """Load it again and again."""
        owned = self.publication._owned
        assert owned is not None
        replica = owned.get()
        replica.table = copy_table(self.publication._newest.table, replica.table)
        replica.sockets = copy_table(self.publication._newest.sockets, replica.sockets)
        replica.chain = (*self.publication._newest.chain,)
        replica.source = self.publication._newest
        return replica


WithoutOneLoad.traced = (_snapshot, _threading, WithoutOneLoad)


class WithoutOwners(Replicas):
    """Threads bring the same replica up to date."""

    title = "publication without a replica for each thread"
    traced = (_snapshot, _threading, _once, _cross_loop)

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        replica = Replica(self.publication._newest)
        with built_as(free_threaded=False):
            self.publication._owned = ThreadOwned(lambda: replica)

    def threads(self) -> Sequence[Callable[[], object]]:
        """Publish twice; serve; serve."""
        return (self.publish_all, self.serve, self.serve)


class WithoutGuard(Counted):
    """Nothing keeps two threads apart that serve for the first time."""

    title = "publication without `_guard`"

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        vars(self.publication)["_guard"] = Unlocked()


@pytest.mark.parametrize("model", [Replicas, Shared, Counted])
def test_requests_see_whole_generations_by_every_schedule(model: type[Model], interleavings: Interleavings) -> None:
    """None is torn, none is older than it may be, and none that runs is missed."""
    interleavings.hold(model)


@pytest.mark.parametrize("model", [WithoutOneStore, WithoutOneLoad, WithoutOwners, WithoutGuard])
def test_explorer_notices_a_missing_guard(model: type[Model], interleavings: Interleavings) -> None:
    """Each of them is needed."""
    interleavings.break_down(model)

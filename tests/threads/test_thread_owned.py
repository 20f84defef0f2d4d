"""`ThreadOwned`: a replica per thread without the GIL, one shared object with it."""

from __future__ import annotations

import threading
import weakref

import pytest
from loops import run_in_threads

from hawkapi import _threading
from hawkapi._threading import ShardedCounter, ThreadOwned

THREADS = 4


class Replica:
    """Something that can be watched."""


@pytest.fixture(params=[True, False], ids=["free-threaded", "GIL"])
def free_threaded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Choose the form; either works on either build, though only one is meant for it."""
    monkeypatch.setattr(_threading, "FREE_THREADED", request.param)
    return bool(request.param)


@pytest.mark.race
def test_threads_get_their_own_object_or_share_one(free_threaded: bool) -> None:
    """Each thread always sees the same object; whether threads see the same one depends on the build."""
    built = ShardedCounter()

    def build() -> Replica:
        built.add()
        return Replica()

    owned = ThreadOwned(build)
    together = threading.Barrier(THREADS)

    def run(index: int) -> Replica:
        replica = owned.get()
        together.wait(30)
        assert owned.get() is replica
        assert owned.owners == (THREADS if free_threaded else 1)
        together.wait(30)
        return replica

    replicas = run_in_threads(THREADS, run)
    assert len(set(replicas)) == built.value == (THREADS if free_threaded else 1)


def test_nothing_is_built_before_the_first_use(free_threaded: bool) -> None:
    """Constructing one costs nothing and owns nothing."""
    owned = ThreadOwned(lambda: pytest.fail("built too early"))
    assert owned.owners == 0


def test_replica_is_freed_when_its_thread_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the objects of living threads exist."""
    monkeypatch.setattr(_threading, "FREE_THREADED", True)
    owned = ThreadOwned(Replica)
    mine = owned.get()
    (theirs,) = run_in_threads(1, lambda _: weakref.ref(owned.get()))
    assert theirs() is None
    assert owned.owners == 1
    assert owned.get() is mine


@pytest.mark.race
def test_owners_are_counted_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads begin and end at one moment, those that live are counted."""
    monkeypatch.setattr(_threading, "FREE_THREADED", True)
    owned = ThreadOwned(Replica)

    def run(_: int) -> int:
        for _ in range(30):
            thread = threading.Thread(target=owned.get)
            thread.start()
            thread.join()
        return 30

    assert run_in_threads(THREADS, run) == [30] * THREADS
    assert owned.owners == 0
    owned.get()
    assert owned.owners == 1


def test_replicas_are_freed_with_their_owner(free_threaded: bool) -> None:
    """A thread that lives on does not keep what belongs to an application that is gone."""
    owned = ThreadOwned(Replica)
    trace = weakref.ref(owned.get())
    assert trace() is not None
    del owned
    assert trace() is None


def test_failed_build_is_tried_again(free_threaded: bool) -> None:
    """The error reaches the caller; the next caller gets an object."""
    attempts = iter([ZeroDivisionError(), None])

    def build() -> Replica:
        error = next(attempts)
        if error is not None:
            raise error
        return Replica()

    owned = ThreadOwned(build)
    with pytest.raises(ZeroDivisionError):
        owned.get()
    assert owned.owners == 0
    assert isinstance(owned.get(), Replica)
    assert owned.owners == 1


def test_build_that_asks_for_its_own_result_is_an_error(free_threaded: bool) -> None:
    """It raises instead of waiting for itself."""

    def build() -> Replica:
        return owned.get()

    owned = ThreadOwned(build)
    with pytest.raises(RuntimeError):
        owned.get()

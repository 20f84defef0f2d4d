"""Named locks: those of `threading`, unless they were asked to count; then a report has every acquisition and wait."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from asgi import request
from loops import run_in_threads
from subprocesses import output_of

from hawkapi import HawkAPI, _lock_statistics, _threading
from hawkapi._cross_loop import AsyncLock, AsyncSemaphore
from hawkapi._lock_statistics import CountingLock, LockState, LockStatistics, Tally, Waits

COUNTED = """
import asyncio, json
from hawkapi import HawkAPI

app = HawkAPI(debug=True)

async def ask():
    sent = []
    scope = {"type": "http", "method": "GET", "path": "/_threads", "headers": []}
    async def receive():
        return {"type": "http.request", "body": b""}
    async def send(message):
        sent.append(message)
    await app(scope, receive, send)
    print(sent[1]["body"].decode())

asyncio.run(ask())
"""


def locks() -> list[tuple[str, Callable[[], threading.Lock | threading.RLock]]]:
    return [("lock", threading.Lock), ("rlock", threading.RLock)]


def counting(make: Callable[[], threading.Lock | threading.RLock]) -> tuple[CountingLock, LockStatistics]:
    """Return a lock that counts, and where."""
    statistics = LockStatistics()
    return CountingLock(make(), statistics.open("table")), statistics


@pytest.mark.parametrize(("name", "make"), locks(), ids=["lock", "rlock"])
def test_lock_that_does_not_count(
    monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[], threading.Lock | threading.RLock]
) -> None:
    """It is the lock of `threading` itself, so it costs what that costs."""
    monkeypatch.setattr(_threading, "LOCK_STATISTICS", False)
    assert type(getattr(_threading, f"named_{name}")("table")) is type(make())


@pytest.mark.parametrize("name", ["lock", "rlock"])
def test_lock_that_counts(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It counts under its name."""
    monkeypatch.setattr(_threading, "LOCK_STATISTICS", True)
    monkeypatch.setattr(_lock_statistics, "STATISTICS", statistics := LockStatistics())
    lock = getattr(_threading, f"named_{name}")("table")
    with lock as entered:
        assert entered is True
    assert statistics.report() == [LockState("table", 1, 1, 0, 0.0, 0.0)]


@pytest.mark.parametrize(("name", "make"), locks(), ids=["lock", "rlock"])
def test_acquisitions(name: str, make: Callable[[], threading.Lock | threading.RLock]) -> None:
    """What is taken is counted, in whatever way; what is not taken is not."""
    lock, statistics = counting(make)
    with lock:
        assert run_in_threads(1, lambda _: (lock.acquire(blocking=False), lock.acquire(timeout=0.001))) == [
            (False, False)
        ]
    assert lock.acquire()
    lock.release()
    (state,) = statistics.report()
    assert (state.acquisitions, state.contended, state.waited_us) == (2, 0, 0.0)


def test_release_of_a_free_lock() -> None:
    """It is the error that it is without counting."""
    lock, _ = counting(threading.Lock)
    with pytest.raises(RuntimeError, match="release unlocked lock"):
        lock.release()


def test_reentrant_lock() -> None:
    """A thread that has it gets it again, and others wait until it is released as often."""
    lock, statistics = counting(threading.RLock)
    with lock, lock:
        assert run_in_threads(1, lambda _: lock.acquire(blocking=False)) == [False]
    assert run_in_threads(1, lambda _: lock.acquire(blocking=False)) == [True]
    assert statistics.report()[0].acquisitions == 3


def test_wait_is_counted() -> None:
    """Who finds the lock taken is counted as contended, with the time until it was free."""
    lock, statistics = counting(threading.Lock)
    waits = threading.Event()

    class Slow:
        """A lock that says when somebody waits for it."""

        def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
            if blocking:
                waits.set()
            return inner.acquire(blocking, timeout)

        def release(self) -> None:
            inner.release()

    inner = threading.Lock()
    slow: Any = Slow()
    lock = CountingLock(slow, statistics.open("slow"))

    def run(index: int) -> None:
        if index == 0:
            with lock:
                begun.set()
                assert waits.wait(10)
        else:
            assert begun.wait(10)
            with lock:
                pass

    begun = threading.Event()
    run_in_threads(2, run)
    (state,) = [row for row in statistics.report() if row.name == "slow"]
    assert (state.acquisitions, state.contended) == (2, 1)
    assert state.waited_us == state.longest_wait_us > 0


@pytest.mark.race
@pytest.mark.parametrize(("name", "make"), locks(), ids=["lock", "rlock"])
def test_counts_are_exact_when_threads_contend(name: str, make: Callable[[], threading.Lock | threading.RLock]) -> None:
    """No acquisition is lost while eight threads want the lock and others read the report."""
    lock, statistics = counting(make)
    rounds, inside = 2000, 0

    def run(index: int) -> None:
        nonlocal inside
        for number in range(rounds):
            with lock:
                inside += 1
            if number % 200 == 0:
                statistics.report()

    run_in_threads(8, run)
    (state,) = statistics.report()
    assert (state.acquisitions, inside) == (8 * rounds, 8 * rounds)
    assert state.longest_wait_us <= state.waited_us
    assert state.contended <= state.acquisitions


@pytest.mark.race
def test_locks_that_are_gone_still_count() -> None:
    """Generations of locks leave one row, whoever makes them in how many threads at once; no count is lost."""
    statistics = LockStatistics()

    def run(index: int) -> None:
        for number in range(200):
            with CountingLock(threading.Lock(), statistics.open(f"name {number % 2}")):
                pass

    run_in_threads(4, run)
    gc.collect()
    assert statistics.report() == [LockState(f"name {index}", 0, 400, 0, 0.0, 0.0) for index in range(2)]
    assert not list(statistics._tallies)


@pytest.mark.race
def test_primitives_of_many_threads_are_all_watched() -> None:
    """None is lost, while others are forgotten because they are gone."""
    statistics = LockStatistics()

    def run(_: int) -> list[AsyncSemaphore]:
        kept = []
        for _ in range(100):
            kept.append(AsyncSemaphore(1))
            statistics.watch("kept", kept[-1])
            statistics.watch("dropped", AsyncSemaphore(1))
        return kept

    kept = run_in_threads(4, run)
    gc.collect()
    assert statistics.waits() == [Waits("kept", sum(map(len, kept)), 0)]


def test_rows_are_sums() -> None:
    """Locks of one name have one row, whose longest wait is that of the worst of them."""
    statistics = LockStatistics()
    for longest_ns in (3000, 7000):
        tally = statistics.open("table")
        tally.acquisitions, tally.contended, tally.waited_ns, tally.longest_ns = 5, 2, longest_ns + 1000, longest_ns
    assert statistics.report() == [LockState("table", 2, 10, 4, 12.0, 7.0)]


def test_tally_of_a_lock_that_is_gone_is_folded_while_somebody_reads() -> None:
    """Who makes a lock does not wait for a reader of the report."""
    statistics = LockStatistics()
    with statistics._guard:
        assert isinstance(statistics.open("table"), Tally)
    assert statistics.report()[0].locks == 1


def test_waiting_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks that wait for a watched primitive are counted, in every loop, as long as there is one."""
    monkeypatch.setattr(_threading, "LOCK_STATISTICS", True)
    monkeypatch.setattr(_lock_statistics, "STATISTICS", statistics := LockStatistics())
    semaphore = _threading.watched("slots", AsyncSemaphore(1))
    lock = _threading.watched("keys", AsyncLock())

    async def main(slots: AsyncSemaphore) -> list[Waits]:
        async with slots:
            waiting = asyncio.create_task(slots.acquire())
            while not slots.waiting:  # noqa: ASYNC110 - the task says nothing when it queues
                await asyncio.sleep(0)
            found = statistics.waits()
        await waiting
        return found

    assert asyncio.run(main(semaphore)) == [Waits("keys", 1, 0), Waits("slots", 1, 1)]
    assert (semaphore.waiting, lock.waiting) == (0, 0)
    del semaphore, lock
    gc.collect()
    assert statistics.waits() == []


def test_report_of_an_application_that_does_not_count() -> None:
    """`/_threads` says that it does not."""
    report = request(HawkAPI(debug=True), "GET", "/_threads").json()
    assert (report["locks"], report["waiting"]) == (None, None)


def test_report_of_an_application_that_counts() -> None:
    """`/_threads` has a row for each name of the locks that the application has."""
    rows = {row["name"]: row for row in json.loads(output_of(COUNTED, HAWKAPI_LOCK_STATISTICS="1"))["locks"]}
    assert {"container", "documents", "lifespan", "registration", "replicas"} <= set(rows)
    assert list(rows["registration"]) == [
        "name",
        "locks",
        "acquisitions",
        "contended",
        "waited_us",
        "longest_wait_us",
    ]
    assert rows["registration"]["locks"] == 2  # The application and its webhooks are routers.

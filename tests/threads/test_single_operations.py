"""Objects without a lock, which rely on operations that CPython makes atomic: threads meet where one could be lost."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from loops import meet, run_in_threads

import hawkapi._threading
from hawkapi import HawkAPI, codec
from hawkapi._threading import AsyncSemaphore, ThreadOwned
from hawkapi.di import Container
from hawkapi.di._active import ActiveOverride
from hawkapi.di._making import Period
from hawkapi.graphql import handler as graphql
from hawkapi.middleware._leases import Lease, LeaseRenewal, OwnLeases
from hawkapi.middleware._outage import Outage
from hawkapi.middleware._redis import RedisLink, Target
from hawkapi.middleware.bulkhead import LocalBulkheadBackend
from hawkapi.middleware.prometheus import Ended, PrometheusMiddleware
from hawkapi.observability.health import ReadinessCheck, Run
from hawkapi.observability.metrics import InMemoryMetrics
from hawkapi.requests import request
from hawkapi.testing import Call, TestClient, TestResponse
from hawkapi.testing.hammer import SameAnswers
from hawkapi.websocket import connection

pytestmark = pytest.mark.race

THREADS = 8
ROUNDS = 100


class Service:
    """What is provided."""


def test_function_that_many_need_first_has_one_provider() -> None:
    """All threads get the same."""
    view = Container().engine.view

    def finding(number: int) -> Callable[[int], object]:
        def function() -> int:
            return number

        return lambda _: view.find(function)

    assert [len(set(found)) for found in meet(THREADS, [finding(number) for number in range(ROUNDS)])] == [1] * ROUNDS


def test_override_that_many_need_first_has_one_keeper() -> None:
    """Singletons that are made from an override are kept in one place."""
    period, engine = Period(), Container().engine
    overrides = [ActiveOverride(engine, {}, {}) for _ in range(ROUNDS)]

    def asking(override: ActiveOverride) -> Callable[[int], object]:
        return lambda _: period.keeper(override)

    assert [len(set(found)) for found in meet(THREADS, [asking(each) for each in overrides])] == [1] * ROUNDS


def test_slots_of_a_closed_loop_are_taken_back_once() -> None:
    """However many find a bulkhead full that a dead loop has filled, as many get in as it admits."""
    backend = LocalBulkheadBackend()

    async def take(name: str, count: int) -> int:
        return sum([await backend.acquire(name, 3, 0) is not None for _ in range(count)])

    def taking(number: int) -> Callable[[int], int]:
        asyncio.run(take(f"name {number}", 3))
        return lambda index: loops[index].run_until_complete(take(f"name {number}", 1))

    loops = [asyncio.new_event_loop() for _ in range(THREADS)]
    try:
        taken = meet(THREADS, [taking(number) for number in range(ROUNDS)])
    finally:
        for loop in loops:
            loop.close()
    assert [sum(each) for each in taken] == [3] * ROUNDS


METRICS = """
import threading
from hawkapi.middleware._bulkhead_metrics import BulkheadMetrics
from prometheus_client import REGISTRY

barrier, errors = threading.Barrier(8), []

def make(number):
    barrier.wait(30)
    try:
        BulkheadMetrics(f"name {number}", number)
    except Exception as exc:
        errors.append(exc)

threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(errors, [REGISTRY.get_sample_value("hawkapi_bulkhead_capacity", {"name": f"name {n}"}) for n in range(8)])
"""


def test_metrics_of_bulkheads_are_made_once() -> None:
    """Of many bulkheads that are made at one moment, one registers the names, which the registry takes once."""
    pytest.importorskip("prometheus_client", reason="it is optional")
    ran = subprocess.run([sys.executable, "-c", METRICS], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.stdout.strip(), ran.stderr) == (f"[] {[float(number) for number in range(8)]}", "")


class Client:
    """Stands for a client of Redis."""

    async def aclose(self) -> None:
        """Close nothing."""


def per_loop() -> Callable[[], object]:
    """Return what makes a loop's own instance in a container."""
    container = Container()
    container.per_loop(Service, factory=Service)
    return lambda: container.resolve(Service)


def renewal() -> Callable[[], object]:
    """Return what begins a loop's renewals of leases."""

    async def renew(name: str, leases: dict[str, Lease]) -> None: ...

    renewing = LeaseRenewal(OwnLeases(60), 60, renew)
    return lambda: renewing.keep(Lease(1))


def redis_client() -> Callable[[], object]:
    """Return what makes a loop's client of Redis."""
    link = RedisLink(Target("a stub", Client), Outage("Redis", logging.getLogger("nobody"), "it goes on"), 1, 1)
    return link._client


@pytest.mark.parametrize("begin", [per_loop, renewal, redis_client], ids=["per_loop", "leases", "redis"])
def test_loops_that_come_and_go(begin: Callable[[], Callable[[], Any]]) -> None:
    """Each loop gets its own while those of closed loops are forgotten by others."""
    use = begin()

    async def main() -> None:
        used = use()
        if asyncio.iscoroutine(used):
            await used

    def work(_: int) -> int:
        for _ in range(30):
            loop = asyncio.new_event_loop()
            try:
                loop.run_until_complete(main())
            finally:
                loop.close()
        return 30

    assert run_in_threads(THREADS, work) == [30] * THREADS


def test_requests_that_were_destroyed_are_counted_once() -> None:
    """However many come next."""
    pytest.importorskip("prometheus_client", reason="it is optional")
    middleware = PrometheusMiddleware(HawkAPI())
    counted = middleware._collectors.requests.labels("GET", "/", "500")

    def counting(_: int) -> None:
        middleware._count_destroyed()

    for _ in range(20):
        middleware._destroyed.extend(deque([Ended("GET", "/", 500, 0.1)] * 50))
        meet(THREADS, [counting])
    assert counted._value.get() == 20 * 50
    assert not middleware._destroyed


def test_errors_are_counted_exactly() -> None:
    """Requests that failed are counted apart, also when all threads have nothing else."""
    metrics = InMemoryMetrics()

    def record(_: int) -> None:
        for _ in range(3_000):
            metrics.record_request("GET", "/", 500, 0.25)

    run_in_threads(THREADS, record)
    assert (metrics.error_count, metrics.request_count) == (THREADS * 3_000, THREADS * 3_000)


def test_durations_are_all_kept_until_there_are_too_many() -> None:
    """None is lost to another thread's."""
    metrics = InMemoryMetrics()

    def record(_: int) -> None:
        for _ in range(200):
            metrics.record_request("GET", "/", 200, 0.25)

    run_in_threads(THREADS, record)
    assert len(metrics._durations) == THREADS * 200


def test_runs_of_a_check_are_noted_and_forgotten() -> None:
    """Each worker thread has its own run in the list while the check runs, and nobody's after that."""
    seen: list[int] = []

    def answer() -> bool:
        seen.append(len(check._runs))
        return True

    check = ReadinessCheck("check", answer, 1)
    run_in_threads(THREADS, lambda _: [check._run_in_thread(Run()) for _ in range(200)])
    assert len(seen) == THREADS * 200
    assert {1 <= number <= THREADS for number in seen} == {True}
    assert check._runs == []


@pytest.mark.skipif(not hawkapi._threading.FREE_THREADED, reason="with the GIL threads share one")
@pytest.mark.parametrize(
    "owned",
    [request._json_decoders, connection._json_decoders, graphql._decoders, codec._encoders],
    ids=["requests", "websockets", "graphql", "answers"],
)
def test_threads_read_and_write_json_with_their_own(owned: ThreadOwned[object]) -> None:
    """A thread keeps its decoder, and no two have the same: what requests touch is not shared."""
    used = run_in_threads(THREADS, lambda _: (owned.get(), owned.get()))
    assert [first is second for first, second in used] == [True] * THREADS
    assert len({id(first) for first, _ in used}) == THREADS


def test_permits_are_given_back_as_often_as_they_were_taken() -> None:
    """Of eight that release three permits, three succeed, and three can be taken again."""

    def releasing(semaphore: AsyncSemaphore) -> Callable[[int], bool]:
        def release(_: int) -> bool:
            try:
                semaphore.release()
            except ValueError:
                return False
            return True

        return release

    semaphores = [AsyncSemaphore(3) for _ in range(ROUNDS)]
    assert all(semaphore.try_acquire() for semaphore in semaphores * 3)
    released = meet(THREADS, [releasing(semaphore) for semaphore in semaphores])
    assert [sum(each) for each in released] == [3] * ROUNDS
    assert [sum(each.try_acquire() for _ in range(5)) for each in semaphores] == [3] * ROUNDS


def test_answers_are_all_compared_to_one() -> None:
    """Of eight answers that all differ, seven are another one than the first."""
    app = HawkAPI()

    @app.get("/{number}")
    async def answer(number: int) -> int:
        return number

    call = Call.to("GET", "/0")
    with TestClient(app) as client:
        answers = [client.get(f"/{index}") for index in range(THREADS)]

    def comparing(same: SameAnswers) -> Callable[[int], bool]:
        return lambda index: agrees(same, call, answers[index])

    agreed = meet(THREADS, [comparing(SameAnswers()) for _ in range(ROUNDS)])
    assert [sum(each) for each in agreed] == [1] * ROUNDS


def agrees(same: SameAnswers, call: Call, response: TestResponse) -> bool:
    """Return whether an answer is what the first one was."""
    try:
        same(call, response)
    except AssertionError:
        return False
    return True

"""Middleware that counts, under eight threads with a loop each: exact, and nothing is lost or made."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from typing import Any

import pytest
from asgi import call
from clocks import Clock
from loops import run_in_loops

from hawkapi import HawkAPI, Response
from hawkapi._threading import AsyncEvent
from hawkapi.middleware import (
    AdaptiveConcurrencyMiddleware,
    Bulkhead,
    CircuitBreakerMiddleware,
    DebugMiddleware,
    RateLimitMiddleware,
)
from hawkapi.middleware.bulkhead import LocalBulkheadBackend

THREADS = 8
REQUESTS = 150


class Gauge:
    """Counts who is inside, and the most that were."""

    def __init__(self) -> None:
        # Protects both numbers; it covers nothing else.
        self._lock = threading.Lock()
        self.inside = self.most = 0

    def __enter__(self) -> None:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *exc_info: object) -> None:
        with self._lock:
            self.inside -= 1


async def statuses(app: Any, count: int, path: str = "/") -> Counter[int]:
    """Send requests one after the other, and count the statuses of the answers."""
    return Counter([(await call(app, "GET", path)).status for _ in range(count)])


@pytest.mark.race
@pytest.mark.parametrize("burst", [1, 97, 500])
def test_rate_limit_admits_exactly_its_burst(burst: int) -> None:
    """Of more requests than there are tokens, at one moment in all threads, as many pass as there are tokens."""
    app = HawkAPI()

    @app.get("/")
    async def handler() -> None:
        """Answer."""

    app.add_middleware(RateLimitMiddleware, requests_per_second=1, burst=burst, clock=Clock())
    counts = run_in_loops(THREADS, lambda _: statuses(app, REQUESTS))
    total = sum(counts, Counter[int]())
    assert total == {204: burst, 429: THREADS * REQUESTS - burst}


@pytest.mark.race
@pytest.mark.parametrize("most", [1, 5])
def test_half_open_admits_exactly_its_calls(most: int) -> None:
    """While the requests that try are on their way, nobody else gets through, in no thread."""
    clock, gate = Clock(), AsyncEvent()
    gate.set()
    reached: list[int] = []
    outcome = 500

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        reached.append(1)
        await gate.wait()
        await Response(b"", status_code=outcome)(scope, receive, send)

    app = CircuitBreakerMiddleware(inner, failure_threshold=3, half_open_max_calls=most, clock=clock)
    assert asyncio.run(statuses(app, 10)) == {500: 3, 503: 7}
    refused = [0]
    for moment in (30, 60):
        clock.now = moment
        reached.clear()
        gate.clear()
        # Protects the count of refusals, by which the last one lets those through who are inside.
        lock = threading.Lock()
        refused[0] = 0

        async def main(_: int, lock: threading.Lock = lock) -> Counter[int]:
            async def one() -> int:
                status = (await call(app, "GET", "/")).status
                if status == 503:
                    with lock:
                        refused[0] += 1
                        if refused[0] == THREADS * 10 - most:
                            gate.set()
                return status

            return Counter(await asyncio.gather(*(one() for _ in range(10))))

        total = sum(run_in_loops(THREADS, main), Counter[int]())
        assert (len(reached), total) == (most, {outcome: most, 503: THREADS * 10 - most})
        outcome = 200
    assert asyncio.run(statuses(app, 3)) == {200: 3}


@pytest.mark.race
@pytest.mark.parametrize("most", [1, 3])
def test_half_open_circuit_is_never_stuck(most: int) -> None:
    """Requests that try and are cancelled, fail or send nothing give their place back; no more are inside at a time."""
    clock, gauge = Clock(), Gauge()
    is_well = False

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        with gauge:
            await asyncio.sleep(0)
            if scope["query_string"] == b"fail" and not is_well:
                raise ZeroDivisionError
            if scope["query_string"] == b"nothing":
                return
            await Response(b"", status_code=200 if is_well else 500)(scope, receive, send)

    app = CircuitBreakerMiddleware(inner, failure_threshold=1, half_open_max_calls=most, clock=clock)
    assert asyncio.run(statuses(app, 2)) == {500: 1, 503: 1}

    async def main(index: int) -> None:
        source = random.Random(index)  # noqa: S311 - the same order each time
        paths = [source.choice(["/", "/?fail", "/?nothing"]) for _ in range(40)]
        tasks = [asyncio.create_task(call(app, "GET", path)) for path in paths]
        for task in source.sample(tasks, 20):
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    for _ in range(10):
        clock.now += 30
        gauge.most = 0
        run_in_loops(THREADS, main)
        assert 1 <= gauge.most <= most
    is_well = True
    clock.now += 30
    assert asyncio.run(statuses(app, 3)) == {200: 3}


@pytest.mark.race
def test_adaptive_limit_is_never_exceeded() -> None:
    """Requests that are in flight in all threads together are at most the limit, and every slot comes back."""
    gauge = Gauge()

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        with gauge:
            await asyncio.sleep(0)
        if scope["query_string"]:
            raise ZeroDivisionError
        await Response(b"", status_code=200)(scope, receive, send)

    app = AdaptiveConcurrencyMiddleware(inner, initial_limit=5, min_limit=5, max_limit=5)

    async def main(index: int) -> int:
        source = random.Random(index)  # noqa: S311 - the same order each time
        paths = [source.choice(["/", "/?fail"]) for _ in range(REQUESTS)]
        tasks = [asyncio.create_task(call(app, "GET", path)) for path in paths]
        for task in source.sample(tasks, 20):
            await asyncio.sleep(0)
            task.cancel()
        replies = await asyncio.gather(*tasks, return_exceptions=True)
        return sum(not isinstance(reply, BaseException) and reply.status == 200 for reply in replies)

    assert sum(run_in_loops(THREADS, main)) > 0
    assert gauge.most <= 5

    async def fill() -> list[int]:
        return [reply.status for reply in await asyncio.gather(*(call(app, "GET", "/") for _ in range(6)))]

    assert sorted(asyncio.run(fill())) == [200] * 5 + [503]


@pytest.mark.race
@pytest.mark.parametrize("max_wait", [0.0, 60.0], ids=["fails fast", "waits"])
def test_bulkhead_never_exceeds_its_limit_and_leaks_nothing(max_wait: float) -> None:
    """A thousand cancellations, and tasks that end as they like, leave all slots free."""
    backend, gauge = LocalBulkheadBackend(), Gauge()
    guard = Bulkhead("raced", 4, max_wait, backend=backend)

    async def enter(source: random.Random) -> None:
        for _ in range(source.randrange(4)):
            await asyncio.sleep(0)
        async with guard:
            with gauge:
                for _ in range(source.randrange(3)):
                    await asyncio.sleep(0)
                if source.random() < 0.3:
                    raise ZeroDivisionError

    async def main(index: int) -> Counter[str]:
        source = random.Random(index)  # noqa: S311 - the same order each time
        ends: Counter[str] = Counter()
        while ends["CancelledError"] < 1000 / THREADS:
            tasks = [asyncio.create_task(enter(source)) for _ in range(80)]
            for task in source.sample(tasks, 60):
                for _ in range(source.randrange(3)):
                    await asyncio.sleep(0)
                task.cancel()
            ends += Counter([type(end).__name__ for end in await asyncio.gather(*tasks, return_exceptions=True)])
        return ends

    ends = sum(run_in_loops(THREADS, main), Counter[str]())
    assert ends["CancelledError"] >= 1000
    assert set(ends) <= {"NoneType", "ZeroDivisionError", "CancelledError", "BulkheadFullError"}
    assert 1 <= gauge.most <= 4

    async def count_free() -> int:
        free = 0
        while await backend.acquire("raced", 4, 0.0) is not None:
            free += 1
        return free

    assert asyncio.run(count_free()) == 4


@pytest.mark.race
def test_statistics_are_exact() -> None:
    """Every request of every thread is counted once, under its route."""
    app = HawkAPI()

    @app.get("/items/{number:int}")
    async def handler(number: int) -> int:
        return number

    app.add_middleware(DebugMiddleware, enabled=True)

    async def main(index: int) -> None:
        for number in range(REQUESTS):
            assert (await call(app, "GET", f"/items/{number}")).json() == number
            assert (await call(app, "GET", f"/nowhere/{index}/{number}")).status == 404

    run_in_loops(THREADS, main)
    stats = asyncio.run(call(app, "GET", "/_debug/stats")).json()
    assert {path: one["count"] for path, one in stats.items()} == {
        "/items/{number:int}": THREADS * REQUESTS,
        "<unmatched>": THREADS * REQUESTS,
    }

"""One of several processes that use one Redis: `python redis_load.py MODE URL SEED`; prints what came of it as JSON.

What the processes have to know of each other they know by the same Redis, where `started` counts those that are ready.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from typing import Any

import redis
from asgi import call
from loops import run_in_loops

from hawkapi import HawkAPI, Response
from hawkapi.middleware.bulkhead import Bulkhead, BulkheadFullError
from hawkapi.middleware.bulkhead_redis import RedisBulkheadBackend
from hawkapi.middleware.circuit_breaker_redis import RedisCircuitBreakerMiddleware
from hawkapi.middleware.rate_limit_redis import RedisRateLimitMiddleware

PROCESSES = 4
THREADS = 8
BURST = 123
LIMIT_REQUESTS = 10
"""Of each thread."""
PROBES = 3
PROBE_REQUESTS = 4
SLOTS = 5
TASKS = 32
PATIENCE_S = 240.0
"""On a machine that has much else to do, four processes take minutes to start."""
LEASE_S = 600.0
"""Longer than the test may take: a slot that comes back has been given back."""


def wait_for_all(client: redis.Redis) -> None:
    """Wait until every process is ready."""
    client.incr("started")
    end = time.monotonic() + PATIENCE_S
    while int(str(client.get("started"))) < PROCESSES:
        if time.monotonic() > end:
            raise TimeoutError("the other processes did not start")
        time.sleep(0.01)


async def statuses(app: Any, count: int) -> Counter[int]:
    """Send requests at the same time, and count the statuses of the answers."""
    return Counter(reply.status for reply in await asyncio.gather(*(call(app, "GET", "/") for _ in range(count))))


def limit(url: str, client: redis.Redis, seed: int) -> Any:
    """Send more requests than may pass."""
    app = HawkAPI()
    app.get("/")(answer)
    app.add_middleware(
        RedisRateLimitMiddleware, requests_per_second=1e-6, burst=BURST, redis_url=url, redis_timeout=PATIENCE_S
    )
    wait_for_all(client)
    return sum(run_in_loops(THREADS, lambda _: statuses(app, LIMIT_REQUESTS), deadline_s=PATIENCE_S), Counter[int]())


async def answer() -> None:
    """Answer."""


def half_open(url: str, client: redis.Redis, seed: int) -> Any:
    """Send requests to a circuit that can be tried; those that get through wait until `go` is there."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        client.incr("entered")
        while not client.exists("go"):  # noqa: ASYNC110 - other processes tell by Redis only.
            await asyncio.sleep(0.01)
        await Response(b"", status_code=204)(scope, receive, send)

    app = RedisCircuitBreakerMiddleware(
        inner, failure_threshold=1, half_open_max_calls=PROBES, redis_url=url, redis_timeout=PATIENCE_S
    )

    async def one() -> int:
        status = (await call(app, "GET", "/")).status
        if status == 503:
            client.incr("refused")
        return status

    async def main(_: int) -> Counter[int]:
        return Counter(await asyncio.gather(*(one() for _ in range(PROBE_REQUESTS))))

    wait_for_all(client)
    return sum(run_in_loops(THREADS, main, deadline_s=PATIENCE_S), Counter[int]())


def bulkhead(url: str, client: redis.Redis, seed: int) -> Any:
    """Enter a bulkhead with tasks that end as they like; tell the most that were inside."""
    backend = RedisBulkheadBackend(url, lease_ttl=LEASE_S, redis_timeout=PATIENCE_S)
    most: list[int] = []

    async def enter(source: random.Random) -> None:
        async with Bulkhead("raced", SLOTS, source.choice([0.0, 0.1, PATIENCE_S]), backend=backend):
            most.append(int(str(client.incr("inside"))))
            try:
                for _ in range(source.randrange(3)):
                    await asyncio.sleep(0)
                if source.random() < 0.3:
                    raise ZeroDivisionError
            finally:
                client.decr("inside")

    async def main(index: int) -> Counter[str]:
        source = random.Random(1000 * seed + index)  # noqa: S311 - the same order each time
        tasks = [asyncio.create_task(enter(source)) for _ in range(TASKS)]
        for task in source.sample(tasks, TASKS // 3):
            for _ in range(source.randrange(20)):
                await asyncio.sleep(0)
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        known = (type(None), ZeroDivisionError, asyncio.CancelledError, BulkheadFullError)
        return Counter(type(end).__name__ if isinstance(end, known) else repr(end) for end in ends)

    wait_for_all(client)
    counts = sum(run_in_loops(THREADS, main, deadline_s=PATIENCE_S), Counter[str]())
    return {"most": max(most), "ends": counts}


def hold(url: str, client: redis.Redis, seed: int) -> Any:
    """Take every slot and wait to be killed."""
    backend = RedisBulkheadBackend(url, lease_ttl=1.0, redis_timeout=PATIENCE_S)

    async def main() -> None:
        assert None not in [await backend.acquire("raced", SLOTS, 0) for _ in range(SLOTS)]
        print("holding", flush=True)
        await asyncio.get_running_loop().create_future()

    asyncio.run(main())


if __name__ == "__main__":
    mode, where, number = sys.argv[1:]
    with redis.Redis.from_url(where, decode_responses=True) as connection:
        modes = {"limit": limit, "half_open": half_open, "bulkhead": bulkhead, "hold": hold}
        print(json.dumps(modes[mode](where, connection, int(number))))

"""One of several processes that use one Redis: `python redis_load.py MODE URL SEED`; prints what came of it as JSON.

What the processes have to know of each other they know by the same Redis, where `started` counts those that are ready.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import secrets
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
TASKS = 40
"""At a time in each thread; they come again until `CANCELLATIONS` of them were cancelled."""
CANCELLATIONS = 35
VICTIMS = 2
"""Processes that are killed while the others go on."""
PATIENCE_S = 240.0
"""On a machine that has much else to do, four processes take minutes to start."""
LEASE_S = 600.0
"""Longer than the test may take: a slot that comes back has been given back."""


def wait_for_all(client: redis.Redis, count: int = PROCESSES) -> None:
    """Wait until so many processes are ready."""
    client.incr("started")
    end = time.monotonic() + PATIENCE_S
    while int(str(client.get("started"))) < count:
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
    """Enter a bulkhead with tasks that end as they like, until nobody is killed any more; tell the most inside."""
    raced = Raced(url, client, seed)
    wait_for_all(client, PROCESSES + VICTIMS)
    ends = sum(run_in_loops(THREADS, raced.main, deadline_s=PATIENCE_S), Counter[str]())
    return {"most": raced.most, "ends": ends}


def victim(url: str, client: redis.Redis, seed: int) -> Any:
    """Do the same for ever, with leases that can be told from those of others."""
    count = itertools.count()
    secrets.token_hex = lambda nbytes=None: f"{victim_name(seed)}-{next(count)}"  # noqa: ARG005
    raced = Raced(url, client, seed)
    wait_for_all(client, PROCESSES + VICTIMS)
    run_in_loops(THREADS, raced.for_ever, deadline_s=PATIENCE_S)


def victim_name(seed: int) -> str:
    """Return how the leases of a process begin that is killed."""
    return f"victim-{seed}"


class Raced:
    """The tasks of one process in one bulkhead."""

    def __init__(self, url: str, client: redis.Redis, seed: int) -> None:
        self.most = 0
        self._backend = RedisBulkheadBackend(url, lease_ttl=LEASE_S, redis_timeout=PATIENCE_S)
        self._client = client
        self._seed = seed

    def count_inside(self) -> int:
        """Count in, and return how many are inside in all processes that live."""
        with self._client.pipeline() as pipeline:
            pipeline.hincrby("inside", str(self._seed), 1)
            pipeline.hvals("inside")
            found: Any = pipeline.execute()
        return sum(map(int, found[1]))

    async def enter(self, source: random.Random) -> None:
        """Enter, do something or nothing, and leave somehow."""
        async with Bulkhead("raced", SLOTS, source.choice([0.0, 0.1, PATIENCE_S]), backend=self._backend):
            self.most = max(self.most, self.count_inside())
            try:
                # Longer than it takes to enter and leave, so that the bulkhead is full most of the time.
                await asyncio.sleep(source.choice([0, 0.02]))
                if source.random() < 0.3:
                    raise ZeroDivisionError
            finally:
                self._client.hincrby("inside", str(self._seed), -1)

    async def some(self, source: random.Random) -> Counter[str]:
        """Let many enter at a time, cancel most of them, and return how they ended."""
        tasks = [asyncio.create_task(self.enter(source)) for _ in range(TASKS)]
        for task in source.sample(tasks, TASKS * 3 // 4):
            for _ in range(source.randrange(20)):
                await asyncio.sleep(0)
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        known = (type(None), ZeroDivisionError, asyncio.CancelledError, BulkheadFullError)
        return Counter(type(end).__name__ if isinstance(end, known) else repr(end) for end in ends)

    async def main(self, index: int) -> Counter[str]:
        """Do so until enough were cancelled, and nobody is killed any more."""
        source = random.Random(1000 * self._seed + index)  # noqa: S311 - the same order each time
        ends: Counter[str] = Counter()
        while ends["CancelledError"] < CANCELLATIONS or not self._client.exists("killed"):
            ends += await self.some(source)
        return ends

    async def for_ever(self, index: int) -> None:
        """Do so until the process is killed."""
        source = random.Random(1000 * self._seed + index)  # noqa: S311 - the same order each time
        while True:
            await self.some(source)


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
        modes = {"limit": limit, "half_open": half_open, "bulkhead": bulkhead, "victim": victim, "hold": hold}
        print(json.dumps(modes[mode](where, connection, int(number))))

"""Limits that processes share on one Redis: exact, also while it is stopped and started."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis_load
from asgi import call
from loops import run_in_loops
from redis_load import BURST, LIMIT_REQUESTS, PROBE_REQUESTS, PROBES, PROCESSES, SLOTS, TASKS, THREADS
from redis_servers import QUOTED, SECRET, RedisServer, redis_server
from subprocesses import environment

from hawkapi import HawkAPI
from hawkapi.middleware.bulkhead import bulkhead
from hawkapi.middleware.bulkhead_redis import RedisBulkheadBackend
from hawkapi.middleware.circuit_breaker_redis import RedisCircuitBreakerMiddleware
from hawkapi.middleware.rate_limit_redis import RedisRateLimitMiddleware

PATIENCE_S = 300


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """Give a Redis server."""
    with redis_server(tmp_path) as running:
        yield running


def start(server: RedisServer, mode: str, seed: int = 0) -> subprocess.Popen[str]:
    """Start a process that uses the server."""
    program = Path(redis_load.__file__)
    place = environment()["PYTHONPATH"]
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(program), mode, server.url, str(seed)],
        env=environment(PYTHONPATH=f"{place}:{program.parent}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def results(processes: list[subprocess.Popen[str]]) -> list[Any]:
    """Wait for processes and return what they printed; none has a complaint, or a credential to tell."""
    found = []
    for process in processes:
        out, errors = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, errors) == (0, "")
        found.append(json.loads(out))
    return found


@pytest.mark.race
def test_rate_limit_of_processes_admits_exactly_its_burst(server: RedisServer) -> None:
    """Of more requests than there are tokens, in all threads of all processes, as many pass as there are tokens."""
    found = results([start(server, "limit") for _ in range(PROCESSES)])
    total = sum((Counter(counts) for counts in found), Counter[str]())
    assert total == {"204": BURST, "429": PROCESSES * THREADS * LIMIT_REQUESTS - BURST}


@pytest.mark.race
def test_half_open_circuit_of_processes_admits_exactly_its_calls(server: RedisServer) -> None:
    """While the requests that try are on their way nobody else gets through, in no process; then everybody does."""
    with server.client() as client:
        seconds, _ = client.time()
        circuit = {"state": "open", "epoch": 1, "failure_count": 0, "opened_at": seconds - 30, "half_open_calls": 0}
        client.hset("hawkapi:cb:/", mapping={name: str(value) for name, value in circuit.items()})
        processes = [start(server, "half_open") for _ in range(PROCESSES)]
        total = PROCESSES * THREADS * PROBE_REQUESTS
        server.wait_for(lambda: int(str(client.get("refused") or 0)) == total - PROBES, PATIENCE_S)
        client.set("go", 1)
        found = sum((Counter(counts) for counts in results(processes)), Counter[str]())
        assert (found, client.get("entered")) == ({"204": PROBES, "503": total - PROBES}, str(PROBES))
        assert client.hget("hawkapi:cb:/", "state") == "closed"


@pytest.mark.race
def test_bulkhead_of_processes_never_exceeds_its_limit_and_leaks_nothing(server: RedisServer) -> None:
    """A thousand tasks that end as they like leave all slots free, without a lease having to expire."""
    found = results([start(server, "bulkhead", seed) for seed in range(PROCESSES)])
    ends = sum((Counter(one["ends"]) for one in found), Counter[str]())
    assert set(ends) == {"NoneType", "ZeroDivisionError", "CancelledError", "BulkheadFullError"}
    assert ends.total() == PROCESSES * THREADS * TASKS >= 1000
    assert 1 < max(one["most"] for one in found) <= SLOTS
    with server.client() as client:
        assert client.hgetall("hawkapi:bulkhead:raced") == {}


@pytest.mark.race
def test_slots_of_a_process_that_is_killed(server: RedisServer) -> None:
    """They can be taken again when their leases have expired, and nobody has to do anything about it."""
    holder = start(server, "hold")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    holder.kill()
    holder.communicate(timeout=PATIENCE_S)
    backend = RedisBulkheadBackend(server.url, lease_ttl=1.0, redis_timeout=PATIENCE_S)

    async def main() -> list[str | None]:
        waiting = (backend.acquire("raced", SLOTS, 30) for _ in range(SLOTS))
        return await asyncio.gather(*waiting)

    tokens = asyncio.run(main())
    assert None not in tokens
    assert len(set(tokens)) == SLOTS


class Load:
    """Requests of several threads, one after the other in each, until it is stopped."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.stopped = threading.Event()
        self.statuses: list[Counter[int]] = [Counter() for _ in range(THREADS)]

    async def send(self, index: int) -> None:
        """Send requests, each thread as a client of its own."""
        while not self.stopped.is_set():
            reply = await call(self._app, "GET", "/", client=(f"192.0.2.{index}", 1))
            self.statuses[index][reply.status] += 1

    def wait_for_more(self) -> None:
        """Wait until each thread has got some more answers."""
        before = [counts.total() for counts in self.statuses[1:]]
        end = time.monotonic() + 60
        while any(now.total() < then + 20 for now, then in zip(self.statuses[1:], before, strict=True)):
            assert time.monotonic() < end, "a thread gets no answers any more"
            time.sleep(0.01)


@pytest.mark.race
def test_redis_that_is_stopped_and_started_under_load(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Requests are answered as ever; the shared limits come back by themselves; no credential is logged."""
    caplog.set_level(logging.DEBUG)
    backend = RedisBulkheadBackend(server.url, redis_timeout=5)
    app = HawkAPI()
    marks = itertools.count()

    @app.get("/")
    @bulkhead("all", THREADS, backend=backend)
    async def handler() -> int:
        return next(marks)

    options: Any = {"redis_url": server.url, "redis_timeout": 5}
    app.add_middleware(RedisRateLimitMiddleware, requests_per_second=1e6, burst=10**6, **options)
    app.add_middleware(RedisCircuitBreakerMiddleware, **options)
    load = Load(app)

    def exist(*keys: str) -> bool:
        with server.client() as client:
            return int(str(client.exists(*keys))) == len(keys)

    def disturb() -> None:
        names = ("hawkapi:rl:192.0.2.1", "hawkapi:bulkhead:all")
        for _ in range(3):
            load.wait_for_more()
            server.stop()
            load.wait_for_more()
            server.start()
            server.wait_for(lambda: exist(*names))

    async def main(index: int) -> None:
        if index:
            await load.send(index)
            return
        try:
            await asyncio.to_thread(disturb)
        finally:
            load.stopped.set()

    run_in_loops(THREADS, main, deadline_s=PATIENCE_S)
    total = sum(load.statuses, Counter[int]())
    assert total == {200: next(marks)}
    with server.client() as client:
        assert client.hgetall("hawkapi:bulkhead:all") == {}
    ours = {record.name for record in caplog.records if record.levelno == logging.WARNING}
    assert {"hawkapi.rate_limit_redis", "hawkapi.bulkhead_redis", "hawkapi.circuit_breaker_redis"} >= ours
    assert ours
    assert SECRET not in caplog.text
    assert QUOTED not in caplog.text

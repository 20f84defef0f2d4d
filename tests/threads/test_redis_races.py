"""Limits that processes share on one Redis: exact, also while it is stopped and started."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis_load
from asgi import call
from loops import run_in_loops
from redis import Redis
from redis_load import (
    BURST,
    LIMIT_REQUESTS,
    PROBE_REQUESTS,
    PROBES,
    PROCESSES,
    SLOTS,
    THREADS,
    VICTIMS,
    victim_name,
)
from redis_servers import QUOTED, SECRET, RedisServer, redis_server
from subprocesses import environment

from hawkapi import HawkAPI
from hawkapi.middleware.bulkhead import bulkhead
from hawkapi.middleware.bulkhead_redis import RedisBulkheadBackend
from hawkapi.middleware.circuit_breaker_redis import RedisCircuitBreakerMiddleware
from hawkapi.middleware.rate_limit_redis import RedisRateLimitMiddleware

PATIENCE_S = 300
RACED = "hawkapi:bulkhead:raced"


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
    try:
        for process in processes:
            out, errors = process.communicate(timeout=PATIENCE_S)
            assert (process.returncode, errors) == (0, "")
            found.append(json.loads(out))
    finally:
        for process in processes[len(found) :]:
            process.kill()
            process.communicate()
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


def kill_with_leases(server: RedisServer, process: subprocess.Popen[str], seed: int) -> None:
    """Kill a process at a moment when it holds slots."""

    def holds_slots() -> bool:
        process.send_signal(signal.SIGSTOP)
        # What it had sent is executed before this.
        if leases_of(client, seed):
            return True
        process.send_signal(signal.SIGCONT)
        return False

    with server.client() as client:
        server.wait_for(holds_slots, PATIENCE_S)
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        client.hdel("inside", str(seed))
        # They would expire in time; nobody but the clock does anything else about them.
        for lease in leases_of(client, seed):
            client.hset(RACED, lease, 0)


def leases_of(client: Redis, seed: int) -> list[str]:
    """Return the leases of a process that is to be killed."""
    leases: Any = client.hkeys(RACED)
    return [lease for lease in leases if lease.startswith(f"{victim_name(seed)}-")]


@pytest.mark.race
def test_bulkhead_of_processes_never_exceeds_its_limit_and_leaks_nothing(server: RedisServer) -> None:
    """A thousand cancellations, exceptions, and processes that are killed leave all slots free."""
    processes = [start(server, "bulkhead", seed) for seed in range(PROCESSES)]
    seeds = range(PROCESSES, PROCESSES + VICTIMS)
    with server.client() as client:
        for seed, victim in [(seed, start(server, "victim", seed)) for seed in seeds]:
            kill_with_leases(server, victim, seed)
        client.set("killed", 1)
        found = results(processes)
        assert client.hgetall(RACED) == {}
        assert client.hvals("inside") == ["0"] * PROCESSES
    ends = sum((Counter(one["ends"]) for one in found), Counter[str]())
    assert set(ends) == {"NoneType", "ZeroDivisionError", "CancelledError", "BulkheadFullError"}
    assert ends["CancelledError"] >= 1000
    assert max(one["most"] for one in found) == SLOTS
    free = RedisBulkheadBackend(server.url, redis_timeout=PATIENCE_S)

    async def take_all() -> list[bool]:
        return [await free.acquire("raced", SLOTS, 0) is not None for _ in range(SLOTS + 1)]

    assert asyncio.run(take_all()) == [True] * SLOTS + [False]


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
        before = [counts.total() for counts in self.statuses]
        end = time.monotonic() + 60
        while any(now.total() < then + 20 for now, then in zip(self.statuses, before, strict=True)):
            assert time.monotonic() < end, "a thread gets no answers any more"
            time.sleep(0.01)


class Exact:
    """Two applications that share a limit, as two processes would, and are asked in eight threads."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._apps = [self._make() for _ in range(2)]

    def _make(self) -> HawkAPI:
        app = HawkAPI()
        app.get("/")(answer)
        options = {"redis_url": self._server.url, "key_prefix": "exact:", "redis_timeout": PATIENCE_S}
        app.add_middleware(RedisRateLimitMiddleware, requests_per_second=1e-6, burst=BURST, **options)
        return app

    def admitted(self) -> int:
        """Send more requests than may pass, and return how many did."""

        async def main(_: int) -> int:
            replies = await asyncio.gather(*(call(app, "GET", "/") for app in self._apps for _ in range(20)))
            return sum(reply.status == 204 for reply in replies)

        return sum(run_in_loops(THREADS, main, deadline_s=PATIENCE_S))

    def wait_until_shared(self) -> None:
        """Wait until both ask Redis again, and forget what was counted."""
        for app in self._apps:
            self._server.wait_for(partial(self._is_shared, app))

    def _is_shared(self, app: HawkAPI) -> bool:
        with self._server.client() as client:
            client.flushall()
            asyncio.run(call(app, "GET", "/"))
            return int(str(client.delete("exact:127.0.0.1"))) == 1


def credentials_in(records: list[logging.LogRecord]) -> list[str]:
    """Return what of the password is in any field of any record, tracebacks included."""
    lines: list[str] = []
    for record in records:
        lines += [record.getMessage(), repr(record.__dict__)]
        if record.exc_info:
            lines += traceback.format_exception(*record.exc_info)
    return [part for part in (SECRET, QUOTED, "hidden", "p@ss", "p%40ss") if part in "".join(lines)]


@pytest.mark.race
def test_redis_that_is_stopped_and_started_under_load(
    server: RedisServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Requests are answered as ever; the shared limits come back by themselves; no credential is logged."""
    for name in ("", "hawkapi", "asyncio", "redis", "redis.client", "redis.asyncio.connection", "push_response"):
        caplog.set_level(logging.DEBUG, logger=name)
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
    load, exact = Load(app), Exact(server)
    counted = [exact.admitted()]

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
        if index < THREADS:
            await load.send(index)
            return
        try:
            await asyncio.to_thread(disturb)
        finally:
            load.stopped.set()

    run_in_loops(THREADS + 1, main, deadline_s=PATIENCE_S)
    total = sum(load.statuses, Counter[int]())
    assert total == {200: next(marks)}
    with server.client() as client:
        assert client.hgetall("hawkapi:bulkhead:all") == {}
    server.stop()
    alone = exact.admitted()
    server.start()
    exact.wait_until_shared()
    counted.append(exact.admitted())
    assert (alone, counted) == (2 * BURST, [BURST, BURST])
    ours = {record.name for record in caplog.records if record.levelno >= logging.WARNING}
    assert {"hawkapi.rate_limit_redis", "hawkapi.bulkhead_redis", "hawkapi.circuit_breaker_redis"} >= ours
    assert "hawkapi.rate_limit_redis" in ours
    assert credentials_in(caplog.records) == []
    assert "hidden" not in "".join(capfd.readouterr())


async def answer() -> None:
    """Answer."""

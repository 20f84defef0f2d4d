"""`RedisCircuitBreakerMiddleware`: circuits that applications share, on a real server, and while that is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest
from asgi import Reply, call, request
from redis_proxy import lossy_way
from redis_servers import QUOTED, SECRET, RedisServer

from hawkapi import HawkAPI, HTTPException, RedisCircuitBreakerMiddleware, Response
from hawkapi.exceptions import ClientDisconnect
from hawkapi.middleware.circuit_breaker_redis import _ADMIT, _RECORD

KEY = "hawkapi:cb:/users/{name}"


class Service:
    """An application whose handler answers as it is told, behind a breaker; another process in all but name."""

    def __init__(self, server: RedisServer, **options: Any) -> None:
        self.calls = 0
        self.outcome: Any = 200
        self.entered: asyncio.Event | None = None
        self.app = HawkAPI()
        self.app.get("/users/{name}")(self.handle)
        self.app.get("/other")(self.handle)
        options = {"redis_url": server.url, "redis_timeout": 30, **options}
        self.app.add_middleware(RedisCircuitBreakerMiddleware, **options)

    async def handle(self) -> Response:
        """Answer."""
        self.calls += 1
        outcome = self.outcome
        if self.entered is not None:
            self.entered.set()
        if isinstance(outcome, asyncio.Future):
            outcome = await outcome
        if isinstance(outcome, BaseException):
            raise outcome
        return Response(b"", status_code=outcome)

    async def begin(self) -> tuple[asyncio.Task[Reply], asyncio.Future[Any]]:
        """Send a request, and return it and what its handler waits for."""
        gate = self.outcome = asyncio.get_running_loop().create_future()
        self.entered = asyncio.Event()
        task = asyncio.create_task(call(self.app, "GET", "/users/ann"))
        await self.entered.wait()
        self.entered = None
        return task, gate

    def reply(self, outcome: Any = 200, path: str = "/users/ann") -> Reply:
        """Send one request and return the answer."""
        self.outcome = outcome
        return request(self.app, "GET", path)

    def ask(self, outcome: Any = 200, path: str = "/users/ann") -> int:
        """Send one request and return the status of the answer."""
        return self.reply(outcome, path).status


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, at most for as long as any test needs."""
    return asyncio.run(asyncio.wait_for(main, 30))


def circuit(server: RedisServer, key: str = KEY) -> dict[str, str]:
    """Return what there is in Redis."""
    with server.client() as client:
        found: Any = client.hgetall(key)
    return dict(found)


def let_recover(server: RedisServer, key: str = KEY) -> None:
    """Let the time pass after which an open circuit is tried."""
    with server.client() as client:
        opened = float(str(client.hget(key, "opened_at")))
        client.hset(key, "opened_at", opened - 30)


def test_failures_of_two_applications_open_it(redis: RedisServer) -> None:
    """They count together, in a row; a success of either begins the count anew."""
    one, other = Service(redis, failure_threshold=3), Service(redis, failure_threshold=3)
    asked = [(one, 500), (other, 503), (one, 200), (one, 500), (other, 500), (one, 404), (one, 500), (other, 500)]
    assert [service.ask(status) for service, status in asked] == [status for _, status in asked]
    assert one.ask(ZeroDivisionError()) == 500
    assert [one.ask(), other.ask()] == [503, 503]
    assert (one.calls, other.calls) == (6, 3)


def test_refusal(redis: RedisServer) -> None:
    """It is that of `CircuitBreakerMiddleware`."""
    service = Service(redis, failure_threshold=1)
    service.ask(500)
    reply = service.reply()
    assert reply.status == 503
    assert (reply.json()["type"].rsplit("/")[-1], reply.json()["detail"]) == (
        "circuit-open",
        "Circuit breaker is open for /users/ann",
    )
    assert reply.header("retry-after") in {"29", "30"}


def test_hash_in_redis(redis: RedisServer) -> None:
    """It has the documented fields, and does not stay for ever; a healthy route has none."""
    service = Service(redis, failure_threshold=2)
    service.ask()
    assert circuit(redis) == {}
    service.ask(500)
    (failed,) = circuit(redis).keys() - {"failure_count"}
    assert (circuit(redis)["failure_count"], failed.startswith("failed:")) == ("1", True)
    service.ask()
    assert circuit(redis) == {"failure_count": "0"}
    service.ask(500)
    service.ask(500)
    found = circuit(redis)
    assert {"state": found["state"], "half_open_calls": found["half_open_calls"]} == {
        "state": "open",
        "half_open_calls": "0",
    }
    with redis.client() as client:
        seconds, _ = client.time()
        assert abs(seconds - float(found["opened_at"])) < 60
        assert 86_000 < int(str(client.ttl(KEY))) <= 86_400


def test_routes_have_circuits_of_their_own(redis: RedisServer) -> None:
    """By their template: another path of the same route is refused, another route is not."""
    service = Service(redis, failure_threshold=1)
    service.ask(500)
    assert [service.ask(path=path) for path in ("/users/bob", "/other", "/nowhere")] == [503, 200, 404]


@pytest.mark.parametrize(("outcome", "later"), [(200, 200), (500, 503)], ids=["well", "not well"])
def test_trial(redis: RedisServer, outcome: int, later: int) -> None:
    """After the time one request finds out for everybody whether it is well."""
    one, other = Service(redis, failure_threshold=1), Service(redis, failure_threshold=1)
    one.ask(500)
    let_recover(redis)
    assert [other.ask(outcome), one.ask(), other.ask()] == [outcome, later, later]


def test_circuit_that_closed_counts_anew(redis: RedisServer) -> None:
    """What failed before it opened is forgotten."""
    service = Service(redis, failure_threshold=2)
    assert [service.ask(500), service.ask(500)] == [500, 500]
    let_recover(redis)
    assert [service.ask(), service.ask(500), service.ask()] == [200, 500, 200]


@pytest.mark.parametrize("most", [1, 3])
def test_requests_that_try(redis: RedisServer, most: int) -> None:
    """So many at a time, in all applications together; then there is room again."""
    services = [Service(redis, failure_threshold=1, half_open_max_calls=most) for _ in range(2)]
    services[0].ask(500)
    let_recover(redis)

    async def main() -> list[int]:
        gate: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        for service in services:
            service.outcome = gate
        tasks = [asyncio.create_task(call(service.app, "GET", "/users/ann")) for service in services * 5]
        pending = set(tasks)
        while len(pending) > most:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        assert circuit(redis)["half_open_calls"] == str(most)
        gate.set_result(404)
        return [(await task).status for task in tasks]

    statuses = run(main())
    assert sorted(statuses) == [404] * most + [503] * (10 - most)
    assert services[1].ask() == 200


@pytest.mark.parametrize("turns", [None, 0, 1, 2, 3, 5, 8, 13])
def test_trial_that_is_cancelled(redis: RedisServer, turns: int | None) -> None:
    """It gives its place to another, wherever it was: with the handler, or before it was admitted."""
    service = Service(redis, failure_threshold=1)
    service.ask(500)
    let_recover(redis)

    async def main() -> None:
        if turns is None:
            task, _ = await service.begin()
        else:
            service.outcome = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(call(service.app, "GET", "/users/ann"))
            for _ in range(turns):
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(main())
    assert [service.ask(), service.ask()] == [200, 200]


@pytest.mark.parametrize("outcome", [500, 200])
def test_answer_that_gets_lost(redis: RedisServer, outcome: int) -> None:
    """What came of a request is told once more on another connection, and counts once."""

    async def main() -> None:
        async with lossy_way(redis.url) as way:
            service = Service(redis, failure_threshold=4, redis_url=way.url)
            for status in (500, 500):
                service.outcome = status
                await call(service.app, "GET", "/users/ann")
            way.lose_answer(_RECORD.digest)
            service.outcome = outcome
            await call(service.app, "GET", "/users/ann")
            assert way.lost == 1
            assert circuit(redis)["failure_count"] == ("3" if outcome == 500 else "0")
            service.outcome = 500
            statuses = [(await call(service.app, "GET", "/users/ann")).status for _ in range(2)]
            assert statuses == [500, 503 if outcome == 500 else 500]

    run(main())


@pytest.mark.parametrize("outcome", [500, 200])
def test_answer_to_a_trial_that_gets_lost(redis: RedisServer, outcome: int) -> None:
    """Neither its admission nor its end counts twice."""

    async def main() -> None:
        async with lossy_way(redis.url) as way:
            service = Service(redis, failure_threshold=1, redis_url=way.url)
            service.outcome = 500
            await call(service.app, "GET", "/users/ann")
            let_recover(redis)
            way.lose_answer(_ADMIT.digest)
            task, gate = await service.begin()
            assert (way.lost, circuit(redis)["half_open_calls"]) == (1, "1")
            way.lose_answer(_RECORD.digest)
            gate.set_result(outcome)
            await task
            found = circuit(redis)
            assert (way.lost, found["state"], found["half_open_calls"]) == (
                2,
                "open" if outcome == 500 else "closed",
                "0",
            )

    run(main())


def test_trial_whose_client_goes(redis: RedisServer) -> None:
    """It finds nothing out, and gives its place to another."""
    service = Service(redis, failure_threshold=1)
    service.ask(500)
    let_recover(redis)
    service.ask(ClientDisconnect())
    assert circuit(redis)["state"] == "half_open"
    assert service.ask() == 200


def test_trial_of_a_process_that_was_killed(redis: RedisServer) -> None:
    """Its place is another's after `probe_ttl`, and what comes of it then is ignored."""
    service = Service(redis, failure_threshold=1, probe_ttl=1000)
    service.ask(500)
    let_recover(redis)

    async def main() -> list[int]:
        late, late_gate = await service.begin()
        refused = await call(service.app, "GET", "/users/ann")
        with redis.client() as client:
            probe = next(name for name in circuit(redis) if name.startswith("probe:"))
            client.hset(KEY, probe, float(circuit(redis)[probe]) - 1000)
        trial, gate = await service.begin()
        late_gate.set_result(500)
        statuses = [refused.status, (await late).status]
        assert circuit(redis)["state"] == "half_open"
        gate.set_result(200)
        return [*statuses, (await trial).status]

    assert run(main()) == [503, 500, 200]
    assert circuit(redis)["state"] == "closed"


@pytest.mark.parametrize("status", [200, 500])
def test_late_result(redis: RedisServer, status: int) -> None:
    """What began before the circuit opened neither closes it nor keeps it open."""
    service = Service(redis, failure_threshold=1)

    async def main() -> None:
        late, gate = await service.begin()
        service.outcome = 500
        await call(service.app, "GET", "/users/ann")
        before = circuit(redis)
        gate.set_result(status)
        assert (await late).status == status
        assert circuit(redis) == before

    run(main())
    assert service.ask() == 503


def test_errors_that_are_no_failures(redis: RedisServer) -> None:
    """Who is told that he is wrong does not open it."""
    service = Service(redis, failure_threshold=1)
    assert [service.ask(HTTPException(404)), service.ask()] == [404, 200]


def test_clock_that_was_set_back(redis: RedisServer) -> None:
    """It does not make the time longer than it is."""
    service = Service(redis, failure_threshold=1)
    service.ask(500)
    with redis.client() as client:
        client.hincrbyfloat(KEY, "opened_at", 3600)
    assert service.reply().header("retry-after") == "30"


def test_outage(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Each process has circuits of its own meanwhile; a request that Redis has admitted ends as if nothing were."""
    caplog.set_level(logging.DEBUG)
    service = Service(redis, failure_threshold=2)

    async def main() -> list[int]:
        task, gate = await service.begin()
        await asyncio.to_thread(redis.stop)
        gate.set_result(500)
        statuses = [(await task).status]
        service.outcome = 500
        return [*statuses, *[(await call(service.app, "GET", "/users/ann")).status for _ in range(3)]]

    try:
        assert run(main()) == [500, 500, 500, 503]
    finally:
        redis.start()
    redis.wait_for(lambda: service.ask() == 200)
    assert [service.ask(500), service.ask(500), service.ask()] == [500, 500, 503]
    assert circuit(redis)["state"] == "open"
    messages = [record.getMessage() for record in caplog.records if record.name == "hawkapi.circuit_breaker_redis"]
    assert messages == [
        f"{redis.label} cannot be used (ConnectionError); until it can, each process has circuits of its own",
        f"{redis.label} can be used again",
    ]
    assert SECRET not in caplog.text
    assert QUOTED not in caplog.text


@pytest.mark.parametrize(
    "options",
    [
        {"failure_threshold": 0},
        {"recovery_timeout": -1},
        {"half_open_max_calls": 0},
        {"probe_ttl": 0},
        {"redis_timeout": 0},
        {"max_connections": 0},
    ],
)
def test_wrong_options(options: dict[str, Any]) -> None:
    """They are refused when the middleware is added."""
    with pytest.raises(ValueError, match=next(iter(options))):
        HawkAPI().add_middleware(RedisCircuitBreakerMiddleware, **options)

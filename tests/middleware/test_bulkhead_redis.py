"""`RedisBulkheadBackend`: slots that processes share, on a real server, and while that is away."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Coroutine
from typing import Any

import pytest
from redis.asyncio import Redis
from redis_proxy import lossy_way
from redis_servers import QUOTED, SECRET, RedisServer

from hawkapi.middleware.bulkhead import Bulkhead, BulkheadBackend, BulkheadFullError
from hawkapi.middleware.bulkhead_redis import _ACQUIRE, _RELEASE, RedisBulkheadBackend

KEY = "hawkapi:bulkhead:reports"


def make(server: RedisServer, **options: Any) -> RedisBulkheadBackend:
    """Return a backend; each is another process in all but name."""
    return RedisBulkheadBackend(server.url, **{"redis_timeout": 30, **options})


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, at most for as long as any test needs."""
    return asyncio.run(asyncio.wait_for(main, 30))


def leases(server: RedisServer) -> dict[str, str]:
    """Return what there is in Redis."""
    with server.client() as client:
        found: Any = client.hgetall(KEY)
    return dict(found)


def age(server: RedisServer, seconds: float) -> None:
    """Make the leases in Redis older."""
    with server.client() as client:
        for token, taken_at in leases(server).items():
            client.hset(KEY, token, float(taken_at) - seconds)


def test_limit_of_two_backends(redis: RedisServer) -> None:
    """They let as many in as one would, and what is given back can be taken again."""
    one, other = make(redis), make(redis)

    async def main() -> None:
        first, second = await one.acquire("reports", 2, 0), await other.acquire("reports", 2, 0)
        assert isinstance(first, str)
        assert isinstance(second, str)
        assert [await one.acquire("reports", 2, 0), await other.acquire("reports", 2, 0)] == [None, None]
        await one.release("reports", first)
        assert await other.acquire("reports", 2, 0) is not None
        assert await one.acquire("others", 2, 0) is not None

    run(main())


def test_hash_in_redis(redis: RedisServer) -> None:
    """A field per lease holds when it was taken; the key lives ten times as long as a lease."""
    backend = make(redis, lease_ttl=20)

    async def main() -> None:
        token = await backend.acquire("reports", 3, 0)
        with redis.client() as client:
            seconds, _ = client.time()
            assert list(leases(redis)) == [token]
            assert 0 <= seconds + 1 - float(leases(redis)[str(token)]) < 60
            assert client.ttl(KEY) in {199, 200}
        await backend.release("reports", token)
        assert leases(redis) == {}

    run(main())


def test_client_and_prefix(redis: RedisServer) -> None:
    """Given a client, each loop has connections like its own; the client's are not used."""

    async def main(backend: RedisBulkheadBackend) -> object:
        return await backend.acquire("reports", 1, 0)

    client = Redis.from_url(redis.url, decode_responses=True)
    backend = RedisBulkheadBackend(client, key_prefix="mine")
    assert isinstance(backend, BulkheadBackend)
    assert [run(main(backend)) is None for _ in range(2)] == [False, True]
    with redis.client() as questions:
        assert questions.keys() == ["mine:reports"]
    assert client.connection_pool._available_connections == []


def test_client_of_another_kind(redis: RedisServer) -> None:
    """It is used as it is, and not closed."""

    class Wrapper:
        """Has a client, as those of clusters have several."""

        def __init__(self) -> None:
            self._inner = Redis.from_url(redis.url)
            self.execute_command = self._inner.execute_command
            self.aclose = self._inner.aclose

    async def use(client: Wrapper) -> None:
        backend = RedisBulkheadBackend(client, redis_timeout=30)
        await backend.release("reports", await backend.acquire("reports", 1, 0))

    client = Wrapper()
    with asyncio.Runner() as runner:
        runner.run(use(client))
        runner.run(use(client))
        runner.run(client.aclose())
    assert leases(redis) == {}


def test_bulkhead(redis: RedisServer) -> None:
    """It is used as any other."""
    guards = [Bulkhead("reports", 1, backend=make(redis)) for _ in range(2)]

    async def main() -> None:
        async with guards[0]:
            with pytest.raises(BulkheadFullError):
                await guards[1].__aenter__()
        async with guards[1]:
            pass

    run(main())
    assert leases(redis) == {}


def test_waiting(redis: RedisServer) -> None:
    """Who waits gets the slot that another gives back, or learns in time that there is none."""
    one, other = make(redis), make(redis)

    async def main() -> None:
        token = await one.acquire("reports", 1, 0)
        assert await other.acquire("reports", 1, 0.03) is None
        waiting = asyncio.create_task(other.acquire("reports", 1, 20))
        await asyncio.sleep(0)
        assert not waiting.done()
        await one.release("reports", token)
        assert await waiting in leases(redis)

    run(main())


def test_lease_of_a_process_that_was_killed(redis: RedisServer) -> None:
    """Who finds the bulkhead full reclaims it, but not a moment before it has expired."""
    gone, other = make(redis, lease_ttl=1000), make(redis, lease_ttl=1000)

    async def main() -> None:
        await gone.acquire("reports", 1, 0)
        age(redis, 950)
        assert await other.acquire("reports", 1, 0) is None
        age(redis, 51)
        token = await other.acquire("reports", 1, 0)
        assert list(leases(redis)) == [token]

    run(main())


def test_lease_that_was_never_given_back(redis: RedisServer) -> None:
    """It ends in its own process too; giving it back later does no harm."""
    backend = make(redis, lease_ttl=0.3)

    async def main() -> None:
        token = await backend.acquire("reports", 1, 0)
        other = await backend.acquire("reports", 1, 20)
        assert other not in {None, token}
        await backend.release("reports", token)
        assert list(leases(redis)) == [other]

    run(main())


def test_reaper(redis: RedisServer) -> None:
    """It removes what has expired, and says how much that was."""
    backend = make(redis, lease_ttl=1000)

    async def main() -> list[int]:
        await backend.acquire("reports", 5, 0)
        await backend.acquire("reports", 5, 0)
        before = await backend.reap_expired_leases("reports")
        age(redis, 1000)
        await backend.acquire("others", 5, 0)
        return [before, *[await backend.reap_expired_leases(name) for name in ("reports", "reports", "others")]]

    assert run(main()) == [0, 2, 0, 0]


@pytest.mark.parametrize("token", [None, 1, b"token"])
def test_token_of_another_backend(redis: RedisServer, token: object) -> None:
    """It is an error."""
    with pytest.raises(TypeError, match="no token of a RedisBulkheadBackend"):
        run(make(redis).release("reports", token))


@pytest.mark.parametrize("turns", range(12))
def test_cancelled_while_it_asks(redis: RedisServer, turns: int) -> None:
    """What Redis has given to nobody is given back, at the latest when the loop ends."""
    backend = make(redis)

    async def main() -> None:
        task = asyncio.create_task(backend.acquire("reports", 1, 0))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(main())
    assert leases(redis) == {}
    assert run(backend.acquire("reports", 1, 0)) is not None


def test_answer_that_gets_lost(redis: RedisServer) -> None:
    """Neither taking a slot nor giving it back counts twice."""

    async def main() -> None:
        async with lossy_way(redis.url) as way:
            backend = RedisBulkheadBackend(way.url, redis_timeout=30)
            await backend.release("reports", await backend.acquire("reports", 1, 0))
            way.lose_answer(_ACQUIRE.digest)
            token = await backend.acquire("reports", 1, 0)
            assert (way.lost, list(leases(redis))) == (1, [token])
            way.lose_answer(_RELEASE.digest)
            await backend.release("reports", token)
            assert (way.lost, leases(redis)) == (2, {})

    run(main())


def test_loop_that_is_closed_with_a_slot_taken(redis: RedisServer) -> None:
    """The task is destroyed by the garbage collector, and the lease expires."""
    backend = make(redis, lease_ttl=0.1)
    guard = Bulkhead("reports", 1, 20, backend=backend)

    async def hold(entered: asyncio.Event) -> None:
        async with guard:
            entered.set()
            await asyncio.get_running_loop().create_future()

    def abandon() -> None:
        loop = asyncio.new_event_loop()
        entered = asyncio.Event()
        task: Any = loop.create_task(hold(entered))
        loop.run_until_complete(asyncio.wait_for(entered.wait(), 30))
        task._log_destroy_pending = False
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    abandon()

    async def enter() -> None:
        gc.collect()
        async with guard:
            pass

    run(enter())
    assert leases(redis) == {}


def test_outage(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Each process keeps to the limit meanwhile, with what it holds; the shared limit comes back by itself."""
    caplog.set_level(logging.DEBUG)
    one, other = make(redis), make(redis)

    async def main() -> None:
        held = await one.acquire("reports", 2, 0)
        await asyncio.to_thread(redis.stop)
        meanwhile = await one.acquire("reports", 2, 0)
        assert meanwhile is not None
        assert await one.acquire("reports", 2, 0) is None
        assert [await other.acquire("reports", 1, 0) is None for _ in range(2)] == [False, True]
        await one.release("reports", meanwhile)
        await asyncio.to_thread(redis.start)
        # The server is empty, but this process knows what it holds.
        token = None
        while token not in leases(redis):
            if token is not None:
                await one.release("reports", token)
            token = await one.acquire("reports", 2, 20)
        assert await one.acquire("reports", 2, 0) is None
        await one.release("reports", held)
        await one.release("reports", token)

    try:
        run(main())
    finally:
        redis.start()
    assert leases(redis) == {}
    messages = [record.getMessage() for record in caplog.records if record.name == "hawkapi.bulkhead_redis"]
    failed = f"{redis.label} cannot be used (ConnectionError); until it can, each process has bulkheads of its own"
    assert messages[:2] == [failed, failed]
    assert set(messages[2:]) == {f"{redis.label} can be used again"}
    assert SECRET not in caplog.text
    assert QUOTED not in caplog.text


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"lease_ttl": 0}, "lease_ttl"),
        ({"lease_ttl": -1}, "lease_ttl"),
        ({"poll_interval": 0}, "poll_interval"),
        ({"redis_timeout": 0}, "redis_timeout"),
        ({"max_connections": 0}, "max_connections"),
    ],
)
def test_wrong_options(options: dict[str, Any], name: str) -> None:
    """They are refused when it is made."""
    with pytest.raises(ValueError, match=name):
        RedisBulkheadBackend("redis://localhost", **options)

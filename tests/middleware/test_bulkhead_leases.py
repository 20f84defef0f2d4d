"""Leases of a `RedisBulkheadBackend`: renewed as long as their tasks run, taken again where they were lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from redis.asyncio import Redis
from redis_servers import RedisServer

from hawkapi.middleware.bulkhead import Bulkhead, LeasingBackend
from hawkapi.middleware.bulkhead_redis import _RETAKE, RedisBulkheadBackend

KEY = "hawkapi:bulkhead:reports"
LEASE_S = 1000.0


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock can be set forward, so that its timers end."""

    ahead = 0.0

    def time(self) -> float:
        """Return the seconds."""
        return super().time() + self.ahead


def make(server: RedisServer, lease_ttl: float = LEASE_S) -> RedisBulkheadBackend:
    """Return a backend; each is another process in all but name."""
    return RedisBulkheadBackend(server.url, lease_ttl=lease_ttl, redis_timeout=1e6)


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop whose clock can be set forward."""
    return asyncio.run(main, loop_factory=FastLoop)


def let_renew() -> None:
    """Let the time pass after which leases are renewed, if nothing is on its way that would take too long then."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FastLoop)
    if len(asyncio.all_tasks()) == 1:
        loop.ahead += LEASE_S / 3 + 1


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something is so that only Redis tells."""
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen")


def leases(server: RedisServer) -> dict[str, str]:
    """Return what there is in Redis."""
    with server.client() as client:
        found: Any = client.hgetall(KEY)
    return dict(found)


def age(server: RedisServer, seconds: float) -> dict[str, str]:
    """Make the leases in Redis older, and return them."""
    with server.client() as client:
        for token, taken_at in leases(server).items():
            client.hset(KEY, token, float(taken_at) - seconds)
    return leases(server)


async def wait_for_change(server: RedisServer, old: dict[str, str]) -> None:
    """Wait until Redis has other leases, or has renewed them."""
    await wait_until(lambda: leases(server) != old)


def empty(server: RedisServer) -> None:
    """Let the server lose its data, as one that is started anew."""
    with server.client() as client:
        client.flushall()


def test_slot_that_is_held_longer_than_its_lease(redis: RedisServer) -> None:
    """It stays taken, and so does the key; whoever leaves gives it back at once."""
    one, other = make(redis), make(redis)

    async def main() -> None:
        async with Bulkhead("reports", 1, backend=one):
            for _ in range(3):
                with redis.client() as client:
                    client.expire(KEY, 60)
                    old = age(redis, LEASE_S - 100)
                    let_renew()
                    await wait_for_change(redis, old)
                    assert list(leases(redis)) == list(old)
                    assert int(str(client.ttl(KEY))) > LEASE_S
                age(redis, 200)
                assert await other.acquire("reports", 1, 0) is None
                assert await one.acquire("reports", 1, 0) is None
        assert await other.acquire("reports", 1, 0) is not None

    run(main())


def test_renewal_by_the_real_clock(redis: RedisServer) -> None:
    """Nothing has to be done for it, and no task waits for it."""
    backend = make(redis, lease_ttl=0.15)
    tasks: set[int] = set()

    def has_lived(taken_at: float) -> bool:
        tasks.add(len(asyncio.all_tasks()))
        return any(float(renewed_at) > taken_at + 0.5 for renewed_at in leases(redis).values())

    async def main() -> None:
        async with Bulkhead("reports", 1, backend=backend):
            (taken_at,) = map(float, leases(redis).values())
            await wait_until(lambda: has_lived(taken_at))

    run(main())
    assert leases(redis) == {}
    assert 1 in tasks


def test_loops_renew_their_own(redis: RedisServer) -> None:
    """A loop that does nothing, or is closed, loses what it holds; those of others live on."""
    # Kept, as every backend is while its loops run: who collects one collects its connections, not closed.
    backend, reaper = make(redis), make(redis)
    with asyncio.Runner(loop_factory=FastLoop) as still, asyncio.Runner(loop_factory=FastLoop) as running:
        guard = Bulkhead("reports", 2, backend=backend)
        task = still.run(enter_and_stay(guard))
        (lost,) = leases(redis)

        async def main() -> None:
            async with guard:
                old = age(redis, LEASE_S - 100)
                let_renew()
                await wait_for_change(redis, old)
                age(redis, 200)
                assert await reaper.reap_expired_leases("reports") == 1
                assert lost not in leases(redis)

        running.run(main())
        assert not task.done()


async def enter_and_stay(guard: Bulkhead) -> asyncio.Task[None]:
    """Let a task enter and never leave."""
    entered = asyncio.Event()

    async def hold() -> None:
        async with guard:
            entered.set()
            await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(hold())
    await entered.wait()
    return task


def test_server_that_lost_its_data(redis: RedisServer) -> None:
    """What is held is counted again, and nobody gets a slot that is taken."""
    one, other = make(redis), make(redis)

    async def main() -> None:
        async with Bulkhead("reports", 2, backend=one), Bulkhead("reports", 2, backend=one):
            held = set(leases(redis))
            empty(redis)
            let_renew()
            await wait_until(lambda: set(leases(redis)) == held)
            assert await other.acquire("reports", 2, 0) is None

    run(main())
    assert leases(redis) == {}


def test_lease_that_was_lost_to_another(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Both are inside, which is logged; then nobody gets in before there are less than the limit."""
    one, other = make(redis), make(redis)

    async def main() -> None:
        async with Bulkhead("reports", 1, backend=one):
            age(redis, LEASE_S)
            token = await other.acquire("reports", 1, 0)
            let_renew()
            await wait_until(lambda: len(leases(redis)) == 2)
            await other.release("reports", token)
            assert await other.acquire("reports", 1, 0) is None
        assert await other.acquire("reports", 1, 0) is not None

    run(main())
    (record,) = caplog.records
    assert record.getMessage() == (
        "bulkhead 'reports' has 2 inside and a limit of 1; leases ended while this process came to a halt or could not "
        "reach Redis, and their slots were taken by others"
    )


def test_slot_that_was_taken_while_redis_was_away(redis: RedisServer) -> None:
    """It is counted in Redis as soon as it can be."""
    one, other = make(redis), make(redis)

    async def main() -> None:
        await asyncio.to_thread(redis.stop)
        async with Bulkhead("reports", 1, backend=one):
            await asyncio.to_thread(redis.start)

            def is_counted() -> bool:
                let_renew()
                return len(leases(redis)) == 1

            await wait_until(is_counted)
            assert await other.acquire("reports", 1, 0) is None

    try:
        run(main())
    finally:
        redis.start()
    assert leases(redis) == {}


@pytest.mark.parametrize("is_cancelled", [False, True], ids=["left", "cancelled"])
def test_slot_that_is_given_back_while_it_is_renewed(
    redis: RedisServer, caplog: pytest.LogCaptureFixture, is_cancelled: bool
) -> None:
    """Wherever the renewal is, nothing of it remains."""
    backend = make(redis)

    async def main(turns: int) -> None:
        async with Bulkhead("reports", 1, backend=backend):
            empty(redis)
            let_renew()
            for _ in range(turns):
                await asyncio.sleep(0.0001)
            if is_cancelled:
                raise asyncio.CancelledError

    for turns in range(0, 60, 6):
        try:
            run(main(turns))
        except asyncio.CancelledError:
            assert is_cancelled
        assert leases(redis) == {}, turns
    assert caplog.records == []


class Slow:
    """A client that holds back the commands that take a lease again."""

    def __init__(self, server: RedisServer) -> None:
        self._inner: Any = Redis.from_url(server.url)
        self.held_back = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.aclose = self._inner.aclose

    async def execute_command(self, *args: Any) -> Any:
        """Execute a command."""
        if args[1] == _RETAKE.digest:
            self.held_back.set()
            await self.goes_on.wait()
        return await self._inner.execute_command(*args)


def test_slot_that_is_given_back_before_it_is_taken_again(redis: RedisServer) -> None:
    """Redis may be told in this order; then it is told once more."""

    async def main() -> None:
        client = Slow(redis)
        backend = RedisBulkheadBackend(client, lease_ttl=LEASE_S, redis_timeout=1e6)
        async with Bulkhead("reports", 1, backend=backend):
            empty(redis)
            let_renew()
            await client.held_back.wait()
        client.goes_on.set()
        await wait_until(lambda: backend._renewal._tasks[asyncio.get_running_loop()] is None)
        assert leases(redis) == {}
        await client.aclose()

    run(main())


def test_task_that_ends_without_giving_back(redis: RedisServer) -> None:
    """Its lease is not renewed any more, and neither is anything else: the timer has ended."""
    backend, other = make(redis), make(redis)

    async def take_and_go() -> None:
        backend.keep("reports", await backend.acquire("reports", 1, 0))

    async def main() -> None:
        await asyncio.create_task(take_and_go())
        let_renew()
        await wait_until(lambda: not backend._renewal._tasks)
        age(redis, LEASE_S)
        assert await other.acquire("reports", 1, 0) is not None

    run(main())


def test_slot_that_nobody_keeps(redis: RedisServer) -> None:
    """Who calls `acquire` himself holds it for the time of a lease."""
    backend = make(redis)

    async def main() -> None:
        await backend.acquire("reports", 1, 0)
        async with Bulkhead("others", 1, backend=backend):
            old = age(redis, 100)
            let_renew()
            with redis.client() as client:
                others = client.hgetall("hawkapi:bulkhead:others")
                await wait_until(lambda: client.hgetall("hawkapi:bulkhead:others") != others)
            assert leases(redis) == old

    run(main())


@pytest.mark.parametrize("token", ["gone", 1, None])
def test_keeping_what_is_not_held(redis: RedisServer, token: object) -> None:
    """It does nothing: the slot may have been given back."""
    backend = make(redis)
    assert isinstance(backend, LeasingBackend)

    async def main() -> None:
        backend.keep("reports", token)
        assert backend._renewal._tasks == {}

    run(main())


def test_trouble_of_the_renewal_is_logged_once(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """An outage that is found by it is one as any other."""
    caplog.set_level(logging.INFO)
    backend = make(redis)

    async def main() -> None:
        async with Bulkhead("reports", 1, backend=backend):
            (token,) = leases(redis)
            await asyncio.to_thread(redis.stop)
            let_renew()
            await wait_until(lambda: len(caplog.records) == 1)
            await asyncio.to_thread(redis.start)

            def is_back() -> bool:
                let_renew()
                return list(leases(redis)) == [token]

            await wait_until(is_back)

    try:
        run(main())
    finally:
        redis.start()
    assert [record.getMessage() for record in caplog.records] == [
        f"{redis.label} cannot be used (ConnectionError); until it can, each process has bulkheads of its own",
        f"{redis.label} can be used again",
    ]
    assert leases(redis) == {}

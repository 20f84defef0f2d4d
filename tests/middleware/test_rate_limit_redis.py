"""`RedisRateLimitMiddleware`: on a real server, and while that is away."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from typing import Any

import pytest
from apps import app_with, hello
from asgi import Reply, call, request
from redis_servers import QUOTED, SECRET, RedisServer

from hawkapi import HawkAPI, TestClient, WebSocket
from hawkapi.middleware.rate_limit_redis import RedisRateLimitMiddleware
from hawkapi.testing import WebSocketDenied

SLOW = 0.001
"""Requests per second: none flows in while a test runs."""


def make(server: RedisServer, **options: Any) -> HawkAPI:
    """Return an application behind a limit."""
    app = app_with(hello)
    defaults = {"requests_per_second": SLOW, "redis_url": server.url, "redis_timeout": 30}
    app.add_middleware(RedisRateLimitMiddleware, **{**defaults, **options})
    return app


def ask(app: HawkAPI, client: Any = ("192.0.2.1", 1)) -> Reply:
    """Send one request, on a loop of its own."""
    return request(app, "GET", "/", client=client)


def connections(server: RedisServer) -> int:
    """Return how many clients are connected beside the one that asks."""
    with server.client() as client:
        return len(client.client_list()) - 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"requests_per_second": 2.9, "burst": 0}, 2),
        ({"requests_per_second": 0.1}, 1),
        ({"burst": 7}, 7),
    ],
    ids=["fraction", "below one", "burst"],
)
def test_burst(redis: RedisServer, options: dict[str, Any], expected: int) -> None:
    """So many pass at one moment, at least one."""
    app = make(redis, **options)

    async def main() -> list[int]:
        return [reply.status for reply in await asyncio.gather(*(call(app, "GET", "/") for _ in range(20)))]

    assert sorted(asyncio.run(main())) == [200] * expected + [429] * (20 - expected)


def test_refusal(redis: RedisServer) -> None:
    """It is that of `RateLimitMiddleware`."""
    app = make(redis, requests_per_second=0.01)
    assert ask(app).status == 200
    reply = ask(app)
    assert (reply.status, reply.body) == (429, b'{"detail":"Too Many Requests"}')
    assert (reply.header("content-type"), reply.header("retry-after")) == ("application/json", "100")


def test_bucket_in_redis(redis: RedisServer) -> None:
    """It is a hash at prefix and key, and lives until it is full again, and a minute."""
    assert ask(make(redis, burst=5, key_prefix="mine:")).status == 200
    with redis.client() as client:
        assert client.keys() == ["mine:192.0.2.1"]
        bucket: Any = client.hgetall("mine:192.0.2.1")
        assert client.ttl("mine:192.0.2.1") in {5059, 5060}
        seconds, microseconds = client.time()
    assert sorted(bucket) == ["last_refill", "tokens"]
    assert float(bucket["tokens"]) == 4
    assert 0 <= seconds + microseconds / 1e6 - float(bucket["last_refill"]) < 60


def test_tokens_flow_in(redis: RedisServer) -> None:
    """By the time that has passed on the server's clock, up to a full bucket."""
    app = make(redis, requests_per_second=2, burst=4)
    with redis.client() as client:
        for ago, expected in ((0, 4), (1, 2), (1.5, 3), (100, 4)):
            if ago:
                last = float(str(client.hget("hawkapi:rl:192.0.2.1", "last_refill")))
                client.hset("hawkapi:rl:192.0.2.1", mapping={"last_refill": last - ago, "tokens": 0})
            elif client.exists("hawkapi:rl:192.0.2.1"):
                pytest.fail("there is a bucket already")
            # What flows in while the test runs is less than one token in half a second.
            passed = 0
            while passed <= expected and ask(app).status == 200:
                passed += 1
            assert expected <= passed <= expected + 1


def test_clock_that_was_set_back(redis: RedisServer) -> None:
    """Nobody gains by it, and nobody waits until it has caught up."""
    app = make(redis, requests_per_second=100, burst=1)
    assert ask(app).status == 200
    with redis.client() as client:
        seconds, _ = client.time()
        client.hset("hawkapi:rl:192.0.2.1", mapping={"last_refill": seconds + 3600, "tokens": 0})
        assert ask(app).status == 429
        assert float(str(client.hget("hawkapi:rl:192.0.2.1", "last_refill"))) < seconds + 3000


def test_clients_and_applications(redis: RedisServer) -> None:
    """A limit is a client's, in all processes and applications of one prefix; keys are any text."""
    first, second, other = make(redis), make(redis), make(redis, key_prefix="other:")
    one, two = ("192.0.2.1", 1), ("ä\udcff", 1)
    asked = [(first, one), (second, one), (other, one), (first, two), (second, two), (first, None)]
    assert [ask(app, client).status for app, client in asked] == [200, 429, 200, 200, 429, 200]


def test_websocket(redis: RedisServer) -> None:
    """Opening one counts."""
    app = HawkAPI()

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        """Be opened."""
        await socket.accept()

    app.add_middleware(RedisRateLimitMiddleware, requests_per_second=SLOW, redis_url=redis.url)
    with TestClient(app) as client:
        with client.websocket_connect("/ws"):
            pass
        with pytest.raises(WebSocketDenied) as caught, client.websocket_connect("/ws"):
            pass
        assert caught.value.response.status_code == 429


def test_connections_of_a_loop(redis: RedisServer) -> None:
    """There are no more than was said, and none when the loop has ended."""
    app = make(redis, max_connections=3)

    async def main() -> int:
        await asyncio.gather(*(call(app, "GET", "/") for _ in range(50)))
        return connections(redis)

    assert asyncio.run(main()) <= 3
    assert connections(redis) == 0


def test_nothing_is_connected_before_the_first_request(redis: RedisServer) -> None:
    """A server that is away does not keep an application from starting."""
    app = make(redis)
    assert connections(redis) == 0
    assert ask(app).status == 200


def test_loops_that_were_closed_are_forgotten(redis: RedisServer) -> None:
    """Neither they nor their connections are kept, however many come and go."""
    app = make(redis, burst=100)
    loops = []

    async def main() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await call(app, "GET", "/")

    for _ in range(20):
        asyncio.run(main())
    gc.collect()
    assert sum(loop() is not None for loop in loops) <= 1


def test_cancelled_request_leaves_connections_usable(redis: RedisServer) -> None:
    """What was sent is answered to nobody; the next request gets its own answer."""
    app = make(redis, burst=200, max_connections=2)

    async def main() -> list[int]:
        for turns in range(40):
            task = asyncio.create_task(call(app, "GET", "/", client=("192.0.2.2", 1)))
            for _ in range(turns % 8):
                await asyncio.sleep(0)
            task.cancel()
        return [(await call(app, "GET", "/")).status for _ in range(201)]

    assert asyncio.run(main()) == [200] * 200 + [429]
    assert connections(redis) == 0


def test_server_that_forgot_the_script(redis: RedisServer) -> None:
    """It is told again."""
    app = make(redis)
    assert ask(app).status == 200
    with redis.client() as client:
        client.script_flush()
    assert ask(app).status == 429


def test_outage(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Each process counts for itself meanwhile; the shared limit comes back by itself; no credential is logged."""
    caplog.set_level(logging.DEBUG)
    app = make(redis, burst=2)
    assert [ask(app).status for _ in range(3)] == [200, 200, 429]
    redis.stop()
    try:
        assert [ask(app).status for _ in range(3)] == [200, 200, 429]
    finally:
        redis.start()
    # The server is empty, so its bucket is full.
    redis.wait_for(lambda: ask(app).status == 200)
    with redis.client() as client:
        assert client.exists("hawkapi:rl:192.0.2.1")
    assert [ask(app).status for _ in range(2)] == [200, 429]
    ours = [record for record in caplog.records if record.name == "hawkapi.rate_limit_redis"]
    assert [(record.levelname, record.getMessage()) for record in ours] == [
        ("WARNING", f"{redis.label} cannot be used (ConnectionError); until it can, each process counts for itself"),
        ("INFO", f"{redis.label} can be used again"),
    ]
    assert SECRET not in caplog.text
    assert QUOTED not in caplog.text


def test_restart_between_requests_is_not_noticed(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Connections that the server has closed are made anew."""
    app = make(redis, burst=2)

    async def main() -> list[int]:
        statuses = [(await call(app, "GET", "/")).status]
        await asyncio.to_thread(redis.stop)
        await asyncio.to_thread(redis.start)
        statuses += [(await call(app, "GET", "/")).status for _ in range(3)]
        return statuses

    assert asyncio.run(main()) == [200, 200, 200, 429]
    assert caplog.records == []


def test_wrong_password(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """The limit is that of the process; what Redis answered is logged, and not what it was sent."""
    app = app_with(hello)
    url = redis.url.replace(QUOTED, "wrong-and-secret")
    app.add_middleware(RedisRateLimitMiddleware, requests_per_second=SLOW, redis_url=url)
    assert [ask(app).status for _ in range(2)] == [200, 429]
    assert [record.getMessage() for record in caplog.records] == [
        f"{redis.label} cannot be used (AuthenticationError); until it can, each process counts for itself"
    ]
    assert "secret" not in caplog.text


def test_server_that_does_not_answer(redis: RedisServer) -> None:
    """It is waited for as long as was said, once; then the process counts for itself."""
    app = make(redis, redis_timeout=0.05, burst=3)
    with redis.suspended():
        assert [ask(app).status for _ in range(4)] == [200, 200, 200, 429]


def test_table_of_the_process_has_a_limit(redis: RedisServer) -> None:
    """Clients that come while the server is away are forgotten again."""
    app = make(redis, max_keys=2, redis_timeout=0.05)
    clients = [("192.0.2.1", 1), ("192.0.2.2", 1), ("192.0.2.3", 1), ("192.0.2.1", 1)]
    with redis.suspended():
        assert [ask(app, client).status for client in clients] == [200, 200, 200, 200]


@pytest.mark.parametrize(
    "url",
    ["http://user:hidden@host", "redis://:hidden/part@host:1", "redis://:hidden@host:port", "redis://h?db=hidden"],
    ids=["scheme", "slash in the password", "port", "number"],
)
def test_wrong_url(url: str) -> None:
    """It is refused when the middleware is added, without being repeated."""
    with pytest.raises(ValueError, match="redis_url is no URL") as caught:
        HawkAPI().add_middleware(RedisRateLimitMiddleware, redis_url=url)
    assert "hidden" not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize(
    "options",
    [
        {"requests_per_second": 0},
        {"burst": -1},
        {"max_keys": 0},
        {"max_connections": 0},
        {"redis_timeout": 0},
    ],
)
def test_wrong_options(options: dict[str, Any]) -> None:
    """They are refused when the middleware is added."""
    with pytest.raises(ValueError, match=next(iter(options))):
        HawkAPI().add_middleware(RedisRateLimitMiddleware, **options)

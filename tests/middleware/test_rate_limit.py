"""`RateLimitMiddleware`: how many pass, when the next one may, and what is remembered."""

from __future__ import annotations

import random
from typing import Any

import pytest
from apps import app_with, hello
from asgi import Reply, request
from clocks import Clock

from hawkapi import HawkAPI, TestClient, WebSocket
from hawkapi.middleware import RateLimitMiddleware
from hawkapi.middleware.rate_limit import TokenBuckets, client_network
from hawkapi.testing import WebSocketDenied


def make(clock: Clock, **options: Any) -> HawkAPI:
    """Return an application behind a rate limit."""
    app = app_with(hello)
    app.add_middleware(RateLimitMiddleware, clock=clock, **options)
    return app


def ask(app: HawkAPI, client: Any = ("192.0.2.1", 1)) -> Reply:
    """Send one request."""
    return request(app, "GET", "/", client=client)


def passed(app: HawkAPI, count: int, client: Any = ("192.0.2.1", 1)) -> int:
    """Return how many of some requests pass."""
    return sum(ask(app, client).status == 200 for _ in range(count))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 10),
        ({"requests_per_second": 2.9}, 2),
        ({"requests_per_second": 0.1}, 1),
        ({"requests_per_second": 5, "burst": 7}, 7),
    ],
    ids=["default", "fraction", "below one", "burst"],
)
def test_burst(options: dict[str, Any], expected: int) -> None:
    """So many pass at one moment, at least one."""
    assert passed(make(Clock(), **options), 20) == expected


def test_refusal() -> None:
    """It says when the next request may come."""
    clock = Clock()
    app = make(clock, requests_per_second=0.25)
    assert ask(app).status == 200
    clock.now = 1.5
    reply = ask(app)
    assert (reply.status, reply.body) == (429, b'{"detail":"Too Many Requests"}')
    assert (reply.header("content-type"), reply.header("retry-after")) == ("application/json", "3")


@pytest.mark.parametrize("rate", [10.0, 3.0, 0.1, 7.3])
def test_long_run(rate: float) -> None:
    """Over a time, what passes is the burst and what has flowed in, to the request."""
    clock = Clock()
    app = make(clock, requests_per_second=rate, burst=3)
    total = passed(app, 10)
    for _ in range(20):
        clock.now += 1 / rate
        total += passed(app, 2)
    assert total == 3 + 20


def test_clock_that_goes_back() -> None:
    """Nobody gains or loses by it: threads read the clock at slightly different moments."""
    clock = Clock()
    app = make(clock, requests_per_second=1)
    clock.now = 10
    assert passed(app, 2) == 1
    clock.now = 5
    assert passed(app, 2) == 0
    clock.now = 11
    assert passed(app, 2) == 1


def test_clients_have_their_own_limit() -> None:
    """An address is a client; without one all are."""
    app = make(Clock(), requests_per_second=1)
    assert [passed(app, 2, client) for client in (("192.0.2.1", 1), ("192.0.2.2", 1), None, None)] == [1, 1, 1, 0]


def test_networks_of_clients() -> None:
    """With `client_network` a client with IPv6 cannot take another address of its own."""
    app = make(Clock(), requests_per_second=1, key_func=client_network)
    clients = [("2001:db8::1", 1), ("2001:db8::2", 1), ("2001:db8:0:1::1", 1), ("192.0.2.1", 1), ("192.0.2.2", 1), None]
    assert [passed(app, 1, client) for client in clients] == [1, 0, 1, 1, 1, 1]


def test_route_has_its_own_limit() -> None:
    """Middleware of a route counts its requests alone, from one to the next."""
    app = HawkAPI()
    app.get("/a", middleware=[(RateLimitMiddleware, {"requests_per_second": 2, "clock": Clock()})])(hello)
    app.get("/b")(hello)
    assert [request(app, "GET", path).status for path in ("/a", "/a", "/a", "/b")] == [200, 200, 429, 200]


def test_websocket() -> None:
    """Opening one counts."""
    app = HawkAPI()

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        """Be opened."""
        await socket.accept()

    app.add_middleware(RateLimitMiddleware, requests_per_second=1, clock=Clock())
    with TestClient(app) as client:
        with client.websocket_connect("/ws"):
            pass
        with pytest.raises(WebSocketDenied) as caught, client.websocket_connect("/ws"):
            pass
        assert caught.value.response.status_code == 429


def test_bucket_is_kept_until_it_is_full() -> None:
    """A slow limit does not begin anew when a bucket has not been used for `cleanup_interval`."""
    buckets = TokenBuckets(rate=0.01, burst=1, keep_s=60, max_keys=100)
    assert buckets.take("a", 0) is None
    assert buckets.take("b", 99) is None
    assert buckets.take("a", 99) == pytest.approx(1)


def test_full_buckets_are_dropped() -> None:
    """What is full again is forgotten, a few at a time."""
    buckets = TokenBuckets(rate=1, burst=1, keep_s=60, max_keys=100)
    for number in range(10):
        buckets.take(str(number), 0)
    sizes = []
    for number in range(6):
        buckets.take(f"new {number}", 61)
        sizes.append(len(buckets))
    assert sizes == [9, 8, 7, 6, 5, 6]


def test_table_has_a_limit() -> None:
    """A hundred thousand made-up clients fill the table and no more; the ones used longest ago go."""
    source = random.Random(1)  # noqa: S311 - the same clients each time
    buckets = TokenBuckets(rate=1, burst=1, keep_s=60, max_keys=1000)
    buckets.take("kept", 0)
    for number in range(100_000):
        buckets.take(str(source.getrandbits(64)), 0)
        if number % 500 == 0:
            assert buckets.take("kept", 0) == 1
    assert len(buckets) == 1000


@pytest.mark.parametrize(
    "options",
    [
        {"requests_per_second": 0},
        {"requests_per_second": -1},
        {"requests_per_second": float("nan")},
        {"requests_per_second": float("inf")},
        {"burst": -1},
        {"max_keys": 0},
    ],
)
def test_wrong_options(options: dict[str, Any]) -> None:
    """They are refused when the middleware is added."""
    with pytest.raises(ValueError, match=next(iter(options))):
        HawkAPI().add_middleware(RateLimitMiddleware, **options)

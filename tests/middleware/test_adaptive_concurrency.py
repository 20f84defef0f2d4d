"""`AdaptiveConcurrencyMiddleware`: how the limit follows the times, and who is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgi import call, request
from clocks import Clock

from hawkapi import HawkAPI, Response
from hawkapi.middleware import AdaptiveConcurrencyMiddleware


class Service:
    """An application whose handler takes as long as it is told, inside a limit."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.seconds = 0.01
        self.status = 200
        self.middleware = AdaptiveConcurrencyMiddleware(self.answer, clock=self.clock, **options)

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer after a time."""
        self.clock.now += self.seconds
        await Response(b"", status_code=self.status)(scope, receive, send)

    def run(self, count: int, seconds: float) -> int:
        """Send requests that take so long each, and return the limit after them."""
        self.seconds = seconds
        for _ in range(count):
            request(self.middleware, "GET", "/")
        return self.middleware.limit_of("/")


def test_limit_grows_while_times_stay() -> None:
    """As fast as ever means that there is room for more, up to the highest limit."""
    service = Service(initial_limit=20, max_limit=40)
    limits = [service.run(1, 0.01) for _ in range(200)]
    assert (limits == sorted(limits), limits[-1]) == (True, 40)


def test_limit_falls_when_times_rise_and_rises_when_they_fall() -> None:
    """It follows the times both ways."""
    service = Service(initial_limit=100, min_limit=5, target_p99_ms=10_000)
    before = service.run(100, 0.01)
    slow = service.run(100, 0.1)
    again = service.run(200, 0.01)
    assert slow < before
    assert again > slow


def test_target_is_an_anchor() -> None:
    """Times that never change, but are above the target, let the limit fall to the lowest; below it, it grows."""
    above = Service(initial_limit=100, min_limit=7, target_p99_ms=50)
    below = Service(initial_limit=100, min_limit=7, target_p99_ms=50)
    assert above.run(200, 0.1) == 7
    assert below.run(200, 0.04) > 100


def test_shortest_time_is_learnt_anew() -> None:
    """What was fast once does not hold the limit down for ever."""
    fast, slow = 0.001, 0.01
    forgetting = Service(initial_limit=100, min_limit=1, min_rtt_reset_interval=1)
    forgetting.run(1, fast)
    remembering = Service(initial_limit=100, min_limit=1, min_rtt_reset_interval=1e9)
    remembering.run(1, fast)
    assert forgetting.run(500, slow) > remembering.run(500, slow)


def test_failures_are_no_samples() -> None:
    """What fails fast does not look like room for more."""
    service = Service(initial_limit=20)
    service.status = 500
    assert service.run(50, 0.001) == 20


@pytest.mark.parametrize("limit", [1, 3])
def test_refusal(limit: int) -> None:
    """What is above the limit is refused at once, and the slots are free afterwards."""

    async def scenario() -> list[Any]:
        gate = asyncio.Event()

        async def handler() -> None:
            """Wait."""
            await gate.wait()

        app = HawkAPI()
        app.get("/slow/{name}")(handler)
        app.get("/other")(hello_again)
        app.add_middleware(
            AdaptiveConcurrencyMiddleware, initial_limit=limit, min_limit=1, max_limit=limit, target_p99_ms=1500
        )
        tasks = [asyncio.create_task(call(app, "GET", f"/slow/{number}")) for number in range(limit)]
        for _ in range(5):
            await asyncio.sleep(0)
        refused = await call(app, "GET", "/slow/x")
        other = await call(app, "GET", "/other")
        gate.set()
        await asyncio.gather(*tasks)
        return [refused, other.status, (await call(app, "GET", "/slow/x")).status]

    refused, *rest = asyncio.run(scenario())
    assert rest == [204, 204]
    assert (refused.status, refused.header("retry-after")) == (503, "2")
    assert refused.json() == {
        "type": "https://hawkapi.ashimov.com/errors/concurrency-limit",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "Concurrency limit reached for /slow/x",
    }


async def hello_again() -> None:
    """Answer."""


@pytest.mark.parametrize(
    ("options", "begun"), [({"initial_limit": 1}, 1), ({"initial_limit": 30, "max_limit": 20}, 20)]
)
def test_first_limit(options: dict[str, int], begun: int) -> None:
    """It is the one that was asked for, also below the lowest one, but never above the highest."""
    service = Service(**options)
    assert (service.middleware.limit_of("/"), service.run(1, 0.01)) == (begun, max(10, begun))


def test_cancelled_requests_free_their_slots() -> None:
    """However a request ends, its slot is free."""

    async def forever(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    app = AdaptiveConcurrencyMiddleware(forever, initial_limit=1, min_limit=1)

    async def scenario() -> None:
        for _ in range(3):
            task = asyncio.create_task(call(app, "GET", "/"))
            await asyncio.sleep(0)
            assert not task.done()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "options",
    [
        {"initial_limit": 0},
        {"min_limit": 0},
        {"max_limit": 0},
        {"max_limit": 9},
        {"smoothing": 1},
        {"smoothing": -0.1},
        {"target_p99_ms": 0},
    ],
)
def test_wrong_options(options: dict[str, Any]) -> None:
    """They are refused when the middleware is added."""
    with pytest.raises(ValueError, match=next(iter(options))):
        HawkAPI().add_middleware(AdaptiveConcurrencyMiddleware, **options)

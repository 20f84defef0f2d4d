"""`CircuitBreakerMiddleware`: when it opens, whom it lets try, and what it ignores."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgi import Reply, call, request
from clocks import Clock

from hawkapi import HawkAPI, HTTPException, Response
from hawkapi.exceptions import ClientDisconnect
from hawkapi.middleware import CircuitBreakerMiddleware


class Service:
    """An application whose handler answers as it is told, behind a breaker."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.calls = 0
        self.outcome: Any = 200
        self.app = HawkAPI()
        self.app.get("/users/{name}")(self.handle)
        self.app.get("/other")(self.handle)
        self.app.add_middleware(CircuitBreakerMiddleware, clock=self.clock, **options)

    async def handle(self) -> Response:
        """Answer."""
        self.calls += 1
        outcome = self.outcome
        if isinstance(outcome, asyncio.Future):
            outcome = await outcome
        if isinstance(outcome, BaseException):
            raise outcome
        return Response(b"", status_code=outcome)

    def ask(self, outcome: Any = 200, path: str = "/users/ann") -> int:
        """Send one request and return the status of the answer."""
        self.outcome = outcome
        return request(self.app, "GET", path).status

    def open(self, failures: int = 5) -> None:
        """Fail until it opens."""
        assert [self.ask(500) for _ in range(failures)] == [500] * failures


def test_failures_in_a_row_open_it() -> None:
    """One fewer does not; a success in between begins the count anew."""
    service = Service(failure_threshold=3)
    assert [service.ask(status) for status in (500, 503, 200, 500, 500, 404, 500, 500)] == [
        500, 503, 200, 500, 500, 404, 500, 500,
    ]  # fmt: skip
    assert [service.ask(500), service.ask(200)] == [500, 503]
    assert service.calls == 9


def test_refusal() -> None:
    """It is a problem document that says when to come again."""
    service = Service()
    service.open()
    service.clock.now = 9.5
    reply = request(service.app, "GET", "/users/bob")
    assert (reply.status, reply.header("retry-after")) == (503, "21")
    assert reply.json() == {
        "type": "https://hawkapi.ashimov.com/errors/circuit-open",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "Circuit breaker is open for /users/bob",
    }


def test_routes_have_their_own_circuits() -> None:
    """Paths of one route share it, other routes do not; what no route takes is never asked for long."""
    service = Service()
    service.open()
    assert [service.ask(200, path) for path in ("/users/bob", "/other", "/nowhere")] == [503, 200, 404]


@pytest.mark.parametrize(("outcome", "then"), [(200, 200), (404, 200), (500, 503), (ZeroDivisionError(), 503)])
def test_half_open(outcome: Any, then: int) -> None:
    """After the time one request tries: success closes the circuit, failure opens it for another time."""
    service = Service(recovery_timeout=10)
    service.open()
    service.clock.now = 9.9
    assert service.ask() == 503
    service.clock.now = 10
    service.ask(outcome)
    service.clock.now = 19.9
    assert service.ask() == then
    service.clock.now = 20
    assert service.ask() == 200


def run_together(service: Service, count: int) -> tuple[list[Reply], int]:
    """Send requests that wait for each other, and return the answers and how many reached the handler."""

    async def scenario() -> list[Reply]:
        gate: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        service.outcome = gate
        tasks = [asyncio.create_task(call(service.app, "GET", "/users/x")) for _ in range(count)]
        for _ in range(5):
            await asyncio.sleep(0)
        gate.set_result(200)
        return await asyncio.gather(*tasks)

    before = service.calls
    return asyncio.run(scenario()), service.calls - before


@pytest.mark.parametrize("most", [1, 3])
def test_half_open_admits_exactly_its_calls(most: int) -> None:
    """Of many requests at once so many try; the others are refused."""
    service = Service(half_open_max_calls=most)
    service.open()
    service.clock.now = 30
    replies, calls = run_together(service, 10)
    assert calls == most
    assert sorted(reply.status for reply in replies) == [200] * most + [503] * (10 - most)


def test_probe_that_is_cancelled() -> None:
    """Its slot is free again: nothing was found out."""
    service = Service()
    service.open()
    service.clock.now = 30

    async def scenario() -> None:
        service.outcome = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(call(service.app, "GET", "/users/x"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    assert service.calls == 6
    assert service.ask() == 200


@pytest.mark.parametrize("exc", [None, ClientDisconnect("gone")], ids=["silence", "client gone"])
def test_probe_without_a_response(exc: Exception | None) -> None:
    """A request that ends without a response says nothing."""
    clock = Clock()
    outcomes: list[Any] = [500, exc, 200, 200]

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is not None:
            await Response(b"", status_code=outcome)(scope, receive, send)

    app = CircuitBreakerMiddleware(inner, failure_threshold=1, clock=clock)
    assert [request(app, "GET", "/").status for _ in range(2)] == [500, 503]
    clock.now = 30
    if exc is not None:
        with pytest.raises(ClientDisconnect):
            request(app, "GET", "/")
    else:
        request(app, "GET", "/")
    assert [request(app, "GET", "/").status for _ in range(2)] == [200, 200]


def test_exception_that_is_an_answer() -> None:
    """A middleware that refuses a client with an exception has not failed."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        raise HTTPException(int(scope["query_string"]))

    def ask(path: str) -> int:
        with pytest.raises(HTTPException) as caught:
            request(app, "GET", path)
        return caught.value.status_code

    app = CircuitBreakerMiddleware(inner, failure_threshold=2, clock=Clock())
    assert [ask("/?500"), ask("/?404"), ask("/?500"), ask("/?500")] == [500, 404, 500, 500]
    assert request(app, "GET", "/?500").status == 503


def test_late_success_does_not_close_it() -> None:
    """What was admitted before it opened says nothing about now."""
    service = Service(failure_threshold=1)

    async def scenario() -> None:
        gate: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        service.outcome = gate
        slow = asyncio.create_task(call(service.app, "GET", "/users/slow"))
        await asyncio.sleep(0)
        service.outcome = 500
        assert (await call(service.app, "GET", "/users/fast")).status == 500
        gate.set_result(200)
        assert (await slow).status == 200

    asyncio.run(scenario())
    assert service.ask() == 503


def test_application_without_routes_of_ours() -> None:
    """Its paths are told apart, up to a thousand; the others are one."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await Response(b"", status_code=500)(scope, receive, send)

    app = CircuitBreakerMiddleware(inner, failure_threshold=1, clock=Clock())
    assert [request(app, "GET", path).status for path in ("/a", "/b", "/a")] == [500, 500, 503]
    assert {request(app, "GET", f"/{number}").status for number in range(998)} == {500}
    assert [request(app, "GET", path).status for path in ("/x", "/y", "/b", "/997")] == [500, 503, 503, 503]


@pytest.mark.parametrize("options", [{"failure_threshold": 0}, {"recovery_timeout": -1}, {"half_open_max_calls": 0}])
def test_wrong_options(options: dict[str, Any]) -> None:
    """They are refused when the middleware is added."""
    with pytest.raises(ValueError, match=next(iter(options))):
        HawkAPI().add_middleware(CircuitBreakerMiddleware, **options)

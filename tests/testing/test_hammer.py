"""`hammer`: many loops in many threads, and every answer looked at."""

from __future__ import annotations

import asyncio
import itertools
import threading
from contextvars import ContextVar
from typing import Any

import pytest

from hawkapi import HawkAPI, Request, Response
from hawkapi.testing import Call, HammerError, TestResponse, hammer
from hawkapi.testing.hammer import Requests
from hawkapi.types import Receive, Scope, Send

variable: ContextVar[str] = ContextVar("variable", default="unset")


def greeting() -> HawkAPI:
    """Return an application that is right."""
    app = HawkAPI()

    @app.get("/hello/{name}")
    async def hello(name: str) -> str:
        return name

    @app.post("/sum")
    async def add(numbers: list[int]) -> int:
        return sum(numbers)

    return app


def test_report_of_an_application_that_is_right() -> None:
    """Every request is sent in every round by every thread, and counted by its status."""
    calls: Requests = ["/hello/a", ("GET", "/hello/b"), "GET /none", Call.to("POST", "/sum", json=[1, 2])]
    report = hammer(greeting(), calls, threads=3, rounds=5)
    assert (report.requests, report.statuses) == (60, {200: 30, 201: 15, 404: 15})
    assert (report.exceptions, report.failures, report.seed) == ({}, [], None)


def test_one_request_is_enough() -> None:
    """A single one needs no list."""
    assert hammer(greeting(), "/hello/a", threads=2, rounds=2).requests == 4
    assert hammer(greeting(), Call("GET", "/hello/a"), threads=2, rounds=1, seed=1).requests == 2


def test_each_thread_has_a_loop_of_its_own() -> None:
    """The application runs in as many loops as there are threads, at the same time."""
    loops: set[asyncio.AbstractEventLoop] = set()
    together = threading.Barrier(4)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        loops.add(asyncio.get_running_loop())
        together.wait(60)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    hammer(app, "/", threads=4, rounds=1, lifespan=False)
    assert len(loops) == 4


def test_answers_that_differ() -> None:
    """The error lists the first ones; its report has all."""
    app = HawkAPI()
    numbers = itertools.count()

    @app.get("/number")
    async def number() -> int:
        return next(numbers)

    with pytest.raises(HammerError, match=r"^19 of 20 answers were not right:\n") as caught:
        hammer(app, "/number", threads=2, rounds=10)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 + 5 + 1
    assert "GET /number: 200 b'" in lines[1]
    assert "but another answer was 200 b'" in lines[1]
    assert lines[-1] == "  ... and 14 more"
    assert len(caught.value.report.failures) == 19
    assert isinstance(caught.value, AssertionError)


def test_exceptions_behind_answers() -> None:
    """A 500 with an exception behind it is never right by itself, nor is an exception that escapes."""
    app = HawkAPI()

    @app.get("/")
    async def fail() -> None:
        raise ValueError("broken")

    async def raw(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyError("raw")

    with pytest.raises(HammerError, match=r"500 .* because of ValueError\('broken'\)") as caught:
        hammer(app, "/", threads=2, rounds=1)
    assert caught.value.report.exceptions == {"ValueError": 2}
    with pytest.raises(HammerError, match=r"500 .* because of KeyError\('raw'\)"):
        hammer(raw, "/", threads=2, rounds=1, lifespan=False)


def test_check_of_the_users_own() -> None:
    """It sees each answer with its request; what it refuses is listed with the seed."""

    def check(call: Call, response: TestResponse) -> bool:
        assert response.json() != "b", "b is not wanted"
        return call.path != "/hello/c"

    assert hammer(greeting(), "/hello/a", threads=2, rounds=2, check=check).requests == 4
    with pytest.raises(HammerError, match=r"4 of 4 .* \(seed=5\):\n.*GET /hello/b: b is not wanted"):
        hammer(greeting(), "/hello/b", threads=2, rounds=2, check=check, seed=5)
    with pytest.raises(HammerError, match="the check refused 200 b'\"c\"'"):
        hammer(greeting(), "/hello/c", threads=2, rounds=2, check=check)

    def bare(call: Call, response: TestResponse) -> None:
        raise AssertionError

    with pytest.raises(HammerError, match="the check failed for 200 b'\"c\"'"):
        hammer(greeting(), "/hello/c", threads=2, rounds=2, check=bare)


def orders(seed: int | None) -> set[tuple[str, ...]]:
    """Return the order of the requests in each of two threads."""
    seen: dict[object, list[str]] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.setdefault(scope["client"], []).append(scope["path"])
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    hammer(app, ["/a", "/b", "/c", "/d"], threads=2, rounds=2, seed=seed, lifespan=False)
    return {tuple(order) for order in seen.values()}


def test_order_of_the_requests() -> None:
    """Threads go round from different places; with a seed they have an order that comes again."""
    round_trip = ("/a", "/b", "/c", "/d")
    shifted = ("/b", "/c", "/d", "/a")
    assert orders(None) == {round_trip * 2, shifted * 2}
    assert orders(7) == orders(7) != orders(8)


def test_cookies_are_each_threads_own() -> None:
    """Every thread is a client with its own session."""
    app = HawkAPI()

    @app.get("/")
    async def visit(request: Request) -> Response:
        count = int(request.cookies.get("count", "0")) + 1
        response = Response(str(count))
        response.set_cookie("count", str(count))
        return response

    seen: set[str] = set()
    hammer(app, "/", threads=2, rounds=3, check=lambda _, response: seen.add(response.text))
    assert seen == {"1", "2", "3"}


def test_lifespan_is_counted() -> None:
    """Start-up and shutdown run once, in one of the loops; without `lifespan` they do not run."""
    log: list[str] = []
    app = greeting()
    app.on_startup(lambda: log.append("start"))
    app.on_shutdown(lambda: log.append("stop"))
    hammer(app, "/hello/a", threads=4, rounds=1, lifespan=False)
    assert log == []
    hammer(app, "/hello/a", threads=4, rounds=1)
    assert log == ["start", "stop"]


def test_start_up_that_fails() -> None:
    """The exception itself is raised, and no thread is left waiting for the others."""
    app = greeting()

    @app.on_startup
    def connect() -> None:
        raise ValueError("no database")

    with pytest.raises(ValueError, match="no database"):
        hammer(app, "/hello/a", threads=1, rounds=1)
    with pytest.raises(Exception, match="no database"):
        hammer(app, "/hello/a", threads=4, rounds=1)


def test_context_variables_of_the_test_reach_every_thread() -> None:
    """Each thread has a copy of the caller's."""
    app = HawkAPI()
    app.get("/")(variable_now)
    token = variable.set("by the test")
    try:
        hammer(app, "/", threads=2, rounds=1, check=lambda _, response: response.json() == "by the test")
    finally:
        variable.reset(token)


async def variable_now() -> str:
    """Answer the context variable."""
    return variable.get()


def test_application_that_hangs() -> None:
    """The time limit ends it, and says where the threads are."""
    release = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        release.wait(60)

    try:
        with pytest.raises(TimeoutError, match=r"(?s)2 of 2 threads still run:.*release\.wait"):
            hammer(app, "/", threads=2, rounds=1, timeout_s=0.1, lifespan=False)
    finally:
        release.set()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({"requests": []}, ValueError, id="no-requests"),
        pytest.param({"requests": "/", "threads": 0}, ValueError, id="no-threads"),
        pytest.param({"requests": "/", "rounds": 0}, ValueError, id="no-rounds"),
        pytest.param({"requests": [5]}, TypeError, id="number"),
    ],
)
def test_arguments_that_have_no_meaning(options: dict[str, Any], error: type[Exception]) -> None:
    """They are refused with a sentence."""
    with pytest.raises(error, match=r"hammer (needs|takes)"):
        hammer(greeting(), **options)

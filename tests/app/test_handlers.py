"""Every kind of handler."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from apps import app_with, current_user
from asgi import call, request

from hawkapi import PlainTextResponse, Response


class Service:
    """Holds handlers that are methods and an object that can be called."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def read(self, number: int) -> list[object]:
        """Answer from a method."""
        return [self.name, number]

    def read_in_thread(self, number: int) -> list[object]:
        """Answer from a plain method."""
        return [self.name, number]

    @classmethod
    async def read_class(cls, number: int) -> list[object]:
        """Answer from a class method."""
        return [cls.__name__, number]

    @staticmethod
    async def read_static(number: int) -> list[object]:
        """Answer from a static method."""
        return ["static", number]

    async def __call__(self, number: int) -> list[object]:
        """Answer from the object."""
        return [self.name, number]


async def two_numbers(name: str, number: int) -> list[object]:
    """Answer both."""
    return [name, number]


def plain_wrapper(function: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Wrap a coroutine function in a plain function, as many decorators do."""

    @functools.wraps(function)
    def call_it(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return call_it


def running_wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a coroutine function in one that runs it to its end, in the worker thread."""

    @functools.wraps(function)
    def call_it(*args: Any, **kwargs: Any) -> Any:
        return asyncio.run(function(*args, **kwargs))

    return call_it


@pytest.mark.parametrize(
    ("handler", "name"),
    [
        pytest.param(Service("method").read, "method", id="method"),
        pytest.param(Service("plain").read_in_thread, "plain", id="plain-method"),
        pytest.param(Service.read_class, "Service", id="class-method"),
        pytest.param(Service.read_static, "static", id="static-method"),
        pytest.param(Service("object"), "object", id="object"),
        pytest.param(functools.partial(two_numbers, "partial"), "partial", id="partial"),
        pytest.param(functools.partial(Service("inside")), "inside", id="partial-of-object"),
        pytest.param(functools.partial(Service("deep").read), "deep", id="partial-of-method"),
        pytest.param(plain_wrapper(Service("wrapped").read), "wrapped", id="plain-wrapper"),
        pytest.param(running_wrapper(Service("run").read), "run", id="wrapper-that-runs-a-loop"),
    ],
)
def test_handler_kinds(handler: Callable[..., Any], name: str) -> None:
    """Whatever can be called with the right arguments is a handler."""
    assert request(app_with(handler), "GET", "/?number=5").json() == [name, 5]


def test_partial_fixes_a_keyword() -> None:
    """An argument that a partial gives by name is bound: the query cannot replace it."""
    app = app_with(functools.partial(two_numbers, number=5))
    assert request(app, "GET", "/?name=x&number=6").json() == ["x", 5]


def test_plain_function_runs_in_a_named_worker_with_the_context() -> None:
    """A plain function runs in a thread of the pool and sees the context variables of its request."""

    def where() -> list[str]:
        return [threading.current_thread().name, current_user.get()]

    async def scenario() -> Any:
        current_user.set("ada")
        return (await call(app_with(where, worker_threads=1), "GET", "/")).json()

    assert asyncio.run(scenario()) == ["hawkapi-worker_0", "ada"]


def test_coroutine_function_runs_on_the_loop() -> None:
    """A coroutine function runs in the thread of the event loop."""

    async def where() -> str:
        return threading.current_thread().name

    assert request(app_with(where), "GET", "/").json() == threading.current_thread().name


def test_plain_functions_of_one_loop_run_at_the_same_time() -> None:
    """Two requests to a blocking handler meet at a barrier."""
    barrier = threading.Barrier(2, timeout=30)

    def meet() -> int:
        return barrier.wait()

    async def scenario() -> list[Any]:
        app = app_with(meet)
        return [reply.json() for reply in await asyncio.gather(call(app, "GET", "/"), call(app, "GET", "/"))]

    assert sorted(asyncio.run(scenario())) == [0, 1]


def test_handler_is_always_called() -> None:
    """A handler that returns a constant response is called for every request all the same."""
    calls: list[int] = []

    async def constant() -> Response:
        calls.append(1)
        return PlainTextResponse("same")

    app = app_with(constant)
    assert [request(app, "GET", "/").body for _ in range(3)] == [b"same"] * 3
    assert len(calls) == 3

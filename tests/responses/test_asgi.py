"""Telling responses of other frameworks from ordinary results."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import pytest

from hawkapi import HawkAPI, Response
from hawkapi.responses._asgi import is_asgi_response


class Foreign:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class Child(Foreign):
    pass


class Awaitable:
    def __call__(self, scope: Any, receive: Any, send: Any) -> Any: ...


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    async def wrapper(*args: Any) -> Any:
        return await function(*args)

    return wrapper


class Wrapped:
    __call__ = decorated(Foreign.__call__)


class Method:
    async def app(self, scope: Any, receive: Any, send: Any) -> None: ...


async def function(scope: Any, receive: Any, send: Any) -> None: ...


@dataclass
class Item:
    name: str


@dataclass
class CallableItem(Item):
    async def __call__(self, a: Any, b: Any, c: Any) -> None: ...


class Answering:
    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for")


@pytest.mark.parametrize(
    "value",
    [Foreign(), Child(), Awaitable(), Wrapped(), Method().app, function, Response(), HawkAPI()],
    ids=["class", "subclass", "plain-call", "wrapped", "method", "function", "response", "application"],
)
def test_asgi_response(value: Any) -> None:
    """Whatever is called with scope, receive and send is sent that way."""
    assert is_asgi_response(value) is True


@pytest.mark.parametrize(
    "value",
    [
        None, 1, "text", b"bytes", {"scope": 1}, [1], (1, 2), Item("x"), CallableItem("x"), Item, Foreign, dict, len,
        lambda: None, lambda x: x, functools.partial(print), Answering(), Foreign.__call__, object(),
    ],
    ids=repr,
)  # fmt: skip
def test_ordinary_value(value: Any) -> None:
    """Everything else is a value, whatever else it may be called with."""
    assert is_asgi_response(value) is False


def test_starlette_response() -> None:
    """Responses of Starlette are recognised."""
    starlette = pytest.importorskip("starlette.responses")
    assert is_asgi_response(starlette.PlainTextResponse("x"))
    assert is_asgi_response(starlette.StreamingResponse(iter([b"x"])))
    assert not is_asgi_response(starlette.PlainTextResponse)

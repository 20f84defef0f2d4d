"""What handlers return, on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from apps import JSON, VARY, Box, Item, SecretItem, app_with, length
from asgi import http_scope, request

from hawkapi import Depends, HawkAPI, JSONResponse, PlainTextResponse
from hawkapi.types import Message, Receive, Scope, Send


@pytest.mark.parametrize(
    ("result", "status", "headers", "body"),
    [
        pytest.param(None, 204, [], b"", id="none"),
        pytest.param("text", 200, [JSON, length("xxxxxx"), VARY], b'"text"', id="text-is-json"),
        pytest.param(b"abc", 200, [JSON, length("xxxxxx"), VARY], b'"YWJj"', id="bytes-are-base64"),
        pytest.param([], 200, [JSON, length("[]"), VARY], b"[]", id="empty-list"),
        pytest.param(0, 200, [JSON, length("0"), VARY], b"0", id="zero"),
        pytest.param((1, "a"), 200, [JSON, length("xxxxxxx"), VARY], b'[1,"a"]', id="tuple-is-an-array"),
        pytest.param(Item("x"), 200, [JSON, length("x" * 24), VARY], b'{"name":"x","price":0.5}', id="dataclass"),
        pytest.param(
            PlainTextResponse("x", status_code=203),
            203,
            [(b"content-type", b"text/plain; charset=utf-8"), length("x")],
            b"x",
            id="response-as-it-is",
        ),
        pytest.param(JSONResponse(None), 200, [JSON, length("null")], b"null", id="json-null"),
    ],
)
def test_result(result: object, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """A response is sent as it is, `None` as no content, and anything else as JSON."""

    async def handler():  # type: ignore[no-untyped-def]
        return result

    reply = request(app_with(handler), "GET", "/")
    assert (reply.status, reply.headers, reply.body) == (status, headers, body)


@pytest.mark.parametrize(
    ("decorator", "result", "status", "body"),
    [
        pytest.param("post", {"a": 1}, 201, b'{"a":1}', id="post"),
        pytest.param("post", None, 201, b"", id="post-nothing"),
        pytest.param("delete", {"a": 1}, 204, b"", id="delete-drops-the-body"),
        pytest.param("delete", None, 204, b"", id="delete-nothing"),
    ],
)
def test_result_status(decorator: str, result: object, status: int, body: bytes) -> None:
    """The route's status is that of what the handler did not make a response of."""

    async def handler():  # type: ignore[no-untyped-def]
        return result

    app = HawkAPI()
    getattr(app, decorator)("/")(handler)
    reply = request(app, decorator.upper(), "/")
    assert (reply.status, reply.body) == (status, body)
    if status == 204:
        assert reply.headers == []


async def returns_item() -> Item:
    """Return a subclass's object."""
    return SecretItem("x", hidden="seen")


async def returns_items() -> list[Item]:
    """Return both classes' objects."""
    return [Item("x"), SecretItem("y")]


async def returns_box() -> Box:
    """Return a subclass's object inside another."""
    return Box(SecretItem("x"), [SecretItem("y")])


async def returns_optional() -> Item | None:
    """Return a subclass's object or nothing."""
    return SecretItem("x")


async def returns_mapping() -> dict[str, Item]:
    """Return a subclass's object in a dict."""
    return {"k": SecretItem("x")}


async def returns_dict() -> Item:
    """Return a dict with more members than the model."""
    return {"name": "x", "hidden": "seen"}  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        pytest.param(returns_item, {"name": "x", "price": 0.5}, id="dataclass"),
        pytest.param(returns_items, [{"name": "x", "price": 0.5}, {"name": "y", "price": 0.5}], id="list"),
        pytest.param(
            returns_box, {"item": {"name": "x", "price": 0.5}, "more": [{"name": "y", "price": 0.5}]}, id="nested"
        ),
        pytest.param(returns_optional, {"name": "x", "price": 0.5}, id="optional"),
        pytest.param(returns_mapping, {"k": {"name": "x", "price": 0.5}}, id="dict"),
        pytest.param(returns_dict, {"name": "x", "price": 0.5}, id="other-type"),
    ],
)
def test_return_annotation_filters(handler: Callable[..., Any], expected: object) -> None:
    """What the return annotation does not have is never sent, also not what a subclass adds."""
    assert request(app_with(handler), "GET", "/").json() == expected


async def returns_none_as_item() -> Item | None:
    """Return nothing."""
    return None


def test_return_annotation_and_none() -> None:
    """`None` is no content, whatever the annotation."""
    assert request(app_with(returns_none_as_item), "GET", "/").status == 204


class Through:
    """A middleware that only passes on."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def value() -> int:
    return 1


async def plain() -> Any:
    return {}


async def with_dependency(got: Annotated[int, Depends(value)]) -> Any:
    return {"got": got}


def in_a_thread() -> Any:
    return {}


@pytest.mark.parametrize("handler", [plain, with_dependency, in_a_thread])
@pytest.mark.parametrize("middleware", [False, True], ids=["direct", "behind-middleware"])
@pytest.mark.parametrize("sent", [0, 1])
def test_client_that_has_gone(handler: Callable[..., Any], middleware: bool, sent: int) -> None:
    """An `OSError` of `send` says that the client has gone (ASGI HTTP 2.4): nobody's failure."""
    app = app_with(handler)
    if middleware:
        app.add_middleware(Through)
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if len(messages) == sent:
            raise OSError("gone")
        messages.append(message)

    asyncio.run(app(http_scope("GET", "/"), receive, send))
    assert len(messages) == sent

"""Bodies, as a client sees them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apps import TYPES, Item, app_with, assert_problem, hello, take_item
from asgi import request

from hawkapi import Depends, HawkAPI, Request
from hawkapi.requests.body import body_reader


@pytest.mark.parametrize(
    "chunks",
    [[b'{"name":"x"}', b""], [b'{"na', b'me":"', b'x"}'], [b"", b'{"name":"x"}']],
    ids=["last-empty", "three", "first-empty"],
)
def test_chunked_body(chunks: list[bytes]) -> None:
    """A body in several messages is put together."""
    reply = request(app_with(take_item, "/", "POST"), "POST", "/", chunks=chunks)
    assert reply.json()[1] == {"name": "x", "price": 0.5}


@pytest.mark.parametrize(("limit", "status"), [(13, 200), (12, 200), (11, 413), (0, 413)])
@pytest.mark.parametrize("chunks", [[b'{"name":"x"}'], [b'{"name', b'":"x"}']], ids=["whole", "chunked"])
def test_body_limit(limit: int, status: int, chunks: list[bytes]) -> None:
    """A body as long as the limit is read; one byte more is refused."""
    reply = request(app_with(take_item, "/", "POST", max_body_size=limit), "POST", "/", chunks=chunks)
    assert reply.status == status


def test_body_too_large() -> None:
    """413 names the limit."""
    reply = request(app_with(take_item, "/", "POST", max_body_size=3), "POST", "/", body=b"[1,2]")
    detail = "Request body exceeds maximum size of 3 bytes"
    body = f'{{"type":"{TYPES}payload-too-large","title":"Payload Too Large","status":413,"detail":"{detail}"}}'
    assert_problem(reply, 413, body)


def test_body_not_read_without_body_parameter() -> None:
    """A handler that takes no body is called whatever the client sends."""
    assert request(app_with(hello, "/", "POST", max_body_size=0), "POST", "/", body=b"x" * 100).status == 200


@pytest.mark.asgi_only("a body of unknown length that breaks off looks complete")
def test_disconnect_in_the_body() -> None:
    """When the client leaves in the middle of the body, the handler is not called and nothing is sent."""
    called: list[Item] = []

    async def take(item: Item) -> None:
        called.append(item)

    async def scenario() -> list[Any]:
        incoming = iter(
            [{"type": "http.request", "body": b'{"name":"x"}', "more_body": True}, {"type": "http.disconnect"}]
        )
        sent: list[Any] = []

        async def receive() -> Any:
            return next(incoming)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b""}
        await app_with(take, "/", "POST")(scope, receive, send)
        return sent

    assert (asyncio.run(scenario()), called) == ([], [])


def digesting(read: int | None) -> HawkAPI:
    """Return an application with a dependency that streams a body, or so many pieces, which the handler has as JSON."""
    app = HawkAPI()

    async def digest(request: Request) -> list[str]:
        pieces: list[str] = []
        async for piece in request.stream():
            pieces.append(piece.decode())
            if len(pieces) == read:
                break
        return pieces

    @app.post("/")
    async def handler(item: dict[str, int], pieces: list[str] = Depends(digest)) -> list[Any]:
        return [item, pieces]

    return app


@pytest.mark.parametrize(
    ("chunks", "read", "pieces"),
    [
        pytest.param([b'{"a":1}'], None, ['{"a":1}'], id="whole"),
        pytest.param([b'{"a"', b":1}"], None, ['{"a"', ":1}"], id="pieces"),
        pytest.param([b'{"a"', b":1}"], 1, ['{"a"'], id="given-up"),
    ],
)
@pytest.mark.parametrize("is_asked_before", [False, True], ids=["fresh", "behind-middleware"])
def test_body_that_a_dependency_streams(
    is_asked_before: bool, chunks: list[bytes], read: int | None, pieces: list[str]
) -> None:
    """Both have it, also where middleware has looked at the request before."""

    class Looking:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if is_asked_before:
                body_reader(scope, receive)
            await self.app(scope, receive, send)

    app = digesting(read)
    app.add_middleware(Looking)
    assert request(app, "POST", "/", chunks=chunks).json() == [{"a": 1}, pieces]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[]", 400), (b"[" + b" " * 10_485_760, 413)],
    ids=["empty", "broken", "list", "long"],
)
def test_wrong_body_that_a_dependency_streams(body: bytes, status: int) -> None:
    """It is refused as elsewhere."""
    assert request(digesting(None), "POST", "/", chunks=[body[:1], body[1:]]).status == status

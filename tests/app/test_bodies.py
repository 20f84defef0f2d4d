"""Bodies, as a client sees them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apps import TYPES, Item, app_with, assert_problem, hello, take_item
from asgi import request


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

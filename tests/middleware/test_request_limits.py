"""`RequestLimitsMiddleware`: queries and header fields at and above their limits."""

from __future__ import annotations

from typing import Any

import pytest
from apps import app_with, hello
from asgi import request

from hawkapi import HawkAPI, TestClient, WebSocket
from hawkapi.middleware import RequestLimitsMiddleware
from hawkapi.testing import WebSocketDenied

TYPE = "https://hawkapi.ashimov.com/errors/http"


@pytest.mark.parametrize(
    ("target", "headers", "options", "expected"),
    [
        ("/?" + "a" * 2048, {}, {}, None),
        ("/?" + "a" * 2049, {}, {}, (414, "URI Too Long", "Query string length 2049 exceeds limit of 2048")),
        ("/?%61", {}, {"max_query_length": 2}, (414, "URI Too Long", "Query string length 3 exceeds limit of 2")),
        ("/", {f"x-{number}": "" for number in range(100)}, {}, None),
        (
            "/",
            {f"x-{number}": "" for number in range(101)},
            {},
            (431, "Request Header Fields Too Large", "Header count 101 exceeds limit of 100"),
        ),
        ("/", {"x": "a" * 8192}, {}, None),
        (
            "/",
            {"x": "a" * 8193},
            {},
            (431, "Request Header Fields Too Large", "Header value size 8193 exceeds limit of 8192"),
        ),
    ],
    ids=["query at", "query above", "query encoded", "count at", "count above", "size at", "size above"],
)
def test_limits(target: str, headers: dict[str, str], options: dict[str, int], expected: Any) -> None:
    """Exactly as much is fine, one more is a problem document."""
    app = app_with(hello)
    app.add_middleware(RequestLimitsMiddleware, **options)
    reply = request(app, "GET", target, headers=headers)
    if expected is None:
        assert reply.status == 200
        return
    status, title, detail = expected
    assert (reply.status, reply.header("content-type")) == (status, "application/problem+json")
    assert reply.json() == {"type": TYPE, "title": title, "status": status, "detail": detail}


def test_limits_of_a_websocket() -> None:
    """A handshake is a request too."""
    app = HawkAPI()

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        """Be reached."""
        await socket.accept()

    app.add_middleware(RequestLimitsMiddleware, max_query_length=1)
    with TestClient(app) as client, pytest.raises(WebSocketDenied) as caught, client.websocket_connect("/ws?ab"):
        pass
    assert caught.value.response.status_code == 414


def test_wrong_limit() -> None:
    """It is refused when the middleware is added."""
    with pytest.raises(ValueError, match="max_header_size is -1"):
        HawkAPI().add_middleware(RequestLimitsMiddleware, max_header_size=-1)

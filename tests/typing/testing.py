"""What users write in their tests; type checkers read it, and nothing runs it."""

from __future__ import annotations

from typing import Any, assert_type

from hawkapi import HawkAPI, TestClient, TestResponse, override
from hawkapi.testing import AsyncWebSocketSession, Call, HammerReport, WebSocketSession, hammer


def sync_tests(app: HawkAPI) -> None:
    """Every argument of a request is typed, and so is what comes back."""
    with TestClient(app, "https://example.com", overrides={int: lambda: 1}, cookies={"a": "b"}) as client:
        assert_type(client, TestClient)
        response = client.post("/", json={"a": 1}, params={"q": [1, 2]}, headers={"a": "b"}, timeout_s=1.5)
        assert_type(response, TestResponse)
        assert_type(response.json(), Any)
        assert_type(response.headers.getlist("a"), list[str])
        client.put("/", files={"f": b"1", "g": ("name", b"2", "text/plain")}, data={"a": 1})
        client.post("/", content=iter([b"a", b"b"]), follow_redirects=True, cookies={"a": "b"})
        with client.stream("GET", "/") as streamed:
            for line in streamed.iter_lines():
                assert_type(line, str)
        assert_type(client.websocket_connect("/", ["chat"]), WebSocketSession)
        with override(app, {int: lambda: 2}):
            client.get("/")
        client.cookies = {"a": "b"}
    assert_type(hammer(app, ["/", ("GET", "/"), Call.to("POST", "/", json=1)], threads=2), HammerReport)


async def async_tests(app: HawkAPI) -> None:
    """The async forms have the same arguments."""
    async with TestClient(app) as client:
        assert_type(await client.async_post("/", json=1, params=[("a", "b")]), TestResponse)
        async with client.async_stream("GET", "/") as streamed:
            async for chunk in streamed.aiter_bytes():
                assert_type(chunk, bytes)
        assert_type(client.async_websocket_connect("/"), AsyncWebSocketSession)


def mistakes(client: TestClient) -> None:
    """What no request has is refused by type checkers too."""
    client.get("/", nonsense=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.get("/", headers=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

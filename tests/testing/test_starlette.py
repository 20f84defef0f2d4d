"""Applications of another framework, driven by the same client."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hawkapi.testing import TestClient, WebSocketDisconnect, hammer

pytestmark = pytest.mark.skipif(importlib.util.find_spec("starlette") is None, reason="starlette is not installed")


def starlette_app(log: list[str]) -> Any:
    """Return an application with everything that a client meets."""
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.responses import JSONResponse, RedirectResponse, StreamingResponse
    from starlette.routing import Route, WebSocketRoute

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, str]]:
        log.append("start")
        yield {"pool": "p"}
        log.append("stop")

    async def show(request: Any) -> Any:
        body = (await request.body()).decode()
        answer = {"url": str(request.url), "client": request.client.host, "body": body, **request.cookies}
        return JSONResponse({**answer, "pool": getattr(request.state, "pool", None)})

    async def stream(request: Any) -> Any:
        async def numbers() -> AsyncIterator[str]:
            for number in itertools.count():
                yield f"{number}\n"

        return StreamingResponse(numbers())

    async def redirect(request: Any) -> Any:
        response = RedirectResponse("/", 303, background=BackgroundTask(log.append, "background"))
        response.set_cookie("user", "ada")
        return response

    async def fail(request: Any) -> Any:
        raise ValueError("broken")

    async def echo(websocket: Any) -> None:
        await websocket.accept("chat")
        async for text in websocket.iter_text():
            await websocket.send_json({"text": text})

    async def refuse(websocket: Any) -> None:
        await websocket.close(4003)

    return Starlette(
        routes=[
            Route("/", show, methods=["GET", "POST"]),
            Route("/stream", stream),
            Route("/redirect", redirect, methods=["POST"]),
            Route("/fail", fail),
            WebSocketRoute("/echo", echo),
            WebSocketRoute("/refuse", refuse),
        ],
        lifespan=lifespan,
    )


def test_starlette_application() -> None:
    """Lifespan state, bodies, cookies, redirects, background tasks and streams work as with our own."""
    log: list[str] = []
    with TestClient(starlette_app(log), "https://example.com/") as client:
        answer = client.post("/?a=1", data={"x": "y"}).json()
        assert answer == {
            "url": "https://example.com/?a=1",
            "client": "testclient",
            "body": "x=y",
            "pool": "p",
        }
        response = client.post("/redirect", follow_redirects=True)
        assert (response.json()["user"], [before.status_code for before in response.history]) == ("ada", [303])
        with client.stream("GET", "/stream") as streamed:
            lines = streamed.iter_lines()
            assert [next(lines), next(lines)] == ["0", "1"]
        with pytest.raises(ValueError, match="broken"):
            client.get("/fail")
        quiet = TestClient(client.app, raise_server_exceptions=False)
        assert quiet.get("/fail").text == "Internal Server Error"
    assert log == ["start", "background", "stop"]


def test_starlette_websockets() -> None:
    """A session talks to a handler, and hears of a refusal."""
    client = TestClient(starlette_app([]))
    with client.websocket_connect("/echo", ["chat"]) as session:
        session.send_text("a")
        assert (session.receive_json(), session.accepted_subprotocol) == ({"text": "a"}, "chat")
    with pytest.raises(WebSocketDisconnect) as caught:
        client.websocket_connect("/refuse").__enter__()
    assert caught.value.code == 4003


def test_starlette_start_up_that_fails() -> None:
    """The exception itself is raised."""
    from starlette.applications import Starlette

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        if app is not None:
            raise ValueError("no database")
        yield

    with pytest.raises(ValueError, match="no database"):
        TestClient(Starlette(lifespan=lifespan)).__enter__()


def test_starlette_under_the_hammer() -> None:
    """An application that knows nothing of several loops can be looked at too."""
    assert hammer(starlette_app([]), ["/", "/none"], threads=4, rounds=5).statuses == {200: 20, 404: 20}

"""Where the parameters of the path are in the scope: set once, for middleware of the route and all behind it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgi import http_scope, request
from websockets_asgi import ACCEPT, CONNECT, Wire, close, text, websocket_scope

from hawkapi import HawkAPI, HTTPException, Request, WebSocket
from hawkapi.responses import JSONResponse


class Recorded(dict[str, Any]):
    """A scope that counts how often the parameters are set."""

    def __init__(self, scope: dict[str, Any]) -> None:
        super().__init__(scope)
        self.settings = 0

    def __setitem__(self, key: str, value: Any) -> None:
        self.settings += key == "path_params"
        super().__setitem__(key, value)


class Noting:
    """Middleware that notes the parameters before and after what it is around, and hands a scope of its own on."""

    def __init__(self, app: Any, notes: list[Any]) -> None:
        self.app, self.notes = app, notes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Note what is there."""
        self.notes.append(scope.get("path_params"))
        await self.app(scope, receive, send)
        self.notes.append(scope.get("path_params"))


def application(notes: list[Any], around: str) -> HawkAPI:
    """Return an application whose handlers are behind no middleware, that of all routes, of their own, or both."""
    app = HawkAPI()
    if around in {"application", "both"}:
        app.add_middleware(Noting, notes=notes)
    own = [(Noting, {"notes": notes})] if around in {"route", "both"} else []

    @app.get("/{n:int}", middleware=own)
    async def handler(request: Request) -> Any:
        return request.path_params

    @app.get("/plain/{n:int}", middleware=own)
    async def plain(n: int) -> Any:
        raise HTTPException(418)

    @app.exception_handler(418)
    async def answer(request: Request, exc: Exception) -> JSONResponse:
        return JSONResponse(request.path_params)

    @app.websocket("/{n:int}", middleware=own)
    async def socket(ws: WebSocket) -> None:
        await ws.accept()
        await ws.send_json(ws.path_params)

    return app


IN_ORDER: dict[str, list[Any]] = {
    "none": [],
    "application": [None, "set"],
    "route": ["set", "set"],
    "both": [None, "set", "set", "set"],
}
"""By what is around a handler, what its middleware sees."""


every_shape = pytest.mark.parametrize("around", IN_ORDER)


def seen(around: str) -> list[Any]:
    """Return what the middleware of a request to number 5 notes."""
    return [None if each is None else {"n": 5} for each in IN_ORDER[around]]


async def body_of(app: HawkAPI, scope: dict[str, Any]) -> bytes:
    """Return the body that answers a request."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app(scope, receive, send)
    return b"".join(message["body"] for message in sent[1:])


@pytest.mark.asgi_only("it is about an ASGI scope")
@pytest.mark.parametrize("path", ["/5", "/plain/5"])
@every_shape
def test_request(around: str, path: str) -> None:
    """Middleware of the route, the handler, and a handler of exceptions find what was set once."""
    notes: list[Any] = []
    scope = Recorded(http_scope("GET", path))
    assert asyncio.run(body_of(application(notes, around), scope)) == b'{"n":5}'
    assert (scope.settings, notes) == (1, seen(around))


@every_shape
def test_request_to_a_mounted_application(around: str) -> None:
    """It is the same there."""
    notes: list[Any] = []
    app = HawkAPI()
    app.mount("/v1", application(notes, around))
    assert request(app, "GET", "/v1/5").json() == {"n": 5}
    assert notes == seen(around)


@every_shape
def test_websocket(around: str) -> None:
    """Middleware of the route and the handler find what was set once."""
    notes: list[Any] = []
    scope, wire = Recorded(websocket_scope("/5")), Wire(CONNECT)
    asyncio.run(application(notes, around)(scope, wire.receive, wire.send))
    assert wire.sent == [ACCEPT, text('{"n":5}'), close(1000)]
    assert (scope.settings, notes) == (1, seen(around))

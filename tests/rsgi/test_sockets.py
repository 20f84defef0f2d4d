"""WebSockets through RSGI, as far as it can carry them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rsgi import through_rsgi
from websockets_asgi import CONNECT, Wire, websocket_scope

from hawkapi import HawkAPI, HTTPException, WebSocket


def served(app: HawkAPI, target: str, *events: Any) -> list[Any]:
    """Return what an application sends to a client."""
    wire = Wire(CONNECT, *events)
    asyncio.run(through_rsgi(app, websocket_scope(target), wire.receive, wire.send))
    return wire.sent


def application() -> HawkAPI:
    """Return an application with WebSockets of each kind."""
    app = HawkAPI()

    @app.websocket("/echo")
    async def echo(ws: WebSocket) -> None:
        await ws.accept()
        async for message in ws.iter_text():
            await ws.send_text(message)

    @app.websocket("/bytes")
    async def binary(ws: WebSocket) -> None:
        await ws.accept()
        await ws.send_bytes(await ws.receive_bytes())

    @app.websocket("/silent")
    async def silent(ws: WebSocket) -> None:
        """Decide nothing."""

    @app.websocket("/refused")
    async def refused(ws: WebSocket) -> None:
        raise HTTPException(401)

    @app.websocket("/broken")
    async def broken(ws: WebSocket) -> None:
        raise LookupError("on purpose")

    return app


END = {"type": "websocket.disconnect", "code": 1001}
ACCEPT = {"type": "websocket.accept"}
CLOSE = {"type": "websocket.close", "code": 1005}


def test_messages() -> None:
    """Text and bytes go both ways; the end has no code."""
    hello = {"type": "websocket.receive", "text": "hello"}
    assert served(application(), "/echo", hello, END) == [ACCEPT, {"type": "websocket.send", "text": "hello"}, CLOSE]
    data = {"type": "websocket.receive", "bytes": b"hello"}
    assert served(application(), "/bytes", data) == [ACCEPT, {"type": "websocket.send", "bytes": b"hello"}, CLOSE]


@pytest.mark.parametrize(("target", "status"), [("/silent", 403), ("/refused", 401), ("/broken", 403), ("/no", 404)])
def test_handshake_that_is_not_accepted(target: str, status: int) -> None:
    """It is answered with a status in all cases: granian's worker ends where nobody decides."""
    sent = served(application(), target)
    assert sent[0] == {"type": "websocket.http.response.start", "status": status, "headers": []}


def test_subprotocols_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """RSGI has none; the log says what to do."""
    app = HawkAPI()

    @app.websocket("/")
    async def accept(ws: WebSocket) -> None:
        await ws.accept(subprotocol="chat")

    wire = Wire(CONNECT)
    scope = websocket_scope("/", [("sec-websocket-protocol", "chat, other")])
    asyncio.run(through_rsgi(app, scope, wire.receive, wire.send))
    assert wire.sent == [ACCEPT, CLOSE]
    assert "--interface asgi" in caplog.text

"""WebSockets as users write them; type checkers read it, and nothing runs it."""

from __future__ import annotations

from typing import Any, assert_type

from hawkapi import Depends, HawkAPI, JSONResponse, Router, WebSocket, WebSocketDisconnect, WebSocketState
from hawkapi.requests.connection import HTTPConnection
from hawkapi.routing.route import WebSocketRoute

app = HawkAPI(max_message_size=1000)
router = Router()


def who(connection: HTTPConnection) -> str:
    """Depend on either kind of connection."""
    return str(connection.state.user)


@app.websocket("/chat/{room}", name="chat", max_message_size=5, dependencies=[Depends(who)])
async def chat(ws: WebSocket, room: int, user: str = Depends(who)) -> None:
    """Use everything that a connection has."""
    assert_type(ws.state, WebSocketState)
    if not ws.allows_origin("https://example.org"):
        await ws.send_denial_response(JSONResponse({}, status_code=403))
    await ws.accept("chat", headers={"x-a": "1"})
    await ws.accept(headers=[(b"x-a", b"1")])
    assert_type(await ws.receive_text(), str)
    assert_type(await ws.receive_bytes(), bytes)
    assert_type(await ws.receive_json(mode="binary"), Any)
    async for message in ws:
        assert_type(message, str)
    async for packet in ws.iter_bytes():
        await ws.send_bytes(packet)
    try:
        await ws.send_json({"room": room, "user": user})
    except WebSocketDisconnect as exc:
        assert_type(exc.code, int)
    await ws.receive_json(mode="other")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await ws.close(4000, "bye")


assert_type(router.add_websocket_route("/chat", chat), WebSocketRoute)
app.websocket("/", methods=["GET"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

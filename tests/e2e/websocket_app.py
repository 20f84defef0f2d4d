"""The WebSockets that real servers serve to the end-to-end tests; below the rest of the paths are those of `apps`.

What a handler learns that its client cannot be told any more is recorded under a key that the client has chosen.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from hawkapi import HawkAPI, HTTPException, JSONResponse, WebSocket, WebSocketDisconnect

# By its name: the tests themselves have another module `apps`.
http: Any = importlib.import_module("apps")
records = http.records

app = HawkAPI(max_message_size=100_000)
app.mount("/", http.app)


@app.get("/gil")
async def gil() -> dict[str, bool]:
    """Answer whether there is a GIL."""
    return {"gil": getattr(sys, "_is_gil_enabled", lambda: True)()}


@app.websocket("/echo")
async def echo(ws: WebSocket) -> None:
    """Send every message back as it came."""
    await ws.accept()
    while True:
        message = await ws.receive()
        if message.get("text") is not None:
            await ws.send_text(message["text"])
        else:
            await ws.send_bytes(message["bytes"])


@app.websocket("/handshake/{room}")
async def handshake(ws: WebSocket, room: str, q: str = "none") -> None:
    """Accept with the last subprotocol and a field; tell what came with the handshake."""
    offered = ws.subprotocols
    await ws.accept(offered[-1] if offered else None, {"X-Room": room})
    client = ws.client.host if ws.client is not None else None
    await ws.send_json([room, q, offered, ws.headers.get("x-a"), ws.cookies, ws.url, client])


@app.websocket("/deny/{status:int}")
async def deny(ws: WebSocket, status: int) -> None:
    """Refuse with a response."""
    await ws.send_denial_response(JSONResponse({"why": status}, status_code=status, headers={"x-why": "no"}))


@app.websocket("/raise/{status:int}")
async def refuse(ws: WebSocket, status: int, accept: bool = False) -> None:
    """Raise an exception with a status."""
    if accept:
        await ws.accept()
    raise HTTPException(status, "no")


@app.websocket("/crash")
async def crash(ws: WebSocket, accept: bool = False) -> None:
    """Fail."""
    if accept:
        await ws.accept()
    raise RuntimeError("on purpose")


@app.websocket("/quiet")
async def quiet(ws: WebSocket, accept: bool = False) -> None:
    """Return at once."""
    if accept:
        await ws.accept()


@app.websocket("/typed/{number:int}")
async def typed(ws: WebSocket, number: int, limit: int) -> None:
    """Take a parameter that has to fit."""
    await ws.accept()
    await ws.send_json(number + limit)


@app.websocket("/json")
async def read_json(ws: WebSocket) -> None:
    """Send back what came as JSON."""
    await ws.accept()
    async for value in ws.iter_json():
        await ws.send_json(value)


@app.websocket("/close/{code:int}")
async def close(ws: WebSocket, code: int, accept: bool = True, reason: str = "why") -> None:
    """Close with a code, or tell why that may not be."""
    if accept:
        await ws.accept()
    try:
        await ws.close(code, reason)
    except ValueError as exc:
        await ws.send_text(str(exc))


@app.websocket("/closed/{key}")
async def closed(ws: WebSocket, key: str) -> None:
    """Record what the client closes with."""
    await ws.accept()
    async for message in ws:
        await ws.send_text(message)
    records.add(key, f"{ws.close_code} {ws.close_reason}".strip())


@app.websocket("/vanish/{key}/receive")
async def vanish_during_receive(ws: WebSocket, key: str) -> None:
    """Record that the client went while its message was waited for, and what sending to it does then."""
    await ws.accept()
    await ws.send_text("ready")
    try:
        await ws.receive_text()
    except WebSocketDisconnect:
        records.add(key, "gone")
    try:
        await ws.send_text("anybody?")
    except WebSocketDisconnect:
        records.add(key, "still gone")


@app.websocket("/vanish/{key}/send")
async def vanish_during_send(ws: WebSocket, key: str) -> None:
    """Send until the client goes, which must end it."""
    await ws.accept()
    await ws.send_text("ready")
    reader = asyncio.create_task(ws.receive())
    try:
        while not reader.done():
            await ws.send_bytes(bytes(100_000))
        await reader
    except WebSocketDisconnect:
        records.add(key, "gone")
    finally:
        reader.cancel()


@app.websocket("/vanish/{key}/handshake")
async def vanish_before_accept(ws: WebSocket, key: str) -> None:
    """Record that the client went before it was accepted."""
    records.add(key, "waiting")
    try:
        await ws.receive()
    except WebSocketDisconnect:
        records.add(key, "gone")
        raise


@app.websocket("/vanish/{key}/accept")
async def vanish_and_accept(ws: WebSocket, key: str) -> None:
    """Accept a client that has gone, and go on as if it were there."""
    records.add(key, "waiting")
    try:
        await ws.receive()
    except WebSocketDisconnect:
        try:
            await ws.accept()
        except RuntimeError as exc:
            records.add(key, str(exc))


ORDERS: dict[str, Callable[[WebSocket], Awaitable[object]]] = {}


def order(function: Callable[[WebSocket], Awaitable[object]]) -> Callable[[WebSocket], Awaitable[object]]:
    """Register an order of events."""
    ORDERS[function.__name__.replace("_", "-")] = function
    return function


@order
async def accept_twice(ws: WebSocket) -> None:
    """Accept twice."""
    await ws.accept()
    await ws.accept()


@order
async def send_before_accept(ws: WebSocket) -> None:
    """Send a text to a client that waits for its handshake."""
    await ws.send_text("x")


@order
async def deny_after_accept(ws: WebSocket) -> None:
    """Answer with a response on an open connection."""
    await ws.accept()
    await ws.send_denial_response(JSONResponse({}))


@order
async def accept_after_close(ws: WebSocket) -> None:
    """Accept what was refused."""
    await ws.close()
    await ws.accept()


@order
async def accept_after_denial(ws: WebSocket) -> None:
    """Accept what was refused with a response."""
    await ws.send_denial_response(JSONResponse({}, status_code=401))
    await ws.accept()


@order
async def send_after_close(ws: WebSocket) -> None:
    """Send on a closed connection."""
    await ws.accept()
    await ws.close()
    await ws.send_text("x")


@order
async def receive_after_close(ws: WebSocket) -> None:
    """Wait for a message on a closed connection."""
    await ws.accept()
    await ws.close(4000)
    await ws.receive_text()


@order
async def close_twice(ws: WebSocket) -> None:
    """Close twice, which is allowed."""
    await ws.accept()
    await ws.close(4000)
    await ws.close(4001)


@order
async def close_while_receiving(ws: WebSocket) -> None:
    """Close while another task waits for a message, which must not wait for ever."""
    await ws.accept()
    reader = asyncio.create_task(ws.receive_text())
    await asyncio.sleep(0)
    await ws.close(4000)
    async with asyncio.timeout(20):
        await reader


@app.websocket("/order/{key}/{name}")
async def run_order(ws: WebSocket, key: str, name: str) -> None:
    """Do what the order says; record what came of it."""
    try:
        await ORDERS[name](ws)
    except Exception as exc:  # noqa: BLE001 - whatever came of it is recorded
        records.add(key, f"{type(exc).__name__}: {exc}")
    else:
        records.add(key, "fine")

"""WebSockets: a chat with rooms."""

import asyncio
from contextlib import suppress
from typing import Annotated

from hawkapi import Depends, HawkAPI, Header, HTTPException, WebSocket, WebSocketDisconnect

app = HawkAPI()


@app.websocket("/echo")
async def echo(ws: WebSocket) -> None:
    await ws.accept()
    async for text in ws:
        await ws.send_text(text)


async def user(x_user: Annotated[str | None, Header()] = None) -> str:
    if x_user is None:
        raise HTTPException(401, "say who you are")
    return x_user


rooms: dict[str, set[WebSocket]] = {}


@app.websocket("/rooms/{room}")
async def chat(ws: WebSocket, room: str, limit: int = 10, name: str = Depends(user)) -> None:
    if not ws.allows_origin("https://example.org"):
        raise HTTPException(403, "not from this site")
    await ws.accept()
    members = rooms.setdefault(room, set())
    members.add(ws)
    try:
        for _ in range(limit):
            value = await ws.receive_json()
            await asyncio.gather(*(tell(member, {"from": name, "says": value}) for member in members))
    finally:
        members.discard(ws)
    await ws.close(4000, "that was enough")


async def tell(member: WebSocket, news: object) -> None:
    with suppress(WebSocketDisconnect):  # Its own handler is told too, and takes it out.
        await member.send_json(news)

"""What clients are told at once: the feed of one's items, and the chat.

Events are rows of a table, so they reach clients of other threads and other processes too, and a client that comes back
gets what it has missed. A *hub* per event loop looks for new ones as long as somebody listens.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, closing, suppress
from typing import Annotated

from hawkapi import (
    Depends,
    EventSourceResponse,
    Header,
    HTTPException,
    Router,
    ServerSentEvent,
    WebSocket,
    WebSocketDisconnect,
)

from .accounts import User
from .database import connect
from .items import note

INTERVAL_S = 0.05
router = Router()


class Hub:
    """Hands the rows of `events` to the listeners of one event loop."""

    def __init__(self) -> None:
        self.listeners: dict[asyncio.Queue[sqlite3.Row], str] = {}
        self.task: asyncio.Task[None] | None = None

    async def listen(self, topic: str, after: int | None = None) -> AsyncGenerator[sqlite3.Row]:
        """Yield the events of a topic that come after one, default those that come from now on."""
        queue: asyncio.Queue[sqlite3.Row] = asyncio.Queue()
        last = await asyncio.to_thread(last_event) if after is None else after
        self.listeners[queue] = topic
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self.watch(last))
        try:
            for row in await asyncio.to_thread(events_after, last):
                last = row["id"]
                if row["topic"] == topic:
                    yield row
            while True:
                # Some of these may have been among the rows above.
                row = await queue.get()
                if row["id"] > last:
                    last = row["id"]
                    yield row
        finally:
            del self.listeners[queue]

    async def watch(self, last: int) -> None:
        """Look for new events while there are listeners."""
        while self.listeners:
            for row in await asyncio.to_thread(events_after, last):
                last = row["id"]
                for queue, topic in self.listeners.items():
                    if topic == row["topic"]:
                        queue.put_nowait(row)
            await asyncio.sleep(INTERVAL_S)

    async def aclose(self) -> None:
        """Stop looking, when the loop ends."""
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task


def last_event() -> int:
    with closing(connect()) as connection:
        row = connection.execute("select coalesce(max(id), 0) from events").fetchone()
    return int(row[0])


def events_after(last: int) -> list[sqlite3.Row]:
    with closing(connect()) as connection:
        return connection.execute("select * from events where id > ? order by id", (last,)).fetchall()


@router.get("/feed", response_model=None)
async def feed(
    user: User, hub: Annotated[Hub, Depends()], last_event_id: Annotated[int | None, Header()] = None
) -> EventSourceResponse:
    """Stream what happens to one's items."""

    async def events() -> AsyncIterator[ServerSentEvent]:
        async with aclosing(hub.listen(f"items of {user}", last_event_id)) as rows:
            async for row in rows:
                yield ServerSentEvent(row["data"], id=str(row["id"]))

    return EventSourceResponse(events())


@router.websocket("/chat")
async def chat(socket: WebSocket, user: User, hub: Annotated[Hub, Depends()], after: int | None = None) -> None:
    """Send every message to everybody.

    What a client sends is `KEY TEXT`. A client that lost its connection cannot know whether its last messages came
    through: it sends them again, and those whose key is there already are left out.
    """
    if not socket.allows_origin():
        raise HTTPException(403, "this is another site's page")
    await socket.accept()
    hearing = asyncio.create_task(hear(socket, hub, after))
    try:
        async for message in socket.iter_text():
            await asyncio.to_thread(say, user, *message.split(" ", 1))
    finally:
        hearing.cancel()
        with suppress(asyncio.CancelledError, WebSocketDisconnect):
            await hearing


async def hear(socket: WebSocket, hub: Hub, after: int | None) -> None:
    async with aclosing(hub.listen("chat", after)) as rows:
        async for row in rows:
            await socket.send_json({"id": row["id"], **json.loads(row["data"])})


def say(user: str, key: str, text: str = "") -> None:
    with closing(connect()) as connection:
        note(connection, "chat", {"user": user, "text": text}, key=json.dumps([user, key]))

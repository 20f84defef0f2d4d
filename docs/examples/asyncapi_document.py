"""An application that describes its messages: those of a WebSocket, and those of a stream of events."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from hawkapi import EventSourceResponse, HawkAPI, Path, Struct, WebSocket

app = HawkAPI(title="Trains", version="1.0.0")


class Watch(Struct):
    """Tell me of a train."""

    train: int


class Position(Struct):
    """Where a train is."""

    train: int
    km: float


@app.websocket("/lines/{line}", receives=Watch, sends=Position | str)
async def follow(
    ws: WebSocket,
    line: Annotated[Literal["north", "south"], Path(description="Which line.")],
    start_km: float = 0.0,
) -> None:
    """Follow the trains of a line."""
    await ws.accept()
    await ws.send_text(f"line {line}")
    watch = await ws.receive_json()
    await ws.send_json(Position(watch["train"], start_km + 1))


@app.get("/departures", sends=Position)
async def departures() -> EventSourceResponse:
    """Tell of every train that leaves."""

    async def events() -> AsyncIterator[str]:
        yield json.dumps({"train": 7, "km": 0.0})

    return EventSourceResponse(events())

"""WebSockets of one application on several event loops in several threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import pytest
from loops import run_in_loops
from websockets_asgi import ACCEPT, CONNECT, event, talk, text, websocket_scope

from hawkapi import HawkAPI, WebSocket, WebSocketDisconnect

pytestmark = pytest.mark.race

LOOPS = 4
CLIENTS = 3
"""Connections on each loop."""
MESSAGES = 40


async def echo(ws: WebSocket) -> None:
    """Send every text back until the client goes."""
    await ws.accept()
    async for message in ws:
        await ws.send_text(message)


class OpenWire:
    """A client that stays until it is told to go; the server takes each message in a turn of the loop."""

    def __init__(self) -> None:
        self.goes = asyncio.Event()
        self.is_accepted = asyncio.Event()
        self.sent: list[dict[str, Any]] = []
        self._has_connected = False

    async def receive(self) -> dict[str, Any]:
        """Connect, and leave at the end."""
        if not self._has_connected:
            self._has_connected = True
            return CONNECT
        await self.goes.wait()
        return event(1000)

    async def send(self, message: Any) -> None:
        """Take an event of the application."""
        self.sent.append(message)
        self.is_accepted.set()
        await asyncio.sleep(0)


class Room:
    """An application whose connections everybody may send to, and where threads meet."""

    def __init__(self) -> None:
        self.app = HawkAPI()
        self.app.websocket("/room")(self._join)
        self.members: list[WebSocket] = []
        self._together = threading.Barrier(LOOPS)

    async def _join(self, ws: WebSocket) -> None:
        self.members.append(ws)
        await ws.accept()
        async for _ in ws:
            pass

    async def enter(self, count: int) -> list[tuple[OpenWire, asyncio.Task[None]]]:
        """Open connections on this loop, and wait until all loops have theirs."""
        wires = [OpenWire() for _ in range(count)]
        tasks = [asyncio.ensure_future(self.app(websocket_scope("/room"), w.receive, w.send)) for w in wires]
        for wire in wires:
            await wire.is_accepted.wait()
        await self.meet()
        return list(zip(wires, tasks, strict=True))

    async def meet(self) -> None:
        """Wait for the other threads, while this loop goes on."""
        await asyncio.to_thread(self._together.wait, 30)


async def on_its_loop(ws: WebSocket, work: Coroutine[Any, Any, None]) -> str:
    """Do something with a connection of whatever loop, as the guide says; return how it went."""
    assert ws.loop is not None
    try:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, ws.loop))
    except (RuntimeError, WebSocketDisconnect) as exc:
        return type(exc).__name__
    return "sent"


def test_connections_while_routes_are_added() -> None:
    """Loops in several threads serve WebSockets of one application, while routes are added."""
    app = HawkAPI()
    app.websocket("/ws/{number:int}")(echo)

    async def main(index: int) -> list[list[Any]]:
        answers = []
        for number in range(50):
            app.websocket(f"/late/{index}/{number}")(echo)
            answers.append(await talk(app, f"/ws/{number}", str(number), 1000))
            answers.append(await talk(app, f"/late/{index}/{number}", str(number), 1000))
        return answers

    expected = [[ACCEPT, text(str(number))] for number in range(50) for _ in range(2)]
    assert run_in_loops(4, main) == [expected] * 4


def test_broadcast_between_loops() -> None:
    """Each connection gets every message of every loop once, those of one loop in their order."""
    room = Room()

    async def main(index: int) -> list[list[str]]:
        connections = await room.enter(CLIENTS)
        for number in range(MESSAGES):
            sends = (on_its_loop(ws, ws.send_text(f"{index} {number}")) for ws in room.members)
            assert await asyncio.gather(*sends) == ["sent"] * LOOPS * CLIENTS
        await room.meet()
        for wire, task in connections:
            wire.goes.set()
            await task
        assert all(wire.sent[0] == ACCEPT for wire, _ in connections)
        return [[message["text"] for message in wire.sent[1:]] for wire, _ in connections]

    received = [each for loop in run_in_loops(LOOPS, main) for each in loop]
    expected = [[f"{index} {number}" for number in range(MESSAGES)] for index in range(LOOPS)]
    assert [
        [[message for message in each if message.startswith(f"{index} ")] for index in range(LOOPS)]
        for each in received
    ] == [expected] * LOOPS * CLIENTS
    assert [len(each) for each in received] == [LOOPS * MESSAGES] * LOOPS * CLIENTS
    assert room.app.in_flight == 0


@pytest.mark.parametrize("closer", [0, 1], ids=["own-loop", "another-loop"])
def test_close_meets_sends_of_other_loops(closer: int) -> None:
    """What was sent before the close has arrived, everything later is refused, and nothing follows the close."""
    room = Room()

    async def main(index: int) -> tuple[list[str], list[dict[str, Any]]]:
        connections = await room.enter(1 if index == 0 else 0)
        (ws,) = room.members
        sends = [on_its_loop(ws, ws.send_text(f"{index} {number}")) for number in range(MESSAGES)]
        if index == closer:
            sends.insert(MESSAGES // 2, on_its_loop(ws, ws.close(4000, "over")))
        outcomes = await asyncio.gather(*sends)
        if index == closer:
            assert outcomes.pop(MESSAGES // 2) == "sent"
        await room.meet()
        for wire, task in connections:
            wire.goes.set()
            await task
        return outcomes, connections[0][0].sent if connections else []

    results = run_in_loops(LOOPS, main)
    (sent, *_) = (wire for _, wire in results if wire)
    outcomes = [outcome for each, _ in results for outcome in each]
    assert len(outcomes) == LOOPS * MESSAGES
    assert set(outcomes) <= {"sent", "RuntimeError"}
    assert [message["type"] for message in sent] == [
        "websocket.accept",
        *["websocket.send"] * outcomes.count("sent"),
        "websocket.close",
    ]
    assert (sent[-1]["code"], sent[-1]["reason"]) == (4000, "over")


def test_sends_on_other_loops_are_refused() -> None:
    """Only the loop that serves a connection reaches its server, whoever else tries meanwhile."""
    room = Room()

    async def main(index: int) -> tuple[int, list[dict[str, Any]]]:
        connections = await room.enter(1 if index == 0 else 0)
        (ws,) = room.members
        refused = 0
        for number in range(MESSAGES):
            try:
                await ws.send_text(f"{index} {number}")
            except RuntimeError as exc:
                refused += "this WebSocket belongs to" in str(exc)
        await room.meet()
        for wire, task in connections:
            wire.goes.set()
            await task
        return refused, connections[0][0].sent if connections else []

    (refused, sent), *others = run_in_loops(LOOPS, main)
    assert (refused, sent) == (0, [ACCEPT, *(text(f"0 {number}") for number in range(MESSAGES))])
    assert others == [(MESSAGES, [])] * (LOOPS - 1)

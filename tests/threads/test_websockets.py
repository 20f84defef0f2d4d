"""WebSockets of one application on several event loops in several threads."""

from __future__ import annotations

from typing import Any

import pytest
from loops import run_in_loops
from websockets_asgi import ACCEPT, talk, text

from hawkapi import HawkAPI, WebSocket


async def echo(ws: WebSocket) -> None:
    """Send every text back until the client goes."""
    await ws.accept()
    async for message in ws:
        await ws.send_text(message)


@pytest.mark.race
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

"""WebSockets that are served in tests."""

from __future__ import annotations

from typing import Any

from hawkapi import HawkAPI, HTTPException, WebSocket


async def echo(ws: WebSocket) -> None:
    """Send every text back until the client goes."""
    await ws.accept()
    while True:
        await ws.send_text(await ws.receive_text())


def app_with_socket(handler: Any, path: str = "/ws", **options: Any) -> HawkAPI:
    """Return an application with one WebSocket."""
    app = HawkAPI()
    app.websocket(path, **options)(handler)
    return app


def failing(error: Exception, *, accept: bool) -> HawkAPI:
    """Return an application whose WebSocket fails."""

    async def handler(ws: WebSocket) -> None:
        if accept:
            await ws.accept()
        raise error

    return app_with_socket(handler)


class Failing:
    """Fails at once, or when the application inside has returned."""

    def __init__(self, app: Any, after: bool = False) -> None:
        self.app = app
        self.after = after

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.after:
            await self.app(scope, receive, send)
        raise HTTPException(418, "tea")

"""Responses as a server meets them: a bare ASGI application that answers each path with one of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from hawkapi.responses import (
    EventSourceResponse,
    FileResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

closed: dict[str, asyncio.Event] = {}
"""One event per quiet stream, set when it is closed; one process serves on one loop."""


async def quiet(name: str) -> AsyncIterator[str]:
    try:
        yield "first"
        await asyncio.Event().wait()
    finally:
        closed[name].set()


def numbers() -> Iterator[str]:
    yield from ("one ", "two ", "three")


async def broken() -> AsyncIterator[bytes]:
    yield b"only this"
    raise LookupError("broken on purpose")


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request."""
    await (await choose(scope["path"]))(scope, receive, send)


async def choose(path: str) -> Response:
    if path in {"/quiet", "/quiet-events"}:
        closed[path] = asyncio.Event()
        return StreamingResponse(quiet(path)) if path == "/quiet" else EventSourceResponse(quiet(path))
    if path.startswith("/closed/"):
        await asyncio.wait_for(closed[path.removeprefix("/closed")].wait(), 20)
        return PlainTextResponse("closed")
    answers: dict[str, Callable[[], Response]] = {
        "/numbers": lambda: StreamingResponse(numbers(), media_type="text/plain"),
        "/broken": lambda: StreamingResponse(broken()),
        "/file": lambda: FileResponse(Path(__file__), filename="naïve.py"),
        "/moved": lambda: RedirectResponse("/日本"),
        "/nothing": lambda: Response("ignored", status_code=204),
        "/reset": lambda: Response("ignored", status_code=205),
    }
    return answers[path]()

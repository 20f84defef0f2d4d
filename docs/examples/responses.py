"""One handler for each kind of response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from hawkapi import HawkAPI, Response
from hawkapi.background import BackgroundTasks
from hawkapi.responses import (
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    RedirectResponse,
    ServerSentEvent,
    StreamingResponse,
)

app = HawkAPI()
sent_mails: list[str] = []


@app.get("/page")
async def page() -> Response:
    response = HTMLResponse("<h1>Hawks</h1>", headers={"cache-control": "max-age=60"})
    response.set_cookie("seen", "1", max_age=3600, httponly=True)
    return response


@app.get("/old")
async def old() -> Response:
    return RedirectResponse("/page", status_code=308)


def rows() -> Iterator[str]:
    yield "name,wingspan\n"
    yield "kestrel,76\n"


@app.get("/hawks.csv")
async def csv() -> Response:
    return StreamingResponse(rows(), media_type="text/csv; charset=utf-8")


async def count_down() -> AsyncIterator[ServerSentEvent]:
    for number in (3, 2, 1):
        yield ServerSentEvent(str(number), event="count", id=str(number))
        await asyncio.sleep(0)


@app.get("/events")
async def events() -> Response:
    return EventSourceResponse(count_down())


@app.get("/source")
async def source() -> Response:
    return FileResponse(Path(__file__), filename="naïve.py")


@app.post("/orders")
async def order() -> Response:
    tasks = BackgroundTasks()
    tasks.add_task(sent_mails.append, "Thank you")
    return Response(status_code=202, background=tasks)

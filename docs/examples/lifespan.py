"""Start-up and shutdown: what belongs to the process, and what belongs to each event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from hawkapi import HawkAPI, Request


class Shared(TypedDict):
    greeting: str


@asynccontextmanager
async def lifespan(app: HawkAPI) -> AsyncIterator[Shared]:
    app.state.started = True  # Start-up; `app` is the application.
    yield {"greeting": "hello"}
    app.state.started = False  # Shutdown; no request is running any more.


app = HawkAPI(lifespan=lifespan)
pools: dict[asyncio.AbstractEventLoop, list[str]] = {}


@app.on_loop_startup
async def open_pool() -> None:
    pools[asyncio.get_running_loop()] = ["connection"]


@app.on_loop_shutdown
async def close_pool() -> None:
    del pools[asyncio.get_running_loop()]


@app.get("/")
async def home(request: Request) -> dict[str, object]:
    return {
        "greeting": request.state.greeting,
        "started": request.state.started,
        "pool": pools[asyncio.get_running_loop()],
    }

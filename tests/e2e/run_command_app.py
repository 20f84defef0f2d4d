"""What `hawkapi run` serves in the tests: an application whose start-up and shutdown leave a line each."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hawkapi import EventSourceResponse, HawkAPI, Request


def note(what: str) -> None:
    """Add a line to the file that the test reads."""
    with Path(os.environ["HAWKAPI_E2E_NOTES"]).open("a", encoding="utf-8") as notes:
        notes.write(f"{what}\n")


@asynccontextmanager
async def lifespan(app: HawkAPI) -> AsyncGenerator[dict[str, Any]]:
    """Note the beginning and the end."""
    note("start")
    if os.environ.get("HAWKAPI_E2E_BREAK") == "start-up":
        raise RuntimeError("the database is away, on purpose")
    yield {"ready": True}
    note("stop")


app = HawkAPI(lifespan=lifespan)


@app.get("/where")
async def where() -> dict[str, Any]:
    """Tell who answers."""
    return {"process": os.getpid(), "thread": threading.current_thread().name, "app": id(app)}


@app.get("/slow")
async def slow() -> dict[str, bool]:
    """Be busy while the server is told to stop."""
    note("slow")
    await asyncio.sleep(0.7)
    return {"done": True}


@app.get("/forever")
async def forever() -> None:
    """Never answer."""
    note("forever")
    await asyncio.Event().wait()


@app.get("/events", response_model=None)
async def events() -> EventSourceResponse:
    """Tell one thing, and then nothing."""

    async def stream() -> AsyncGenerator[str]:
        try:
            yield "hello"
            note("events")
            await asyncio.Event().wait()
        finally:
            note("end of events")

    return EventSourceResponse(stream())


@app.get("/client")
async def client(request: Request) -> dict[str, Any]:
    """Tell what is believed of the client."""
    scope = request.scope
    return {"client": scope["client"][0], "scheme": scope["scheme"], "root": scope["root_path"]}


@app.get("/die")
async def die() -> None:
    """End the process at once."""
    os._exit(7)


@app.get("/end-loop")
async def end_loop() -> None:
    """End the event loop of this thread."""
    asyncio.get_running_loop().stop()

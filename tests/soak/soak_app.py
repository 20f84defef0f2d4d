"""The to-do list of the documentation with everything counted, and with routes on which requests fail.

Every handler here counts its beginnings and its ends, so that one that never ended is missed.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from hawkapi import (
    Bulkhead,
    HawkAPI,
    HTTPException,
    PrometheusMiddleware,
    Request,
    RequestTimeoutMiddleware,
    StreamingResponse,
)
from hawkapi._threading import ShardedCounter
from hawkapi.middleware import BulkheadFullError

# By name: only the path of the process that serves has it.
app: HawkAPI = importlib.import_module("todo.app").app
app.add_middleware(PrometheusMiddleware)

LIMIT = 3
begun, ended, inside_too_many = ShardedCounter(), ShardedCounter(), ShardedCounter()
inside = ShardedCounter()
bulkhead = Bulkhead("soak", LIMIT)


@contextmanager
def counted() -> Iterator[None]:
    """Count a beginning and an end, whatever comes between."""
    begun.add()
    try:
        yield
    finally:
        ended.add()


@app.get("/soak/raise")
async def fail() -> None:
    with counted():
        raise RuntimeError("failed on purpose")


@app.get("/soak/late", middleware=[(RequestTimeoutMiddleware, {"timeout_s": 0.02})])
async def never_answer() -> None:
    with counted():
        await asyncio.Event().wait()


@app.post("/soak/body", status_code=200)
async def read_body(request: Request) -> dict[str, int]:
    with counted():
        return {"size": len(await request.body())}


@app.get("/soak/stream", response_model=None)
async def stream() -> StreamingResponse:
    async def endless() -> AsyncIterator[bytes]:
        with counted():
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.001)

    return StreamingResponse(endless())


@app.get("/soak/narrow")
async def enter_bulkhead() -> dict[str, bool]:
    with counted():
        try:
            async with bulkhead:
                inside.add()
                if inside.value > LIMIT:
                    inside_too_many.add()
                await asyncio.sleep(0.002)
                inside.add(-1)
        except BulkheadFullError:
            raise HTTPException(503, "three are inside") from None
    return {"inside": True}


@app.get("/soak/state")
async def report() -> dict[str, int]:
    return {
        "begun": begun.value,
        "ended": ended.value,
        "inside": inside.value,
        "inside_too_many": inside_too_many.value,
        "in_flight": app.in_flight,
        "generation": app.generation,
    }


@app.get("/soak/memory")
async def weigh() -> dict[str, int]:
    # Apart from the rest, which is asked for again and again: in a process with many threads each call of
    # `getallocatedblocks` adds 17 KB to what CPython 3.13.5t holds, which after 100 rounds looked like a leak.
    gc.collect()
    return {"blocks": sys.getallocatedblocks()}

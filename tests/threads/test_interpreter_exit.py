"""The interpreter ends while threads with event loops still serve."""

from __future__ import annotations

import pytest
from subprocesses import run_python

PROGRAM = """
import asyncio, threading
from hawkapi import HawkAPI
from hawkapi._threading import AsyncLock, AsyncSemaphore, ShardedCounter

app = HawkAPI(worker_threads=2)
lock, gate, served = AsyncLock(), AsyncSemaphore(2), ShardedCounter()

@app.get("/")
async def on_loop() -> int:
    async with lock, gate:
        await asyncio.sleep(0)
    served.add()
    return 1

@app.get("/plain")
def in_worker() -> int:
    served.add()
    return 1

async def ask(path):
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
             "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": []}
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        pass
    await app(scope, receive, send)

async def serve(paths, warm):
    number = 0
    while True:
        await asyncio.gather(*(ask(path) for path in paths))
        number += 1
        if number == 20:
            warm.release()

warm = threading.Semaphore(0)
for paths in PATHS:
    threading.Thread(target=lambda: asyncio.run(serve(paths, warm)), daemon=True).start()
for _ in PATHS:
    warm.acquire()
print(served.value >= 20 * len(PATHS))
"""


@pytest.mark.race
@pytest.mark.parametrize(
    "paths", ["[['/', '/']] * 4", "[['/', '/plain']] * 4"], ids=["handlers on loops", "plain handlers too"]
)
def test_interpreter_ends_under_threads_that_serve(paths: str) -> None:
    """It ends by itself, with success, whatever the threads were doing; nothing is fatal."""
    done = run_python("-c", PROGRAM.replace("PATHS", paths))
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr
    assert "Fatal" not in done.stderr

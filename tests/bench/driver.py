"""Sends requests to an application without a server: to check its answers, and to time it.

THREADS: this is a module of its own because constants of the program that is started (`__main__`) contend between
threads on free-threaded builds, and constants of imported modules do not.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from workloads import Workload, make_scope

WARM_UP_REQUESTS = 50


async def drive(app: Any, workload: Workload, requests: int, clock: Callable[[], float] = time.process_time) -> float:
    """Send requests one after the other; return the seconds of CPU time that one took.

    Nothing here waits, and time that the machine gives to other processes is not the framework's. For what waits take
    another clock.
    """
    # Made by the thread that uses them: threads that share objects would measure how they contend for these.
    template = make_scope(workload)
    message = {"type": "http.request", "body": workload.body, "more_body": False}

    async def receive() -> dict[str, Any]:
        return message

    async def send(message: dict[str, Any]) -> None:
        pass

    started = clock()
    for _ in range(requests):
        await app(template.copy(), receive, send)
    return (clock() - started) / requests


def measure(bare: Any, app: Any, workload: Workload, requests: int) -> tuple[float, float]:
    """Return the CPU seconds of one request to the bare callable and to the application.

    The bare callable is driven before and after, so that a machine that gets slower meanwhile is so for both.
    """

    async def main() -> tuple[float, float]:
        before = await drive(bare, workload, requests // 2)
        seconds = await drive(app, workload, requests)
        after = await drive(bare, workload, requests // 2)
        return (before + after) / 2, seconds

    return asyncio.run(main())


async def ask(app: Any, workload: Workload) -> tuple[int, bytes]:
    """Send one request; return the status and the body of the answer."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": workload.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(make_scope(workload), receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def is_right(workload: Workload, status: int, body: bytes) -> bool:
    """Say whether an answer is the one that is expected."""
    if status != workload.status:
        return False
    if workload.answer is None or body == workload.answer:
        return True
    try:
        return bool(json.loads(body) == json.loads(workload.answer))
    except ValueError:
        return False


def in_threads(app: Any, workload: Workload, requests: int, threads: int) -> float:
    """Return requests per second of several threads with a loop each, started together."""
    barrier = threading.Barrier(threads + 1)

    def work() -> None:
        async def main() -> None:
            await drive(app, workload, WARM_UP_REQUESTS)
            barrier.wait()
            await drive(app, workload, requests)
            barrier.wait()

        asyncio.run(main())

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    barrier.wait()
    started = time.perf_counter()
    barrier.wait()
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    return threads * requests / seconds

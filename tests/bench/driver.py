"""Sends requests to an application without a server: to check its answers, and to time it.

THREADS: this is a module of its own because constants of the program that is started (`__main__`) contend between
threads on free-threaded builds, and constants of imported modules do not.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from workloads import PIECE, Workload, make_scope

WARM_UP_REQUESTS = 50
LEAST_REQUESTS = 2

type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[dict[str, Any]], Awaitable[None]]


async def drive(app: Any, workload: Workload, requests: int, clock: Callable[[], float] = time.process_time) -> float:
    """Send requests one after the other; return the seconds of CPU time that one took.

    Nothing here waits, and time that the machine gives to other processes is not the framework's. For what waits take
    another clock.
    """
    # Made by the thread that uses them: threads that share objects would measure how they contend for these.
    template = make_scope(workload)
    connect = connector(workload)
    started = clock()
    for _ in range(requests):
        await app(template.copy(), *connect())
    return (clock() - started) / requests


def connector(workload: Workload) -> Callable[[], tuple[Receive, Send]]:
    """Return what makes the `receive` and `send` of one request: always the same where the body is one message."""
    if workload.messages or workload.pieces:
        messages = arriving(workload)

        def meet() -> tuple[Receive, Send]:
            client = Client(messages, talks=bool(workload.messages))
            return client.receive, client.send

        return meet
    message = {"type": "http.request", "body": workload.body, "more_body": False}

    async def receive() -> dict[str, Any]:
        return message

    async def send(message: dict[str, Any]) -> None:
        pass

    return lambda: (receive, send)


def arriving(workload: Workload) -> list[dict[str, Any]]:
    """Return the messages of one request or connection, in the order in which they come."""
    if workload.messages:
        texts = [{"type": "websocket.receive", "text": text} for text in workload.messages]
        return [{"type": "websocket.connect"}, *texts, {"type": "websocket.disconnect", "code": 1000, "reason": ""}]
    body, ends = workload.body, range(PIECE, len(workload.body) + PIECE, PIECE)
    pieces = [{"type": "http.request", "body": body[end - PIECE : end], "more_body": end < len(body)} for end in ends]
    return [*(pieces or [{"type": "http.request", "body": b"", "more_body": False}]), {"type": "http.disconnect"}]


class Client:
    """Who sends one request in pieces and stays connected until it is answered, or talks over one WebSocket."""

    def __init__(self, messages: list[dict[str, Any]], *, talks: bool) -> None:
        self._coming = iter(messages)
        self._talks = talks
        self._answered = asyncio.Event()
        if talks:
            self._answered.set()

    async def receive(self) -> dict[str, Any]:
        """Return the next message; over a WebSocket, once the one before has been echoed."""
        message = next(self._coming)
        if self._talks or message["type"] == "http.disconnect":
            await self._answered.wait()
        if message["type"] == "websocket.receive":
            self._answered.clear()
        return message

    async def send(self, message: dict[str, Any]) -> None:
        """Notice an echo, or the end of a response."""
        kind = message["type"]
        if kind == "websocket.send" or (kind == "http.response.body" and not message.get("more_body")):
            self._answered.set()


async def enough(app: Any, workload: Workload, seconds: float) -> int:
    """Return how many requests take about so many seconds of CPU time, once the application is warm."""
    took = await drive(app, workload, LEAST_REQUESTS)
    few = max(LEAST_REQUESTS, min(WARM_UP_REQUESTS, int(seconds / max(took, 1e-9))))
    took = await drive(app, workload, few)
    return max(LEAST_REQUESTS, int(seconds / max(took, 1e-9)))


async def measure(bare: Any, app: Any, workload: Workload, requests: int) -> tuple[float, float]:
    """Return the CPU seconds of one request to the bare callable and to the application.

    The bare callable is driven before and after, so that a machine that gets slower meanwhile is so for both.
    """
    before = await drive(bare, workload, requests // 2)
    seconds = await drive(app, workload, requests)
    after = await drive(bare, workload, requests // 2)
    return (before + after) / 2, seconds


async def ask(app: Any, workload: Workload) -> tuple[int, bytes]:
    """Send one request; return the status and the body of the answer, or what a WebSocket has sent."""
    sent: list[Any] = []
    receive, notice = connector(workload)()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        await notice(message)

    await app(make_scope(workload), receive, send)
    if workload.messages:
        accepted = sent[0]["type"] == "websocket.accept"
        texts = [message.get("text") or "" for message in sent[1:] if message["type"] == "websocket.send"]
        return (200 if accepted else sent[0].get("status", 404)), "".join(texts).encode()
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def is_right(workload: Workload, status: int, body: bytes) -> bool:
    """Say whether an answer is the one that is expected."""
    if status not in workload.accepts:
        return False
    if workload.messages:
        return body == "".join(workload.messages).encode()
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

"""Sends lifespan events, as servers do: on one loop, or on a loop in each of several threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import Any

from asgi import Reply, call

from hawkapi import HawkAPI
from hawkapi.types import ASGIApp

COMPLETE = [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
TIMEOUT_S = 30
"""How long a test waits for what must happen; only a failing test takes it."""


class LoopThread:
    """A server's worker: a thread with a loop that sends the lifespan events of one application."""

    def __init__(self, app: ASGIApp, name: str = "worker") -> None:
        self.started: Future[dict[str, Any]] = Future()
        self.stopped: Future[dict[str, Any]] = Future()
        self.state: dict[str, Any] = {}
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._answers = iter([self.started, self.stopped])
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self._loop.run_until_complete(self._app({"type": "lifespan", "state": self.state}, self._receive, self._send))
        self._loop.close()

    async def _receive(self) -> dict[str, Any]:
        if self.started.done():
            await self._stop.wait()
            return {"type": "lifespan.shutdown"}
        return {"type": "lifespan.startup"}

    async def _send(self, message: Any) -> None:
        next(self._answers).set_result(message)

    def wait_started(self) -> str:
        """Return the type of the answer to the start event."""
        return str(self.started.result(TIMEOUT_S)["type"])

    def request_stop(self) -> None:
        """Send the shutdown event."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self) -> None:
        """Send the shutdown event and wait for the thread to end."""
        self.request_stop()
        self.join()

    def join(self) -> None:
        """Wait for the thread to end as it should."""
        assert self.stopped.result(TIMEOUT_S) == COMPLETE[1]
        self.thread.join(TIMEOUT_S)


async def run_events(
    app: ASGIApp,
    between: Callable[[], Any] = lambda: None,
    *,
    messages: Sequence[str] = ("lifespan.startup", "lifespan.shutdown"),
    **scope: Any,
) -> list[Any]:
    """Send events on the running loop and return the answers; `between` is called, or awaited, before the last one."""
    sent: list[Any] = []
    incoming = list(messages)

    async def receive() -> Any:
        kind = incoming.pop(0)
        if not incoming and asyncio.iscoroutine(made := between()):
            await made
        return {"type": kind}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "lifespan", **scope}, receive, send)
    return sent


async def run_events_with_request(
    app: HawkAPI, events: list[Any], meanwhile: Callable[[], Awaitable[None]] | None = None
) -> list[Any]:
    """Send events on the running loop, the last one while a request runs, and return the answers.

    Args:
        app: gets a route for the request.
        events: gets "request" when it ends, which it does when shutdown has begun.
        meanwhile: awaited while the request runs, before the last event.
    """
    begun, go_on = asyncio.Event(), asyncio.Event()
    running: list[asyncio.Task[Reply]] = []

    @app.get("/")
    async def slow() -> None:
        begun.set()
        await go_on.wait()
        events.append("request")

    async def serve() -> None:
        running.append(asyncio.create_task(call(app, "GET", "/")))
        await begun.wait()
        if meanwhile is not None:
            await meanwhile()
        asyncio.get_running_loop().call_later(0.02, go_on.set)

    sent = await run_events(app, serve)
    assert (await running[0]).status == 204
    return sent

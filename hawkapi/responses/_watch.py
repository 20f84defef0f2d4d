"""Noticing that the client has gone while a response is sent.

A server says so in two ways: `send` raises `OSError` (ASGI HTTP 2.4), or, the only way before 2.4, `receive` gives
`http.disconnect`. A stream that waits long for its next item only meets the second.

`receive` belongs to whoever reads the request's body, so it is left alone while that body may still be wanted. And most
streams end before it would be worth a task to listen.

Streams that have no end of their own end with the server, where that says when it stops: each would hold the stop up
until the graceful timeout, and be cut off in the middle of its body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Final, Self, final

from hawkapi.exceptions import ClientDisconnect
from hawkapi.types import BODY_KEY, STOP_EXTENSION, Message, Receive, Scope, Send, Stop

LISTEN_AFTER_S: Final = 0.1
"""PERF: how long a stream has to last before a task listens."""


@final
class ClientWatch:
    """An async context that ends, quietly, when the client goes: the code in it is cancelled and `left` is true.

    Args:
        scope: of the request.
        receive: of the request.
        ends_with_server: whether the context ends in the same way, but for `left`, when the server begins to stop.
    """

    def __init__(self, scope: Scope, receive: Receive, *, ends_with_server: bool = False) -> None:
        self.left = False
        self._ends_with_server = ends_with_server
        self._scope = scope
        self._receive = receive
        self._over = False
        self._deadline = asyncio.timeout(None)
        self._tasks: list[asyncio.Task[None]] = []
        self._timer: asyncio.TimerHandle | None = None

    def spawn(self, coroutine: Coroutine[object, object, None]) -> None:
        """Run something beside the code in the context, until that ends."""
        self._tasks.append(asyncio.create_task(coroutine))

    def leave(self) -> None:
        """End the context: the client has gone."""
        if not self._over and not self.left:
            self.left = True
            self._end()

    async def __aenter__(self) -> Self:
        await self._deadline.__aenter__()
        stop = self._scope.get("extensions", {}).get(STOP_EXTENSION) if self._ends_with_server else None
        if stop is not None:
            self.spawn(self._end_after(stop))
        if may_listen(self._scope):
            self._timer = asyncio.get_running_loop().call_later(LISTEN_AFTER_S, self._start_listening)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._deadline.__aexit__(kind, exc, traceback)
        except TimeoutError:
            return True
        finally:
            await self._stop_tasks()
        return self.left and isinstance(exc, Exception)

    def _end(self) -> None:
        # The deadline is what tells this cancellation from one that comes from outside.
        if not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time())

    async def _end_after(self, stop: Stop) -> None:
        await stop.wait()
        if not self._over:
            self._end()

    def _start_listening(self) -> None:
        self.spawn(self._listen())

    async def _listen(self) -> None:
        if await is_disconnected(self._receive):
            self.leave()

    async def _stop_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


async def is_disconnected(receive: Receive) -> bool:
    """Wait for the client to go; false if `receive` gives anything that is not expected after a request's body."""
    try:
        message = await receive()
        # The end of the body, which nobody had asked for. What does not block after it is no server.
        if message["type"] == "http.request" and not message.get("more_body", False):
            message = await receive()
        return bool(message["type"] == "http.disconnect")
    except Exception:  # noqa: BLE001 - a server that has nothing to receive is none that can say it
        return False


def may_listen(scope: Scope) -> bool:
    """Whether nobody will read the request's body any more: it was read, or there is none."""
    read = scope.get(BODY_KEY)
    return isinstance(read, bytes) or getattr(read, "body", None) is not None or not may_have_body(scope)


def may_have_body(scope: Scope) -> bool:
    """Whether a request may have a body (RFC 9112 section 6.3)."""
    for name, value in scope.get("headers", ()):
        if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            return True
    # From HTTP/2 on a body needs neither field; but no client sends one with these methods.
    return not str(scope.get("http_version", "1.1")).startswith("1") and scope.get("method") not in {"GET", "HEAD"}


async def send_or_leave(send: Send, message: Message) -> None:
    """Send a message.

    Raises:
        ClientDisconnect: the server says that the client has gone.
    """
    try:
        await send(message)
    except OSError as exc:
        raise ClientDisconnect("the client disconnected before its response was complete") from exc

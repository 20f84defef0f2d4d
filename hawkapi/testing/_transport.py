"""Drives ASGI applications in the process: the part of a server, without the network.

Each object here belongs to one event loop, and only that loop's thread touches it; so nothing is locked, and tasks
wait for each other with `Changes`.

SPEC: as servers do, and ASGI HTTP 2.4 asks for: `receive` gives the body, then waits, and gives `http.disconnect` when
the response is complete or the client has gone; `send` after the client has gone raises `OSError`; messages in an order
that no server would accept are refused.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, NoReturn

from hawkapi._threading import AsyncEvent
from hawkapi.exceptions import EXCEPTIONS_EXTENSION, LifespanError
from hawkapi.testing._body import Body, iter_chunks
from hawkapi.types import ASGIApp, HeaderPairs, Message

__all__ = ["Changes", "ClientGone", "Entering", "Exchange", "LifespanRun", "RaiseExceptions", "Runner"]

MAX_WAITING_CHUNKS: Final = 16
"""Chunks that an application is ahead of a test that reads them one by one; then `send` waits."""

GRACE_S: Final = 1.0
"""How long an application may go on after its client has left; then it is cancelled, so that the test can end."""

type RaiseExceptions = bool | Literal["all"]
"""Which exceptions reach a test: what escapes an application, nothing, or also what it has logged and answered."""

type Entering = Callable[[], AbstractContextManager[Any]]
"""Makes the context that an application runs in: overrides of dependencies."""


class ClientGone(OSError):
    """The test has left the connection that an application sends to; servers say so in this way."""


class Changes:
    """Lets the tasks of one loop wait for each other."""

    def __init__(self) -> None:
        self._event = AsyncEvent()

    def announce(self) -> None:
        """Let everyone who waits look again."""
        self._event.set()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds; it may change when `announce` is called, and not otherwise."""
        while not condition():
            self._event.clear()
            await self._event.wait()


class Runner:
    """One call of an application, whose outcome is kept instead of raised."""

    def __init__(self, app: ASGIApp, scope: MutableMapping[str, Any], entering: Entering) -> None:
        self.app = app
        self.scope = scope
        self.changes = Changes()
        self.error: BaseException | None = None
        """What escaped the application."""
        self.exceptions: list[BaseException] = scope["extensions"].setdefault(EXCEPTIONS_EXTENSION, [])
        """What the application has logged and answered, if it is hawkapi's."""
        self.ended = False
        self.is_told = False
        """Whether the test has heard of what went wrong, which it does once."""
        self._entering = entering
        self._task: asyncio.Task[None] | None = None

    async def receive(self) -> Message:
        """Give the application its next event."""
        raise NotImplementedError

    async def send(self, message: Message) -> None:
        """Take an event from the application."""
        raise NotImplementedError

    async def run(self) -> None:
        """Call the application in this task."""
        try:
            with self._entering():
                await self.app(self.scope, self.receive, self.send)
        except BaseException as exc:
            task = asyncio.current_task()
            if isinstance(exc, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            # Also SystemExit and the like, which would end the loop: the test's thread is where they belong.
            self.error = exc
        finally:
            self.ended = True
            self.changes.announce()

    @property
    def started(self) -> bool:
        """Whether the application has been called by `start`."""
        return self._task is not None

    def start(self) -> None:
        """Call the application in a task of its own."""
        self._task = asyncio.get_running_loop().create_task(self.run())

    async def stop(self) -> None:
        """Wait for an application that has been told to end; cancel it when it does not."""
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=GRACE_S)
            if not self._task.done():
                self._task.cancel()
                await asyncio.wait((self._task,))


class Exchange(Runner):
    """One HTTP request and its response.

    Args:
        app: the application.
        scope: of the request, complete.
        body: of the request.
        entering: makes the context that the application runs in.
        backpressure: let `send` wait for who reads; without it the whole response is kept.
    """

    def __init__(
        self,
        app: ASGIApp,
        scope: MutableMapping[str, Any],
        body: Body,
        entering: Entering,
        *,
        backpressure: bool = False,
    ) -> None:
        super().__init__(app, scope, entering)
        self.status: int | None = None
        self.headers: HeaderPairs = []
        self.complete = False
        """Whether the last piece of the response has been sent."""
        self.chunks: deque[bytes] = deque()
        self._left = False
        self._limit = MAX_WAITING_CHUNKS if backpressure else None
        self._body: AsyncIterator[bytes] | None = iter_chunks(body)
        self._is_whole = isinstance(body, bytes)

    async def receive(self) -> Message:
        """Give the application a piece of the request body; after the last one, wait for the end."""
        if self._body is not None and not self._left:
            return await self._read_body(self._body)
        await self.changes.until(lambda: self.complete or self._left)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a piece of the response."""
        kind = message["type"]
        if kind == "http.response.start" and self.status is None:
            self._check_gone()
            self.status, self.headers = int(message["status"]), read_headers(message)
        elif kind == "http.response.body" and self.status is not None and not self.complete:
            self._check_gone()
            await self._take_chunk(bytes(message.get("body", b"")), bool(message.get("more_body", False)))
        else:
            raise RuntimeError(f"the application sent {kind!r}, but {self._expected()}")
        self.changes.announce()

    async def begin(self) -> None:
        """Start the application, and wait until its response has begun or will never."""
        self.start()
        await self.changes.until(lambda: self.status is not None or self.ended)

    async def read(self) -> bytes | None:
        """Return the next piece of the response as soon as it is there; `None` at its end."""
        await self.changes.until(lambda: self.chunks or self.complete or self.ended)
        if not self.chunks:
            return None
        chunk = self.chunks.popleft()
        self.changes.announce()
        return chunk

    async def leave(self) -> None:
        """End the connection, whether or not the response is complete, and wait for the application."""
        self._left = True
        self.changes.announce()
        await self.stop()

    def failure(self) -> BaseException | None:
        """Return what the test must hear: what escaped the application, or that it did not answer."""
        if self.error is not None:
            return None if self._left and is_about_leaving(self.error) else self.error
        if self._left or self.complete or not self.ended:
            return None
        what = "completing its response" if self.status is not None else "sending a response"
        return RuntimeError(f"the application returned without {what}")

    async def _read_body(self, body: AsyncIterator[bytes]) -> Message:
        """Return the next piece; nothing is read ahead, because a test may yield it in answer to the response."""
        chunk = await anext(body, None)
        if chunk is None or self._is_whole:
            self._body = None
        return {"type": "http.request", "body": chunk or b"", "more_body": self._body is not None}

    async def _take_chunk(self, chunk: bytes, more: bool) -> None:
        if chunk and self.scope["method"] != "HEAD":
            self.chunks.append(chunk)
            self.changes.announce()
            await self.changes.until(self._has_room)
            self._check_gone()
        self.complete = not more

    def _has_room(self) -> bool:
        return self._limit is None or len(self.chunks) < self._limit or self._left

    def _check_gone(self) -> None:
        if self._left:
            raise ClientGone("the client has disconnected")

    def _expected(self) -> str:
        if self.status is None:
            return "a response begins with 'http.response.start'"
        if self.complete:
            return "the response was complete"
        return "'http.response.body' follows 'http.response.start'"


class LifespanRun(Runner):
    """The lifespan of an application, in one task from start-up to shutdown (ASGI Lifespan 2.0)."""

    def __init__(self, app: ASGIApp, entering: Entering) -> None:
        self.state: dict[str, Any] = {}
        """What each request gets a copy of."""
        scope = {"type": "lifespan", "asgi": ASGI_LIFESPAN, "state": self.state, "extensions": {}}
        super().__init__(app, scope, entering)
        self._asked = 0
        self._answers: list[Message] = []
        self._stopping = False

    async def receive(self) -> Message:
        """Give the application `lifespan.startup`, and `lifespan.shutdown` when the time has come."""
        self._asked += 1
        if self._asked == 1:
            return {"type": "lifespan.startup"}
        await self.changes.until(lambda: self._stopping)
        return {"type": "lifespan.shutdown"}

    async def send(self, message: Message) -> None:
        """Take the answer of the application."""
        expected = "lifespan.shutdown" if self._stopping else "lifespan.startup"
        if message["type"] not in {f"{expected}.complete", f"{expected}.failed"}:
            raise RuntimeError(f"the application sent {message['type']!r}; {expected}.complete or .failed is due")
        self._answers.append(message)
        self.changes.announce()

    async def startup(self) -> None:
        """Run start-up; an application without a lifespan has none.

        Raises:
            BaseException: what made start-up fail, as it was raised; a `LifespanError` where that is not known.
        """
        self.start()
        await self.changes.until(lambda: self._answers or self.ended)
        if self._answers and self._answers[0]["type"] == "lifespan.startup.failed":
            await self.stop()
            self._raise_failure(self._answers[0])
        if not self._answers and self.error is not None and self._asked:
            raise self.error

    async def shutdown(self) -> None:
        """Run shutdown.

        Raises:
            BaseException: what escaped the application; a `LifespanError` where it says that shutdown failed.
        """
        if not self._answers:
            return
        self._stopping = True
        self.changes.announce()
        await self.changes.until(lambda: self.ended)
        if self.error is not None:
            raise self.error
        if self._answers[-1]["type"] == "lifespan.shutdown.failed":
            self._raise_failure(self._answers[-1])

    def _raise_failure(self, message: Message) -> NoReturn:
        cause = self.exceptions[0] if self.exceptions else self.error
        raise cause if cause is not None else LifespanError(str(message.get("message") or message["type"]))


ASGI_HTTP: Final = {"version": "3.0", "spec_version": "2.4"}
ASGI_LIFESPAN: Final = {"version": "3.0", "spec_version": "2.0"}


def read_headers(message: Message) -> HeaderPairs:
    """Return the fields of a start message.

    Raises:
        TypeError: one of them is not a pair of bytes, which servers refuse.
    """
    pairs = [(name, value) for name, value in message.get("headers", ())]
    for name, value in pairs:
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise TypeError(f"the application sent the header field {(name, value)!r}; name and value are bytes")
    return pairs


def is_about_leaving(exc: BaseException | None) -> bool:
    """Whether an exception came of the client's leaving: it is `ClientGone`, or was raised because of it."""
    while exc is not None and not isinstance(exc, ClientGone):
        exc = exc.__cause__ or exc.__context__
    return exc is not None

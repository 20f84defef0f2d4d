"""Server-sent events: `EventSourceResponse` and `ServerSentEvent` (WHATWG HTML, section "Server-sent events")."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

from hawkapi.exceptions import ClientDisconnect
from hawkapi.responses._watch import ClientWatch, send_or_leave
from hawkapi.responses.base import HeaderFields
from hawkapi.responses.stream import EVENT_STREAM, StreamingResponse, body_message
from hawkapi.types import HeaderPairs, Message, Send

if TYPE_CHECKING:
    from hawkapi.background import BackgroundTask, BackgroundTasks

__all__ = ["EventSourceResponse", "ServerSentEvent"]

DEFAULT_PING_S: Final = 15.0
"""What the specification recommends against proxies that drop quiet connections; most wait 30 to 60 seconds."""

PING: Final = b": ping\n\n"
"""A comment: clients ignore it."""

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_CONTROLS: Final = {0: None, 10: None, 13: None}
"""SECURITY: a line break in an id or a name would begin a field of its own; browsers ignore an id with NUL."""


@final
@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event.

    Raises:
        ValueError: `retry` is not a whole number, at least 0.
        TypeError: something else is not text.
    """

    data: str | None = None
    """Any text; each of its lines becomes one `data` line. `None` sends none, so browsers fire no event."""
    _: KW_ONLY
    event: str | None = None
    """What listeners are registered for, default `message`. CR, LF and NUL are removed."""
    id: str | None = None
    """What a client that comes back sends as `Last-Event-ID`. CR, LF and NUL are removed."""
    retry: int | None = None
    """Milliseconds after which a client that has lost the connection comes back."""
    comment: str | None = None
    """Text that clients ignore, sent first."""

    def __post_init__(self) -> None:
        for name in ("data", "event", "id", "comment"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise TypeError(f"{name} of an event is text, not {type(value).__name__}")
        retry = self.retry
        if retry is not None and (type(retry) is not int or retry < 0):
            raise ValueError(f"retry is {retry!r}; it is a number of milliseconds, at least 0")

    def encode(self) -> bytes:
        """Return the event as it is sent: comment, id, event, retry, data on lines of their own, and a blank line."""
        lines: list[str] = []
        if self.comment is not None:
            lines += [f": {line}" for line in _LINE_END.split(self.comment)]
        if self.id is not None:
            lines.append(f"id: {self.id.translate(_CONTROLS)}")
        if self.event is not None:
            lines.append(f"event: {self.event.translate(_CONTROLS)}")
        if self.retry is not None:
            lines.append(f"retry: {self.retry}")
        if self.data is not None:
            lines += [f"data: {line}" for line in _LINE_END.split(self.data)]
        # Half a surrogate pair cannot be sent, and is no reason to break a stream off.
        return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


class EventSourceResponse(StreamingResponse):
    """A stream of server-sent events, `text/event-stream`.

    Args:
        content: as for `StreamingResponse`, but of events: a `ServerSentEvent`; text, which becomes the data of one; or
            bytes, which are sent as they are: an event that is encoded already.
        status_code: as for `Response`.
        headers: as for `Response`; `cache-control: no-cache` and `x-accel-buffering: no`, which keeps nginx from
            holding events back, are sent unless they are among them.
        background: as for `Response`.
        ping: seconds without an event after which a comment is sent, default 15, `None` for never. It keeps proxies
            from dropping a quiet connection, and shows when the client has gone.

    Raises:
        TypeError: the content is no such iterator.
        ValueError: `ping` is not positive.
    """

    default_content_type: ClassVar[str] = EVENT_STREAM
    _takes: ClassVar[str] = "ServerSentEvent(...), text or bytes"

    def __init__(
        self,
        content: AsyncIterable[ServerSentEvent | str | bytes] | Iterable[ServerSentEvent | str | bytes],
        *,
        status_code: int = 200,
        headers: HeaderFields | None = None,
        background: BackgroundTask | BackgroundTasks | None = None,
        ping: float | None = DEFAULT_PING_S,
    ) -> None:
        super().__init__(content, status_code=status_code, headers=headers, background=background)
        if ping is not None and not ping > 0:
            raise ValueError(f"ping is {ping!r}; it is a number of seconds, or None for never")
        self.ping = ping
        self.headers.setdefault("cache-control", "no-cache")
        self.headers.setdefault("x-accel-buffering", "no")

    def header_pairs(self) -> HeaderPairs:
        """Return the header fields as they are sent; a stream of events has no length."""
        return self._pairs(None)

    def encode_chunk(self, chunk: Any) -> bytes:
        """Return an event as it is sent.

        Raises:
            TypeError: it is none.
        """
        if isinstance(chunk, ServerSentEvent):
            return chunk.encode()
        if isinstance(chunk, str):
            return ServerSentEvent(chunk).encode()
        return super().encode_chunk(chunk)

    async def _send_chunks(self, source: AsyncIterator[Any], send: Send, watch: ClientWatch) -> None:
        if self.ping is None:
            await super()._send_chunks(source, send, watch)
            return
        heart = _Heartbeat(send, self.ping, watch)
        watch.spawn(heart.beat())
        async for chunk in source:
            await heart.send(body_message(self.encode_chunk(chunk), more=True))
        await heart.rest()


@final
class _Heartbeat:
    """Sends comments in the pauses of a stream; never two messages at once. Belongs to one event loop."""

    def __init__(self, send: Send, interval_s: float, watch: ClientWatch) -> None:
        self._send = send
        self._interval_s = interval_s
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._sending = False
        self._ping: asyncio.Future[None] | None = None

    async def send(self, message: Message) -> None:
        """Send a message of the stream, after the comment that is just being sent.

        Raises:
            ClientDisconnect: the server says that the client has gone.
        """
        await self.rest()
        self._sending = True
        try:
            await send_or_leave(self._send, message)
        finally:
            self._sending = False
            self._last = self._loop.time()

    async def rest(self) -> None:
        """Wait for the comment that is just being sent, if one is."""
        if self._ping is not None:
            await self._ping

    async def beat(self) -> None:
        """Send a comment whenever nothing else was sent for the interval."""
        while True:
            quiet_s = 0.0 if self._sending else self._loop.time() - self._last
            if quiet_s < self._interval_s:
                await asyncio.sleep(self._interval_s - quiet_s)
                continue
            self._ping = self._loop.create_future()
            try:
                await send_or_leave(self._send, body_message(PING, more=True))
            except ClientDisconnect:
                self._watch.leave()
                return
            finally:
                if not self._ping.done():
                    self._ping.set_result(None)
                self._ping = None
                self._last = self._loop.time()

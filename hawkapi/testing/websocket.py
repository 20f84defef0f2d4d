"""WebSocket sessions of a test: `WebSocketSession`, and `AsyncWebSocketSession` for async tests."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Coroutine, MutableMapping
from types import TracebackType
from typing import Any, Final, Literal, Self

from hawkapi.codec import encode
from hawkapi.exceptions import WebSocketDisconnect
from hawkapi.http.headers import MutableHeaders
from hawkapi.status import WS_1000_NORMAL_CLOSURE, WS_1006_ABNORMAL_CLOSURE, WS_1011_INTERNAL_ERROR
from hawkapi.testing._loop import await_in, run_in
from hawkapi.testing._transport import ClientGone, Entering, RaiseExceptions, Runner, is_about_leaving, read_headers
from hawkapi.testing.response import CaseInsensitiveDict, TestResponse
from hawkapi.types import ASGIApp, HeaderPairs, Message

__all__ = ["AsyncWebSocketSession", "WebSocketDenied", "WebSocketSession"]

DEFAULT_TIMEOUT_S: Final = 10.0
"""How long a test waits for a message: longer than any application needs, shorter than a person's patience."""

type JSONMode = Literal["text", "binary"]


class WebSocketDenied(WebSocketDisconnect):
    """The application answered the handshake with an HTTP response (ASGI extension `websocket.http.response`)."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__(WS_1006_ABNORMAL_CLOSURE, f"HTTP {response.status_code}")
        self.response = response


class Connection(Runner):
    """One WebSocket, as the application sees it; belongs to one loop."""

    def __init__(
        self,
        app: ASGIApp,
        scope: MutableMapping[str, Any],
        entering: Entering,
        *,
        url: str,
        raises: RaiseExceptions,
        timeout_s: float | None,
    ) -> None:
        super().__init__(app, scope, entering)
        self.accepted: Message | None = None
        self._url = url
        self._raises = raises
        self._timeout_s = timeout_s
        self._to_app: deque[Message] = deque([{"type": "websocket.connect"}])
        self._from_app: deque[Message] = deque()
        self._denial: Message | None = None
        self._denial_body: list[bytes] = []
        self._denied = False
        self._disconnect: Message | None = None
        """What the application receives from the end on."""
        self._closed_by_app: Message | None = None

    async def receive(self) -> Message:
        """Give the application its next event; a disconnect again and again."""
        await self.changes.until(lambda: self._to_app or self._disconnect)
        if self._to_app:
            return self._to_app.popleft()
        assert self._disconnect is not None
        return dict(self._disconnect)

    async def send(self, message: Message) -> None:
        """Take an event from the application, in the order that ASGI allows."""
        kind = message["type"]
        if self._disconnect is not None and self._closed_by_app is None:
            raise ClientGone("the client has disconnected")
        if kind == "websocket.accept" and self.accepted is None and not self._is_over():
            read_headers(message)
            self.accepted = message
        elif kind == "websocket.close" and self._denial is None and not self._is_over():
            self._close_by_app(message)
        elif kind == "websocket.send" and self.accepted is not None and not self._is_over():
            self._from_app.append(message)
        elif kind == "websocket.http.response.start" and self.accepted is None and self._denial is None:
            read_headers(message)
            self._denial = message
        elif kind == "websocket.http.response.body" and self._denial is not None and not self._denied:
            self._denial_body.append(bytes(message.get("body", b"")))
            self._denied = not message.get("more_body", False)
        else:
            raise RuntimeError(f"the application sent {kind!r}, but {self._expected()}")
        self.changes.announce()

    async def connect(self) -> None:
        """Start the application, and wait for its answer to the handshake.

        Raises:
            WebSocketDisconnect: it refused.
            BaseException: what escaped it.
        """
        self.start()
        try:
            await self._wait(
                lambda: self.accepted or self._denied or self._closed_by_app or self.ended,
                "the application neither accepted nor closed the connection",
            )
        finally:
            if self.accepted is None:
                await self.leave(WS_1000_NORMAL_CLOSURE, "")
        if self.accepted is not None:
            return
        self._raise_failure()
        if self._denied and self._denial is not None:
            status, headers = int(self._denial["status"]), read_headers(self._denial)
            raise WebSocketDenied(TestResponse(status, b"".join(self._denial_body), headers, url=self._url))
        if self._closed_by_app is not None:
            raise self._as_disconnect(self._closed_by_app)
        raise self._no_answer()

    async def next_message(self) -> Message:
        """Return the next event from the application; its close again and again.

        Raises:
            TimeoutError: none comes.
            RuntimeError: the session is used without its block.
            BaseException: what escaped it.
        """
        self._check_entered()
        await self._wait(lambda: self._from_app or self._closed_by_app or self.ended)
        if self._from_app:
            return self._from_app.popleft()
        self._raise_failure()
        if self._closed_by_app is not None:
            return self._closed_by_app
        # As servers do it for an application that returns, or fails, without closing.
        code = WS_1011_INTERNAL_ERROR if self.error is not None else WS_1000_NORMAL_CLOSURE
        return {"type": "websocket.close", "code": code, "reason": ""}

    async def next_text(self) -> str:
        """Return the next message, which must be text; else as `next_message`.

        Raises:
            WebSocketDisconnect: the application has closed the connection.
            AssertionError: the message is binary.
        """
        message = await self._next_sent()
        text = message.get("text")
        if not isinstance(text, str):
            raise AssertionError(f"a text message was expected, not the bytes {message.get('bytes')!r}")
        return text

    async def next_bytes(self) -> bytes:
        """Return the next message, which must be binary; else as `next_text`."""
        message = await self._next_sent()
        data = message.get("bytes")
        if data is None:
            raise AssertionError(f"a binary message was expected, not the text {message.get('text')!r}")
        return bytes(data)

    async def put(self, message: Message) -> None:
        """Give the application an event.

        Raises:
            WebSocketDisconnect: the connection is closed.
        """
        self._check_entered()
        closed = self._closed_by_app or self._disconnect
        if closed is not None:
            raise as_disconnect(closed)
        self._to_app.append(message)
        self.changes.announce()

    async def leave(self, code: int, reason: str) -> None:
        """Close the connection if it is open, and wait for the application to end."""
        if self._disconnect is None:
            self._disconnect = {"type": "websocket.disconnect", "code": code, "reason": reason}
            self.changes.announce()
        await self.stop()

    async def finish(self) -> None:
        """Close the connection if it is open; raise what escaped the application."""
        await self.leave(WS_1000_NORMAL_CLOSURE, "")
        self._raise_failure()

    async def _next_sent(self) -> Message:
        message = await self.next_message()
        if message["type"] == "websocket.close":
            raise self._as_disconnect(message)
        return message

    def _check_entered(self) -> None:
        if not self.started:
            raise RuntimeError("a WebSocket connects on entering its block: write `with client.websocket_connect(...)`")

    async def _wait(self, condition: Any, lack: str = "the application sent nothing") -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self.changes.until(condition)
        except TimeoutError:
            raise TimeoutError(f"{self._url}: {lack} for {self._timeout_s} s") from None

    def _close_by_app(self, message: Message) -> None:
        self._closed_by_app = message
        code, reason = message.get("code", WS_1000_NORMAL_CLOSURE), message.get("reason") or ""
        self._disconnect = {"type": "websocket.disconnect", "code": code, "reason": reason}

    def _as_disconnect(self, message: Message) -> WebSocketDisconnect:
        """Return the error that a close is, with what the application has logged behind it as its cause."""
        error = as_disconnect(message)
        error.__cause__ = next(iter(self.exceptions), None)
        return error

    def _raise_failure(self) -> None:
        """Raise what escaped the application, unless all it met with is that the test has gone."""
        if self.exceptions and self._raises == "all" and not self.is_told:
            self.is_told = True
            raise self.exceptions[0]
        if self.error is None or self.is_told or not self._raises or is_about_leaving(self.error):
            return
        gone_by_test = self._disconnect is not None and self._closed_by_app is None
        if gone_by_test and isinstance(self.error, WebSocketDisconnect):
            return
        self.is_told = True
        raise self.error

    def _is_over(self) -> bool:
        return self._closed_by_app is not None or self._denial is not None

    def _no_answer(self) -> BaseException:
        if self.error is not None or not self._raises:
            return WebSocketDenied(TestResponse(500, b"Internal Server Error", [], url=self._url, exception=self.error))
        return RuntimeError("the application returned without accepting or closing the WebSocket")

    def _expected(self) -> str:
        if self._closed_by_app is not None:
            return "it has closed the WebSocket"
        if self._denial is not None:
            return "a response takes the place of the WebSocket"
        return "it has accepted already" if self.accepted is not None else "it has not accepted yet"


class _Session:
    """What both forms of a session know."""

    def __init__(self, connection: Connection, loop: asyncio.AbstractEventLoop, owner: object) -> None:
        self.accepted_subprotocol: str | None = None
        """What the application has chosen."""
        self.response_headers = CaseInsensitiveDict()
        """What the application has sent with its acceptance."""
        self.scope = connection.scope
        self._connection = connection
        self._loop = loop
        # A client that nobody else holds would be collected, and its loop ended.
        self._owner = owner

    def _read_acceptance(self) -> None:
        accepted: Message = self._connection.accepted or {"type": "websocket.accept"}
        self.accepted_subprotocol = accepted.get("subprotocol")
        pairs: HeaderPairs = read_headers(accepted)
        self.response_headers = CaseInsensitiveDict(MutableHeaders.from_pairs(pairs).multi_items())


class WebSocketSession(_Session):
    """A WebSocket of a test: a context manager, connected inside its block.

    Each method that waits for the application does so for the session's `timeout_s`, default 10 seconds, and raises
    `TimeoutError` then. An exception that escapes the application is raised by the method that waits, or at the end of
    the block. Thread-safe: one thread may send while another receives.
    """

    def __enter__(self) -> Self:
        self._do(self._connection.connect())
        self._read_acceptance()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        if kind is None:
            self._do(self._connection.finish())
        else:
            self._do(self._connection.leave(WS_1000_NORMAL_CLOSURE, ""))

    def send(self, message: Message) -> None:
        """Give the application an event as it is."""
        self._do(self._connection.put(message))

    def send_text(self, data: str) -> None:
        """Send a text message.

        Raises:
            WebSocketDisconnect: the connection is closed.
        """
        self.send({"type": "websocket.receive", "text": data})

    def send_bytes(self, data: bytes) -> None:
        """Send a binary message; raises as `send_text`."""
        self.send({"type": "websocket.receive", "bytes": bytes(data)})

    def send_json(self, data: Any, mode: JSONMode = "text") -> None:
        """Send a value as JSON, in a text message or a binary one; raises as `send_text`."""
        self.send(json_message(data, mode))

    def receive(self) -> Message:
        """Return the next event of the application: `websocket.send`, or, again and again, its `websocket.close`."""
        return self._do(self._connection.next_message())

    def receive_text(self) -> str:
        """Return the next text message.

        Raises:
            WebSocketDisconnect: the application has closed the connection, with `code` and `reason`.
            AssertionError: the next message is binary.
            TimeoutError: none comes.
        """
        return self._do(self._connection.next_text())

    def receive_bytes(self) -> bytes:
        """Return the next binary message; raises as `receive_text`."""
        return self._do(self._connection.next_bytes())

    def receive_json(self, mode: JSONMode = "text") -> Any:
        """Return the value of the next message, a text one or a binary one; raises as `receive_text`."""
        return json.loads(self.receive_text() if mode == "text" else self.receive_bytes())

    def close(self, code: int = WS_1000_NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the connection, and wait for the application to end; further calls do nothing."""
        self._do(self._connection.leave(code, reason))

    def _do[T](self, work: Coroutine[Any, Any, T]) -> T:
        return run_in(self._loop, work)


class AsyncWebSocketSession(_Session):
    """A WebSocket of an async test: an async context manager; else as `WebSocketSession`."""

    async def __aenter__(self) -> Self:
        await self._do(self._connection.connect())
        self._read_acceptance()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if kind is None:
            await self._do(self._connection.finish())
        else:
            await self._do(self._connection.leave(WS_1000_NORMAL_CLOSURE, ""))

    async def send(self, message: Message) -> None:
        """Give the application an event as it is."""
        await self._do(self._connection.put(message))

    async def send_text(self, data: str) -> None:
        """Send a text message.

        Raises:
            WebSocketDisconnect: the connection is closed.
        """
        await self.send({"type": "websocket.receive", "text": data})

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message; raises as `send_text`."""
        await self.send({"type": "websocket.receive", "bytes": bytes(data)})

    async def send_json(self, data: Any, mode: JSONMode = "text") -> None:
        """Send a value as JSON, in a text message or a binary one; raises as `send_text`."""
        await self.send(json_message(data, mode))

    async def receive(self) -> Message:
        """Return the next event of the application: `websocket.send`, or, again and again, its `websocket.close`."""
        return await self._do(self._connection.next_message())

    async def receive_text(self) -> str:
        """Return the next text message; raises as the method of `WebSocketSession`."""
        return await self._do(self._connection.next_text())

    async def receive_bytes(self) -> bytes:
        """Return the next binary message; raises as `receive_text`."""
        return await self._do(self._connection.next_bytes())

    async def receive_json(self, mode: JSONMode = "text") -> Any:
        """Return the value of the next message, a text one or a binary one; raises as `receive_text`."""
        return json.loads(await self.receive_text() if mode == "text" else await self.receive_bytes())

    async def close(self, code: int = WS_1000_NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the connection, and wait for the application to end; further calls do nothing."""
        await self._do(self._connection.leave(code, reason))

    async def _do[T](self, work: Coroutine[Any, Any, T]) -> T:
        return await await_in(self._loop, work)


def json_message(data: Any, mode: JSONMode) -> Message:
    """Return the event that carries a value."""
    encoded = encode(data)
    if mode == "text":
        return {"type": "websocket.receive", "text": encoded.decode()}
    return {"type": "websocket.receive", "bytes": encoded}


def as_disconnect(message: Message) -> WebSocketDisconnect:
    """Return the error that a close or a disconnect is."""
    return WebSocketDisconnect(int(message.get("code") or WS_1000_NORMAL_CLOSURE), str(message.get("reason") or ""))

"""`WebSocket`: one WebSocket connection (RFC 6455, ASGI WebSocket 2.4).

What may happen when, by state::

    CONNECTING    accept, send_denial_response, close (the client sees 403); receive() waits for the client to go
    CONNECTED     send_*, receive_*, close
    DISCONNECTED  close, which does nothing; receiving raises `WebSocketDisconnect`

Pings are the server's: it sends them and drops clients that do not answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import suppress
from typing import Any, Final, Literal, override

import hawkapi.codec as codec
from hawkapi._threading import ThreadOwned
from hawkapi.codec import MalformedError
from hawkapi.exceptions import WebSocketDisconnect
from hawkapi.http._denial import can_deny
from hawkapi.requests.body import poll
from hawkapi.requests.connection import HTTPConnection
from hawkapi.requests.state import State
from hawkapi.status import (
    WS_1000_NORMAL_CLOSURE,
    WS_1005_NO_STATUS_RCVD,
    WS_1006_ABNORMAL_CLOSURE,
    WS_1009_MESSAGE_TOO_BIG,
)
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send
from hawkapi.websocket._rules import AcceptHeaders, accept_fields, check_close, check_mode, message_size
from hawkapi.websocket.states import MalformedMessageError, UnexpectedMessageError, WebSocketGoneError, WebSocketState

__all__ = ["DEFAULT_MAX_MESSAGE_SIZE", "WebSocket"]

DEFAULT_MAX_MESSAGE_SIZE: Final = 1024 * 1024
"""Bytes allowed in one message, 1 MiB: servers allow 16 MiB and more, which few applications mean to keep in memory for
every client."""

BURST: Final = 16
"""After how many messages the other tasks of the loop have their turn. A server need not wait to take a message:
uvicorn 0.54 takes them all, and is never told that the client has gone, while a handler does nothing but send."""

GRANIAN_GONE: Final = "Transport not initialized or closed"
"""COMPAT: what granian 2.7.9 says, in a `RuntimeError`, of a client that has gone."""

type Mode = Literal["text", "binary"]

# THREADS: one decoder per thread, as for everything that requests use.
_json_decoders = ThreadOwned(lambda: codec.decoder(Any))


class WebSocket(HTTPConnection):
    """A WebSocket connection, with everything that its handshake brought: headers, query, cookies, path, client.

    Sending waits until the server has taken the message, which it does not while the client reads too slowly: that is
    the backpressure. Several tasks may send at the same time; one should receive.

    Loop-bound: all tasks that use it run on the event loop that serves it. From another one its methods raise
    `RuntimeError`; `asyncio.run_coroutine_threadsafe(ws.send_text(...), ws.loop)` sends from there.

    Args:
        scope: of type `websocket` (ASGI 3); used as it is.
        receive: gives the client's events, the first of them after `websocket.connect`.
        send: takes events for the client.
        path_params: converted values by name. Default those of the scope, or none.
        max_message_size: bytes allowed in a message that is received, text counted in UTF-8, default 1 MiB. A longer
            one closes the connection with 1009.
        state: how far the connection has come, default `CONNECTING`.
    """

    __slots__ = (
        "_close_code",
        "_close_reason",
        "_count",
        "_gone",
        "_limit",
        "_loop",
        "_phase",
        "_receive",
        "_send",
        "_subprotocol",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        path_params: Mapping[str, Any] | None = None,
        *,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
        state: WebSocketState = WebSocketState.CONNECTING,
    ) -> None:
        super().__init__(scope, path_params)
        self._receive = receive
        self._send = send
        self._limit = max_message_size
        self._phase = state
        self._loop = running_loop()
        self._subprotocol: str | None = None
        self._close_code: int | None = None
        self._close_reason = ""
        self._count = 0
        """How many messages were sent."""
        self._gone = False
        """Whether it was the client that ended the connection."""

    # Of an `HTTPConnection` this is the bag, which can be replaced; a WebSocket's has always been how far it has come.
    @property  # type: ignore[misc]
    def state(self) -> WebSocketState:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """How far the connection has come. What other parts of the program left is in `scope_state`."""
        return self._phase

    @property
    def scope_state(self) -> State:
        """What the parts of the program leave for each other, seeded from the lifespan state: `request.state` here."""
        return HTTPConnection(self.scope).state

    @property
    @override
    def url_scheme(self) -> str:
        """`ws` or `wss`."""
        scheme: str = self.scope.get("scheme", "ws")
        return scheme

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop that serves the connection; `None` where it was made outside of one and not used yet."""
        return self._loop

    @property
    def subprotocols(self) -> list[str]:
        """The subprotocols that the client offers, the one it likes best first."""
        return list(self.scope.get("subprotocols") or ())

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that was accepted."""
        return self._subprotocol

    @property
    def close_code(self) -> int | None:
        """The code that the connection was closed with, by either side; `None` while it is open."""
        return self._close_code

    @property
    def close_reason(self) -> str:
        """The reason that came with `close_code`."""
        return self._close_reason

    @property
    def origin(self) -> str | None:
        """The `Origin` field: the site whose script opened the connection (RFC 6454); other clients send none."""
        return self.headers.get("origin")

    def allows_origin(self, *origins: str) -> bool:
        """Whether the client is no browser, or its page comes from this host or from one of some origins.

        SECURITY: browsers let every site open WebSockets to every other, and send cookies with them. A handler that
        relies on cookies asks this before it accepts.

        Args:
            origins: `scheme://host[:port]` each, or `"*"` for any.
        """
        origin = self.origin
        if origin is None or "*" in origins:
            return True
        origin = origin.lower()
        if origin in {allowed.lower().rstrip("/") for allowed in origins}:
            return True
        # Only the host is compared: behind a proxy that ends TLS the scheme here is not the one that the browser used.
        scheme, _, host = origin.partition("://")
        default = {"http": ":80", "https": ":443"}.get(scheme, "")
        own = (self.headers.get("host") or "").lower()
        return bool(own) and host.removesuffix(default) == own.removesuffix(default)

    async def accept(self, subprotocol: str | None = None, headers: AcceptHeaders | None = None) -> None:
        """Complete the handshake.

        Args:
            subprotocol: one of those that the client offers (RFC 6455 section 4.2.2), default none.
            headers: further fields of the response.

        Raises:
            RuntimeError: it has been accepted or closed already.
            ValueError: the client did not offer the subprotocol, or a field cannot be sent.
            WebSocketDisconnect: the client has gone.
        """
        if self._phase is not WebSocketState.CONNECTING:
            raise RuntimeError(f"Cannot accept: state is {self._phase.value}")
        message: Message = {"type": "websocket.accept"}
        if subprotocol is not None:
            self._check_subprotocol(subprotocol)
            message["subprotocol"] = subprotocol
        if headers:
            message["headers"] = accept_fields(headers)
        self._check_loop()
        # Before the first await: of two tasks that accept, one is told that it came too late.
        self._phase = WebSocketState.CONNECTED
        self._subprotocol = subprotocol
        await self._deliver(message)

    async def close(self, code: int = WS_1000_NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the connection; nothing happens where it is closed already. Before `accept` the client sees 403.

        Args:
            code: 1000 to 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455 section 7.4), default 1000.
            reason: at most 123 bytes of UTF-8, default empty.

        Raises:
            ValueError: the code may not be sent, or the reason is too long.
        """
        check_close(code, reason)
        self._check_loop()
        if self._phase is WebSocketState.DISCONNECTED:
            return
        self._end(code, reason, gone=False)
        with suppress(Exception):  # It is closed, whatever the server says of it.
            await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def send_denial_response(self, response: ASGIApp) -> None:
        """Refuse the handshake with a response of its own, where the server can send one, else with 403.

        Args:
            response: a `Response`, or any ASGI application that sends one, with a status of 200 or more.

        Raises:
            RuntimeError: the connection has been accepted or closed already.
            ValueError: the status is one of an interim response.
            WebSocketDisconnect: the client has gone.
        """
        if self._phase is not WebSocketState.CONNECTING:
            raise RuntimeError(f"Cannot deny: state is {self._phase.value}")
        if not self.can_send_denial_response:
            await self.close()
            return
        self._check_loop()
        scope: Scope = {**self.scope, "type": "http", "method": "GET", "extensions": {}}
        await response(scope, self._receive_for_response, self._send_denial)

    @property
    def can_send_denial_response(self) -> bool:
        """Whether the server has the extension `websocket.http.response` (ASGI WebSocket Denial Response)."""
        return can_deny(self.scope)

    async def receive(self) -> Message:
        """Return the next event as the server gives it.

        Raises:
            WebSocketDisconnect: the connection is closed; with the client's code, or 1000 if that was told before.
        """
        self._check_loop()
        if self._phase is WebSocketState.DISCONNECTED:
            raise WebSocketDisconnect
        message = await self._receive()
        # PERF: what is neither the end nor too long needs no other coroutine.
        is_message = message["type"] == "websocket.receive" and message_size(message) <= self._limit
        return message if is_message else await self._take(message)

    def _next(self) -> Awaitable[Message]:
        return self.receive() if self._phase is not WebSocketState.CONNECTING else self._receive_early()

    async def _receive_early(self) -> Message:
        """Return what has come although nothing was accepted yet, which is hardly more than that the client has gone.

        Raises:
            RuntimeError: nothing has, and so nothing would: the client waits for the end of the handshake.
        """
        self._check_loop()
        message = await poll(self._receive)
        if message is None:
            raise RuntimeError("Cannot receive before accept(): the client waits for it, too")
        return await self._take(message)

    async def _take(self, message: Message) -> Message:
        if message["type"] == "websocket.disconnect":
            self._end(message.get("code") or WS_1005_NO_STATUS_RCVD, message.get("reason") or "", gone=True)
            raise self._disconnect()
        size = message_size(message)
        if size > self._limit:
            reason = f"Message of {size} bytes exceeds the limit of {self._limit}"
            await self.close(WS_1009_MESSAGE_TOO_BIG, reason)
            raise WebSocketDisconnect(WS_1009_MESSAGE_TOO_BIG, reason)
        return message

    async def receive_text(self) -> str:
        """Return the next message, which must be text.

        Raises:
            UnexpectedMessageError: it is binary.
            RuntimeError: the connection was not accepted yet.
            WebSocketDisconnect: the connection is closed.
        """
        text: str | None = (await self._next()).get("text")
        if text is None:
            raise UnexpectedMessageError("Expected text frame, got binary")
        return text

    async def receive_bytes(self) -> bytes:
        """Return the next message, which must be binary.

        Raises:
            UnexpectedMessageError: it is text.
            RuntimeError: the connection was not accepted yet.
            WebSocketDisconnect: the connection is closed.
        """
        data: bytes | None = (await self._next()).get("bytes")
        if data is None:
            raise UnexpectedMessageError("Expected binary frame, got text")
        return data

    async def receive_json(self, mode: Mode = "text") -> Any:
        """Return the value of the next message, which must be JSON.

        Args:
            mode: whether it comes as `"text"`, the default, or as `"binary"`.

        Raises:
            MalformedMessageError: it is not JSON.
            UnexpectedMessageError: it is of the other kind.
            RuntimeError: the connection was not accepted yet.
            WebSocketDisconnect: the connection is closed.
        """
        check_mode(mode)
        if mode == "binary":
            data = await self.receive_bytes()
        else:
            data = (await self.receive_text()).encode("utf-8", "surrogatepass")
        try:
            return _json_decoders.get()(data)
        except MalformedError as exc:
            raise MalformedMessageError(exc.violations[0].message) from exc

    async def send_text(self, data: str) -> None:
        """Send a text message.

        Raises:
            RuntimeError: the connection was not accepted yet, or is closed.
            WebSocketDisconnect: the client has gone.
            TypeError: it is no text.
        """
        if not isinstance(data, str):  # pyright: ignore[reportUnnecessaryIsInstance] - users are not all type-checked
            raise TypeError(f"send_text takes a str, not {type(data).__name__}; send_json takes any value")
        await self._send_message({"type": "websocket.send", "text": data})

    async def send_bytes(self, data: bytes | bytearray | memoryview[int]) -> None:
        """Send a binary message.

        Raises:
            RuntimeError, WebSocketDisconnect: as `send_text`.
            TypeError: it is no bytes.
        """
        if not isinstance(data, bytes | bytearray | memoryview):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"send_bytes takes bytes, not {type(data).__name__}")
        await self._send_message({"type": "websocket.send", "bytes": bytes(data)})

    async def send_json(self, data: Any, mode: Mode = "text") -> None:
        """Send a value as compact JSON, written as responses write it.

        Args:
            data: any value the codec can write.
            mode: whether it goes as `"text"`, the default, or as `"binary"`.

        Raises:
            RuntimeError, WebSocketDisconnect: as `send_text`.
            TypeError: the value holds something JSON has no form for.
            ValueError: it holds NaN or an infinity.
        """
        check_mode(mode)
        content = codec.encode(data)
        await (self.send_bytes(content) if mode == "binary" else self.send_text(content.decode("utf-8")))

    async def iter_text(self) -> AsyncIterator[str]:
        """Yield text messages until the connection is closed; raises as `receive_text` for others."""
        try:
            while True:
                yield await self.receive_text()
        except WebSocketDisconnect:
            return

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        """Yield binary messages until the connection is closed; raises as `receive_bytes` for others."""
        try:
            while True:
                yield await self.receive_bytes()
        except WebSocketDisconnect:
            return

    async def iter_json(self, mode: Mode = "text") -> AsyncIterator[Any]:
        """Yield the values of JSON messages until the connection is closed; raises as `receive_json` for others."""
        try:
            while True:
                yield await self.receive_json(mode)
        except WebSocketDisconnect:
            return

    def __aiter__(self) -> AsyncIterator[str]:
        """Yield text messages, as `iter_text`."""
        return self.iter_text()

    async def _send_message(self, message: Message) -> None:
        self._check_loop()
        self._count += 1
        if not self._count % BURST:
            await asyncio.sleep(0)
        # After the others had their turn, as one of them may have closed it: nothing may follow the close.
        if self._phase is not WebSocketState.CONNECTED:
            if self._gone:
                raise WebSocketGoneError(self._disconnect().code, self._close_reason)
            hint = "; accept it first" if self._phase is WebSocketState.CONNECTING else ""
            raise RuntimeError(f"Cannot send: WebSocket state is {self._phase.value}{hint}")
        await self._deliver(message)

    async def _deliver(self, message: Message) -> None:
        """Hand an event to the server.

        Raises:
            WebSocketDisconnect: the client has gone.
        """
        try:
            await self._send(message)
        except OSError as exc:  # SPEC: how a server says that the client has gone (ASGI WebSocket 2.4).
            self._end(WS_1006_ABNORMAL_CLOSURE, "", gone=True)
            raise self._disconnect() from exc
        except Exception as exc:
            if GRANIAN_GONE in str(exc):
                self._end(WS_1006_ABNORMAL_CLOSURE, "", gone=True)
            if self._phase is not WebSocketState.DISCONNECTED:
                raise
            # Another task closed it, or was told that the client has gone, while this one waited for the server.
            raise self._disconnect() from exc

    async def _send_denial(self, message: Message) -> None:
        """Send a part of a response as the extension names it (ASGI WebSocket Denial Response)."""
        kind = f"websocket.{message['type']}"
        if kind == "websocket.http.response.start":
            if message["status"] < 200:
                raise ValueError(f"a handshake cannot be refused with the interim status {message['status']}")
            self._end(WS_1006_ABNORMAL_CLOSURE, "", gone=False)
            await self._send({"type": kind, "status": message["status"], "headers": list(message.get("headers", ()))})
        else:
            body, more = message.get("body", b""), message.get("more_body", False)
            await self._send({"type": kind, "body": body, "more_body": more})

    async def _receive_for_response(self) -> Message:
        """Tell a response that the client has gone, in the words of HTTP."""
        message = await self._receive()
        return {"type": "http.disconnect"} if message["type"] == "websocket.disconnect" else message

    def _end(self, code: int, reason: str, *, gone: bool) -> None:
        """Take down how the connection ended; what comes later does not change it."""
        if self._phase is not WebSocketState.DISCONNECTED:
            self._phase = WebSocketState.DISCONNECTED
            self._close_code, self._close_reason, self._gone = code, reason, gone

    def _disconnect(self) -> WebSocketDisconnect:
        return WebSocketDisconnect(self._close_code or WS_1005_NO_STATUS_RCVD, self._close_reason)

    def _check_loop(self) -> None:
        """Refuse another event loop than that which serves the connection: its server is not made for two threads."""
        running = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = running
        elif self._loop is not running:
            raise RuntimeError(
                f"this WebSocket belongs to {self._loop!r}, not to {running!r}, which runs here; "
                "use asyncio.run_coroutine_threadsafe(..., ws.loop)"
            )

    def _check_subprotocol(self, subprotocol: str) -> None:
        # A scope that does not say what was offered is not second-guessed.
        if self.scope.get("subprotocols") is not None and subprotocol not in self.subprotocols:
            raise ValueError(f"subprotocol {subprotocol!r} is not one that the client offers: {self.subprotocols}")


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, or `None`."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

"""An RSGI server in the process, in front of applications that a test drives through ASGI.

`through_rsgi` stands between a driver, the test client above all, and the entry: it makes an RSGI scope and protocol of
the driver's ASGI scope, `receive` and `send`. They behave as granian 2.7.9's do: header fields of one name follow each
other, values that are not ASCII are missing, a body ends in silence when the client goes, a response in pieces
ends when nobody has its stream any more, and what is sent to a client that has gone raises a `RuntimeError`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any, cast

from hawkapi import HawkAPI
from hawkapi._rsgi.entry import RSGIEntry
from hawkapi._rsgi.scopes import Surroundings, is_through_rsgi
from hawkapi._serving import Serving
from hawkapi.types import Message, Receive, Scope, Send


class ProtocolClosed(RuntimeError):
    """The client has gone: granian's `RSGIProtocolClosed`."""


class FakeHeaders:
    """The header fields of a request."""

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            if value.isascii():
                self._values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("ascii"))

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of a name."""
        return self._values.get(key, [default])[0]

    def items(self) -> list[tuple[str, str]]:
        """Return all pairs."""
        return [(name, value) for name, values in self._values.items() for value in values]


class FakeScope:
    """A connection."""

    def __init__(self, scope: Scope) -> None:
        self.proto = "http" if scope["type"] == "http" else "ws"
        pairs: list[tuple[bytes, bytes]] = list(scope.get("headers", ()))
        # A body that no field announces, which drivers of ASGI have and clients of HTTP/1.1 cannot send.
        announced = scope.get("method") in {"GET", "HEAD"} or any(
            name in {b"content-length", b"transfer-encoding"} for name, _ in pairs
        )
        self.http_version: str = scope.get("http_version", "1.1") if announced else "2"
        self.rsgi_version = "1.6"
        self.server = as_text(scope.get("server"))
        self.client = as_text(scope.get("client"))
        self.scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "http"), scope.get("scheme", "http"))
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["path"]
        self.query_string: str = scope.get("query_string", b"").decode()
        self.authority: str | None = None
        self.headers = FakeHeaders(pairs)


def as_text(address: tuple[str, int | None] | None) -> str:
    """Return an address as RSGI writes it."""
    if address is None:
        return ""
    host, port = address
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class FakeStream:
    """A response that is sent in pieces."""

    def __init__(self, protocol: FakeProtocol) -> None:
        self._protocol = protocol

    async def send_bytes(self, data: bytes) -> None:
        """Send a piece."""
        await self._protocol.send_now({"type": "http.response.body", "body": data, "more_body": True})

    def __del__(self) -> None:
        self._protocol.put({"type": "http.response.body", "body": b"", "more_body": False})


class Pieces:
    """What iterates over a body: `aiter` of it is refused, as granian does."""

    def __init__(self, pieces: AsyncGenerator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> Pieces:
        raise RuntimeError("RSGI protocol error")

    async def __anext__(self) -> bytes:
        return await anext(self._pieces)


class FakeProtocol:
    """What a request is read from and answered with. Its calls do not wait; tasks send what they have left, in order.

    What is sent to a driver that does not make anybody wait has been sent when a call returns.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._closed = False
        self._failure: Exception | None = None
        self._left = False
        self._read = False
        self._answered = False
        self._broken = False
        self._last: asyncio.Task[None] | None = None

    async def __call__(self) -> bytes:
        """Return the whole body."""
        assert not self._read, "the body of a request is read once"
        self._read, pieces, more = True, list[bytes](), True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._left = True
                raise ProtocolClosed("RSGI transport is closed")
            pieces.append(bytes(message.get("body", b"")))
            more = message.get("more_body", False)
        return b"".join(pieces)

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces."""
        assert not self._read, "the body of a request is read once"
        self._read = True
        return Pieces(self._pieces())

    async def _pieces(self) -> AsyncGenerator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._left = True
                return
            yield bytes(message.get("body", b""))
            more = message.get("more_body", False)
        yield b""

    async def client_disconnect(self) -> None:
        """Return when the client has gone; body that nobody wants is not that."""
        while not self._left:
            self._left = (await self._receive())["type"] == "http.disconnect"

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        """Answer without a body."""
        self.response_bytes(status, headers, b"")

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer."""
        self._start(status, headers)
        self.put({"type": "http.response.body", "body": body, "more_body": False})

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> FakeStream:
        """Begin to answer."""
        self._start(status, headers)
        return FakeStream(self)

    def put(self, message: Message) -> None:
        """Have a message sent."""
        loop = asyncio.get_running_loop()
        self._last = asyncio.Task(self._deliver(message, self._last), loop=loop, eager_start=True)

    async def send_now(self, message: Message) -> None:
        """Have a message sent, and wait for that."""
        self.put(message)
        await self._sent()
        if self._closed:
            raise ProtocolClosed("RSGI transport is closed")

    def break_off(self) -> None:
        """Send no end any more, so that the driver sees that something is missing."""
        self._broken = True

    async def finish(self) -> None:
        """Wait until everything has been sent."""
        await self._sent()
        if self._failure is not None:
            raise self._failure

    def _start(self, status: int, headers: list[tuple[str, str]]) -> None:
        assert not self._answered, "a request is answered once"
        assert 100 <= status <= 999, "granian's worker panics"
        self._answered = True
        pairs = [(name.encode(), value.encode()) for name, value in headers]
        self.put({"type": "http.response.start", "status": status, "headers": pairs})

    async def _sent(self) -> None:
        if self._last is not None and not self._last.done():
            await asyncio.wait([self._last])

    async def _deliver(self, message: Message, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])
        if self._closed or (self._broken and not message.get("more_body", True)):
            return
        try:
            await self._send(message)
        except OSError:
            self._closed = True
        except Exception as exc:  # noqa: BLE001 - it is raised again by `finish`
            self._closed, self._failure = True, exc


class FakeSocketMessage:
    """What the client of a WebSocket has sent."""

    def __init__(self, kind: int, data: bytes | str | None = None) -> None:
        self.kind = kind
        if data is not None:
            self.data = data


class FakeTransport:
    """An accepted WebSocket."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def receive(self) -> FakeSocketMessage:
        """Return the next message."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return FakeSocketMessage(0)
        text = message.get("text")
        return FakeSocketMessage(1, message["bytes"]) if text is None else FakeSocketMessage(2, text)

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        await self._deliver({"type": "websocket.send", "bytes": data})

    async def send_str(self, data: str) -> None:
        """Send a text message."""
        await self._deliver({"type": "websocket.send", "text": data})

    async def _deliver(self, message: Message) -> None:
        try:
            await self._send(message)
        except OSError:
            raise ProtocolClosed("RSGI transport is closed") from None


class FakeSocketProtocol:
    """The handshake of a WebSocket; a server sends what `close` has left when the application has returned."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._accepted = False
        self._refused: int | None = None

    async def accept(self) -> FakeTransport:
        """Complete it."""
        await self._receive()
        await self._send({"type": "websocket.accept"})
        self._accepted = True
        return FakeTransport(self._receive, self._send)

    def close(self, status: int | None) -> None:
        """End the connection."""
        if not self._accepted:
            assert status is not None, "granian's worker panics"
            assert 100 <= status <= 999, "granian's worker panics"
            self._refused = status

    async def finish(self) -> None:
        """End a connection as its application has asked for."""
        if self._accepted:
            await self._send({"type": "websocket.close", "code": 1005})
            return
        assert self._refused is not None, "granian's worker panics"
        await self._receive()
        await self._send({"type": "websocket.http.response.start", "status": self._refused, "headers": []})
        await self._send({"type": "websocket.http.response.body", "body": b""})


SERVERS_OWN = {
    *("type", "asgi", "http_version", "method", "scheme", "path", "raw_path", "query_string", "root_path", "headers"),
    *("client", "server", "state", "extensions"),
}
"""What servers put into a scope; with anything else, ASGI middleware is around the application, and no RSGI."""

type Original = Callable[[Any, Scope, Receive, Send], Awaitable[None]]


async def through_rsgi(app: HawkAPI, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a connection of an ASGI driver through the RSGI entry of an application."""
    around = Surroundings(scope.get("root_path", ""), scope.get("state"), scope.get("extensions"))
    serve = RSGIEntry(app, around).serve
    if scope["type"] == "websocket":
        socket = FakeSocketProtocol(receive, send)
        await serve(cast("Any", FakeScope(scope)), socket)
        await socket.finish()
        return
    protocol = FakeProtocol(receive, send)
    try:
        await serve(cast("Any", FakeScope(scope)), protocol)
    except BaseException:
        protocol.break_off()
        raise
    finally:
        await protocol.finish()


def serve_everything_through_rsgi() -> None:
    """Have each HTTP request that reaches an application straight from a server go through its RSGI entry first.

    For a whole run of the suite (`--entry=rsgi`); nothing takes it back. WebSockets stay: what RSGI cannot express of
    them, the tests are about.
    """
    original: Original = Serving.__call__

    async def call(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.keys() <= SERVERS_OWN and not is_through_rsgi(scope):
            await through_rsgi(self, scope, receive, send)
        else:
            await original(self, scope, receive, send)

    Serving.__call__ = call  # type: ignore[method-assign]

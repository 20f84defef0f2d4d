"""A WebSocket client on wsproto and a bare socket: what a client library would correct or refuse can be sent."""

from __future__ import annotations

import os
import socket
import struct
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

TIMEOUT_S = 30.0
"""How long a read may take before a test fails: far more than any answer needs on a loaded machine."""

TEXT, BINARY, CLOSE, PING = 0x1, 0x2, 0x8, 0x9


@dataclass(frozen=True)
class Refusal:
    """A response in place of the handshake."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True)
class Closed:
    """The end of a connection: by a close frame, or by none."""

    code: int | None
    reason: str = ""


def frame(opcode: int, payload: bytes, *, final: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """Return one frame as it goes over the wire, legal or not (RFC 6455 section 5.2)."""
    size = len(payload)
    length = size if size < 126 else 126 if size < 1 << 16 else 127
    extended = b"" if size < 126 else struct.pack("!H" if length == 126 else "!Q", size)
    head = bytes([final << 7 | reserved << 4 | opcode, masked << 7 | length]) + extended
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def close_frame(code: int, reason: bytes = b"") -> bytes:
    """Return a close frame, also one with a code that nobody may send."""
    return frame(CLOSE, struct.pack("!H", code) + reason)


class Client:
    """One connection; the handshake is sent when it is made."""

    def __init__(
        self,
        address: tuple[str, int],
        target: str,
        *,
        subprotocols: Sequence[str] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._socket = socket.create_connection(address, timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._events: deque[Event] = deque()
        self.refused: Refusal | None = None
        fields = [(name.encode(), value.encode()) for name, value in headers]
        request = Request(host="example.org", target=target, subprotocols=list(subprotocols), extra_headers=fields)
        self._socket.sendall(self._protocol.send(request))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def answer(self) -> AcceptConnection | Refusal:
        """Return what the server made of the handshake."""
        first = self._next()
        if isinstance(first, AcceptConnection):
            return first
        assert isinstance(first, RejectConnection), first
        body, more = b"", first.has_body
        while more:
            part = self._next()
            if part is None:
                break
            assert isinstance(part, RejectData)
            body += bytes(part.data)
            more = not part.body_finished
        return Refusal(first.status_code, list(first.headers), body)

    def opened(self) -> Self:
        """Check that the handshake was accepted."""
        answer = self.answer()
        assert isinstance(answer, AcceptConnection), answer
        return self

    def send(self, event: Event) -> None:
        """Send an event, as the protocol allows it."""
        self._socket.sendall(self._protocol.send(event))

    def send_text(self, text: str) -> None:
        """Send a text message."""
        self.send(TextMessage(text))

    def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        self.send(BytesMessage(data))

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def message(self) -> str | bytes | Closed:
        """Return the next whole message, or how the connection ended; pings are answered."""
        parts: list[Any] = []
        while True:
            event = self._next()
            if event is None:
                return Closed(None)
            if isinstance(event, CloseConnection):
                if event.code != 1006:
                    self._answer_close(event)
                return Closed(int(event.code), event.reason or "")
            if isinstance(event, Ping):
                self.send(event.response())
            elif isinstance(event, TextMessage | BytesMessage):
                parts.append(event.data)
                if event.message_finished:
                    return parts[0][:0].join(parts) if isinstance(event, TextMessage) else b"".join(map(bytes, parts))

    def pong(self) -> bytes:
        """Return the payload of the answer to a ping."""
        event = self._next()
        assert isinstance(event, Pong), event
        return bytes(event.payload)

    def leave(self, *, reset: bool) -> None:
        """End the TCP connection without a close frame."""
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _answer_close(self, event: CloseConnection) -> None:
        with suppress(LocalProtocolError, OSError):  # This side was first, or the server has closed at once.
            self._socket.sendall(self._protocol.send(event.response()))

    def _next(self) -> Event | None:
        """Return the next event, or `None` at the end of the connection."""
        while not self._events:
            try:
                data = self._socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            try:
                self._protocol.receive_data(data)
                self._events.extend(self._protocol.events())
            except RemoteProtocolError as exc:
                raise AssertionError(f"the server broke the protocol: {exc}") from exc
        return self._events.popleft()

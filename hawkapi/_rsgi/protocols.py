"""The RSGI 1.x shapes that the entry is called with.

Source: RSGI specification, as granian 2.7.9 has it (`rsgi_version` 1.6). `typing.Protocol`, since the server need not
be installed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any, Protocol

type TextPairs = list[tuple[str, str]]
"""Header fields in order, a repeated name in several pairs."""


class RSGIHeaders(Protocol):
    """The header fields of a request, lower-case names. Fields whose value is not plain ASCII are missing."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of a name."""

    def items(self) -> list[tuple[str, str]]:
        """Return all pairs; those of one name follow each other."""
        ...


class RSGIScope(Protocol):
    """A connection."""

    @property
    def proto(self) -> str:
        """`http` or `ws`."""
        ...

    @property
    def http_version(self) -> str:
        """`1`, `1.1` or `2`."""
        ...

    @property
    def rsgi_version(self) -> str:
        """Of the specification."""
        ...

    @property
    def server(self) -> str:
        """`host:port`, or the path of a Unix socket."""
        ...

    @property
    def client(self) -> str:
        """`host:port`; empty on a Unix socket."""
        ...

    @property
    def scheme(self) -> str:
        """`http` or `https`, also of a WebSocket."""
        ...

    @property
    def method(self) -> str:
        """In upper case."""
        ...

    @property
    def path(self) -> str:
        """Percent-decoded, as UTF-8."""
        ...

    @property
    def query_string(self) -> str:
        """Percent-encoded, without `?`."""
        ...

    @property
    def authority(self) -> str | None:
        """Of the request target: HTTP/2 sends it in place of `Host`."""
        ...

    @property
    def headers(self) -> RSGIHeaders:
        """The header fields."""
        ...


class RSGIStream(Protocol):
    """A response that is sent in pieces; it ends when nobody has the object any more."""

    def send_bytes(self, data: bytes) -> Awaitable[None]:
        """Send a piece; raises `RSGIProtocolClosed`, a `RuntimeError`, when the client has gone."""
        ...


class RSGIProtocol(Protocol):
    """What a request is read from and answered with."""

    def __call__(self) -> Awaitable[bytes]:
        """Return the whole body, however long; raises `RSGIProtocolClosed` when the client has gone."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in pieces; ends in silence, too, when the client has gone."""
        ...

    def client_disconnect(self) -> Awaitable[None]:
        """Return when the client has gone."""
        ...

    def response_empty(self, status: int, headers: TextPairs) -> None:
        """Answer without a body."""

    def response_bytes(self, status: int, headers: TextPairs, body: bytes) -> None:
        """Answer."""

    def response_stream(self, status: int, headers: TextPairs) -> RSGIStream:
        """Begin to answer."""
        ...


class RSGISocketMessage(Protocol):
    """What a WebSocket's client has sent."""

    @property
    def kind(self) -> int:
        """0 for the end, 1 for bytes, 2 for text."""
        ...

    @property
    def data(self) -> Any:
        """The bytes or the text; absent at the end."""


class RSGISocketTransport(Protocol):
    """An accepted WebSocket."""

    def receive(self) -> Awaitable[RSGISocketMessage]:
        """Return the next message."""
        ...

    def send_bytes(self, data: bytes) -> Awaitable[None]:
        """Send a binary message."""
        ...

    def send_str(self, data: str) -> Awaitable[None]:
        """Send a text message."""
        ...


class RSGISocketProtocol(Protocol):
    """A WebSocket's handshake."""

    def accept(self) -> Awaitable[RSGISocketTransport]:
        """Complete it."""
        ...

    def close(self, status: int | None) -> Any:
        """End the connection; before `accept`, with an HTTP status."""

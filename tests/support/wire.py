"""HTTP/1.1 on a socket, byte by byte: what a client library would correct, refuse or hide can be sent and seen here."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

TIMEOUT_S = 30.0
"""How long a read may take before a test fails: far more than any answer needs on a loaded machine."""


class WireError(Exception):
    """What came is not HTTP/1.1 (RFC 9112)."""


@dataclass(frozen=True)
class Answer:
    """One response."""

    status: int
    headers: list[tuple[str, str]]
    """Names in lower case."""
    body: bytes
    complete: bool
    """Whether the body ended as its framing says, and not with the connection."""
    interim: tuple[int, ...] = ()
    """The 1xx statuses that came before it."""

    def header(self, name: str) -> str | None:
        """Return the value of a field that may occur once at most."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, f"{name} was sent {len(values)} times"
        return values[0] if values else None


class Connection:
    """A connection on which anything can be sent."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self._socket = socket.create_connection(address, timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream: BinaryIO = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def send_unless_closed(self, data: bytes) -> bool:
        """Send bytes; return whether the server still took them."""
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def end(self) -> None:
        """Say that nothing more will be sent, and go on listening."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close both directions."""
        self._stream.close()
        self._socket.close()

    def read(self, size: int) -> bytes:
        """Return exactly so many bytes, or fewer at the end of the connection."""
        return self._stream.read(size)

    def answer(self, method: str = "GET") -> Answer:
        """Read one response to a request with a method.

        Raises:
            WireError: it is none.
            EOFError: the connection was closed before it.
        """
        interim: list[int] = []
        while True:
            status = self._status()
            headers = self._fields()
            if 100 <= status < 200 and status != 101:
                interim.append(status)
                continue
            body, complete = self._body(method, status, headers)
            return Answer(status, headers, body, complete, tuple(interim))

    def is_closed(self) -> bool:
        """Wait for the end of the connection; anything else that comes is an error."""
        try:
            more = self._stream.read(1)
        except ConnectionError:
            return True
        if more:
            raise WireError(f"{more + self._stream.peek(80)!r} came instead of the end of the connection")  # type: ignore[attr-defined]
        return True

    def answer_or_end(self, method: str = "GET") -> Answer | None:
        """Read one response, or return `None` when the connection was closed instead."""
        try:
            return self.answer(method)
        except (EOFError, ConnectionError):
            return None

    def _line(self) -> bytes:
        line = self._stream.readline(65_537)
        if not line:
            raise EOFError("the connection was closed instead of an answer")
        if not line.endswith(b"\r\n"):
            raise WireError(f"{line!r} is not a line of a message")
        return line[:-2]

    def _status(self) -> int:
        line = self._line()
        version, _, rest = line.partition(b" ")
        if version not in {b"HTTP/1.1", b"HTTP/1.0"} or not rest[:3].isdigit():
            raise WireError(f"{line!r} is not a status line")
        return int(rest[:3])

    def _fields(self) -> list[tuple[str, str]]:
        fields: list[tuple[str, str]] = []
        while line := self._line():
            name, colon, value = line.partition(b":")
            if not colon or not name or name != name.strip():
                raise WireError(f"{line!r} is not a header field")
            fields.append((name.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")))
        return fields

    def _body(self, method: str, status: int, headers: list[tuple[str, str]]) -> tuple[bytes, bool]:
        """Read a body as RFC 9112 section 6.3 frames it; return it and whether it is complete."""
        fields = dict(headers)
        if method == "HEAD" or status in {204, 304}:
            return b"", True
        if fields.get("transfer-encoding", "").lower() == "chunked":
            if "content-length" in fields:
                raise WireError("both Transfer-Encoding and Content-Length were sent")
            return self._chunks()
        if "content-length" in fields:
            size = int(fields["content-length"])
            body = self._read_or_reset(size)
            return body, len(body) == size
        return self._read_or_reset(-1), True

    def _chunks(self) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        try:
            while True:
                size = int(self._line().partition(b";")[0], 16)
                part = self._stream.read(size)
                if len(part) < size:
                    return b"".join([*parts, part]), False
                ending = self._line()
                if size == 0:
                    while ending:
                        ending = self._line()  # Trailer fields.
                    return b"".join(parts), True
                if ending:
                    raise WireError(f"{ending!r} follows a chunk")
                parts.append(part)
        except (EOFError, ConnectionError):
            return b"".join(parts), False

    def _read_or_reset(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except ConnectionError:
            return b""


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[Connection]:
    """Give a connection and close it."""
    connection = Connection(address)
    try:
        yield connection
    finally:
        connection.close()


def request_bytes(
    method: str,
    target: str | bytes,
    headers: Iterable[str | bytes] = (),
    body: bytes | None = None,
    *,
    version: str = "1.1",
    host: str | None = "test",
) -> bytes:
    """Return a request as it goes over the wire.

    Args:
        method: sent as it is.
        target: sent as it is.
        headers: whole lines, without their ends, sent as they are after `Host`.
        body: with its `Content-Length`; default no body and no length.
        version: of HTTP.
        host: value of `Host`; `None` for a request without one.
    """
    lines = [encoded(method) + b" " + encoded(target) + b" HTTP/" + encoded(version)]
    if host is not None:
        lines.append(b"Host: " + encoded(host))
    lines += [encoded(line) for line in headers]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", b""]) + (body or b"")


def chunked(body: bytes, sizes: Iterable[int]) -> bytes:
    """Return a body in the chunked coding (RFC 9112 section 7.1), cut into these sizes and a rest."""
    parts: list[bytes] = []
    position = 0
    for size in sizes:
        part = body[position : position + size]
        if part:
            parts.append(b"%x\r\n%b\r\n" % (len(part), part))
        position += size
    rest = body[position:]
    if rest:
        parts.append(b"%X\r\n%b\r\n" % (len(rest), rest))
    return b"".join([*parts, b"0\r\n\r\n"])


def encoded(text: str | bytes) -> bytes:
    """Return text as the bytes of a header."""
    return text if isinstance(text, bytes) else text.encode("latin-1")

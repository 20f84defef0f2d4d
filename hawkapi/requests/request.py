"""Reading the body of a request within its limit."""

from __future__ import annotations

from typing import Final

from hawkapi.exceptions import ClientDisconnect, HawkAPIError
from hawkapi.types import Receive

__all__ = ["DEFAULT_MAX_BODY_SIZE", "RequestEntityTooLarge", "read_body"]

DEFAULT_MAX_BODY_SIZE: Final = 10 * 1024 * 1024
"""10 MiB."""


class RequestEntityTooLarge(HawkAPIError):
    """The body is longer than allowed; the client sees 413 (RFC 9110 section 15.5.14)."""

    def __init__(self, max_size: int) -> None:
        super().__init__(f"Request body exceeds maximum size of {max_size} bytes")
        self.max_size = max_size


async def read_body(receive: Receive, max_size: int = DEFAULT_MAX_BODY_SIZE) -> bytes:
    """Read a whole body, chunked or not.

    Args:
        receive: gives `http.request` messages (ASGI HTTP 2.x).
        max_size: bytes allowed; exactly as many are fine.

    Raises:
        RequestEntityTooLarge: it is longer; reading stops at once.
        ClientDisconnect: the client left before the end.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect("the client disconnected before its request body was complete")
        chunk: bytes = message.get("body", b"")
        if type(chunk) is not bytes:
            chunk = bytes(chunk)  # Some servers give a bytearray or a memoryview; decoders want bytes.
        size += len(chunk)
        if size > max_size:
            raise RequestEntityTooLarge(max_size)
        if not message.get("more_body", False):
            if not chunks:
                return chunk
            chunks.append(chunk)
            return b"".join(chunks)
        chunks.append(chunk)

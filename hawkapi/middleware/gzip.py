"""`GZipMiddleware`: compresses responses with gzip (RFC 1952), which every client understands."""

from __future__ import annotations

import zlib
from typing import final

from hawkapi.middleware._compression import CompressionMiddleware
from hawkapi.types import ASGIApp

__all__ = ["GZipMiddleware"]

GZIP_WINDOW = 31
"""The largest window, and 16 for the header and the checksum of gzip; no time of day is in it."""


@final
class GZipCompressor:
    """Compresses one response. Request-bound."""

    __slots__ = ("_stream", "compress")

    def __init__(self, level: int) -> None:
        self._stream = zlib.compressobj(level, zlib.DEFLATED, GZIP_WINDOW)
        self.compress = self._stream.compress

    def flush(self) -> bytes:
        """Return what is left so far."""
        return self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        """Return the end."""
        return self._stream.flush(zlib.Z_FINISH)


class GZipMiddleware(CompressionMiddleware):
    """Compress responses with gzip for clients whose `Accept-Encoding` allows it.

    What is left as it is, is said at `CompressionMiddleware`: above all what is short, is compressed already, or is an
    event stream. Every response gets `Vary: Accept-Encoding`; the `ETag` of a compressed one becomes weak.

    SECURITY: a page that holds both a secret and what a client sent tells the secret by its compressed length (BREACH);
    leave such pages out, or change the secret's form each time.

    Args:
        app: the next application.
        minimum_size: bytes from which on it is worth it, default 500.
        compresslevel: 0 to 9, default 6; higher is smaller and slower.

    Raises:
        ValueError: one of them is out of its range.

    Thread-safe: it is never changed.
    """

    def __init__(self, app: ASGIApp, *, minimum_size: int = 500, compresslevel: int = 6) -> None:
        if not 0 <= compresslevel <= 9:
            raise ValueError(f"compresslevel is {compresslevel}; it must be from 0 to 9")
        super().__init__(app, {"gzip": lambda: GZipCompressor(compresslevel)}, minimum_size)

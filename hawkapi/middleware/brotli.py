"""`BrotliMiddleware`: compresses responses with Brotli (RFC 7932); needs the package `brotli`."""

from __future__ import annotations

from typing import Any, final

from hawkapi._optional import load_optional
from hawkapi.middleware._compression import CompressionMiddleware
from hawkapi.types import ASGIApp

__all__ = ["BrotliMiddleware"]


@final
class BrotliCompressor:
    """Compresses one response. Request-bound."""

    __slots__ = ("_stream", "compress", "finish", "flush")

    def __init__(self, module: Any, quality: int) -> None:
        self._stream: Any = module.Compressor(quality=quality)
        self.compress = self._stream.process
        self.flush = self._stream.flush
        self.finish = self._stream.finish


class BrotliMiddleware(CompressionMiddleware):
    """Compress responses with Brotli, which is smaller than gzip; otherwise as `GZipMiddleware`.

    Add it *inside* `GZipMiddleware`, that is after it: who accepts `br` gets that, everybody else gzip. Browsers accept
    it over TLS only.

    Args:
        app: the next application.
        minimum_size: bytes from which on it is worth it, default 500.
        quality: 0 to 11, default 4, which is about as fast as gzip; 11 is for files that are compressed once.

    Raises:
        ImportError: the package `brotli` is not installed.
        ValueError: one of the numbers is out of its range.

    Thread-safe: it is never changed.
    """

    def __init__(self, app: ASGIApp, *, minimum_size: int = 500, quality: int = 4) -> None:
        if not 0 <= quality <= 11:
            raise ValueError(f"quality is {quality}; it must be from 0 to 11")
        # COMPAT: it has no wheels for 3.13t.
        module = load_optional("brotli", needed_by="BrotliMiddleware", package="brotli", extra="compression")
        super().__init__(app, {"br": lambda: BrotliCompressor(module, quality)}, minimum_size)

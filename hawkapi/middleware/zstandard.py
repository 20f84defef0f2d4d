"""`ZstandardMiddleware`: compresses responses with Zstandard (RFC 8878); needs Python 3.14 or `zstandard`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final, final

from hawkapi._optional import load_optional
from hawkapi.middleware._compression import CompressionMiddleware, Compressor
from hawkapi.types import ASGIApp

__all__ = ["ZstandardMiddleware"]

FINISH: Final = 0
FLUSH_BLOCK: Final = 1
"""The values of `COMPRESSOBJ_FLUSH_FINISH` and `COMPRESSOBJ_FLUSH_BLOCK` in the package `zstandard`."""

MAX_LEVEL: Final = 19
"""SPEC: higher levels use windows above 8 MB, which browsers refuse (RFC 9659)."""


@final
class PackageCompressor:
    """Compresses one response with the package `zstandard`. Request-bound."""

    __slots__ = ("_stream", "compress")

    def __init__(self, module: Any, level: int) -> None:
        self._stream: Any = module.ZstdCompressor(level=level).compressobj()
        self.compress = self._stream.compress

    def flush(self) -> bytes:
        """Return what is left so far."""
        left: bytes = self._stream.flush(FLUSH_BLOCK)
        return left

    def finish(self) -> bytes:
        """Return the end."""
        end: bytes = self._stream.flush(FINISH)
        return end


@final
class LibraryCompressor:
    """Compresses one response with the standard library of Python 3.14. Request-bound."""

    __slots__ = ("_stream", "compress")

    def __init__(self, module: Any, level: int) -> None:
        self._stream: Any = module.ZstdCompressor(level=level)
        self.compress = self._stream.compress

    def flush(self) -> bytes:
        """Return what is left so far."""
        left: bytes = self._stream.flush(self._stream.FLUSH_BLOCK)
        return left

    def finish(self) -> bytes:
        """Return the end."""
        end: bytes = self._stream.flush(self._stream.FLUSH_FRAME)
        return end


class ZstandardMiddleware(CompressionMiddleware):
    """Compress responses with Zstandard, which is faster than gzip and smaller; otherwise as `GZipMiddleware`.

    Add it *inside* `GZipMiddleware`, that is after it: who accepts `zstd` gets that, everybody else gzip.

    Args:
        app: the next application.
        minimum_size: bytes from which on it is worth it, default 500.
        level: 1 to 19, default 3.

    Raises:
        ImportError: neither Python nor a package has Zstandard.
        ValueError: one of the numbers is out of its range.

    Thread-safe: it is never changed.
    """

    def __init__(self, app: ASGIApp, *, minimum_size: int = 500, level: int = 3) -> None:
        if not 1 <= level <= MAX_LEVEL:
            raise ValueError(f"level is {level}; it must be from 1 to {MAX_LEVEL}")
        super().__init__(app, {"zstd": compressor_factory(level)}, minimum_size)


def compressor_factory(level: int) -> Callable[[], Compressor]:
    """Return what makes a compressor.

    Raises:
        ImportError: there is nothing to make it of.
    """
    try:
        library = importlib.import_module("compression.zstd")
    except ImportError:
        pass
    else:
        return lambda: LibraryCompressor(library, level)
    # COMPAT: it has no wheels for 3.13t.
    who = "ZstandardMiddleware before Python 3.14"
    package = load_optional("zstandard", needed_by=who, package="zstandard", extra="compression")
    return lambda: PackageCompressor(package, level)

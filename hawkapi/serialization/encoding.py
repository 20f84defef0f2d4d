"""Writing a result in the format that was negotiated."""

from __future__ import annotations

from typing import Any

import hawkapi.codec as codec
from hawkapi.codec._msgpack import encode_msgpack, is_msgpack

__all__ = ["encode_for_content_type", "encode_response", "encode_response_msgpack"]


def encode_response(data: Any) -> bytes:
    """Write a result as compact JSON in UTF-8; members keep their order, iterators become arrays.

    Thread-safe.

    Raises:
        TypeError: it holds something that has no form ("Cannot serialize object of type ...").
        ValueError: it holds NaN or an infinity.
    """
    return codec.encode(data)


def encode_response_msgpack(data: Any) -> bytes:
    """Write a result as MessagePack: as JSON, but bytes stay binary and datetimes with an offset are timestamps.

    Thread-safe.

    Raises:
        TypeError: it holds something that has no form ("Cannot serialize object of type ...").
        ValueError: it holds NaN, an infinity, or an integer of more than 64 bits.
    """
    return encode_msgpack(data)


def encode_for_content_type(data: Any, content_type: str) -> bytes:
    """Write a result as MessagePack where the media type says so, and as JSON for every other.

    Raises:
        TypeError, ValueError: as `encode_response` and `encode_response_msgpack`.
    """
    return encode_response_msgpack(data) if is_msgpack(content_type) else encode_response(data)

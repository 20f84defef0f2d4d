"""Writing a result in the format that was negotiated."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

import hawkapi.codec as codec
from hawkapi.codec._msgpack import encode_msgpack, is_msgpack

__all__ = ["encode_for_content_type", "encode_response", "encode_response_msgpack"]


def encode_response(data: Any) -> bytes:
    """Write a result as compact JSON in UTF-8; members keep their order, generators become arrays.

    Thread-safe.

    Raises:
        TypeError: it holds something that has no form ("Cannot serialize object of type ...").
        ValueError: it holds NaN or an infinity.
    """
    return _encode_also_generators(codec.encode, data)


def encode_response_msgpack(data: Any) -> bytes:
    """Write a result as MessagePack: as JSON, but bytes stay binary and datetimes with an offset are timestamps.

    Thread-safe.

    Raises:
        TypeError: it holds something that has no form ("Cannot serialize object of type ...").
        ValueError: it holds NaN, an infinity, or an integer of more than 64 bits.
    """
    return _encode_also_generators(encode_msgpack, data)


def encode_for_content_type(data: Any, content_type: str) -> bytes:
    """Write a result as MessagePack where the media type says so, and as JSON for every other.

    Raises:
        TypeError, ValueError: as `encode_response` and `encode_response_msgpack`.
    """
    return encode_response_msgpack(data) if is_msgpack(content_type) else encode_response(data)


def _encode_also_generators(encode: Callable[[object], bytes], data: Any) -> bytes:
    try:
        return encode(data)
    except TypeError:
        # A generator is refused before anything is taken from it. One that is inside cannot be found more cheaply.
        if not _holds_generator(data):
            raise
        return encode(_without_generators(data))


def _holds_generator(value: Any) -> bool:
    """Whether a generator is somewhere in the arrays and objects of a value."""
    if isinstance(value, Mapping):
        return any(_holds_generator(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(_holds_generator(item) for item in value)
    return isinstance(value, Generator)


def _without_generators(value: Any) -> object:
    if isinstance(value, Mapping):
        return {key: _without_generators(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, Generator)):
        return [_without_generators(item) for item in value]
    return value

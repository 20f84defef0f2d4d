"""MessagePack as requests and responses use it: the seam over the format, and its media types.

A document is read into plain values first; then the reader of the described type judges them, so every violation is
worded and placed as for JSON. Both codecs read with the same code, and so accept the same documents; msgspec writes
where it is the codec. Nothing needs the `msgpack` package, which has no wheel for free-threaded 3.13: MessagePack is
always there.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final, final

import hawkapi.codec as codec
from hawkapi.codec._msgpack_format import pack, unpack

CONTENT_TYPE: Final = "application/msgpack"
"""The media type that responses carry (registered with IANA)."""

MEDIA_TYPES: Final = (CONTENT_TYPE, "application/vnd.msgpack", "application/x-msgpack")
"""Every name that clients use, the registered one first."""


def is_msgpack(content_type: str | None) -> bool:
    """Whether a `Content-Type`, with or without parameters, says MessagePack."""
    return content_type is not None and content_type.partition(";")[0].strip().lower() in MEDIA_TYPES


encode_msgpack: Callable[[object], bytes] = pack
"""Write a value as MessagePack; may be called from any thread.

Raises:
    TypeError: it holds something that has no form ("Cannot serialize object of type ...").
    ValueError: it holds NaN, an infinity, half a surrogate pair, or an integer of more than 64 bits.
"""
if codec.CODEC == "msgspec":
    encode_msgpack = importlib.import_module("hawkapi.codec._msgspec_pack").pack


@final
class _Decoder:
    """Bytes in, a value of one described type out."""

    def __init__(self, annotation: Any) -> None:
        self._convert = codec.converter(annotation)

    def decode(self, data: bytes) -> object:
        return self._convert(unpack(data), False)


def msgpack_decoder(annotation: Any) -> Callable[[bytes], object]:
    """Return a function that reads a MessagePack document as a type, given as an annotation or as its description.

    The function raises `CodecError` when the document does not fit and `MalformedError`, one of these, when it is not
    MessagePack; threads: as `hawkapi.codec.decoder`.

    Raises:
        UnsupportedTypeError: the type, or one it is made of, is not supported.
    """
    return _Decoder(annotation).decode

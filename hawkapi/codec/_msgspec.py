"""The msgspec codec: the fast path for what is right; the portable codec says what is wrong.

msgspec stops at the first violation and words it in its own way. Whenever it refuses a body, the portable decoder
reads the same bytes and its answer, value or violations, is the answer. So both codecs refuse alike by construction;
what must be proved, by `tests/parity`, is that they accept alike.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from hawkapi.codec import _portable
from hawkapi.codec._limits import check_limits
from hawkapi.codec._model import MISSING, Description, Kind, parts_of
from hawkapi.codec.errors import CodecError

__all__ = ["UNSET", "Meta", "Struct", "UnsetType", "build_converter", "build_decoder", "build_encoder", "field"]


def build_decoder(description: Description) -> Callable[[bytes], object]:
    """Return the function that reads bytes as the described type."""
    exact = _portable.build_decoder(description)
    fast = _typed_decoder(description) or _untyped_decoder(description)

    def decode(data: bytes) -> object:
        check_limits(data)
        try:
            return fast(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, CodecError):
            return exact(data)

    return decode


def _typed_decoder(description: Description) -> Callable[[bytes], object] | None:
    """Return msgspec's own decoder for a type, unless it makes other objects than the class itself would.

    msgspec leaves a dataclass field that has a plain default and is absent from the body to the class attribute. The
    instance then lacks it in its `__dict__`, and is written without it. It also passes by whatever else a class does
    to make an object or to set an attribute.
    """
    for cls in parts_of(description):
        if (cls.kind is Kind.DATACLASS and any(field.default is not MISSING for field in cls.fields)) or (
            cls.kind is Kind.DATACLASS and _makes_objects_itself(cls.cls)
        ):
            return None
    decode: Callable[[bytes], object] = msgspec.json.Decoder(description.type).decode
    return decode


def _makes_objects_itself(cls: Any) -> bool:
    sets = cls.__setattr__ is not object.__setattr__ and not cls.__dataclass_params__.frozen
    return sets or cls.__new__ is not object.__new__ or type(cls) is not type


def _untyped_decoder(description: Description) -> Callable[[bytes], object]:
    """Return a decoder that parses with msgspec and makes the objects with the portable reader."""
    parse = msgspec.json.Decoder().decode
    convert = _portable.build_converter(description)

    def decode(data: bytes) -> object:
        return convert(parse(data), False)

    return decode


def build_converter(description: Description) -> Callable[[object, bool], object]:
    """Return the function that reads values, or texts, as the described type.

    PERF: one text of a path or a query is read faster by the portable reader, compiled or not, than by a call into
    msgspec, which would need its own check for the spellings that HTTP allows and JSON does not.
    """
    return _portable.build_converter(description)


def build_encoder() -> Callable[[object], bytes]:
    """Return a new function that writes values. It keeps nothing between calls, so threads may share it."""
    encode = msgspec.json.Encoder(enc_hook=_to_builtin).encode
    exact = _portable.build_encoder()

    def encode_checked(value: object) -> bytes:
        try:
            data = encode(value)
        except TypeError:
            # Subclasses of str and int, and None and bool as keys, are nothing to msgspec; what remains is refused.
            return exact(value)
        # msgspec writes NaN and infinities as null. Only a text that holds a null can hide one.
        return exact(value) if b"null" in data else data

    return encode_checked


def _to_builtin(value: Any) -> object:
    """Turn what msgspec does not know into what it does."""
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"Cannot serialize object of type {type(value).__qualname__}")

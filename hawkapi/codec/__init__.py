"""Types in, functions out: how bytes become values and values become bytes. No I/O.

Four functions are the whole seam. Two codecs stand behind it, chosen once at import:

* ``msgspec``, when it can be imported;
* ``portable``, which needs nothing, always otherwise.

``HAWKAPI_CODEC=portable`` or ``HAWKAPI_CODEC=msgspec`` in the environment decides instead. The two accept and refuse
the same inputs, name the same violations and write the same bytes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol, cast

from hawkapi._threading import ThreadOwned
from hawkapi.codec._choice import CODEC
from hawkapi.codec._model import Description, Kind, describe
from hawkapi.codec.errors import CodecError, MalformedError, Violation

__all__ = [
    "CODEC",
    "CodecError",
    "Description",
    "Kind",
    "MalformedError",
    "Violation",
    "converter",
    "decoder",
    "describe",
    "encode",
    "encoder",
    "writer",
]


type Encode = Callable[[object], bytes]


class Codec(Protocol):
    """What a codec module offers; each function takes a description and returns a function."""

    def build_decoder(self, description: Description, /) -> Callable[[bytes], object]: ...
    def build_converter(self, description: Description, /) -> Callable[[object, bool], object]: ...
    def build_encoder(self) -> Callable[[object], bytes]: ...
    def build_writer(
        self, description: Description, exact: Encode, part: Callable[[Description], Encode], /
    ) -> Encode | None: ...


_codec = cast("Codec", importlib.import_module(f"hawkapi.codec._{CODEC}"))


def decoder(annotation: Any) -> Callable[[bytes], object]:
    """Return a function that reads a JSON document as a type, given as an annotation or as its description.

    The returned function raises `CodecError` when the document does not fit and `MalformedError`, one of these, when
    it is not JSON. It may be called from any thread; on a build without the GIL threads run faster with one each.

    Raises:
        UnsupportedTypeError: the type, or one it is made of, is not supported.
    """
    return _codec.build_decoder(describe(annotation))


def converter(annotation: Any) -> Callable[[object, bool], object]:
    """Return a function `(value, lax)` that reads a value as a type, given as an annotation or as its description.

    With `lax` true a `str` is read as what it spells (`"5"` as 5), which is how paths, queries, headers, cookies and
    forms carry values. The function raises `CodecError`; threads: as `decoder`.

    Raises:
        UnsupportedTypeError: the type, or one it is made of, is not supported.
    """
    return _codec.build_converter(describe(annotation))


def encoder() -> Callable[[object], bytes]:
    """Return a new function that writes a value as compact JSON in UTF-8.

    The function raises `TypeError` for what JSON has no form for and `ValueError` for NaN and infinities; threads: as
    `decoder`.
    """
    return _codec.build_encoder()


def writer(annotation: Any, exact: Encode, part: Callable[[Description], Encode]) -> Encode | None:
    """Return a function that writes results of a type, given as an annotation or as its description, as compact JSON.

    It writes what `exact` writes of them, faster. Threads: as `decoder`.

    Args:
        annotation: the type.
        exact: writes any result; it is called for those that are not quite of the type, and refuses what does not fit.
        part: returns such a function for a part of the type.

    Returns:
        `None`: the codec has nothing faster than `exact`.

    Raises:
        UnsupportedTypeError: the type, or one it is made of, is not supported.
    """
    return _codec.build_writer(describe(annotation), exact, part)


_encoders = ThreadOwned(encoder)


def encode(value: Any) -> bytes:
    """Write a value as compact JSON in UTF-8, with the encoder of this thread.

    Thread-safe.

    Raises:
        TypeError: it holds something JSON has no form for.
        ValueError: it holds NaN or an infinity.
    """
    return _encoders.get()(value)

"""How the text of a path segment becomes a value: the types that a template may name (`{id:int}`).

A converter that refuses a text makes the route not match, so the client sees 404 (or another route answers).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from hawkapi.exceptions import InvalidPathError

__all__ = ["CONVERTERS", "Converter", "get_converter"]

MAX_DIGITS: Final = 4300
"""As many digits as CPython reads by default."""

_INTEGER: Final = re.compile(r"-?[0-9]+")
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}")


class Converter(NamedTuple):
    """One type of path parameter."""

    name: str
    convert: Callable[[str], object] | None
    """Return the value, or `None` when the text is not one. Absent where the text itself is the value."""
    takes_rest: bool = False
    """Whether the parameter takes everything up to the end of the path, slashes included."""


def to_int(text: str) -> int | None:
    """Read `-?[0-9]+`: no sign `+`, no spaces, no `_`, no digits of other scripts."""
    return int(text) if len(text) <= MAX_DIGITS and _INTEGER.fullmatch(text) else None


def to_float(text: str) -> float | None:
    """Read a decimal number, with or without an exponent; NaN and infinities are not numbers here."""
    if _NUMBER.fullmatch(text) is None:
        return None
    number = float(text)
    return None if math.isinf(number) else number


def to_uuid(text: str) -> UUID | None:
    """Read the canonical form or 32 hexadecimal digits."""
    return UUID(text) if _UUID.fullmatch(text) else None


CONVERTERS: Final[Mapping[str, Converter]] = MappingProxyType(
    {
        "str": Converter("str", None),
        "int": Converter("int", to_int),
        "float": Converter("float", to_float),
        "uuid": Converter("uuid", to_uuid),
        "path": Converter("path", None, takes_rest=True),
    }
)
"""Every type by the name that a template uses."""


def get_converter(name: str) -> Converter:
    """Return the converter with a name.

    Raises:
        InvalidPathError: there is none ("Unknown path parameter type"); it is a `ValueError`.
    """
    try:
        return CONVERTERS[name]
    except KeyError:
        known = ", ".join(CONVERTERS)
        raise InvalidPathError(f"Unknown path parameter type {name!r}; use one of: {known}") from None

"""Numbers and identifiers as text: what a path segment, a query value and a JSON string may spell.

One grammar for all places, stricter than Python's own constructors::

    integer = ["-"] 1*DIGIT                                          ; no "+", spaces, "_" or digits of other scripts
    number  = ["-"] 1*DIGIT ["." 1*DIGIT] [("e" / "E") ["+" / "-"] 1*DIGIT]      ; NaN and infinities are not numbers
    uuid    = 32HEXDIG / 8HEXDIG "-" 4HEXDIG "-" 4HEXDIG "-" 4HEXDIG "-" 12HEXDIG

Each function returns `None` for a text that is not one.
"""

from __future__ import annotations

import math
import re
from typing import Final
from uuid import UUID

MAX_DIGITS: Final = 4300
"""As many digits as CPython reads by default; more would cost time that grows with their square."""

_INTEGER: Final = re.compile(r"-?[0-9]+")
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}")


def read_int(text: str) -> int | None:
    """Read an integer of at most `MAX_DIGITS` digits."""
    if len(text) > MAX_DIGITS or _INTEGER.fullmatch(text) is None:
        return None
    try:
        return int(text)
    except ValueError:  # The interpreter was told to read fewer digits.
        return None


def read_float(text: str) -> float | None:
    """Read a number that a float can hold."""
    if _NUMBER.fullmatch(text) is None:
        return None
    number = float(text)
    return None if math.isinf(number) else number


def read_uuid(text: str) -> UUID | None:
    """Read a UUID in canonical form or as 32 hexadecimal digits."""
    return UUID(text) if _UUID.fullmatch(text) is not None else None

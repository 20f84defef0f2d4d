"""Limits as readers: a value is read first, then its size or its number is looked at.

Compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions, no closures.
"""

from __future__ import annotations

import decimal
import math
import re
from typing import Any, final

from hawkapi.codec._reader import INVALID, Reader
from hawkapi.codec.errors import ROOT, Violation


@final
class Limit:
    """One limit; `name` is that of the type in messages."""

    def __init__(self, test: str, bound: Any, name: str) -> None:
        self._test = test
        self._bound: Any = bound
        self._pattern: Any = re.compile(bound) if test == "pattern" else None
        self.message = f"Expected `{name}` {_wording(test, bound, name)}"

    def holds(self, value: Any) -> bool:
        """Whether a value keeps the limit."""
        test = self._test
        bound = self._bound
        if test == "ge":
            return bool(value >= bound)
        if test == "le":
            return bool(value <= bound)
        if test == "gt":
            return bool(value > bound)
        if test == "lt":
            return bool(value < bound)
        if test == "min_length":
            return len(value) >= int(bound)
        if test == "max_length":
            return len(value) <= int(bound)
        if test == "pattern":
            return self._pattern.search(value) is not None
        if test == "tz":
            return (value.tzinfo is not None) is bound
        return is_multiple(value, bound)


def _wording(test: str, bound: Any, name: str) -> str:
    """Return the end of a message, as msgspec words it."""
    whole = name == "int" and isinstance(bound, int)
    if name == "float":
        bound = float(bound)
    if test == "ge" or (test == "gt" and whole):
        return f">= {bound + 1 if test == 'gt' else bound}"
    if test == "le" or (test == "lt" and whole):
        return f"<= {bound - 1 if test == 'lt' else bound}"
    if test == "gt":
        return f"> {bound}"
    if test == "lt":
        return f"< {bound}"
    if test == "min_length":
        return f"of length >= {bound}"
    if test == "max_length":
        return f"of length <= {bound}"
    if test == "pattern":
        return f"matching regex {bound!r}"
    if test == "tz":
        return "with a timezone component" if bound else "with no timezone component"
    return f"that's a multiple of {bound}"


def is_multiple(value: Any, step: Any) -> bool:
    """Whether a number is a whole number of steps."""
    if isinstance(value, decimal.Decimal):
        try:
            return value % decimal.Decimal(str(step)) == 0
        except decimal.InvalidOperation:  # More digits than a quotient may have.
            return False
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    try:
        return math.fmod(value, step) == 0
    except OverflowError:
        return False


@final
class LimitedReader(Reader):
    """Reads a value and then looks at its limits; the first that is broken is said."""

    def __init__(self, item: Reader, limits: list[Limit]) -> None:
        self._item = item
        self._limits = limits

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        text = value if lax and isinstance(value, str) else None
        return self._check(self._item.read(value, errors, lax), text, errors)

    def read_text(self, text: str, errors: list[Violation]) -> object:
        return self._check(self._item.read_text(text, errors), text, errors)

    def _check(self, found: object, text: object, errors: list[Violation]) -> object:
        if found is INVALID:
            return INVALID
        for limit in self._limits:
            if not limit.holds(found):
                errors.append(Violation(ROOT, limit.message, text))
                return INVALID
        return found

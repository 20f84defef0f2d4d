"""What every reader is, and the readers of scalars.

* Compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions, no closures.
* A reader appends violations to a list and returns `INVALID`; it never raises for what a client sent. The parent puts
  its own step in front of the places of the violations that its child has just added, so a place costs nothing until
  something is wrong.
* Readers are made per thread where threads do not share a GIL; nothing here is written after it was made.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Callable
from typing import Any, Final, final
from uuid import UUID

from hawkapi.codec._text import (
    read_base64,
    read_date,
    read_datetime,
    read_decimal,
    read_duration,
    read_float,
    read_int,
    read_time,
    read_uuid,
)
from hawkapi.codec.errors import ROOT, Violation, join_place


@final
class Invalid:
    """The type of `INVALID`."""


INVALID: Final = Invalid()
"""What a reader returns when it has added at least one violation."""

MAX_VIOLATIONS: Final = 100
"""After so many the items of an array, or of a map, are not read on: a small body must not make a large answer."""

TRUE_WORDS: Final = frozenset({"true", "1", "yes", "on", "t", "y"})
FALSE_WORDS: Final = frozenset({"false", "0", "no", "off", "f", "n"})


def json_name(value: object) -> str:
    """Return what JSON calls the type of a value; used in messages."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, (list, tuple)):
        return "array"
    if isinstance(value, decimal.Decimal):
        return "float"  # The parser keeps the digits of numbers where a type has decimals.
    return type(value).__name__


def expected(what: str, value: object) -> Violation:
    """Describe a value of the wrong type."""
    return Violation(ROOT, f"Expected `{what}`, got `{json_name(value)}`")


def unreadable(what: str, text: str) -> Violation:
    """Describe a text that cannot be read as the type it should have."""
    return Violation(ROOT, f"Expected {what}, got '{text}'", text)


def put_in_front(step: str, errors: list[Violation], first: int) -> None:
    """Put a member name or a `[position]` in front of the places of `errors[first:]`."""
    for index in range(first, len(errors)):
        violation = errors[index]
        errors[index] = Violation(join_place(step, violation.place), violation.message, violation.value)


def is_finite(value: object) -> bool:
    """Whether every number in a parsed document is one: the parser gives an infinity for what no float can hold."""
    if type(value) is float:
        return not math.isinf(value)
    items: list[object] = []
    if type(value) is list:
        items = value  # pyright: ignore[reportUnknownVariableType] - items of any type
    elif type(value) is dict:
        items = [*value.values()]
    for item in items:
        if not is_finite(item):
            return False
    return True


def without_decimals(value: object) -> object:
    """Return a parsed document with floats where the parser has kept the digits of numbers."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if type(value) is list:
        items: list[object] = value  # pyright: ignore[reportUnknownVariableType] - items of any type
        return [without_decimals(item) for item in items]
    if type(value) is dict:
        members: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType] - members of any type
        return {name: without_decimals(item) for name, item in members.items()}
    return value


class Reader:
    """Reads one described type out of JSON values, and out of texts that spell them."""

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        """Return the value as its type, or add to `errors` and return `INVALID`; if `lax`, texts are read by spelling.

        One method, and not a pair, because each level of a document costs as many calls of the interpreter's stack.
        """
        raise NotImplementedError

    def read_text(self, text: str, errors: list[Violation]) -> object:
        """Return the value that a text from a path, query, header or form holds; else as `read`."""
        return self.read(text, errors, False)


@final
class AnyReader(Reader):
    def __init__(self, keeps_digits: bool) -> None:
        self._keeps_digits = keeps_digits

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if self._keeps_digits:
            value = without_decimals(value)
        if is_finite(value):
            return value
        errors.append(Violation(ROOT, "Number out of range"))
        return INVALID


@final
class NoneReader(Reader):
    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if value is None:
            return None
        if lax and isinstance(value, str):
            return self.read_text(value, errors)
        errors.append(expected("null", value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        if text in {"null", ""}:
            return None
        errors.append(unreadable("null", text))
        return INVALID


@final
class BoolReader(Reader):
    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if value is True or value is False:
            return value
        if lax and isinstance(value, str):
            return self.read_text(value, errors)
        errors.append(expected("bool", value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        word = text.lower()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        errors.append(unreadable("boolean", text))
        return INVALID


@final
class IntReader(Reader):
    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if type(value) is int:
            return value
        if lax and isinstance(value, str):
            return self.read_text(value, errors)
        errors.append(expected("int", value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        number = read_int(text)
        if number is not None:
            return number
        errors.append(unreadable("integer", text))
        return INVALID


@final
class FloatReader(Reader):
    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if type(value) is float:
            if not math.isinf(value):
                return value
            errors.append(Violation(ROOT, "Number out of range"))
            return INVALID
        if type(value) is int or isinstance(value, decimal.Decimal):
            return self._from_number(value, errors)
        if lax and isinstance(value, str):
            return self.read_text(value, errors)
        errors.append(expected("float", value))
        return INVALID

    def _from_number(self, value: Any, errors: list[Violation]) -> object:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isinf(number):
            return number
        errors.append(Violation(ROOT, "Number out of range"))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        number = read_float(text)
        if number is not None:
            return number
        errors.append(unreadable("number", text))
        return INVALID


@final
class StrReader(Reader):
    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if isinstance(value, str):
            return value
        errors.append(expected("str", value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        return text


@final
class DecimalReader(Reader):
    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if isinstance(value, decimal.Decimal):
            if value.is_finite():
                return value
        elif type(value) is int:
            return decimal.Decimal(value)
        elif type(value) is float:
            if math.isfinite(value):
                return decimal.Decimal(repr(value))
        elif isinstance(value, str):
            if lax:
                return self.read_text(value, errors)
            number = read_decimal(value)
            if number is not None:
                return number
            errors.append(Violation(ROOT, "Invalid decimal string"))
            return INVALID
        else:
            errors.append(expected("decimal", value))
            return INVALID
        errors.append(Violation(ROOT, "Number out of range"))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        number = read_decimal(text)
        if number is not None:
            return number
        errors.append(unreadable("decimal number", text))
        return INVALID


@final
class SpelledReader(Reader):
    """Reads a type whose values are texts in JSON: bytes, dates, times, durations and UUIDs."""

    def __init__(
        self, made: Any, parse: Callable[[str], object], name: str, complaint: str, wording: str, many: bool
    ) -> None:
        self._made: Any = made
        self._parse: Any = parse
        self._name = name
        self._complaint = complaint
        self._wording = wording
        self._from_bytes = many

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if isinstance(value, str):
            if lax:
                return self.read_text(value, errors)
            found: object = self._parse(value)
            if found is not None:
                return self._made(found) if self._from_bytes else found
            errors.append(Violation(ROOT, self._complaint))
            return INVALID
        if type(value) is self._made:
            return value  # MessagePack has bytes and times of its own.
        errors.append(expected(self._name, value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        found: object = self._parse(text)
        if found is not None:
            return self._made(found) if self._from_bytes else found
        errors.append(unreadable(self._wording, text))
        return INVALID


def spelled_reader(made: Any) -> Reader:
    """Return the reader of a type whose values are texts in JSON."""
    if made is UUID:
        return SpelledReader(made, read_uuid, "uuid", "Invalid UUID", "UUID", False)
    if made is dt.datetime:
        return SpelledReader(made, read_datetime, "datetime", "Invalid RFC3339 encoded datetime", "datetime", False)
    if made is dt.date:
        return SpelledReader(made, read_date, "date", "Invalid RFC3339 encoded date", "date", False)
    if made is dt.time:
        return SpelledReader(made, read_time, "time", "Invalid RFC3339 encoded time", "time", False)
    if made is dt.timedelta:
        return SpelledReader(made, read_duration, "duration", "Invalid ISO8601 duration", "duration", False)
    return SpelledReader(made, read_base64, "bytes", "Invalid base64 encoded string", "base64", made is not bytes)


@final
class ChoiceReader(Reader):
    """Reads the values of an enumeration or of a literal type."""

    def __init__(self, members: dict[tuple[bool, object], object], missing: Any) -> None:
        self._members = members
        """By whether the value is a text, and by the value."""
        self._missing: Any = missing
        """The enumeration's class, where it makes members of values that it does not list."""
        self._takes_str = False
        self._takes_int = False
        for is_text, _ in members:
            if is_text:
                self._takes_str = True
            else:
                self._takes_int = True

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        is_text = isinstance(value, str)
        if lax and isinstance(value, str):
            return self.read_text(value, errors)
        if (is_text and self._takes_str) or (type(value) is int and self._takes_int):
            return self._find(is_text, value, errors)
        name = "str" if not self._takes_int else "int | str" if self._takes_str else "int"
        errors.append(expected(name, value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        if (True, text) in self._members:
            return self._members[(True, text)]
        number = read_int(text) if self._takes_int else None
        if number is not None:
            return self._find(False, number, errors)
        if self._takes_str:
            return self._find(True, text, errors)
        errors.append(Violation(ROOT, f"Invalid enum value '{text}'", text))
        return INVALID

    def _find(self, is_text: bool, value: object, errors: list[Violation]) -> object:
        found = self._members.get((is_text, value), INVALID)
        if found is INVALID and self._missing is not None:
            found = make_missing(self._missing, value)
        if found is INVALID:
            errors.append(Violation(ROOT, f"Invalid enum value {value!r}", value if is_text else None))
        return found


def make_missing(cls: Any, value: object) -> object:
    """Return what an enumeration makes of a value that it does not list, or `INVALID`."""
    try:
        return cls(value)
    except (TypeError, ValueError):
        return INVALID

"""The portable codec: pure Python over the C-accelerated `json` of the standard library, no dependency.

It is what free-threaded 3.13 runs, what any interpreter runs without msgspec, and the judge of every body that msgspec
refuses: whatever this file says of a body is what the client reads.

Rules of this file:

* It is compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions, no closures.
* A reader appends violations to a list and returns `INVALID`; it never raises for what a client sent. The parent puts
  its own step in front of the places of the violations that its child has just added, so a place costs nothing until
  something is wrong.
* Readers are made per thread where threads do not share a GIL; nothing here is written after it was made.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
import re
from collections.abc import Callable
from json.decoder import JSONDecodeError
from json.encoder import encode_basestring
from pathlib import PurePath
from typing import Any, Final, final
from uuid import UUID

from hawkapi.codec._limits import check_limits
from hawkapi.codec._model import Description, Kind
from hawkapi.codec.errors import ROOT, CodecError, MalformedError, Violation


@final
class Invalid:
    """The type of `INVALID`."""


INVALID: Final = Invalid()
"""What a reader returns when it has added at least one violation."""

TRUE_WORDS: Final = frozenset({"true", "1", "yes", "on", "t", "y"})
FALSE_WORDS: Final = frozenset({"false", "0", "no", "off", "f", "n"})
MAX_DIGITS: Final = 4300
"""As many digits as CPython reads by default; more would cost time that grows with their square."""
_INTEGER: Final = re.compile(r"-?[0-9]+")
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}")


def json_name(value: object) -> str:
    """Return what JSON calls the type of a value; used in messages."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
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
        place = violation.place
        if place == ROOT:
            place = step
        elif place.startswith("["):
            place = step + place
        else:
            place = f"{step}.{place}"
        errors[index] = Violation(place, violation.message, violation.value)


def is_finite(value: object) -> bool:
    """Whether every number in a parsed document is one: the parser gives an infinity for what no float can hold."""
    if type(value) is float:
        return not math.isinf(value)
    items: list[object] = []
    if type(value) is list:
        items = value
    elif type(value) is dict:
        items = list(value.values())
    for item in items:
        if not is_finite(item):
            return False
    return True


class Reader:
    """Reads one described type out of JSON values (`read`) and out of text (`read_text`)."""

    def read(self, value: object, errors: list[Violation]) -> object:
        """Return the value as its type, or add to `errors` and return `INVALID`."""
        raise NotImplementedError

    def read_text(self, text: str, errors: list[Violation]) -> object:
        """Return the value that a text from a path, query, header or form holds; else as `read`."""
        return self.read(text, errors)


@final
class AnyReader(Reader):
    def read(self, value: object, errors: list[Violation]) -> object:
        if is_finite(value):
            return value
        errors.append(Violation(ROOT, "Number out of range"))
        return INVALID


@final
class NoneReader(Reader):
    def read(self, value: object, errors: list[Violation]) -> object:
        if value is None:
            return None
        errors.append(expected("null", value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        if text in {"null", ""}:
            return None
        errors.append(unreadable("null", text))
        return INVALID


@final
class BoolReader(Reader):
    def read(self, value: object, errors: list[Violation]) -> object:
        if value is True or value is False:
            return value
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
    def read(self, value: object, errors: list[Violation]) -> object:
        if type(value) is int:
            return value
        errors.append(expected("int", value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        if len(text) <= MAX_DIGITS and _INTEGER.fullmatch(text) is not None:
            return int(text)
        errors.append(unreadable("integer", text))
        return INVALID


@final
class FloatReader(Reader):
    def read(self, value: object, errors: list[Violation]) -> object:
        if type(value) is float:
            if not math.isinf(value):
                return value
            errors.append(Violation(ROOT, "Number out of range"))
            return INVALID
        if type(value) is int:
            try:
                return float(value)
            except OverflowError:
                errors.append(Violation(ROOT, "Number out of range"))
                return INVALID
        errors.append(expected("float", value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        if _NUMBER.fullmatch(text) is not None:
            number = float(text)
            if not math.isinf(number):
                return number
        errors.append(unreadable("number", text))
        return INVALID


@final
class StrReader(Reader):
    def read(self, value: object, errors: list[Violation]) -> object:
        if isinstance(value, str):
            return value
        errors.append(expected("str", value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        return text


@final
class UUIDReader(Reader):
    def read(self, value: object, errors: list[Violation]) -> object:
        if isinstance(value, str):
            if _UUID.fullmatch(value) is not None:
                return UUID(value)
            errors.append(Violation(ROOT, "Invalid UUID"))
            return INVALID
        errors.append(expected("str", value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        if _UUID.fullmatch(text) is not None:
            return UUID(text)
        errors.append(unreadable("UUID", text))
        return INVALID


@final
class OptionalReader(Reader):
    def __init__(self, item: Reader) -> None:
        self._item = item

    def read(self, value: object, errors: list[Violation]) -> object:
        if value is None:
            return None
        first = len(errors)
        result = self._item.read(value, errors)
        if result is INVALID:
            self._mention_null(errors, first)
        return result

    def read_text(self, text: str, errors: list[Violation]) -> object:
        return self._item.read_text(text, errors)

    def _mention_null(self, errors: list[Violation], first: int) -> None:
        """Say "`int | null`" where the value itself, not something inside it, has the wrong type."""
        for index in range(first, len(errors)):
            violation = errors[index]
            if violation.place == ROOT and violation.message.startswith("Expected `"):
                message = violation.message.replace("`, got", " | null`, got", 1)
                errors[index] = Violation(ROOT, message, violation.value)


@final
class ListReader(Reader):
    def __init__(self, item: Reader) -> None:
        self._item = item

    def read(self, value: object, errors: list[Violation]) -> object:
        if not isinstance(value, list):
            errors.append(expected("array", value))
            return INVALID
        first = len(errors)
        done = first
        items: list[object] = []
        for raw in value:
            item = self._item.read(raw, errors)
            if item is INVALID:
                put_in_front(f"[{len(items)}]", errors, done)
                done = len(errors)
            items.append(item)
        return items if done == first else INVALID


@final
class DictReader(Reader):
    def __init__(self, item: Reader) -> None:
        self._item = item

    def read(self, value: object, errors: list[Violation]) -> object:
        if not isinstance(value, dict):
            errors.append(expected("object", value))
            return INVALID
        first = len(errors)
        done = first
        items: dict[object, object] = {}
        for key, raw in value.items():
            item = self._item.read(raw, errors)
            if item is INVALID:
                put_in_front(str(key), errors, done)
                done = len(errors)
            items[key] = item
        return items if done == first else INVALID


@final
class Member:
    """One field of an object, as the reader of the object needs it."""

    def __init__(self, name: str, reader: Reader, required: bool) -> None:
        self.name = name
        self.reader = reader
        self.required = required


@final
class DataclassReader(Reader):
    """Reads an object into a dataclass; unknown members are ignored, absent ones are left to the class's defaults."""

    def __init__(self, cls: Any) -> None:
        self._cls: Any = cls
        self._members: list[Member] = []

    def set_members(self, members: list[Member]) -> None:
        """Complete the reader: a class that mentions itself needs it before its members exist."""
        self._members = members

    def read(self, value: object, errors: list[Violation]) -> object:
        if not isinstance(value, dict):
            errors.append(expected("object", value))
            return INVALID
        first = len(errors)
        done = first
        arguments: dict[str, object] = {}
        for member in self._members:
            name = member.name
            if name in value:
                item = member.reader.read(value[name], errors)
                if item is INVALID:
                    put_in_front(name, errors, done)
                    done = len(errors)
                arguments[name] = item
            elif member.required:
                errors.append(Violation(ROOT, f"Object missing required field `{name}`"))
                done = len(errors)
        if done != first:
            return INVALID
        return self._make(arguments, errors)

    def _make(self, arguments: dict[str, object], errors: list[Violation]) -> object:
        try:
            return self._cls(**arguments)
        except (TypeError, ValueError) as exc:
            # What a class checks in __post_init__ is validation, as msgspec sees it too.
            errors.append(Violation(ROOT, str(exc) or type(exc).__name__))
            return INVALID


def build_reader(description: Description) -> Reader:
    """Make the reader of a described type."""
    return _build_reader(description, {})


def _build_reader(description: Description, seen: dict[int, Reader]) -> Reader:
    known = seen.get(id(description))
    if known is not None:
        return known
    kind = description.kind
    if kind is Kind.DATACLASS:
        return _build_dataclass_reader(description, seen)
    if kind is Kind.OPTIONAL:
        return OptionalReader(_build_item_reader(description, seen))
    if kind is Kind.LIST:
        return ListReader(_build_item_reader(description, seen))
    if kind is Kind.DICT:
        return DictReader(_build_item_reader(description, seen))
    return _build_scalar_reader(kind)


def _build_item_reader(description: Description, seen: dict[int, Reader]) -> Reader:
    item = description.item
    assert item is not None
    return _build_reader(item, seen)


def _build_scalar_reader(kind: Kind) -> Reader:
    if kind is Kind.STR:
        return StrReader()
    if kind is Kind.INT:
        return IntReader()
    if kind is Kind.FLOAT:
        return FloatReader()
    if kind is Kind.BOOL:
        return BoolReader()
    if kind is Kind.UUID:
        return UUIDReader()
    return NoneReader() if kind is Kind.NONE else AnyReader()


def _build_dataclass_reader(description: Description, seen: dict[int, Reader]) -> Reader:
    reader = DataclassReader(description.type)
    seen[id(description)] = reader
    members = [
        Member(field.name, _build_reader(field.description, seen), field.required) for field in description.fields
    ]
    reader.set_members(members)
    return reader


def _refuse_constant(text: str) -> object:
    raise MalformedError(f"JSON is malformed: {text} is not a JSON number")


def _read_int(text: str) -> object:
    return math.inf if len(text) > MAX_DIGITS else int(text)


@final
class Decoder:
    """Bytes in, a value of one described type out."""

    def __init__(self, description: Description) -> None:
        self._reader = build_reader(description)
        self._json: Any = json.JSONDecoder(parse_constant=_refuse_constant)

    def decode(self, data: bytes) -> object:
        """Read a JSON document.

        Raises:
            MalformedError: it is not JSON, or goes over a limit of `hawkapi.codec._limits`.
            CodecError: it does not fit the type; every reason is given.
        """
        check_limits(data)
        value = self._parse(data.decode("utf-8"))
        errors: list[Violation] = []
        result = self._reader.read(value, errors)
        if result is INVALID:
            raise CodecError(errors)
        return result

    def _parse(self, text: str) -> object:
        try:
            value: object = self._json.decode(text)
        except JSONDecodeError as exc:
            raise MalformedError(f"JSON is malformed: {exc.msg} (character {exc.pos})") from None
        except MalformedError:
            raise
        except ValueError:
            # int() refuses that many digits. Such a number is an infinity to its reader, and nothing to a type that
            # ignores the member it stands in.
            value = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_read_int).decode(text)
        return value


@final
class Converter:
    """A value, or the text of one, in; a value of one described type out."""

    def __init__(self, description: Description) -> None:
        self._reader = build_reader(description)

    def convert(self, value: object, lax: bool) -> object:
        """Read a value; with `lax`, a text is read as what it spells.

        Raises:
            CodecError: it does not fit the type; every reason is given.
        """
        errors: list[Violation] = []
        if lax and isinstance(value, str):
            result = self._reader.read_text(value, errors)
        else:
            result = self._reader.read(value, errors)
        if result is INVALID:
            raise CodecError(errors)
        return result


# Encoding. Numbers are written as msgspec writes them, so that both codecs send the same bytes: where `repr` uses an
# exponent, msgspec uses another form (1e16, 0.00001), and json's C encoder cannot be told to. Such numbers are rare:
# they are noticed in the finished text, and only then the text is written again by `_write`.
_EXPONENT: Final = re.compile(r"[0-9]e[+-][0-9]")


@final
class Encoder:
    """A value in, JSON bytes out. Owned by one thread where threads do not share a GIL."""

    def __init__(self) -> None:
        # PERF: the C encoder itself, made once. `json.dumps` makes one a call, and shares module globals that threads
        # would contend for. Without it (no C accelerator) the standard class does the same work.
        make: Any = json.encoder.c_make_encoder  # type: ignore[attr-defined]
        self._c_encode: Any = make(None, to_builtin, encode_basestring, None, ":", ",", False, False, False)

    def encode(self, value: object) -> bytes:
        """Write a value as compact JSON in UTF-8.

        Raises:
            TypeError: it holds something that JSON has no form for ("Cannot serialize object of type ...").
            ValueError: it holds NaN, an infinity, or half a surrogate pair.
        """
        try:
            text = "".join(self._c_encode(value, 0))
        except TypeError:
            # json knows few types of keys. `_write` knows as many as msgspec, and says what nobody has a form for.
            return _written(value)
        return text.encode("utf-8") if _EXPONENT.search(text) is None else _written(value)


def to_builtin(value: Any) -> object:
    """Turn what json does not know into what it does, one level deep.

    Raises:
        TypeError: there is no form for it.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    attributes = getattr(type(value), "__attrs_attrs__", None)
    if attributes is not None:
        return {attribute.name: getattr(value, attribute.name) for attribute in attributes}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (UUID, decimal.Decimal, PurePath)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (dt.datetime, dt.time)):
        return _rfc3339(value.isoformat())
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return iso_duration(value)
    raise TypeError(f"Cannot serialize object of type {type(value).__qualname__}")


def _rfc3339(text: str) -> str:
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def iso_duration(value: dt.timedelta) -> str:
    """Write a duration as ISO 8601 does (`P1DT2.5S`), days and seconds only, as msgspec does."""
    if not value:
        return "P0D"
    sign = "-" if value < dt.timedelta(0) else ""
    value = abs(value)
    days = f"{value.days}D" if value.days else ""
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    time = f"T{value.seconds}{fraction}S" if value.seconds or fraction else ""
    return f"{sign}P{days}{time}"


def _written(value: object) -> bytes:
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode("utf-8")


def _write(value: object, parts: list[str]) -> None:
    """Write one value, numbers as msgspec writes them."""
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, int):
        parts.append(int.__repr__(value))
    elif isinstance(value, float):
        parts.append(number_text(value))
    elif isinstance(value, (list, tuple)):
        _write_array(value, parts)
    elif isinstance(value, dict):
        _write_object(value, parts)
    else:
        _write(to_builtin(value), parts)


def _write_array(values: Any, parts: list[str]) -> None:
    separator = "["
    for value in values:
        parts.append(separator)
        _write(value, parts)
        separator = ","
    parts.append("]" if separator == "," else "[]")


def _write_object(members: dict[Any, Any], parts: list[str]) -> None:
    separator = "{"
    for key, value in members.items():
        parts.append(separator)
        parts.append(encode_basestring(key_text(key)))
        parts.append(":")
        _write(value, parts)
        separator = ","
    parts.append("}" if separator == "," else "{}")


def key_text(key: Any) -> str:
    """Return the name of a member: a key as its text, without quotes.

    Raises:
        TypeError: a key of this type has no one text.
    """
    if isinstance(key, str):
        return key
    if key is None:
        return "null"
    if key is True or key is False:
        return "true" if key else "false"
    if isinstance(key, (int, float)):
        return number_text(key)
    plain = to_builtin(key)
    if isinstance(plain, (str, int, float)):
        return key_text(plain)
    raise TypeError(f"Cannot serialize object of type {type(key).__qualname__} as a key")


def number_text(value: int | float) -> str:
    """Write a number as msgspec does: `repr`, without `+` or leading zeros in an exponent, and 1e-05 as 0.00001.

    Raises:
        ValueError: it is NaN or an infinity.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"Out of range float values are not JSON compliant: {value!r}")
    text = float.__repr__(value) if isinstance(value, float) else int.__repr__(value)
    mantissa, mark, exponent = text.partition("e")
    if not mark:
        return text
    power = int(exponent)
    if -6 < power < 0:
        sign = "-" if mantissa.startswith("-") else ""
        return f"{sign}0.{'0' * (-power - 1)}{mantissa.lstrip('-').replace('.', '')}"
    return f"{mantissa}e{power}"


def build_decoder(description: Description) -> Callable[[bytes], object]:
    """Return the function that reads bytes as the described type."""
    return Decoder(description).decode


def build_converter(description: Description) -> Callable[[object, bool], object]:
    """Return the function that reads values, or texts, as the described type."""
    return Converter(description).convert


def build_encoder() -> Callable[[object], bytes]:
    """Return a new function that writes values; one thread may use it at a time."""
    return Encoder().encode

"""The portable codec's reading half: pure Python over the C-accelerated `json`, no dependency.

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

import json
import math
from collections.abc import Callable
from json.decoder import JSONDecodeError
from typing import Any, Final, final

from hawkapi.codec._encoder import build_encoder
from hawkapi.codec._limits import check_limits
from hawkapi.codec._model import Description, Kind
from hawkapi.codec._text import read_float, read_int, read_uuid
from hawkapi.codec.errors import ROOT, CodecError, MalformedError, Violation


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
        number = read_int(text)
        if number is not None:
            return number
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
        number = read_float(text)
        if number is not None:
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
            identifier = read_uuid(value)
            if identifier is not None:
                return identifier
            errors.append(Violation(ROOT, "Invalid UUID"))
            return INVALID
        errors.append(expected("str", value))
        return INVALID

    def read_text(self, text: str, errors: list[Violation]) -> object:
        identifier = read_uuid(text)
        if identifier is not None:
            return identifier
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
                if done >= MAX_VIOLATIONS:
                    break
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
                if done >= MAX_VIOLATIONS:
                    break
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
    number = read_int(text)
    return math.inf if number is None else number


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
            try:
                value: object = self._json.decode(text)
            except (JSONDecodeError, MalformedError):
                raise
            except ValueError:
                # int() refuses that many digits. Such a number is an infinity to its reader, and nothing to a type
                # that ignores the member it stands in.
                value = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_read_int).decode(text)
        except JSONDecodeError as exc:
            raise MalformedError(f"JSON is malformed: {exc.msg} (character {exc.pos})") from None
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


def build_decoder(description: Description) -> Callable[[bytes], object]:
    """Return the function that reads bytes as the described type."""
    return Decoder(description).decode


def build_converter(description: Description) -> Callable[[object, bool], object]:
    """Return the function that reads values, or texts, as the described type."""
    return Converter(description).convert


__all__ = ["build_converter", "build_decoder", "build_encoder"]

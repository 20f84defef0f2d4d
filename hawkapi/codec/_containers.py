"""Readers of what holds other values: optionals, unions, arrays and maps.

Compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions, no closures.
"""

from __future__ import annotations

import decimal
from typing import Any, Final, final

from hawkapi.codec._reader import INVALID, MAX_VIOLATIONS, Reader, expected, json_name, put_in_front
from hawkapi.codec.errors import ROOT, Violation

BOOL: Final = 0
INT: Final = 1
FLOAT: Final = 2
STR: Final = 3
OBJECT: Final = 4
ARRAY: Final = 5
NULL: Final = 6
"""What JSON tells apart, in the order in which messages name it."""
FORM_NAMES: Final = ("bool", "int", "float", "str", "object", "array", "null")


def form_of(value: object) -> int:
    """Return which of JSON's forms a value has; what JSON has no form for is written as a text."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT
    if isinstance(value, (float, decimal.Decimal)):
        return FLOAT
    if isinstance(value, dict):
        return OBJECT
    return ARRAY if isinstance(value, (list, tuple)) else STR


@final
class OptionalReader(Reader):
    def __init__(self, item: Reader) -> None:
        self._item = item

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if value is None:
            return None
        first = len(errors)
        result = self._item.read(value, errors, lax)
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


def distance(violations: list[Violation]) -> int:
    """Return how far a value is from a choice; what is wrong inside a member counts least."""
    total = len(violations)
    for violation in violations:
        if violation.place == ROOT:
            total += MAX_VIOLATIONS
    return total


@final
class UnionReader(Reader):
    """Reads a value as the first choice that it fits, among those that have its form in JSON.

    Choices that are told apart by a tag are not tried: the tag says which one it is.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        """The forms of all choices, for messages."""
        self._by_form: list[list[Reader]] = [[], [], [], [], [], [], []]
        self._texts: list[Reader] = []
        self._tag_field = ""
        self._by_tag: dict[tuple[bool, object], Reader] = {}
        self._tag_name = "str"

    def set_choices(self, by_form: list[list[Reader]], texts: list[Reader]) -> None:
        """Complete the reader: a type that mentions itself needs it before its choices exist."""
        self._by_form = by_form
        self._texts = texts

    def set_tags(self, tag_field: str, by_tag: dict[tuple[bool, object], Reader]) -> None:
        """Tell the choices that are objects apart by a member."""
        self._tag_field = tag_field
        self._by_tag = by_tag
        for is_text, _ in by_tag:
            self._tag_name = "str" if is_text else "int"

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if lax and isinstance(value, str):
            return self.read_text(value, errors)
        form = form_of(value)
        if form == OBJECT and self._by_tag:
            return self._read_tagged(value, errors, lax)
        choices = self._by_form[form]
        if not choices:
            errors.append(expected(self._name, value))
            return INVALID
        if len(choices) == 1:
            return choices[0].read(value, errors, lax)
        fewest: list[Violation] = []
        for choice in choices:
            found: list[Violation] = []
            result = choice.read(value, found, lax)
            if result is not INVALID:
                return result
            if not fewest or distance(found) < distance(fewest):
                fewest = found
        # What came nearest is what was meant, most likely.
        errors.extend(fewest)
        return INVALID

    def _read_tagged(self, value: Any, errors: list[Violation], lax: bool) -> object:
        field = self._tag_field
        if field not in value:
            errors.append(Violation(ROOT, f"Object missing required field `{field}`"))
            return INVALID
        tag: object = value[field]
        is_text = isinstance(tag, str)
        if is_text is not (self._tag_name == "str") or (not is_text and type(tag) is not int):
            errors.append(Violation(field, f"Expected `{self._tag_name}`, got `{json_name(tag)}`"))
            return INVALID
        choice = self._by_tag.get((is_text, tag))
        if choice is None:
            errors.append(Violation(field, f"Invalid value {tag!r}"))
            return INVALID
        return choice.read(value, errors, lax)

    def read_text(self, text: str, errors: list[Violation]) -> object:
        found: list[Violation] = []
        for choice in self._texts:
            result = choice.read_text(text, found)
            if result is not INVALID:
                return result
        if len(self._texts) == 1:
            errors.extend(found)
        else:
            errors.append(Violation(ROOT, f"Expected `{self._name}`, got '{text}'", text))
        return INVALID


@final
class ArrayReader(Reader):
    """Reads an array into a list, set, frozenset or tuple of items of one type."""

    def __init__(self, item: Reader, made: Any) -> None:
        self._item = item
        self._made: Any = made
        """What is made of the items; nothing where it is a list."""

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if isinstance(value, list):
            given: list[object] = value  # pyright: ignore[reportUnknownVariableType] - items of any type
        elif isinstance(value, (tuple, set, frozenset)):
            given = [*value]
        else:
            errors.append(expected("array", value))
            return INVALID
        reader = self._item
        first = len(errors)
        done = first
        items: list[object] = []
        for raw in given:
            item = reader.read(raw, errors, lax)
            if item is INVALID:
                put_in_front(f"[{len(items)}]", errors, done)
                done = len(errors)
                if done >= MAX_VIOLATIONS:
                    break
            items.append(item)
        if done != first:
            return INVALID
        return items if self._made is None else self._make(items, errors)

    def _make(self, items: list[object], errors: list[Violation]) -> object:
        try:
            return self._made(items)
        except TypeError:
            errors.append(Violation(ROOT, "Items of a set must not be arrays or objects"))
            return INVALID


@final
class FixedTupleReader(Reader):
    """Reads an array of so many items, each of a type of its own, into a tuple or a named tuple."""

    def __init__(self) -> None:
        self._items: list[Reader] = []
        self._required = 0
        self._made: Any = None

    def set_items(self, items: list[Reader], required: int, made: Any) -> None:
        """Complete the reader: a class that mentions itself needs it before its items exist.

        Args:
            items: the readers of all positions.
            required: how many must be there.
            made: the named tuple's class, or nothing for a tuple.
        """
        self._items = items
        self._required = required
        self._made = made

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if not isinstance(value, (list, tuple)):
            errors.append(expected("array", value))
            return INVALID
        given: list[object] = [*value]
        if not self._required <= len(given) <= len(self._items):
            errors.append(Violation(ROOT, f"Expected `array` of length {self._length()}"))
            return INVALID
        first = len(errors)
        items: list[object] = []
        for raw in given:
            done = len(errors)
            reader = self._items[len(items)]
            item = reader.read(raw, errors, lax)
            if item is INVALID:
                put_in_front(f"[{len(items)}]", errors, done)
            items.append(item)
        if len(errors) != first:
            return INVALID
        return tuple(items) if self._made is None else self._made(*items)

    def _length(self) -> str:
        most = len(self._items)
        return str(most) if most == self._required else f"{self._required} to {most}"


@final
class DictReader(Reader):
    """Reads an object whose members all have one type."""

    def __init__(self, item: Reader, key: Reader | None) -> None:
        self._item = item
        self._key = key
        """Nothing where keys are texts as they are."""

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if not isinstance(value, dict):
            errors.append(expected("object", value))
            return INVALID
        members: dict[object, object] = value  # pyright: ignore[reportUnknownVariableType] - members of any type
        first = len(errors)
        done = first
        items: dict[object, object] = {}
        for name, raw in members.items():
            key: object = name
            if self._key is not None:
                key = self._key.read(name, errors, True)
            item = self._item.read(raw, errors, lax)
            if len(errors) != done:
                put_in_front(str(name), errors, done)
                done = len(errors)
                if done >= MAX_VIOLATIONS:
                    break
            else:
                items[key] = item
        return items if done == first else INVALID

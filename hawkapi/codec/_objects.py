"""Readers of classes: dataclasses, attrs, Structs and typed dictionaries.

Compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions, no closures.
"""

from __future__ import annotations

from typing import Any, final

from hawkapi.codec._reader import INVALID, Reader, expected, json_name, put_in_front
from hawkapi.codec.errors import ROOT, Violation


@final
class MemberReader:
    """One member of an object, as the reader of the object needs it."""

    def __init__(self, name: str, argument: str, reader: Reader, required: bool) -> None:
        self.name = name
        """In JSON."""
        self.argument = argument
        """As a keyword of the class."""
        self.reader = reader
        self.required = required


@final
class ObjectReader(Reader):
    """Reads an object into a class by calling it; absent members are left to its defaults.

    Unknown members are ignored unless they are forbidden.
    """

    def __init__(self, cls: Any, forbids_unknown: bool) -> None:
        self._cls: Any = cls
        """Nothing for a typed dictionary."""
        self._members: list[MemberReader] = []
        self._forbids_unknown = forbids_unknown
        self._tag_field = ""
        self._tag: object = None

    def set_members(self, members: list[MemberReader]) -> None:
        """Complete the reader: a class that mentions itself needs it before its members exist."""
        self._members = members

    def set_tag(self, tag_field: str, tag: object) -> None:
        """Give the member that names the class, and its value."""
        self._tag_field = tag_field
        self._tag = tag

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if not isinstance(value, dict):
            errors.append(expected("object", value))
            return INVALID
        given: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType] - members of any type
        first = len(errors)
        if self._tag_field and self._tag_field in given:
            check_tag(given[self._tag_field], self._tag, self._tag_field, errors)
        done = len(errors)
        arguments: dict[str, object] = {}
        for member in self._members:
            name = member.name
            if name in given:
                item = member.reader.read(given[name], errors, lax)
                if item is INVALID:
                    put_in_front(name, errors, done)
                    done = len(errors)
                arguments[member.argument] = item
            elif member.required:
                errors.append(Violation(ROOT, f"Object missing required field `{name}`"))
                done = len(errors)
        if self._forbids_unknown and len(arguments) < len(given):
            self._refuse_unknown(given, errors)
        if len(errors) != first:
            return INVALID
        if self._cls is None:
            # In the order of the document, as msgspec leaves them, so that both write them back alike.
            return {name: arguments[name] for name in given if name in arguments}
        return make_object(self._cls, arguments, errors)

    def _refuse_unknown(self, value: dict[str, object], errors: list[Violation]) -> None:
        known = {member.name for member in self._members}
        known.add(self._tag_field)
        for name in value:
            if name not in known:
                errors.append(Violation(ROOT, f"Object contains unknown field `{name}`"))
                return


@final
class ArrayLikeReader(Reader):
    """Reads an array into a Struct whose members are positions; the tag, if it has one, comes first."""

    def __init__(self, cls: Any, forbids_unknown: bool) -> None:
        self._cls: Any = cls
        self._members: list[MemberReader] = []
        self._forbids_unknown = forbids_unknown
        self._tag: object = None
        self._offset = 0

    def set_members(self, members: list[MemberReader]) -> None:
        """Complete the reader: a class that mentions itself needs it before its members exist."""
        self._members = members

    def set_tag(self, tag: object) -> None:
        """Expect the name of the class in front."""
        self._tag = tag
        self._offset = 1

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        if not isinstance(value, (list, tuple)):
            errors.append(expected("array", value))
            return INVALID
        given: list[object] = [*value]
        first = len(errors)
        least = self._offset
        for index in range(len(self._members)):
            if self._members[index].required:
                least = self._offset + index + 1
        most = self._offset + len(self._members)
        if len(given) < least or (self._forbids_unknown and len(given) > most):
            wanted = str(least) if least == most else f"{least} to {most}" if self._forbids_unknown else f">= {least}"
            errors.append(Violation(ROOT, f"Expected `array` of length {wanted}"))
            return INVALID
        if self._offset:
            check_tag(given[0], self._tag, "[0]", errors)
        arguments: dict[str, object] = {}
        for index in range(min(len(given), most) - self._offset):
            done = len(errors)
            member = self._members[index]
            item = member.reader.read(given[index + self._offset], errors, lax)
            if item is INVALID:
                put_in_front(f"[{index + self._offset}]", errors, done)
            arguments[member.argument] = item
        return INVALID if len(errors) != first else make_object(self._cls, arguments, errors)


def check_tag(found: object, tag: object, place: str, errors: list[Violation]) -> None:
    """Add a violation where an object says that it is of another class."""
    if type(found) is not type(tag):
        errors.append(Violation(place, f"Expected `{json_name(tag)}`, got `{json_name(found)}`"))
    elif found != tag:
        errors.append(Violation(place, f"Invalid value {found!r}"))


def make_object(cls: Any, arguments: dict[str, object], errors: list[Violation]) -> object:
    """Call a class; what it checks itself, in `__post_init__`, is validation, as msgspec sees it too."""
    try:
        return cls(**arguments)
    except (TypeError, ValueError) as exc:
        errors.append(Violation(ROOT, str(exc) or type(exc).__name__))
        return INVALID

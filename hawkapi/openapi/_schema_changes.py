"""What narrows or widens a JSON Schema, as far as it can be told without trying every value.

Requests are compared from old to new: what was accepted must still be. Responses the other way round: what is sent
must be something that was known. So one comparison, of what has to fit into what, does both.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, cast, final

from hawkapi.openapi._walk import mapping_of, resolve

type Schema = dict[str, Any]


class Direction(enum.Enum):
    """Who sends what a schema describes."""

    REQUEST = enum.auto()
    RESPONSE = enum.auto()


class Kind(enum.Enum):
    """What about a schema changed."""

    TYPE = enum.auto()
    FIELD_REMOVED = enum.auto()
    FIELD_REQUIRED = enum.auto()
    """Of a request: it is now; of a response: it was."""
    VALUES = enum.auto()
    """Fewer values are accepted, or more are sent."""


class SchemaChange(NamedTuple):
    """One difference."""

    kind: Kind
    place: str
    """`items[].name`; empty for the whole."""
    text: str
    old: Any
    new: Any


UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
EXACT: Final = ("pattern", "multipleOf")
COMPOSED: Final = ("anyOf", "oneOf")


def compare_schemas(
    old: Any, new: Any, direction: Direction, old_spec: dict[str, Any], new_spec: dict[str, Any]
) -> Iterator[SchemaChange]:
    """Yield what a client may notice about two schemas; references into their documents are followed."""
    return _Comparison(direction, old_spec, new_spec).compare(old, new, "")


@final
class _Comparison:
    """Two schemas and all that they are made of; a pair is compared where it is met first."""

    def __init__(self, direction: Direction, old_spec: dict[str, Any], new_spec: dict[str, Any]) -> None:
        self._is_request = direction is Direction.REQUEST
        self._old_spec = old_spec
        self._new_spec = new_spec
        self._met: set[tuple[int, int]] = set()
        """Pairs that were compared, by identity: schemas may contain themselves, or one another many times."""

    def compare(self, old: Any, new: Any, place: str) -> Iterator[SchemaChange]:
        """Yield the changes from one schema to another."""
        old, new = self._resolved(old, self._old_spec), self._resolved(new, self._new_spec)
        key = (id(old), id(new))
        if key in self._met:
            return
        self._met.add(key)
        found = self._type_change(old, new, place)
        if found is not None:
            yield found
            return
        yield from self._choices(old, new, place)
        yield from self._values(old, new, place)
        yield from self._members(old, new, place)
        for name, suffix in (("items", "[]"), ("additionalProperties", ".*")):
            if isinstance(old.get(name), dict) and isinstance(new.get(name), dict):
                yield from self.compare(old[name], new[name], place + suffix)

    def _resolved(self, schema: Any, spec: dict[str, Any]) -> Schema:
        """Return a schema without a reference, and without `allOf` and such around a single one."""
        schema = mapping_of(resolve(schema, spec))
        parts = _list_of(schema.get("allOf"))
        return mapping_of(resolve(parts[0], spec)) if len(parts) == 1 else schema

    def _type_change(self, old: Schema, new: Schema, place: str) -> SchemaChange | None:
        was, now = self._types(old, self._old_spec), self._types(new, self._new_spec)
        if was is None or now is None:
            # One of them takes anything: that is a change for who relies on the other.
            is_change = (was is None) is self._is_request and was is not now
        else:
            given, taken = (was, now) if self._is_request else (now, was)
            is_change = not given <= taken | ({"integer"} if "number" in taken else set())
        if not is_change:
            return None
        names = [" | ".join(sorted(found)) if found else "any" for found in (was, now)]
        return SchemaChange(Kind.TYPE, place, f"'{names[0]}' -> '{names[1]}'", names[0], names[1])

    def _types(self, schema: Schema, spec: dict[str, Any], depth: int = 0) -> set[str] | None:
        """Return the types that a schema names; `None` where it may be any."""
        for name in COMPOSED:
            if isinstance(schema.get(name), list) and depth < 8:
                each = [self._types(self._resolved(item, spec), spec, depth + 1) for item in schema[name]]
                return None if None in each else {kind for found in each if found for kind in found}
        kind = schema.get("type")
        if isinstance(kind, str):
            return {kind}
        return {str(item) for item in _list_of(kind)} or None

    def _choices(self, old: Schema, new: Schema, place: str) -> Iterator[SchemaChange]:
        """Yield the changes of alternatives, those beside `null`, that have the same order."""
        was, now = self._alternatives(old, self._old_spec), self._alternatives(new, self._new_spec)
        if (len(was) > 1 or len(now) > 1 or was != [old] or now != [new]) and len(was) == len(now):
            for old_choice, new_choice in zip(was, now, strict=True):
                yield from self.compare(old_choice, new_choice, place)
        elif len(was) != len(now):
            given, taken = (was, now) if self._is_request else (now, was)
            known = [_text(choice) for choice in taken]
            if any(_text(choice) not in known for choice in given):
                yield SchemaChange(Kind.VALUES, place, f"{len(was)} alternatives -> {len(now)}", len(was), len(now))

    def _alternatives(self, schema: Schema, spec: dict[str, Any]) -> list[Schema]:
        for name in COMPOSED:
            if isinstance(schema.get(name), list):
                choices = [self._resolved(item, spec) for item in schema[name]]
                return [choice for choice in choices if choice.get("type") != "null"]
        return [schema]

    def _values(self, old: Schema, new: Schema, place: str) -> Iterator[SchemaChange]:
        was, now = _enumerated(old), _enumerated(new)
        given, taken = (was, now) if self._is_request else (now, was)
        if taken is not None and (given is None or any(value not in taken for value in given)):
            yield SchemaChange(Kind.VALUES, place, f"values {_text(was)} -> {_text(now)}", was, now)
        wide, narrow = (old, new) if self._is_request else (new, old)
        for name in (*UPPER, *LOWER, *EXACT):
            if _is_narrower(name, wide.get(name), narrow.get(name)):
                text = f"{name} {_text(old.get(name))} -> {_text(new.get(name))}"
                yield SchemaChange(Kind.VALUES, place, text, old.get(name), new.get(name))

    def _members(self, old: Schema, new: Schema, place: str) -> Iterator[SchemaChange]:
        was, now = mapping_of(old.get("properties")), mapping_of(new.get("properties"))
        for name in was:
            if name not in now:
                yield SchemaChange(Kind.FIELD_REMOVED, _member(place, name), "was removed", name, None)
        old_required, new_required = (set(map(str, _list_of(schema.get("required")))) for schema in (old, new))
        needed, word = (
            (new_required - old_required, "became required")
            if self._is_request
            else (old_required - new_required, "became optional")
        )
        for name in (name for name in {**was, **now} if name in needed and name in now):
            yield SchemaChange(Kind.FIELD_REQUIRED, _member(place, name), word, None, None)
        for name, member in was.items():
            if name in now:
                yield from self.compare(member, now[name], _member(place, name))


def _member(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _enumerated(schema: Schema) -> list[Any] | None:
    """Return the only values that a schema takes, if it lists them."""
    if "const" in schema:
        return [schema["const"]]
    return _list_of(schema["enum"]) if "enum" in schema else None


def _list_of(value: object) -> list[Any]:
    """Return an array of a schema; an empty one for what is none."""
    return list(cast("list[object]", value)) if isinstance(value, list) else []


def _is_narrower(name: str, wide: Any, narrow: Any) -> bool:
    """Whether a limit refuses what another one, or none, lets through."""
    if narrow is None or wide == narrow:
        return False
    if wide is None or name in EXACT:
        return True
    return bool(narrow < wide) if name in UPPER else bool(narrow > wide)


def _text(value: Any) -> str:
    return "none" if value is None else json.dumps(value, sort_keys=True, default=str)

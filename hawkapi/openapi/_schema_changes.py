"""What narrows or widens a JSON Schema, as far as it can be told without trying every value.

Requests are compared from old to new: what was accepted must still be. Responses the other way round: what is sent
must be something that was known. So one comparison, of what has to fit into what, does both.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, final

from hawkapi.openapi._schema_reading import (
    ANY,
    LOWER,
    UPPER,
    Schema,
    SchemaReader,
    enumerated,
    is_number,
    text_of,
)
from hawkapi.openapi._walk import list_of, mapping_of


class Direction(enum.Enum):
    """Who sends what a schema describes."""

    REQUEST = enum.auto()
    RESPONSE = enum.auto()


class Kind(enum.Enum):
    """What about a schema changed."""

    TYPE = enum.auto()
    FIELD_REMOVED = enum.auto()
    FIELD_REFUSED = enum.auto()
    """Of a request: it was removed, and members that are not known are errors."""
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


MAX_DEPTH: Final = 60
"""Members in members that are compared; what is nested deeper is taken for equal, so that the stack suffices."""
MAX_POSITIONS: Final = 100
"""Positions of a tuple that are compared."""
NO_FORMATS: Final = frozenset({"password", "binary", "regex"})
"""Formats that no reader of text checks, or that only say how to show it."""


@final
class SchemaPair:
    """The schemas of two documents, to be compared in one direction. For one thread."""

    def __init__(self, direction: Direction, old: SchemaReader, new: SchemaReader) -> None:
        self.is_request = direction is Direction.REQUEST
        self.old = old
        self.new = new
        self.fitting: dict[tuple[int, int], bool] = {}
        """What is known of alternatives, by identity; what is being found out is taken for true."""

    def changes(self, old: Any, new: Any, *, is_text: bool = False) -> Iterator[SchemaChange]:
        """Yield what a client may notice about two schemas; references into their documents are followed.

        Args:
            old: the schema that clients know.
            new: the other one.
            is_text: the value is written in a URL or a header field, where there is no `null`.
        """
        return _Comparison(self, is_text=is_text).compare(old, new, "", 0)


@final
class _Comparison:
    """Two schemas and all that they are made of; a pair is compared where it is met first."""

    def __init__(self, pair: SchemaPair, *, is_text: bool = False) -> None:
        self._pair = pair
        self._is_text = is_text
        self._is_request = pair.is_request
        self._met: set[tuple[int, int]] = set()

    def compare(self, written_old: Any, written_new: Any, place: str, depth: int) -> Iterator[SchemaChange]:
        """Yield the changes from one schema to another."""
        old, new = self._pair.old.read(written_old), self._pair.new.read(written_new)
        key = (id(old), id(new))
        if key in self._met or depth > MAX_DEPTH:
            return
        self._met.add(key)
        found = self._type_change(old, new, place)
        if found is not None:
            yield found
            return
        was, now = self._pair.old.alternatives(old), self._pair.new.alternatives(new)
        if was is not None or now is not None:
            yield from self._choices([old] if was is None else was, [new] if now is None else now, place, depth)
            if was is None or now is None:
                return
        yield from self._values(old, new, place)
        yield from self._members(old, new, place, depth)
        yield from self._other_members(old, new, place, depth)
        yield from self._elements(old, new, place, depth)

    def _type_change(self, old: Schema, new: Schema, place: str) -> SchemaChange | None:
        was, now = self._pair.old.types(old), self._pair.new.types(new)
        if was is None or now is None:
            # One of them takes anything: that is a change for who relies on the other.
            is_change = (was is None) is self._is_request and was is not now
        else:
            given, taken = (was, now) if self._is_request else (now, was)
            if self._is_text and not place:
                given -= {"null"}
            is_change = not given <= taken | ({"integer"} if "number" in taken else set())
        if not is_change:
            return None
        names = ["any" if found is None else " | ".join(sorted(found)) or "nothing" for found in (was, now)]
        return SchemaChange(Kind.TYPE, place, f"'{names[0]}' -> '{names[1]}'", names[0], names[1])

    def _choices(self, was: list[Schema], now: list[Schema], place: str, depth: int) -> Iterator[SchemaChange]:
        """Yield the changes of alternatives, whatever their order: each that is given has to fit one that is taken."""
        if len(was) == len(now) == 1:
            yield from self.compare(was[0], now[0], place, depth + 1)
            return
        lost = [one for one in was if not any(self._fits(one, other, depth) for other in now)]
        added = [other for other in now if not any(self._fits(one, other, depth) for one in was)]
        if not (lost if self._is_request else added):
            return
        if len(lost) == len(added):
            for one, other in zip(lost, added, strict=True):
                yield from self.compare(one, other, place, depth + 1)
        else:
            yield SchemaChange(Kind.VALUES, place, f"{len(was)} alternatives -> {len(now)}", len(was), len(now))

    def _fits(self, old: Schema, new: Schema, depth: int) -> bool:
        """Whether no client notices the step from one alternative to another."""
        key, known = (id(old), id(new)), self._pair.fitting
        if key not in known:
            known[key] = True
            known[key] = next(_Comparison(self._pair).compare(old, new, "", depth + 2), None) is None
        return known[key]

    def _values(self, old: Schema, new: Schema, place: str) -> Iterator[SchemaChange]:
        was, now = enumerated(old), enumerated(new)
        given, taken = (was, now) if self._is_request else (now, was)
        if taken is not None and (given is None or {*map(text_of, given)} - {*map(text_of, taken)}):
            yield SchemaChange(Kind.VALUES, place, f"values {text_of(was)} -> {text_of(now)}", was, now)
        if old.get("format") != new.get("format"):
            yield from self._format(old, new, place)
        wide, narrow = (old, new) if self._is_request else (new, old)
        for name in _narrowed(wide, narrow):
            text = f"{name} {text_of(old.get(name))} -> {text_of(new.get(name))}"
            yield SchemaChange(Kind.VALUES, place, text, old.get(name), new.get(name))

    def _format(self, old: Schema, new: Schema, place: str) -> Iterator[SchemaChange]:
        """Yield the change of the format of text: of numbers it names a size, which is no promise."""
        was, now = old.get("format"), new.get("format")
        if not {"string"} >= (self._pair.old.types(old) or set()) - {"null"} or {was, now} & NO_FORMATS:
            return
        given, taken = (was, now) if self._is_request else (now, was)
        if isinstance(given, str) and isinstance(taken, str):
            yield SchemaChange(Kind.TYPE, place, f"'{was}' -> '{now}'", was, now)
        elif isinstance(taken, str):
            yield SchemaChange(Kind.VALUES, place, f"format {text_of(was)} -> {text_of(now)}", was, now)

    def _members(self, old: Schema, new: Schema, place: str, depth: int) -> Iterator[SchemaChange]:
        was, now = self._shown(self._pair.old, old), self._shown(self._pair.new, new)
        refused = self._is_request and new.get("additionalProperties") is False
        for name in was:
            if name not in now:
                kind = Kind.FIELD_REFUSED if refused else Kind.FIELD_REMOVED
                yield SchemaChange(kind, _member(place, name), "was removed", name, None)
        old_required, new_required = (set(map(str, list_of(schema.get("required")))) for schema in (old, new))
        needed, word = (
            (new_required - old_required, "became required")
            if self._is_request
            else (old_required - new_required, "became optional")
        )
        for name in (name for name in {**was, **now} if str(name) in needed and name in now):
            yield SchemaChange(Kind.FIELD_REQUIRED, _member(place, name), word, None, None)
        for name, member in was.items():
            if name in now:
                yield from self.compare(member, now[name], _member(place, name), depth + 1)

    def _shown(self, reader: SchemaReader, schema: Schema) -> dict[str, Any]:
        """Return the properties that are sent in this direction (OpenAPI 3.0.3, section 4.7.24.1)."""
        hidden = "readOnly" if self._is_request else "writeOnly"
        properties = mapping_of(schema.get("properties"))
        return {name: member for name, member in properties.items() if reader.read(member).get(hidden) is not True}

    def _other_members(self, old: Schema, new: Schema, place: str, depth: int) -> Iterator[SchemaChange]:
        was, now = (schema.get("additionalProperties", True) for schema in (old, new))
        if self._is_request and was is not False and now is False:
            yield SchemaChange(Kind.VALUES, place, "members that are not known are now errors", was, now)
        elif (isinstance(was, dict) or isinstance(now, dict)) and was is not False and now is not False:
            yield from self.compare(was, now, f"{place}.*", depth + 1)

    def _elements(self, old: Schema, new: Schema, place: str, depth: int) -> Iterator[SchemaChange]:
        was, now = list_of(old.get("prefixItems")), list_of(new.get("prefixItems"))
        rest = [schema.get("items", ANY) for schema in (old, new)]
        for index in range(min(max(len(was), len(now)), MAX_POSITIONS)):
            one, other = (items[index] if index < len(items) else rest[i] for i, items in enumerate((was, now)))
            yield from self.compare(one, other, f"{place}[{index}]", depth + 1)
        if "items" in old or "items" in new:
            yield from self.compare(rest[0], rest[1], f"{place}[]", depth + 1)


def _member(place: str, name: str) -> str:
    return f"{place}.{name}" if place else str(name)


def _narrowed(wide: Schema, narrow: Schema) -> Iterator[str]:
    """Yield the limits of a schema that refuse what another one lets through."""
    for plain, exclusive, sign in (("maximum", "exclusiveMaximum", -1), ("minimum", "exclusiveMinimum", 1)):
        wide_bound, narrow_bound = (_bound(schema, plain, exclusive, sign) for schema in (wide, narrow))
        if narrow_bound is not None and (wide_bound is None or narrow_bound[:2] > wide_bound[:2]):
            yield narrow_bound[2]
    for name in (*UPPER[2:], *LOWER[2:]):
        limit, other = narrow.get(name), wide.get(name, 0 if name in LOWER else None)
        if is_number(limit) and (not is_number(other) or (limit < other if name in UPPER else limit > other)):
            yield name
    if isinstance(narrow.get("pattern"), str) and narrow["pattern"] != wide.get("pattern"):
        yield "pattern"
    step, other = narrow.get("multipleOf"), wide.get("multipleOf")
    if is_number(step) and step != other and not _is_multiple(other, step):
        yield "multipleOf"
    if narrow.get("uniqueItems") is True and wide.get("uniqueItems") is not True:
        yield "uniqueItems"


def _is_multiple(value: object, step: object) -> bool:
    return isinstance(value, int) and isinstance(step, int) and step != 0 and value % step == 0


def _bound(schema: Schema, plain: str, exclusive: str, sign: int) -> tuple[float, bool, str] | None:
    """Return the strongest limit on one side: how strong it is, whether it is exclusive, and which member says it."""
    found: list[tuple[float, bool, str]] = []
    for name, is_exclusive in ((plain, False), (exclusive, True)):
        limit = schema.get(name)
        if is_number(limit):
            # Of whole numbers, more than 0 is the same as at least 1.
            is_whole = is_exclusive and isinstance(limit, int) and schema.get("type") == "integer"
            found.append((sign * limit + 1, False, name) if is_whole else (sign * limit, is_exclusive, name))
    return max(found, default=None)

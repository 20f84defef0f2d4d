"""JSON Schemas as a comparison needs them: references followed, `allOf` merged, the forms of OpenAPI 3.0 rewritten.

A schema is read once per document, so the same schema is always the same object: that is how a comparison knows what it
has met, and why it ends for schemas that contain themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, TypeGuard, final

from hawkapi.openapi._walk import list_of, mapping_of, resolve

type Schema = dict[str, Any]

ANY: Final[Schema] = {}
"""Takes every value; never changed."""
NOTHING: Final[Schema] = {"enum": []}
"""Takes none, as the schema `false`; never changed."""

MAX_DEPTH: Final = 32
"""How deeply `allOf` and alternatives may be nested in one another; what is deeper takes every value."""

WORDS: Final = frozenset(
    {"title", "description", "default", "example", "examples", "deprecated", "summary", "$comment"}
)
"""Members that say nothing about which values fit."""

TYPES_OF_MEMBERS: Final = (
    ("object", ("properties", "additionalProperties", "required")),
    ("array", ("items", "prefixItems")),
)
JSON_TYPES: Final = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"))
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
COMPOSED: Final = ("anyOf", "oneOf")


@final
class SchemaReader:
    """The schemas of one document. For one thread."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._read: dict[int, tuple[object, Schema]] = {}
        """By the identity of what was read, which is kept so that no other object gets it."""
        self._reading: set[int] = set()

    def read(self, written: Any, depth: int = 0) -> Schema:
        """Return a schema that has no reference, no `allOf` and no form of OpenAPI 3.0 any more at its top."""
        if written is False:
            return NOTHING
        key = id(written)
        if key in self._read:
            return self._read[key][1]
        schema = mapping_of(written)
        if not schema or key in self._reading or depth > MAX_DEPTH:
            return ANY
        self._reading.add(key)
        found = self._merged(schema, depth)
        self._reading.discard(key)
        self._read[key] = (written, found)
        return found

    def _merged(self, schema: Schema, depth: int) -> Schema:
        """Return a schema and what it refers to as one."""
        own = {name: value for name, value in schema.items() if name not in {"$ref", "allOf"}}
        parts = [self.read(part, depth + 1) for part in list_of(schema.get("allOf"))]
        if isinstance(schema.get("$ref"), str):
            target = resolve(schema, self._spec)
            # A reference into another document cannot be followed.
            parts.append(ANY if target is schema else self.read(target, depth + 1))
        if len(parts) == 1 and own.keys() <= WORDS:
            return parts[0]
        merged = _modern(own)
        for part in parts:
            merged = merge(merged, part)
        return _with_null(merged) if own.get("nullable") is True else merged

    def types(self, schema: Schema) -> frozenset[str] | None:
        """Return the types that a schema that was read takes; `None` where it may be any."""
        return self._types(schema, set(), 0)

    def _types(self, schema: Schema, seen: set[int], depth: int) -> frozenset[str] | None:
        own = _own_types(schema)
        composed = next((schema[name] for name in COMPOSED if isinstance(schema.get(name), list)), None)
        if own is not None or composed is None or depth > MAX_DEPTH:
            return own
        if id(schema) in seen:
            return frozenset()  # What it takes is being put together further up.
        seen.add(id(schema))
        each = [self._types(self.read(item), seen, depth + 1) for item in composed]
        return None if None in each else frozenset(kind for kinds in each if kinds is not None for kind in kinds)

    def alternatives(self, schema: Schema) -> list[Schema] | None:
        """Return what `anyOf` or `oneOf` lists, `null` left out and lists in lists taken apart; `None` without them."""
        for name in COMPOSED:
            if isinstance(schema.get(name), list):
                return list(self._listed(schema[name], {id(schema)}, 0))
        return None

    def _listed(self, items: list[Any], seen: set[int], depth: int) -> Iterator[Schema]:
        for choice in map(self.read, items):
            if id(choice) in seen or self.types(choice) == frozenset({"null"}):
                continue
            seen.add(id(choice))
            inner = next((choice[name] for name in COMPOSED if isinstance(choice.get(name), list)), None)
            if inner is None or depth > MAX_DEPTH or _has_more(choice):
                yield choice
            else:
                yield from self._listed(inner, seen, depth + 1)


def _has_more(schema: Schema) -> bool:
    """Whether a schema says more than its alternatives do."""
    return not schema.keys() <= WORDS | {*COMPOSED, "discriminator"}


def _own_types(schema: Schema) -> frozenset[str] | None:
    kind = schema.get("type")
    if isinstance(kind, str):
        return frozenset({kind})
    if listed := list_of(kind):
        return frozenset(map(str, listed))
    values = enumerated(schema)
    if values is not None:
        return frozenset(map(_type_of, values))
    return next((frozenset({name}) for name, members in TYPES_OF_MEMBERS if schema.keys() & set(members)), None)


def _type_of(value: object) -> str:
    if value is None:
        return "null"
    return next((name for cls, name in JSON_TYPES if isinstance(value, cls)), "object")


def enumerated(schema: Schema) -> list[Any] | None:
    """Return the only values that a schema takes, if it lists them."""
    if "const" in schema:
        return [schema["const"]]
    return list_of(schema["enum"]) if isinstance(schema.get("enum"), list) else None


def text_of(value: Any) -> str:
    """Return a value as JSON, also one that no JSON document can hold; the same text for equal values only."""
    if value is None:
        return "none"
    try:
        return json.dumps(value, sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError):
        return f"a {type(value).__name__}"


def is_number(value: object) -> TypeGuard[float]:
    """Whether a limit is one."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _modern(schema: Schema) -> Schema:
    """Return a schema with limits as numbers and `null` as a type (OpenAPI 3.0.3, section 4.7.24)."""
    found = dict(schema)
    for exclusive, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(found.get(exclusive), bool) and found.pop(exclusive) and limit in found:
            found[exclusive] = found.pop(limit)
    return _with_null(found) if found.pop("nullable", None) is True else found


def _with_null(schema: Schema) -> Schema:
    """Return a schema that takes `null` as well."""
    kind = schema.get("type")
    kinds = [kind] if isinstance(kind, str) else list_of(kind)
    if kinds and "null" not in kinds:
        schema = {**schema, "type": [*kinds, "null"]}
    for name in COMPOSED:
        if isinstance(schema.get(name), list):
            schema = {**schema, name: [*schema[name], {"type": "null"}]}
    return schema


def merge(one: Schema, other: Schema) -> Schema:
    """Return what takes the values that both schemas take, as far as one schema can say it."""
    merged = {**other, **one}
    properties = mapping_of(other.get("properties")) | mapping_of(one.get("properties"))
    if properties:
        both = mapping_of(other.get("properties")).keys() & mapping_of(one.get("properties")).keys()
        merged["properties"] = {
            name: {"allOf": [one["properties"][name], other["properties"][name]]} if name in both else member
            for name, member in properties.items()
        }
    required = [*list_of(one.get("required")), *list_of(other.get("required"))]
    if required:
        merged["required"] = required
    for name, choose in (*((name, min) for name in UPPER), *((name, max) for name in LOWER)):
        limits = [schema[name] for schema in (one, other) if is_number(schema.get(name))]
        if limits:
            merged[name] = choose(limits)
    types = [found for found in map(_own_types, (one, other)) if found is not None]
    if len(types) == 2 and ("type" in one or "type" in other):
        merged["type"] = sorted(types[0] & types[1] or types[0])
    return merged

"""Schemas that come with definitions of their own, as pydantic's do, made components of one document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

from hawkapi.codec._schema_names import unused

type Schema = dict[str, Any]

_DEFS: Final = "#/$defs/"


class _Definition(NamedTuple):
    """A schema, and the definitions that it refers to, directly or not, by their names beside it."""

    content: Schema
    refers_to: dict[str, Schema]


def hoist(schemas: dict[str, Schema], own: Mapping[str, Schema], ref: Callable[[str], str]) -> dict[str, Schema]:
    """Return schemas, by name, and what they define beside themselves, all as components.

    Args:
        schemas: each refers to its definitions as `#/$defs/...`, perhaps only that to its own.
        own: components that there are already; a definition that is one of them is not written again.
        ref: how to refer to a component.
    """
    placed = {name: _Definition(schema, {}) for name, schema in own.items()}
    placed |= {name: _definition(_own(schema), schema) for name, schema in schemas.items()}
    names_of = {name: _own_names(name, schema) for name, schema in schemas.items()}
    for name, schema in schemas.items():
        names = names_of[name]
        for inner, content in schema.get("$defs", {}).items():
            if inner in names:
                continue
            # Two models that hold a third define it alike; then it is one component.
            definition = _definition(content, schema)
            names[inner] = unused(inner, {other for other in placed if placed[other] != definition})
            if names[inner] not in placed:
                placed[names[inner]] = definition
                names_of[names[inner]] = names
    return {name: _moved(placed[name].content, names, ref) for name, names in names_of.items()}


def _definition(content: Schema, schema: Schema) -> _Definition:
    """Return a part of a schema with all that it refers to, so that it can be compared with a part of another."""
    defs: dict[str, Schema] = schema.get("$defs", {})
    found: dict[str, Schema] = {}
    waiting = _references(content)
    while waiting:
        name = waiting.pop()
        if name in defs and name not in found:
            found[name] = defs[name]
            waiting += _references(defs[name])
    return _Definition(content, found)


def _references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        return [name for part in cast("Schema", schema).values() for name in _references(part)]
    if isinstance(schema, list):
        return [name for part in cast("list[object]", schema) for name in _references(part)]
    return [schema.removeprefix(_DEFS)] if isinstance(schema, str) and schema.startswith(_DEFS) else []


def _own(schema: Schema) -> Schema:
    """Return the schema itself; one that contains itself stands among its definitions."""
    inner = _own_name(schema)
    own: Schema = schema["$defs"][inner] if inner else {key: item for key, item in schema.items() if key != "$defs"}
    return own


def _own_name(schema: Schema) -> str:
    return str(schema.get("$ref", "")).removeprefix(_DEFS)


def _own_names(name: str, schema: Schema) -> dict[str, str]:
    inner = _own_name(schema)
    return {inner: name} if inner else {}


def _moved(schema: Any, names: dict[str, str], ref: Callable[[str], str]) -> Any:
    """Return a schema whose references, also those of discriminators, go to components."""
    if isinstance(schema, dict):
        return {key: _moved(item, names, ref) for key, item in cast("Schema", schema).items()}
    if isinstance(schema, list):
        return [_moved(item, names, ref) for item in cast("list[object]", schema)]
    if isinstance(schema, str) and schema.removeprefix(_DEFS) in names and schema.startswith(_DEFS):
        return ref(names[schema.removeprefix(_DEFS)])
    return schema

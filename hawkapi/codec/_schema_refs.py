"""Schemas that come with definitions of their own, as pydantic's do, made components of one document."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final, cast

from hawkapi.codec._schema_names import unused

type Schema = dict[str, Any]

_DEFS: Final = "#/$defs/"


def hoist(schemas: dict[str, Schema], taken: Collection[str], ref: Callable[[str], str]) -> dict[str, Schema]:
    """Return schemas, by name, and what they define beside themselves, all as components.

    Args:
        schemas: each refers to its definitions as `#/$defs/...`, perhaps only that to its own.
        taken: names that no definition may get.
        ref: how to refer to a component.
    """
    found = {name: (_own(schema), _own_names(name, schema)) for name, schema in schemas.items()}
    for name, schema in schemas.items():
        names = found[name][1]
        for inner, content in schema.get("$defs", {}).items():
            if inner in names:
                continue
            # Two models that hold a third define it alike; then it is one component.
            alike = inner in found and found[inner][0] == content
            names[inner] = inner if alike else unused(inner, {*taken, *found})
            found.setdefault(names[inner], (content, names))
    return {name: _moved(content, names, ref) for name, (content, names) in found.items()}


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

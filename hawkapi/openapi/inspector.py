"""JSON Schemas of types, each on its own."""

from __future__ import annotations

from typing import Any, Final, cast

from hawkapi.codec import describe
from hawkapi.codec.schema import DEFS_REF, build_schema
from hawkapi.exceptions import UnsupportedTypeError

__all__ = ["struct_to_schema", "type_to_schema"]

PREFIX: Final = DEFS_REF.replace("{name}", "")


def type_to_schema(tp: Any) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a type, a new dict; `{"type": "object"}` for a type that is not supported.

    A class stands in place; those that it is made of stand in `$defs`, and so does the class itself if it contains
    itself. In OpenAPI documents they are components.
    """
    try:
        description = describe(tp)
    except (UnsupportedTypeError, TypeError, ValueError):
        return {"type": "object"}
    (schema,), components = build_schema([description], ref_template=DEFS_REF)
    name = str(schema.get("$ref", "")).removeprefix(PREFIX)
    if name:
        schema = components[name] | {key: value for key, value in schema.items() if key != "$ref"}
        if not _mentions(list(components.values()), PREFIX + name):
            del components[name]
    return schema | ({"$defs": components} if components else {})


def struct_to_schema(cls: type[Any]) -> dict[str, Any]:
    """Return the JSON Schema of a class with members: a Struct, a dataclass, a pydantic model; as `type_to_schema`."""
    return type_to_schema(cls)


def _mentions(schema: Any, reference: str) -> bool:
    """Whether a schema refers to something."""
    if isinstance(schema, dict):
        parts = cast("dict[str, Any]", schema)
        return parts.get("$ref") == reference or any(_mentions(item, reference) for item in parts.values())
    return isinstance(schema, list) and any(_mentions(item, reference) for item in cast("list[object]", schema))

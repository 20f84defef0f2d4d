"""Schemas of types on their own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import pytest

from hawkapi import Meta, Struct
from hawkapi.openapi.inspector import struct_to_schema, type_to_schema


class Inner(Struct):
    """Inside."""

    number: int = 1


class Outer(Struct, rename="camel"):
    """Outside."""

    some_name: str
    inner: Inner


class Node(Struct):
    """Contains itself."""

    children: list[Node]


class Unknown:
    """Nothing that a codec knows."""


SCHEMAS: dict[str, tuple[Any, dict[str, Any]]] = {
    "str": (str, {"type": "string"}),
    "int": (int, {"type": "integer"}),
    "bytes": (bytes, {"type": "string", "format": "binary", "contentEncoding": "base64"}),
    "datetime": (datetime, {"type": "string", "format": "date-time"}),
    "date": (date, {"type": "string", "format": "date"}),
    "UUID": (UUID, {"type": "string", "format": "uuid"}),
    "null": (None, {"type": "null"}),
    "anything": (Any, {}),
    "list": (list, {"type": "array"}),
    "items": (list[int], {"type": "array", "items": {"type": "integer"}}),
    "dict": (dict, {"type": "object"}),
    "values": (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    "optional": (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    "union": (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    "limits": (Annotated[float, Meta(gt=1)], {"type": "number", "exclusiveMinimum": 1}),
    "unknown": (Unknown, {"type": "object"}),
    "flat": (
        Inner,
        {
            "title": "Inner",
            "description": "Inside.",
            "type": "object",
            "properties": {"number": {"type": "integer", "default": 1}},
        },
    ),
}


@pytest.mark.parametrize(("annotation", "expected"), SCHEMAS.values(), ids=SCHEMAS)
def test_schema(annotation: Any, expected: dict[str, Any]) -> None:
    """Each type has its own."""
    assert type_to_schema(annotation) == expected


def test_class_of_classes() -> None:
    """What it is made of is beside it."""
    schema = struct_to_schema(Outer)
    assert schema["properties"] == {
        "someName": {"type": "string", "title": "some_name"},
        "inner": {"$ref": "#/$defs/Inner"},
    }
    assert (schema["required"], list(schema["$defs"])) == (["someName", "inner"], ["Inner"])


def test_class_that_contains_itself() -> None:
    """It is beside itself."""
    schema = struct_to_schema(Node)
    assert schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    assert schema["$defs"]["Node"] == {key: value for key, value in schema.items() if key != "$defs"}

"""Small OpenAPI documents, made of one part each."""

from __future__ import annotations

from typing import Any, Final

TEXT: Final = {"type": "string"}
NUMBER: Final = {"type": "integer"}
NULL: Final = {"type": "null"}


def document(operation: dict[str, Any], schemas: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a document with one operation."""
    return {"paths": {"/a": {"post": operation}}, "components": {"schemas": schemas or {}}}


def query(schema: dict[str, Any], *, required: bool = False, name: str = "q") -> dict[str, Any]:
    """Return an operation with one parameter."""
    return {"parameters": [{"name": name, "in": "query", "required": required, "schema": schema}]}


def body(schema: Any, *, required: bool = True, media_type: str = "application/json") -> dict[str, Any]:
    """Return an operation with a body."""
    return {"requestBody": {"required": required, "content": {media_type: {"schema": schema}}}}


def answer(schema: Any, media_type: str = "application/json") -> dict[str, Any]:
    """Return an operation with a response."""
    return {"responses": {"200": {"description": "", "content": {media_type: {"schema": schema}}}}}


def members(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "properties": properties, "required": list(required)}

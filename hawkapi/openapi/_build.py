"""The document as a whole: operations first, then what depends on all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from hawkapi.openapi._needs import is_provided, read_needs
from hawkapi.openapi._operations import Operation, build_operations, name_operations
from hawkapi.openapi._schemas import Schemas
from hawkapi.openapi._security import SecuritySchemes, build_requirements
from hawkapi.params._signature import HasProvider
from hawkapi.routing.route import Route, WebSocketRoute

VERSION = "3.1.0"


def build_document(
    routes: Iterable[Route], info: dict[str, Any], validation_error_status: int, has_provider: HasProvider | None
) -> dict[str, Any]:
    """Return the OpenAPI document of routes; arguments as `generate_openapi` describes them."""
    schemas = Schemas()
    operations = [
        operation
        for route in routes
        if not isinstance(route, WebSocketRoute)
        for operation in build_operations(
            route, read_needs(route, has_provider or is_provided), schemas, validation_error_status
        )
    ]
    operations = _first_at_each_place(operations)
    name_operations(operations)
    security = _add_security(operations)
    document: dict[str, Any] = {"openapi": VERSION, "info": info, "paths": _paths(operations)}
    tags = sorted({tag for operation in operations for tag in operation.document.get("tags", ())})
    if tags:
        document["tags"] = [{"name": tag} for tag in tags]
    components = {"schemas": schemas.fill(), "securitySchemes": security.components()}
    used = {name: content for name, content in components.items() if content}
    if used:
        document["components"] = used
    copied: dict[str, Any] = copy_json(document)
    return copied


def _first_at_each_place(operations: list[Operation]) -> list[Operation]:
    """Return operations without those whose paths differ in types only: OpenAPI has one place for them."""
    found: dict[tuple[str, str], Operation] = {}
    for operation in operations:
        found.setdefault((operation.path, operation.method), operation)
    return list(found.values())


def _paths(operations: list[Operation]) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = operation.document
    return paths


def _add_security(operations: list[Operation]) -> SecuritySchemes:
    """Say of every operation which credentials it needs, and return their schemes."""
    security = SecuritySchemes()
    for operation in operations:
        security.add(operation.schemes)
    keys = security.keys()
    for operation in operations:
        if operation.schemes:
            operation.document["security"] = build_requirements(operation.schemes, operation.scopes, keys)
    return security


def copy_json(value: Any) -> Any:
    """Return a copy of a JSON value that shares nothing with it, nor one part of it with another."""
    if isinstance(value, dict):
        return {name: copy_json(item) for name, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [copy_json(item) for item in cast("list[Any]", value)]
    return value

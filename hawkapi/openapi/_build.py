"""The document as a whole: operations first, then what depends on all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from hawkapi.openapi._needs import is_provided, read_needs
from hawkapi.openapi._operations import Operation, build_operations, build_outgoing, merge, name_operations
from hawkapi.openapi._schemas import Schemas
from hawkapi.openapi._security import SecuritySchemes, build_requirements
from hawkapi.params._signature import HasProvider
from hawkapi.routing.route import Route, WebSocketRoute

VERSION = "3.1.0"


def build_document(
    routes: Iterable[Route],
    info: dict[str, Any],
    validation_error_status: int,
    has_provider: HasProvider | None,
    webhooks: Iterable[Route] = (),
    tags: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the OpenAPI document of routes; arguments as `generate_openapi` describes them."""
    schemas, provides = Schemas(), has_provider or is_provided
    pairs = [
        (route, operation)
        for route in routes
        if not isinstance(route, WebSocketRoute)
        for operation in build_operations(route, read_needs(route, provides), schemas, validation_error_status)
    ]
    pairs = _first_at_each_place(pairs)
    operations = [operation for _, operation in pairs]
    called = [found for pair in pairs for found in _add_callbacks(*pair, schemas, provides)]
    sent = [
        operation._replace(path=operation.path.strip("/"))
        for route in webhooks
        for operation in build_outgoing(route, read_needs(route, provides), schemas)
    ]
    everything = [*operations, *sent, *called]
    name_operations(everything)
    security = _add_security(everything)
    for operation in everything:
        merge(operation.document, operation.extra)
    document: dict[str, Any] = {"openapi": VERSION, "info": info, "paths": _paths(operations)}
    if sent:
        document["webhooks"] = _paths(sent)
    all_tags = _tags(tags, everything)
    if all_tags:
        document["tags"] = all_tags
    components = {"schemas": schemas.fill(), "securitySchemes": security.components()}
    used = {name: content for name, content in components.items() if content}
    if used:
        document["components"] = used
    copied: dict[str, Any] = copy_json(document)
    return copied


def _add_callbacks(route: Route, operation: Operation, schemas: Schemas, provides: HasProvider) -> list[Operation]:
    """Say of an operation which requests it causes, and return these."""
    found: list[Operation] = []
    callbacks: dict[str, dict[str, Any]] = {}
    for address, described in route.callbacks.items():
        for inner in described:
            for called in build_outgoing(inner, read_needs(inner, provides), schemas):
                place = callbacks.setdefault(called.name, {}).setdefault(address + called.path.rstrip("/"), {})
                place[called.method] = called.document
                found.append(called)
    if callbacks:
        operation.document["callbacks"] = callbacks
    return found


def _tags(told: Sequence[Mapping[str, Any]], operations: list[Operation]) -> list[Mapping[str, Any]]:
    """Return all tags: those that somebody describes, as they are, then what else operations have, sorted."""
    used = {tag for operation in operations for tag in operation.document.get("tags", ())}
    return [*told, *({"name": tag} for tag in sorted(used - {tag.get("name") for tag in told}))]


def _first_at_each_place(pairs: list[tuple[Route, Operation]]) -> list[tuple[Route, Operation]]:
    """Return operations without those whose paths differ in types only: OpenAPI has one place for them."""
    found: dict[tuple[str, str], tuple[Route, Operation]] = {}
    for route, operation in pairs:
        found.setdefault((operation.path, operation.method), (route, operation))
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
        # PERF: three of four values are texts; tests/bench/tables/document.py.
        return {
            name: item if type(item) is str else copy_json(item) for name, item in cast("dict[str, Any]", value).items()
        }
    if isinstance(value, list | tuple):
        return [copy_json(item) for item in cast("list[Any]", value)]
    return value

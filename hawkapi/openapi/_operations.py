"""Operation objects (OpenAPI 3.1, section 4.8.10): one for each method of a route."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from hawkapi._callables import callable_name, unwrap_callable
from hawkapi.codec._msgpack import CONTENT_TYPE as MSGPACK
from hawkapi.openapi._bodies import build_request_body
from hawkapi.openapi._needs import Needs
from hawkapi.openapi._parameters import build_parameters
from hawkapi.openapi._problems import build_problems
from hawkapi.openapi._results import build_successes, with_described
from hawkapi.openapi._schemas import Schemas
from hawkapi.openapi._security import Scheme, schemes_of, scopes_of
from hawkapi.routing._parse import Template
from hawkapi.routing.route import Route

METHODS: Final = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE")
"""What a path item may hold, but for `HEAD`: that is what `GET` says, without the body."""


class Operation(NamedTuple):
    """One operation, before what depends on all of them is known."""

    path: str
    method: str
    """In lower case."""
    name: str
    document: dict[str, Any]
    schemes: list[Scheme]
    scopes: list[str]
    extra: Mapping[str, Any] = {}
    """What it says besides."""


def build_operations(route: Route, needs: Needs, schemas: Schemas, validation_error_status: int) -> list[Operation]:
    """Return the operations of a route, without `operationId` and `security`."""
    schemes = schemes_of(needs.dependencies)
    scopes = scopes_of(needs.dependencies)
    path = path_of(needs.template)
    name = name_of(route)
    return [
        Operation(
            path,
            method.lower(),
            name,
            _document(route, needs, schemas, validation_error_status, schemes, scopes),
            schemes,
            scopes,
            route.openapi_extra,
        )
        for method in METHODS
        if method in route.methods
    ]


def build_outgoing(route: Route, needs: Needs, schemas: Schemas) -> list[Operation]:
    """Return the operations of a route that describes what the application sends to others: they answer, not we."""
    operations = build_operations(route, needs, schemas, 400)
    succeeds = build_successes(route, schemas)
    for operation in operations:
        document = operation.document
        document["responses"] = with_described(succeeds, {}, route.responses, schemas)
        for holder in (document.get("requestBody", {}), *document["responses"].values()):
            holder.get("content", {}).pop(MSGPACK, None)
    return operations


def merge(document: dict[str, Any], extra: Mapping[str, Any]) -> None:
    """Put into an object what another one says: objects are merged, arrays appended, everything else replaced."""
    for name, value in extra.items():
        known = document.get(name)
        if isinstance(known, dict) and isinstance(value, Mapping):
            merge(cast("dict[str, Any]", known), cast("Mapping[str, Any]", value))
        elif isinstance(known, list) and isinstance(value, list):
            document[name] = [*cast("list[object]", known), *cast("list[object]", value)]
        else:
            document[name] = value


def path_of(template: Template) -> str:
    """Return a path as OpenAPI has it: parameters without their types."""
    return "/" + "/".join(part if isinstance(part, str) else f"{{{part.name}}}" for part in template.segments)


def _document(
    route: Route,
    needs: Needs,
    schemas: Schemas,
    validation_error_status: int,
    schemes: list[Scheme],
    scopes: list[str],
) -> dict[str, Any]:
    found = _about(route)
    parameters = build_parameters(needs, schemas)
    if parameters:
        found["parameters"] = parameters
    body = build_request_body(needs.parameters, schemas)
    if body is not None:
        found["requestBody"] = body
    problems = build_problems(
        needs,
        schemas,
        validation_error_status=validation_error_status,
        is_secured=any(scheme.may_refuse for scheme in schemes),
        # SPEC: RFC 6750 section 3.1: a token without the scopes is answered with 403.
        is_restricted=bool(route.permissions or scopes),
    )
    found["responses"] = with_described(build_successes(route, schemas), problems, route.responses, schemas)
    return found


def _about(route: Route) -> dict[str, Any]:
    """Return what an operation says of itself, in the order of the specification."""
    about: dict[str, Any] = {
        "tags": list(dict.fromkeys(route.tags)) or None,
        **words_of(route),
        "operationId": route.name,
        "deprecated": True if route.deprecated else None,
        "x-permissions": list(route.permissions) if route.permissions else None,
    }
    return {name: value for name, value in about.items() if value is not None}


def name_of(route: Route) -> str:
    """Return what a route is called: as it was said, else as its handler."""
    return route.name or callable_name(route.handler).rpartition(".")[2]


def words_of(route: Route) -> dict[str, str | None]:
    """Return summary and description of a route: as they were given, else what the author of its handler wrote."""
    written: object = getattr(unwrap_callable(route.handler), "__doc__", None)
    doc = inspect.cleandoc(written).strip() if isinstance(written, str) else ""
    return {
        "summary": route.summary or doc.partition("\n")[0].strip() or None,
        "description": route.description or doc or None,
    }


def name_operations(operations: list[Operation]) -> None:
    """Give every operation an `operationId` that no other one has.

    It is the route's name where that is unique; else the name with the method; else with the path too. So it depends
    on the other operations only where names are the same, and never on their order.
    """
    levels = [[_identifier(operation, level) for operation in operations] for level in range(3)]
    counts = [Counter(names) for names in levels]
    plain = {name for name, count in counts[0].items() if count == 1}
    taken: set[str] = set()
    for index, operation in enumerate(operations):
        choices = (levels[level][index] for level in range(3) if counts[level][levels[level][index]] == 1)
        chosen = next((name for name in choices if name == operation.name or name not in plain), levels[2][index])
        number, name = 1, chosen
        while name in taken:
            number += 1
            name = f"{chosen}_{number}"
        taken.add(name)
        operation.document["operationId"] = name


def _identifier(operation: Operation, level: int) -> str:
    if level == 0:
        return operation.name
    path = re.sub(r"[^A-Za-z0-9]+", "_", operation.path).strip("_") if level == 2 else ""
    return "_".join(part for part in (operation.name, path, operation.method) if part)

"""Reading OpenAPI documents, of whatever origin: operations, parameters, and what references stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The members of a path item that are operations (OpenAPI 3.1, section 4.8.9)."""


def mapping_of(value: object) -> dict[str, Any]:
    """Return an object of a document; an empty one for what is none."""
    return cast("dict[str, Any]", value) if isinstance(value, Mapping) else {}


def operations_of(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation of every operation of a document, in its order."""
    for path, item in mapping_of(spec.get("paths")).items():
        for method, operation in mapping_of(resolve(item, spec)).items():
            if method in METHODS and isinstance(operation, Mapping):
                yield path, method, cast("dict[str, Any]", operation)


def resolve(value: Any, spec: dict[str, Any]) -> Any:
    """Return what a reference into the same document stands for; anything else as it is.

    A reference that leads nowhere, or only to itself, is an empty object.
    """
    seen: set[str] = set()
    while isinstance(reference := mapping_of(value).get("$ref"), str):
        if not reference.startswith("#/"):
            return value
        if reference in seen:
            return {}
        seen.add(reference)
        value = _at(reference, spec)
    return value


def _at(reference: str, spec: dict[str, Any]) -> Any:
    """Return what stands at a JSON pointer (RFC 6901)."""
    found: Any = spec
    for part in reference[2:].split("/"):
        found = mapping_of(found).get(part.replace("~1", "/").replace("~0", "~"), {})
    return found


def parameters_of(spec: dict[str, Any], path: str, operation: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the parameters of an operation by name and place; its own come before those of its path."""
    item = mapping_of(resolve(mapping_of(spec.get("paths")).get(path), spec))
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for holder in (item, operation):
        for parameter in holder.get("parameters") or ():
            resolved = mapping_of(resolve(parameter, spec))
            if "name" in resolved and "in" in resolved:
                found[str(resolved["name"]), str(resolved["in"])] = resolved
    return found

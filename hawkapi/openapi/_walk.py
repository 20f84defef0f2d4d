"""Reading OpenAPI documents, of whatever origin: operations, parameters, and what references stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast
from urllib.parse import unquote

from hawkapi.http.media_types import essence_of

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The members of a path item that are operations (OpenAPI 3.1, section 4.8.9)."""

PARAMETER: Final = re.compile(r"\{([^{}]*)\}")
"""A parameter in a path, with its name."""


def mapping_of(value: object) -> dict[str, Any]:
    """Return an object of a document; an empty one for what is none."""
    return cast("dict[str, Any]", value) if isinstance(value, Mapping) else {}


def list_of(value: object) -> list[Any]:
    """Return an array of a document; an empty one for what is none."""
    return cast("list[object]", value) if isinstance(value, list) else []


def operations_of(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation of every operation of a document, in its order."""
    for path, item in mapping_of(mapping_of(spec).get("paths")).items():
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
        value = spec
        for name in names_in(reference):
            value = member_of(value, name)
        value = {} if value is None else value
    return value


def names_in(reference: str) -> list[str]:
    """Return the names on the way that a reference, `#/...`, goes through its document (RFC 6901, section 6)."""
    return [name.replace("~1", "/").replace("~0", "~") for name in unquote(reference).split("/")[1:]]


def member_of(value: object, name: str) -> Any:
    """Return a member of an object by its name, of an array by its index, or `None` where there is none."""
    items = list_of(value)
    if not items:
        return mapping_of(value).get(name)
    # Python refuses to read a number of thousands of digits.
    is_index = name.isdecimal() and len(name) < 9 and int(name) < len(items)
    return items[int(name)] if is_index else None


def one_line(text: str) -> str:
    """Return text of a report with what would end its line, or steer a terminal, escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shape_of(path: object) -> str:
    """Return a path whose parameters have no names: templates that differ in those only are the same paths
    (OpenAPI 3.1, section 4.8.8.1)."""
    return PARAMETER.sub("{}", str(path))


def media_type_in(content: dict[str, Any], media_type: str) -> str | None:
    """Return the member of a content that holds a media type: itself, without its parameters, or a range."""
    names = {str(name).lower().replace(" ", ""): name for name in content}
    wanted = media_type.lower().replace(" ", "")
    essence = essence_of(wanted)
    essences = {essence_of(name): found for name, found in reversed(names.items())}
    tries = (names.get(wanted), *map(essences.get, (essence, f"{essence.partition('/')[0]}/*", "*/*")))
    return next((found for found in tries if found is not None), None)


def parameters_of(spec: dict[str, Any], path: str, operation: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the parameters of an operation by name and place; its own come before those of its path.

    Those in the path are named by their position, `{0}`: what they are called is not sent. Those in the header are
    in lower case (RFC 9110, section 5.1).
    """
    item = mapping_of(resolve(mapping_of(mapping_of(spec).get("paths")).get(path), spec))
    positions = {name: f"{{{index}}}" for index, name in enumerate(PARAMETER.findall(str(path)))}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for holder in (item, operation):
        for parameter in list_of(holder.get("parameters")):
            resolved = mapping_of(resolve(parameter, spec))
            if "name" not in resolved or "in" not in resolved:
                continue
            name, place = str(resolved["name"]), str(resolved["in"])
            if place == "path":
                name = positions.get(name, name)
            found[name.lower() if place == "header" else name, place] = resolved
    return found

"""One type, several schemas: as clients send it, as they get it, and as they get it from routes that leave `None` out.

Only pydantic tells the first two apart (aliases, computed members). A component has its plain name in requests, and in
results too if it is the same there; else it is `Item_Output`, or `Item_WithoutNone`.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, cast

from hawkapi.codec import Description, Kind
from hawkapi.codec._schema_names import unused
from hawkapi.codec.schema import OPENAPI_REF, build_schema

type Schema = dict[str, Any]
type Components = dict[str, Schema]

PREFIX: Final = OPENAPI_REF.replace("{name}", "")
RESTRICTING: Final = frozenset({"$ref", "type", "anyOf", "oneOf", "allOf", "enum", "const", "not"})
"""The words without one of which a schema allows `null`."""


class Use(enum.Enum):
    """What a schema is of; the value ends the name of a component that it has for itself."""

    REQUEST = "Input"
    RESULT = "Output"
    WITHOUT_NONE = "WithoutNone"


class Written(NamedTuple):
    """The schemas of a document, in order, and their components."""

    schemas: list[Schema]
    components: Components


def differs_by_use(description: Description) -> bool:
    """Whether results of a type may be written otherwise than they are read: whether it holds a model of pydantic."""
    seen: set[int] = set()
    waiting = [description]
    while waiting:
        found = waiting.pop()
        if found.kind is Kind.PYDANTIC:
            return True
        if id(found) not in seen:
            seen.add(id(found))
            waiting += found.children
    return False


def build_variants(asked: Sequence[tuple[Description, Use]]) -> Written:
    """Return the schema of each type for its use."""
    descriptions = [description for description, _ in asked]
    schemas, plain = build_schema(descriptions)
    # PERF: without models of pydantic a result is what a request is, and most documents need nothing else.
    has_models = "pydantic" in sys.modules
    uses = [Use.REQUEST if use is Use.RESULT and not has_models else use for _, use in asked]
    if set(uses) <= {Use.REQUEST}:
        return Written(schemas, plain)
    results = build_schema(descriptions, as_results=True)[1] if has_models else plain
    all_of = {
        Use.REQUEST: plain,
        Use.RESULT: results,
        Use.WITHOUT_NONE: {name: leave_none_out(schema, results) for name, schema in results.items()},
    }
    found: Components = {}
    for use in Use:
        own = [index for index, other in enumerate(uses) if other is use]
        needed = _reachable([schemas[index] for index in own], all_of[use])
        names = _place(needed, use, found)
        for index in own:
            schemas[index] = _renamed(schemas[index], names)
    return Written(schemas, found)


def _place(components: Components, use: Use, found: Components) -> dict[str, str]:
    """Put components to those that were found, and return the new names of those that differ from one of them."""
    differing = {name for name, schema in components.items() if name in found and found[name] != schema}
    references = {name: _references(schema) for name, schema in components.items() if name in found}
    while more := {name for name in references.keys() - differing if not differing.isdisjoint(references[name])}:
        differing |= more
    names: dict[str, str] = {}
    for name in sorted(differing):
        names[name] = unused(f"{name}_{use.value}", {*found, *components, *names.values()})
    for name, schema in components.items():
        found.setdefault(names.get(name, name), _renamed(schema, names))
    return names


def _reachable(schemas: Iterable[Schema], components: Components) -> Components:
    """Return the components that schemas are made of."""
    found: Components = {}
    waiting = [name for schema in schemas for name in _references(schema)]
    while waiting:
        name = waiting.pop()
        if name in components and name not in found:
            found[name] = components[name]
            waiting += _references(components[name])
    return found


def _references(schema: Any) -> set[str]:
    """Return the names of the components that a schema refers to."""
    if isinstance(schema, dict):
        parts = cast("Schema", schema)
        reference = str(parts.get("$ref", ""))
        own = {reference.removeprefix(PREFIX)} if reference.startswith(PREFIX) else set[str]()
        return own.union(*(_references(part) for part in parts.values()))
    return set[str]().union(*map(_references, cast("list[object]", schema))) if isinstance(schema, list) else set()


def _renamed(schema: Any, names: dict[str, str]) -> Any:
    """Return a schema with other names of components, in its discriminators too."""
    if not names:
        return schema
    if isinstance(schema, dict):
        return {key: _renamed(part, names) for key, part in cast("Schema", schema).items()}
    if isinstance(schema, list):
        return [_renamed(part, names) for part in cast("list[object]", schema)]
    name = schema.removeprefix(PREFIX) if isinstance(schema, str) and schema.startswith(PREFIX) else ""
    return PREFIX + names[name] if name in names else schema


def leave_none_out(schema: Schema, components: Components) -> Schema:
    """Return the schema of an object whose members are left out when they are `None`."""
    members: dict[str, Schema] = schema.get("properties", {})
    nullable = {name for name, member in members.items() if _allows_null(member, components, frozenset())}
    if not nullable:
        return schema
    kept = {name: _without_null(member) if name in nullable else member for name, member in members.items()}
    required = [name for name in schema.get("required", ()) if name not in nullable]
    changed = {word: part for word, part in schema.items() if word != "required"} | {"properties": kept}
    return changed | ({"required": required} if required else {})


def _allows_null(schema: Schema, components: Components, above: frozenset[str]) -> bool:
    name = str(schema.get("$ref", "")).removeprefix(PREFIX)
    if name in components:
        return name not in above and _allows_null(components[name], components, above | {name})
    choices: list[Schema] = schema.get("anyOf") or schema.get("oneOf") or []
    if choices:
        return any(_allows_null(choice, components, above) for choice in choices)
    return schema.get("type") == "null" or RESTRICTING.isdisjoint(schema)


def _without_null(schema: Schema) -> Schema:
    """Return what a member is that is there; its default, if that was `None`, is to be left out."""
    found = {word: part for word, part in schema.items() if word != "default" or part is not None}
    choices = [choice for choice in found.get("anyOf", ()) if choice != {"type": "null"}]
    if not choices:
        return found
    if len(choices) > 1:
        return found | {"anyOf": choices}
    only: Schema = choices[0]
    return only | {word: part for word, part in found.items() if word != "anyOf"}

"""The schemas of one document: asked for one by one, written together.

Names of components depend on all the types of a document. So whoever needs a schema gets an empty one at once, and it
is filled when everything has been asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast, final

from hawkapi.codec import Description, Kind, describe
from hawkapi.codec._model import MISSING
from hawkapi.codec._pydantic_results import json_schema
from hawkapi.codec.schema import as_json
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.openapi._variants import Use, build_variants
from hawkapi.params._extract import ABSENT, Default

type Schema = dict[str, Any]

EMPTY_ARRAYS: Final = (list, tuple, set, frozenset)
DEFS: Final = "#/$defs/"


@final
class Schemas:
    """The schemas of one document while it is made; for one thread."""

    def __init__(self) -> None:
        self._asked: list[tuple[Schema, Description, Use]] = []
        self._more: dict[int, Schema] = {}
        """What schemas say beside their types, by their identity: those above are alive."""

    def of(self, description: Description, more: Schema | None = None, use: Use = Use.REQUEST) -> Schema:
        """Return a schema that `fill` will write.

        Args:
            description: of the type.
            more: what the schema says beside its type, as its default.
            use: what the schema is of.
        """
        schema: Schema = {}
        self._asked.append((schema, description, use))
        self._more[id(schema)] = dict(more or {})
        return schema

    def add(self, schema: Schema, more: Schema) -> None:
        """Say more in a schema, be it written already or only asked for."""
        self._more.get(id(schema), schema).update(more)

    def of_annotation(self, annotation: Any, use: Use = Use.RESULT) -> Schema:
        """Return the schema of a type; that of anything for one that is not supported."""
        try:
            return self.of(describe(annotation), use=use)
        except (UnsupportedTypeError, TypeError, ValueError):
            return {}

    def fill(self, rewrite: Callable[[Schema], Schema] | None = None) -> dict[str, Schema]:
        """Write every schema that was asked for, and return the components that they refer to, sorted by name.

        Args:
            rewrite: makes of each schema, and of each component, what is written; default itself.
        """
        written = build_variants([(description, use) for _, description, use in self._asked])
        for (asked, _, _), schema in zip(self._asked, written.schemas, strict=True):
            whole = schema | self._more[id(asked)]
            asked.update(whole if rewrite is None else rewrite(whole))
        return {
            name: schema if rewrite is None else rewrite(schema) for name, schema in sorted(written.components.items())
        }


def default_as_json(default: Default, description: Description) -> object:
    """Return a default as the schema of its parameter shows it; `MISSING` where there is none that can be shown."""
    factory = default.factory
    if factory is not None:
        # Only what is known to do nothing else is called for a document.
        if any(factory is known for known in EMPTY_ARRAYS):
            return []
        return {} if factory is dict else MISSING
    if default.value is ABSENT:
        return MISSING
    if default.value is None and description.kind not in {Kind.OPTIONAL, Kind.ANY, Kind.NONE}:
        return MISSING  # It stands for "nothing was sent", but the schema has no such value.
    return as_json(default.value)


def is_required(default: Default) -> bool:
    """Whether a client has to send something."""
    return default.factory is None and default.value is ABSENT


def pydantic_members(model: Any) -> tuple[dict[str, Schema], frozenset[str]]:
    """Return the schemas of a pydantic model's members by name, definitions in place, and which are required."""
    schema = json_schema(model)
    defs: dict[str, Schema] = schema.get("$defs", {})
    own: Schema = defs[schema["$ref"].removeprefix(DEFS)] if "$ref" in schema else schema
    members = {name: _in_place(member, defs, frozenset()) for name, member in own.get("properties", {}).items()}
    return members, frozenset(own.get("required", ()))


def _in_place(schema: Any, defs: dict[str, Schema], above: frozenset[str]) -> Any:
    """Return a schema with definitions in place of references; one that contains itself becomes that of anything."""
    if isinstance(schema, list):
        return [_in_place(item, defs, above) for item in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    parts = cast("Schema", schema)
    name = str(parts.get("$ref", "")).removeprefix(DEFS)
    if name in above:
        return {}
    written = {key: _in_place(value, defs, above) for key, value in parts.items() if key != "$ref"}
    return {**_in_place(defs[name], defs, above | {name}), **written} if name else written

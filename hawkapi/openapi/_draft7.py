"""Schemas of JSON Schema 2020-12 as AsyncAPI 3.0 has them (Schema Object): JSON Schema draft-07, and little more.

What the later one says in other words is rewritten; what draft-07 has no word for (`discriminator` with a mapping) is
left out: the constants of the types say it too.
"""

from __future__ import annotations

from typing import Any, Final, cast

type Schema = dict[str, Any]

NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""What holds schemas by names, which are no words of JSON Schema."""
LISTS: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
SINGLE: Final = frozenset(
    {"items", "additionalProperties", "additionalItems", "propertyNames", "not", "contains", "if", "then", "else"}
)


def as_draft7(schema: Any) -> Any:
    """Return a schema as draft-07 has it; a new one."""
    if not isinstance(schema, dict):
        return schema
    written = {word: _within(word, value) for word, value in cast("Schema", schema).items() if word != "discriminator"}
    if "prefixItems" in written:
        rest = written.pop("items", None)
        written["items"] = written.pop("prefixItems")
        if rest is not None:
            written["additionalItems"] = rest
    if "$ref" in written and len(written) > 1:
        # SPEC: in draft-07 whatever stands beside a reference is ignored (core, section 8.3).
        written = {"allOf": [{"$ref": written.pop("$ref")}], **written}
    return written


def _within(word: str, value: Any) -> Any:
    if word in NAMED and isinstance(value, dict):
        return {name: as_draft7(inner) for name, inner in cast("Schema", value).items()}
    if word in LISTS and isinstance(value, list):
        return [as_draft7(inner) for inner in cast("list[object]", value)]
    return as_draft7(value) if word in SINGLE else value

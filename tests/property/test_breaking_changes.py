"""Documents of any shape: one is like itself, more to choose from breaks nobody, and what is not reported fits."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hawkapi.openapi import Severity, detect_breaking_changes

LIMITS = settings(max_examples=150, deadline=None, database=None)
type Schemas = st.SearchStrategy[dict[str, Any]]

NAMES = st.sampled_from(["a", "b", "c"])


def content_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what holds a schema in a body and in a response."""
    return {"description": "", "content": {"application/json": {"schema": schema}}}


SCALARS: Schemas = st.one_of(
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}, {"type": ["string", "null"]}, {"enum": ["a", 1]}]),
    st.fixed_dictionaries({"type": st.just("string")}, optional={"maxLength": st.integers(0, 3)}),
    st.fixed_dictionaries({"type": st.sampled_from(["integer", "number"])}, optional={"minimum": st.integers(0, 3)}),
)
REFERENCES: Schemas = st.builds(lambda name: {"$ref": f"#/components/schemas/{name}"}, NAMES)


def composed(inner: Schemas, properties: st.SearchStrategy[Any] | None = None) -> Schemas:
    """Return schemas made of schemas."""
    objects = st.fixed_dictionaries(
        {
            "type": st.just("object"),
            "properties": st.dictionaries(NAMES, inner, max_size=3) if properties is None else properties,
        },
        optional={"required": st.lists(NAMES, unique=True, max_size=2), "additionalProperties": inner | st.booleans()},
    )
    arrays = st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner}, optional={"prefixItems": st.lists(inner, min_size=1, max_size=2)}
    )
    choices = st.builds(lambda items: {"anyOf": items}, st.lists(inner, min_size=1, max_size=3))
    return st.one_of(objects, arrays, choices, st.builds(lambda items: {"allOf": [items]}, inner))


def with_all_members(inner: Schemas) -> Schemas:
    """Return schemas whose objects have all members: one that is added to an object was any value before."""
    return composed(inner, st.fixed_dictionaries({"a": inner, "b": inner, "c": inner}))


SCHEMAS: Schemas = st.recursive(SCALARS | REFERENCES, composed, max_leaves=8)
PARAMETERS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES, "in": st.sampled_from(["query", "header", "cookie"]), "schema": SCHEMAS},
        optional={"required": st.booleans()},
    ),
    max_size=3,
    unique_by=lambda parameter: (parameter["name"], parameter["in"]),
)
CONTENTS: Schemas = st.builds(content_of, SCHEMAS)
OPERATIONS: Schemas = st.fixed_dictionaries(
    {"responses": st.dictionaries(st.sampled_from(["200", "404"]), CONTENTS)},
    optional={
        "parameters": PARAMETERS,
        "requestBody": st.builds(
            lambda schema, required: {**content_of(schema), "required": required}, SCHEMAS, st.booleans()
        ),
        "security": st.lists(st.dictionaries(NAMES, st.lists(NAMES, max_size=2), max_size=2), max_size=2),
    },
)
DOCUMENTS = st.builds(
    lambda operations, schemas: {"paths": {"/a": operations}, "components": {"schemas": schemas}},
    st.dictionaries(st.sampled_from(["get", "post"]), OPERATIONS, min_size=1, max_size=2),
    st.dictionaries(NAMES, SCHEMAS),
)


@LIMITS
@given(DOCUMENTS)
def test_a_document_is_like_itself(document: dict[str, Any]) -> None:
    """Also like a copy, with which it shares no object."""
    assert detect_breaking_changes(document, document) == []
    assert detect_breaking_changes(document, copy.deepcopy(document)) == []


@LIMITS
@given(DOCUMENTS, SCHEMAS, st.sampled_from(["path", "method", "parameter", "status", "body", "security"]))
def test_what_is_added_and_may_be_left_out_breaks_nobody(
    document: dict[str, Any], schema: dict[str, Any], kind: str
) -> None:
    """Whatever is added, and whatever its schema, as long as nobody has to use it."""
    later = copy.deepcopy(document)
    operation = next(iter(later["paths"]["/a"].values()))
    if kind == "path":
        later["paths"]["/b"] = {"get": {"parameters": [{"name": "z", "in": "query", "required": True}]}}
    elif kind == "method":
        later["paths"]["/a"]["put"] = {"requestBody": {**content_of(schema), "required": True}}
    elif kind == "parameter":
        operation.setdefault("parameters", []).append({"name": "z", "in": "query", "schema": schema})
    elif kind == "status":
        operation["responses"]["409"] = content_of(schema)
    elif kind == "body":
        assume("requestBody" not in operation)
        operation["requestBody"] = content_of(schema)
    else:
        operation["security"] = [*(operation.get("security") or [{}]), {"Other": []}]
    assert [change for change in detect_breaking_changes(document, later) if change.severity is Severity.BREAKING] == []


PLAIN = st.recursive(SCALARS, with_all_members, max_leaves=6)
VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, 5, 1.5, "", "a", "four"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@settings(LIMITS, max_examples=600)
@given(PLAIN, PLAIN, st.lists(VALUES, min_size=5, max_size=20))
def test_what_is_not_reported_fits(old: dict[str, Any], new: dict[str, Any], values: list[Any]) -> None:
    """A body that the old schema takes is taken by the new one, where no change is reported."""
    jsonschema = pytest.importorskip("jsonschema")
    before, after = ({"paths": {"/a": {"post": {"requestBody": content_of(schema)}}}} for schema in (old, new))
    if detect_breaking_changes(before, after):
        return
    was, now = map(jsonschema.Draft202012Validator, (old, new))
    assert [value for value in values if was.is_valid(value) and not now.is_valid(value)] == []

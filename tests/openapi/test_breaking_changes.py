"""What is reported of two documents, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from hawkapi import HawkAPI, Struct
from hawkapi.openapi import (
    Change,
    ChangeType,
    Severity,
    detect_breaking_changes,
    format_report,
    generate_changelog,
)

BREAKING, WARNING = Severity.BREAKING, Severity.WARNING
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
NULL = {"type": "null"}


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


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], ChangeType, Severity, str]] = {
    "required parameter added": (
        {},
        query(TEXT, required=True),
        ChangeType.PARAMETER_ADDED_REQUIRED,
        BREAKING,
        "Required parameter 'q' was added",
    ),
    "required parameter removed": (
        query(TEXT, required=True),
        {},
        ChangeType.PARAMETER_REMOVED,
        BREAKING,
        "Parameter 'q' (in query) was removed",
    ),
    "parameter removed": (
        query(TEXT),
        {},
        ChangeType.PARAMETER_REMOVED,
        WARNING,
        "Parameter 'q' (in query) was removed",
    ),
    "parameter required": (
        query(TEXT),
        query(TEXT, required=True),
        ChangeType.PARAMETER_BECAME_REQUIRED,
        BREAKING,
        "Parameter 'q' became required",
    ),
    "parameter of another type": (
        query(TEXT),
        query(NUMBER),
        ChangeType.PARAMETER_TYPE_CHANGED,
        BREAKING,
        "Parameter 'q': 'string' -> 'integer'",
    ),
    "parameter of a wider type": (
        query(NUMBER),
        query({"type": "number"}),
        ChangeType.PARAMETER_TYPE_CHANGED,
        BREAKING,
        "Parameter 'q': 'integer' -> 'number'",
    ),
    "parameter with fewer values": (
        query({"enum": ["a", "b"]}),
        query({"enum": ["a"]}),
        ChangeType.PARAMETER_NARROWED,
        BREAKING,
        'Parameter \'q\': values ["a", "b"] -> ["a"]',
    ),
    "parameter with a limit": (
        query(NUMBER),
        query({**NUMBER, "maximum": 9}),
        ChangeType.PARAMETER_NARROWED,
        BREAKING,
        "Parameter 'q': maximum none -> 9",
    ),
    "parameter with a lower limit": (
        query({**TEXT, "minLength": 1}),
        query({**TEXT, "minLength": 2}),
        ChangeType.PARAMETER_NARROWED,
        BREAKING,
        "Parameter 'q': minLength 1 -> 2",
    ),
    "body added": ({}, body(TEXT), ChangeType.REQUEST_BODY_ADDED_REQUIRED, BREAKING, "Required request body was added"),
    "body required": (
        body(TEXT, required=False),
        body(TEXT),
        ChangeType.REQUEST_BODY_BECAME_REQUIRED,
        BREAKING,
        "Request body became required",
    ),
    "body removed": (body(TEXT), {}, ChangeType.REQUEST_BODY_REMOVED, WARNING, "Request body was removed"),
    "body in another media type": (
        body(TEXT),
        body(TEXT, media_type="text/plain"),
        ChangeType.REQUEST_MEDIA_TYPE_REMOVED,
        BREAKING,
        "Request media type application/json was removed",
    ),
    "body of another type": (
        body(TEXT),
        body(NUMBER),
        ChangeType.REQUEST_TYPE_CHANGED,
        BREAKING,
        "Request body: 'string' -> 'integer'",
    ),
    "member of a body of another type": (
        body(members(a=members(b=TEXT))),
        body(members(a=members(b=NUMBER))),
        ChangeType.REQUEST_TYPE_CHANGED,
        BREAKING,
        "Request field 'a.b': 'string' -> 'integer'",
    ),
    "null no longer accepted": (
        body({"anyOf": [TEXT, NULL]}),
        body(TEXT),
        ChangeType.REQUEST_TYPE_CHANGED,
        BREAKING,
        "Request body: 'null | string' -> 'string'",
    ),
    "alternative no longer accepted": (
        body({"anyOf": [members(a=TEXT), members(b=TEXT)]}),
        body({"anyOf": [members(a=TEXT)]}),
        ChangeType.REQUEST_NARROWED,
        BREAKING,
        "Request body: 2 alternatives -> 1",
    ),
    "required member added": (
        body(members(a=TEXT)),
        body(members(("b",), a=TEXT, b=TEXT)),
        ChangeType.REQUEST_FIELD_BECAME_REQUIRED,
        BREAKING,
        "Request field 'b' became required",
    ),
    "member of a body removed": (
        body(members(a=TEXT)),
        body(members()),
        ChangeType.REQUEST_FIELD_REMOVED,
        WARNING,
        "Request field 'a' was removed",
    ),
    "status removed": (
        {"responses": {"404": {"description": ""}}},
        {"responses": {}},
        ChangeType.STATUS_CODE_CHANGED,
        WARNING,
        "Response status 404 was removed",
    ),
    "response in another media type": (
        answer(TEXT),
        answer(TEXT, "text/plain"),
        ChangeType.RESPONSE_MEDIA_TYPE_REMOVED,
        BREAKING,
        "Response media type application/json was removed",
    ),
    "member of a response removed": (
        answer(members(a=TEXT)),
        answer(members()),
        ChangeType.RESPONSE_FIELD_REMOVED,
        BREAKING,
        "Response field 'a' was removed",
    ),
    "member of items removed": (
        answer({"type": "array", "items": members(a=members(b=TEXT))}),
        answer({"type": "array", "items": members(a=members())}),
        ChangeType.RESPONSE_FIELD_REMOVED,
        BREAKING,
        "Response field '[].a.b' was removed",
    ),
    "member of a response optional": (
        answer(members(("a",), a=TEXT)),
        answer(members(a=TEXT)),
        ChangeType.RESPONSE_FIELD_BECAME_OPTIONAL,
        WARNING,
        "Response field 'a' became optional",
    ),
    "member of a response of another type": (
        answer(members(a=TEXT)),
        answer(members(a={"anyOf": [TEXT, NULL]})),
        ChangeType.RESPONSE_TYPE_CHANGED,
        BREAKING,
        "Response field 'a': 'string' -> 'null | string'",
    ),
    "values of a dict of another type": (
        answer({"type": "object", "additionalProperties": TEXT}),
        answer({"type": "object", "additionalProperties": NUMBER}),
        ChangeType.RESPONSE_TYPE_CHANGED,
        BREAKING,
        "Response field '.*': 'string' -> 'integer'",
    ),
    "more values in a response": (
        answer({"const": "a"}),
        answer({"enum": ["a", "b"]}),
        ChangeType.RESPONSE_WIDENED,
        WARNING,
        'Response body: values ["a"] -> ["a", "b"]',
    ),
    "credentials": (
        {},
        {"security": [{"Bearer": []}]},
        ChangeType.SECURITY_ADDED,
        BREAKING,
        "Credentials are required that were not",
    ),
    "scopes": (
        {"security": [{"O": ["a"]}]},
        {"security": [{"O": ["a", "b"]}]},
        ChangeType.SECURITY_ADDED,
        BREAKING,
        "Credentials are required that were not",
    ),
}


@pytest.mark.parametrize(("old", "new", "kind", "severity", "text"), CHANGES.values(), ids=CHANGES)
def test_change(old: dict[str, Any], new: dict[str, Any], kind: ChangeType, severity: Severity, text: str) -> None:
    """Each is reported once, with what a reader needs to find it."""
    (change,) = detect_breaking_changes(document(old), document(new))
    assert (change.type, change.severity, change.path, change.method) == (kind, severity, "/a", "post")
    assert change.description == text


UNNOTICED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "same": (query(TEXT), query(TEXT)),
    "optional parameter": ({}, query(TEXT)),
    "parameter optional": (query(TEXT, required=True), query(TEXT)),
    "more values": (query({"enum": ["a"]}), query({"enum": ["a", "b"]})),
    "limit gone": (body({**TEXT, "maxLength": 3}), body(TEXT)),
    "limit higher": (body({**TEXT, "maxLength": 3}), body({**TEXT, "maxLength": 4})),
    "wider body": (body(NUMBER), body({"type": "number"})),
    "body accepts null": (body(TEXT), body({"anyOf": [TEXT, NULL]})),
    "body optional": (body(TEXT), body(TEXT, required=False)),
    "member of a body optional": (body(members(("a",), a=TEXT)), body(members(a=TEXT))),
    "member of a response added": (answer(members(a=TEXT)), answer(members(("b",), a=TEXT, b=TEXT))),
    "fewer values in a response": (answer({"enum": ["a", "b"]}), answer({"const": "a"})),
    "response never null": (answer({"anyOf": [TEXT, NULL]}), answer(TEXT)),
    "status added": (answer(TEXT), {"responses": {**answer(TEXT)["responses"], "404": {"description": ""}}}),
    "another way in": ({"security": [{"A": []}]}, {"security": [{"A": []}, {"B": []}]}),
    "no credentials": ({"security": [{"A": []}]}, {}),
    "words": (body({**TEXT, "description": "a"}), body({**TEXT, "description": "b"})),
}


@pytest.mark.parametrize(("old", "new"), UNNOTICED.values(), ids=UNNOTICED)
def test_what_no_client_notices(old: dict[str, Any], new: dict[str, Any]) -> None:
    """What takes more, or sends less that is new, is no change."""
    assert detect_breaking_changes(document(old), document(new)) == []


def test_path_and_method_removed() -> None:
    """Of a path one change for each of its methods; its other members are none."""
    old = {"paths": {"/a": {"get": {}, "put": {}}, "/b": {"parameters": [], "summary": "", "get": {}, "post": {}}}}
    new: dict[str, Any] = {"paths": {"/a": {"get": {}}}}
    assert detect_breaking_changes(old, new) == [
        Change(ChangeType.METHOD_REMOVED, BREAKING, "/a", "put", "Method PUT removed from /a"),
        Change(ChangeType.PATH_REMOVED, BREAKING, "/b", "get", "Path /b was removed"),
        Change(ChangeType.PATH_REMOVED, BREAKING, "/b", "post", "Path /b was removed"),
    ]


def test_parameters_of_a_path_are_those_of_its_operations() -> None:
    """Also as references."""
    parameter = {"name": "q", "in": "query", "required": True, "schema": TEXT}
    of_operation = {"paths": {"/a": {"get": {"parameters": [parameter]}}}}
    of_path = {
        "paths": {"/a": {"parameters": [{"$ref": "#/components/parameters/q"}], "get": {}}},
        "components": {"parameters": {"q": parameter}},
    }
    assert detect_breaking_changes(of_operation, of_path) == []
    assert [change.type for change in detect_breaking_changes({"paths": {"/a": {"get": {}}}}, of_path)] == [
        ChangeType.PARAMETER_ADDED_REQUIRED
    ]


def test_references_and_recursion() -> None:
    """Components are followed, under whatever name, and one that contains itself ends."""

    def tree(name: str, value: dict[str, Any]) -> dict[str, Any]:
        reference = {"$ref": f"#/components/schemas/{name}"}
        node = members(value=value, children={"type": "array", "items": reference})
        return document(answer(reference), {name: node})

    assert detect_breaking_changes(tree("Node", TEXT), tree("Tree", TEXT)) == []
    (change,) = detect_breaking_changes(tree("Node", TEXT), tree("Tree", NUMBER))
    assert change.description == "Response field 'value': 'string' -> 'integer'"


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"paths": None},
        {"paths": {"/a": None}},
        {"paths": {"/a": {"post": None}}},
        document({"responses": None, "parameters": None, "requestBody": None}),
        document(answer({"$ref": "#/components/schemas/Gone"})),
        document(answer({"$ref": "#/components/schemas/A"}), {"A": {"$ref": "#/components/schemas/A"}}),
        document(answer(True)),
    ],
    ids=["empty", "no paths", "no item", "no operation", "no members", "dangling", "circle", "boolean"],
)
def test_documents_that_are_not_complete(spec: dict[str, Any]) -> None:
    """They are compared as far as they go."""
    assert detect_breaking_changes(spec, spec) == []
    detect_breaking_changes(spec, document(answer(TEXT)))
    detect_breaking_changes(document(answer(TEXT)), spec)


class Item(Struct):
    """A body and a result."""

    name: str
    price: float = 0.0


class Narrower(Struct):
    """A later one."""

    name: int


def test_documents_of_applications() -> None:
    """JSON and MessagePack have one schema, whose change is reported once."""

    def old_handler(item: Item) -> Item:
        return item

    def new_handler(item: Narrower) -> Narrower:
        return item

    documents = []
    for handler in (old_handler, new_handler):
        app = HawkAPI()
        app.post("/", name="create")(handler)
        documents.append(app.openapi())
    assert [change.description for change in detect_breaking_changes(*documents)] == [
        "Request field 'price' was removed",
        "Request field 'name': 'string' -> 'integer'",
        "Response field 'price' was removed",
        "Response field 'name': 'string' -> 'integer'",
    ]


def test_report() -> None:
    """The breaking changes come first."""
    changes = detect_breaking_changes(
        {"paths": {"/a": {"get": query(TEXT)}, "/b": {"get": {}}}}, {"paths": {"/a": {"get": {}}}}
    )
    assert format_report(changes) == (
        "BREAKING CHANGES (1):\n  - [GET] /b: Path /b was removed\n"
        "WARNINGS (1):\n  - [GET] /a: Parameter 'q' (in query) was removed"
    )
    assert format_report([]) == "No breaking changes detected."


def test_changelog() -> None:
    """It is Markdown, by severity."""
    changes = [
        Change(ChangeType.STATUS_CODE_CHANGED, Severity.INFO, "/c", "get", "three"),
        Change(ChangeType.STATUS_CODE_CHANGED, WARNING, "/b", "get", "two"),
        Change(ChangeType.PATH_REMOVED, BREAKING, "/a", "put", "one"),
    ]
    assert generate_changelog(changes, title="Since 1") == (
        "# Since 1\n\n## Breaking\n\n- **PUT /a**: one\n\n## Changed\n\n"
        "- **GET /b**: two\n\n## Info\n\n- **GET /c**: three\n"
    )
    assert generate_changelog([]) == "# API Changelog\n\nNo changes detected.\n"

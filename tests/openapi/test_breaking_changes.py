"""What is reported of two documents, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_documents import NULL, NUMBER, TEXT, answer, body, document, members, query

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
    "member of a strict body removed": (
        body({**members(a=TEXT), "additionalProperties": False}),
        body({**members(), "additionalProperties": False}),
        ChangeType.REQUEST_FIELD_REMOVED,
        BREAKING,
        "Request field 'a' was removed",
    ),
    "body becomes strict": (
        body(members(a=TEXT)),
        body({**members(a=TEXT), "additionalProperties": False}),
        ChangeType.REQUEST_NARROWED,
        BREAKING,
        "Request body: members that are not known are now errors",
    ),
    "items of a body of another type": (
        body({"type": "array", "items": TEXT}),
        body({"type": "array", "items": NUMBER}),
        ChangeType.REQUEST_TYPE_CHANGED,
        BREAKING,
        "Request field '[]': 'string' -> 'integer'",
    ),
    "position of a tuple of another type": (
        body({"type": "array", "prefixItems": [TEXT, TEXT], "items": False}),
        body({"type": "array", "prefixItems": [TEXT, NUMBER], "items": False}),
        ChangeType.REQUEST_TYPE_CHANGED,
        BREAKING,
        "Request field '[1]': 'string' -> 'integer'",
    ),
    "shorter tuple": (
        body({"type": "array", "prefixItems": [TEXT, TEXT], "items": False}),
        body({"type": "array", "prefixItems": [TEXT], "items": False}),
        ChangeType.REQUEST_TYPE_CHANGED,
        BREAKING,
        "Request field '[1]': 'string' -> 'nothing'",
    ),
    "dict of anything gets values of a type": (
        body({"type": "object"}),
        body({"type": "object", "additionalProperties": TEXT}),
        ChangeType.REQUEST_TYPE_CHANGED,
        BREAKING,
        "Request field '.*': 'any' -> 'string'",
    ),
    "text becomes one of a few values": (
        body(TEXT),
        body({"enum": ["a"]}),
        ChangeType.REQUEST_NARROWED,
        BREAKING,
        'Request body: values none -> ["a"]',
    ),
    "number that must be more": (
        body({"type": "number", "minimum": 1}),
        body({"type": "number", "exclusiveMinimum": 1}),
        ChangeType.REQUEST_NARROWED,
        BREAKING,
        "Request body: exclusiveMinimum none -> 1",
    ),
    "limit of OpenAPI 3.0": (
        body({"type": "number", "minimum": 1}),
        body({"type": "number", "minimum": 1, "exclusiveMinimum": True}),
        ChangeType.REQUEST_NARROWED,
        BREAKING,
        "Request body: exclusiveMinimum none -> 1",
    ),
    "multiple of something": (
        body({**NUMBER, "multipleOf": 2}),
        body({**NUMBER, "multipleOf": 4}),
        ChangeType.REQUEST_NARROWED,
        BREAKING,
        "Request body: multipleOf 2 -> 4",
    ),
    "format that is asked for": (
        body(TEXT),
        body({**TEXT, "format": "uuid"}),
        ChangeType.REQUEST_NARROWED,
        BREAKING,
        'Request body: format none -> "uuid"',
    ),
    "another format in a response": (
        answer({**TEXT, "format": "date"}),
        answer({**TEXT, "format": "date-time"}),
        ChangeType.RESPONSE_TYPE_CHANGED,
        BREAKING,
        "Response body: 'date' -> 'date-time'",
    ),
    "nullable of OpenAPI 3.0 in a response": (
        answer(TEXT),
        answer({**TEXT, "nullable": True}),
        ChangeType.RESPONSE_TYPE_CHANGED,
        BREAKING,
        "Response body: 'string' -> 'null | string'",
    ),
    "one alternative of several narrower": (
        body({"anyOf": [members(a=TEXT), members(("b",), b=TEXT)]}),
        body({"anyOf": [members(("b",), b=NUMBER), members(a=TEXT)]}),
        ChangeType.REQUEST_TYPE_CHANGED,
        BREAKING,
        "Request field 'b': 'string' -> 'integer'",
    ),
    "member of a part": (
        answer({"allOf": [members(a=TEXT), members(b=TEXT)]}),
        answer({"allOf": [members(a=TEXT), members()]}),
        ChangeType.RESPONSE_FIELD_REMOVED,
        BREAKING,
        "Response field 'b' was removed",
    ),
    "parameter in a media type": (
        {"parameters": [{"name": "q", "in": "query", "content": {"application/json": {"schema": members(a=TEXT)}}}]},
        {"parameters": [{"name": "q", "in": "query", "content": {"application/json": {"schema": members(a=NUMBER)}}}]},
        ChangeType.PARAMETER_TYPE_CHANGED,
        BREAKING,
        "Parameter 'q', 'a': 'string' -> 'integer'",
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
    "parameter never null, which no URL says": (query({"anyOf": [TEXT, NULL]}), query({**TEXT, "default": ""})),
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
    "reordered alternatives": (
        body({"anyOf": [members(a=TEXT), members(b=NUMBER)]}),
        body({"oneOf": [members(b=NUMBER), members(a=TEXT)]}),
    ),
    "alternative added to a body": (
        body(members(("a",), a=TEXT)),
        body({"anyOf": [members(("a",), a=TEXT), members(("b",), b=TEXT)]}),
    ),
    "nullable in both versions of OpenAPI": (
        answer({**TEXT, "nullable": True, "minLength": 1}),
        answer({"anyOf": [{**TEXT, "minLength": 1}, NULL]}),
    ),
    "nullable around a part": (
        answer({"nullable": True, "allOf": [members(a=TEXT)]}),
        answer({"anyOf": [members(a=TEXT), NULL]}),
    ),
    "limits in both versions of OpenAPI": (
        body({"type": "number", "minimum": 1, "exclusiveMinimum": True}),
        body({"type": "number", "exclusiveMinimum": 1}),
    ),
    "same limit of whole numbers": (body({**NUMBER, "minimum": 1}), body({**NUMBER, "exclusiveMinimum": 0})),
    "limit that is always kept": (body(TEXT), body({**TEXT, "minLength": 0})),
    "type of values": (body({"enum": ["a"]}), body({**TEXT, "enum": ["a"]})),
    "values become any text": (body({"enum": ["a"]}), body(TEXT)),
    "parts put together": (
        answer({"allOf": [members(("a",), a=TEXT), members(b=TEXT)]}),
        answer(members(("a",), a=TEXT, b=TEXT)),
    ),
    "multiple of less": (body({**NUMBER, "multipleOf": 4}), body({**NUMBER, "multipleOf": 2})),
    "size of a number": (body({**NUMBER, "format": "int32"}), body({**NUMBER, "format": "int64"})),
    "member that is only sent back": (
        body(members(("a",), a=TEXT)),
        body(members(("a", "id"), a=TEXT, id={**NUMBER, "readOnly": True})),
    ),
    "member that is only accepted": (
        answer(members(a=TEXT, secret={**TEXT, "writeOnly": True})),
        answer(members(a=TEXT)),
    ),
    "any media type": (body(TEXT), body(TEXT, media_type="*/*")),
    "parameter of a media type": (body(TEXT, media_type="application/json; charset=utf-8"), body(TEXT)),
    "every status of a class": (
        answer(members(a=TEXT)),
        {"responses": {"2XX": answer(members(a=TEXT))["responses"]["200"]}},
    ),
    "status as YAML reads it": (answer(TEXT), {"responses": {200: answer(TEXT)["responses"]["200"]}}),
    "header field in another case": (
        {"parameters": [{"name": "X-Key", "in": "header", "required": True, "schema": TEXT}]},
        {"parameters": [{"name": "x-key", "in": "header", "required": True, "schema": TEXT}]},
    ),
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


def test_paths_whose_parameters_have_other_names_are_the_same() -> None:
    """The name of a path parameter is never sent, so only its type counts; it is told with the name that is known."""

    def at(path: str, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        parameter = {"name": name, "in": "path", "required": True, "schema": schema}
        return {"paths": {path: {"get": {"parameters": [parameter]}}}}

    assert detect_breaking_changes(at("/a/{id}", "id", TEXT), at("/a/{key}", "key", TEXT)) == []
    (change,) = detect_breaking_changes(at("/a/{id}", "id", TEXT), at("/a/{key}", "key", NUMBER))
    assert (change.type, change.path) == (ChangeType.PARAMETER_TYPE_CHANGED, "/a/{id}")
    assert change.description == "Parameter 'id': 'string' -> 'integer'"


def secured(name: str, scheme: dict[str, Any] | None, *scopes: str) -> dict[str, Any]:
    """Return a document whose operation asks for credentials."""
    schemes = {} if scheme is None else {name: scheme}
    return {
        "paths": {"/a": {"get": {"security": [{name: list(scopes)}]}}},
        "components": {"securitySchemes": schemes},
    }


BEARER = {"type": "http", "scheme": "bearer"}
KEY = {"type": "apiKey", "in": "header", "name": "x-key"}
OAUTH = {"type": "oauth2", "flows": {"password": {"tokenUrl": "/token", "scopes": {"a": "first"}}}}


@pytest.mark.parametrize(
    ("old", "new", "is_change"),
    [
        pytest.param(secured("A", BEARER), secured("A", KEY), True, id="other-credentials-of-the-same-name"),
        pytest.param(secured("A", KEY), secured("A", {**KEY, "name": "x-token"}), True, id="other-header-field"),
        pytest.param(secured("A", BEARER), secured("B", {**BEARER, "scheme": "Bearer"}), False, id="other-name"),
        pytest.param(secured("A", BEARER), secured("A", None), False, id="undefined"),
        pytest.param(secured("A", None), secured("B", None), True, id="other-name-undefined"),
        pytest.param(
            secured("O", OAUTH, "a"),
            secured("O", {**OAUTH, "flows": {"password": {"tokenUrl": "/token", "scopes": {}}}}, "a"),
            False,
            id="list-of-scopes",
        ),
        pytest.param(secured("O", OAUTH, "a", "b"), secured("O", OAUTH, "a"), False, id="fewer-scopes"),
        pytest.param(
            {"paths": {"/a": {"get": {}}}}, {"paths": {"/a": {"get": {}}}, "security": [{"A": []}]}, True, id="global"
        ),
        pytest.param(
            {"paths": {"/a": {"get": {"security": []}}}, "security": [{"A": []}]},
            {"paths": {"/a": {"get": {}}}},
            False,
            id="global-that-the-operation-lifts",
        ),
        pytest.param(secured("A", BEARER), {"paths": {"/a": {"get": {"security": [{}]}}}}, False, id="optional"),
    ],
)
def test_credentials(old: dict[str, Any], new: dict[str, Any], *, is_change: bool) -> None:
    """What counts is what a client has to send, not how the document calls it."""
    expected = [ChangeType.SECURITY_ADDED] if is_change else []
    assert [change.type for change in detect_breaking_changes(old, new)] == expected


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


def test_pointers_are_followed_as_they_are_written() -> None:
    """With escapes, percent-encoding and positions in arrays (RFC 6901, section 6)."""
    target = {"name": "q", "in": "query", "required": True, "schema": TEXT}
    spec = {
        "paths": {
            "/a b/{c}": {"get": {"parameters": [target]}},
            "/z": {"get": {"parameters": [{"$ref": "#/paths/~1a%20b~1%7Bc%7D/get/parameters/0"}]}},
        }
    }
    plain = {"paths": {**spec["paths"], "/z": {"get": {}}}}
    assert [change.path for change in detect_breaking_changes(plain, spec)] == ["/z"]


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


def test_reports_cannot_steer_a_terminal() -> None:
    """A document may be anybody's: what is no printable character in it is escaped."""
    changes = detect_breaking_changes({"paths": {"/a\x1b[2J\nb": {"get": {}}}}, {})
    assert format_report(changes).splitlines()[1:] == ["  - [GET] /a\\x1b[2J\\nb: Path /a\\x1b[2J\\nb was removed"]
    assert "\x1b" not in generate_changelog(changes)


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

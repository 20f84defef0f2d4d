"""From OpenAPI documents to the description of a client."""

from __future__ import annotations

from typing import Any

import pytest

from hawkapi.exceptions import HawkAPIError
from hawkapi.openapi.codegen import (
    SENTINEL,
    ClientIR,
    FieldIR,
    OperationIR,
    ParamIR,
    SchemaIR,
    UnusableSpecError,
    build_client_ir,
)

ITEM = {"$ref": "#/components/schemas/Item"}


def json_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a body of JSON."""
    return {"content": {"application/json": {"schema": schema}}}


def document(paths: dict[str, Any] | None = None, **schemas: Any) -> dict[str, Any]:
    """Return a document of some paths and schemas."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "2.1"},
        "paths": paths or {},
        "components": {"schemas": schemas},
    }


def operation_of(operation: dict[str, Any], path: str = "/items", method: str = "get") -> OperationIR:
    """Return the only operation of a document."""
    item = {"type": "object", "properties": {"a": {"type": "string"}}}
    return build_client_ir(document({path: {method: operation}}, Item=item)).operations[0]


def test_whole_client() -> None:
    """Everything of a small document, with the names of the wire."""
    item = {
        "type": "object",
        "required": ["id"],
        "properties": {"x-note": {"type": "string", "description": "A note."}, "id": {"type": "integer"}},
    }
    operation = {
        "operationId": "read_item",
        "summary": "Read.",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
            {"name": "q", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
            {"name": "x-tok", "in": "header", "required": True, "schema": {"type": "string"}},
            {"name": "sid", "in": "cookie", "schema": {"type": "string"}},
        ],
        "responses": {"200": json_of(ITEM), "404": json_of({"type": "string"})},
    }
    spec = document({"/items/{id}": {"get": operation}}, Item=item)
    assert build_client_ir(spec | {"servers": [{"url": "https://shop.example/v2"}]}) == ClientIR(
        title="Shop",
        version="2.1",
        base_url="https://shop.example/v2",
        schemas=(
            SchemaIR(
                "Item",
                "struct",
                fields=(FieldIR("x-note", "str", False, None, "A note."), FieldIR("id", "int", True, SENTINEL)),
            ),
        ),
        operations=(
            OperationIR(
                operation_id="read_item",
                method="get",
                path="/items/{id}",
                path_params=(ParamIR("id", "int", True, encoding="comma"),),
                query_params=(ParamIR("q", "list[str]", False, None),),
                header_params=(ParamIR("x-tok", "str", True, encoding="comma"),),
                cookie_params=(ParamIR("sid", "str", False, None, encoding="comma"),),
                response_type="Item",
                accept="application/json",
                summary="Read.",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("schema", "type_str", "exact"),
    [
        pytest.param({"type": "string"}, "str", "", id="string"),
        pytest.param({"type": "string", "format": "date-time"}, "str", "", id="date"),
        pytest.param({"type": "string", "format": "binary", "contentEncoding": "base64"}, "str", "", id="base64"),
        pytest.param({"type": "integer"}, "int", "", id="integer"),
        pytest.param({"type": "number"}, "float", "", id="number"),
        pytest.param({"type": "boolean"}, "bool", "", id="boolean"),
        pytest.param({"type": "null"}, "None", "", id="null"),
        pytest.param({}, "Any", "", id="anything"),
        pytest.param(True, "Any", "", id="boolean-schema"),
        pytest.param({"type": "array", "items": ITEM}, "list[Item]", "", id="array"),
        pytest.param({"type": "array"}, "list[Any]", "", id="bare-array"),
        pytest.param({"items": {"type": "string"}}, "list[str]", "", id="array-without-type"),
        pytest.param(
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
            "list[Any]",
            "list[str | int]",
            id="tuple",
        ),
        pytest.param({"type": "object"}, "dict[str, Any]", "", id="object"),
        pytest.param({"type": "object", "additionalProperties": ITEM}, "dict[str, Item]", "", id="map"),
        pytest.param({"anyOf": [{"type": "string"}, {"type": "null"}]}, "str | None", "", id="any-of-null"),
        pytest.param({"type": ["string", "null"]}, "str | None", "", id="type-list"),
        pytest.param({"type": "string", "nullable": True}, "str | None", "", id="nullable"),
        pytest.param({"allOf": [ITEM], "nullable": True}, "Item | None", "", id="all-of-one"),
        pytest.param({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "Any", "str | int", id="union"),
        pytest.param(
            {"type": "array", "items": {"oneOf": [{"type": "null"}, {"type": "string"}, ITEM]}},
            "list[Any]",
            "list[str | Item | None]",
            id="array-of-union",
        ),
        pytest.param({"oneOf": [{"type": "string"}, {}]}, "Any", "", id="union-with-anything"),
        pytest.param({"type": "string", "anyOf": [{"pattern": "a"}, {"pattern": "b"}]}, "str", "", id="limits"),
        pytest.param({"enum": ["a", "b", "a"]}, "Literal['a', 'b']", "", id="enum"),
        pytest.param({"enum": [1, True, None]}, "Literal[1] | None", "", id="mixed-enum"),
        pytest.param({"enum": [0.5]}, "float", "", id="fraction"),
        pytest.param({"const": "x'"}, 'Literal["x\'"]', "", id="const"),
        pytest.param({"$ref": "#/components/schemas/Item/properties/a"}, "A", "", id="inner-reference"),
        pytest.param({"$ref": "#/components/schemas%2FItem"}, "Item", "", id="encoded-slash"),
    ],
)
def test_type(schema: Any, type_str: str, exact: str) -> None:
    """`type_str` is as the contract has it; `exact` says what it leaves out."""
    item = {"type": "object", "properties": {"a": {"type": "string"}}}
    holder = {"type": "object", "properties": {"member": schema}}
    field = build_client_ir(document(Item=item, Holder=holder)).schemas[1].fields[0]
    assert (field.type_str, field.exact) == (type_str, exact)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"type": "string", "enum": ["a", "b"]}, SchemaIR("X", "enum", enum_values=("a", "b")), id="enum"),
        pytest.param({"enum": [1, 2]}, SchemaIR("X", "enum", enum_values=(1, 2)), id="numbers"),
        pytest.param(
            {"type": "array", "items": {"$ref": "#/components/schemas/X"}},
            SchemaIR("X", "alias", alias_of="list[X]"),
            id="recursive-alias",
        ),
        pytest.param(
            {"anyOf": [{"$ref": "#/components/schemas/X"}, {"type": "string"}]},
            SchemaIR("X", "alias", alias_of="Any"),
            id="circle",
        ),
        pytest.param({"type": "object"}, SchemaIR("X", "alias", alias_of="dict[str, Any]"), id="any-object"),
        pytest.param(
            {"properties": {"x": {"$ref": "#/components/schemas/X"}}},
            SchemaIR("X", "struct", fields=(FieldIR("x", "X", False, None),)),
            id="recursive-struct",
        ),
        pytest.param(
            {
                "allOf": [
                    {"properties": {"a": {"type": "string"}}, "required": ["a", "b"]},
                    {"properties": {"b": {"type": "integer"}}},
                ],
                "properties": {"c": {"type": "string", "writeOnly": True}},
                "required": ["c"],
            },
            SchemaIR(
                "X",
                "struct",
                fields=(
                    FieldIR("a", "str", True),
                    FieldIR("b", "int", True),
                    FieldIR("c", "str", False, None),
                ),
            ),
            id="composed",
        ),
    ],
)
def test_schema(schema: dict[str, Any], expected: SchemaIR) -> None:
    """A component is an object, an enumeration or an alias."""
    assert build_client_ir(document(X=schema)).schemas[0] == expected


def test_object_in_an_object_gets_a_name() -> None:
    """It is called after where it lies; a number tells it from others."""
    inner = {"type": "object", "properties": {"b": {"type": "object", "properties": {"c": {}}}}}
    schemas = build_client_ir(document(A={"properties": {"b-b": inner, "bB": inner}})).schemas
    assert [(schema.name, [field.type_str for field in schema.fields]) for schema in schemas] == [
        ("A", ["ABB", "ABB_2"]),
        ("ABB", ["ABBB"]),
        ("ABB_2", ["ABB_2B"]),
        ("ABBB", ["Any"]),
        ("ABB_2B", ["Any"]),
    ]


def test_schemas_whose_names_mean_something() -> None:
    """They are made identifiers, each another."""
    names = ["str", "class", "Page[Item]", "Page.Item", "1", "", "Item_"]
    found = build_client_ir(document(**{name: {"properties": {"a": {}}} for name in names}))
    assert [schema.name for schema in found.schemas] == [
        *("str_", "class_", "PageItem", "PageItem_", "Schema1", "Schema", "Item_")
    ]


def test_discriminator_gives_variants_their_values() -> None:
    """Those of the mapping, else their names; members that are more than text stay."""
    variants = {name: {"properties": {"kind": {"type": "string"}}} for name in ("Cat", "Dog")}
    union = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"meow": "#/components/schemas/Cat"}},
    }
    cat, dog, pet = build_client_ir(document(**variants, Pet=union)).schemas
    assert (cat.fields[0].type_str, cat.fields[0].required) == ("Literal['meow']", True)
    assert (dog.fields[0].type_str, dog.fields[0].required) == ("Literal['Dog']", True)
    assert (pet.alias_of, pet.exact) == ("Any", "Cat | Dog")


@pytest.mark.parametrize(
    ("operation", "kind", "media_type", "body_type"),
    [
        pytest.param({**json_of(ITEM), "required": True}, "json", "application/json", "Item", id="json"),
        pytest.param(
            {"content": {"text/csv": {}, "application/merge-patch+json": {"schema": ITEM}}},
            "json",
            "application/merge-patch+json",
            "Item",
            id="other-json",
        ),
        pytest.param(
            {"content": {"application/x-www-form-urlencoded": {"schema": ITEM}, "multipart/form-data": {}}},
            "form",
            "application/x-www-form-urlencoded",
            "PostItemsBody",
            id="form",
        ),
        pytest.param(
            {"content": {"multipart/form-data": {"schema": ITEM}}},
            "multipart",
            "multipart/form-data",
            "PostItemsBody",
            id="multipart",
        ),
        pytest.param({"content": {"text/plain": {}}}, "text", "text/plain", "str", id="text"),
        pytest.param({"content": {"image/png": {}}}, "bytes", "image/png", "bytes", id="image"),
        pytest.param({"content": {"*/*": {}}}, "bytes", "application/octet-stream", "bytes", id="anything"),
    ],
)
def test_body(operation: dict[str, Any], kind: str, media_type: str, body_type: str) -> None:
    """JSON comes before forms, forms before text, text before the rest."""
    found = operation_of({"requestBody": operation}, method="post")
    assert (found.body_kind, found.body_media_type, found.body_type) == (kind, media_type, body_type)
    assert found.body_required == operation.get("required", False)


def test_files_of_a_form() -> None:
    """Bytes in a form are files, by either version's spelling; in JSON they are text."""
    properties = {
        "old": {"type": "string", "format": "binary"},
        "new": {"contentMediaType": "image/png"},
        "many": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "text": {"type": "string"},
    }
    body = {"content": {"multipart/form-data": {"schema": {"$ref": "#/components/schemas/F"}}}}
    ir = build_client_ir(document({"/": {"post": {"requestBody": body}}}, F={"properties": properties}))
    assert [[field.type_str for field in schema.fields] for schema in ir.schemas] == [
        ["str", "Any", "list[str]", "str"],
        ["Upload", "Upload", "list[Upload]", "str"],
    ]


TEXT = json_of({"type": "string"})


@pytest.mark.parametrize(
    ("responses", "kind", "response_type", "exact"),
    [
        pytest.param({"201": TEXT, "200": json_of(ITEM)}, "json", "Item", "Item | str", id="200-first"),
        pytest.param({"202": TEXT, "201": json_of(ITEM), "404": TEXT}, "json", "Item", "Item | str", id="201-next"),
        pytest.param({"default": json_of(ITEM), "206": TEXT}, "json", "str", "", id="other"),
        pytest.param({"2XX": TEXT}, "json", "str", "", id="range"),
        pytest.param({"200": TEXT, "204": {}}, "json", "str | None", "", id="or-nothing"),
        pytest.param({"204": {}, "400": TEXT}, "none", None, "", id="nothing"),
        pytest.param({"404": TEXT}, "none", None, "", id="only-errors"),
        pytest.param({"200": {"content": {"text/html": {}}}}, "text", "str", "", id="text"),
        pytest.param({"200": {"content": {"image/png": {}}}}, "bytes", "bytes", "", id="bytes"),
    ],
)
def test_response(responses: dict[str, Any], kind: str, response_type: str | None, exact: str) -> None:
    """The status decides what is promised; `exact` has what may come instead."""
    found = operation_of({"responses": responses})
    assert (found.response_kind, found.response_type, found.exact_response) == (kind, response_type, exact)


@pytest.mark.parametrize(
    ("given", "encoding", "type_str"),
    [
        pytest.param({"in": "query", "schema": {"type": "string"}}, "repeat", "str", id="form"),
        pytest.param({"in": "query", "explode": False}, "comma", "Any", id="not-exploded"),
        pytest.param({"in": "query", "style": "spaceDelimited"}, "space", "Any", id="spaces"),
        pytest.param({"in": "query", "style": "pipeDelimited"}, "pipe", "Any", id="pipes"),
        pytest.param({"in": "query", "style": "deepObject"}, "deep", "Any", id="deep"),
        pytest.param({"in": "query", **json_of(ITEM)}, "json", "Item", id="json"),
    ],
)
def test_encoding_of_parameters(given: dict[str, Any], encoding: str, type_str: str) -> None:
    """Styles of OpenAPI."""
    param = operation_of({"parameters": [{"name": "p", **given}]}).query_params[0]
    assert (param.encoding, param.type_str) == (encoding, type_str)


def test_parameters_of_the_path_item() -> None:
    """They hold for every operation, which may change them; those that nobody describes are text."""
    shared = [
        {"name": "a", "in": "query", "required": True, "schema": {"type": "string"}},
        {"$ref": "#/components/parameters/B"},
    ]
    own = [{"name": "a", "in": "query", "schema": {"type": "integer"}}]
    spec = document({"/x/{id}/{n}": {"parameters": shared, "get": {"parameters": own}}})
    spec["components"]["parameters"] = {"B": {"name": "n", "in": "path", "schema": {"type": "integer"}}}
    found = build_client_ir(spec).operations[0]
    assert [(param.name, param.type_str, param.required) for param in found.query_params] == [("a", "int", False)]
    assert [(param.name, param.type_str) for param in found.path_params] == [("id", "str"), ("n", "int")]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        pytest.param("/", "get_", id="root"),
        pytest.param("/a-b/{id}", "get_a_b__id", id="template"),
        pytest.param("/a.b/{id}/", "get_a_b__id", id="slash-at-the-end"),
        pytest.param("/{id}", "get_id", id="template-only"),
    ],
)
def test_operation_without_id(path: str, name: str) -> None:
    """It is called after method and path."""
    assert operation_of({}, path).operation_id == name


def test_variables_of_servers() -> None:
    """Their defaults are used."""
    server = {"url": "https://{host}/{v}", "variables": {"host": {"default": "a.example"}, "v": {"default": 2}}}
    assert build_client_ir({**document(), "servers": [server]}).base_url == "https://a.example/2"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param([], "this is no OpenAPI document: it must be an object, not an array", id="array"),
        pytest.param({}, "this is no OpenAPI document: it has no member 'openapi'", id="empty"),
        pytest.param({"swagger": "2.0"}, "this is a Swagger 2 document; convert it to OpenAPI 3 first", id="swagger"),
        pytest.param(
            {"openapi": "4.0.0"}, "#/openapi: this is OpenAPI 4.0.0; clients are made of OpenAPI 3", id="version"
        ),
        pytest.param(document([1]), "#/paths: here must be an object, not an array", id="paths"),  # type: ignore[arg-type]
        pytest.param(document({"/a": {"get": "x"}}), "#/paths/~1a/get: here must be an object, not text", id="text"),
        pytest.param(
            document({"/a": {"get": {"parameters": [{"in": "query"}]}}}),
            "#/paths/~1a/get/parameters/0: a parameter needs a name and a place (path, query, header, cookie)",
            id="parameter",
        ),
        pytest.param(
            document(A={"$ref": "#/components/schemas/B"}),
            "#/components/schemas/A: the reference '#/components/schemas/B' leads nowhere",
            id="nowhere",
        ),
        pytest.param(
            {**document(A={"$ref": "#/tags/" + "9" * 5000}), "tags": [{}]},
            f"#/components/schemas/A: the reference '#/tags/{'9' * 5000}' leads nowhere",
            id="huge-index",
        ),
        pytest.param(
            document(A={"$ref": "other.json#/A"}),
            "#/components/schemas/A: 'other.json#/A' is not in this document; bundle the documents into one first",
            id="elsewhere",
        ),
        pytest.param(
            document(A={"$ref": 1}), "#/components/schemas/A/$ref: a reference must be text, not a number", id="number"
        ),
        pytest.param(
            document({"/a": {"$ref": "#/paths/~1a"}}),
            "#/paths/~1a: the reference #/paths/~1a leads back to itself",
            id="circle",
        ),
        pytest.param(document(A={"type": "strng"}), "#/components/schemas/A/type: there is no type 'strng'", id="type"),
        pytest.param(
            document(A={"description": "\ud800"}),
            "#/components/schemas/A/description: here is half of a pair of surrogates, which is no text",
            id="surrogate",
        ),
    ],
)
def test_document_of_which_no_client_can_be_made(spec: Any, message: str) -> None:
    """One sentence says what is wrong, and where."""
    with pytest.raises(UnusableSpecError) as caught:
        build_client_ir(spec)
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, HawkAPIError)


def test_schemas_deep_in_each_other() -> None:
    """They are refused before Python is: its own parser reads no more than a hundred brackets."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        schema = {"type": "array", "items": schema}
    with pytest.raises(UnusableSpecError, match="schemas lie more than 60 deep in each other"):
        build_client_ir(document(A=schema))

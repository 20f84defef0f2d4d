"""OpenAPI objects as classes: what they are written as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hawkapi.codec import encode
from hawkapi.openapi import models
from hawkapi.openapi.models import (
    Components,
    Contact,
    ExternalDocs,
    Info,
    License,
    MediaType,
    OpenAPISpec,
    Operation,
    Parameter,
    PathItem,
    RequestBody,
    Response,
    Schema,
    Server,
    ServerVariable,
    Tag,
)

OFFICIAL = Path(__file__).parent.parent / "data" / "openapi-3.1.json"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(Contact(), {}, id="contact-of-nothing"),
        pytest.param(Contact(email="a@example.org"), {"email": "a@example.org"}, id="contact"),
        pytest.param(License("MIT", identifier="MIT"), {"name": "MIT", "identifier": "MIT"}, id="license"),
        pytest.param(Info(), {"title": "HawkAPI", "version": "0.1.0"}, id="info-of-nothing"),
        pytest.param(
            Info("Books", "1.0", terms_of_service="https://example.org"),
            {"title": "Books", "version": "1.0", "termsOfService": "https://example.org"},
            id="info",
        ),
        pytest.param(ServerVariable("v1", enum=["v1"]), {"default": "v1", "enum": ["v1"]}, id="server-variable"),
        pytest.param(Server(), {"url": "/"}, id="server"),
        pytest.param(ExternalDocs("https://example.org"), {"url": "https://example.org"}, id="external-docs"),
        pytest.param(Schema(), {}, id="schema-of-anything"),
        pytest.param(Schema(ref="#/components/schemas/A"), {"$ref": "#/components/schemas/A"}, id="reference"),
        pytest.param(
            Schema(
                type="object",
                properties={"a": Schema(type="string", min_length=1, max_length=5), "b": {"const": 1}},
                additional_properties=False,
            ),
            {
                "type": "object",
                "properties": {"a": {"type": "string", "minLength": 1, "maxLength": 5}, "b": {"const": 1}},
                "additionalProperties": False,
            },
            id="schema",
        ),
        pytest.param(
            Schema(all_of=[Schema()], any_of=[Schema()], one_of=[Schema()]),
            {"allOf": [{}], "anyOf": [{}], "oneOf": [{}]},
            id="schema-of-schemas",
        ),
        pytest.param(RequestBody(), {"content": {}, "required": True}, id="request-body"),
        pytest.param(Parameter("q"), {"name": "q", "in": "query"}, id="parameter-with-defaults"),
        pytest.param(
            Parameter("id", "path", True, Schema(type="integer")),
            {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
            id="parameter",
        ),
        pytest.param(Response(), {"description": ""}, id="response"),
        pytest.param(
            Operation(operation_id="a", request_body=RequestBody(), deprecated=True),
            {"operationId": "a", "requestBody": {"content": {}, "required": True}, "deprecated": True},
            id="operation",
        ),
        pytest.param(PathItem(get=Operation()), {"get": {}}, id="path-item"),
        pytest.param(Tag("a", external_docs=ExternalDocs("u")), {"name": "a", "externalDocs": {"url": "u"}}, id="tag"),
        pytest.param(
            Components(security_schemes={"a": {"type": "mutualTLS"}}),
            {"securitySchemes": {"a": {"type": "mutualTLS"}}},
            id="components",
        ),
        pytest.param(
            OpenAPISpec(),
            {"openapi": "3.1.0", "info": {"title": "HawkAPI", "version": "0.1.0"}, "paths": {}},
            id="document",
        ),
    ],
)
def test_object(value: Any, expected: dict[str, Any]) -> None:
    """Names are those of the specification; what was not said is not written, what is required always is."""
    assert json.loads(encode(value)) == expected


def test_document_made_by_hand_is_valid() -> None:
    """Against the official schema."""
    jsonschema = pytest.importorskip("jsonschema")
    media = {"application/json": MediaType(Schema(ref="#/components/schemas/Book"))}
    operation = Operation(
        operation_id="read",
        parameters=[Parameter("id", "path", True, Schema(type="integer"), example=5)],
        request_body=RequestBody(media),
        responses={"200": Response("Fine.", media)},
        security=[{"key": []}],
    )
    document = OpenAPISpec(
        info=Info("Books", "1.0", contact=Contact("Ada"), license=License("MIT")),
        paths={"/books/{id}": PathItem(put=operation)},
        servers=[Server("https://{host}", variables={"host": ServerVariable("a")})],
        tags=[Tag("books")],
        components=Components(
            schemas={"Book": Schema(type="object")},
            security_schemes={"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        ),
        external_docs=ExternalDocs("https://example.org"),
    )
    jsonschema.Draft202012Validator(json.loads(OFFICIAL.read_text("utf-8"))).validate(json.loads(encode(document)))


def test_defaults_are_not_shared() -> None:
    """Each document has an info object and paths of its own."""
    first, second = OpenAPISpec(), OpenAPISpec()
    first.paths["/"] = PathItem()
    first.info.title = "Mine"
    assert (second.paths, second.info.title) == ({}, "HawkAPI")


def test_every_class_is_public() -> None:
    """`__all__` names them all."""
    made = {
        name for name, value in vars(models).items() if isinstance(value, type) and value.__module__ == models.__name__
    }
    assert made == set(models.__all__)

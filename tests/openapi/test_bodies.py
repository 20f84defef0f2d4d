"""What a document says of request bodies: of every media type that binding reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from hawkapi import Body, Depends, File, Form, FormData, HawkAPI, Struct, UploadFile
from hawkapi.testing import TestClient

JSON = ["application/json", "application/msgpack"]
FORMS = ["application/x-www-form-urlencoded", "multipart/form-data"]
FILE = {"type": "string", "format": "binary"}
NULL = {"type": "null"}


class Item(Struct):
    """A body."""

    name: str


class Model(BaseModel):
    """Another one."""

    number: int


@dataclass
class Login:
    """The fields of a form."""

    user: str
    password: str
    remember: bool = False


ITEM = {"$ref": "#/components/schemas/Item"}


def whole(item: Item) -> None:
    """Take one body."""


def described(item: Annotated[Item, Body(description="What to keep.", example={"name": "x"})]) -> None:
    """Take one body with words."""


def optional(item: Item | None = None) -> None:
    """Take a body or none."""


def embedded(item: Annotated[Item, Body(embed=True, description="It.")]) -> None:
    """Take a member of the body."""


def several(item: Item, number: Annotated[int, Body(ge=1)] = 2) -> None:
    """Take members of the body."""


def array(items: list[Item]) -> None:
    """Take an array."""


def of_pydantic(model: Model) -> None:
    """Take what pydantic reads."""


def fields(name: Annotated[str, Form(min_length=1)], age: Annotated[int, Form()] = 3) -> None:
    """Take fields."""


def form_model(login: Annotated[Login, Form()]) -> None:
    """Take all fields."""


def mixed(login: Annotated[Login, Form()], avatar: UploadFile, more: list[UploadFile] | None = None) -> None:
    """Take fields and files."""


def content(data: Annotated[bytes, File(description="Raw.")]) -> None:
    """Take a file as bytes."""


def anything(form: FormData) -> None:
    """Take a form."""


BODIES: dict[str, tuple[Any, bool, list[str], dict[str, Any], dict[str, Any]]] = {
    "whole": (whole, True, JSON, ITEM, {}),
    "described": (described, True, JSON, ITEM, {"example": {"name": "x"}}),
    "optional": (optional, False, JSON, {"anyOf": [ITEM, NULL], "default": None}, {}),
    "embedded": (
        embedded,
        True,
        JSON,
        {"type": "object", "properties": {"item": {**ITEM, "description": "It."}}, "required": ["item"]},
        {},
    ),
    "several": (
        several,
        True,
        JSON,
        {
            "type": "object",
            "properties": {"item": ITEM, "number": {"type": "integer", "minimum": 1, "default": 2}},
            "required": ["item"],
        },
        {},
    ),
    "array": (array, True, JSON, {"type": "array", "items": ITEM}, {}),
    "pydantic": (of_pydantic, True, JSON, {"$ref": "#/components/schemas/Model"}, {}),
    "fields": (
        fields,
        True,
        FORMS,
        {
            "type": "object",
            "properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer", "default": 3}},
            "required": ["name"],
        },
        {},
    ),
    "form model": (form_model, True, FORMS, {"$ref": "#/components/schemas/Login"}, {}),
    "files": (
        mixed,
        True,
        FORMS[1:],
        {
            "type": "object",
            "properties": {
                "avatar": FILE,
                "more": {"type": "array", "items": FILE},
                "user": {"type": "string"},
                "password": {"type": "string"},
                "remember": {"type": "boolean", "default": False},
            },
            "required": ["avatar", "user", "password"],
        },
        {},
    ),
    "bytes": (
        content,
        True,
        FORMS[1:],
        {"type": "object", "properties": {"data": {**FILE, "description": "Raw."}}, "required": ["data"]},
        {},
    ),
    "form": (anything, False, FORMS, {"type": "object"}, {}),
}


@pytest.mark.parametrize(("handler", "required", "types", "schema", "more"), BODIES.values(), ids=BODIES)
def test_request_body(
    handler: Any, required: bool, types: list[str], schema: dict[str, Any], more: dict[str, Any]
) -> None:
    """It has the media types that are read, each with the schema."""
    app = HawkAPI()
    app.post("/")(handler)
    body = app.openapi()["paths"]["/"]["post"]["requestBody"]
    assert {name: value for name, value in body.items() if name != "description"} == {
        "required": required,
        "content": {name: {"schema": schema, **more} for name in types},
    }
    assert list(body["content"]) == types


def test_description_of_a_body() -> None:
    """That of the marker stands beside the content."""
    app = HawkAPI()
    app.post("/")(described)
    assert app.openapi()["paths"]["/"]["post"]["requestBody"]["description"] == "What to keep."


def test_body_of_a_dependency() -> None:
    """A body that only a dependency reads is the operation's; with the handler's own they are members of one."""

    def keep(item: Item) -> Item:
        return item

    app = HawkAPI()

    @app.post("/one")
    def one(item: Item = Depends(keep)) -> None: ...

    @app.post("/two")
    def two(number: Annotated[int, Body()], kept: Item = Depends(keep)) -> None: ...

    paths = app.openapi()["paths"]
    schemas = [paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"] for path in ("/one", "/two")]
    assert schemas[0] == ITEM
    assert list(schemas[1]["properties"]) == ["number", "item"]


def test_no_body() -> None:
    """A handler that reads none says nothing of one."""
    app = HawkAPI()

    @app.post("/")
    def handler(number: int) -> None: ...

    assert "requestBody" not in app.openapi()["paths"]["/"]["post"]


@dataclass
class Filter:
    word: str = ""


class OpenModel(BaseModel):
    word: str = ""


def of_defaults(given: Annotated[Filter, Form()]) -> None:
    """Take a model of a form that may have no fields."""


def of_pydantic_defaults(given: Annotated[OpenModel, Form()]) -> None:
    """Take one of pydantic."""


def of_everything(given: Annotated[dict[str, str], Form()]) -> None:
    """Take whatever fields there are."""


def of_members(given: Annotated[Login, Form()]) -> None:
    """Take a model with a field that must be sent."""


def of_pydantic_members(given: Annotated[Model, Form()]) -> None:
    """Take one of pydantic."""


@pytest.mark.parametrize(
    ("handler", "needed"),
    [
        (of_defaults, False),
        (of_pydantic_defaults, False),
        (of_everything, False),
        (of_members, True),
        (of_pydantic_members, True),
    ],
)
def test_form_that_may_be_missing(handler: Any, needed: bool) -> None:
    """A form is required where one of its fields is, and a request without one is answered so."""
    app = HawkAPI()
    app.post("/")(handler)
    assert app.openapi()["paths"]["/"]["post"]["requestBody"]["required"] is needed
    with TestClient(app) as client:
        assert client.post("/").status_code == (400 if needed else 201)

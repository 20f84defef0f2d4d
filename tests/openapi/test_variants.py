"""Schemas of one type for requests, for results, and for results without `None`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from hawkapi import HawkAPI, Struct
from hawkapi.openapi._variants import leave_none_out


class Owner(Struct):
    """Somebody."""

    name: str
    phone: str | None


class Thing(Struct):
    """Something that belongs to somebody."""

    title: str
    owner: Owner | None
    color: str | None = None


@dataclass
class Plain:
    """Without anything that may be `None`."""

    size: int


OWNER = {
    "title": "Owner",
    "description": "Somebody.",
    "type": "object",
    "properties": {"name": {"type": "string"}, "phone": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    "required": ["name", "phone"],
}
OWNER_WITHOUT_NONE = OWNER | {
    "properties": {"name": {"type": "string"}, "phone": {"type": "string"}},
    "required": ["name"],
}


def schema_of(document: dict[str, Any], path: str) -> Any:
    """Return the schema of what a route answers."""
    return document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]


def test_results_without_none() -> None:
    """Their members are neither required nor null; other routes keep the whole type."""
    app = HawkAPI()

    @app.get("/sparse", response_model_exclude_none=True)
    async def sparse() -> list[Thing]:
        return []

    @app.get("/whole")
    async def whole() -> Owner:
        return Owner("ada", None)

    @app.get("/plain", response_model_exclude_none=True)
    async def plain() -> Plain:
        return Plain(1)

    document = app.openapi()
    assert schema_of(document, "/sparse") == {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
    assert schema_of(document, "/whole") == {"$ref": "#/components/schemas/Owner"}
    assert document["components"]["schemas"] == {
        "Owner": OWNER,
        "Owner_WithoutNone": OWNER_WITHOUT_NONE,
        "Plain": {
            "title": "Plain",
            "description": "Without anything that may be `None`.",
            "type": "object",
            "properties": {"size": {"type": "integer"}},
            "required": ["size"],
        },
        "Thing": {
            "title": "Thing",
            "description": "Something that belongs to somebody.",
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "owner": {"$ref": "#/components/schemas/Owner_WithoutNone"},
                "color": {"type": "string"},
            },
            "required": ["title"],
        },
    }


def test_component_that_refers_to_one_that_differs() -> None:
    """It differs too, though its own words are the same."""

    class Box(Struct):
        owner: Owner

    app = HawkAPI()

    @app.get("/whole")
    async def whole() -> Any: ...

    app.get("/sparse", response_model=Box, response_model_exclude_none=True)(whole)
    app.get("/box", response_model=Box)(whole)
    components = app.openapi()["components"]["schemas"]
    assert sorted(components) == ["Box", "Box_WithoutNone", "Owner", "Owner_WithoutNone"]
    assert components["Box_WithoutNone"]["properties"] == {"owner": {"$ref": "#/components/schemas/Owner_WithoutNone"}}
    assert components["Box"]["properties"] == {"owner": {"$ref": "#/components/schemas/Owner"}}


@pytest.mark.parametrize(
    ("member", "expected", "required"),
    [
        pytest.param({"type": "string"}, {"type": "string"}, True, id="text"),
        pytest.param({}, {}, False, id="anything"),
        pytest.param({"type": "null"}, {"type": "null"}, False, id="none"),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "title": "T"},
            {"type": "string", "title": "T"},
            False,
            id="optional",
        ),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}], "default": 1},
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "default": 1},
            False,
            id="union",
        ),
        pytest.param(
            {"$ref": "#/components/schemas/Maybe"}, {"$ref": "#/components/schemas/Maybe"}, False, id="component"
        ),
        pytest.param(
            {"$ref": "#/components/schemas/Loop"}, {"$ref": "#/components/schemas/Loop"}, True, id="recursive"
        ),
        pytest.param({"$ref": "https://example.org/a"}, {"$ref": "https://example.org/a"}, True, id="elsewhere"),
        pytest.param({"enum": ["a", "b"]}, {"enum": ["a", "b"]}, True, id="enum"),
    ],
)
def test_member_without_none(member: dict[str, Any], expected: dict[str, Any], required: bool) -> None:
    """A member that may be `None` is not required, and not `None` where it is there."""
    components: dict[str, Any] = {
        "Maybe": {"anyOf": [{"type": "array"}, {"type": "null"}]},
        "Loop": {"anyOf": [{"type": "array"}, {"$ref": "#/components/schemas/Loop"}]},
    }
    schema = {"type": "object", "properties": {"m": member, "n": {"type": "integer"}}, "required": ["m", "n"]}
    changed = leave_none_out(schema, components)
    assert changed == {
        "type": "object",
        "properties": {"m": expected, "n": {"type": "integer"}},
        "required": ["m", "n"] if required else ["n"],
    }


def test_model_of_pydantic_both_ways() -> None:
    """Results have computed members and the names they are sent under; what is the same both ways is one component."""
    pydantic = pytest.importorskip("pydantic")

    class Inner(pydantic.BaseModel):  # type: ignore[name-defined, misc]
        size: int = 1

    class Model(pydantic.BaseModel):  # type: ignore[name-defined, misc]
        name: str = pydantic.Field(validation_alias="in", serialization_alias="out")
        inner: Inner
        kind: Literal["a"] = "a"

        @pydantic.computed_field  # type: ignore[prop-decorator, untyped-decorator]
        @property
        def length(self) -> int:
            return len(self.name)

    async def handler(body: Any) -> Any:
        return body

    handler.__annotations__ = {"body": Model, "return": Model}
    app = HawkAPI()
    app.post("/both", status_code=200)(handler)
    document = app.openapi()
    operation = document["paths"]["/both"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Model"}
    assert operation["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Model_Output"
    }
    schemas = document["components"]["schemas"]
    assert [name for name in schemas if "Problem" not in name and "Error" not in name] == [
        "Inner",
        "Model",
        "Model_Output",
    ]
    assert (list(schemas["Model"]["properties"]), schemas["Model"]["required"]) == (
        ["in", "inner", "kind"],
        ["in", "inner"],
    )
    assert (list(schemas["Model_Output"]["properties"]), schemas["Model_Output"]["required"]) == (
        ["out", "inner", "kind", "length"],
        ["out", "inner", "length"],
    )


def test_model_of_pydantic_in_results_alone() -> None:
    """It has its own name, and says what is sent."""
    pydantic = pytest.importorskip("pydantic")

    class Model(pydantic.BaseModel):  # type: ignore[name-defined, misc]
        size: int | None

        @pydantic.computed_field  # type: ignore[prop-decorator, untyped-decorator]
        @property
        def double(self) -> int:
            return 2

    app = HawkAPI()
    app.get("/", response_model=Model)(lambda: None)
    app.get("/sparse", response_model=Model, response_model_exclude_none=True)(lambda: None)
    schemas = app.openapi()["components"]["schemas"]
    assert {name: schema["required"] for name, schema in schemas.items()} == {
        "Model": ["size", "double"],
        "Model_WithoutNone": ["double"],
    }

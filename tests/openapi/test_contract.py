"""What the document of a small shop must say, each fact on its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest

from hawkapi import (
    Body,
    Depends,
    FileResponse,
    Form,
    HawkAPI,
    Header,
    HTMLResponse,
    Meta,
    Query,
    Response,
    Router,
    StreamingResponse,
    Struct,
    UploadFile,
)
from hawkapi.codec.struct import field
from hawkapi.security import APIKeyHeader


class Color(Enum):
    """What it looks like."""

    RED = "red"
    BLUE = "blue"


class Cat(Struct, tag="cat"):
    """An animal."""

    name: str


class Dog(Struct, tag="dog"):
    """Another one."""

    barks: bool = True


class Tree(Struct):
    """Contains itself."""

    children: list[Tree] = field(default_factory=list)


@dataclass
class Page[T]:
    """Some of many."""

    items: list[T]
    next: Page[T] | None = None


class Priced(Struct, rename="camel"):
    """With limits and words."""

    unit_price: Annotated[float, Meta(gt=0, lt=1000, description="In EUR.")]
    count: Annotated[int, Meta(multiple_of=5)] = 5


NUMBER = UUID(int=1)
app = HawkAPI(validation_error_status=422)
shop = Router(prefix="/shop", tags=["shop"])
key = APIKeyHeader("X-Key")


def paging(skip: Annotated[int, Query(ge=0)] = 0, take: int = 10, token: str = Depends(key)) -> int:
    """Read what several handlers need."""
    return skip + take


@shop.get("/pets/{pet_id:int}/{rest:path}")
async def pets(pet_id, rest, window: int = Depends(paging), x_lang: Annotated[str, Header()] = "en"):  # type: ignore[no-untyped-def]
    """Look at pets.

    At length.
    """


@shop.post("/pets")
async def add_pet(pet: Cat | Dog) -> Page[Cat | Dog]:
    """Return pages of a tagged union."""
    raise NotImplementedError


@shop.put("/trees")
async def grow(tree: Tree | None = None) -> Page[Tree]:
    """Return what contains itself."""
    raise NotImplementedError


@shop.patch("/defaults")
async def defaults(
    color: Color = Color.BLUE,
    at: datetime = datetime(2030, 1, 2, tzinfo=UTC),
    number: UUID = NUMBER,
    price: Decimal = Decimal("1.50"),
    size: Literal["s", "m"] = "s",
    many: Annotated[set[int] | None, Query(alias="MANY", max_length=3)] = None,
) -> Annotated[int, Meta(ge=1)]:
    """Show defaults."""
    raise NotImplementedError


@shop.post("/priced")
async def priced(first: Priced, note: Annotated[str, Body(max_length=5, description="A note.")] = "") -> Response:
    """Take two members of one body."""
    raise NotImplementedError


@shop.post("/upload", status_code=200)
async def upload(name: Annotated[str, Form(min_length=1)], photo: UploadFile) -> StreamingResponse:
    """Take a form with a file."""
    raise NotImplementedError


@shop.post("/sign-up")
async def sign_up(name: Annotated[str, Form()]) -> None:
    """Take a form without files."""


@shop.delete("/pets/{pet_id:int}")
async def remove(pet_id: int) -> None:
    """Remove."""


@shop.get("/page", include_in_schema=True)
async def page() -> HTMLResponse:
    """Show a page."""
    raise NotImplementedError


@shop.get("/file")
async def file() -> FileResponse:
    """Send a file."""
    raise NotImplementedError


app.include_router(shop)
app.route("/twice", methods=["PUT", "POST"], name="twice")(lambda: "")
DOCUMENT = app.openapi()
NULL = {"type": "null"}


def at(*place: Any) -> Any:
    """Return what stands at a place of the document; an operation by path and method, media types by their names."""
    found: Any = DOCUMENT
    for part in place:
        found = found[part]
    return found


def parameters(path: str, method: str) -> dict[str, dict[str, Any]]:
    """Return the parameters of an operation by name."""
    return {item["name"]: item for item in at("paths", path, method)["parameters"]}


def body(path: str, method: str) -> Any:
    """Return the schemas of a request body by media type."""
    return {name: media["schema"] for name, media in at("paths", path, method, "requestBody", "content").items()}


def answer(path: str, method: str, status: str) -> Any:
    """Return the schemas of a response by media type; nothing where it has no content."""
    content = at("paths", path, method, "responses", status).get("content", {})
    return {name: media.get("schema") for name, media in content.items()}


PETS = "/shop/pets/{pet_id}/{rest}"
UNION = {
    "anyOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
    "discriminator": {
        "propertyName": "type",
        "mapping": {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"},
    },
}
UPLOAD = {"type": "string", "format": "binary"}
FACTS: dict[str, tuple[Any, Any]] = {
    "version": (at("openapi"), "3.1.0"),
    "head-is-left-out": (list(at("paths", "/shop/page")), ["get"]),
    "one-place-for-several-methods": (sorted(at("paths", "/twice")), ["post", "put"]),
    "operation-ids-of-several-methods": (
        [at("paths", "/twice", method, "operationId") for method in ("post", "put")],
        ["twice_post", "twice_put"],
    ),
    "tags": (at("tags"), [{"name": "shop"}]),
    "words": (
        [at("paths", PETS, "get", word) for word in ("summary", "description")],
        ["Look at pets.", "Look at pets.\n\nAt length."],
    ),
    "parameters-in-order": (list(parameters(PETS, "get")), ["pet_id", "rest", "x-lang", "skip", "take"]),
    "unannotated-path-parameter": (
        parameters(PETS, "get")["pet_id"],
        {"name": "pet_id", "in": "path", "required": True, "schema": {"type": "integer"}},
    ),
    "rest-of-a-path": (parameters(PETS, "get")["rest"]["schema"], {"type": "string"}),
    "parameter-of-a-dependency": (
        parameters(PETS, "get")["skip"],
        {"name": "skip", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 0, "default": 0}},
    ),
    "scheme-is-no-parameter": ("token" in parameters(PETS, "get"), False),
    "security": (at("paths", PETS, "get", "security"), [{"APIKeyHeader": []}]),
    "refusals": (list(at("paths", PETS, "get", "responses")), ["200", "401", "404", "422"]),
    "tagged-union": (body("/shop/pets", "post")["application/json"], UNION),
    "generic-of-a-union": (
        answer("/shop/pets", "post", "201")["application/json"],
        {"$ref": "#/components/schemas/Page_Cat_or_Dog_"},
    ),
    "members-of-a-generic": (
        at("components", "schemas", "Page_Cat_or_Dog_", "properties", "items"),
        {"type": "array", "items": UNION},
    ),
    "tag-is-a-constant": (
        at("components", "schemas", "Cat"),
        {
            "title": "Cat",
            "description": "An animal.",
            "type": "object",
            "properties": {"type": {"type": "string", "const": "cat"}, "name": {"type": "string"}},
            "required": ["type", "name"],
        },
    ),
    "optional-body": (at("paths", "/shop/trees", "put", "requestBody", "required"), False),
    "recursive": (
        at("components", "schemas", "Tree", "properties", "children"),
        {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}, "default": []},
    ),
    "recursive-generic": (
        at("components", "schemas", "Page_Tree_", "properties", "next"),
        {"anyOf": [{"$ref": "#/components/schemas/Page_Tree_"}, NULL], "default": None},
    ),
    "defaults": (
        {name: item["schema"].get("default") for name, item in parameters("/shop/defaults", "patch").items()},
        {
            "color": "blue",
            "at": "2030-01-02T00:00:00Z",
            "number": "00000000-0000-0000-0000-000000000001",
            "price": "1.50",
            "size": "s",
            "MANY": None,
        },
    ),
    "limits-of-a-result": (
        answer("/shop/defaults", "patch", "200")["application/json"],
        {"type": "integer", "minimum": 1},
    ),
    "member-with-limits-and-words": (
        at("components", "schemas", "Priced", "properties"),
        {
            "unitPrice": {
                "type": "number",
                "exclusiveMinimum": 0,
                "exclusiveMaximum": 1000,
                "description": "In EUR.",
                "title": "unit_price",
            },
            "count": {"type": "integer", "multipleOf": 5, "default": 5},
        },
    ),
    "several-members-of-a-body": (
        body("/shop/priced", "post")["application/json"],
        {
            "type": "object",
            "properties": {
                "first": {"$ref": "#/components/schemas/Priced"},
                "note": {"type": "string", "maxLength": 5, "default": "", "description": "A note."},
            },
            "required": ["first"],
        },
    ),
    "any-response": (answer("/shop/priced", "post", "201"), {}),
    "multipart": (
        body("/shop/upload", "post"),
        {
            "multipart/form-data": {
                "type": "object",
                "properties": {"name": {"type": "string", "minLength": 1}, "photo": UPLOAD},
                "required": ["name", "photo"],
            }
        },
    ),
    "form": (list(body("/shop/sign-up", "post")), ["application/x-www-form-urlencoded", "multipart/form-data"]),
    "stream": (answer("/shop/upload", "post", "200"), {"application/octet-stream": UPLOAD}),
    "page": (answer("/shop/page", "get", "200"), {"text/html": {"type": "string"}}),
    "no-content": (answer("/shop/pets/{pet_id}", "delete", "204"), {}),
    "problems": (
        answer("/shop/pets", "post", "422"),
        {"application/problem+json": {"$ref": "#/components/schemas/ProblemDetail"}},
    ),
}


@pytest.mark.parametrize(("found", "expected"), FACTS.values(), ids=FACTS)
def test_fact(found: Any, expected: Any) -> None:
    """The document says what the framework does."""
    assert found == expected


def test_order_of_routes_changes_no_name() -> None:
    """Components and operations have the same names, whatever was registered first."""
    backwards = HawkAPI(validation_error_status=422)
    for route in reversed(shop.routes):
        backwards.add_route(
            "/shop" + route.path.removeprefix("/shop"),
            route.handler,
            methods=route.methods,
            status_code=route.status_code,
            tags=route.tags,
        )
    document = backwards.openapi()
    assert document["components"] == at("components")
    assert {path: item for path, item in at("paths").items() if path != "/twice"} == document["paths"]

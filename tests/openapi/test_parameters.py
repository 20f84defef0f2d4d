"""What a document says of parameters: exactly what binding reads, with limits, defaults and examples."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from hawkapi import Body, Cookie, Depends, HawkAPI, Header, Meta, PaginationParams, Path, Query, Request
from hawkapi.openapi import generate_openapi


class Colour(enum.Enum):
    """Three would be one too many."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Filter:
    """Members that are parameters."""

    text: str
    at_most: Annotated[int, Meta(ge=1)] = 10
    tags: list[str] = field(default_factory=list)


class Service:
    """Made by the container."""


class PydanticFilter(BaseModel):
    """The same, as pydantic has it."""

    text: str
    at_most: int = Field(10, ge=1, alias="atMost")
    colour: Colour | None = None


NULL = {"type": "null"}


def parameters_of(handler: Any, path: str = "/") -> list[dict[str, Any]]:
    """Return the parameters of a handler at a path."""
    app = HawkAPI()
    app.get(path)(handler)
    operation: dict[str, Any] = app.openapi()["paths"][path.replace(":int", "").replace(":uuid", "")]["get"]
    found: list[dict[str, Any]] = operation.get("parameters", [])
    return found


def of_query(name: str, schema: dict[str, Any], *, required: bool = False, **more: Any) -> dict[str, Any]:
    """Return a query parameter as a document has it."""
    return {"name": name, "in": "query", "required": required, "schema": schema, **more}


def plain(text: str, number: int = 3, ratio: float | None = None, flag: bool = True) -> None:
    """Take what nobody marked."""


def constrained(number: Annotated[int, Query(ge=1, lt=9, multiple_of=2)], text: str = Query("a", max_length=3)) -> None:
    """Take what has limits."""


def worded(
    old: Annotated[int, Query(description="Old.", deprecated=True, title="Old", example=3, alias="o")] = 1,
) -> None:
    """Take what has words."""


def repeated(ids: Annotated[list[int], Query()], names: Annotated[list[str], Query(default_factory=list)]) -> None:
    """Take what is repeated."""


def named(colour: Colour, other: Colour = Colour.BLUE) -> None:
    """Take what is a component."""


def hidden(seen: int = 1, unseen: int = Query(2, include_in_schema=False)) -> None:
    """Take what is not told."""


def untyped(given, other="x", nothing=None) -> None:  # type: ignore[no-untyped-def]
    """Take texts."""


def objects(request: Request, scope: dict[str, Any]) -> None:
    """Take nothing that a client sends by name."""


def paged(page: PaginationParams) -> None:
    """Take a model that says itself where it comes from."""


def any_query(query: Annotated[dict[str, int], Query()]) -> None:
    """Take whatever there is."""


COLOUR = {"$ref": "#/components/schemas/Colour"}
QUERIES: dict[str, tuple[Any, list[dict[str, Any]]]] = {
    "plain": (
        plain,
        [
            of_query("text", {"type": "string"}, required=True),
            of_query("number", {"type": "integer", "default": 3}),
            of_query("ratio", {"anyOf": [{"type": "number"}, NULL], "default": None}),
            of_query("flag", {"type": "boolean", "default": True}),
        ],
    ),
    "limits": (
        constrained,
        [
            of_query(
                "number", {"type": "integer", "minimum": 1, "exclusiveMaximum": 9, "multipleOf": 2}, required=True
            ),
            of_query("text", {"type": "string", "maxLength": 3, "default": "a"}),
        ],
    ),
    "words": (
        worded,
        [
            of_query(
                "o",
                {"type": "integer", "title": "Old", "default": 1},
                description="Old.",
                deprecated=True,
                example=3,
            )
        ],
    ),
    "repeated": (
        repeated,
        [
            of_query("ids", {"type": "array", "items": {"type": "integer"}}, required=True),
            of_query("names", {"type": "array", "items": {"type": "string"}, "default": []}),
        ],
    ),
    "component": (named, [of_query("colour", COLOUR, required=True), of_query("other", {**COLOUR, "default": "blue"})]),
    "hidden": (hidden, [of_query("seen", {"type": "integer", "default": 1})]),
    "untyped": (
        untyped,
        [
            of_query("given", {"type": "string"}, required=True),
            of_query("other", {"type": "string", "default": "x"}),
            of_query("nothing", {"anyOf": [{"type": "string"}, NULL], "default": None}),
        ],
    ),
    "objects": (objects, []),
    "pages": (
        paged,
        [
            of_query("page", {"type": "integer", "default": 1}),
            of_query("size", {"type": "integer", "default": 50}),
        ],
    ),
    "any": (
        any_query,
        [
            of_query(
                "query",
                {"type": "object", "additionalProperties": {"type": "integer"}},
                style="form",
                explode=True,
            )
        ],
    ),
}


@pytest.mark.parametrize(("handler", "expected"), QUERIES.values(), ids=QUERIES)
def test_query_parameters(handler: Any, expected: list[dict[str, Any]]) -> None:
    """Each is listed as it is read."""
    assert parameters_of(handler) == expected


def test_header_and_cookie() -> None:
    """A header has the name that is sent, in lower case."""

    def handler(
        x_token: Annotated[str, Header()],
        trace: Annotated[str, Header(alias="X-Trace")] = "t",
        session: Annotated[str | None, Cookie()] = None,
    ) -> None: ...

    assert parameters_of(handler) == [
        {"name": "x-token", "in": "header", "required": True, "schema": {"type": "string"}},
        {"name": "x-trace", "in": "header", "required": False, "schema": {"type": "string", "default": "t"}},
        {
            "name": "session",
            "in": "cookie",
            "required": False,
            "schema": {"anyOf": [{"type": "string"}, NULL], "default": None},
        },
    ]


def test_path_parameters_come_first_in_the_order_of_the_path() -> None:
    """Also those that no handler asks for, and those whose type only the template says."""

    def handler(q: int, c, a: Annotated[int, Path(description="First.", ge=1)]) -> None: ...  # type: ignore[no-untyped-def]

    path = "/{a:int}/{b:uuid}/{c:int}/{d}"
    assert parameters_of(handler, path) == [
        {
            "name": "a",
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1},
            "description": "First.",
        },
        {"name": "b", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
        {"name": "c", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "d", "in": "path", "required": True, "schema": {"type": "string"}},
        of_query("q", {"type": "integer"}, required=True),
    ]


def test_path_parameter_is_required_whatever_its_default() -> None:
    """A path without it is another path."""

    def handler(number: UUID | None = None) -> None: ...

    assert parameters_of(handler, "/{number}")[0]["required"] is True


@pytest.mark.parametrize("source", [Query, Header, Cookie], ids=["query", "header", "cookie"])
def test_members_of_a_dataclass_are_parameters(source: Any) -> None:
    """Each with its limits and its default; those of headers with dashes."""

    marker: Any = source()

    def handler(members: Filter = marker) -> None: ...

    place = source.source
    assert parameters_of(handler) == [
        {"name": "text", "in": place, "required": True, "schema": {"type": "string"}},
        {
            "name": "at-most" if source is Header else "at_most",
            "in": place,
            "required": False,
            "schema": {"type": "integer", "minimum": 1, "default": 10},
        },
        {
            "name": "tags",
            "in": place,
            "required": False,
            "schema": {"type": "array", "items": {"type": "string"}, "default": []},
        },
    ]


def test_members_of_an_optional_model_are_not_required() -> None:
    """A client that sends none of them gets the default."""

    def handler(members: Annotated[Filter | None, Query()] = None) -> None: ...

    assert [parameter["required"] for parameter in parameters_of(handler)] == [False, False, False]


def test_members_of_a_pydantic_model_are_parameters() -> None:
    """As pydantic describes them, definitions in place."""

    def handler(members: Annotated[PydanticFilter, Query()]) -> None: ...

    text, at_most, colour = parameters_of(handler)
    assert text == of_query("text", {"title": "Text", "type": "string"}, required=True)
    assert at_most == of_query("atMost", {"default": 10, "minimum": 1, "title": "Atmost", "type": "integer"})
    assert colour["schema"]["anyOf"][0]["enum"] == ["red", "blue"]


def test_parameters_of_dependencies_are_listed_once() -> None:
    """Those of guards and of what dependencies need too; required is what one of them requires."""

    def inner(size: int, x_tenant: Annotated[str, Header()]) -> int:
        return size

    def outer(size: int = 3, depth: int = Depends(inner)) -> int:
        return depth

    def guard(key: str = "") -> None: ...

    app = HawkAPI(dependencies=[Depends(guard)])

    @app.get("/")
    def handler(size: int = 5, one: int = Depends(outer), two: int = Depends(inner)) -> None: ...

    found = app.openapi()["paths"]["/"]["get"]["parameters"]
    assert [(parameter["name"], parameter["in"], parameter["required"]) for parameter in found] == [
        ("size", "query", True),
        ("key", "query", False),
        ("x-tenant", "header", True),
    ]


def test_body_is_no_parameter() -> None:
    """It has a place of its own."""

    def handler(item: dict[str, int], number: Annotated[int, Body()]) -> None: ...

    app = HawkAPI()
    app.post("/")(handler)
    assert "parameters" not in app.openapi()["paths"]["/"]["post"]


def test_what_the_container_makes_is_no_parameter() -> None:
    """Also without a container: a class that cannot be read from a request comes from one."""
    app = HawkAPI()
    app.container.singleton(Service, factory=Service)

    @app.get("/")
    def handler(service: Service) -> None: ...

    assert "parameters" not in app.openapi()["paths"]["/"]["get"]
    assert "parameters" not in generate_openapi(app.routes)["paths"]["/"]["get"]

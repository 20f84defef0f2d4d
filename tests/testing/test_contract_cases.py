"""Contract tests that the document gives: no failure of what is right, and one for each thing that is not."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import sys
import uuid
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import pytest

from hawkapi import (
    Cookie,
    Depends,
    EventSourceResponse,
    File,
    Form,
    HawkAPI,
    Header,
    HTTPException,
    Meta,
    Query,
    Request,
    Response,
    Struct,
    UploadFile,
)
from hawkapi.security import HTTPBearer
from hawkapi.testing import ContractError, TestClient, check_contract, contract_cases

pytest.importorskip("jsonschema", reason="judges the answers")


class Color(enum.Enum):
    """One of two."""

    RED = "red"
    BLUE = "blue"


class Point(NamedTuple):
    """A tuple."""

    x: int
    y: float


class Options(TypedDict, total=False):
    """Members that may be missing."""

    quiet: bool


@dataclass
class Node:
    """A type that contains itself."""

    name: Annotated[str, Meta(min_length=3, max_length=5)]
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None


class Cat(Struct, tag="cat"):
    """One of a tagged union."""

    lives: Annotated[int, Meta(ge=1, le=9)]


class Dog(Struct, tag="dog"):
    """The other one."""

    tricks: Annotated[list[str], Meta(min_length=2)]


@dataclass
class Everything:
    """Members of every kind of type."""

    number: Annotated[int, Meta(gt=10, multiple_of=7)]
    ratio: Annotated[float, Meta(gt=0, lt=1)]
    code: Annotated[str, Meta(pattern="^[A-Z]{2}-[0-9]{4}$")]
    price: decimal.Decimal
    moment: dt.datetime
    day: dt.date
    hour: dt.time
    span: dt.timedelta
    key: uuid.UUID
    color: Color
    kind: Literal["a", 1]
    point: Point
    pair: tuple[int, str]
    names: Annotated[set[str], Meta(min_length=3)]
    numbers: frozenset[int]
    ages: dict[str, int]
    maybe: int | None
    either: int | str
    animal: Cat | Dog
    options: Options
    raw: bytes
    tree: Node
    anything: Any
    switch: bool = True
    numbers_of_luck: Annotated[list[Annotated[int, Meta(ge=3)]], Meta(min_length=2, max_length=3)] = field(
        default_factory=lambda: [3, 4]
    )


def bare() -> HawkAPI:
    """Return an application with nothing of its own."""
    return HawkAPI(health_url=None, readyz_url=None, livez_url=None)


def test_types_of_every_kind() -> None:
    """What is made of the schema of a type is taken by the application, and its answer fits the same schema."""
    app = bare()

    @app.post("/echo")
    def echo(body: Everything) -> Everything:
        return body

    assert [(str(outcome.case), outcome.status_code, outcome.unsure) for outcome in check_contract(app)] == [
        ("POST /echo", 201, None),
        ("POST /echo (everything)", 201, None),
        ("POST /echo without its body", 400, None),
    ]


def test_parameters_of_every_kind() -> None:
    """Values reach the handler from wherever they are read, with and without those that are optional."""
    app = bare()
    seen: list[tuple[Any, ...]] = []

    @app.get("/items/{key:int}/{day}/{rest:path}")
    def item(
        key: int,
        day: dt.date,
        rest: str,
        color: Color,
        many: Annotated[list[int], Query()],
        x_token: Annotated[str, Header(min_length=8)],
        session: Annotated[str, Cookie(example="c1")],
        limit: Annotated[int, Query(ge=5)] = 50,
        flag: bool = False,
        note: str | None = None,
    ) -> None:
        seen.append((key, day, rest, color, many, x_token, session, limit, flag, note))

    found = [(str(outcome.case), outcome.status_code, outcome.unsure) for outcome in check_contract(app, strict=True)]
    name = "GET /items/{key}/{day}/{rest}"
    assert found == [
        (name, 204, None),
        (f"{name} (everything)", 204, None),
        (f"{name} without query parameter 'color'", 400, None),
        (f"{name} without query parameter 'many'", 400, None),
    ]
    needed = (1, dt.date(2024, 2, 29), "a", Color.RED, [1], "aaaaaaaa", "c1")
    assert seen == [(*needed, 50, False, None), (*needed, 5, True, "a")]


def test_forms_and_files() -> None:
    """Forms are written as the document says: in the URL's form, or in parts."""
    app = bare()
    seen: list[tuple[Any, ...]] = []

    @app.post("/form")
    def plain(name: Annotated[str, Form()], size: Annotated[int, Form(ge=2)] = 2) -> None:
        seen.append((name, size))

    @app.post("/photo")
    async def photo(title: Annotated[str, Form()], photo: Annotated[UploadFile, File()]) -> None:
        seen.append((title, await photo.read()))

    assert {outcome.status_code for outcome in check_contract(app, strict=True) if not outcome.case.is_refused} == {201}
    assert seen == [("a", 2), ("a", 2), ("a", b"a")]


def test_examples_come_first() -> None:
    """Those of parameters, and those of a body."""
    app = bare()
    seen: list[tuple[Any, ...]] = []

    @app.put("/a/{key}")
    def put(key: Annotated[str, Meta(examples=["k7"])], q: Annotated[int, Query(example=42)]) -> None:
        seen.append((key, q))

    check_contract(app)
    assert seen == [("k7", 42)]


def test_credentials_and_overrides_are_those_of_the_client() -> None:
    """Without credentials the refusals are documented, but prove little; with them the handler is reached."""
    app = bare()

    @app.get("/a", dependencies=[Depends(HTTPBearer())])
    def secret() -> int:
        return 1

    (outcome,) = check_contract(app, strict=True)
    assert (outcome.status_code, outcome.unsure) == (401, "status 401: give the client credentials")
    client = TestClient(app, headers={"authorization": "Bearer t"})
    assert [(one.status_code, one.unsure) for one in check_contract(app, client)] == [(200, None)]


def test_refusals_that_are_not_documented() -> None:
    """An example cannot know the application's data, so they fail only if that is asked for."""
    app = bare()

    @app.get("/items/{key}")
    def item(key: int) -> int:
        raise HTTPException(404)

    @app.post("/items")
    def create() -> int:
        raise HTTPException(409)

    assert [(one.status_code, one.unsure) for one in check_contract(app)] == [
        (404, "status 404: give the parameters examples that exist"),
        (409, "status 409, which is not documented"),
    ]
    with pytest.raises(ContractError) as caught:
        check_contract(app, strict=True)
    assert str(caught.value).splitlines() == [
        "GET /items/{key}: status 404 is not documented (documented: 200, 400)",
        "POST /items: status 409 is not documented (documented: 201)",
    ]
    assert check_contract(app, strict=True, allow={404, 409})[1].unsure is None


def wrong(answer: Any, **route: Any) -> HawkAPI:
    """Return an application whose handler says one thing and does another."""
    app = bare()

    @app.get("/a", **route)
    def handler(request: Request) -> dict[str, int]:
        if isinstance(answer, Exception):
            raise answer
        return Response(**answer)  # type: ignore[return-value]

    return app


JSON = "application/json"


@pytest.mark.parametrize(
    ("app", "problem"),
    [
        pytest.param(
            wrong({"content": b'{"a": "x"}', "content_type": JSON}), "body.a: 'x' is not of type 'integer'", id="type"
        ),
        pytest.param(
            wrong({"content": b"[1]", "content_type": JSON}), "body: [1] is not of type 'object'", id="whole body"
        ),
        pytest.param(wrong({"content": b"{", "content_type": JSON}), "status 200: the body is no JSON", id="no JSON"),
        pytest.param(
            wrong({"content": b"a", "content_type": "text/plain"}),
            "content-type text/plain is not documented for status 200 (application/json, application/msgpack)",
            id="media type",
        ),
        pytest.param(
            wrong({"content": b"", "status_code": 202}), "status 202 is not documented (documented: 200)", id="status"
        ),
        pytest.param(
            wrong({"content": b"", "status_code": 303}), "status 303 is not documented (documented: 200)", id="redirect"
        ),
        pytest.param(wrong(KeyError("k")), "status 500 is not documented (documented: 200)", id="exception"),
        pytest.param(
            wrong(HTTPException(404, "no"), responses={404: {"model": Node}}),
            "content-type application/problem+json is not documented for status 404 (application/json)",
            id="documented refusal",
        ),
    ],
)
def test_what_differs_from_the_document(app: HawkAPI, problem: str) -> None:
    """Each is one line, with the operation and the place in the body."""
    with pytest.raises(ContractError) as caught:
        check_contract(app)
    assert str(caught.value) == f"GET /a: {problem}"


def test_what_the_document_requires_and_the_application_does_not() -> None:
    """A request that lacks it is to be refused."""
    app = bare()

    @app.get("/a")
    def handler(request: Request) -> int:
        return 1

    document = app.openapi()
    document["paths"]["/a"]["get"]["parameters"] = [
        {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}
    ]
    client = TestClient(app)
    first, second = contract_cases(document)
    assert first.run(client).status_code == 200
    with pytest.raises(ContractError, match="without query parameter 'q': answered 200, though the document says that"):
        second.run(client)


def test_exceptions_that_reach_the_test_are_failures() -> None:
    """Of an application that is none of hawkapi's; the exception is the cause."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("gone")

    (case,) = contract_cases({"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": {}}}}}})
    with pytest.raises(ContractError, match="GET /a: the application raised LookupError: gone") as caught:
        case.run(TestClient(app))
    assert isinstance(caught.value.__cause__, LookupError)


def test_operations_without_a_request() -> None:
    """Events without end are left alone, and what no example is known of; both are told."""
    app = bare()

    @app.get("/events")
    async def events() -> EventSourceResponse:
        raise AssertionError("nobody is to ask")

    @app.get("/codes")
    def codes(code: Annotated[str, Meta(pattern="^x{7}y$")]) -> None:
        raise AssertionError("nobody is to ask")

    assert [(str(one.case), one.status_code, one.unsure) for one in check_contract(app)] == [
        ("GET /events", None, "it sends events without end"),
        (
            "GET /codes",
            None,
            "query parameter 'code': no value is known that fits its schema; give it an example",
        ),
    ]


def operation(**members: Any) -> dict[str, Any]:
    """Return a document with one operation."""
    return {"openapi": "3.1.0", "paths": {"/a/{p}": {"post": {"responses": {"default": {}}, **members}}}}


@pytest.mark.parametrize(
    ("members", "target", "headers", "body"),
    [
        pytest.param(
            {
                "parameters": [
                    {"name": "p", "in": "path", "schema": {"type": "array", "minItems": 2}, "example": [1, 2]}
                ]
            },
            "/a/1%2C2",
            [],
            None,
            id="list in the path",
        ),
        pytest.param(
            {
                "parameters": [
                    {"name": "p", "in": "path", "example": "a/b"},
                    {
                        "name": "o",
                        "in": "query",
                        "required": True,
                        "style": "deepObject",
                        "schema": {"properties": {"x": {"const": 1}}, "required": ["x"]},
                    },
                    {"name": "s", "in": "query", "required": True, "explode": False, "example": [True, "b"]},
                    {"name": "X-A", "in": "header", "required": True, "schema": {"type": "number", "maximum": -1}},
                ]
            },
            "/a/a%2Fb?o%5Bx%5D=1&s=true%2Cb",
            [("X-A", "-1")],
            None,
            id="styles",
        ),
        pytest.param(
            {
                "parameters": [{"name": "p", "in": "path", "examples": {"one": {"value": 5}}}],
                "requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}},
            },
            "/a/5",
            [("content-type", "text/plain")],
            b"a",
            id="text",
        ),
        pytest.param(
            {
                "parameters": [{"name": "p", "in": "path", "example": 5}],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/x+json": {
                            "schema": {
                                "allOf": [{"required": ["a"]}, {"properties": {"a": {"enum": [3]}}}],
                                "type": "object",
                                "minProperties": 2,
                            }
                        }
                    },
                },
            },
            "/a/5",
            [("content-type", "application/x+json")],
            b'{"a": 3, "member0": "a"}',
            id="parts",
        ),
    ],
)
def test_how_requests_are_written(
    members: dict[str, Any], target: str, headers: list[tuple[str, str]], body: bytes | None
) -> None:
    """As the document says, whoever wrote it."""
    case = contract_cases(operation(**members))[0]
    assert case.request is not None, case.reason
    assert (case.request.target, case.request.headers, case.request.body) == (target, headers, body)


@pytest.mark.parametrize(
    ("parameter", "reason"),
    [
        pytest.param({"example": ""}, "path parameter 'p': it cannot be ''; give it an example", id="empty"),
        pytest.param({"example": {"a": {"b": 1}}}, "path parameter 'p': objects of this style are", id="object"),
        pytest.param({"schema": False}, "path parameter 'p': no value is known that fits", id="nothing"),
        pytest.param(
            {"schema": {"type": "string", "pattern": r"^\p{L}$"}}, "path parameter 'p': no value is known", id="dialect"
        ),
        pytest.param({"content": {JSON: {}}}, "path parameter 'p': it is written in a media type", id="media type"),
        pytest.param({"schema": {"$ref": "#/components/schemas/No"}}, "path parameter 'p': no value", id="dangling"),
    ],
)
def test_why_there_is_no_request(parameter: dict[str, Any], reason: str) -> None:
    """It is said; nothing is sent and nothing fails."""
    (case,) = contract_cases(operation(parameters=[{"name": "p", "in": "path", **parameter}]))
    assert case.request is None
    assert case.reason.startswith(reason)


def test_documents_of_other_versions() -> None:
    """Schemas of OpenAPI 3.0 are no JSON Schemas."""
    with pytest.raises(ValueError, match=r"need an OpenAPI 3\.1 document, and this one is 3\.0\.3"):
        contract_cases({"openapi": "3.0.3", "paths": {}})


def test_without_jsonschema(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(ImportError, match=r"pip install 'hawkapi\[contract\]'"):
        contract_cases(bare())

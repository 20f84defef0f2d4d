"""What a document says of responses: the media types that are sent, nothing where nothing is, and every refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, NewType

import pytest
from pydantic import BaseModel

from hawkapi import (
    Body,
    Depends,
    EventSourceResponse,
    FileResponse,
    Form,
    FormData,
    HawkAPI,
    HTMLResponse,
    JSONResponse,
    Meta,
    Page,
    Path,
    PlainTextResponse,
    Query,
    RedirectResponse,
    Response,
    StreamingResponse,
)


@dataclass
class Item:
    """A result."""

    name: str


class Model(BaseModel):
    """Another one."""

    number: int


class Unknown:
    """Nothing that a codec knows."""


class CSVResponse(StreamingResponse):
    """A stream of rows."""

    default_content_type = "text/csv; charset=utf-8"


class ForeignResponse:
    """Another framework's."""

    media_type = "image/png"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send nothing."""


type Items = list[Item]
Name = NewType("Name", str)
JSON = ("application/json", "application/msgpack")
ITEM = {"$ref": "#/components/schemas/Item"}
BINARY = {"type": "string", "format": "binary"}


def as_json(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the content of what is not a response."""
    return {name: {"schema": schema} for name in JSON}


RESULTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "class": (Item, {"200": as_json(ITEM)}),
    "pydantic": (Model, {"200": as_json({"$ref": "#/components/schemas/Model"})}),
    "alias": (Items, {"200": as_json({"type": "array", "items": ITEM})}),
    "generic": (Page[Item], {"200": as_json({"$ref": "#/components/schemas/Page_Item_"})}),
    "scalar": (int, {"200": as_json({"type": "integer"})}),
    "new type": (Name, {"200": as_json({"type": "string"})}),
    "constrained": (Annotated[int, Meta(ge=0)], {"200": as_json({"type": "integer", "minimum": 0})}),
    "dict": (dict[str, int], {"200": as_json({"type": "object", "additionalProperties": {"type": "integer"}})}),
    "union": (Item | int, {"200": as_json({"anyOf": [ITEM, {"type": "integer"}]})}),
    "anything": (Any, {"200": as_json({})}),
    "unknown": (Unknown, {"200": as_json({})}),
    "nothing": (None, {"204": None}),
    "optional": (Item | None, {"200": as_json(ITEM), "204": None}),
    "any response": (Response, {"200": None}),
    "JSON": (JSONResponse, {"200": {"application/json": {"schema": {}}}}),
    "text": (PlainTextResponse, {"200": {"text/plain": {"schema": {"type": "string"}}}}),
    "HTML": (HTMLResponse, {"200": {"text/html": {"schema": {"type": "string"}}}}),
    "stream": (StreamingResponse, {"200": {"application/octet-stream": {"schema": BINARY}}}),
    "events": (EventSourceResponse, {"200": {"text/event-stream": {}}}),
    "file": (FileResponse, {"200": {"application/octet-stream": {"schema": BINARY}, "*/*": {}}}),
    "redirect": (RedirectResponse, {"307": None}),
    "subclass": (CSVResponse, {"200": {"text/csv": {"schema": {"type": "string"}}}}),
    "another framework's": (ForeignResponse, {"200": {"image/png": {"schema": BINARY}}}),
    "value or response": (
        dict[str, int] | HTMLResponse,
        {
            "200": {
                "text/html": {"schema": {"type": "string"}},
                **as_json({"type": "object", "additionalProperties": {"type": "integer"}}),
            }
        },
    ),
    "value or redirect": (Item | RedirectResponse, {"200": as_json(ITEM), "307": None}),
}


def responses_of(handler: Any, **options: Any) -> dict[str, Any]:
    """Return the responses of a handler."""
    app = HawkAPI()
    app.post("/", **options)(handler)
    found: dict[str, Any] = app.openapi()["paths"]["/"]["post"]["responses"]
    return found


@pytest.mark.parametrize(("annotation", "expected"), RESULTS.values(), ids=RESULTS)
def test_response_of_an_annotation(annotation: Any, expected: dict[str, Any]) -> None:
    """It has the media types that are sent, by status."""

    def handler() -> None: ...

    handler.__annotations__["return"] = annotation
    found = responses_of(handler, status_code=200)
    assert {status: response.get("content") for status, response in found.items()} == expected
    words = {status: response["description"] for status, response in found.items()}
    assert words == {status: "Temporary Redirect" if status == "307" else "Successful response" for status in expected}


def test_response_model_comes_before_the_annotation() -> None:
    """It is what is sent."""

    def handler() -> Any: ...

    assert responses_of(handler, response_model=Item)["201"]["content"] == as_json(ITEM)


def test_no_annotation() -> None:
    """Nothing is known but that it is JSON."""

    def handler():  # type: ignore[no-untyped-def]
        ...

    assert responses_of(handler) == {"201": {"description": "Successful response", "content": as_json({})}}


@pytest.mark.parametrize(
    ("status_code", "description"), [(204, "Successful response"), (205, "Successful response"), (304, "Not Modified")]
)
def test_status_without_content(status_code: int, description: str) -> None:
    """No content is sent, so none is described."""

    def handler() -> Item:
        return Item("")

    found = responses_of(handler, status_code=status_code)
    assert found == {str(status_code): {"description": description}}


def test_nothing_with_a_status_of_its_own() -> None:
    """A result of `None` is sent with the status of the route, unless that is 200."""

    def handler() -> None: ...

    assert responses_of(handler) == {"201": {"description": "Successful response"}}


PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetail"}}}


def nothing() -> None:
    """Ask for nothing."""


def any_text(text: str = "", other: Annotated[str | None, Query()] = None) -> None:
    """Ask for what can never be refused."""


def required_text(text: str) -> None:
    """Ask for what may be missing."""


def number(number: int = 1) -> None:
    """Ask for what may be something else."""


def short_text(text: str = Query("", max_length=3)) -> None:
    """Ask for what may be too long."""


def body(number: Annotated[int, Body()]) -> None:
    """Ask for JSON."""


def form(number: Annotated[int, Form()] = 1) -> None:
    """Ask for a form."""


def whole_form(form: FormData) -> None:
    """Ask for a form, which may be malformed."""


def through_dependency(found: None = Depends(number)) -> None:
    """Ask for what a dependency asks for."""


REFUSALS: dict[str, tuple[Any, list[str]]] = {
    "nothing": (nothing, []),
    "any text": (any_text, []),
    "required": (required_text, ["422"]),
    "typed": (number, ["422"]),
    "constrained": (short_text, ["422"]),
    "body": (body, ["413", "415", "422"]),
    "form": (form, ["413", "415", "422"]),
    "whole form": (whole_form, ["413", "415", "422"]),
    "dependency": (through_dependency, ["422"]),
}


@pytest.mark.parametrize(("handler", "expected"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(handler: Any, expected: list[str]) -> None:
    """What may be refused has the status of the refusal, with a problem document; the rest has none."""
    app = HawkAPI(validation_error_status=422)
    app.post("/")(handler)
    found = app.openapi()["paths"]["/"]["post"]["responses"]
    assert list(found) == ["201", *expected]
    assert all(found[status]["content"] == PROBLEM for status in expected)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/{given}", ["200"]), ("/{given:int}", ["200", "404"]), ("/{given:path}", ["200"])],
    ids=["text", "typed", "rest"],
)
def test_path_that_may_not_match(path: str, expected: list[str]) -> None:
    """A typed part of a path refuses texts with 404."""
    app = HawkAPI()

    @app.get(path)
    def handler(given) -> int:  # type: ignore[no-untyped-def]
        return 0

    (item,) = app.openapi()["paths"].values()
    assert list(item["get"]["responses"]) == expected


def test_untyped_path_with_a_typed_handler() -> None:
    """There the handler refuses."""
    app = HawkAPI()

    @app.get("/{given}")
    def handler(given: int) -> int:
        return 0

    assert list(app.openapi()["paths"]["/{given}"]["get"]["responses"]) == ["200", "400"]


def short_name(given: Annotated[str, Path(max_length=3)]) -> int:
    """Ask for what may be too long."""
    return 0


def positive(given: Annotated[int, Path(gt=0)]) -> int:
    """Ask for what may be too small."""
    return 0


@pytest.mark.parametrize(
    ("path", "handler", "expected"),
    [("/{given}", short_name, ["200", "400"]), ("/{given:int}", positive, ["200", "400", "404"])],
    ids=["text", "typed"],
)
def test_path_with_limits(path: str, handler: Any, expected: list[str]) -> None:
    """The handler refuses what its limits do not allow, although the path matches."""
    app = HawkAPI()
    app.get(path)(handler)
    assert list(app.openapi()["paths"]["/{given}"]["get"]["responses"]) == expected


def test_described_responses() -> None:
    """They come beside what is known, by status, the successes first."""

    def handler(number: int) -> Item:
        return Item("")

    found = responses_of(
        handler,
        responses={
            "default": {"description": "Anything else."},
            404: {"model": Model},
            400: {"description": "Wrong.", "headers": {"x-why": {"schema": {"type": "string"}}}},
            201: {"content": {"text/csv": {}}},
        },
    )
    assert found == {
        "201": {"description": "Successful response", "content": {**as_json(ITEM), "text/csv": {}}},
        "400": {"description": "Wrong.", "content": PROBLEM, "headers": {"x-why": {"schema": {"type": "string"}}}},
        "404": {
            "description": "Not Found",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Model"}}},
        },
        "default": {"description": "Anything else."},
    }
    assert list(found) == ["201", "400", "404", "default"]


@pytest.mark.parametrize(
    ("responses", "error", "message"),
    [
        ({"abc": {}}, ValueError, "a key is a status"),
        ({404: Item}, TypeError, '"model"'),
    ],
    ids=["key", "value"],
)
def test_responses_that_cannot_be_described(responses: Any, error: type[Exception], message: str) -> None:
    """They are refused where they are written."""
    with pytest.raises(error, match=message):
        HawkAPI().get("/", responses=responses)(nothing)

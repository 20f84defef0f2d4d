"""Arguments from the path and the query, as a client sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import pytest
from apps import TYPES, UUID_TEXT, Item, app_with, assert_problem, take_item
from asgi import request

from hawkapi.params import RequestValidationError, ValidationErrorDetail


async def describe_all(
    item_id: int, flag: bool, ratio: float, q: str | None = None, *, key: UUID | None = None
) -> list[object]:
    """Answer every argument."""
    return [item_id, flag, ratio, q, key]


async def positional_only(a: int, b: int = 2, /, c: int = 3, *, d: int = 4) -> list[int]:
    """Have a parameter of every kind."""
    return [a, b, c, d]


async def maybe_item(item: Item | None = None) -> Item | None:
    """Answer a body that may be absent."""
    return item or Item("none")


async def everything(kind: str, item: Item, limit: Annotated[int, "documented"] = 10) -> list[object]:
    """Answer path, query and body."""
    return [kind, item, limit]


async def untyped(value=7, *, other):  # type: ignore[no-untyped-def]
    """Have no annotations."""
    return [value, other]


@pytest.mark.parametrize(
    ("handler", "path", "target", "body", "expected"),
    [
        pytest.param(
            describe_all, "/{item_id:int}", "/5?flag=yes&ratio=1", b"", [5, True, 1.0, None, None], id="query"
        ),
        pytest.param(
            describe_all,
            "/{item_id}",
            f"/5?flag=0&ratio=2e3&q=%C3%A9+x&key={UUID_TEXT}",
            b"",
            [5, False, 2000.0, "é x", UUID_TEXT],
            id="converted-by-annotation",
        ),
        pytest.param(positional_only, "/", "/?a=1", b"", [1, 2, 3, 4], id="kinds-defaults"),
        pytest.param(positional_only, "/{b:int}", "/20?d=40&c=30&a=10", b"", [10, 20, 30, 40], id="kinds-given"),
        pytest.param(untyped, "/{other:int}", "/5?value=1", b"", ["1", 5], id="without-annotations"),
        pytest.param(untyped, "/", "/?other=1", b"", [7, "1"], id="without-annotations-default"),
        pytest.param(take_item, "/", "/", b'{"name":"x"}', ["Item", {"name": "x", "price": 0.5}], id="body"),
        pytest.param(maybe_item, "/", "/", b"", {"name": "none", "price": 0.5}, id="body-default"),
        pytest.param(maybe_item, "/", "/", b"null", {"name": "none", "price": 0.5}, id="body-null"),
        pytest.param(maybe_item, "/", "/", b'{"name":"x"}', {"name": "x", "price": 0.5}, id="body-optional"),
        pytest.param(
            everything,
            "/{kind}",
            "/k?limit=3",
            b'{"name":"x","price":1}',
            ["k", {"name": "x", "price": 1.0}, 3],
            id="all-three",
        ),
    ],
)
def test_arguments(handler: Callable[..., Any], path: str, target: str, body: bytes, expected: object) -> None:
    """Arguments come from path, query and body, as their annotations say."""
    reply = request(app_with(handler, path, "POST"), "POST", target, body=body)
    assert (reply.status, reply.json()) == (200, expected)


def error_body(*errors: str, status: int = 400) -> str:
    """Return a validation problem with errors given as JSON."""
    detail = f"{len(errors)} validation error{'s' if len(errors) != 1 else ''}"
    return (
        f'{{"type":"{TYPES}validation","title":"Validation Error","status":{status},"detail":"{detail}",'
        f'"errors":[{",".join(errors)}]}}'
    )


def error(field: str, message: str, value: str = "null") -> str:
    """Return one error as JSON."""
    return f'{{"field":"{field}","message":"{message}","value":{value}}}'


@pytest.mark.parametrize(
    ("target", "body", "errors"),
    [
        pytest.param("/k", b"", [error("body", "Request body is required")], id="no-body"),
        pytest.param("/k", b"{}", [error("$", "Object missing required field `name`")], id="missing-member"),
        pytest.param("/k", b'{"name":1}', [error("name", "Expected `str`, got `int`")], id="wrong-member"),
        pytest.param("/k", b"null", [error("$", "Expected `object`, got `null`")], id="wrong-body"),
        pytest.param(
            "/k",
            b"{",
            [error("body", "JSON is malformed: Expecting property name enclosed in double quotes (character 1)")],
            id="malformed",
        ),
        pytest.param(
            "/k", b'{"name":"\xff"}', [error("body", "JSON is malformed: invalid UTF-8 (byte 9)")], id="utf-8"
        ),
        pytest.param(
            "/k?limit=x", b'{"name":"x"}', [error("query.limit", "Expected integer, got 'x'", '"x"')], id="query"
        ),
        pytest.param(
            "/k?limit=",
            b"[]",
            [error("query.limit", "Expected integer, got ''", '""'), error("$", "Expected `object`, got `array`")],
            id="query-and-body",
        ),
    ],
)
def test_invalid(target: str, body: bytes, errors: list[str]) -> None:
    """400 names every problem with its place."""
    reply = request(app_with(everything, "/{kind}", "POST"), "POST", target, body=body)
    assert_problem(reply, 400, error_body(*errors))


def test_invalid_path_and_missing_query() -> None:
    """A path value of the wrong type is a validation error when the template has no type; what is missing is named."""
    reply = request(app_with(describe_all, "/{item_id}"), "GET", "/abc?ratio=1")
    path = error("path.item_id", "Expected integer, got 'abc'", '"abc"')
    assert_problem(reply, 400, error_body(path, error("query.flag", "Required query parameter is missing")))


def test_invalid_path_with_typed_template() -> None:
    """A path value that the template's type refuses is no match."""
    assert request(app_with(describe_all, "/{item_id:int}"), "GET", "/abc").status == 404


def test_validation_error_status() -> None:
    """The app's status for validation errors is the response's and the document's."""
    reply = request(app_with(take_item, "/", "POST", validation_error_status=422), "POST", "/")
    assert_problem(reply, 422, error_body(error("body", "Request body is required"), status=422))


def test_validation_error_raised_by_a_handler() -> None:
    """A handler may raise the error itself; a status given there wins."""

    async def refuse() -> None:
        raise RequestValidationError([ValidationErrorDetail("x", "wrong", "v")], status_code=418)

    assert_problem(request(app_with(refuse), "GET", "/"), 418, error_body(error("x", "wrong", '"v"'), status=418))

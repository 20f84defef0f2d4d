"""Query strings and path values: how they are taken apart and fill arguments."""

from __future__ import annotations

from typing import Any

import pytest

from hawkapi import codec
from hawkapi.codec import CodecError, Violation
from hawkapi.params._extract import ABSENT, Default, Group, PathArgument, TextArgument, TextArguments, add_violations
from hawkapi.params.errors import RequestValidationError, ValidationErrorDetail


def argument(name: str, position: int, annotation: Any, default: object = ABSENT) -> TextArgument:
    """Return an argument of a type from the query."""
    return TextArgument(
        name=name,
        place=f"query.{name}",
        position=position,
        convert=None if annotation is str else codec.converter(annotation),
        many=False,
        last=False,
        default=Default(default),
        missing="Required query parameter is missing",
    )


def fill(query: bytes, values: list[object] | None = None) -> tuple[list[object], list[ValidationErrorDetail]]:
    """Fill the arguments of a handler `(limit: int, item: int (path), q: str = "none", flag: bool = False)`."""
    arguments: list[object] = [ABSENT] * 4
    errors: list[ValidationErrorDetail] = []
    texts = TextArguments(
        [PathArgument("path.item", 1, 0, codec.converter(int))],
        Group([argument("limit", 0, int), argument("q", 2, str, "none"), argument("flag", 3, bool, False)], []),
        None,
        None,
    )
    texts.fill(arguments, ["7"] if values is None else values, query, [], errors)
    return arguments, errors


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        pytest.param(b"limit=5", [5, 7, "none", False], id="defaults"),
        pytest.param(b"flag=on&q=x&limit=-1", [-1, 7, "x", True], id="all"),
        pytest.param(b"limit=1&limit=x", [1, 7, "none", False], id="first-value-counts"),
        pytest.param(b"limit=1&q=", [1, 7, "", False], id="empty-text-is-a-value"),
        pytest.param(b"limit=1&unknown=2", [1, 7, "none", False], id="unknown-name"),
    ],
)
def test_fill(query: bytes, arguments: list[object]) -> None:
    """Each value stands at its argument's position; what is absent has its default."""
    assert fill(query) == (arguments, [])


def test_fill_reports_everything() -> None:
    """Every problem of path and query is reported, with its place and the text that was there."""
    _, errors = fill(b"flag=banana", ["x"])
    assert errors == [
        ValidationErrorDetail("path.item", "Expected integer, got 'x'", "x"),
        ValidationErrorDetail("query.limit", "Required query parameter is missing"),
        ValidationErrorDetail("query.flag", "Expected boolean, got 'banana'", "banana"),
    ]


def test_fill_without_query_parameters_leaves_the_query_alone() -> None:
    """A handler that asks for path values only does not care what the query string is."""
    arguments: list[object] = [ABSENT]
    TextArguments([PathArgument("path.x", 0, 0, None)], None, None, None).fill(arguments, ["v"], b"%%%=&", [], [])
    assert arguments == ["v"]


@pytest.mark.parametrize(
    ("place", "violation", "field"),
    [
        pytest.param("", "$", "$", id="body-root"),
        pytest.param("", "items[0].name", "items[0].name", id="body-member"),
        pytest.param("query.q", "$", "query.q", id="value-itself"),
        pytest.param("query.q", "a.b", "query.q.a.b", id="inside-a-value"),
        pytest.param("query.q", "[0]", "query.q[0]", id="item"),
    ],
)
def test_add_violations(place: str, violation: str, field: str) -> None:
    """A violation's place is below the place of its value."""
    errors: list[ValidationErrorDetail] = []
    add_violations(CodecError([Violation(violation, "wrong", "text")]), place, errors)
    assert errors == [ValidationErrorDetail(field, "wrong", "text")]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 validation errors"), (1, "1 validation error"), (2, "2 validation errors")]
)
def test_request_validation_error(count: int, text: str) -> None:
    """The error counts its reasons in words."""
    error = RequestValidationError([ValidationErrorDetail("x", "wrong")] * count, status_code=422)
    assert (str(error), error.detail, len(error.errors), error.status_code) == (text, text, count, 422)


def test_request_validation_error_status() -> None:
    """The status is 400 unless one is given or set; the application's counts only where none is."""
    error = RequestValidationError([])
    assert (error.status_code, error.status_or(422), error.to_problem_detail(422).status) == (400, 422, 422)
    error.status_code = 409
    assert (error.status_code, error.status_or(422), error.to_problem_detail().status) == (409, 409, 409)

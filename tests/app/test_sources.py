"""Arguments from every source, with markers and without, as a client sees them."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict

import pytest
from apps import Item, app_with
from asgi import request

from hawkapi import HawkAPI
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.pagination import PaginationParams
from hawkapi.validation import Body, Cookie, Header, Path, Query


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Filter:
    limit: int
    tags: list[str] = field(default_factory=list)
    colour: Colour | None = None


class Looser(TypedDict, total=False):
    limit: int


async def lists(tags: Annotated[list[int], Query()], names: Annotated[set[str] | None, Query(alias="n")] = None) -> Any:
    """Answer repeated parameters."""
    return [tags, sorted(names or ())]


async def pair(at: Annotated[tuple[int, str], Query()]) -> Any:
    """Answer a parameter that is repeated so often."""
    return at


async def rich(
    when: dt.date, price: Decimal, colour: Colour, kind: Literal["a", "b"], span: dt.timedelta = dt.timedelta(1)
) -> Any:
    """Answer what texts can spell."""
    return [when, price, colour, kind, span]


async def limited(n: Annotated[int, Query(ge=1, le=10)] = 5, q: Annotated[str, Query(pattern="^a+$")] = "a") -> Any:
    """Answer arguments with constraints."""
    return [n, q]


async def by_model(filter: Annotated[Filter, Query()]) -> Any:  # noqa: A002 - an ordinary name for it
    """Answer a model of the query."""
    return [filter.limit, filter.tags, filter.colour]


async def by_typed_dict(found: Annotated[Looser, Query()]) -> Any:
    """Answer a dict of the query."""
    return found


async def everything(found: Annotated[dict[str, str], Query()]) -> Any:
    """Answer the query."""
    return found


async def page(params: PaginationParams) -> Any:
    """Answer what every list needs."""
    return [params.page, params.limit, params.offset]


async def fields(x_token: Annotated[str, Header()], ids: Annotated[list[int], Header(alias="X-Id")]) -> Any:
    """Answer header fields."""
    return [x_token, ids]


async def last_field(x: Annotated[str, Header()] = "none") -> Any:
    """Answer a header field that may be repeated."""
    return x


async def cookies(sid: Annotated[int, Cookie()], theme: Annotated[str, Cookie(default="dark")] = "light") -> Any:
    """Answer cookies."""
    return [sid, theme]


async def path(item_id: Annotated[int, Path(alias="id", ge=1)]) -> Any:
    """Answer a path parameter under another name."""
    return item_id


async def marked_default(q: str = Query(default="x"), n: int = Query(ge=1)) -> Any:  # type: ignore[assignment]
    """Have markers as defaults."""
    return [q, n]


async def made(ids: Annotated[list[int], Query(default_factory=lambda: [1])]) -> Any:
    """Answer a default that is made for each request."""
    ids.append(2)
    return ids


@pytest.mark.parametrize(
    ("handler", "template", "target", "headers", "expected"),
    [
        pytest.param(lists, "/", "/?tags=1&tags=2&n=b&n=a", {}, [[1, 2], ["a", "b"]], id="lists"),
        pytest.param(lists, "/", "/?tags=1", {}, [[1], []], id="list-of-one"),
        pytest.param(pair, "/", "/?at=1&at=b", {}, [1, "b"], id="tuple"),
        pytest.param(
            rich,
            "/",
            "/?when=2026-01-02&price=1.50&colour=red&kind=b&span=PT1M",
            {},
            ["2026-01-02", "1.50", "red", "b", "PT60S"],
            id="rich",
        ),
        pytest.param(limited, "/", "/?n=10&q=aa", {}, [10, "aa"], id="constraints"),
        pytest.param(
            by_model, "/", "/?limit=2&tags=a&tags=b&colour=blue&more=1", {}, [2, ["a", "b"], "blue"], id="model"
        ),
        pytest.param(by_model, "/", "/?limit=2", {}, [2, [], None], id="model-defaults"),
        pytest.param(by_typed_dict, "/", "/?limit=3", {}, {"limit": 3}, id="typed-dict"),
        pytest.param(by_typed_dict, "/", "/", {}, {}, id="typed-dict-empty"),
        pytest.param(everything, "/", "/?a=1&b=2&a=3", {}, {"a": "1", "b": "2"}, id="dict"),
        pytest.param(page, "/", "/?page=3&size=10", {}, [3, 10, 20], id="pagination"),
        pytest.param(page, "/", "/?page=-3&size=0&max_size=100000", {}, [1, 1, 0], id="pagination-clamped"),
        pytest.param(fields, "/", "/", {"X-Token": "t", "x-id": "7"}, ["t", [7]], id="headers"),
        pytest.param(last_field, "/", "/", {}, "none", id="header-default"),
        pytest.param(cookies, "/", "/", {"cookie": "sid=5; theme=blue"}, [5, "blue"], id="cookies"),
        pytest.param(cookies, "/", "/", {"cookie": "sid=5"}, [5, "dark"], id="marker-default-wins"),
        pytest.param(path, "/{id}", "/5", {}, 5, id="path-alias"),
        pytest.param(path, "/{id:int}", "/5", {}, 5, id="path-alias-converter"),
        pytest.param(marked_default, "/", "/?n=2", {}, ["x", 2], id="marker-as-default"),
        pytest.param(made, "/", "/", {}, [1, 2], id="default-factory"),
    ],
)
def test_argument_from_text(
    handler: Callable[..., Any], template: str, target: str, headers: Mapping[str, str], expected: object
) -> None:
    """Texts become values of the annotated type, whatever their source."""
    app = app_with(handler, template)
    for _ in range(2):
        reply = request(app, "GET", target, headers=headers)
        assert (reply.status, reply.json()) == (200, expected)


def test_header_repeated() -> None:
    """Of a repeated field the last value counts; a list takes all."""
    app = app_with(last_field)
    assert request(app, "GET", "/", headers={"x": "1", "X": "2"}).json() == "2"
    both = {"x-token": "t", "x-id": "1", "X-Id": "2"}
    assert request(app_with(fields), "GET", "/", headers=both).json() == ["t", [1, 2]]


@pytest.mark.parametrize(
    ("handler", "template", "target", "headers", "errors"),
    [
        pytest.param(
            lists,
            "/",
            "/?tags=1&tags=x",
            {},
            [{"field": "query.tags[1]", "message": "Expected integer, got 'x'", "value": "x"}],
            id="list-item",
        ),
        pytest.param(
            limited,
            "/",
            "/?n=11&q=b",
            {},
            [
                {"field": "query.n", "message": "Expected `int` <= 10", "value": "11"},
                {"field": "query.q", "message": "Expected `str` matching regex '^a+$'", "value": "b"},
            ],
            id="constraints",
        ),
        pytest.param(
            by_model,
            "/",
            "/?tags=a",
            {},
            [{"field": "query", "message": "Object missing required field `limit`", "value": None}],
            id="model-missing",
        ),
        pytest.param(
            fields,
            "/",
            "/",
            {},
            [
                {"field": "header.x-token", "message": "Required header is missing", "value": None},
                {"field": "header.x-id", "message": "Required header is missing", "value": None},
            ],
            id="headers",
        ),
        pytest.param(
            cookies,
            "/",
            "/",
            {"cookie": "sid=x"},
            [{"field": "cookie.sid", "message": "Expected integer, got 'x'", "value": "x"}],
            id="cookie",
        ),
        pytest.param(
            path,
            "/{id:int}",
            "/0",
            {},
            [{"field": "path.id", "message": "Expected `int` >= 1", "value": None}],
            id="path-constraint",
        ),
    ],
)
def test_invalid_text(
    handler: Callable[..., Any],
    template: str,
    target: str,
    headers: Mapping[str, str],
    errors: list[dict[str, object]],
) -> None:
    """Every problem of a request is named with its place."""
    reply = request(app_with(handler, template), "GET", target, headers=headers)
    assert (reply.status, reply.json()["errors"]) == (400, errors)


async def two_bodies(
    item: Item, count: Annotated[int, Body(alias="n", ge=1)], note: Annotated[str, Body()] = ""
) -> Any:
    """Answer members of the body."""
    return [item, count, note]


async def embedded(item: Annotated[Item, Body(embed=True)]) -> Any:
    """Answer the one member of the body."""
    return item


async def defaulted(item: Annotated[list[int], Body(default_factory=list)]) -> Any:
    """Answer a body that may be absent."""
    item.append(1)
    return item


@pytest.mark.parametrize(
    ("handler", "body", "expected"),
    [
        pytest.param(
            two_bodies,
            b'{"item":{"name":"x"},"n":2,"more":0}',
            [{"name": "x", "price": 0.5}, 2, ""],
            id="several",
        ),
        pytest.param(embedded, b'{"item":{"name":"x"}}', {"name": "x", "price": 0.5}, id="embedded"),
        pytest.param(defaulted, b"", [1], id="default-factory"),
    ],
)
def test_body_members(handler: Callable[..., Any], body: bytes, expected: object) -> None:
    """Several body arguments are members of one object."""
    app = app_with(handler, method="POST")
    for _ in range(2):
        assert request(app, "POST", "/", body=body).json() == expected


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", ["$", "$"]),
        (b'{"n":0}', ["$", "n"]),
        (b'{"item":{"name":1},"n":"x","note":2}', ["item.name", "n", "note"]),
        (b"[]", ["$"]),
        (b"{", ["body"]),
        (b"null", ["$"]),
    ],
)
def test_body_members_invalid(body: bytes, fields: list[str]) -> None:
    """Every member that is missing or wrong is named."""
    reply = request(app_with(two_bodies, method="POST"), "POST", "/", body=body)
    assert (reply.status, [error["field"] for error in reply.json()["errors"]]) == (400, fields)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("text/plain", 200),
        ("application/vnd.api+json; charset=utf-8", 200),
        ("multipart/form-data; boundary=x", 415),
        ("Application/X-WWW-Form-URLEncoded", 415),
    ],
)
def test_body_content_type(content_type: str, status: int) -> None:
    """A JSON body is read whatever it says it is, unless it says that it is a form."""
    app = app_with(embedded, method="POST")
    reply = request(app, "POST", "/", body=b'{"item":{"name":"x"}}', headers={"content-type": content_type})
    assert reply.status == status


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (Annotated[int, Path()], "the path has no such parameter"),
        (Annotated[Item, Path(alias="id")], "cannot hold Item"),
        (Annotated[list[Item], Query()], "cannot hold list"),
        (Annotated[int, Query(), Header()], "several markers"),
        (Annotated[str, Query(ge=1)], "fits no value"),
    ],
)
def test_source_refused(annotation: Any, reason: str) -> None:
    """A source that cannot hold the type is refused at registration, naming route and parameter."""

    async def handler(x) -> None:  # type: ignore[no-untyped-def]
        """Take what is refused."""

    handler.__annotations__["x"] = annotation
    with pytest.raises(UnsupportedTypeError, match=rf"GET /{{id}} \(handler\): parameter x.*{reason}"):
        HawkAPI().get("/{id}")(handler)

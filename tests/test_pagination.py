"""Pages: what clients may ask for, and what is computed for them."""

from __future__ import annotations

import dataclasses

import pytest

from hawkapi.codec import converter, decoder, describe, encode
from hawkapi.pagination import CursorPage, CursorParams, Page, PaginationParams
from hawkapi.responses._projection import build_projection


@dataclasses.dataclass
class Item:
    name: str


@dataclasses.dataclass
class StoredItem(Item):
    hidden: int = 1


@pytest.mark.parametrize(
    ("page", "size", "limit", "offset"),
    [
        pytest.param(1, 50, 50, 0, id="first"),
        pytest.param(3, 20, 20, 40, id="third"),
        pytest.param(0, 10, 10, 0, id="page-zero"),
        pytest.param(-5, 10, 10, 0, id="page-negative"),
        pytest.param(1, 100, 100, 0, id="size-at-the-limit"),
        pytest.param(2, 101, 100, 100, id="size-above-the-limit"),
        pytest.param(2, 1, 1, 1, id="size-one"),
        pytest.param(2, 0, 1, 1, id="size-zero"),
        pytest.param(2, -1, 1, 1, id="size-negative"),
    ],
)
def test_pagination_params(page: int, size: int, limit: int, offset: int) -> None:
    """A page is at least the first, its size from 1 to the application's limit."""
    params = PaginationParams(page=page, size=size)
    assert (params.limit, params.offset) == (limit, offset)
    assert params.page == max(page, 1)


def test_pagination_params_defaults() -> None:
    """Without a wish: the first 50."""
    params = PaginationParams()
    assert (params.page, params.size, params.max_size, params.limit, params.offset) == (1, 50, 100, 50, 0)


@pytest.mark.parametrize(("max_size", "limit"), [(500, 400), (20, 20), (1, 1), (0, 1), (-1, 1)])
def test_pagination_params_max_size(max_size: int, limit: int) -> None:
    """The application may set another limit."""
    assert PaginationParams(size=400, max_size=max_size).limit == limit


@pytest.mark.parametrize(("limit", "expected"), [(-1, 1), (0, 1), (1, 1), (99, 99), (100, 100), (101, 100)])
def test_cursor_params(limit: int, expected: int) -> None:
    """The limit is from 1 to the application's."""
    assert CursorParams(limit=limit).limit == expected


def test_cursor_params_max_limit() -> None:
    """The application may set another limit."""
    params = CursorParams(after="c", limit=400, max_limit=300)
    assert (params.after, params.limit, params.max_limit) == ("c", 300, 300)


def test_query_cannot_raise_the_limits() -> None:
    """What only the application may set is no member of the query model."""
    read = converter(PaginationParams)
    assert read({"page": "2", "size": "1000", "max_size": "1000"}, True) == PaginationParams(2, 1000)
    assert read({"size": "1000", "max_size": "1000"}, True).limit == 100  # type: ignore[attr-defined] # an object
    read = converter(CursorParams)
    assert read({"limit": "1000", "max_limit": "1000"}, True).limit == 100  # type: ignore[attr-defined] # an object


def test_body_cannot_raise_the_limits() -> None:
    """Nor are they members of a body."""
    params = decoder(PaginationParams)(b'{"size":1000,"max_size":1000}')
    assert isinstance(params, PaginationParams)
    assert (params.limit, params.max_size) == (100, 100)


@pytest.mark.parametrize(
    ("total", "size", "pages"),
    [(0, 10, 0), (1, 10, 1), (10, 10, 1), (11, 10, 2), (101, 10, 11), (5, 0, 0), (5, -1, 0), (-5, 10, 0)],
)
def test_page_counts_pages(total: int, size: int, pages: int) -> None:
    """The number of pages is computed, whatever was given."""
    assert Page([], total=total, page=1, size=size, pages=7).pages == pages


@pytest.mark.parametrize(("cursor", "expected"), [("c", True), ("", True), (None, False)])
def test_cursor_page_says_whether_there_is_more(cursor: str | None, expected: bool) -> None:
    """There is more when there is a cursor, whatever was given."""
    assert CursorPage([], cursor, has_more=not expected).has_more is expected


def test_page_as_json() -> None:
    """A page is an object with the members in their order."""
    assert encode(Page([1], total=101, page=1, size=10)) == b'{"items":[1],"total":101,"page":1,"size":10,"pages":11}'


def test_cursor_page_as_json() -> None:
    """A cursor page is an object with the members in their order."""
    assert encode(CursorPage[int]([1], "c")) == b'{"items":[1],"next_cursor":"c","has_more":true}'


def test_page_as_a_response_model() -> None:
    """The items of a page are filtered by the type of the items."""
    project = build_projection(describe(Page[Item]))
    page: Page[Item] = Page([StoredItem("a")], total=1, page=1, size=10)
    assert project(page) == {"items": [{"name": "a"}], "total": 1, "page": 1, "size": 10, "pages": 1}


def test_page_from_a_mapping() -> None:
    """What is computed is computed for a dict too."""
    project = build_projection(describe(Page[int]))
    assert project({"items": [1], "total": 3, "page": 1, "size": 1}) == {
        "items": [1],
        "total": 3,
        "page": 1,
        "size": 1,
        "pages": 3,
    }


@pytest.mark.parametrize(
    ("value", "name"),
    [
        pytest.param(PaginationParams(), "page", id="params"),
        pytest.param(CursorParams(), "limit", id="cursor-params"),
        pytest.param(Page([], 0, 1, 10), "total", id="page"),
        pytest.param(CursorPage([]), "has_more", id="cursor-page"),
    ],
)
def test_pages_are_immutable(value: object, name: str) -> None:
    """Nothing can be set after a page was made."""
    with pytest.raises(AttributeError):
        setattr(value, name, 1)

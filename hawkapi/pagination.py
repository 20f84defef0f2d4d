"""Pages of a list: what a client asks for in the query string, and what it is given.

::

    @app.get("/items")
    async def list_items(paging: Annotated[PaginationParams, Query()]) -> Page[Item]:
        items, total = await load(limit=paging.limit, offset=paging.offset)
        return Page(items, total, paging.page, paging.limit)

All four classes are immutable.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING

__all__ = ["CursorPage", "CursorParams", "Page", "PaginationParams"]


@dataclass(frozen=True)
class PaginationParams:
    """A numbered page that a client asks for.

    Args:
        page: counted from 1, default 1; less is 1.
        size: items on a page, default 50; less than 1 is 1.
        max_size: the most items on a page, default 100. The application's alone: no request can set it.
    """

    page: int = 1
    size: int = 50
    if TYPE_CHECKING:
        max_size: int = 100
    else:
        # No field, so that no codec reads it from a request; an attribute all the same.
        max_size: InitVar[int] = 100

    def __post_init__(self, max_size: int) -> None:  # type: ignore[override]  # pyright: ignore[reportGeneralTypeIssues] - see the field
        object.__setattr__(self, "page", max(self.page, 1))
        object.__setattr__(self, "size", max(self.size, 1))
        object.__setattr__(self, "max_size", max_size)

    @property
    def limit(self) -> int:
        """How many items to load: `size`, at most `max_size`, at least 1."""
        return max(min(self.size, self.max_size), 1)

    @property
    def offset(self) -> int:
        """How many items come before the page."""
        return (self.page - 1) * self.limit


@dataclass(frozen=True)
class CursorParams:
    """The items after a cursor that a client asks for.

    Args:
        after: where the last page ended, as its `next_cursor` said; `None` asks for the first page.
        limit: items on a page, default 50; at least 1, at most `max_limit`.
        max_limit: the most items on a page, default 100. The application's alone: no request can set it.
    """

    after: str | None = None
    limit: int = 50
    if TYPE_CHECKING:
        max_limit: int = 100
    else:
        # No field, so that no codec reads it from a request; an attribute all the same.
        max_limit: InitVar[int] = 100

    def __post_init__(self, max_limit: int) -> None:  # type: ignore[override]  # pyright: ignore[reportGeneralTypeIssues] - see the field
        object.__setattr__(self, "limit", max(min(self.limit, max_limit), 1))
        object.__setattr__(self, "max_limit", max_limit)


@dataclass(frozen=True)
class Page[T]:
    """One numbered page of a list.

    Args:
        items: those on this page.
        total: how many there are on all pages.
        page: counted from 1.
        size: items on a full page.
        pages: how many pages there are; always computed, 0 when there is nothing to show.
    """

    items: list[T]
    total: int
    page: int
    size: int
    pages: int = 0

    def __post_init__(self) -> None:
        pages = -(-self.total // self.size) if self.size > 0 and self.total > 0 else 0
        object.__setattr__(self, "pages", pages)


@dataclass(frozen=True)
class CursorPage[T]:
    """One page of a list that is read from cursor to cursor.

    Args:
        items: those on this page.
        next_cursor: what to ask for next; `None` on the last page.
        has_more: whether there is a next page; always computed.
    """

    items: list[T]
    next_cursor: str | None = None
    has_more: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "has_more", self.next_cursor is not None)

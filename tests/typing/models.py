"""Models as users declare them; type checkers read it, and nothing runs it."""

from __future__ import annotations

from typing import Annotated, assert_type

from hawkapi import UNSET, HawkAPI, Meta, Page, PaginationParams, Struct, UnsetType, field

app = HawkAPI()

type Name = Annotated[str, Meta(min_length=1, max_length=80)]


class Item(Struct, frozen=True, rename="camel"):
    """A Struct is a dataclass to type checkers, its class options included."""

    display_name: Name
    price: Annotated[float, Meta(ge=0)] = 0.0
    tags: list[str] = field(default_factory=list[str])
    note: str | UnsetType = UNSET


class Order(Struct, kw_only=True, tag="order", forbid_unknown_fields=True):
    number: int
    items: list[Item] = field(default_factory=list[Item], name="lines")


class Labelled(Struct, kw_only=True, order=True):
    label: str = field(name="Label", default="none")


def makes_objects() -> None:
    """Members have the types they were declared with, and the constructor the parameters."""
    item = Item("hat", 2.5, tags=["new"])
    assert_type(item.display_name, str)
    assert_type(item.tags, list[str])
    if not isinstance(item.note, UnsetType):
        assert_type(item.note, str)
    assert_type(Order(number=1, items=[item]).items, list[Item])
    assert_type(Labelled(label="a") < Labelled(), bool)


def refuses_other_arguments() -> None:
    """A wrong type, a missing member, an unknown one and a change of what is frozen are errors."""
    Item(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Item()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Item("hat", colour="red")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Order(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Item("hat").price = 3.0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    Meta(min_length="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Meta(least=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@app.get("/items")
async def find(page: PaginationParams) -> Page[Item]:
    items = [Item("hat")]
    return Page(items=items[page.offset :][: page.limit], total=len(items), page=page.page, size=page.limit)


@app.post("/orders", status_code=201, response_model=Order, response_model_exclude_none=True)
def order(order: Order) -> Order:
    return order


async def reads_pages() -> None:
    """A page is generic in its items."""
    page = await find(PaginationParams(page=2, size=10, max_size=50))
    assert_type(page.items, list[Item])
    assert_type(page.pages, int)
    assert_type(order(Order(number=1)), Order)
    PaginationParams(page="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

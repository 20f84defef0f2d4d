"""An API that its documentation pages can show: a small shop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from hawkapi import HawkAPI, HTTPException, Meta, Query, Router


@dataclass
class Item:
    """Something to sell."""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    price: Annotated[float, Meta(gt=0)]
    colour: Literal["red", "green", "blue"] = "red"


@dataclass
class Order:
    """What somebody wants."""

    item_id: int
    amount: Annotated[int, Meta(ge=1, le=10)] = 1


app = HawkAPI(title="Shop", version="1.4.0", description="Sells a few things, and keeps no money.")
shop = Router()
ITEMS = {1: Item("lamp", 30.0), 2: Item("chair", 45.5, "blue")}


@shop.get("/items", tags=["items"])
async def list_items(limit: Annotated[int, Query(ge=1, le=100)] = 10) -> list[Item]:
    """List the items."""
    return list(ITEMS.values())[:limit]


@shop.get("/items/{item_id:int}", tags=["items"])
async def read_item(item_id: int) -> Item:
    """Read an item."""
    if item_id not in ITEMS:
        raise HTTPException(404, f"there is no item {item_id}")
    return ITEMS[item_id]


@shop.post("/items", tags=["items"], status_code=201)
async def add_item(item: Item) -> Item:
    """Add an item."""
    return item


@shop.put("/items/{item_id:int}", tags=["items"])
async def replace_item(item_id: int, item: Item) -> Item:
    """Replace an item."""
    return item


@shop.delete("/items/{item_id:int}", tags=["items"], status_code=204)
async def delete_item(item_id: int) -> None:
    """Delete an item."""


@shop.get("/orders", tags=["orders"])
async def list_orders() -> list[Order]:
    """List the orders."""
    return [Order(1, 2)]


@shop.get("/orders/{order_id:int}", tags=["orders"])
async def read_order(order_id: int) -> Order:
    """Read an order."""
    return Order(order_id)


@shop.post("/orders", tags=["orders"], status_code=201)
async def place_order(order: Order) -> Order:
    """Place an order."""
    return order


@shop.delete("/orders/{order_id:int}", tags=["orders"], status_code=204)
async def cancel_order(order_id: int) -> None:
    """Cancel an order."""


@shop.get("/about", tags=["shop"])
async def about() -> dict[str, str]:
    """Tell about the shop."""
    return {"name": "Shop", "open": "always"}


@shop.get("/search", tags=["shop"], deprecated=True)
async def search(text: str) -> list[str]:
    """Search the items by name."""
    return [item.name for item in ITEMS.values() if text in item.name]


app.include_router(shop)

"""The application that the wheel checks serve: a path, a query and a body route."""

from __future__ import annotations

from dataclasses import dataclass

from hawkapi import HawkAPI

app = HawkAPI()


@dataclass
class Item:
    """A thing with a price."""

    name: str
    price: float


@app.get("/items/{item_id:int}")
async def read_item(item_id: int, q: str = "") -> dict[str, object]:
    """Answer with what the path and the query say."""
    return {"item_id": item_id, "q": q}


@app.post("/items", status_code=200)
async def make_item(item: Item) -> Item:
    """Answer with the body."""
    return item

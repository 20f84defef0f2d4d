"""A path, a query and a body: `uvicorn hello:app`, then `/hello/world?excited=true`."""

from __future__ import annotations

from dataclasses import dataclass

from hawkapi import HawkAPI

app = HawkAPI()


@dataclass
class Item:
    name: str
    price: float
    tags: list[str] | None = None


@app.get("/hello/{name}")
async def hello(name: str, excited: bool = False) -> dict[str, str]:
    return {"message": f"Hello, {name}{'!' if excited else '.'}"}


@app.get("/items/{item_id:int}")
def read_item(item_id: int, q: str | None = None) -> dict[str, object]:
    return {"item_id": item_id, "q": q}


@app.post("/items")
async def create_item(item: Item) -> Item:
    return item

"""The workloads as a hawkapi application."""

from __future__ import annotations

from dataclasses import dataclass

from hawkapi import HawkAPI, PlainTextResponse

app = HawkAPI()


@dataclass
class Item:
    """What the body workload sends."""

    name: str
    price: float
    count: int


@app.get("/plaintext")
async def plaintext() -> PlainTextResponse:
    return PlainTextResponse("Hello, World!")


@app.get("/json")
async def as_json() -> dict[str, str]:
    return {"message": "Hello, World!"}


@app.get("/users/{user_id:int}")
async def path(user_id: int) -> object:
    return {"user_id": user_id}


@app.get("/search")
async def query(q: str, limit: int = 10) -> object:
    return {"q": q, "limit": limit}


@app.post("/items", status_code=200)
async def body(item: Item) -> Item:
    return item

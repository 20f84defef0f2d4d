"""The workloads as an application for hawkapi 0.2.0, from the package index, in an environment of its own."""

from __future__ import annotations

from typing import Annotated

import msgspec
from workloads import RESOURCES

from hawkapi import Cookie, HawkAPI, Header, PlainTextResponse

NAME = "World"

app = HawkAPI()
large = HawkAPI()


class Item(msgspec.Struct):
    """What the body workload sends."""

    name: str
    price: float
    count: int


@app.get("/plaintext")
async def plaintext() -> PlainTextResponse:
    return PlainTextResponse(f"Hello, {NAME}!")


@app.get("/json")
async def as_json() -> dict[str, str]:
    return {"message": f"Hello, {NAME}!"}


@app.get("/users/{user_id:int}")
async def path(user_id: int) -> dict[str, int]:
    return {"user_id": user_id}


@app.get("/search")
async def query(q: str, limit: int = 10) -> dict[str, object]:
    return {"q": q, "limit": limit}


@app.post("/items", status_code=200)
@app.put("/items")
async def body(item: Item) -> Item:
    return item


@app.get("/headers")
async def headers(x_request_id: Annotated[str, Header()], accept_language: Annotated[str, Header()]) -> dict[str, str]:
    return {"request_id": x_request_id, "language": accept_language}


@app.get("/cookies")
async def cookies(session: Annotated[str, Cookie()], theme: Annotated[str, Cookie()]) -> dict[str, str]:
    return {"session": session, "theme": theme}


async def collection() -> dict[str, int]:
    return {"count": 0}


async def one(item_id: int) -> dict[str, int]:
    return {"item_id": item_id}


for number in range(RESOURCES):
    large.get(f"/resources{number}")(collection)
    large.post(f"/resources{number}")(collection)
    large.get(f"/resources{number}/{{item_id:int}}")(one)
    large.put(f"/resources{number}/{{item_id:int}}")(one)
    large.delete(f"/resources{number}/{{item_id:int}}", status_code=200)(one)

"""The same shop for any number of event loops and threads."""

import threading
from collections.abc import AsyncIterator
from typing import Annotated

import httpx

from hawkapi import Container, Depends, HawkAPI, Request


async def open_client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url="https://prices.example") as client:
        yield client


container = Container()
container.per_loop(httpx.AsyncClient, factory=open_client)
app = HawkAPI(container=container)
counting = threading.Lock()
stock = {"hat": 3}
prices: dict[str, float] = {}


@app.post("/buy/{item}")
async def buy(item: str) -> dict[str, int]:
    with counting:  # Nothing is awaited here.
        stock[item] -= 1
        return {"left": stock[item]}


@app.get("/price/{item}")
async def price(item: str, client: Annotated[httpx.AsyncClient, Depends()]) -> float:
    answer = prices.get(item)
    if answer is None:
        # Two requests may ask for the same price. Both then keep the one that was kept first.
        answer = prices.setdefault(item, (await client.get(f"/{item}")).json())
    return answer


@app.get("/visit")
async def visit(request: Request) -> str:
    request.state.visited = True
    return "welcome"

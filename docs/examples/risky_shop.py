"""A shop that works on one event loop, and goes wrong on several."""

import asyncio

import httpx

from hawkapi import HawkAPI, Request

app = HawkAPI()
turn = asyncio.Lock()
stock = {"hat": 3}
prices: dict[str, float] = {}


@app.on_startup
async def open_client() -> None:
    app.state.client = httpx.AsyncClient(base_url="https://prices.example")


@app.post("/buy/{item}")
async def buy(item: str) -> dict[str, int]:
    stock[item] -= 1
    return {"left": stock[item]}


@app.get("/price/{item}")
async def price(item: str, request: Request) -> float:
    if item not in prices:
        async with turn:
            answer = await request.app.state.client.get(f"/{item}")
        prices[item] = answer.json()
    return prices[item]


@app.get("/visit")
def visit(request: Request) -> str:
    request.state.visited = True
    return "welcome"

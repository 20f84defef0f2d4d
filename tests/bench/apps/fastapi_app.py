"""The workloads as a FastAPI application, with pydantic models as its documentation has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from drawn import LISTED, PATHS
from fastapi import Cookie, Depends, FastAPI, Form, Header, Request, UploadFile, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel
from starlette.datastructures import MutableHeaders
from workloads import LARGE, PIECE, RESOURCES, make_orders

NAME = "World"

app = FastAPI()
large = FastAPI()
wrapped = FastAPI()
reading = FastAPI()


class Item(BaseModel):
    """What the body workload sends."""

    name: str
    price: float
    count: int


class Address(BaseModel):
    """Where an order goes."""

    street: str
    city: str
    latitude: float
    longitude: float


class Sold(BaseModel):
    """A line of a response."""

    sku: str
    amount: float
    paid: bool


class Order(BaseModel):
    """An item of the response model."""

    id: int
    note: str | None
    tags: list[str]
    home: Address
    lines: list[Sold]


class Place(BaseModel):
    """Where a customer lives."""

    street: str
    city: str


class Customer(BaseModel):
    """Who orders."""

    name: str
    address: Place


class Line(BaseModel):
    """A line of a nested body."""

    sku: str
    count: int
    price: float


class Basket(BaseModel):
    """A nested body."""

    customer: Customer
    lines: list[Line]
    note: str | None = None


ORDERS = [Order.model_validate(order) for order in make_orders()]


@app.get("/plaintext", response_class=PlainTextResponse)
async def plaintext() -> str:
    return f"Hello, {NAME}!"


@app.get("/json")
async def as_json() -> dict[str, str]:
    return {"message": f"Hello, {NAME}!"}


@app.get("/users/{user_id}")
async def path(user_id: int) -> dict[str, int]:
    return {"user_id": user_id}


@app.get("/search")
async def query(q: str, limit: int = 10) -> dict[str, Any]:
    return {"q": q, "limit": limit}


@app.post("/items")
async def body(item: Item) -> Item:
    return item


async def greeting() -> str:
    return "Hello"


async def addressee(greeting: Annotated[str, Depends(greeting)]) -> str:
    return f"{greeting}, {NAME}"


async def sentence(addressee: Annotated[str, Depends(addressee)]) -> str:
    return f"{addressee}!"


@app.get("/dependencies")
async def dependencies(sentence: Annotated[str, Depends(sentence)]) -> dict[str, str]:
    return {"message": sentence}


@app.get("/orders")
async def orders() -> list[Order]:
    return ORDERS


@app.get(PATHS["headers"])
async def headers(x_request_id: Annotated[str, Header()], accept_language: Annotated[str, Header()]) -> dict[str, str]:
    return {"request_id": x_request_id, "language": accept_language}


@app.get(PATHS["cookies"])
async def cookies(session: Annotated[str, Cookie()], theme: Annotated[str, Cookie()]) -> dict[str, str]:
    return {"session": session, "theme": theme}


@app.post(PATHS["nested"])
@reading.post(PATHS["reading"])
async def nested(basket: Basket) -> dict[str, int]:
    return {"lines": len(basket.lines), "count": sum(line.count for line in basket.lines)}


@app.get(PATHS["list"])
async def listed() -> list[dict[str, Any]]:
    return LISTED


@app.get(PATHS["sync"])
def in_a_thread() -> dict[str, str]:
    return {"message": f"Hello, {NAME}!"}


@app.websocket(PATHS["echo"])
@app.websocket("/echo")
async def echo(ws: WebSocket) -> None:
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)


@app.post("/upload")
async def upload(request: Request) -> dict[str, int]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return {"size": size}


@app.post(PATHS["form"])
async def form(name: Annotated[str, Form()], age: Annotated[int, Form()]) -> dict[str, Any]:
    return {"name": name, "age": age}


@app.post("/files")
async def files(file: UploadFile) -> dict[str, int]:
    size = 0
    while piece := await file.read(PIECE):
        size += len(piece)
    return {"size": size}


async def in_pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(LARGE), PIECE):
        yield LARGE[start : start + PIECE]


@app.get("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(in_pieces())


class Marking:
    """Adds a header to every response."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def marked(message: Any) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-marked"] = "yes"
            await send(message)

        await self.app(scope, receive, marked)


@reading.middleware("http")
async def look_at_body(request: Request, call_next: Any) -> Any:
    if b"forbidden" in await request.body():
        return PlainTextResponse("Forbidden", status_code=403)
    return await call_next(request)


wrapped.get("/json")(as_json)
for _ in range(5):
    wrapped.add_middleware(Marking)


async def collection() -> dict[str, int]:
    return {"count": 0}


async def one(item_id: int) -> dict[str, int]:
    return {"item_id": item_id}


for number in range(RESOURCES):
    large.get(f"/resources{number}")(collection)
    large.post(f"/resources{number}")(collection)
    large.get(f"/resources{number}/{{item_id}}")(one)
    large.put(f"/resources{number}/{{item_id}}")(one)
    large.delete(f"/resources{number}/{{item_id}}")(one)

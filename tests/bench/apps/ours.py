"""The workloads as a hawkapi application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from drawn import LISTED, PATHS
from workloads import LARGE, PIECE, RESOURCES, make_orders

from hawkapi import (
    Cookie,
    Depends,
    Form,
    HawkAPI,
    Header,
    Middleware,
    PlainTextResponse,
    Request,
    StreamingResponse,
    Struct,
    UploadFile,
    WebSocket,
)

NAME = "World"
MOST_BYTES = 64 * 1024 * 1024

app = HawkAPI(max_body_size=MOST_BYTES)
large = HawkAPI()
wrapped = HawkAPI()
reading = HawkAPI()


class Item(Struct):
    """What the body workload sends."""

    name: str
    price: float
    count: int


@dataclass
class Address:
    """Where an order goes."""

    street: str
    city: str
    latitude: float
    longitude: float


@dataclass
class Sold:
    """A line of a response."""

    sku: str
    amount: float
    paid: bool


@dataclass
class Order:
    """An item of the response model."""

    id: int
    note: str | None
    tags: list[str]
    home: Address
    lines: list[Sold]


class Place(Struct):
    """Where a customer lives."""

    street: str
    city: str


class Customer(Struct):
    """Who orders."""

    name: str
    address: Place


class Line(Struct):
    """A line of a nested body."""

    sku: str
    count: int
    price: float


class Basket(Struct):
    """A nested body."""

    customer: Customer
    lines: list[Line]
    note: str | None = None


def make_order(home: dict[str, Any], lines: list[dict[str, Any]], **members: Any) -> Order:
    return Order(home=Address(**home), lines=[Sold(**line) for line in lines], **members)


ORDERS = [make_order(**order) for order in make_orders()]


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


@app.post(PATHS["form"], status_code=200)
async def form(name: Annotated[str, Form()], age: Annotated[int, Form()]) -> dict[str, object]:
    return {"name": name, "age": age}


@app.post(PATHS["nested"], status_code=200)
@reading.post(PATHS["reading"], status_code=200)
async def nested(basket: Basket) -> dict[str, int]:
    return {"lines": len(basket.lines), "count": sum(line.count for line in basket.lines)}


@app.get(PATHS["list"])
async def listed() -> list[dict[str, object]]:
    return LISTED


@app.get(PATHS["sync"])
def in_a_thread() -> dict[str, str]:
    return {"message": f"Hello, {NAME}!"}


@app.websocket(PATHS["echo"])
@app.websocket("/echo")
async def echo(ws: WebSocket) -> None:
    await ws.accept()
    async for text in ws:
        await ws.send_text(text)


@app.post("/upload", status_code=200)
async def upload(request: Request) -> dict[str, int]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return {"size": size}


@app.post("/files", status_code=200)
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
                message["headers"] = [*message["headers"], (b"x-marked", b"yes")]
            await send(message)

        await self.app(scope, receive, marked)


class Reading(Middleware):
    """Looks at the body of every request before the handler does."""

    async def before_request(self, request: Request) -> PlainTextResponse | None:
        if b"forbidden" in await request.body():
            return PlainTextResponse("Forbidden", status_code=403)
        return None


wrapped.get("/json")(as_json)
for _ in range(5):
    wrapped.add_middleware(Marking)
reading.add_middleware(Reading)


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

"""The workloads as a BlackSheep application, with pydantic models and the bindings of its documentation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from blacksheep import (
    Application,
    FromCookie,
    FromForm,
    FromHeader,
    FromJSON,
    Request,
    Response,
    Router,
    StreamedContent,
    WebSocket,
    WebSocketDisconnectError,
    forbidden,
    json,
    text,
)
from drawn import LISTED, PATHS
from pydantic import BaseModel
from workloads import LARGE, PIECE, RESOURCES, make_orders

NAME = "World"
MADE = [Application(router=Router()) for _ in range(4)]
app, large, wrapped, reading = MADE


async def start() -> None:
    """Let the applications build their routes, as they do when a server starts them."""
    for each in MADE:
        await each.start()


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


class Sent(BaseModel):
    """A form."""

    name: str
    city: str
    age: int


ORDERS = [Order.model_validate(order) for order in make_orders()]


class RequestId(FromHeader[str]):
    """A header."""

    name = "X-Request-ID"


class Language(FromHeader[str]):
    """A header."""

    name = "Accept-Language"


class Session(FromCookie[str]):
    """A cookie."""

    name = "session"


class Theme(FromCookie[str]):
    """A cookie."""

    name = "theme"


@app.router.get("/plaintext")
async def plaintext() -> Response:
    return text(f"Hello, {NAME}!")


@app.router.get("/json")
@wrapped.router.get("/json")
async def as_json() -> Response:
    return json({"message": f"Hello, {NAME}!"})


@app.router.get("/users/{user_id}")
async def path(user_id: int) -> Response:
    return json({"user_id": user_id})


@app.router.get("/search")
async def query(q: str, limit: int = 10) -> Response:
    return json({"q": q, "limit": limit})


@app.router.post("/items")
async def body(data: FromJSON[Item]) -> Response:
    return json(data.value)


@dataclass
class Greeting:
    """The first of three services, each made for a request out of the one before."""

    text: str


@dataclass
class Addressee:
    """The second."""

    greeting: Greeting


@dataclass
class Sentence:
    """The third."""

    addressee: Addressee


def make_greeting() -> Greeting:
    return Greeting(f"Hello, {NAME}!")


app.services.add_scoped_by_factory(make_greeting, Greeting)
app.services.add_scoped(Addressee)
app.services.add_scoped(Sentence)


@app.router.get("/dependencies")
async def dependencies(sentence: Sentence) -> Response:
    return json({"message": sentence.addressee.greeting.text})


@app.router.get("/orders")
async def orders() -> Response:
    return json(ORDERS)


@app.router.get(PATHS["headers"])
async def headers(request_id: RequestId, language: Language) -> Response:
    return json({"request_id": request_id.value, "language": language.value})


@app.router.get(PATHS["cookies"])
async def cookies(session: Session, theme: Theme) -> Response:
    return json({"session": session.value, "theme": theme.value})


@app.router.post(PATHS["form"])
async def form(data: FromForm[Sent]) -> Response:
    return json({"name": data.value.name, "age": data.value.age})


@app.router.post(PATHS["nested"])
@reading.router.post(PATHS["reading"])
async def nested(data: FromJSON[Basket]) -> Response:
    lines = data.value.lines
    return json({"lines": len(lines), "count": sum(line.count for line in lines)})


@app.router.get(PATHS["list"])
async def listed() -> Response:
    return json(LISTED)


def greet() -> dict[str, str]:
    return {"message": f"Hello, {NAME}!"}


@app.router.get(PATHS["sync"])
async def in_a_thread() -> Response:
    return json(await asyncio.to_thread(greet))


@app.router.ws(PATHS["echo"])
@app.router.ws("/echo")
async def echo(ws: WebSocket) -> None:
    await ws.accept()
    try:
        while True:
            await ws.send_text(await ws.receive_text())
    except WebSocketDisconnectError:
        pass


@app.router.post("/upload")
async def upload(request: Request) -> Response:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return json({"size": size})


@app.router.post("/files")
async def files(request: Request) -> Response:
    size = 0
    for part in await request.files("file"):
        size += len(part.data)
    return json({"size": size})


async def in_pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(LARGE), PIECE):
        yield LARGE[start : start + PIECE]


@app.router.get("/stream")
async def stream() -> Response:
    return Response(200, content=StreamedContent(b"application/octet-stream", in_pieces))


async def mark(request: Request, handler: Any) -> Any:
    """Add a header to every response."""
    response = await handler(request)
    response.headers.add(b"x-marked", b"yes")
    return response


async def look_at_body(request: Request, handler: Any) -> Any:
    """Look at the body of every request before the handler does."""
    if b"forbidden" in (await request.read() or b""):
        return forbidden()
    return await handler(request)


wrapped.middlewares.extend([mark] * 5)
reading.middlewares.append(look_at_body)


async def collection() -> Response:
    return json({"count": 0})


async def one(item_id: int) -> Response:
    return json({"item_id": item_id})


for number in range(RESOURCES):
    large.router.add_get(f"/resources{number}", collection)
    large.router.add_post(f"/resources{number}", collection)
    for method in ("GET", "PUT", "DELETE"):
        large.router.add(method, f"/resources{number}/{{item_id}}", one)

"""The workloads as a Litestar application, with msgspec structs, which it recommends for speed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from drawn import LISTED, PATHS
from litestar import Litestar, MediaType, Request, WebSocket, delete, get, post, put, websocket
from litestar.datastructures import MutableScopeHeaders, UploadFile
from litestar.di import Provide
from litestar.enums import RequestEncodingType, ScopeType
from litestar.exceptions import PermissionDeniedException, WebSocketDisconnect
from litestar.middleware import ASGIMiddleware
from litestar.params import Body, Parameter
from litestar.response import Stream
from msgspec import Struct, convert
from workloads import LARGE, PIECE, RESOURCES, make_orders

NAME = "World"
MOST_BYTES = 64 * 1024 * 1024


class Item(Struct):
    """What the body workload sends."""

    name: str
    price: float
    count: int


class Address(Struct):
    """Where an order goes."""

    street: str
    city: str
    latitude: float
    longitude: float


class Sold(Struct):
    """A line of a response."""

    sku: str
    amount: float
    paid: bool


class Order(Struct):
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


class Sent(Struct):
    """A form."""

    name: str
    city: str
    age: int


ORDERS = convert(make_orders(), list[Order])


@get("/plaintext", media_type=MediaType.TEXT)
async def plaintext() -> str:
    return f"Hello, {NAME}!"


@get("/json")
async def as_json() -> dict[str, str]:
    return {"message": f"Hello, {NAME}!"}


@get("/users/{user_id:int}")
async def path(user_id: int) -> dict[str, int]:
    return {"user_id": user_id}


@get("/search")
async def query(q: str, limit: int = 10) -> dict[str, Any]:
    return {"q": q, "limit": limit}


@post("/items", status_code=200)
async def body(data: Item) -> Item:
    return data


async def greeting() -> str:
    return "Hello"


async def addressee(greeting: str) -> str:
    return f"{greeting}, {NAME}"


async def sentence(addressee: str) -> str:
    return f"{addressee}!"


PROVIDED = {"greeting": Provide(greeting), "addressee": Provide(addressee), "sentence": Provide(sentence)}


@get("/dependencies", dependencies=PROVIDED)
async def dependencies(sentence: str) -> dict[str, str]:
    return {"message": sentence}


@get("/orders")
async def orders() -> list[Order]:
    return ORDERS


@get(PATHS["headers"])
async def headers(
    request_id: Annotated[str, Parameter(header="X-Request-ID")],
    language: Annotated[str, Parameter(header="Accept-Language")],
) -> dict[str, str]:
    return {"request_id": request_id, "language": language}


@get(PATHS["cookies"])
async def cookies(
    chosen: Annotated[str, Parameter(cookie="session")], theme: Annotated[str, Parameter(cookie="theme")]
) -> dict[str, str]:
    return {"session": chosen, "theme": theme}


@post(PATHS["form"], status_code=200)
async def form(data: Annotated[Sent, Body(media_type=RequestEncodingType.URL_ENCODED)]) -> dict[str, Any]:
    return {"name": data.name, "age": data.age}


@post([PATHS["nested"], PATHS["reading"]], status_code=200)
async def nested(data: Basket) -> dict[str, int]:
    return {"lines": len(data.lines), "count": sum(line.count for line in data.lines)}


@get(PATHS["list"])
async def listed() -> list[dict[str, Any]]:
    return LISTED


@get(PATHS["sync"], sync_to_thread=True)
def in_a_thread() -> dict[str, str]:
    return {"message": f"Hello, {NAME}!"}


@websocket([PATHS["echo"], "/echo"])
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass


@post("/upload", status_code=200)
async def upload(request: Request[Any, Any, Any]) -> dict[str, int]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return {"size": size}


@post("/files", status_code=200)
async def files(data: Annotated[dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)]) -> Any:
    size = 0
    while piece := await data["file"].read(PIECE):
        size += len(piece)
    return {"size": size}


async def in_pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(LARGE), PIECE):
        yield LARGE[start : start + PIECE]


@get("/stream")
async def stream() -> Stream:
    return Stream(in_pieces())


class Marking(ASGIMiddleware):
    """Adds a header to every response."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Any, receive: Any, send: Any, next_app: Any) -> None:
        async def marked(message: Any) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message)["x-marked"] = "yes"
            await send(message)

        await next_app(scope, receive, marked)


class Reading(ASGIMiddleware):
    """Looks at the body of every request before the handler does."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Any, receive: Any, send: Any, next_app: Any) -> None:
        # Litestar keeps what a request has read with the connection, so that the handler can have it too.
        if b"forbidden" in await Request[Any, Any, Any](scope, receive).body():
            raise PermissionDeniedException
        await next_app(scope, receive, send)


async def collection() -> dict[str, int]:
    return {"count": 0}


async def one(item_id: int) -> dict[str, int]:
    return {"item_id": item_id}


def resource(number: int) -> list[Any]:
    """Return the five routes of a resource."""
    place, item = f"/resources{number}", f"/resources{number}/{{item_id:int}}"
    return [
        get(place)(collection),
        post(place)(collection),
        get(item)(one),
        put(item)(one),
        delete(item, status_code=200)(one),
    ]


HANDLERS = [
    *(plaintext, as_json, path, query, body, dependencies, orders, headers, cookies, form, nested, listed),
    *(in_a_thread, echo, upload, files, stream),
]
app = Litestar(HANDLERS, request_max_body_size=MOST_BYTES)
wrapped = Litestar([as_json], middleware=[Marking() for _ in range(5)])
reading = Litestar([nested], middleware=[Reading()])
large = Litestar([handler for number in range(RESOURCES) for handler in resource(number)])

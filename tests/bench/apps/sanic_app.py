"""The workloads as a Sanic application, checked by hand as its users do, behind its ASGI entry."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from by_hand import ORDERS, is_basket, is_item, shown
from drawn import LISTED, PATHS
from sanic import HTTPResponse, Request, Sanic, json, text
from sanic.exceptions import BadRequest, Forbidden
from workloads import LARGE, PIECE, RESOURCES

NAME = "World"
MADE = [Sanic(name, configure_logging=False) for name in ("app", "large", "wrapped", "reading")]
app, large, wrapped, reading = MADE
app.config.REQUEST_MAX_SIZE = 64 * 1024 * 1024
for each in MADE[1:]:
    # The first to start has Sanic rewrite its own methods, those of all applications, which it does only once.
    each.config.TOUCHUP = False


async def start() -> None:
    """Let the applications start as a server has them do."""
    for each in MADE:
        coming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
        begun = asyncio.Event()

        async def receive(coming: Any = coming, begun: asyncio.Event = begun) -> Any:
            message = next(coming)
            if message["type"] == "lifespan.shutdown":
                begun.set()
                await asyncio.Future[None]()
            return message

        async def send(message: Any) -> None:
            pass

        STARTED.append(asyncio.ensure_future(each({"type": "lifespan", "asgi": {}}, receive, send)))
        await begun.wait()


STARTED: list[asyncio.Future[None]] = []
"""Lives as long as the process."""


@app.get("/plaintext")
async def plaintext(request: Request) -> HTTPResponse:
    return text(f"Hello, {NAME}!")


@app.get("/json")
@wrapped.get("/json")
async def as_json(request: Request) -> HTTPResponse:
    return json({"message": f"Hello, {NAME}!"})


@app.get("/users/<user_id:int>")
async def path(request: Request, user_id: int) -> HTTPResponse:
    return json({"user_id": user_id})


@app.get("/search")
async def query(request: Request) -> HTTPResponse:
    return json({"q": request.args["q"][0], "limit": int(request.args.get("limit", "10"))})


@app.post("/items")
async def body(request: Request) -> HTTPResponse:
    item = request.json
    if not is_item(item):
        raise BadRequest
    return json({"name": item["name"], "price": item["price"], "count": item["count"]})


@app.get("/orders")
async def orders(request: Request) -> HTTPResponse:
    return json(shown(ORDERS))


@app.get(PATHS["headers"])
async def headers(request: Request) -> HTTPResponse:
    return json({"request_id": request.headers["x-request-id"], "language": request.headers["accept-language"]})


@app.get(PATHS["cookies"])
async def cookies(request: Request) -> HTTPResponse:
    return json({"session": request.cookies.get("session"), "theme": request.cookies.get("theme")})


@app.post(PATHS["form"])
async def form(request: Request) -> HTTPResponse:
    return json({"name": request.form["name"][0], "age": int(request.form["age"][0])})


@app.post(PATHS["nested"])
@reading.post(PATHS["reading"])
async def nested(request: Request) -> HTTPResponse:
    basket = request.json
    if not is_basket(basket):
        raise BadRequest("some value is of the wrong type")
    lines = basket["lines"]
    return json({"lines": len(lines), "count": sum(line["count"] for line in lines)})


@app.get(PATHS["list"])
async def listed(request: Request) -> HTTPResponse:
    return json(LISTED)


def greet() -> dict[str, str]:
    return {"message": f"Hello, {NAME}!"}


@app.get(PATHS["sync"])
async def in_a_thread(request: Request) -> HTTPResponse:
    return json(await asyncio.to_thread(greet))


async def echo(request: Request, ws: Any) -> None:
    while (message := await ws.recv()) is not None:
        await ws.send(message)


app.add_websocket_route(echo, PATHS["echo"], name="drawn_echo")
app.add_websocket_route(echo, "/echo")


@app.post("/upload", stream=True)
async def upload(request: Any) -> HTTPResponse:
    size = 0
    async for piece in request.stream:
        size += len(piece)
    return json({"size": size})


@app.post("/files")
async def files(request: Any) -> HTTPResponse:
    return json({"size": len(request.files["file"][0].body)})


@app.get("/stream")
async def stream(request: Any) -> None:
    response = await request.respond(content_type="application/octet-stream")
    for start in range(0, len(LARGE), PIECE):
        await response.send(LARGE[start : start + PIECE])
    await response.eof()


async def mark(request: Request, response: HTTPResponse) -> None:
    """Add a header to every response."""
    response.headers["x-marked"] = "yes"


for _ in range(5):
    # It registers a function once, so there are five.
    wrapped.register_middleware(functools.partial(mark), "response")


@reading.on_request
async def look_at_body(request: Request) -> None:
    if b"forbidden" in request.body:
        raise Forbidden


async def collection(request: Request) -> HTTPResponse:
    return json({"count": 0})


async def one(request: Request, item_id: int) -> HTTPResponse:
    return json({"item_id": item_id})


for number in range(RESOURCES):
    large.add_route(collection, f"/resources{number}", methods=["GET", "POST"], name=f"all{number}")
    large.add_route(one, f"/resources{number}/<item_id:int>", methods=["GET", "PUT", "DELETE"], name=f"one{number}")

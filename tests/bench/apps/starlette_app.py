"""The workloads as a Starlette application, checked by hand as its users do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from by_hand import ORDERS, is_basket, is_item, shown
from drawn import LISTED, PATHS
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders, UploadFile
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket
from workloads import LARGE, PIECE, RESOURCES

NAME = "World"


async def plaintext(request: Request) -> Response:
    return PlainTextResponse(f"Hello, {NAME}!")


async def as_json(request: Request) -> Response:
    return JSONResponse({"message": f"Hello, {NAME}!"})


async def path(request: Request) -> Response:
    return JSONResponse({"user_id": request.path_params["user_id"]})


async def query(request: Request) -> Response:
    return JSONResponse({"q": request.query_params["q"], "limit": int(request.query_params.get("limit", "10"))})


async def body(request: Request) -> Response:
    item = await request.json()
    if not is_item(item):
        return Response(status_code=400)
    return JSONResponse({"name": item["name"], "price": item["price"], "count": item["count"]})


async def orders(request: Request) -> Response:
    return JSONResponse(shown(ORDERS))


async def headers(request: Request) -> Response:
    return JSONResponse({"request_id": request.headers["x-request-id"], "language": request.headers["accept-language"]})


async def cookies(request: Request) -> Response:
    return JSONResponse({"session": request.cookies["session"], "theme": request.cookies["theme"]})


async def form(request: Request) -> Response:
    async with request.form() as sent:
        return JSONResponse({"name": sent["name"], "age": int(str(sent["age"]))})


async def nested(request: Request) -> Response:
    basket = await request.json()
    if not is_basket(basket):
        return JSONResponse({"detail": "some value is of the wrong type"}, status_code=400)
    lines = basket["lines"]
    return JSONResponse({"lines": len(lines), "count": sum(line["count"] for line in lines)})


async def listed(request: Request) -> Response:
    return JSONResponse(LISTED)


def in_a_thread(request: Request) -> Response:
    return JSONResponse({"message": f"Hello, {NAME}!"})


async def echo(ws: WebSocket) -> None:
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)


async def upload(request: Request) -> Response:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return JSONResponse({"size": size})


async def files(request: Request) -> Response:
    size = 0
    async with request.form() as sent:
        file = sent["file"]
        assert isinstance(file, UploadFile)
        while piece := await file.read(PIECE):
            size += len(piece)
    return JSONResponse({"size": size})


async def in_pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(LARGE), PIECE):
        yield LARGE[start : start + PIECE]


async def stream(request: Request) -> Response:
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


class Reading(BaseHTTPMiddleware):
    """Looks at the body of every request before the handler does."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        if b"forbidden" in await request.body():
            return PlainTextResponse("Forbidden", status_code=403)
        response: Response = await call_next(request)
        return response


async def collection(request: Request) -> Response:
    return JSONResponse({"count": 0})


async def one(request: Request) -> Response:
    return JSONResponse({"item_id": request.path_params["item_id"]})


def resource(number: int) -> Sequence[BaseRoute]:
    """Return the five routes of a resource."""
    item = f"/resources{number}/{{item_id:int}}"
    return (
        Route(f"/resources{number}", collection, methods=["GET"]),
        Route(f"/resources{number}", collection, methods=["POST"]),
        *(Route(item, one, methods=[method]) for method in ("GET", "PUT", "DELETE")),
    )


app = Starlette(
    routes=[
        Route("/plaintext", plaintext),
        Route("/json", as_json),
        Route("/users/{user_id:int}", path),
        Route("/search", query),
        Route("/items", body, methods=["POST"]),
        Route("/orders", orders),
        Route(PATHS["headers"], headers),
        Route(PATHS["cookies"], cookies),
        Route(PATHS["form"], form, methods=["POST"]),
        Route(PATHS["nested"], nested, methods=["POST"]),
        Route(PATHS["list"], listed),
        Route(PATHS["sync"], in_a_thread),
        WebSocketRoute(PATHS["echo"], echo),
        WebSocketRoute("/echo", echo),
        Route("/upload", upload, methods=["POST"]),
        Route("/files", files, methods=["POST"]),
        Route("/stream", stream),
    ]
)
large = Starlette(routes=[route for number in range(RESOURCES) for route in resource(number)])
wrapped = Starlette(routes=[Route("/json", as_json)], middleware=[Middleware(Marking) for _ in range(5)])
reading = Starlette(
    routes=[Route(PATHS["reading"], nested, methods=["POST"])],
    middleware=[Middleware(Reading)],
)

"""The workloads as a Falcon application, checked by hand as its users do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import falcon
import falcon.asgi
from by_hand import ORDERS, is_basket, is_item, shown
from drawn import LISTED, PATHS
from workloads import LARGE, PIECE, RESOURCES

NAME = "World"


class Plaintext:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = f"Hello, {NAME}!"


class AsJSON:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"message": f"Hello, {NAME}!"}


class Path:
    async def on_get(self, req: Any, resp: Any, user_id: int) -> None:
        resp.media = {"user_id": user_id}


class Query:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"q": req.get_param("q", required=True), "limit": req.get_param_as_int("limit", default=10)}


class Body:
    async def on_post(self, req: Any, resp: Any) -> None:
        item = await req.get_media()
        if not is_item(item):
            raise falcon.HTTPBadRequest
        resp.media = {"name": item["name"], "price": item["price"], "count": item["count"]}


class Orders:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = shown(ORDERS)


class Headers:
    async def on_get(self, req: Any, resp: Any) -> None:
        request_id = req.get_header("X-Request-ID", required=True)
        resp.media = {"request_id": request_id, "language": req.get_header("Accept-Language", required=True)}


class Cookies:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"session": req.cookies["session"], "theme": req.cookies["theme"]}


class Form:
    async def on_post(self, req: Any, resp: Any) -> None:
        sent = await req.get_media()
        resp.media = {"name": sent["name"], "age": int(sent["age"])}


class Nested:
    async def on_post(self, req: Any, resp: Any) -> None:
        basket = await req.get_media()
        if not is_basket(basket):
            raise falcon.HTTPBadRequest(description="some value is of the wrong type")
        lines = basket["lines"]
        resp.media = {"lines": len(lines), "count": sum(line["count"] for line in lines)}


class Listed:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = LISTED


def greet() -> dict[str, str]:
    return {"message": f"Hello, {NAME}!"}


class InAThread:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = await asyncio.get_running_loop().run_in_executor(None, greet)


class Echo:
    async def on_websocket(self, req: Any, ws: Any) -> None:
        await ws.accept()
        try:
            while True:
                await ws.send_text(await ws.receive_text())
        except falcon.WebSocketDisconnected:
            pass


class Upload:
    async def on_post(self, req: Any, resp: Any) -> None:
        size = 0
        async for piece in req.stream:
            size += len(piece)
        resp.media = {"size": size}


class Files:
    async def on_post(self, req: Any, resp: Any) -> None:
        size = 0
        async for part in await req.get_media():
            async for piece in part.stream:
                size += len(piece)
        resp.media = {"size": size}


async def in_pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(LARGE), PIECE):
        yield LARGE[start : start + PIECE]


class Stream:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.stream = in_pieces()


class Marking:
    """Adds a header to every response."""

    async def process_response(self, req: Any, resp: Any, resource: Any, req_succeeded: bool) -> None:
        resp.set_header("x-marked", "yes")


class Reading:
    """Looks at the body of every request before the handler does."""

    async def process_request(self, req: Any, resp: Any) -> None:
        # Falcon keeps what media it has read, so that the handler can have it too.
        basket = await req.get_media()
        if "forbidden" in basket:
            raise falcon.HTTPForbidden


class Collection:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"count": 0}

    on_post = on_get


class One:
    async def on_get(self, req: Any, resp: Any, item_id: int) -> None:
        resp.media = {"item_id": item_id}

    on_put = on_get
    on_delete = on_get


app = falcon.asgi.App()
app.add_route("/plaintext", Plaintext())
app.add_route("/json", AsJSON())
app.add_route("/users/{user_id:int}", Path())
app.add_route("/search", Query())
app.add_route("/items", Body())
app.add_route("/orders", Orders())
app.add_route(PATHS["headers"], Headers())
app.add_route(PATHS["cookies"], Cookies())
app.add_route(PATHS["form"], Form())
app.add_route(PATHS["nested"], Nested())
app.add_route(PATHS["list"], Listed())
app.add_route(PATHS["sync"], InAThread())
app.add_route(PATHS["echo"], Echo())
app.add_route("/echo", Echo())
app.add_route("/upload", Upload())
app.add_route("/files", Files())
app.add_route("/stream", Stream())

wrapped = falcon.asgi.App(middleware=[Marking() for _ in range(5)])
wrapped.add_route("/json", AsJSON())
reading = falcon.asgi.App(middleware=[Reading()])
reading.add_route(PATHS["reading"], Nested())

large = falcon.asgi.App()
for number in range(RESOURCES):
    large.add_route(f"/resources{number}", Collection())
    large.add_route(f"/resources{number}/{{item_id:int}}", One())

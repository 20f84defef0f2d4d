"""The workloads as a Falcon application, checked by hand as its users do."""

from __future__ import annotations

from typing import Any

import falcon
import falcon.asgi
from workloads import RESOURCES

NAME = "World"


class Plaintext:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = f"Hello, {NAME}!"


class AsJSON:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"message": f"Hello, {NAME}!"}

    on_head = on_get


class Path:
    async def on_get(self, req: Any, resp: Any, user_id: int) -> None:
        resp.media = {"user_id": user_id}


class Query:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"q": req.get_param("q", required=True), "limit": req.get_param_as_int("limit", default=10)}


class Body:
    async def on_post(self, req: Any, resp: Any) -> None:
        item = await req.get_media()
        if not (isinstance(item["name"], str) and isinstance(item["price"], float) and isinstance(item["count"], int)):
            raise falcon.HTTPBadRequest
        resp.media = {"name": item["name"], "price": item["price"], "count": item["count"]}

    on_put = on_post


class Headers:
    async def on_get(self, req: Any, resp: Any) -> None:
        request_id = req.get_header("X-Request-ID", required=True)
        resp.media = {"request_id": request_id, "language": req.get_header("Accept-Language", required=True)}


class Cookies:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"session": req.cookies["session"], "theme": req.cookies["theme"]}


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
app.add_route("/headers", Headers())
app.add_route("/cookies", Cookies())

large = falcon.asgi.App()
for number in range(RESOURCES):
    large.add_route(f"/resources{number}", Collection())
    large.add_route(f"/resources{number}/{{item_id:int}}", One())

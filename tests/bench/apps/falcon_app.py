"""The workloads as a Falcon application, checked by hand as its users do."""

from __future__ import annotations

from typing import Any

import falcon
import falcon.asgi


class Plaintext:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "Hello, World!"


class AsJSON:
    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"message": "Hello, World!"}


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


app = falcon.asgi.App()
app.add_route("/plaintext", Plaintext())
app.add_route("/json", AsJSON())
app.add_route("/users/{user_id:int}", Path())
app.add_route("/search", Query())
app.add_route("/items", Body())

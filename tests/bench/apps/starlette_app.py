"""The workloads as a Starlette application, checked by hand as its users do."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


async def plaintext(request: Request) -> Response:
    return PlainTextResponse("Hello, World!")


async def as_json(request: Request) -> Response:
    return JSONResponse({"message": "Hello, World!"})


async def path(request: Request) -> Response:
    return JSONResponse({"user_id": request.path_params["user_id"]})


async def query(request: Request) -> Response:
    return JSONResponse({"q": request.query_params["q"], "limit": int(request.query_params.get("limit", "10"))})


async def body(request: Request) -> Response:
    item = await request.json()
    if not (isinstance(item["name"], str) and isinstance(item["price"], float) and isinstance(item["count"], int)):
        return Response(status_code=400)
    return JSONResponse({"name": item["name"], "price": item["price"], "count": item["count"]})


app = Starlette(
    routes=[
        Route("/plaintext", plaintext),
        Route("/json", as_json),
        Route("/users/{user_id:int}", path),
        Route("/search", query),
        Route("/items", body, methods=["POST"]),
    ]
)

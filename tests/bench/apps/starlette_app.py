"""The workloads as a Starlette application, checked by hand as its users do."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from workloads import RESOURCES

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
    if not (isinstance(item["name"], str) and isinstance(item["price"], float) and isinstance(item["count"], int)):
        return Response(status_code=400)
    return JSONResponse({"name": item["name"], "price": item["price"], "count": item["count"]})


async def headers(request: Request) -> Response:
    return JSONResponse({"request_id": request.headers["x-request-id"], "language": request.headers["accept-language"]})


async def cookies(request: Request) -> Response:
    return JSONResponse({"session": request.cookies["session"], "theme": request.cookies["theme"]})


async def collection(request: Request) -> Response:
    return JSONResponse({"count": 0})


async def one(request: Request) -> Response:
    return JSONResponse({"item_id": request.path_params["item_id"]})


app = Starlette(
    routes=[
        Route("/plaintext", plaintext),
        Route("/json", as_json),
        Route("/users/{user_id:int}", path),
        Route("/search", query),
        Route("/items", body, methods=["POST", "PUT"]),
        Route("/headers", headers),
        Route("/cookies", cookies),
    ]
)
large = Starlette(
    routes=[
        route
        for number in range(RESOURCES)
        for route in (
            Route(f"/resources{number}", collection, methods=["GET"]),
            Route(f"/resources{number}", collection, methods=["POST"]),
            Route(f"/resources{number}/{{item_id:int}}", one, methods=["GET"]),
            Route(f"/resources{number}/{{item_id:int}}", one, methods=["PUT"]),
            Route(f"/resources{number}/{{item_id:int}}", one, methods=["DELETE"]),
        )
    ]
)

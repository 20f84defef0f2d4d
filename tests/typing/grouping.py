"""Routers, controllers and what is around them; type checkers read it, and nothing runs it."""

from __future__ import annotations

from typing import assert_type

import hawkapi
from hawkapi import Controller, HawkAPI, HTTPException, JSONResponse, Request, Response, Route, Router, VersionRouter
from hawkapi.types import ASGIApp, Receive, Scope, Send

router = Router(prefix="/users", tags=["users"])
v2 = VersionRouter("v2", prefix="/users")


@router.get("/{user_id:int}", name="user", summary="One user", deprecated=False)
async def user(user_id: int) -> dict[str, int]:
    return {"id": user_id}


@v2.route("/{user_id:int}", methods=["GET", "POST"])
def newer(user_id: int) -> int:
    return user_id


class Users(Controller):
    """Methods keep their types, `self` among them."""

    prefix = "/people"
    tags = ["people"]  # noqa: RUF012 - as users write it

    @hawkapi.get("/{person_id:int}")
    async def person(self, person_id: int) -> int:
        return person_id

    @hawkapi.post("/", status_code=201)
    def create(self, name: str) -> str:
        return name


class Timing:
    """A middleware is an ASGI class; its options are keyword arguments."""

    def __init__(self, app: ASGIApp, *, header: str = "x-time") -> None:
        self.app = app
        self.header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


app = HawkAPI()
app.include_router(router)
app.include_router(v2)
app.include_controller(Users)
app.add_middleware(Timing, header="x-took")
app.mount("/old", HawkAPI(), name="old")


class OutOfStockError(Exception):
    """An application's own error."""

    item = "hat"


@app.exception_handler(OutOfStockError)
async def out_of_stock(request: Request, exc: OutOfStockError) -> Response:
    return JSONResponse({"item": exc.item, "path": request.path}, status_code=409)


@app.exception_handler(404)
def not_found(request: Request, exc: HTTPException) -> dict[str, str]:
    return {"path": request.path, "detail": str(exc.detail)}


async def keeps_types(request: Request) -> None:
    """Decorators of routers, of controllers and of exception handlers give back what they were given."""
    assert_type(await user(1), dict[str, int])
    assert_type(newer(1), int)
    assert_type(await Users().person(1), int)
    assert_type(Users().create("a"), str)
    assert_type(await out_of_stock(request, OutOfStockError()), Response)
    assert_type(not_found(request, HTTPException(404)), dict[str, str])
    assert_type(app.url_path_for("user", user_id=1), str)
    assert_type(app.routes, list[Route])
    assert_type(app.remove_route("/users/{user_id:int}"), list[Route])


def refuses_what_is_none() -> None:
    """A router, a controller, a class of exceptions and an option are each what they are called."""
    app.include_router(Users)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    app.include_router(HawkAPI)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    app.include_controller(Timing)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    app.include_controller(Users())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    app.exception_handler("404")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    app.exception_handler(OutOfStockError())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    app.get("/", colour="red")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    app.get(user)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    app.get("/", status_code="200")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Users().create(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

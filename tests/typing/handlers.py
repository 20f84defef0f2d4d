"""What users write around handlers; type checkers read it, and nothing runs it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, assert_type

from hawkapi import HawkAPI, HTTPException, JSONResponse, Response, Route


@dataclass
class Item:
    """A body."""

    name: str
    price: float = 0.0


@asynccontextmanager
async def lifespan(app: HawkAPI) -> AsyncGenerator[None]:
    yield


app = HawkAPI(title="Shop", lifespan=lifespan, validation_error_status=422)


@app.get("/items/{item_id:int}")
async def read(item_id: int, q: str = "") -> dict[str, str | int]:
    if item_id < 0:
        raise HTTPException(404, detail="no such item")
    return {"item_id": item_id, "q": q}


@app.post("/items", status_code=201)
def create(item: Item) -> Item:
    return item


@app.put("/items")
@app.patch("/items")
async def change(item: Item, *, dry_run: bool = False) -> Response:
    return JSONResponse({"name": item.name}, status_code=202)


@app.delete("/items/{item_id:int}")
async def remove(item_id: int) -> None:
    return None


@app.on_startup
async def connect() -> None:
    return None


@app.on_shutdown
def report() -> None:
    return None


async def calls_what_it_registered() -> None:
    """A decorator gives the function back as it was, with its parameters."""
    assert_type(await read(1), dict[str, str | int])
    assert_type(await read(item_id=1, q="x"), dict[str, str | int])
    assert_type(create(Item("hat")), Item)
    assert_type(await change(Item("hat"), dry_run=True), Response)
    await remove(1)
    await connect()
    report()
    # An error that is expected: without one, the comment itself is.
    await read("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    create()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await change(Item("hat"), True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def keeps_the_whole_type() -> None:
    """Neither the result nor the parameters are lost on the way through a decorator."""
    created: Callable[[Item], Item] = create
    removed: Callable[[int], Coroutine[Any, Any, None]] = remove
    hook: Callable[[], Coroutine[Any, Any, None]] = app.on_startup(connect)
    wrong: Callable[[str], Item] = create  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del created, removed, hook, wrong


def registers_without_a_decorator() -> None:
    """`add_route` takes any handler and gives the route."""
    assert_type(app.add_route("/more", create, methods=["POST"]), Route)
    app.add_route("/more", "create", methods=["POST"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def refuses_settings_of_another_type() -> None:
    """Settings are keyword-only and typed."""
    HawkAPI("Shop")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    HawkAPI(max_body_size="1 MB")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HawkAPI(no_such_setting=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

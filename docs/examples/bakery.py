"""A bakery: what a client of it has to know is in its OpenAPI document."""

from __future__ import annotations

import itertools
import threading
from enum import Enum
from typing import Annotated

from hawkapi import (
    Cookie,
    Form,
    HawkAPI,
    Header,
    HTTPException,
    Meta,
    PlainTextResponse,
    Query,
    Response,
    Struct,
    UploadFile,
    field,
)


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Topping(Struct):
    """Something on a cake, which may have something on it."""

    name: str
    on_top: list[Topping] = field(default_factory=list)


class Pickup(Struct, tag="pickup", tag_field="kind"):
    """The customer comes."""

    at: str


class Courier(Struct, tag="courier", tag_field="kind"):
    """Somebody brings it."""

    street: str
    fee: float = 2.5


class NewCake(Struct):
    """A cake that is wanted."""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    size: Size = Size.SMALL
    price: float | None = None
    toppings: list[Topping] = field(default_factory=list)
    allergens: dict[str, bool] = field(default_factory=dict)
    delivery: Pickup | Courier | None = None
    code: int | str = 0


class Cake(NewCake, kw_only=True):
    """A cake of the bakery."""

    id: int


app = HawkAPI(title="Bakery", version="1.0.0", description="Cakes, and what is on them.")
lock = threading.Lock()
"""Protects both dictionaries, which handlers in several threads change."""
cakes: dict[int, Cake] = {}
photos: dict[int, bytes] = {}
numbers = itertools.count(1)


def cake_of(cake_id: int) -> Cake:
    with lock:
        if cake_id not in cakes:
            raise HTTPException(404, f"There is no cake {cake_id}")
        return cakes[cake_id]


def kept(cake_id: int, cake: NewCake) -> Cake:
    made = Cake(
        id=cake_id,
        name=cake.name,
        size=cake.size,
        price=cake.price,
        toppings=cake.toppings,
        allergens=cake.allergens,
        delivery=cake.delivery,
        code=cake.code,
    )
    with lock:
        cakes[cake_id] = made
    return made


@app.post("/cakes", status_code=201)
async def add_cake(cake: NewCake) -> Cake:
    """Bake a cake."""
    return kept(next(numbers), cake)


@app.get("/cakes")
async def list_cakes(
    size: Size | None = None,
    name: Annotated[list[str] | None, Query(description="Only those with one of these names.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> list[Cake]:
    """Return the cakes, the oldest first."""
    with lock:
        found = sorted(cakes.values(), key=lambda cake: cake.id)
    return [cake for cake in found if size in {None, cake.size} and (name is None or cake.name in name)][:limit]


@app.get("/cakes/{cake_id}")
async def read_cake(cake_id: int) -> Cake:
    """Return one cake."""
    return cake_of(cake_id)


@app.put("/cakes/{cake_id}")
async def replace_cake(cake_id: int, cake: NewCake) -> Cake:
    """Bake a cake anew."""
    cake_of(cake_id)
    return kept(cake_id, cake)


@app.delete("/cakes/{cake_id}", status_code=204)
async def eat_cake(cake_id: int) -> None:
    """Eat a cake."""
    cake_of(cake_id)
    with lock:
        cakes.pop(cake_id, None)


@app.get("/named/{name}")
async def find_cake(name: str) -> Cake | None:
    """Return the first cake of a name, if there is one."""
    with lock:
        return next((cake for cake in cakes.values() if cake.name == name), None)


@app.post("/cakes/{cake_id}/photo")
async def add_photo(
    cake_id: int,
    photo: UploadFile,
    caption: Annotated[str, Form()] = "",
    tags: Annotated[list[str] | None, Form()] = None,
) -> dict[str, str | int]:
    """Keep a photo of a cake."""
    cake_of(cake_id)
    data = await photo.read()
    with lock:
        photos[cake_id] = data
    return {"file": photo.filename, "bytes": len(data), "caption": caption, "tags": ",".join(tags or ())}


@app.get("/cakes/{cake_id}/photo", responses={200: {"content": {"image/png": {}}}})
async def read_photo(cake_id: int) -> Response:
    """Return the photo of a cake."""
    with lock:
        if cake_id not in photos:
            raise HTTPException(404, f"There is no photo of cake {cake_id}")
        return Response(photos[cake_id], content_type="image/png")


@app.post("/newsletter")
async def subscribe(address: Annotated[str, Form()], often: Annotated[bool, Form()] = False) -> PlainTextResponse:
    """Tell a customer what is new."""
    return PlainTextResponse(f"{address} hears from us {'daily' if often else 'monthly'}")


@app.get("/whoami")
async def whoami(
    x_customer: Annotated[str, Header(description="Who asks.")], session: Annotated[str | None, Cookie()] = None
) -> dict[str, str | None]:
    """Return who asks."""
    return {"customer": x_customer, "session": session}

"""Arguments from every part of a request."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated

from hawkapi import Body, Cookie, Form, HawkAPI, Header, Query, Request, Response, UploadFile

app = HawkAPI()


class Order(Enum):
    PRICE = "price"
    NAME = "name"


@dataclass
class Filter:
    text: str = ""
    tags: list[str] = field(default_factory=list)
    order: Order = Order.NAME


@dataclass
class Item:
    name: str
    price: float = 0.0


@app.get("/items/{shop}")
async def find(
    shop: str,
    filter: Annotated[Filter, Query()],  # noqa: A002
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> dict[str, object]:
    return {"shop": shop, "text": filter.text, "tags": filter.tags, "order": filter.order, "limit": limit}


@app.get("/whoami")
async def whoami(
    request: Request,
    response: Response,
    accept_language: Annotated[str, Header()] = "en",
    session: Annotated[str | None, Cookie()] = None,
) -> dict[str, object]:
    response.headers["cache-control"] = "no-store"
    return {"path": request.path, "language": accept_language, "session": session}


@app.put("/items/{item_id}")
async def put(item_id: int, item: Item, note: Annotated[str, Body()] = "") -> dict[str, object]:
    return {"id": item_id, "name": item.name, "note": note}


@app.post("/photos")
async def upload(title: Annotated[str, Form(max_length=40)], photo: UploadFile) -> dict[str, object]:
    return {"title": title, "file": photo.filename, "bytes": photo.size}

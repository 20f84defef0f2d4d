"""The application that is fuzzed: routes with every kind of parameter, body and response.

Its answers depend on nothing but the request: no clock, no randomness, no sets in their own order, so that two
configurations can be compared.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from hawkapi import (
    Body,
    Cookie,
    EventSourceResponse,
    FileResponse,
    FormData,
    HawkAPI,
    Header,
    Meta,
    PlainTextResponse,
    Query,
    RedirectResponse,
    Request,
    Response,
    ServerSentEvent,
    StaticFiles,
    StreamingResponse,
    Struct,
)
from hawkapi.requests import UploadFile

LARGE = bytes(range(256)) * 512
MODIFIED = 1_700_000_000


class Color(Enum):
    RED = "red"
    GREEN = "green"


@dataclass
class Item:
    name: str
    price: float = 0.5
    tags: list[str] = field(default_factory=list)


@dataclass
class Box:
    item: Item
    more: list[Item] = field(default_factory=list)


@dataclass
class Numbers:
    size: int
    price: Decimal | None = None
    kind: int | Color | None = None


@dataclass
class Limits:
    name: Annotated[str, Meta(min_length=1, max_length=10, pattern="^[a-z]+$")]
    size: Annotated[int, Meta(ge=0, lt=100, multiple_of=5)] = 0
    tags: Annotated[list[str], Meta(max_length=3)] = field(default_factory=list)


@dataclass
class Times:
    at: datetime | date | time | None = None
    id: UUID | bytes | None = None


class Left(Struct, tag="left"):
    name: str = ""


class Right(Struct, tag="right"):
    size: int = 0


class Strict(Struct, forbid_unknown_fields=True, rename="camel"):
    name: str
    item_size: int = 0
    kind: Literal["red", 3] | None = None


@dataclass
class Page:
    page: Annotated[int, Meta(ge=1)] = 1
    size: int = 10


async def echo(x: Any) -> dict[str, Any]:
    """Answer with a parameter, whatever it became."""
    return {"type": type(x).__name__, "value": x}


def add_paths(app: HawkAPI) -> None:
    """Add routes for path parameters."""

    @app.get("/str/{x}")
    async def text(x: str) -> dict[str, Any]:
        return await echo(x)

    @app.get("/int/{x:int}")
    async def integer(x: int) -> dict[str, Any]:
        return await echo(x)

    @app.get("/float/{x:float}")
    async def number(x: float) -> dict[str, Any]:
        return await echo(x)

    @app.get("/uuid/{x:uuid}")
    async def uuid(x: UUID) -> dict[str, Any]:
        return await echo(x)

    @app.get("/annotated/{x}")
    async def annotated(x: int) -> dict[str, Any]:
        return await echo(x)

    @app.get("/date/{x}")
    def day(x: date) -> dict[str, Any]:
        return {"value": x}

    @app.get("/rest/{x:path}")
    async def rest(x: str) -> dict[str, Any]:
        return await echo(x)

    @app.get("/two/{a}/{b:int}/c")
    async def two(a: str, b: int) -> list[object]:
        return [a, b]


def add_parameters(app: HawkAPI) -> None:
    """Add routes for queries, header fields and cookies."""

    @app.get("/query")
    async def query(
        i: int = 0,
        f: float | None = None,
        b: bool = False,
        d: date | None = None,
        t: datetime | None = None,
        span: timedelta | None = None,
        u: UUID | None = None,
        n: Decimal | None = None,
        color: Color | None = None,
        word: Literal["a", "b"] | None = None,
        many: Annotated[list[int], Query()] = [],  # noqa: B006 - what users write
        text: Annotated[str, Query(max_length=20)] = "",
    ) -> list[object]:
        return [i, f, b, d, t, span, u, n, color, word, many, text]

    @app.get("/query/model")
    async def query_model(page: Annotated[Page, Query()]) -> Page:
        return page

    @app.get("/headers")
    async def headers(
        x_number: Annotated[int, Header()] = 0,
        x_flag: Annotated[bool, Header()] = False,
        x_many: Annotated[list[str], Header()] = [],  # noqa: B006 - what users write
    ) -> list[object]:
        return [x_number, x_flag, x_many]

    @app.get("/cookies")
    async def cookies(a: Annotated[str, Cookie()] = "", b: Annotated[int, Cookie()] = 0) -> list[object]:
        return [a, b]

    @app.get("/request")
    async def everything(request: Request) -> dict[str, Any]:
        return {
            "url": request.url,
            "base": request.base_url,
            "query": {name: request.query_params.getlist(name) for name in request.query_params},
            "headers": list(request.headers),
            "cookies": request.cookies,
            "type": request.content_type,
        }


def add_bodies(app: HawkAPI) -> None:
    """Add routes for bodies."""

    @app.post("/json/item")
    async def item(item: Item) -> Item:
        return item

    @app.post("/json/items")
    async def items(items: list[Item]) -> list[Item]:
        return items

    @app.post("/json/box")
    async def box(box: Box) -> Box:
        return box

    @app.post("/json/any")
    async def anything(value: Annotated[Any, Body()]) -> Any:
        return value

    @app.post("/json/union")
    async def union(value: Annotated[Left | Right, Body()]) -> Any:
        return value

    @app.post("/json/numbers")
    async def numbers(numbers: Numbers) -> Numbers:
        return numbers

    @app.post("/json/limits")
    async def limits(limits: Limits) -> Limits:
        return limits

    @app.post("/json/times")
    async def times(times: Times) -> Times:
        return times

    @app.post("/json/struct")
    async def strict(strict: Strict) -> Strict:
        return strict

    @app.post("/json/optional")
    async def optional(item: Item | None = None) -> Any:
        return {"item": item}

    @app.post("/json/request")
    async def raw(request: Request) -> Any:
        return {"document": await request.json()}

    @app.post("/body")
    async def body(request: Request) -> Response:
        parts = [chunk async for chunk in request.stream()]
        return Response(b"".join(parts), content_type="application/octet-stream")


def add_forms(app: HawkAPI) -> None:
    """Add routes for forms and files."""

    @app.post("/form")
    async def form(form: FormData) -> list[object]:
        return [[name, [await shown(value) for value in form.getlist(name)]] for name in form]

    @app.post("/form/typed")
    async def typed(request: Request) -> dict[str, object]:
        async with request.form() as form:
            return {"name": form.get("name"), "price": form.get("price"), "count": len(form)}

    @app.post("/upload")
    async def upload(file: UploadFile) -> list[object]:
        return [await shown(file)]


async def shown(value: str | UploadFile) -> object:
    """Return what a form held, as JSON can."""
    if isinstance(value, str):
        return value
    return [value.filename, value.content_type, value.size, await value.read()]


def add_responses(app: HawkAPI, files: Path) -> None:
    """Add routes for responses of each kind."""

    @app.get("/negotiate")
    async def negotiate() -> dict[str, Any]:
        return {"text": "ü", "number": 1.5, "list": [1, None, True]}

    @app.get("/file")
    async def file() -> FileResponse:
        return FileResponse(files / "large.bin")

    @app.get("/reflect/header")
    async def header(value: str = "") -> Response:
        printable = value if value.isascii() else "not ascii"
        return PlainTextResponse(value, headers={"x-value": printable})

    @app.get("/reflect/redirect")
    async def redirect(value: str = "/") -> RedirectResponse:
        return RedirectResponse(value)

    @app.get("/reflect/cookie")
    async def cookie(value: str = "") -> Response:
        response = PlainTextResponse("set")
        # A cookie takes few characters and bytes; that it refuses others is told to the program, not to the client.
        response.set_cookie("value", quote(value)[:3000])
        return response

    @app.get("/reflect/attachment")
    async def attachment(value: str = "a") -> FileResponse:
        return FileResponse(files / "style.css", filename=value)

    @app.get("/reflect/events")
    async def events(value: str = "") -> EventSourceResponse:
        async def three() -> AsyncIterator[ServerSentEvent | str]:
            yield value
            yield ServerSentEvent(value, event=value, id=value)
            yield "end"

        return EventSourceResponse(three())

    @app.get("/stream/{count:int}")
    async def stream(count: int) -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            for number in range(min(count, 100)):
                yield f"{number}\n"

        return StreamingResponse(lines())

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("crashed on purpose")


def make_app(place: Path) -> HawkAPI:
    """Return the application.

    Args:
        place: a directory for the files that it serves.
    """
    for name, content in (("large.bin", LARGE), ("style.css", b"body {}\n"), ("index.html", b"<p>index</p>\n")):
        (place / name).write_bytes(content)
        os.utime(place / name, (MODIFIED, MODIFIED))
    app = HawkAPI(max_body_size=1024 * 1024)
    inner = HawkAPI(max_body_size=1024)
    for each in (app, inner):
        add_paths(each)
        add_parameters(each)
        add_bodies(each)
        add_forms(each)
        add_responses(each, place)
    app.mount("/sub", inner)
    app.mount("/static", StaticFiles(directory=place, html=True))
    return app

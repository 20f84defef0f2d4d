"""Handlers that say where their arguments come from; type checkers read it, and nothing runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, assert_type

from hawkapi import (
    BackgroundTasks,
    Body,
    Cookie,
    File,
    Form,
    FormData,
    HawkAPI,
    Header,
    Headers,
    Path,
    Query,
    QueryParams,
    Request,
    Response,
    State,
    UploadFile,
)

app = HawkAPI()


@dataclass
class Login:
    """A form."""

    name: str
    password: str


@app.get("/items/{item_id}")
async def read(
    item_id: Annotated[int, Path(ge=1)],
    words: Annotated[list[str], Query(alias="q", max_length=3)],
    x_token: Annotated[str | None, Header()] = None,
    session: Annotated[str, Cookie(description="who it is")] = "",
) -> dict[str, int]:
    return {"item": item_id, "words": len(words), "named": len(x_token or session)}


@app.post("/login")
def login(form: Annotated[Login, Form()]) -> str:
    return form.name


@app.put("/numbers")
async def numbers(first: Annotated[int, Body(embed=True)], second: Annotated[int, Query(gt=0)] = 2) -> int:
    return first + second


@app.put("/numbers/{place}")
async def markers_as_defaults(
    place: int = Path(ge=0),
    size: int = Query(10, ge=1),
    words: list[str] = Query(default_factory=list),  # noqa: B008 - as FastAPI has it
    x_token: str | None = Header(None),
    session: str = Cookie(""),
    first: float = Body(embed=True),
) -> float:
    return place + size + first + len(words) + len(x_token or session)


@app.post("/pictures")
def pictures(
    title: str = Form(...),
    picture: UploadFile | None = File(None),  # noqa: B008 - ditto
    number: int = Form(1, ge=1),
) -> str:
    return title * number


@app.post("/files")
async def upload(request: Request, picture: Annotated[UploadFile, File(max_length=1_000_000)]) -> Response:
    data: bytes = await picture.read()
    await picture.seek(0)
    assert_type(await picture.read(10), bytes)
    assert_type(picture.size, int)
    return Response(data, content_type=picture.content_type)


async def looks_at(request: Request) -> None:
    """What a request has."""
    assert_type(request.method, str)
    assert_type(request.path, str)
    assert_type(request.headers, Headers)
    assert_type(request.headers.get("accept"), str | None)
    assert_type(request.headers.get("accept", "*/*"), str)
    assert_type(request.query_params, QueryParams)
    assert_type(request.path_params, Mapping[str, Any])
    assert_type(request.cookies, dict[str, str])
    assert_type(request.state, State)
    assert_type(await request.body(), bytes)
    assert_type(await request.form(), FormData)
    async with request.form(max_parts=10) as form:
        assert_type(form.get("name"), str | None)
        assert_type(form.getlist("files"), list[str | UploadFile])
    async for chunk in request.stream():
        assert_type(chunk, bytes)


@app.post("/jobs", status_code=202)
async def job(background: BackgroundTasks) -> None:
    background.add_task(login, Login("a", "b"))
    background.add_task(login, form=Login("a", "b"))
    background.add_task(numbers, 1, second=2)
    # A task is called with what its function takes.
    background.add_task(login, "a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    background.add_task(login)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    background.add_task(numbers, 1, third=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    background.add_task(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


async def refuses_other_arguments(request: Request) -> None:
    """Markers and requests are typed, and handlers keep the types of what markers fill."""
    Query(alias=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Path(colour="red")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Header("x-token", "y")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    request.form(max_parts="10")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await read("1", [])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(await read(1, ["a"], session="s"), dict[str, int])
    assert_type(await numbers(1), int)
    assert_type(await markers_as_defaults(size=3), float)
    await markers_as_defaults(size="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

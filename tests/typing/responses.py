"""What users write around responses; type checkers read it, and nothing runs it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import assert_type

from hawkapi import (
    BackgroundTasks,
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    ServerSentEvent,
    StreamingResponse,
)


def makes_responses() -> list[Response]:
    """Every response is a `Response`."""
    text = PlainTextResponse("hello", status_code=200, headers={"x-a": "b"})
    assert_type(text.status_code, int)
    return [text, JSONResponse({"a": [1, 2, None]}), JSONResponse([1]), Response(b"raw"), Response(status_code=204)]


def refuses_content_of_another_type() -> None:
    """Text is text, and a status is a number."""
    PlainTextResponse(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Response({"a": 1})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    JSONResponse({}, status_code="200")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def rows() -> AsyncGenerator[str]:
    yield "a,b\n"


async def events() -> AsyncGenerator[ServerSentEvent]:
    yield ServerSentEvent(data="1", event="count", id="1")


def makes_other_responses(data: Path, tasks: BackgroundTasks) -> list[Response]:
    """Streams, events, files, pages and redirections are responses too."""
    page = HTMLResponse("<p>hello</p>", headers=[("x-a", "b")], background=tasks)
    page.set_cookie("session", "x", max_age=60, httponly=True, samesite="lax")
    assert_type(page.headers["x-a"], str)
    return [
        page,
        StreamingResponse(rows(), content_type="text/csv"),
        StreamingResponse([b"a", b"b"]),
        EventSourceResponse(events()),
        FileResponse(data, filename="data.csv"),
        RedirectResponse("/elsewhere", status_code=303),
    ]


def refuses_what_cannot_be_sent() -> None:
    """A stream is given the iterator, not its function, and a cookie's policy is one of three."""
    StreamingResponse(rows)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    StreamingResponse(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    EventSourceResponse(events)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    FileResponse(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Response(headers={"x": 1})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Response().set_cookie("a", "b", samesite="never")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Response(background=rows)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

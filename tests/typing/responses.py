"""What users write around responses; type checkers read it, and nothing runs it."""

from __future__ import annotations

from typing import assert_type

from hawkapi import JSONResponse, PlainTextResponse, Response


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

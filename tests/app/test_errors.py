"""What goes wrong, on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import pytest
from apps import JSON, TYPES, Item, app_with, assert_problem
from asgi import call, request

from hawkapi import HTTPException, Response

INTERNAL = f'{{"type":"{TYPES}internal","title":"Internal Server Error","status":500,"detail":"Internal Server Error"}}'


async def fails() -> None:
    """Raise what nobody expects."""
    raise ZeroDivisionError("secret reason")


def fails_in_thread() -> None:
    """Raise in a worker."""
    raise ZeroDivisionError("secret reason")


async def returns_object():  # type: ignore[no-untyped-def]
    """Return what JSON has no form for."""
    return object()


async def returns_nan() -> float:
    """Return what JSON has no form for."""
    return float("nan")


async def returns_wrong_item() -> Item:
    """Return what the annotation does not allow."""
    return {"name": 5}  # type: ignore[return-value]


async def returns_bad_header() -> Response:
    """Return a field that HTTP cannot carry."""
    return Response(headers={"x": "日本"})


async def raises_unencodable() -> None:
    """Raise an exception whose detail has no JSON form."""
    raise HTTPException(400, object())


@pytest.mark.parametrize(
    "handler",
    [fails, fails_in_thread, returns_object, returns_nan, returns_wrong_item, returns_bad_header, raises_unencodable],
)
def test_failure(handler: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a handler does wrong is a 500 that tells nothing, and one log record that tells all."""
    assert_problem(request(app_with(handler), "GET", "/"), 500, INTERNAL)
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("hawkapi", logging.ERROR, "GET '/' failed")
    assert record.exc_info


def test_failure_with_debug() -> None:
    """With `debug` the client reads the exception's text."""
    body = INTERNAL.replace('"detail":"Internal Server Error"', '"detail":"secret reason"')
    assert_problem(request(app_with(fails, debug=True), "GET", "/"), 500, body)


def test_cancellation_is_not_answered() -> None:
    """A cancelled request sends nothing and stays cancelled."""

    async def scenario() -> None:
        started = asyncio.Event()

        async def wait() -> None:
            started.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(call(app_with(wait), "GET", "/"))
        await started.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("exc", "document"),
    [
        pytest.param(HTTPException(404), '"title":"Not Found","status":404', id="no-detail"),
        pytest.param(HTTPException(418, "short"), '"title":"I\'m a Teapot","status":418,"detail":"short"', id="text"),
        pytest.param(
            HTTPException(422, {"a": [1]}),
            '"title":"Unprocessable Entity","status":422,"detail":{"a":[1]}',
            id="object",
        ),
        pytest.param(HTTPException(413, ""), '"title":"Payload Too Large","status":413', id="compatible-phrase"),
        pytest.param(HTTPException(599, "x"), '"title":"Error","status":599,"detail":"x"', id="status-without-name"),
    ],
)
def test_http_exception(exc: HTTPException, document: str) -> None:
    """An `HTTPException` is a problem document with the status's name."""

    async def handler() -> None:
        raise exc

    assert_problem(request(app_with(handler), "GET", "/"), exc.status_code, f'{{"type":"{TYPES}http",{document}}}')


def test_http_exception_headers() -> None:
    """Its fields are sent; a content type replaces the document's; line breaks cannot write further fields."""

    def handler() -> None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer\r\nx: y", "Content-Type": "application/json"})

    reply = request(app_with(handler), "GET", "/")
    assert reply.headers[:2] == [(b"www-authenticate", b"Bearerx: y"), JSON]
    assert len(reply.headers) == 3


@pytest.mark.parametrize("status", [204, 304])
def test_http_exception_without_body(status: int) -> None:
    """A status without content has no document."""

    async def handler() -> None:
        raise HTTPException(status, "ignored", headers={"etag": '"x"'})

    reply = request(app_with(handler), "GET", "/")
    assert (reply.status, reply.headers, reply.body) == (status, [(b"etag", b'"x"')], b"")


def test_http_exception_text() -> None:
    """The exception reads as its detail."""
    exc = HTTPException(404, "no such thing", headers={"x": "1"})
    assert (str(exc), exc.status_code, exc.detail, exc.headers) == ("no such thing", 404, "no such thing", {"x": "1"})

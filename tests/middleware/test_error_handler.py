"""`ErrorHandlerMiddleware`: the responses to what escapes an application."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from apps import app_with, hello
from asgi import call, request

from hawkapi import HawkAPI, HTTPException, Middleware, Request, RequestValidationError, ValidationErrorDetail
from hawkapi.exceptions import ClientDisconnect
from hawkapi.middleware import CORSMiddleware, ErrorHandlerMiddleware


def failing(exc: Exception, **options: Any) -> HawkAPI:
    """Return an application in which a middleware raises, inside one that answers what it raises."""

    class Fail(Middleware):
        async def before_request(self, request: Request) -> None:
            raise exc

    app = app_with(hello)
    app.add_middleware(CORSMiddleware)
    app.add_middleware(ErrorHandlerMiddleware, **options)
    app.add_middleware(Fail)
    return app


@pytest.mark.parametrize(
    ("exc", "status", "detail"),
    [
        (HTTPException(418, "short"), 418, "short"),
        (RequestValidationError([ValidationErrorDetail("query.a", "wrong")], status_code=422), 422, None),
        (RequestValidationError([ValidationErrorDetail("query.a", "wrong")]), 400, None),
    ],
    ids=["http", "validation with a status", "validation"],
)
def test_exception_that_is_an_answer(exc: Exception, status: int, detail: str | None) -> None:
    """It has the response that it has from a handler, and passes the middleware around it."""
    reply = request(failing(exc), "GET", "/", headers={"origin": "https://a.example"})
    assert (reply.status, reply.header("access-control-allow-origin")) == (status, "*")
    assert detail is None or reply.json()["detail"] == detail


def test_exception_that_is_none(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the client is told nothing."""
    with caplog.at_level(logging.ERROR, "hawkapi"):
        reply = request(failing(ZeroDivisionError("secret")), "GET", "/")
    assert reply.status == 500
    assert reply.json() == {
        "type": "https://hawkapi.ashimov.com/errors/internal",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "Internal Server Error",
    }
    assert [(record.getMessage(), record.exc_info is not None) for record in caplog.records] == [
        ("GET '/' failed", True)
    ]


def test_traceback_for_developers() -> None:
    """With `debug` the client sees what failed."""
    detail = request(failing(ZeroDivisionError("the reason"), debug=True), "GET", "/").json()["detail"]
    assert detail.startswith("Traceback")
    assert "ZeroDivisionError: the reason" in detail


def test_failure_after_the_start() -> None:
    """It goes on to the server, which ends the connection."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        request(ErrorHandlerMiddleware(inner), "GET", "/")


def test_client_that_has_gone() -> None:
    """Nobody is there to be answered."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        raise ClientDisconnect("gone")

    with pytest.raises(ClientDisconnect):
        asyncio.run(call(ErrorHandlerMiddleware(inner), "GET", "/"))


def test_other_connections_pass() -> None:
    """What is no HTTP request is not answered with a response."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    async def nothing(*args: Any) -> Any:
        """Do nothing."""

    with pytest.raises(ZeroDivisionError):
        asyncio.run(ErrorHandlerMiddleware(inner)({"type": "websocket"}, nothing, nothing))

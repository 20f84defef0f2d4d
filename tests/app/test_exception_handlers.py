"""Exception handlers: which one answers, and with what."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from apps import app_with
from asgi import request

from hawkapi import HawkAPI, HTTPException, JSONResponse, PlainTextResponse, Response
from hawkapi.exceptions import HandlerTimeoutError, HawkAPIError, PathNotFoundError
from hawkapi.requests import FormLimitError, MalformedBodyError, Request
from hawkapi.requests.request import RequestEntityTooLarge
from hawkapi.validation import RequestValidationError


class BaseBoom(Exception):
    """Something went wrong."""


class Boom(BaseBoom):
    """Something particular went wrong."""


class BoomHTTPError(Boom, HTTPException):
    """Something went wrong in a way of the user's own before it is an HTTP error."""


def app_raising(exc: BaseException, **options: Any) -> HawkAPI:
    """Return an application whose handler fails."""

    async def handler() -> None:
        """Fail."""
        raise exc

    return app_with(handler, **options)


def named(name: str) -> Any:
    """Return an exception handler that answers its name."""

    async def handler(request: Request, exc: Exception) -> Response:
        """Answer."""
        return PlainTextResponse(f"{name} {request.path} {type(exc).__name__}", status_code=499)

    return handler


@pytest.mark.parametrize(
    ("exc", "keys", "chosen"),
    [
        (Boom(), [Exception, BaseBoom, Boom], "Boom"),
        (Boom(), [Exception, BaseBoom], "BaseBoom"),
        (Boom(), [Exception], "Exception"),
        (Boom(), [Exception, 500], "500"),
        (Boom(), [500, Boom], "Boom"),
        (HTTPException(404), [HTTPException], "HTTPException"),
        (HTTPException(404), [HTTPException, 404], "404"),
        (PathNotFoundError("GET", "/"), [404, PathNotFoundError], "PathNotFoundError"),
        (RequestValidationError([]), [400, RequestValidationError], "RequestValidationError"),
        (RequestValidationError([]), [400], "400"),
        (RequestEntityTooLarge(5), [413], "413"),
        (RequestEntityTooLarge(5), [RequestEntityTooLarge], "RequestEntityTooLarge"),
        (HTTPException(404), [Exception, HawkAPIError], "HawkAPIError"),
        (FormLimitError("too much", 5), [ValueError, 413], "413"),
        (BoomHTTPError(409), [Exception, BaseBoom], "BaseBoom"),
    ],
)
def test_handler_chosen(exc: Exception, keys: list[Any], chosen: str) -> None:
    """The most specific class wins, then the status, then the general classes, whatever the order of registration."""
    for order in (keys, keys[::-1]):
        app = app_raising(exc)
        for key in order:
            app.exception_handler(key)(named(key.__name__ if isinstance(key, type) else str(key)))
        reply = request(app, "GET", "/")
        assert (reply.status, reply.body.decode()) == (499, f"{chosen} / {type(exc).__name__}")


@pytest.mark.parametrize(
    ("exc", "key", "status"),
    [
        pytest.param(HTTPException(409), Exception, 409, id="http"),
        pytest.param(PathNotFoundError("GET", "/"), Exception, 404, id="not-found"),
        pytest.param(RequestValidationError([]), Exception, 400, id="validation"),
        pytest.param(MalformedBodyError("x"), Exception, 400, id="malformed"),
        pytest.param(RequestEntityTooLarge(5), Exception, 413, id="too-large"),
        pytest.param(FormLimitError("too much", 5), ValueError, 413, id="form-limit"),
    ],
)
def test_handler_for_the_unexpected(exc: Exception, key: type[Exception], status: int) -> None:
    """A handler for `Exception` does not take over what has a response of its own."""
    app = app_raising(exc)
    app.exception_handler(key)(named("mine"))
    assert request(app, "GET", "/").status == status


@pytest.mark.parametrize(
    ("method", "target", "status"), [("GET", "/none", 404), ("PUT", "/", 405), ("GET", "/?n=x", 400)]
)
def test_handler_for_status(method: str, target: str, status: int) -> None:
    """What the framework itself refuses reaches the handlers too."""

    async def handler(n: int = 0) -> int:
        """Answer a number."""
        return n

    app = app_with(handler)
    app.exception_handler(status)(named("mine"))
    assert request(app, method, target).body.startswith(b"mine")


def test_handler_plain_function_and_value() -> None:
    """A plain function answers as well; a value that is no response is sent as JSON with 500."""
    app = app_raising(Boom())

    @app.exception_handler(Boom)
    def handler(request: Request, exc: Boom) -> dict[str, str]:
        return {"error": type(exc).__name__}

    reply = request(app, "GET", "/")
    assert (reply.status, reply.json()) == (500, {"error": "Boom"})


async def path_params_of(request: Request, exc: Exception) -> Response:
    """Answer the parameters of the path."""
    return JSONResponse(dict(request.path_params), status_code=409)


@pytest.mark.parametrize("plain", [True, False])
def test_handler_sees_path_parameters(plain: bool) -> None:
    """The request of an exception handler has the parameters of the path."""

    async def handler(item_id: int) -> None:
        """Fail."""
        raise Boom

    async def other(request: Request, item_id: int) -> None:
        """Fail too."""
        raise Boom

    app = app_with(handler if plain else other, "/{item_id}")
    app.exception_handler(Boom)(path_params_of)
    assert request(app, "GET", "/5").json() == {"item_id": "5"}


def test_handler_for_malformed_bodies() -> None:
    """A handler for malformed bodies comes before the validation error that they become."""

    async def handler(request: Request) -> None:
        """Read a body."""
        await request.json()

    app = app_with(handler, method="POST")
    assert request(app, "POST", "/", body=b"{").status == 400
    app.exception_handler(Exception)(named("general"))
    assert request(app, "POST", "/", body=b"{").status == 400
    app.exception_handler(MalformedBodyError)(named("malformed"))
    assert request(app, "POST", "/", body=b"{").body.startswith(b"malformed")


def test_handler_reads_body() -> None:
    """The body that the endpoint has read is there for the exception handler."""

    async def handler(item: dict[str, int]) -> None:
        """Take a body."""

    app = app_with(handler, method="POST")

    @app.exception_handler(RequestValidationError)
    async def show(request: Request, exc: RequestValidationError) -> Response:
        return JSONResponse({"was": (await request.body()).decode()}, status_code=422)

    reply = request(app, "POST", "/", body=b'{"a":"x"}')
    assert (reply.status, reply.json()) == (422, {"was": '{"a":"x"}'})


def test_handler_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """A handler's own failure is logged and answered with the plain 500."""
    app = app_raising(Boom())

    @app.exception_handler(Boom)
    async def handler(request: Request, exc: Boom) -> Response:
        raise LookupError("also wrong")

    with caplog.at_level(logging.ERROR, "hawkapi"):
        reply = request(app, "GET", "/")
    assert (reply.status, reply.json()["detail"]) == (500, "Internal Server Error")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [LookupError]


@pytest.mark.parametrize("key", [200, 600, True, str, "404", BaseException, object()])
def test_handler_key_refused(key: Any) -> None:
    """Only classes of exceptions and error statuses have handlers."""
    with pytest.raises((TypeError, ValueError), match="exception_handler"):
        HawkAPI().exception_handler(key)(named("x"))


def test_handler_without_key() -> None:
    """A decorator without its key is refused at once, not taken for one that registers nothing."""

    async def handler(request: Request, exc: Exception) -> None:
        """Stand where the key should be."""

    with pytest.raises(TypeError, match="needs a class of exceptions or a status, not <function"):
        HawkAPI().exception_handler(handler)  # type: ignore[arg-type]


def test_handler_must_be_callable() -> None:
    """A handler that cannot be called is refused when it is registered."""
    with pytest.raises(TypeError, match="needs a function"):
        HawkAPI().exception_handler(Boom)(None)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("application/json", "application/problem+json"),
        ("*/*", "application/problem+json"),
    ],
)
def test_debug_page(accept: str, content_type: str) -> None:
    """In debug the traceback is shown as the client prefers, escaped; JSON has the exception's text."""
    app = app_raising(Boom("<script>"), debug=True)
    reply = request(app, "GET", "/", headers={"accept": accept, "authorization": "Bearer secret"})
    assert (reply.status, reply.header("content-type")) == (500, content_type)
    text = reply.body.decode()
    assert "secret" not in text
    if "html" in content_type:
        assert "&lt;script&gt;" in text
        assert "<script>" not in text
    if "json" not in content_type:
        assert "raise exc" in text
    else:
        assert reply.json()["detail"] == "<script>"


def test_debug_off() -> None:
    """Without debug nothing of the exception is shown, whatever the client accepts."""
    reply = request(app_raising(Boom("inside")), "GET", "/", headers={"accept": "text/html"})
    assert (reply.header("content-type"), b"inside" in reply.body) == ("application/problem+json", False)


async def endless() -> None:
    """Never answer."""
    await asyncio.Event().wait()


def test_request_timeout() -> None:
    """A handler that takes too long is cancelled and answered with 504."""
    reply = request(app_with(endless, request_timeout=0.01), "GET", "/")
    assert reply.json() == {
        "type": "https://hawkapi.ashimov.com/errors/timeout",
        "title": "Request Timeout",
        "status": 504,
        "detail": "Handler exceeded 0.01s timeout",
    }
    app = app_with(endless, request_timeout=0.01)
    app.exception_handler(HandlerTimeoutError)(named("late"))
    assert request(app, "GET", "/").body == b"late / HandlerTimeoutError"


@pytest.mark.parametrize("limit", [None, 60.0])
def test_timeout_error_of_a_handler(limit: float | None) -> None:
    """A TimeoutError of the handler's own is an error like others."""
    assert request(app_raising(TimeoutError("mine"), request_timeout=limit), "GET", "/").status == 500


def test_request_timeout_refused() -> None:
    """A limit that nothing can keep is refused."""
    with pytest.raises(ValueError, match="request_timeout"):
        HawkAPI(request_timeout=0)

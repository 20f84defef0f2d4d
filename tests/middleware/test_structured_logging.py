"""`StructuredLoggingMiddleware`: one event for each request."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from apps import app_with, hello
from asgi import call, request

from hawkapi import (
    HawkAPI,
    HTTPException,
    Request,
    RequestIDMiddleware,
    StructuredLoggingMiddleware,
    TestClient,
    WebSocket,
)
from hawkapi.types import ASGIApp

structlog = pytest.importorskip("structlog", reason="it is optional")
pytestmark = pytest.mark.thread_unsafe(reason="structlog has one configuration for the whole process")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def events() -> Iterator[list[dict[str, Any]]]:
    """Have structlog keep its events in a list."""
    with structlog.testing.capture_logs() as kept:
        yield kept
    structlog.reset_defaults()


@pytest.fixture
def unconfigured() -> Iterator[None]:
    """Have structlog as it is before anybody has configured it, and after."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


async def tell_id(request: Request) -> str:
    """Answer the request's id."""
    return str(request.scope["request_id"])


def behind(app: ASGIApp, **options: Any) -> StructuredLoggingMiddleware:
    """Return an application behind the middleware, with a clock by which each request takes 1.5 ms."""
    moments = iter([0.0, 0.0015] * 10)
    return StructuredLoggingMiddleware(app, clock=lambda: next(moments), **options)


def test_event(events: list[dict[str, Any]]) -> None:
    """It has what was asked, what came of it, how long that took, and the request's id."""
    reply = request(behind(app_with(hello)), "GET", "/?secret=1", headers={"x-request-id": "a1"})
    assert reply.header("x-request-id") == "a1"
    assert events == [
        {
            "event": "request",
            "log_level": "info",
            "method": "GET",
            "path": "/",
            "status": 200,
            "duration_ms": 1.5,
            "request_id": "a1",
        }
    ]


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 129, "a\x7f"])
def test_id_that_is_made(given: str | None, events: list[dict[str, Any]]) -> None:
    """A missing or dangerous one is replaced."""
    reply = request(behind(app_with(tell_id)), "GET", "/", headers={} if given is None else {"x-request-id": given})
    assert UUID.fullmatch(reply.json())
    assert reply.json() == reply.header("x-request-id") == events[0]["request_id"]


@pytest.mark.parametrize(
    "classes",
    [(RequestIDMiddleware, StructuredLoggingMiddleware), (StructuredLoggingMiddleware, RequestIDMiddleware)],
    ids=["inside", "outside"],
)
def test_beside_the_middleware_for_ids(classes: tuple[Any, Any], events: list[dict[str, Any]]) -> None:
    """Both have the same id, and it is sent once."""
    app = app_with(tell_id)
    for cls in classes:
        app.add_middleware(cls)
    reply = request(app, "GET", "/")
    assert reply.json() == reply.header("x-request-id") == events[0]["request_id"]


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        pytest.param(ZeroDivisionError(), 500, id="error"),
        pytest.param(HTTPException(409), 409, id="answer"),
        pytest.param(asyncio.CancelledError(), 499, id="cancelled"),
    ],
)
def test_exception(raised: BaseException, status: int, events: list[dict[str, Any]]) -> None:
    """The event says what the client gets of it, and it goes on."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        raise raised

    async def main() -> None:
        with pytest.raises(type(raised)):
            await call(behind(inner), "GET", "/")

    asyncio.run(main())
    assert [event["status"] for event in events] == [status]


def test_level_and_field(events: list[dict[str, Any]]) -> None:
    """Both are as they are wanted."""
    app = behind(app_with(hello), log_level="WARNING", request_id_header="X-Trace")
    assert request(app, "GET", "/", headers={"x-trace": "t"}).header("x-trace") == "t"
    assert [(event["log_level"], event["request_id"]) for event in events] == [("warning", "t")]


def test_lines(unconfigured: None, capsys: pytest.CaptureFixture[str]) -> None:
    """If nobody has configured structlog, it writes lines of JSON to standard output."""
    app = behind(app_with(hello))
    request(app, "GET", "/")
    request(app, "GET", "/a\nb")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["level"], line["path"], line["status"]) for line in lines] == [
        ("request", "info", "/", 200),
        ("request", "info", "/a\nb", 404),
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", lines[0]["timestamp"])


def test_configuration_of_somebody_else(unconfigured: None) -> None:
    """It stays."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    behind(app_with(hello))
    assert len(structlog.get_config()["processors"]) == 1


def test_no_configuration(unconfigured: None) -> None:
    """It is left to the program if that says so."""
    behind(app_with(hello), configure_structlog=False)
    assert not structlog.is_configured()


def test_logger_that_fails(unconfigured: None) -> None:
    """The client has his answer."""

    def fail(*_: Any) -> Any:
        raise OSError("disk full")

    structlog.configure(processors=[fail])
    assert request(behind(app_with(hello)), "GET", "/").status == 200


@pytest.mark.parametrize(
    ("options", "match"),
    [({"log_level": "loud"}, "log_level is 'loud'"), ({"request_id_header": "a b"}, "no name of a header field")],
)
def test_options_that_are_wrong(options: dict[str, Any], match: str) -> None:
    """They are refused when the middleware is added."""
    with pytest.raises(ValueError, match=match):
        HawkAPI().add_middleware(StructuredLoggingMiddleware, **options)


def test_websocket(events: list[dict[str, Any]]) -> None:
    """It passes."""
    app = HawkAPI()
    app.add_middleware(StructuredLoggingMiddleware)

    @app.websocket("/ws")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")

    with TestClient(app) as client, client.websocket_connect("/ws") as socket:
        assert socket.receive_text() == "hello"
    assert events == []


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of `add_middleware` says how to install it."""
    monkeypatch.setitem(__import__("sys").modules, "structlog", None)
    with pytest.raises(ImportError, match=r"^StructuredLoggingMiddleware needs structlog: pip install 'hawkapi\[logg"):
        HawkAPI().add_middleware(StructuredLoggingMiddleware)

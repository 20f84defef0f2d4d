"""`ObservabilityMiddleware` without OpenTelemetry, or where nobody records: ids, fields, records and counts."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from apps import NO_PROBES, hello
from asgi import call, http_scope, request
from logs import fresh_logger

from hawkapi import (
    HawkAPI,
    HTTPException,
    ObservabilityConfig,
    ObservabilityMiddleware,
    Request,
    RequestIDMiddleware,
    TestClient,
    WebSocket,
)
from hawkapi.middleware import ErrorHandlerMiddleware
from hawkapi.types import ASGIApp, Receive, Scope, Send

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-00"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """Give the logger without handlers, and put it back."""
    with fresh_logger() as logger:
        yield logger


async def tell(request: Request) -> dict[str, str | None]:
    """Answer what the scope has."""
    return {name: request.scope.get(name) for name in ("request_id", "trace_id", "span_id")}


async def by_number(number: int) -> None:
    """Fail, or refuse, or answer."""
    if number == 1:
        raise ZeroDivisionError
    if number == 2:
        raise HTTPException(409)


def make(**options: Any) -> HawkAPI:
    """Return an application with two routes behind the middleware."""
    app = HawkAPI(**NO_PROBES, observability=ObservabilityConfig(**options) if options else True)
    app.get("/tell")(tell)
    app.get("/numbers/{number}")(by_number)
    return app


def test_ids(log: logging.Logger) -> None:
    """The handler and the client see the same ones: the request's own, and those of a new trace."""
    reply = request(make(), "GET", "/tell", headers={"x-request-id": "my-custom-id"})
    told = reply.json()
    assert told["request_id"] == reply.header("x-request-id") == "my-custom-id"
    assert re.fullmatch("[0-9a-f]{32}", told["trace_id"])
    assert reply.header("traceparent") == f"00-{told['trace_id']}-{told['span_id']}-01"
    assert reply.header("tracestate") is None


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 129, "a\x7f"])
def test_request_id_that_is_made(given: str | None, log: logging.Logger) -> None:
    """A missing or dangerous one is replaced."""
    reply = request(make(), "GET", "/tell", headers={} if given is None else {"x-request-id": given})
    assert UUID.fullmatch(reply.json()["request_id"])


def test_beside_the_middleware_for_ids(log: logging.Logger) -> None:
    """Both have the same id, and it is sent once."""
    app = make()
    app.add_middleware(RequestIDMiddleware)
    reply = request(app, "GET", "/tell")
    assert reply.header("x-request-id") == reply.json()["request_id"]


def test_trace_of_the_caller(log: logging.Logger) -> None:
    """It goes on with a new span; flags and state come back."""
    reply = request(make(), "GET", "/tell", headers={"traceparent": PARENT, "tracestate": "a=1, b ,c=2"})
    told = reply.json()
    assert told["trace_id"] == TRACE
    assert reply.header("traceparent") == f"00-{TRACE}-{told['span_id']}-00"
    assert reply.header("tracestate") == "a=1,c=2"
    assert told["span_id"] not in PARENT


@pytest.mark.parametrize(("rate", "flags"), [(0.0, "00"), (1.0, "01")])
def test_part_of_the_traces(rate: float, flags: str, log: logging.Logger) -> None:
    """The flag of a new trace says whether it is recorded."""
    traceparent = request(make(trace_sample_rate=rate), "GET", "/tell").header("traceparent")
    assert traceparent is not None
    assert traceparent.endswith(flags)


def test_half_of_the_traces(log: logging.Logger) -> None:
    """About that many are chosen."""
    app = make(trace_sample_rate=0.5, enable_logging=False)

    async def main() -> int:
        replies = [await call(app, "GET", "/tell") for _ in range(400)]
        return sum((reply.header("traceparent") or "").endswith("01") for reply in replies)

    # Binomial: outside of this once in 10**14 runs.
    assert 120 < asyncio.run(main()) < 280


def test_without_tracing(log: logging.Logger) -> None:
    """There are no ids of it, and no fields."""
    reply = request(make(enable_tracing=False), "GET", "/tell", headers={"traceparent": PARENT})
    assert (reply.json()["trace_id"], reply.header("traceparent")) == (None, None)


def test_counts(log: logging.Logger) -> None:
    """They can be had from the application."""
    app = make(metrics_prefix="shop")
    for number in (1, 2, 3):
        request(app, "GET", f"/numbers/{number}")
    assert app.metrics is not None
    assert (app.metrics.request_count, app.metrics.error_count) == (3, 1)
    assert app.metrics.avg_duration_ms > 0
    assert next(iter(app.metrics.snapshot())) == "shop_requests_total"
    assert app.observability is not None
    assert app.observability.metrics is app.metrics


def test_without_counts(log: logging.Logger) -> None:
    """Nothing is counted."""
    app = make(enable_metrics=False)
    request(app, "GET", "/tell")
    assert app.metrics is not None
    assert app.metrics.request_count == 0


def test_record(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    """There is one for each request, with all that is known of it."""
    moments = iter([0.0, 0.0000521])
    app = HawkAPI(**NO_PROBES)
    app.get("/tell")(tell)
    app.add_middleware(
        ObservabilityMiddleware, config=ObservabilityConfig(service_name="shop"), clock=lambda: next(moments)
    )
    told = request(app, "GET", "/tell").json()
    (record,) = [record for record in caplog.records if record.name == "hawkapi"]
    assert (record.levelname, record.getMessage()) == ("INFO", "GET /tell 200 0.052ms")
    names = ("service", "request_id", "trace_id", "method", "path", "status_code", "duration_ms")
    found = {name: getattr(record, name) for name in names}
    del told["span_id"]
    assert found == {
        "service": "shop",
        "method": "GET",
        "path": "/tell",
        "status_code": 200,
        "duration_ms": 0.052,
        **told,
    }


def test_record_without_trace(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    """It says nothing of one."""
    request(make(enable_tracing=False), "GET", "/tell")
    assert not hasattr(caplog.records[-1], "trace_id")


def test_records_of_text(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """The format is the wanted one; a path of a client's stays in its line."""
    app = make(log_format="text")
    request(app, "GET", "/a%0Ab")
    assert re.search(r" INFO hawkapi: GET /a\\nb 404 [0-9.]+ms\n$", capsys.readouterr().err)


def test_records_of_json(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """They have the trace too."""
    reply = request(make(), "GET", "/tell")
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["trace_id"], line["service"]) == (reply.json()["trace_id"], "hawkapi")


@pytest.mark.parametrize("error_handler", [False, True], ids=["application", "middleware"])
def test_records_of_a_failure(error_handler: bool, log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    """What a handler raises is logged with the ids of its request."""
    app = make()

    def failing(app: ASGIApp) -> ASGIApp:
        """Fail before the handler does."""

        async def fail(scope: Scope, receive: Receive, send: Send) -> None:
            raise ZeroDivisionError

        return fail

    if error_handler:
        app.add_middleware(ErrorHandlerMiddleware)
        app.add_middleware(failing)
    request(app, "GET", "/numbers/1")
    failure, told = ((record.__dict__["request_id"], record.__dict__["trace_id"]) for record in caplog.records)
    assert failure == told


@pytest.mark.parametrize("options", [{"enable_logging": False}, {"log_level": "warning"}])
def test_no_records(options: dict[str, Any], log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """There are none where they are off, or the level is higher."""
    assert request(make(**options), "GET", "/tell").status == 200
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        pytest.param(ZeroDivisionError(), 500, id="error"),
        pytest.param(HTTPException(409), 409, id="answer"),
        pytest.param(asyncio.CancelledError(), 499, id="cancelled"),
    ],
)
def test_exception(raised: BaseException, status: int, log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    """One that passes is counted and logged by what the client gets of it, and goes on."""

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        raise raised

    app = ObservabilityMiddleware(inner)

    async def main() -> None:
        with pytest.raises(type(raised)):
            await call(app, "GET", "/")

    asyncio.run(main())
    assert getattr(caplog.records[-1], "status_code", None) == status
    assert (app.metrics.request_count, app.metrics.error_count) == (1, int(status >= 500))


def test_request_that_is_destroyed(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    """It is counted, but not logged: the garbage collector may destroy it while its thread writes a log."""

    class Forever:
        def __await__(self) -> Any:
            yield self

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        await Forever()

    async def nothing(*_: Any) -> Any:
        return {}

    app = ObservabilityMiddleware(inner)
    running: Any = app(http_scope("GET", "/"), nothing, nothing)
    running.send(None)
    running.close()
    assert (app.metrics.request_count, caplog.records) == (1, [])


def test_failures_of_its_own(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    """They fail no request, and are told to those who want to know."""
    caplog.set_level(logging.DEBUG, "hawkapi.observability")
    app = make()
    assert app.observability is not None

    def fail(*_: Any) -> Any:
        raise OSError("disk full")

    app.observability.metrics.record_request = fail  # type: ignore[method-assign, assignment]
    log.addFilter(fail)
    try:
        assert request(app, "GET", "/tell").status == 200
    finally:
        log.removeFilter(fail)
    told = [record.getMessage() for record in caplog.records if record.name == "hawkapi.observability"]
    assert told == ["counting failed", "logging failed"]


class Broken(logging.Handler):
    """A handler that lets its own failure out, as some of libraries do."""

    def emit(self, record: logging.LogRecord) -> None:
        """Fail."""
        raise OSError("disk full")


def test_log_that_cannot_even_be_told_of(log: logging.Logger) -> None:
    """It fails no request, and hides no error of the application, whatever the level."""

    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        """Fail as an application does."""
        raise ZeroDivisionError

    log.addHandler(Broken())
    app = make(log_level="DEBUG")
    assert request(app, "GET", "/tell").status == 200
    with pytest.raises(ZeroDivisionError):
        request(ObservabilityMiddleware(fail, config=ObservabilityConfig(log_level="DEBUG")), "GET", "/")


@pytest.mark.parametrize("off", [None, False])
def test_off(off: bool | None) -> None:
    """By default, and where it is switched off, there is no middleware."""
    app = HawkAPI(observability=off)
    app.get("/tell")(tell)
    assert (app.observability, app.metrics, app.generation) == (None, None, 1)
    assert request(app, "GET", "/tell").json()["trace_id"] is None


def test_outermost(log: logging.Logger) -> None:
    """It is around all other middleware, and sees what they answer."""
    app = make()
    seen: list[str] = []

    def refusing(inner: Any) -> Any:
        async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["request_id"])
            raise HTTPException(403)

        return refuse

    app.add_middleware(refusing)
    reply = request(app, "GET", "/tell", headers={"x-request-id": "r"})
    assert (reply.status, seen) == (403, ["r"])


def test_one_route(log: logging.Logger) -> None:
    """It may be around a route, and tells of that."""
    app = HawkAPI(**NO_PROBES)
    app.get("/tell", middleware=[ObservabilityMiddleware])(tell)
    app.get("/hello")(hello)
    replies = [request(app, "GET", path) for path in ("/tell", "/hello")]
    assert [reply.header("traceparent") is not None for reply in replies] == [True, False]


def test_twice(log: logging.Logger) -> None:
    """The inner one keeps the id, and each field is sent once."""
    app = make()
    app.add_middleware(ObservabilityMiddleware)
    reply = request(app, "GET", "/tell", headers={"traceparent": PARENT, "tracestate": "a=1"})
    told = reply.json()
    assert reply.header("x-request-id") == told["request_id"]
    assert reply.header("traceparent") == f"00-{TRACE}-{told['span_id']}-00"
    assert reply.header("tracestate") == "a=1"


def test_websocket(log: logging.Logger) -> None:
    """It passes."""
    app = make()

    @app.websocket("/ws")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")

    with TestClient(app) as client, client.websocket_connect("/ws") as socket:
        assert socket.receive_text() == "hello"
    assert app.metrics is not None
    assert app.metrics.request_count == 0


@pytest.mark.parametrize("wrong", ["yes", {"log_level": "INFO"}, ObservabilityConfig])
def test_wrong(wrong: Any) -> None:
    """What is neither a truth value nor a configuration is refused."""
    with pytest.raises(TypeError, match="observability is True, False, None or an ObservabilityConfig"):
        HawkAPI(observability=wrong)

"""`ObservabilityMiddleware` with OpenTelemetry: the span of a request."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from apps import NO_PROBES
from asgi import call, request

from hawkapi import HawkAPI, HTTPException, ObservabilityConfig, ObservabilityMiddleware
from hawkapi.observability.tracing import get_tracer, start_span
from hawkapi.types import Receive, Scope, Send

trace = pytest.importorskip("opentelemetry.trace", reason="it is optional")
sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="it is optional")
export = pytest.importorskip("opentelemetry.sdk.trace.export", reason="it is optional")
memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter", reason="it is optional")
propagate = pytest.importorskip("opentelemetry.propagate", reason="it is optional")

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Have spans recorded, and give the exporter that keeps them."""
    provider, kept = sdk.TracerProvider(shutdown_on_exit=False), memory.InMemorySpanExporter()
    provider.add_span_processor(export.SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    get_tracer.cache_clear()
    yield kept
    get_tracer.cache_clear()
    provider.shutdown()


def make(**options: Any) -> HawkAPI:
    """Return an application with two routes behind the middleware."""
    app = HawkAPI(**NO_PROBES, observability=ObservabilityConfig(enable_logging=False, **options))

    @app.get("/users/{name}")
    async def user(name: str) -> str:
        with start_span("load", {"name": name}):
            return f"{trace.get_current_span().get_span_context().span_id:016x}"

    @app.get("/numbers/{number}")
    async def by_number(number: int) -> None:
        if number == 1:
            raise ZeroDivisionError("no")
        raise HTTPException(409)

    return app


def test_span(spans: Any) -> None:
    """It is a server's, named by route, with the attributes of the conventions, in the trace of the response."""
    reply = request(
        make(service_name="shop"),
        "GET",
        "/users/ada?token=secret",
        headers={"user-agent": "curl/8"},
        client=("192.0.2.1", 5000),
        server=("shop.example", 443),
        scheme="https",
    )
    inner, span = spans.get_finished_spans()
    assert (span.name, span.kind, span.parent) == ("GET /users/{name}", trace.SpanKind.SERVER, None)
    assert span.instrumentation_scope.name == "shop"
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "http.route": "/users/{name}",
        "http.response.status_code": 200,
        "url.scheme": "https",
        "url.path": "/users/ada",
        "network.protocol.version": "1.1",
        "client.address": "192.0.2.1",
        "client.port": 5000,
        "server.address": "shop.example",
        "server.port": 443,
        "user_agent.original": "curl/8",
    }
    assert span.status.status_code is trace.StatusCode.UNSET
    flags = span.context.trace_flags
    assert reply.header("traceparent") == f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-{flags:02x}"
    assert flags.sampled
    assert (inner.name, inner.parent.span_id) == ("load", span.context.span_id)
    assert reply.json() == f"{inner.context.span_id:016x}"


def test_span_of_a_caller(spans: Any) -> None:
    """It is a child of the caller's, and has his state; a version of the field that is yet to come is read too."""
    reply = request(
        make(), "GET", "/users/ada", headers={"traceparent": f"01-{TRACE}-{CALLER}-01-more", "tracestate": "a=1"}
    )
    span = spans.get_finished_spans()[1]
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, CALLER)
    assert reply.header("tracestate") == "a=1"
    assert (reply.header("traceparent") or "").startswith(f"00-{TRACE}-{span.context.span_id:016x}-")


def test_state_with_a_member_that_is_none(spans: Any) -> None:
    """It is left out, and the others stay."""
    headers = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "a=1, junk ,b=2"}
    assert request(make(), "GET", "/users/ada", headers=headers).header("tracestate") == "a=1,b=2"


def test_two_callers(spans: Any) -> None:
    """Nobody knows which of them it was, so a trace begins here."""
    headers = {"traceparent": f"00-{TRACE}-{CALLER}-01", "Traceparent": f"00-{CALLER}{CALLER}-{CALLER}-01"}
    request(make(), "GET", "/users/ada", headers=headers)
    assert spans.get_finished_spans()[1].parent is None


def test_caller_who_does_not_record(spans: Any) -> None:
    """It is not recorded here either, and those further on are told so."""
    reply = request(make(), "GET", "/users/ada", headers={"traceparent": f"00-{TRACE}-{CALLER}-00"})
    assert spans.get_finished_spans() == ()
    traceparent = reply.header("traceparent") or ""
    assert traceparent.startswith(f"00-{TRACE}-")
    assert traceparent.endswith("-00")
    assert CALLER not in traceparent


@pytest.mark.parametrize(("rate", "recorded"), [(0.0, 0), (1.0, 2)])
def test_part_of_the_traces(rate: float, recorded: int, spans: Any) -> None:
    """What is not chosen is not recorded, nor are the spans within; what a caller records always is."""
    app = make(trace_sample_rate=rate)
    reply = request(app, "GET", "/users/ada")
    assert len(spans.get_finished_spans()) == recorded
    # Newer versions also say that the trace's id is random, by the second bit.
    assert int((reply.header("traceparent") or "")[-2:], 16) & 1 == rate
    spans.clear()
    request(app, "GET", "/users/ada", headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    assert len(spans.get_finished_spans()) == 2


def test_error_of_a_handler(spans: Any) -> None:
    """It is recorded, though the application answers it further in; the span has failed."""
    assert request(make(), "GET", "/numbers/1").status == 500
    (span,) = spans.get_finished_spans()
    assert (span.attributes["http.response.status_code"], span.attributes["error.type"]) == (500, "ZeroDivisionError")
    assert span.status.status_code is trace.StatusCode.ERROR
    (event,) = span.events
    assert (event.name, event.attributes["exception.message"]) == ("exception", "no")


@pytest.mark.asgi_only("the scope says so")
def test_error_that_is_forgotten(spans: Any) -> None:
    """Nothing of a request keeps its exception, which would keep the request."""
    extensions: dict[str, Any] = {}
    kept: list[Any] = []
    app = make()

    def keeping(inner: Any) -> Any:
        async def keep(scope: Scope, receive: Receive, send: Send) -> None:
            await inner(scope, receive, send)
            kept.append(scope["extensions"])
            assert [type(exc) for exc in scope["extensions"]["hawkapi.exceptions"]] == [ZeroDivisionError]

        return keep

    app.add_middleware(keeping)
    request(app, "GET", "/numbers/1", extensions=extensions)
    assert (kept, extensions) == ([{"hawkapi.exceptions": []}], {})


@pytest.mark.parametrize(("target", "status"), [("/numbers/2", 409), ("/nowhere", 404)])
def test_refusal(target: str, status: int, spans: Any) -> None:
    """It is the client's fault: the span has not failed."""
    assert request(make(), "GET", target).status == status
    (span,) = spans.get_finished_spans()
    assert span.attributes["http.response.status_code"] == status
    assert (span.status.status_code, span.events) == (trace.StatusCode.UNSET, ())


@pytest.mark.parametrize(
    ("method", "name", "attributes"),
    [
        pytest.param("GET", "GET", {"http.request.method": "GET"}, id="known"),
        pytest.param(
            "BREW", "HTTP", {"http.request.method": "_OTHER", "http.request.method_original": "BREW"}, id="unknown"
        ),
    ],
)
def test_what_no_route_takes(method: str, name: str, attributes: dict[str, str], spans: Any) -> None:
    """Its span is named for the method alone, and has no route."""
    request(make(), method, "/nowhere/123")
    (span,) = spans.get_finished_spans()
    found = {key: value for key, value in span.attributes.items() if key.startswith(("http.request", "http.route"))}
    assert (span.name, found) == (name, attributes)


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        pytest.param(ConnectionError("gone"), "ConnectionError", id="builtin"),
        pytest.param(asyncio.QueueFull(), "asyncio.queues.QueueFull", id="module"),
    ],
)
def test_exception_that_passes(raised: Exception, error: str, spans: Any) -> None:
    """It is recorded once, and goes on."""

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        raise raised

    app = ObservabilityMiddleware(inner, config=ObservabilityConfig(enable_logging=False))
    with pytest.raises(type(raised)):
        request(app, "GET", "/")
    (span,) = spans.get_finished_spans()
    assert (span.name, span.attributes["error.type"], len(span.events)) == ("GET", error, 1)


def test_failure_without_exception(spans: Any) -> None:
    """Its type is the status."""
    app = HawkAPI(**NO_PROBES, observability=ObservabilityConfig(enable_logging=False))

    @app.get("/")
    async def unavailable() -> None:
        raise HTTPException(503)

    request(app, "GET", "/")
    (span,) = spans.get_finished_spans()
    assert (span.attributes["error.type"], span.events) == ("503", ())


def test_context_after_a_request(spans: Any) -> None:
    """The span is the current one no longer, also when the application has raised: two requests of a task are apart."""

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(trace.get_current_span().get_span_context().span_id)
        raise ZeroDivisionError

    seen: list[int] = []
    app = ObservabilityMiddleware(inner, config=ObservabilityConfig(enable_logging=False))

    async def main() -> Any:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await call(app, "GET", "/")
        return trace.get_current_span()

    assert asyncio.run(main()) is trace.INVALID_SPAN
    first, second = spans.get_finished_spans()
    assert [first.context.span_id, second.context.span_id] == seen
    assert second.parent is None


def test_without_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody records; what asks further on is told of a place in a trace all the same."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    get_tracer.cache_clear()
    app = HawkAPI(**NO_PROBES, observability=ObservabilityConfig(enable_logging=False))

    @app.get("/")
    async def fields() -> dict[str, str]:
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        return carrier

    for headers in ({}, {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "a=1"}):
        reply = request(app, "GET", "/", headers=headers)
        assert reply.json()["traceparent"] == reply.header("traceparent")
        assert CALLER not in reply.json()["traceparent"]
        assert reply.header("tracestate") == reply.json().get("tracestate")


def test_propagator_of_another_kind(spans: Any) -> None:
    """Who speaks to callers in another way than by W3C fields is understood, where nobody records too."""

    class InOneField:
        fields = frozenset({"x-trace"})

        def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Any:
            trace_id, span_id = (int(part, 16) for part in carrier["x-trace"][0].split("/"))
            found = trace.SpanContext(trace_id, span_id, is_remote=True, trace_flags=trace.TraceFlags(0))
            return trace.set_span_in_context(trace.NonRecordingSpan(found), context)

    usual = propagate.get_global_textmap()
    propagate.set_global_textmap(InOneField())
    try:
        reply = request(make(), "GET", "/users/ada", headers={"x-trace": f"{TRACE}/{CALLER}"})
    finally:
        propagate.set_global_textmap(usual)
    assert re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-00", reply.header("traceparent") or "")


def test_span_that_cannot_be_ended(spans: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The client has his answer, and the request is counted."""

    class Broken(sdk.SpanProcessor):  # type: ignore[misc, name-defined]
        def on_end(self, span: Any) -> None:
            raise OSError("disk full")

    caplog.set_level(logging.DEBUG, "hawkapi.observability")
    trace.get_tracer_provider().add_span_processor(Broken())
    app = make()
    assert request(app, "GET", "/numbers/2").status == 409
    assert app.metrics is not None
    assert (app.metrics.request_count, caplog.messages) == (1, ["tracing failed"])


def test_tracer_that_fails(spans: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client has his answer."""

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError("no memory")

    caplog.set_level(logging.DEBUG, "hawkapi.observability")
    monkeypatch.setattr(trace._TRACER_PROVIDER, "get_tracer", fail)
    reply = request(make(), "GET", "/numbers/2")
    assert (reply.status, reply.header("traceparent")) == (409, None)
    assert caplog.messages == ["tracing failed"]

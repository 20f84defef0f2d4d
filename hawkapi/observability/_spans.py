"""The span of one request, as OpenTelemetry wants it (semantic conventions for HTTP servers, stable since 1.23)."""

from __future__ import annotations

from typing import Any, Final, cast, final

from hawkapi.exceptions import EXCEPTIONS_EXTENSION
from hawkapi.middleware._watching import OTHER_METHOD, known_method
from hawkapi.observability._trace_context import (
    SAMPLED,
    TraceContext,
    begin_context,
    parse_trace_context,
    parse_trace_state,
)
from hawkapi.observability.config import ObservabilityConfig
from hawkapi.observability.tracing import OpenTelemetry, get_tracer, load_otel
from hawkapi.types import Scope

TEXT_OF: Final = {b"user-agent": "user_agent.original"}
"""Fields of a request that are attributes of its span."""


def begin_span(scope: Scope, config: ObservabilityConfig, route: str | None) -> Span:
    """Begin the span of a request: one of OpenTelemetry where it is installed, else nothing but its ids."""
    otel = load_otel()
    if otel is None:
        return Span(begin_context(parse_trace_context(scope["headers"]), config.trace_sample_rate))
    return RecordedSpan.begin(otel, scope, config, route)


class Span:
    """A place in a trace that nobody records. Request-bound."""

    def __init__(self, context: TraceContext) -> None:
        self.context = context

    def end(self, status: int, exc: BaseException | None) -> None:
        """Say what came of the request."""

    def abandon(self) -> None:
        """Say that the request was destroyed; takes no lock, because its thread may hold any."""


@final
class RecordedSpan(Span):
    """A span of OpenTelemetry that is the current one until it ends. Request-bound."""

    def __init__(self, otel: OpenTelemetry, span: Any, parent: Any, context: TraceContext, scope: Scope) -> None:
        super().__init__(context)
        self._otel = otel
        self._span = span
        self._reported, self._is_own_list = ask_for_exceptions(scope) if span.is_recording() else ([], False)
        self._known = len(self._reported)
        self._token = otel.context.attach(otel.trace.set_span_in_context(span, parent))

    @classmethod
    def begin(cls, otel: OpenTelemetry, scope: Scope, config: ObservabilityConfig, route: str | None) -> RecordedSpan:
        """Begin the span of a request."""
        parent = otel.propagate.extract(carrier_of(scope))
        caller = otel.trace.get_current_span(parent).get_span_context()
        told = known_caller(caller, scope)
        # PERF: whoever records makes ids of his own, so that ours are needed only where nobody does.
        own = None
        if told is None and config.trace_sample_rate < 1.0:
            own = begin_context(None, config.trace_sample_rate)
        span: Any = None
        if own is None or own.flags == SAMPLED:
            span = get_tracer(config.service_name).start_span(
                span_name(scope["method"], route),
                context=parent,
                kind=otel.trace.SpanKind.SERVER,
                attributes=describe_request(scope, route),
            )
            made = span.get_span_context()
            if made.is_valid and made.span_id != caller.span_id:
                return cls(otel, span, parent, context_of(made), scope)
        own = begin_context(told, 1.0) if own is None else own
        # Nobody records, because no SDK is set up or the trace was not chosen; those further on are to know the ids.
        span = otel.trace.NonRecordingSpan(
            otel.trace.SpanContext(
                int(own.trace_id, 16),
                int(own.span_id, 16),
                is_remote=False,
                trace_flags=otel.trace.TraceFlags(int(own.flags, 16)),
                trace_state=caller.trace_state,
            )
        )
        return cls(otel, span, parent, own, scope)

    def end(self, status: int, exc: BaseException | None) -> None:
        """Record what came of the request, and make the span before it the current one again."""
        self._otel.context.detach(self._token)
        if self._span.is_recording():
            try:
                self._record(status, exc)
            finally:
                self._span.end()

    def abandon(self) -> None:
        """Make the span before it the current one again, if the request is destroyed where it began; end nothing."""
        if self._otel.trace.get_current_span() is self._span:
            self._otel.context.detach(self._token)

    def _record(self, status: int, exc: BaseException | None) -> None:
        self._span.set_attribute("http.response.status_code", status)
        raised = self._reported[self._known :]
        if self._is_own_list:
            # An exception knows the frames in which it was raised, and those the scope that has this list.
            self._reported.clear()
        if exc is not None and status >= 500 and exc not in raised:
            raised.append(exc)
        for one in raised:
            self._span.record_exception(one)
        if status >= 500:
            self._span.set_attribute("error.type", full_name(type(raised[-1])) if raised else str(status))
            self._span.set_status(self._otel.trace.Status(self._otel.trace.StatusCode.ERROR))


def full_name(cls: type) -> str:
    """Return the name of a class as OpenTelemetry writes it: with its module, unless it is a builtin one."""
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def known_caller(caller: Any, scope: Scope) -> TraceContext | None:
    """Return the caller's place as OpenTelemetry's propagator has found it, or `None`.

    Of W3C fields it is read again: OpenTelemetry drops a whole `tracestate` of which one member is not valid.
    """
    if not caller.is_valid:
        return None
    found, told = context_of(caller), parse_trace_context(scope["headers"])
    return told if told is not None and told.trace_id == found.trace_id else found


def ask_for_exceptions(scope: Scope) -> tuple[list[BaseException], bool]:
    """Return the list in which an application puts what it answers with 500, and whether it is made here.

    A test client, or a middleware further out, may have asked before.
    """
    extensions: dict[str, Any] = scope.get("extensions") or {}
    reported = extensions.get(EXCEPTIONS_EXTENSION)
    if isinstance(reported, list):
        return cast("list[BaseException]", reported), False
    own: list[BaseException] = []
    # A new object: servers may have one for all requests.
    scope["extensions"] = {**extensions, EXCEPTIONS_EXTENSION: own}
    return own, True


def carrier_of(scope: Scope) -> dict[str, list[str]]:
    """Return the header fields of a request in the form that propagators read.

    SPEC: those of W3C without what makes OpenTelemetry read too much, the first `traceparent` of several, or too
    little, no `tracestate` of which one member is not valid.
    """
    fields: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        fields.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    if len(fields.get("traceparent", ())) > 1:
        del fields["traceparent"]
    if "tracestate" in fields:
        fields["tracestate"] = [parse_trace_state(scope["headers"])]
    return fields


def context_of(context: Any) -> TraceContext:
    """Return a span context of OpenTelemetry as ours."""
    state: str = context.trace_state.to_header() if context.trace_state else ""
    return TraceContext(f"{context.trace_id:032x}", f"{context.span_id:016x}", f"{context.trace_flags:02x}", state)


def span_name(method: str, route: str | None) -> str:
    """Return the name of a span: one of few, so without anything that clients make up."""
    method = known_method(method)
    method = "HTTP" if method == OTHER_METHOD else method
    return method if route is None else f"{method} {route}"


def describe_request(scope: Scope, route: str | None) -> dict[str, str | int]:
    """Return the attributes that are known when a request comes.

    SECURITY: without `url.query`, which may have tokens in it.
    """
    method: str = scope["method"]
    attributes: dict[str, str | int] = {
        "http.request.method": known_method(method),
        "url.scheme": scope.get("scheme", "http"),
        "url.path": scope["path"],
        "network.protocol.version": scope.get("http_version", "1.1"),
    }
    if attributes["http.request.method"] == OTHER_METHOD:
        attributes["http.request.method_original"] = method
    if route is not None:
        attributes["http.route"] = route
    for prefix in ("client", "server"):
        address, port = scope.get(prefix) or (None, None)
        if address is not None:
            attributes[f"{prefix}.address"] = address
        if port:
            attributes[f"{prefix}.port"] = port
    for name, value in scope["headers"]:
        if name in TEXT_OF:
            attributes[TEXT_OF[name]] = value.decode("latin-1")
    return attributes

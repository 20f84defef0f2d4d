"""Taking part in traces, by OpenTelemetry where it is installed, and in any case by header fields."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any, NamedTuple

from hawkapi.observability._trace_context import TraceContext, begin_context, parse_trace_context
from hawkapi.types import HeaderPairs

__all__ = ["extract_context", "get_tracer", "inject_context", "is_otel_available", "start_span"]


class OpenTelemetry(NamedTuple):
    """The modules of its API."""

    trace: Any
    context: Any
    propagate: Any


@functools.cache
def load_otel() -> OpenTelemetry | None:
    """Return the API of OpenTelemetry, or `None` where it is not installed; looked for once."""
    try:
        modules: list[ModuleType] = [
            importlib.import_module(f"opentelemetry.{name}") for name in ("trace", "context", "propagate")
        ]
    except ImportError:
        return None
    return OpenTelemetry(*modules)


def is_otel_available() -> bool:
    """Whether the API of OpenTelemetry can be imported; looked for once."""
    return load_otel() is not None


@functools.cache
def get_tracer(service_name: str = "hawkapi") -> Any:
    """Return OpenTelemetry's tracer of a name, kept for the next time; `None` without OpenTelemetry.

    Thread-safe: threads that ask first at the same moment may get two, which do the same.
    """
    otel = load_otel()
    return None if otel is None else otel.trace.get_tracer(service_name)


def start_span(name: str, attributes: Mapping[str, Any] | None = None) -> AbstractContextManager[Any]:
    """Return a block that is a span of the current trace: `with start_span("prices.load", {"shop": 3}):`.

    It gives the span, or `None` without OpenTelemetry. What is raised in it is recorded.

    Args:
        name: one of few; what differs from call to call is an attribute.
        attributes: default none.
    """
    tracer = get_tracer()
    if tracer is None:
        return contextlib.nullcontext(None)
    span: AbstractContextManager[Any] = tracer.start_as_current_span(name, attributes=attributes)
    return span


def extract_context(raw_headers: HeaderPairs) -> dict[str, str]:
    """Return a new place in the trace of the fields of a request (W3C Trace Context).

    Returns:
        `trace_id` (32 hexadecimal digits), the caller's; `span_id` (16), a new one; `trace_flags` (2), the caller's;
        and `tracestate`. Where the caller tells of no trace, or not validly, a new one begins, with the flags `01`.
    """
    context = begin_context(parse_trace_context(raw_headers), rate=1.0)
    return {
        "trace_id": context.trace_id,
        "span_id": context.span_id,
        "trace_flags": context.flags,
        "tracestate": context.state,
    }


def inject_context(
    headers: HeaderPairs, trace_id: str, span_id: str, trace_flags: str = "01", tracestate: str = ""
) -> HeaderPairs:
    """Return header fields with `traceparent`, and with `tracestate` if it is not empty, after those given.

    Args:
        headers: stay as they are.
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        trace_flags: 2 hexadecimal digits, default `01`: the trace is recorded.
        tracestate: default empty.
    """
    return [*headers, *TraceContext(trace_id, span_id, trace_flags, tracestate).fields()]

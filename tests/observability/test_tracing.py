"""The fields of W3C Trace Context, and the helpers for traces."""

from __future__ import annotations

import re
import sys

import pytest
from asgi import request

from hawkapi import HawkAPI, ObservabilityConfig
from hawkapi.observability._trace_context import begin_context, is_chosen, parse_trace_context
from hawkapi.observability.tracing import (
    extract_context,
    get_tracer,
    inject_context,
    is_otel_available,
    load_otel,
    start_span,
)
from hawkapi.types import HeaderPairs

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


def parent(value: str) -> HeaderPairs:
    """Return the field of a caller."""
    return [(b"traceparent", value.encode("latin-1"))]


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        pytest.param(PARENT, "01", id="sampled"),
        pytest.param(f"00-{TRACE}-{SPAN}-00", "00", id="not-sampled"),
        pytest.param(f"  {PARENT}\t", "01", id="spaces"),
        pytest.param(f"01-{TRACE}-{SPAN}-01", "01", id="next-version"),
        pytest.param(f"cc-{TRACE}-{SPAN}-00-what-is-to-come", "00", id="next-version-with-more"),
        pytest.param(f"fe-{TRACE}-{SPAN}-01-", "01", id="next-version-with-nothing-more"),
    ],
)
def test_trace_of_the_caller(value: str, flags: str) -> None:
    """It goes on: the same trace, the same flags, a new span."""
    found = extract_context(parent(value))
    assert (found["trace_id"], found["trace_flags"], found["tracestate"]) == (TRACE, flags, "")
    assert re.fullmatch(r"[0-9a-f]{16}", found["span_id"])
    assert found["span_id"] != SPAN


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param(parent(""), id="empty"),
        pytest.param(parent(f"ff-{TRACE}-{SPAN}-01"), id="forbidden-version"),
        pytest.param(parent(f"{PARENT}-more"), id="more-in-version-0"),
        pytest.param(parent(f"{PARENT}-"), id="hyphen-in-version-0"),
        pytest.param(parent(f"01-{TRACE}-{SPAN}-01more"), id="more-without-hyphen"),
        pytest.param(parent(PARENT.upper()), id="capitals"),
        pytest.param(parent(f"00-{'0' * 32}-{SPAN}-01"), id="zero-trace"),
        pytest.param(parent(f"00-{TRACE}-{'0' * 16}-01"), id="zero-span"),
        pytest.param(parent(f"00-{TRACE[1:]}-{SPAN}-01"), id="short-trace"),
        pytest.param(parent(f"00-{TRACE}-{SPAN}-1"), id="short-flags"),
        pytest.param(parent(f"00-{TRACE}-{SPAN}-0g"), id="no-digit"),
        pytest.param(parent(f"00_{TRACE}_{SPAN}_01"), id="no-hyphens"),
        pytest.param(parent(PARENT) + parent(PARENT), id="twice"),
    ],
)
def test_new_trace(headers: HeaderPairs) -> None:
    """Without a caller's, or with one that is not valid, a new trace begins; its state is not taken either."""
    found = extract_context([*headers, (b"tracestate", b"a=1")])
    assert re.fullmatch(r"[0-9a-f]{32}", found["trace_id"])
    assert found["trace_id"] != TRACE
    assert (found["trace_flags"], found["tracestate"]) == ("01", "")


@pytest.mark.parametrize(
    ("values", "state"),
    [
        pytest.param(["a=1, b ,c=2"], "a=1,c=2", id="without-value"),
        pytest.param([" a=1\t,\tb@c=2 "], "a=1,b@c=2", id="spaces"),
        pytest.param(["a=1", "b=2,c=3"], "a=1,b=2,c=3", id="several-fields"),
        pytest.param(["", ",,", "=1", "a="], "", id="nothing"),
        pytest.param(["a=1,b=\x7f,c=é,d=4"], "a=1,d=4", id="not-printable"),
        pytest.param([",".join(f"k{n}=v" for n in range(40))], ",".join(f"k{n}=v" for n in range(32)), id="too-many"),
    ],
)
def test_state(values: list[str], state: str) -> None:
    """Its members come back in order, without spaces, at most 32."""
    fields = [(b"tracestate", value.encode("latin-1")) for value in values]
    assert extract_context([*parent(PARENT), *fields])["tracestate"] == state


def test_fields() -> None:
    """They come after those that are there, which stay as they are; an empty state is not sent."""
    given = [(b"a", b"b")]
    assert inject_context(given, TRACE, SPAN) == [(b"a", b"b"), (b"traceparent", PARENT.encode())]
    assert inject_context([], TRACE, SPAN, "00", "k=v") == [
        (b"traceparent", f"00-{TRACE}-{SPAN}-00".encode()),
        (b"tracestate", b"k=v"),
    ]
    assert given == [(b"a", b"b")]


@pytest.mark.parametrize(
    ("digits", "rate", "chosen"),
    [
        ("0" * 16, 0.0, False),
        ("0" * 16, 0.001, True),
        ("7" + "f" * 15, 0.5, True),
        ("8" + "0" * 15, 0.5, False),
        ("f" * 16, 0.999, False),
        ("f" * 16, 1.0, True),
    ],
)
def test_choice(digits: str, rate: float, chosen: bool) -> None:
    """The second half of a trace's id decides, so that services with the same rate choose the same traces."""
    assert is_chosen("f" * 16 + digits, rate) is chosen


def test_choice_of_the_caller() -> None:
    """What a caller records is recorded, whatever the rate is."""
    assert begin_context(parse_trace_context(parent(PARENT)), 0.0).flags == "01"
    assert begin_context(None, 0.0).flags == "00"


def test_without_opentelemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no tracer, and a span is nothing; requests have their places in traces all the same."""
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    load_otel.cache_clear()
    get_tracer.cache_clear()
    try:
        assert (is_otel_available(), get_tracer()) == (False, None)
        with start_span("work", {"a": 1}) as span:
            assert span is None
        app = HawkAPI(observability=ObservabilityConfig(enable_logging=False))
        reply = request(app, "GET", "/healthz", headers={"traceparent": PARENT, "tracestate": "a=1,b"})
    finally:
        load_otel.cache_clear()
        get_tracer.cache_clear()
    assert re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-01", reply.header("traceparent") or "")
    assert reply.header("tracestate") == "a=1"


def test_with_opentelemetry() -> None:
    """A tracer is made once for a name, and a span is the current one."""
    trace = pytest.importorskip("opentelemetry.trace", reason="it is optional")
    assert is_otel_available()
    assert get_tracer("shop") is get_tracer("shop")
    with start_span("work", {"a": 1}) as span:
        assert trace.get_current_span() is span

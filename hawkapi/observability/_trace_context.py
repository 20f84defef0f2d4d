"""W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context/): what services tell each other of a trace."""

from __future__ import annotations

import os
import re
from typing import Final, NamedTuple

from hawkapi.types import HeaderPairs

TRACEPARENT: Final = b"traceparent"
TRACESTATE: Final = b"tracestate"
SAMPLED: Final = "01"
UNSAMPLED: Final = "00"
MAX_STATES: Final = 32
"""Members of a `tracestate` (section 3.3.1.1); those after them are left out."""

# version "-" trace-id "-" parent-id "-" trace-flags (section 3.2.2); a version to come may have "-" and anything more
# (section 4.3).
_TRACEPARENT: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x20-\x7e]*)?")
_STATE: Final = re.compile(rb"[\x21-\x3c\x3e-\x7e]+=[\x20-\x7e]+")


class TraceContext(NamedTuple):
    """A place in a trace, in hexadecimal digits."""

    trace_id: str
    """32 digits."""
    span_id: str
    """16 digits."""
    flags: str
    """2 digits; the lowest bit says that the trace is recorded."""
    state: str = ""
    """What systems on the way want to be told again."""

    def fields(self) -> HeaderPairs:
        """Return the header fields that tell it."""
        pairs: HeaderPairs = [(TRACEPARENT, f"00-{self.trace_id}-{self.span_id}-{self.flags}".encode("ascii"))]
        if self.state:
            pairs.append((TRACESTATE, self.state.encode("latin-1")))
        return pairs


def parse_trace_context(headers: HeaderPairs) -> TraceContext | None:
    """Return the caller's place in a trace; `None` if there is no `traceparent`, or it is not valid."""
    found = [value for name, value in headers if name == TRACEPARENT]
    match = _TRACEPARENT.fullmatch(found[0].strip(b" \t")) if len(found) == 1 else None
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == b"ff" or (version == b"00" and rest is not None):
        return None
    if not trace_id.strip(b"0") or not span_id.strip(b"0"):
        return None
    return TraceContext(trace_id.decode(), span_id.decode(), flags.decode(), parse_trace_state(headers))


def parse_trace_state(headers: HeaderPairs) -> str:
    """Return the `tracestate` of all fields as one, without spaces; what is no `key=value` is left out."""
    values = b",".join(value for name, value in headers if name == TRACESTATE)
    members = [member.strip(b" \t") for member in values.split(b",")]
    return b",".join([member for member in members if _STATE.fullmatch(member)][:MAX_STATES]).decode("ascii")


def is_chosen(trace_id: str, rate: float) -> bool:
    """Whether a new trace is recorded: as by OpenTelemetry's `TraceIdRatioBased`, so that services decide alike."""
    return rate >= 1.0 or int(trace_id[16:], 16) < round(rate * 2**64)


def begin_context(caller: TraceContext | None, rate: float) -> TraceContext:
    """Return a new place in the caller's trace, or in a new one, of which this part is recorded."""
    if caller is not None:
        return TraceContext(caller.trace_id, os.urandom(8).hex(), caller.flags, caller.state)
    digits = os.urandom(24).hex()
    trace_id = digits[:32]
    return TraceContext(trace_id, digits[32:], SAMPLED if is_chosen(trace_id, rate) else UNSAMPLED)

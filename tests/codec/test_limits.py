"""What holds for every JSON body under every codec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from hawkapi import codec
from hawkapi.codec import MalformedError
from hawkapi.codec._limits import MAX_DEPTH, check_limits


@dataclass
class Named:
    name: str


def nested(depth: int) -> bytes:
    """Return arrays and objects in turn, one inside the other."""
    opening = "".join('{"a":' if level % 2 else "[" for level in range(depth))
    closing = "".join("}" if level % 2 else "]" for level in reversed(range(depth)))
    return (opening + "1" + closing).encode()


DEPTH = f"nested deeper than {MAX_DEPTH} levels"
ACCEPTED = [
    pytest.param(nested(MAX_DEPTH), id="depth-at-limit"),
    pytest.param(b"[" + b"[]," * 5000 + b"[]]", id="many-brackets-side-by-side"),
    pytest.param(b'["' + b"[" * 300 + b'","\\"' + b"{" * 300 + b'"]', id="brackets-in-strings"),
    pytest.param('["é\U0001f600"]'.encode(), id="utf-8"),
    pytest.param(b'["\\ud83d\\ude00"]', id="surrogate-pair"),
    pytest.param(b'["\\uD83D\\uDE00\\ud83d\\ude00"]', id="two-surrogate-pairs"),
    pytest.param(b'["\\\\ud83d"]', id="backslash-before-u"),
    pytest.param(b'["\\u00e9\\n\\u0000"]', id="other-escapes"),
]
REFUSED = [
    pytest.param(nested(MAX_DEPTH + 1), DEPTH, id="depth-above-limit"),
    pytest.param(b"[" * 100_000, DEPTH, id="only-opening"),
    pytest.param(b"[" * 201 + b"}" * 201, DEPTH, id="brackets-do-not-pair"),
    pytest.param(b'["\xff"]', r"invalid UTF-8 \(byte 2\)", id="invalid-utf-8"),
    pytest.param(b'["\xc3', r"invalid UTF-8 \(byte 2\)", id="truncated-utf-8"),
    pytest.param(b'["\xed\xa0\x80"]', r"invalid UTF-8 \(byte 2\)", id="encoded-surrogate"),
    pytest.param(b'["\xc0\xaf"]', r"invalid UTF-8 \(byte 2\)", id="overlong-utf-8"),
    pytest.param(b'["\\ud83d"]', r"half a surrogate pair \(byte 8\)", id="first-half"),
    pytest.param(b'["\\ude00"]', r"half a surrogate pair \(byte 2\)", id="second-half"),
    pytest.param(b'["\\ud83d \\ude00"]', r"half a surrogate pair \(byte 9\)", id="halves-apart"),
    pytest.param(b'["\\ud83d\\ud83d\\ude00"]', r"half a surrogate pair \(byte 8\)", id="first-half-twice"),
    pytest.param(b'["\\ud83d","\\ude00"]', r"half a surrogate pair \(byte 11\)", id="halves-in-two-strings"),
    pytest.param(b'["\\ud83d\\n"]', r"half a surrogate pair \(byte 8\)", id="first-half-and-another-escape"),
]


@pytest.mark.parametrize("data", ACCEPTED)
def test_within_limits(data: bytes) -> None:
    """What no limit forbids reaches the parser, which reads it."""
    check_limits(data)
    codec.decoder(Any)(data)


@pytest.mark.parametrize(("data", "message"), REFUSED)
def test_over_a_limit(data: bytes, message: str) -> None:
    """What goes over a limit is malformed, and the message says why and where."""
    with pytest.raises(MalformedError, match=message):
        check_limits(data)


@pytest.mark.parametrize(("data", "message"), REFUSED)
def test_over_a_limit_in_an_ignored_member(data: bytes, message: str) -> None:
    """The limits hold for the whole body, also for what the type does not look at."""
    with pytest.raises(MalformedError, match="JSON is malformed: "):
        codec.decoder(Named)(b'{"name":"x","ignored":' + data + b"}")

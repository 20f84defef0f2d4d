"""What holds for every JSON body under every codec, before any type is looked at.

=====================  ==============================  =======================================================
what                   limit                           why it is checked here
=====================  ==============================  =======================================================
encoding               UTF-8, everywhere               msgspec does not look at members that the type ignores
nesting                `MAX_DEPTH` arrays and objects  a parser that recurses must not run out of stack
surrogate escapes      only in pairs (RFC 8259, 8.2)   a lone one cannot be written into any response
=====================  ==============================  =======================================================

Each check has a cheap test that settles nearly every body and a precise one for the rest.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from hawkapi.codec.errors import MalformedError

MAX_DEPTH: Final = 200
"""Nested arrays and objects: far above what APIs use, far below what any parser's stack holds."""

# Possessive, and an unfinished string is one too: each byte is looked at once, whatever a client sends.
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z|\\\Z)', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_OPENING: Final = bytes.maketrans(b"[]{}", b"\x01\x00\x01\x00")
_STEPS: Final = (-1, 1)
_ESCAPE: Final = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def check_limits(data: bytes) -> None:
    """Refuse a body that no codec may read.

    Raises:
        MalformedError: it is not UTF-8, is nested too deeply, or escapes half a surrogate pair.
    """
    if not data.isascii():
        _check_encoding(data)
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        _check_depth(data)
    # PERF: `find`, because `in` first tries to read its left side as a number, which costs five times as much.
    if data.find(b"\\u") >= 0:
        _check_surrogates(data)


def _check_encoding(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise MalformedError(f"JSON is malformed: invalid UTF-8 (byte {exc.start})") from None


def _check_depth(data: bytes) -> None:
    """Walk up and down the brackets outside strings, in time that grows with the length only."""
    marks = _STRING.sub(b"", data).translate(_OPENING, _NOT_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, marks)), default=0) > MAX_DEPTH:
        raise MalformedError(f"JSON is malformed: nested deeper than {MAX_DEPTH} levels")


def _check_surrogates(data: bytes) -> None:
    """Accept `\\ud83d\\ude00`; refuse either half alone."""
    awaited_at = -1
    for escape in _ESCAPE.finditer(data):
        unit = int(escape[1] or b"0", 16)
        is_second_half = 0xDC00 <= unit <= 0xDFFF
        if is_second_half != (awaited_at >= 0) or (is_second_half and escape.start() != awaited_at):
            raise MalformedError(f"JSON is malformed: half a surrogate pair (byte {escape.start()})")
        awaited_at = escape.end() if 0xD800 <= unit <= 0xDBFF else -1
    if awaited_at >= 0:
        raise MalformedError(f"JSON is malformed: half a surrogate pair (byte {awaited_at})")

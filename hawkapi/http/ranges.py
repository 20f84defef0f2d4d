"""Byte ranges: reading `Range`, writing `Content-Range` (RFC 9110 section 14)."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, Literal, NamedTuple

from hawkapi.http._grammar import split_list

__all__ = [
    "UNSATISFIABLE",
    "ByteRange",
    "Unsatisfiable",
    "content_range",
    "parse_range",
    "unsatisfied_range",
]

DEFAULT_MAX_RANGES: Final = 16
"""Players and download managers ask for one or a few; many small ones are an attack (RFC 9110 section 17.15)."""

_PREFIX: Final = re.compile("bytes=", re.IGNORECASE)
# Twenty digits hold every position of 64 bits. A longer one is no position in any file, and may be ignored.
_SPEC: Final = re.compile(r"([0-9]{1,20})?-([0-9]{1,20})?")


class ByteRange(NamedTuple):
    """A part of a representation, as a slice has it; never empty."""

    start: int
    """The first byte, from 0."""
    stop: int
    """One after the last byte."""


class Unsatisfiable(Enum):
    """The type of `UNSATISFIABLE`."""

    UNSATISFIABLE = "unsatisfiable"


UNSATISFIABLE: Final = Unsatisfiable.UNSATISFIABLE
"""The ranges are well formed, but none of them has a byte: answer 416 (RFC 9110 section 15.5.17)."""


def parse_range(
    header: str | None, size: int, *, max_ranges: int = DEFAULT_MAX_RANGES
) -> list[ByteRange] | Literal[Unsatisfiable.UNSATISFIABLE] | None:
    """Return the parts that a `Range` field asks for (RFC 9110 sections 14.1.2 and 14.2).

    Args:
        header: the value of the field; several fields joined by commas.
        size: bytes of the whole representation.
        max_ranges: a field with more is ignored, default 16.

    Returns:
        Parts in the order they were asked for: 206. Those that touch or overlap are joined, so that together they
        never exceed `size`. `UNSATISFIABLE`: 416. `None`: ignore the field and send everything; it is absent, has
        another unit, is malformed or asks for too many parts.
    """
    specs = _parse_specs(header or "", max_ranges)
    if specs is None:
        return None
    # SPEC: the last bytes of an empty representation are all of it, and no Content-Range can say that: send 200.
    if size == 0 and any(spec.first is None and spec.last for spec in specs):
        return None
    parts = [part for part in (_resolve(spec, size) for spec in specs) if part is not None]
    return _join(parts) if parts else UNSATISFIABLE


def content_range(start: int, stop: int, size: int) -> str:
    """Return the `Content-Range` of a part, given as a slice (RFC 9110 section 14.4).

    Raises:
        ValueError: the part is empty or is not within the size.
    """
    if not 0 <= start < stop <= size:
        raise ValueError(f"bytes {start} to {stop} are no part of {size} bytes")
    return f"bytes {start}-{stop - 1}/{size}"


def unsatisfied_range(size: int) -> str:
    """Return the `Content-Range` of a 416 (RFC 9110 section 14.4)."""
    return f"bytes */{size}"


class _Spec(NamedTuple):
    """One element of a range set: `first-last`, `first-`, or the `last` bytes when there is no first."""

    first: int | None
    last: int | None


def _parse_specs(header: str, max_ranges: int) -> list[_Spec] | None:
    """Return the elements of a well-formed set of byte ranges that is not too long."""
    prefix = _PREFIX.match(header)
    if prefix is None:
        return None
    texts = split_list(header[prefix.end() :])
    if not 0 < len(texts) <= max_ranges:
        return None
    specs = [spec for spec in map(_parse_spec, texts) if spec is not None]
    return specs if len(specs) == len(texts) else None


def _parse_spec(text: str) -> _Spec | None:
    match = _SPEC.fullmatch(text)
    if match is None:
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    if (first is None and last is None) or (first is not None and last is not None and last < first):
        return None
    return _Spec(first, last)


def _resolve(spec: _Spec, size: int) -> ByteRange | None:
    """Return the bytes that an element means, or `None` when there are none."""
    if spec.first is None:
        start, stop = size - min(spec.last or 0, size), size
    else:
        start, stop = spec.first, size if spec.last is None else min(spec.last + 1, size)
    return ByteRange(start, stop) if start < stop else None


def _join(parts: list[ByteRange]) -> list[ByteRange]:
    """Join parts that touch or overlap; a joined part stands where its first member stood (section 15.3.7.2)."""
    joined: list[tuple[int, ByteRange]] = []
    for position, part in sorted(enumerate(parts), key=lambda item: item[1]):
        if joined and part.start <= joined[-1][1].stop:
            before, previous = joined[-1]
            joined[-1] = (min(before, position), ByteRange(previous.start, max(previous.stop, part.stop)))
        else:
            joined.append((position, part))
    return [part for _, part in sorted(joined)]

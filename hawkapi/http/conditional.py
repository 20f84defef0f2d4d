"""Conditional requests: entity tags, and what `If-…` fields ask for (RFC 9110 sections 8.8 and 13)."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, Literal, NamedTuple, Protocol

from hawkapi.http._grammar import OWS
from hawkapi.http.dates import parse_http_date

__all__ = ["ETag", "HeaderSource", "Outcome", "evaluate", "if_range_holds", "parse_etags"]

_ETAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*+)"')
_OPAQUE: Final = re.compile(r"[\x21\x23-\x7e\x80-\xff]*")
_WITHOUT_REPRESENTATION: Final = frozenset({"CONNECT", "OPTIONS", "TRACE"})


class HeaderSource(Protocol):
    """Where fields are read from: `getlist` returns every value of a field in order. `Headers` is one."""

    def getlist(self, key: str, /) -> list[str]: ...


class Outcome(Enum):
    """What to do with a request after its preconditions were looked at."""

    PROCEED = "proceed"
    """Do what the method says."""
    NOT_MODIFIED = "not modified"
    """Answer 304: what the client has is current."""
    PRECONDITION_FAILED = "precondition failed"
    """Answer 412, and change nothing."""


class ETag(NamedTuple):
    """An entity tag (RFC 9110 section 8.8.3)."""

    opaque: str
    """What stands between the quotes."""
    weak: bool = False
    """Whether it only promises an equivalent representation, not the same bytes."""

    @classmethod
    def from_header(cls, text: str) -> ETag | None:
        """Return the tag that a whole text is, or `None`."""
        match = _ETAG.fullmatch(text.strip(OWS))
        return cls(match[2], match[1] is not None) if match is not None else None

    def to_header(self) -> str:
        """Return the tag as it is sent.

        Raises:
            ValueError: it has a quote, a space or something else that a tag cannot have.
        """
        if _OPAQUE.fullmatch(self.opaque) is None:
            raise ValueError(f"{self.opaque!r} is no entity tag; use ASCII without spaces and quotes, such as a digest")
        return f'W/"{self.opaque}"' if self.weak else f'"{self.opaque}"'

    def equals_strongly(self, other: ETag) -> bool:
        """Whether both mean the same bytes; a weak tag never does (section 8.8.3.2)."""
        return not self.weak and not other.weak and self.opaque == other.opaque

    def equals_weakly(self, other: ETag) -> bool:
        """Whether both mean equivalent representations (section 8.8.3.2)."""
        return self.opaque == other.opaque


def parse_etags(text: str) -> list[ETag] | Literal["*"]:
    """Return the tags of `If-Match` or `If-None-Match` (RFC 9110 sections 13.1.1 and 13.1.2).

    What is no tag is skipped: it equals nothing. A tag may contain commas.
    """
    if text.strip(OWS) == "*":
        return "*"
    return [ETag(match[2], match[1] is not None) for match in _ETAG.finditer(text)]


def evaluate(
    method: str,
    headers: HeaderSource,
    *,
    etag: ETag | None = None,
    last_modified: float | None = None,
    exists: bool = True,
) -> Outcome:
    """Evaluate the preconditions of a request in the order of RFC 9110 section 13.2.2.

    Args:
        method: of the request, in upper case.
        headers: of the request.
        etag: of the selected representation, when it has one.
        last_modified: seconds since 1970; a part of a second is dropped, as in what was sent. Absent when unknown.
        exists: whether there is a representation; `If-None-Match: *` asks for none.

    Call it only where the answer without preconditions would be 2xx (section 13.2.1); `Range` comes after it, with
    `if_range_holds`.
    """
    if method in _WITHOUT_REPRESENTATION:
        return Outcome.PROCEED
    reads = method in {"GET", "HEAD"}
    if not _is_expected(headers, etag, last_modified, exists):
        return Outcome.PRECONDITION_FAILED
    none_match = _joined(headers, "if-none-match")
    if none_match is not None:
        if not _is_listed(none_match, etag, exists, strongly=False):
            return Outcome.PROCEED
        return Outcome.NOT_MODIFIED if reads else Outcome.PRECONDITION_FAILED
    if reads and exists:
        since = _date(headers, "if-modified-since")
        if since is not None and last_modified is not None and last_modified // 1 <= since:
            return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def if_range_holds(headers: HeaderSource, *, etag: ETag | None = None, last_modified: float | None = None) -> bool:
    """Whether `Range` may be answered with parts (RFC 9110 section 13.1.5); if not, send the whole.

    Args:
        headers: of the request; without `If-Range` nothing is asked.
        etag: of the selected representation. A weak one never holds.
        last_modified: seconds since 1970; has to be the very second of the field. Leave it out where content may change
            twice within a second: then the date promises nothing (section 8.8.2.2).
    """
    text = _joined(headers, "if-range")
    if text is None:
        return True
    wanted = ETag.from_header(text)
    if wanted is not None:
        return etag is not None and etag.equals_strongly(wanted)
    date = parse_http_date(text.strip(OWS))
    return date is not None and last_modified is not None and last_modified // 1 == date


def _is_expected(headers: HeaderSource, etag: ETag | None, last_modified: float | None, exists: bool) -> bool:
    """Whether the representation is the one that the client means to change: steps 1 and 2."""
    match = _joined(headers, "if-match")
    if match is not None:
        return _is_listed(match, etag, exists, strongly=True)
    since = _date(headers, "if-unmodified-since")
    return since is None or last_modified is None or last_modified // 1 <= since


def _is_listed(text: str, etag: ETag | None, exists: bool, *, strongly: bool) -> bool:
    tags = parse_etags(text)
    if not exists or tags == "*":
        return exists
    if etag is None:
        return False
    equals = etag.equals_strongly if strongly else etag.equals_weakly
    return any(equals(tag) for tag in tags)


def _joined(headers: HeaderSource, name: str) -> str | None:
    """Return a field with its repetitions joined (section 5.3), or `None` when it is absent."""
    values = headers.getlist(name)
    return ", ".join(values) if values else None


def _date(headers: HeaderSource, name: str) -> int | None:
    """Return the date in a field; one that is malformed or repeated is ignored (sections 13.1.3 and 13.1.4)."""
    text = _joined(headers, name)
    return parse_http_date(text.strip(OWS)) if text is not None else None

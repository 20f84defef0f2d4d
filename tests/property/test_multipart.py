"""The parser of multipart bodies: cutting changes nothing, forms round-trip, and nothing raises but its own error."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from hawkapi.http.multipart import Event, MultipartError, MultipartParser, PartBegin, PartData, parse_disposition
from hawkapi.requests import FormData, MalformedBodyError, RequestEntityTooLarge, UploadFile
from hawkapi.requests.form_data import parse_multipart, parse_urlencoded

LIMITS = settings(max_examples=300, deadline=None, database=None)
PIECES = st.sampled_from(
    [
        b"\r\n--b",
        b"--b",
        b"\r\n",
        b"--",
        b"-",
        b"\r",
        b"\n",
        b" ",
        b"b",
        b"--b--\r\n",
        b"x: y\r\n",
        b'Content-Disposition: form-data; name="a"\r\n',
        b"Content-Disposition: form-data; name=f; filename=g\r\n",
        b"\r\n\r\n",
        b"--b\r\n",
        b"\x00",
    ]
)
BODIES = st.lists(st.one_of(PIECES, st.binary(max_size=3)), max_size=16).map(b"".join)
FORMS = st.one_of(BODIES, BODIES.map(lambda middle: b"--b\r\n\r\n" + middle + b"\r\n--b--\r\n"))
CONTENTS = st.lists(st.one_of(PIECES, st.binary(max_size=4)), max_size=8).map(b"".join)
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8).filter(lambda text: "%22" not in text)

type Outcome = list[tuple[PartBegin, bytes]] | str


def outcome_of(pieces: list[bytes]) -> Outcome:
    """Return parts with whole contents, or what is wrong with the form."""
    parser = MultipartParser(b"b", max_parts=3, max_header_bytes=60, max_headers=2)
    events: list[Event] = []
    try:
        for piece in pieces:
            events += parser.feed(piece)
        events += parser.finish()
    except MultipartError as exc:
        return str(exc)
    parts: list[tuple[PartBegin, bytes]] = []
    for found in events:
        if isinstance(found, PartBegin):
            parts.append((found, b""))
        elif isinstance(found, PartData):
            begin, content = parts[-1]
            parts[-1] = (begin, content + found.data)
    return parts


@LIMITS
@given(FORMS, st.lists(st.integers(0, 200), max_size=6))
@example(b"--b\r\n\r\nx\r\n--b-", [])
def test_cutting_changes_nothing(body: bytes, places: list[int]) -> None:
    """Parts and errors are the same in one piece, in a few, and byte by byte."""
    whole = outcome_of([body])
    event("refused" if isinstance(whole, str) else "accepted")
    cuts = sorted({0, len(body), *(place for place in places if place < len(body))})
    assert outcome_of([body[first:last] for first, last in itertools.pairwise(cuts)]) == whole
    assert outcome_of([body[at : at + 1] for at in range(len(body))]) == whole
    assert outcome_of([b"", body, b""]) == whole


@LIMITS
@given(FORMS)
def test_contents_are_in_the_body(body: bytes) -> None:
    """Nothing is made up: each content is a run of the body, followed by a delimiter, and holds no delimiter line."""
    whole = outcome_of([body])
    if isinstance(whole, str):
        return
    for _, content in whole:
        assert content + b"\r\n--b" in b"\r\n" + body
        assert re.search(rb"\r\n--b(--)?[ \t]{0,64}\r\n", b"\r\n" + content) is None


def build(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    """Write a form as browsers do."""
    body = b""
    for name, filename, content in parts:
        body += b'--b\r\nContent-Disposition: form-data; name="%s"' % quoted(name)
        body += b'; filename="%s"' % quoted(filename) if filename is not None else b""
        body += b"\r\n\r\n" + content + b"\r\n"
    return body + b"--b--\r\n"


def quoted(text: str) -> bytes:
    """Write a name as RFC 7578 has it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').encode()


@LIMITS
@given(st.lists(st.tuples(NAMES, st.one_of(st.none(), NAMES), CONTENTS), max_size=4))
def test_forms_round_trip(parts: list[tuple[str, str | None, bytes]]) -> None:
    """What is written is read back: names, filenames and every byte of content."""
    parts = [part for part in parts if re.search(rb"(?:\A|\r\n)--b", part[2]) is None]
    whole = parts_of(build(parts))
    assert [(begin.name, begin.filename, content) for begin, content in whole] == parts


def parts_of(body: bytes) -> list[tuple[PartBegin, bytes]]:
    """Return parts with whole contents, of a form that must be one."""
    parser = MultipartParser(b"b")
    parts: list[tuple[PartBegin, bytes]] = []
    for found in [*parser.feed(body), *parser.finish()]:
        if isinstance(found, PartBegin):
            parts.append((found, b""))
        elif isinstance(found, PartData):
            parts[-1] = (parts[-1][0], parts[-1][1] + found.data)
    return parts


@LIMITS
@given(st.one_of(st.binary(max_size=40), st.text(max_size=20).map(lambda text: b"form-data; " + text.encode("utf-8"))))
def test_any_bytes_are_a_disposition_or_refused(value: bytes) -> None:
    """Reading a disposition ends with names or with the parser's own error."""
    try:
        disposition = parse_disposition(value)
    except MultipartError:
        return
    for text in disposition:
        assert text is None or isinstance(text, str)


@LIMITS
@given(FORMS, st.binary(max_size=30))
def test_any_bytes_are_a_form_or_refused(body: bytes, urlencoded: bytes) -> None:
    """Whatever a client sends as a form is one, or is an error with a status of the client's."""
    parsers: list[Callable[[], FormData]] = [
        lambda: parse_multipart(body, b"b", 3),
        lambda: parse_urlencoded(urlencoded, 3),
    ]
    for parse in parsers:
        try:
            form = parse()
        except (MalformedBodyError, RequestEntityTooLarge):
            continue
        assert all(isinstance(value, str | UploadFile) for _, value in form.multi_items())

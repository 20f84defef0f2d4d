"""The parser of multipart bodies beside another one, the `multipart` package, on the same forms."""

from __future__ import annotations

from hypothesis import event, given, settings
from hypothesis import strategies as st
from multipart import (  # type: ignore[import-untyped]  # it has no annotations
    MultipartError as OracleError,
)
from multipart import MultipartSegment, PushMultipartParser

from hawkapi.requests import MalformedBodyError, UploadFile
from hawkapi.requests.form_data import parse_multipart

LIMITS = settings(max_examples=300, deadline=None, database=None)
NAMES = st.text(st.sampled_from("abc ;=.ä"), min_size=1, max_size=5)
# Nothing that holds the boundary: the other parser does not ask whether it is a whole line.
CONTENTS = st.lists(
    st.one_of(st.sampled_from([b"\r\n", b"--", b"\r", b"\n--", b"\r\n--", b"\x00"]), st.binary(max_size=4)), max_size=8
).map(lambda pieces: b"".join(pieces).replace(b"b", b"c"))
PARTS = st.lists(st.tuples(NAMES, NAMES, CONTENTS), min_size=1, max_size=4)

type Part = tuple[str, str, bytes]


def build(parts: list[Part]) -> bytes:
    """Write a form as clients do."""
    body = b""
    for name, filename, content in parts:
        body += b'--b\r\nContent-Disposition: form-data; name="%s"' % name.encode()
        body += b'; filename="%s"' % filename.encode()
        body += b"\r\nContent-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
    return body + b"--b--\r\n"


def theirs(body: bytes) -> list[Part] | None:
    """Return what the other parser finds in a form, or `None` when it refuses it."""
    parts: list[Part] = []
    name, filename, content = "", "", b""
    try:
        with PushMultipartParser(b"b", strict=True) as parser:
            for found in [*parser.parse(body), *parser.parse(b"")]:
                if isinstance(found, MultipartSegment):
                    name, filename, content = found.name, found.filename, b""
                elif found:
                    content += found
                else:
                    parts.append((name, filename, content))
    except OracleError:
        return None
    return parts


def ours(body: bytes) -> list[Part] | None:
    """Return what our parser finds in a form, or `None` when it refuses it."""
    try:
        form = parse_multipart(body, b"b")
    except MalformedBodyError:
        return None
    values = form.multi_items()
    return [(name, value.filename, value.data) for name, value in values if isinstance(value, UploadFile)]


@LIMITS
@given(PARTS, st.one_of(st.just(0), st.integers(0, 60)))
def test_another_parser_agrees(parts: list[Part], cut: int) -> None:
    """A form that one parser accepts has the same parts for the other, and one that breaks off is refused by both."""
    body = build(parts)
    body = body[: len(body) - cut]
    expected = theirs(body)
    event("refused" if expected is None else "accepted")
    assert ours(body) == expected
    assert expected is None or expected == parts

"""Multipart bodies: what is a part, what is only content, and what is refused."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest

from hawkapi.http.media_types import parse_media_type
from hawkapi.http.multipart import (
    Event,
    MultipartError,
    MultipartLimitError,
    MultipartParser,
    PartBegin,
    PartData,
    parse_boundary,
    parse_disposition,
)

FIELD = b'Content-Disposition: form-data; name="a"'


def parts_of(*pieces: bytes, **limits: int) -> list[tuple[PartBegin, bytes]]:
    """Return each part with its whole content."""
    parser = MultipartParser(b"b", **limits)
    events = list(itertools.chain.from_iterable(parser.feed(piece) for piece in pieces))
    return joined([*events, *parser.finish()])


def joined(events: list[Event]) -> list[tuple[PartBegin, bytes]]:
    """Return events with the content of each part in one piece."""
    parts: list[tuple[PartBegin, bytes]] = []
    for event in events:
        if isinstance(event, PartBegin):
            parts.append((event, b""))
        elif isinstance(event, PartData):
            assert event.data, "no event is empty"
            begin, content = parts.pop()
            parts.append((begin, content + event.data))
    return parts


def contents_of(*pieces: bytes, **limits: int) -> list[bytes]:
    """Return the content of each part."""
    return [content for _, content in parts_of(*pieces, **limits)]


@pytest.mark.parametrize(
    ("body", "contents"),
    [
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b--\r\n", [b"x"], id="plain"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b--", [b"x"], id="no-last-line-end"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b--\r", [b"x"], id="half-a-last-line-end"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b-- \t", [b"x"], id="padding-at-the-end"),
        pytest.param(b"\r\n--b\r\n%s\r\n\r\nx\r\n--b--", [b"x"], id="empty-preamble"),
        pytest.param(b"pre\r\n--bb\r\n --b\r\n--b\r\n%s\r\n\r\nx\r\n--b--", [b"x"], id="preamble"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b--\r\n--b\r\n\r\n\r\nepilogue", [b"x"], id="epilogue"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b --\r\n--b--", [b"x\r\n--b --"], id="dashes-after-padding"),
        pytest.param(b"--b\r\n\r\nx\r\n--b" + b" " * 64 + b"\r\n\r\ny\r\n--b--", [b"x", b"y"], id="longest-padding"),
        pytest.param(b"--b\r\n\r\n\r\n--b" + b" " * 65 + b"\r\n--b--", [b"\r\n--b" + b" " * 65], id="too-much-padding"),
        pytest.param(b"--b \t \r\n%s\r\n\r\nx\r\n--b-- \t \r\n", [b"x"], id="padding"),
        pytest.param(b"--b\r\n%s\r\n\r\n\r\n--b--", [b""], id="empty-content"),
        pytest.param(b"--b\r\n%s\r\n\r\n--b--", [b""], id="headers-alone"),
        pytest.param(b"--b\r\n\r\nx\r\n--b--", [b"x"], id="no-headers"),
        pytest.param(b"--b\r\n\r\n\r\n--b--", [b""], id="nothing-in-a-part"),
        pytest.param(b"--b\r\n\r\n--b--", [b""], id="less-than-nothing"),
        pytest.param(b"--b--", [], id="no-part"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n\r\n\r\n--b--", [b"x\r\n\r\n"], id="line-ends-at-the-end"),
        pytest.param(b"--b\r\n%s\r\n\r\n\r\n\r\nx\r\n--b--", [b"\r\n\r\nx"], id="line-ends-at-the-start"),
        pytest.param(b"--b\r\n%s\r\n\r\nx--b\r\n--b--", [b"x--b"], id="boundary-in-a-line"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\n--b\r\n--b--", [b"x\n--b"], id="boundary-after-a-bare-line-feed"),
        pytest.param(b"--b\r\n%s\r\n\r\n--b\r\n\r\n--b--", [b"", b""], id="boundary-right-after-the-headers"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--bc\r\n--b--", [b"x\r\n--bc"], id="line-begins-with-the-boundary"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b-\r\n--b--", [b"x\r\n--b-"], id="one-dash"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b\r \r\n--b--", [b"x\r\n--b\r "], id="carriage-return-alone"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b--y\r\n--b--", [b"x\r\n--b--y"], id="text-after-the-end"),
        pytest.param(b"--b\r\n\r\n\r\n--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--", [b"", b"1", b"2"], id="several"),
    ],
)
def test_content(body: bytes, contents: list[bytes]) -> None:
    """A delimiter is a whole line; everything else is content, however it was cut."""
    body = body.replace(b"%s", FIELD)
    whole = parts_of(body)
    assert [content for _, content in whole] == contents
    assert parts_of(*(body[at : at + 1] for at in range(len(body)))) == whole
    for at in range(len(body)):
        assert parts_of(body[:at], body[at:]) == whole


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"a=1", id="not-multipart"),
        pytest.param(b"--b", id="boundary-alone"),
        pytest.param(b"--b\r\n", id="before-the-headers"),
        pytest.param(b"--b\r\n%s\r\n", id="in-the-headers"),
        pytest.param(b"--b\r\n%s\r\n\r\nx", id="in-the-content"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b", id="before-the-dashes"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b-", id="between-the-dashes"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b\r\n", id="before-another-part"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--B--", id="another-case"),
        pytest.param(b"--b\n%s\n\nx\n--b--", id="bare-line-feeds"),
        pytest.param(b"--b\r\n%s\r\n\r\nx\r\n--b--y", id="text-after-the-end"),
        pytest.param(b"--b\r\nno colon\r\n\r\nx\r\n--b--", id="no-colon"),
        pytest.param(b"--b\r\n: x\r\n\r\nx\r\n--b--", id="no-name"),
        pytest.param(b"--b\r\na b: x\r\n\r\nx\r\n--b--", id="space-in-a-name"),
        pytest.param(b"--b\r\na : x\r\n\r\nx\r\n--b--", id="space-before-the-colon"),
        pytest.param(b"--b\r\n a: x\r\n\r\nx\r\n--b--", id="folding-of-nothing"),
        pytest.param(b"--b\r\na: x\ry\r\n\r\nx\r\n--b--", id="carriage-return-in-a-header"),
        pytest.param(b"--b\r\na: x\ny\r\n\r\nx\r\n--b--", id="line-feed-in-a-header"),
        pytest.param(b"--b\r\na: \x00\r\n\r\nx\r\n--b--", id="nul-in-a-header"),
        pytest.param(b"--b\r\n%s\r\n%s\r\n\r\nx\r\n--b--", id="two-dispositions"),
    ],
)
def test_malformed(body: bytes) -> None:
    """What is no form, or not all of one, is refused, however it was cut."""
    body = body.replace(b"%s", FIELD)
    with pytest.raises(MultipartError) as whole:
        parts_of(body)
    with pytest.raises(MultipartError) as pieces:
        parts_of(*(body[at : at + 1] for at in range(len(body))))
    assert str(whole.value) == str(pieces.value)


def test_headers_of_a_part() -> None:
    """Names come in lower case, values without white space around them, folded lines in one."""
    body = b"--b\r\nX-A:  1 \r\nCONTENT-TYPE: text/plain\r\nx-b: 1\r\n\t2\r\n  3\r\nx-c:\r\n\r\n\r\n--b--"
    ((begin, _),) = parts_of(body)
    expected = [(b"x-a", b"1"), (b"content-type", b"text/plain"), (b"x-b", b"1 2 3"), (b"x-c", b"")]
    assert begin == PartBegin(expected, None, None, "text/plain")


@pytest.mark.parametrize(
    ("value", "name", "filename"),
    [
        pytest.param('form-data; name="a"', "a", None, id="field"),
        pytest.param("form-data; name=a; filename=b.txt", "a", "b.txt", id="tokens"),
        pytest.param("FORM-DATA ; NAME=a ;FileName = b", "a", "b", id="case-and-space"),
        pytest.param('form-data;name="a";;filename="";', "a", "", id="empty-filename-and-parameters"),
        pytest.param('form-data; filename="x; name=\\"y\\""; name="z"', "z", 'x; name="y"', id="name-in-a-filename"),
        pytest.param('form-data; filename="x"', None, "x", id="no-name"),
        pytest.param('form-data; xname="x"; name="y"', "y", None, id="longer-parameter-name"),
        pytest.param('form-data; name="a\\\\b\\"c"', 'a\\b"c', None, id="quoted-pairs"),
        pytest.param('form-data; name=a; filename="C:\\dir\\f.txt"', "a", "C:\\dir\\f.txt", id="backslashes-of-a-path"),
        pytest.param('form-data; name="a%22b"; filename="%22%0D%0A%41"', 'a"b', '"%0D%0A%41', id="browsers-quotes"),
        pytest.param('form-data; name="ä€"; filename="日本.txt"', "ä€", "日本.txt", id="utf-8"),
        pytest.param("form-data; name=a; filename=my file é.txt ; x=1", "a", "my file é.txt", id="unquoted"),
        pytest.param("form-data; name=a; filename*=UTF-8''%e2%82%ac%20x", "a", "€ x", id="extended"),
        pytest.param("form-data; name=a; filename*=iso-8859-1'en'%A3; filename=b", "a", "£", id="extended-first"),
        pytest.param("form-data; name=a; filename=b; filename*=utf-16''%00a", "a", "b", id="extended-charset"),
        pytest.param("form-data; name=a; filename=b; filename*=UTF-8''%ff", "a", "b", id="extended-not-utf-8"),
        pytest.param("form-data; name=a; filename=b; filename*=UTF-8''%0d%0a", "a", "b", id="extended-line-end"),
        pytest.param("form-data; name=a; filename=b; filename*=nothing", "a", "b", id="extended-malformed"),
        pytest.param("attachment; name=a; filename=b", None, None, id="another-kind"),
        pytest.param("form-data", None, None, id="kind-alone"),
        pytest.param("form-dataset; name=a", None, None, id="longer-kind"),
        pytest.param("", None, None, id="empty"),
    ],
)
def test_disposition(value: str, name: str | None, filename: str | None) -> None:
    """Parameters are read as RFC 7578 has them and as browsers and curl write them."""
    assert parse_disposition(value.encode()) == (name, filename)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b'form-data; name="a', id="quote-not-closed"),
        pytest.param(b'form-data; name="a"b', id="text-after-a-quote"),
        pytest.param(b"form-data; name", id="no-value"),
        pytest.param(b'form-data; name="a\\"', id="last-quote-escaped"),
        pytest.param(b'form-data; name=a"b"', id="quote-in-a-token"),
        pytest.param(b"form-data; name=a; NAME=b", id="given-twice"),
        pytest.param(b'form-data; name="\xff"', id="not-utf-8"),
    ],
)
def test_disposition_malformed(value: bytes) -> None:
    """A disposition that could be read in two ways is refused."""
    with pytest.raises(MultipartError):
        parse_disposition(value)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        pytest.param("multipart/form-data; boundary=abc", b"abc", id="token"),
        pytest.param('Multipart/Form-Data; charset=utf-8; BOUNDARY="a b:c"', b"a b:c", id="quoted"),
        pytest.param(f"multipart/form-data; boundary={'x' * 70}", b"x" * 70, id="longest"),
    ],
)
def test_boundary(content_type: str, boundary: bytes) -> None:
    """The boundary is a parameter like others."""
    assert parse_boundary(parse_media_type(content_type)) == boundary


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param(None, id="absent"),
        pytest.param("multipart/form-data", id="no-parameter"),
        pytest.param("multipart/form-data; boundary=", id="no-value"),
        pytest.param('multipart/form-data; boundary=""', id="empty"),
        pytest.param('multipart/form-data; boundary="a "', id="space-at-the-end"),
        pytest.param('multipart/form-data; boundary="ä"', id="not-ascii"),
        pytest.param(f"multipart/form-data; boundary={'x' * 71}", id="too-long"),
        pytest.param("multipart/form-data; boundary=a b", id="malformed"),
    ],
)
def test_boundary_malformed(content_type: str | None) -> None:
    """A boundary that RFC 2046 does not allow is refused."""
    with pytest.raises(MultipartError, match="boundary"):
        parse_boundary(parse_media_type(content_type))


def test_part_limit() -> None:
    """Exactly as many parts as allowed are fine."""
    two = b"--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--"
    assert contents_of(two, max_parts=2) == [b"1", b"2"]
    with pytest.raises(MultipartLimitError, match="more than 1 parts") as caught:
        contents_of(two, max_parts=1)
    assert caught.value.limit == 1


@pytest.mark.parametrize("size", [1, 100], ids=["bytewise", "whole"])
def test_header_size_limit(size: int) -> None:
    """The headers of a part may be as long as the limit, with their line ends, and no longer."""

    def parse(body: bytes) -> list[bytes]:
        pieces = (body[at : at + size] for at in range(0, len(body), size))
        return contents_of(*pieces, max_header_bytes=20)

    assert parse(b"--b\r\nx: %s\r\n\r\n1\r\n--b--" % (b"a" * 15)) == [b"1"]
    with pytest.raises(MultipartLimitError, match="longer than 20 bytes"):
        parse(b"--b\r\nx: %s\r\n\r\n1\r\n--b--" % (b"a" * 16))
    with pytest.raises(MultipartLimitError, match="longer than 20 bytes"):
        parse(b"--b\r\nx: %s" % (b"a" * 200))


def test_header_count_limit() -> None:
    """A part may have as many headers as the limit."""
    assert contents_of(b"--b\r\na: 1\r\nb: 2\r\n\r\n1\r\n--b--", max_headers=2) == [b"1"]
    with pytest.raises(MultipartLimitError, match="more than 1 headers"):
        contents_of(b"--b\r\na: 1\r\nb: 2\r\n\r\n1\r\n--b--", max_headers=1)


@pytest.mark.parametrize(
    ("start", "rest"),
    [
        pytest.param(b"--b\r\n\r\n", b"x" * 65536, id="content"),
        pytest.param(b"--b\r\n\r\n", b"\r\n--b-" * 10922, id="lines-like-delimiters"),
        pytest.param(b"--b\r\n\r\n", b"\r" * 65536, id="carriage-returns"),
        pytest.param(b"--b\r\n\r\n\r\n--b", b" " * 65536, id="padding"),
        pytest.param(b"", b"x" * 65536, id="preamble"),
        pytest.param(b"--b--\r\n", b"x" * 65536, id="epilogue"),
    ],
)
def test_memory_is_level(start: bytes, rest: bytes) -> None:
    """However long content, preamble and epilogue are, hardly more than one piece is kept."""
    parser = MultipartParser(b"b")
    parser.feed(start)
    tracemalloc.start()
    try:
        for _ in range(40):
            parser.feed(rest)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(rest)


def test_time_is_linear() -> None:
    """Bytes that look like delimiters are looked at once: a body of them is parsed in pieces of any size."""
    body = b"--b\r\n\r\n" + b"\r\n--b x" * 20_000 + b"\r\n--b--"
    assert len(contents_of(body)[0]) == 140_000
    assert len(contents_of(*(body[at : at + 7] for at in range(0, len(body), 7)))[0]) == 140_000


def test_nothing_after_the_end() -> None:
    """What follows the closing delimiter is ignored, and finishing twice is fine."""
    parser = MultipartParser(b"b")
    assert parser.feed(b"--b--\r\n--b\r\n\r\n") == []
    assert parser.feed(b"x\r\n--b") == []
    assert parser.finish() == []
    assert parser.finish() == []

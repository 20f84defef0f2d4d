"""The parsers of HTTP on any text: nothing a client sends raises, and what is written is read back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hawkapi.http._grammar import is_token, parse_parameters, split_list
from hawkapi.http._query import parse_pairs, parse_query
from hawkapi.http.conditional import ETag, Outcome, evaluate, if_range_holds, parse_etags
from hawkapi.http.cookies import format_set_cookie, parse_cookies
from hawkapi.http.dates import format_http_date, parse_http_date
from hawkapi.http.headers import Headers, MutableHeaders
from hawkapi.http.media_types import choose_media_type, parse_media_type
from hawkapi.http.preferences import choose_coding, parse_preferences
from hawkapi.http.ranges import UNSATISFIABLE, content_range, parse_range
from hawkapi.http.urls import build_url, encode_path, encode_url, parse_host

LIMITS = settings(max_examples=200, deadline=None, database=None)
OFFERED = ["application/json", "application/msgpack", "text/html"]
OUTSIDE_FIELDS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def mixture(*pieces: str) -> st.SearchStrategy[str]:
    """Return texts of the pieces that a grammar is about and of anything else."""
    piece = st.one_of(
        st.sampled_from(pieces), st.text(st.characters(max_codepoint=255), max_size=3), st.text(max_size=2)
    )
    return st.lists(piece, max_size=12).map("".join)


FIELDS = mixture(
    ";", ",", "=", '"', "\\", " ", "\t", "/", "*", "q=", "q=0.5", "q=0", "text", "html", "gzip", "identity"
)
RANGES = st.one_of(
    FIELDS, mixture("bytes=", "0-", "-1", "5-9", ",", "99999999999999999999", "-").map("bytes={}".format)
)
NAMES = st.text(st.sampled_from("abcXYZ019!#$%&'*+-.^_`|~"), min_size=1, max_size=8)
DATES = mixture("Sun", "Sunday", ", ", " ", "-", "06", "Nov", "94", "1994", "0000", "08:49:37", " GMT")
TAGS = mixture('"', "W/", "v2", ",", "*", " ", "Sun, 06 Nov 1994 08:49:37 GMT")


@LIMITS
@given(FIELDS)
@example('"' * 50 + "\\")
def test_any_text_is_a_field(text: str) -> None:
    """Lists, parameters, media types and preferences of any text are something, or nothing."""
    elements = split_list(text)
    assert all(element == element.strip(" \t") != "" for element in elements)
    assert all(name == name.lower() and is_token(name) for name, _ in parse_parameters(text, 0) or ())
    assert all(0 <= preference.weight <= 1 for preference in parse_preferences(text))
    assert choose_media_type(text, OFFERED) in {*OFFERED, None}
    assert choose_coding(text, ["br", "gzip"]) in {"br", "gzip", "identity", None}
    media_type = parse_media_type(text)
    assert media_type is None or (is_token(media_type.type) and is_token(media_type.subtype))


@LIMITS
@given(st.lists(st.tuples(NAMES, st.text(st.characters(min_codepoint=32, max_codepoint=126))), max_size=4))
def test_parameters_round_trip(parameters: list[tuple[str, str]]) -> None:
    """Quoted parameters are read back, whatever they hold."""
    quoted = [(name, value.replace("\\", "\\\\").replace('"', '\\"')) for name, value in parameters]
    text = "".join(f' ; {name}="{value}"' for name, value in quoted)
    assert parse_parameters(text, 0) == [(name.lower(), value) for name, value in parameters]
    assert split_list(f"a{text}, b{text}") == [f"a{text}", f"b{text}"]


@LIMITS
@given(RANGES, st.integers(0, 30))
def test_any_text_is_a_range(text: str, size: int) -> None:
    """Parts are within the size, apart from each other, and can be written as `Content-Range`."""
    parts = parse_range(text, size)
    if parts is None or parts is UNSATISFIABLE:
        return
    assert parts
    assert all(content_range(part.start, part.stop, size).endswith(f"/{size}") for part in parts)
    positions = [position for part in parts for position in range(part.start - 1, part.stop)]
    assert len(set(positions)) == len(positions), "parts overlap or touch"


@LIMITS
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=16), st.integers(0, 30))
def test_ranges_hold_the_bytes_asked_for(asked: list[tuple[int, int]], size: int) -> None:
    """Joined or not, the parts have exactly the bytes that were asked for and exist."""
    spans = [(min(pair), max(pair)) for pair in asked]
    wanted = {byte for first, last in spans for byte in range(first, last + 1) if byte < size}
    parts = parse_range("bytes=" + ",".join(f"{first}-{last}" for first, last in spans), size)
    assert parts is not None
    if parts is UNSATISFIABLE:
        assert not wanted
        return
    assert {byte for part in parts for byte in range(part.start, part.stop)} == wanted


@LIMITS
@given(st.integers(-62135596800, 253402300799))
def test_dates_round_trip(seconds: int) -> None:
    """A moment is read back from its date, which is what the standard library would write."""
    text = format_http_date(seconds)
    assert parse_http_date(text) == seconds
    assert text == format_datetime(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), usegmt=True)


@LIMITS
@given(DATES)
def test_any_text_is_a_date_or_none(text: str) -> None:
    """Whatever is read as a date is one that can be written."""
    seconds = parse_http_date(text)
    assert seconds is None or parse_http_date(format_http_date(seconds)) == seconds


@LIMITS
@given(st.lists(st.one_of(FIELDS, mixture(";", "=", '"', " ", "a")), max_size=3))
def test_any_text_is_a_cookie(values: list[str]) -> None:
    """Cookies are read from anything; their names are not empty and hold no separator."""
    for name, value in parse_cookies(values).items():
        assert name == name.strip(" \t") != ""
        assert not {";", "="} & set(name)
        assert ";" not in value


@LIMITS
@given(st.text(max_size=8), FIELDS, st.one_of(st.none(), FIELDS), st.one_of(st.none(), FIELDS))
def test_cookies_round_trip(name: str, value: str, path: str | None, domain: str | None) -> None:
    """What is written is one cookie with the attributes asked for, or is refused."""
    try:
        text = format_set_cookie(name, value, path=path, domain=domain, samesite=None)
    except ValueError:
        return
    parts = text.split("; ")
    assert parse_cookies(parts[:1]) == {name: value}
    assert [part.partition("=")[0] for part in parts[1:]] == ["Domain"] * (domain is not None) + ["Path"] * (
        path is not None
    )
    assert MutableHeaders({"set-cookie": text}).to_pairs() == [(b"set-cookie", text.encode())]


@LIMITS
@given(st.lists(st.tuples(NAMES, st.text()), max_size=5))
def test_no_field_ends_another(fields: list[tuple[str, str]]) -> None:
    """Every field that is accepted is sent as one field, and is read back by `Headers`."""
    headers = MutableHeaders()
    accepted = 0
    for name, value in fields:
        try:
            headers.append(name, value)
        except ValueError:
            continue
        accepted += 1
    pairs = headers.to_pairs()
    assert len(pairs) == accepted
    assert not any(OUTSIDE_FIELDS.search(name + value) for name, value in pairs)
    assert all(name == name.lower() and is_token(name.decode()) for name, _ in pairs)
    read = Headers(pairs)
    assert all(read.getlist(name) == headers.getlist(name) and read[name] == headers[name] for name in headers)
    assert MutableHeaders.from_pairs(pairs) == headers


@LIMITS
@given(st.text(max_size=6))
def test_any_text_is_a_name_or_refused(name: str) -> None:
    """A name can be sent, or setting it is a `ValueError`; asking for it never raises."""
    headers = MutableHeaders()
    assert name not in headers
    assert name not in Headers([(b"content-type", b"x")])
    try:
        headers[name] = "1"
    except ValueError:
        assert not is_token(name)
    else:
        assert len(headers.to_pairs()) == 1


@LIMITS
@given(st.text())
def test_urls_are_encoded_once(text: str) -> None:
    """An encoded URL is ASCII without white space, and encoding it again changes nothing."""
    encoded = encode_url(text)
    assert re.fullmatch(r"[\x21-\x7e]*", encoded)
    assert not set(encoded) & set('"<>\\^`{|}')
    assert encode_url(encoded) == encoded
    assert encode_url(encode_path(text)) == encode_path(text)


@LIMITS
@given(mixture("a", ".", ":", "80", "[", "]", "::1", "@", "/"), st.text(), st.text(max_size=5), st.binary())
def test_request_urls_are_whole(host: str, path: str, root_path: str, query: bytes) -> None:
    """A URL consists of its parts: none of them can begin another."""
    url = build_url(host=host, path=path, root_path=root_path, query_string=query)
    match = re.fullmatch(r"http://([^/?#@\\]*)(/[^?#\\]*)?(\?[^#\\]*)?", url)
    assert match is not None
    assert encode_url(url).startswith(f"http://{match[1]}")
    assert parse_host(match[1]) is not None
    assert (match[3] is not None) is bool(query)


@LIMITS
@given(
    st.one_of(st.binary(), mixture("&", "=", "+", "%", "%C3", "%A9").map(lambda text: text.encode("utf-8", "replace")))
)
def test_any_bytes_are_a_query(query: bytes) -> None:
    """Any query string is a list of pairs, grouped by name in the other form."""
    pairs = parse_pairs(query)
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    assert parse_query(query) == grouped
    assert list(parse_query(query)) == list(grouped)


@LIMITS
@given(
    st.sampled_from(["GET", "HEAD", "PUT", "OPTIONS"]),
    st.dictionaries(
        st.sampled_from(["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"]),
        st.one_of(TAGS, DATES),
    ),
    st.sampled_from([None, ETag("v2"), ETag("v2", weak=True)]),
    st.sampled_from([None, 784111777.0]),
)
def test_any_text_is_a_precondition(
    method: str, fields: dict[str, str], etag: ETag | None, last_modified: float | None
) -> None:
    """Preconditions have an outcome, and only reading can find that nothing was modified."""
    headers = Headers([(name.encode(), value.encode("latin-1", "replace")) for name, value in fields.items()])
    outcome = evaluate(method, headers, etag=etag, last_modified=last_modified)
    assert method in {"GET", "HEAD"} or outcome is not Outcome.NOT_MODIFIED
    assert method != "OPTIONS" or outcome is Outcome.PROCEED
    assert if_range_holds(headers, etag=etag, last_modified=last_modified) or "if-range" in fields
    for value in fields.values():
        tags = parse_etags(value)
        assert tags == "*" or all(ETag.from_header(tag.to_header()) == tag for tag in tags)

"""Entity tags and preconditions."""

from __future__ import annotations

import pytest

from hawkapi.http.conditional import ETag, Outcome, evaluate, if_range_holds, parse_etags
from hawkapi.http.headers import Headers

CURRENT, WEAK = ETag("v2"), ETag("v2", weak=True)
BEFORE, CHANGED, AFTER = (f"Sun, 06 Nov 1994 08:49:3{second} GMT" for second in (6, 7, 8))
CHANGED_S = 784111777.5
GO, SAME, FAILED = Outcome.PROCEED, Outcome.NOT_MODIFIED, Outcome.PRECONDITION_FAILED


def request(**fields: str) -> Headers:
    """Return the headers of a request; `_` stands for `-`."""
    return Headers([(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in fields.items()])


@pytest.mark.parametrize(
    ("text", "etag"),
    [
        pytest.param('"a"', ETag("a"), id="strong"),
        pytest.param('W/"a"', ETag("a", weak=True), id="weak"),
        pytest.param('""', ETag(""), id="empty"),
        pytest.param('"a,b\\é"', ETag("a,b\\é"), id="all-characters"),
        pytest.param(' "a"\t', ETag("a"), id="white-space"),
        pytest.param("a", None, id="no-quotes"),
        pytest.param('w/"a"', None, id="small-w"),
        pytest.param('"a b"', None, id="space"),
        pytest.param('"a"b"', None, id="quote"),
        pytest.param('"a', None, id="not-closed"),
        pytest.param('"日"', None, id="outside-latin-1"),
        pytest.param('"a"\n', None, id="line-break"),
    ],
)
def test_etag_from_header(text: str, etag: ETag | None) -> None:
    """A tag has quotes around it, and `W/` before them when it is weak."""
    assert ETag.from_header(text) == etag
    if etag is not None:
        assert etag.to_header() == text.strip()


@pytest.mark.parametrize("opaque", ['"', "a b", "a\r\n", "日", "\x7f"])
def test_etag_that_cannot_be_sent(opaque: str) -> None:
    """A tag with characters it cannot have is refused."""
    with pytest.raises(ValueError, match="is no entity tag"):
        ETag(opaque).to_header()


@pytest.mark.parametrize(
    ("one", "other", "strongly", "weakly"),
    [
        pytest.param('W/"1"', 'W/"1"', False, True, id="both-weak"),
        pytest.param('W/"1"', 'W/"2"', False, False, id="weak-and-different"),
        pytest.param('W/"1"', '"1"', False, True, id="one-weak"),
        pytest.param('"1"', '"1"', True, True, id="both-strong"),
        pytest.param('"1"', '"2"', False, False, id="strong-and-different"),
    ],
)
def test_etag_comparison(one: str, other: str, strongly: bool, weakly: bool) -> None:
    """Tags compare as the table of RFC 9110 section 8.8.3.2 says, in either order."""
    first, second = ETag.from_header(one), ETag.from_header(other)
    assert first is not None
    assert second is not None
    assert first.equals_strongly(second) is second.equals_strongly(first) is strongly
    assert first.equals_weakly(second) is second.equals_weakly(first) is weakly


@pytest.mark.parametrize(
    ("text", "etags"),
    [
        pytest.param(" * ", "*", id="any"),
        pytest.param("", [], id="empty"),
        pytest.param('"a", W/"b" ,,"c,d"', [ETag("a"), ETag("b", weak=True), ETag("c,d")], id="list"),
        pytest.param('a, "b", *', [ETag("b")], id="what-is-none-is-skipped"),
        pytest.param('"a, "b"', [ETag("b")], id="not-closed"),
    ],
)
def test_parse_etags(text: str, etags: object) -> None:
    """A list is read leniently: what is no tag equals nothing."""
    assert parse_etags(text) == etags


@pytest.mark.parametrize(
    ("fields", "get", "put"),
    [
        pytest.param({}, GO, GO, id="unconditional"),
        pytest.param({"if_match": '"v1", "v2"'}, GO, GO, id="match"),
        pytest.param({"if_match": '"v1"'}, FAILED, FAILED, id="no-match"),
        pytest.param({"if_match": 'W/"v2"'}, FAILED, FAILED, id="match-is-strong"),
        pytest.param({"if_match": "*"}, GO, GO, id="match-any"),
        pytest.param({"if_match": "v2"}, FAILED, FAILED, id="match-malformed"),
        pytest.param({"if_unmodified_since": AFTER}, GO, GO, id="unmodified"),
        pytest.param({"if_unmodified_since": CHANGED}, GO, GO, id="unmodified-in-that-second"),
        pytest.param({"if_unmodified_since": BEFORE}, FAILED, FAILED, id="modified"),
        pytest.param({"if_unmodified_since": "yesterday"}, GO, GO, id="unmodified-malformed"),
        pytest.param({"if_match": '"v2"', "if_unmodified_since": BEFORE}, GO, GO, id="match-before-unmodified"),
        pytest.param({"if_none_match": '"v1"'}, GO, GO, id="none-matches"),
        pytest.param({"if_none_match": '"v1", "v2"'}, SAME, FAILED, id="one-matches"),
        pytest.param({"if_none_match": 'W/"v2"'}, SAME, FAILED, id="none-match-is-weak"),
        pytest.param({"if_none_match": "*"}, SAME, FAILED, id="none-match-any"),
        pytest.param({"if_none_match": "v2"}, GO, GO, id="none-match-malformed"),
        pytest.param({"if_modified_since": BEFORE}, GO, GO, id="modified-since"),
        pytest.param({"if_modified_since": CHANGED}, SAME, GO, id="not-modified-since"),
        pytest.param({"if_modified_since": AFTER}, SAME, GO, id="not-modified-after"),
        pytest.param({"if_modified_since": "yesterday"}, GO, GO, id="modified-since-malformed"),
        pytest.param({"if_none_match": '"v1"', "if_modified_since": AFTER}, GO, GO, id="none-match-before-modified"),
        pytest.param({"if_match": '"v2"', "if_none_match": '"v2"'}, SAME, FAILED, id="match-and-none-match"),
        pytest.param({"if_match": '"v1"', "if_none_match": '"v2"'}, FAILED, FAILED, id="match-comes-first"),
    ],
)
def test_evaluate(fields: dict[str, str], get: Outcome, put: Outcome) -> None:
    """Preconditions are evaluated in the order of RFC 9110 section 13.2.2."""
    for method, outcome in (("GET", get), ("HEAD", get), ("PUT", put), ("DELETE", put), ("OPTIONS", GO)):
        assert evaluate(method, request(**fields), etag=CURRENT, last_modified=CHANGED_S) is outcome


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        pytest.param({"if_match": '"v2"'}, FAILED, id="match"),
        pytest.param({"if_match": "*"}, GO, id="match-any"),
        pytest.param({"if_none_match": '"v2"'}, GO, id="none-match"),
        pytest.param({"if_none_match": "*"}, SAME, id="none-match-any"),
        pytest.param({"if_modified_since": AFTER}, GO, id="modified-since"),
        pytest.param({"if_unmodified_since": BEFORE}, GO, id="unmodified-since"),
    ],
)
def test_evaluate_without_validators(fields: dict[str, str], outcome: Outcome) -> None:
    """A representation without tag and date equals no tag, and dates mean nothing for it."""
    assert evaluate("GET", request(**fields)) is outcome


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        pytest.param({}, GO, id="unconditional"),
        pytest.param({"if_none_match": "*"}, GO, id="create"),
        pytest.param({"if_none_match": '"v2"'}, GO, id="none-match"),
        pytest.param({"if_match": "*"}, FAILED, id="match-any"),
        pytest.param({"if_match": '"v2"'}, FAILED, id="match"),
    ],
)
def test_evaluate_without_representation(fields: dict[str, str], outcome: Outcome) -> None:
    """`If-None-Match: *` lets a PUT create what is not there; `If-Match` needs something that is."""
    assert evaluate("PUT", request(**fields), etag=CURRENT, exists=False) is outcome


def test_evaluate_weak_tag() -> None:
    """A weak tag revalidates, but no change may depend on it."""
    assert evaluate("GET", request(if_none_match='"v2"'), etag=WEAK) is SAME
    assert evaluate("PUT", request(if_match='W/"v2"'), etag=WEAK) is FAILED


def test_evaluate_repeated_fields() -> None:
    """Lists are joined; a date that is there twice is ignored."""
    tags = Headers([(b"if-none-match", b'"v1"'), (b"if-none-match", b'"v2"')])
    assert evaluate("GET", tags, etag=CURRENT) is SAME
    dates = Headers([(b"if-modified-since", AFTER.encode())] * 2)
    assert evaluate("GET", dates, last_modified=CHANGED_S) is GO


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        pytest.param('"v2"', True, id="same-tag"),
        pytest.param('"v1"', False, id="other-tag"),
        pytest.param('W/"v2"', False, id="weak-tag"),
        pytest.param(CHANGED, True, id="same-date"),
        pytest.param(BEFORE, False, id="earlier-date"),
        pytest.param(AFTER, False, id="later-date"),
        pytest.param('"v2", "v1"', False, id="list"),
        pytest.param("*", False, id="any"),
        pytest.param("v2", False, id="malformed"),
    ],
)
def test_if_range(value: str, holds: bool) -> None:
    """Parts are sent only of the very representation that the client has parts of."""
    assert if_range_holds(request(if_range=value), etag=CURRENT, last_modified=CHANGED_S) is holds


def test_if_range_absent() -> None:
    """Without the field nothing stands against parts."""
    assert if_range_holds(Headers(), etag=WEAK)


@pytest.mark.parametrize("value", ['"v2"', 'W/"v2"', CHANGED])
def test_if_range_without_strong_validators(value: str) -> None:
    """A weak tag, no tag and no date promise nothing about bytes."""
    assert not if_range_holds(request(if_range=value), etag=WEAK)
    assert not if_range_holds(request(if_range=value))

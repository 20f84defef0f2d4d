"""`Headers` and `MutableHeaders`."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from hawkapi.http.headers import Headers, MutableHeaders

RAW = [(b"Host", b"x"), (b"accept", b"a"), (b"Accept", b"\xe9"), (b"x-empty", b"")]


def test_get_is_case_insensitive_and_last() -> None:
    """`get` and `[]` ignore case, take the last of several values and read latin-1."""
    headers = Headers(RAW)
    assert headers["ACCEPT"] == headers.get("accept") == "é"
    assert headers.get("host", "other") == "x"
    assert headers["x-empty"] == ""


def test_absent_field() -> None:
    """An absent field is the default, an empty list, or a `KeyError` that has the key as it was given."""
    headers = Headers(RAW)
    assert headers.get("X-None") is None
    assert headers.get("X-None", 7) == 7
    assert headers.getlist("X-None") == []
    with pytest.raises(KeyError) as caught:
        headers["X-None"]
    assert caught.value.args == ("X-None",)


def test_getlist() -> None:
    """All values come in order, whatever the case of their names."""
    assert Headers(RAW).getlist("aCCept") == ["a", "é"]


@pytest.mark.parametrize(
    ("key", "present"),
    [("host", True), ("HOST", True), ("hos", False), ("", False), ("日", False), (b"host", False), (None, False)],
)
def test_contains(key: object, present: bool) -> None:
    """Only text can be the name of a field, and any text may be asked for."""
    assert (key in Headers(RAW)) is present


def test_pairs() -> None:
    """Iteration gives every pair with its name as it came, and `len` counts them."""
    headers = Headers(iter(RAW))
    pairs = [("Host", "x"), ("accept", "a"), ("Accept", "é"), ("x-empty", "")]
    assert list(headers) == headers.items() == pairs
    assert headers.keys() == [name for name, _ in pairs]
    assert headers.values() == [value for _, value in pairs]
    assert len(headers) == 4
    assert dict(headers) == {"Host": "x", "accept": "é", "Accept": "é", "x-empty": ""}


def test_headers_without_fields() -> None:
    """There need not be any field, and then the object is false."""
    assert list(Headers()) == []
    assert not Headers(None)
    assert not Headers([])


def test_headers_keep_what_they_were_made_from() -> None:
    """Changing the list of the scope later changes nothing."""
    raw = [(b"a", b"1")]
    headers = Headers(raw)
    raw.append((b"b", b"2"))
    assert list(headers) == [("a", "1")]
    assert repr(headers) == "Headers([('a', '1')])"


def test_headers_do_not_show_secrets() -> None:
    """What is shown ends in logs: passwords, tokens and sessions stay out, however their fields are spelled."""
    fields = [("Authorization", "a"), ("PROXY-AUTHORIZATION", "b"), ("cookie", "c"), ("Set-Cookie", "d"), ("X", "y")]
    shown = [(name, "***") for name, _ in fields[:4]] + [("X", "y")]
    assert repr(Headers([(name.encode(), value.encode()) for name, value in fields])) == f"Headers({shown})"
    mutable = MutableHeaders(fields)
    assert [value for _, value in mutable.multi_items()] == ["a", "b", "c", "d", "y"]
    assert repr(mutable).count("***") == 4
    assert repr(mutable).endswith("'y')])")


def test_headers_cannot_be_changed() -> None:
    """There is no way to set or delete a field."""
    headers: Any = Headers(RAW)
    with pytest.raises(TypeError):
        headers["a"] = "1"
    with pytest.raises(TypeError):
        del headers["host"]
    with pytest.raises(AttributeError):
        headers.other = 1


def test_mutable_headers_as_a_dict() -> None:
    """Code written for a plain dict works, names without case."""
    headers = MutableHeaders({"X-One": "1"})
    headers["x-one"] = "2"
    headers["Two"] = "3"
    headers.update({"THREE": "4"})
    headers |= {"four": "5"}
    assert headers.setdefault("X-ONE", "9") == "2"
    assert headers.pop("three") == "4"
    assert headers.pop("three", None) is None
    assert headers.get("none") is None
    del headers["TWO"]
    assert dict(headers) == {"x-one": "2", "four": "5"}
    assert list(headers) == ["x-one", "four"]
    assert list(headers.items()) == [("x-one", "2"), ("four", "5")]
    assert len(headers) == 2
    assert "Four" in headers


@pytest.mark.parametrize("key", ["b", "", "日", b"a", 4, None])
def test_mutable_headers_do_not_contain(key: object) -> None:
    """Anything may be asked for; only names that were set are there."""
    assert key not in MutableHeaders({"a": "1"})


def test_mutable_headers_repeat() -> None:
    """`append` adds a value, reading takes the last, setting replaces all."""
    headers = MutableHeaders()
    headers.append("Set-Cookie", "a=1")
    headers["vary"] = "accept"
    headers.append("set-cookie", "b=2")
    assert headers["set-cookie"] == "b=2"
    assert headers.getlist("SET-COOKIE") == ["a=1", "b=2"]
    assert headers.multi_items() == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("vary", "accept")]
    assert headers.to_pairs() == [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"vary", b"accept")]
    assert len(headers) == 2
    headers["set-cookie"] = "c=3"
    assert headers.getlist("set-cookie") == ["c=3"]
    assert headers.getlist("none") == []


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([("A", "1"), ("a", "2")], id="pairs"),
        pytest.param(Headers([(b"A", b"1"), (b"a", b"2")]), id="headers"),
        pytest.param(MutableHeaders([("A", "1"), ("a", "2")]), id="mutable-headers"),
    ],
)
def test_mutable_headers_from_repeated_fields(fields: Any) -> None:
    """What has repeated names keeps every value."""
    assert MutableHeaders(fields).multi_items() == [("A", "1"), ("A", "2")]


def test_mutable_headers_from_an_iterator() -> None:
    """What can be read only once is read only once."""
    assert MutableHeaders(iter([("A", "1"), ("a", "2")])).multi_items() == [("A", "1"), ("A", "2")]


def test_mutable_headers_from_a_mapping() -> None:
    """Of names that differ in case only, a mapping has the last, as if they were set one after the other."""
    assert MutableHeaders({"A": "1", "a": "2"}).to_pairs() == [(b"a", b"2")]


def test_mutable_headers_round_trip() -> None:
    """The fields of a start message are the same when sent again."""
    pairs = [(b"a", b"1"), (b"a", b"\xe9"), (b"b", b"")]
    assert MutableHeaders.from_pairs(pairs).to_pairs() == pairs


@pytest.mark.parametrize(
    "duplicate",
    [MutableHeaders.copy, copy.copy, MutableHeaders, lambda headers: headers | {}],
    ids=["method", "module", "constructor", "or"],
)
def test_copies_are_independent(duplicate: Any) -> None:
    """Changing a copy leaves the original alone."""
    original = MutableHeaders([("a", "1"), ("a", "2")])
    other = duplicate(original)
    assert other == original
    other.append("a", "3")
    other["b"] = "4"
    assert original.multi_items() == [("a", "1"), ("a", "2")]


@pytest.mark.parametrize(
    ("other", "equal"),
    [
        pytest.param({"X-A": "1"}, True, id="dict"),
        pytest.param({"x-a": "1"}, True, id="other-case"),
        pytest.param(MutableHeaders({"x-a": "1"}), True, id="headers"),
        pytest.param({"x-a": "2"}, False, id="other-value"),
        pytest.param({}, False, id="fewer"),
        pytest.param({"x-a": 1}, False, id="no-text"),
        pytest.param({"x a": "1"}, False, id="no-name"),
        pytest.param([("x-a", "1")], False, id="no-mapping"),
    ],
)
def test_equality(other: object, equal: bool) -> None:
    """Fields equal those of a mapping when names, without case, and values do."""
    assert (MutableHeaders({"X-A": "1"}) == other) is equal


def test_mutable_headers_show_themselves() -> None:
    """The representation has every pair."""
    assert repr(MutableHeaders({"A": "1"})) == "MutableHeaders([('A', '1')])"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        pytest.param("", b"", id="empty"),
        pytest.param("a\tb", b"a\tb", id="tab"),
        pytest.param("é", b"\xe9", id="latin-1"),
        pytest.param(" \ta ", b"a", id="white-space-at-the-ends"),
        pytest.param("a\r\nset-cookie: b\0", b"aset-cookie: b", id="line-breaks"),
        pytest.param("\r\n a", b"a", id="folding"),
        pytest.param("a\x01\x1f\x7fé\x0b", b"a\xe9", id="controls"),
    ],
)
def test_value_that_is_sent(value: str, sent: bytes) -> None:
    """A value is sent without the characters that would end it, however it was given."""
    for headers in (MutableHeaders({"x": value}), MutableHeaders([("x", value)])):
        assert headers.to_pairs() == [(b"x", sent)]
        assert headers["x"] == sent.decode("latin-1")


def test_value_outside_latin_1() -> None:
    """A value that HTTP cannot carry is refused where it is set, with the characters that are to blame."""
    message = "header field '/日本' holds '日本', which is not in latin-1; percent-encode it"
    with pytest.raises(ValueError, match=message):
        MutableHeaders()["location"] = "/日本"


def test_line_breaks_in_a_name() -> None:
    """A name loses the characters that would end it."""
    assert MutableHeaders({"X\r\n-\0A": "1"}).to_pairs() == [(b"x-a", b"1")]


@pytest.mark.parametrize("name", ["", "\r\n", "a b", "a:", "é", "日", "a\tb", ":status", "a,b"])
def test_illegal_name(name: str) -> None:
    """A name that is no token is refused, both ways of setting it."""
    headers = MutableHeaders()
    with pytest.raises(ValueError, match="is not the name of a header field"):
        headers[name] = "1"
    with pytest.raises(ValueError, match="is not the name of a header field"):
        headers.append(name, "1")
    assert headers.to_pairs() == []


def test_what_is_no_text() -> None:
    """Numbers and bytes are refused, and the message says what was given."""
    headers: Any = MutableHeaders()
    with pytest.raises(TypeError, match="the value of a header field is a str, not int: 30"):
        headers["retry-after"] = 30
    with pytest.raises(TypeError, match="the name of a header field is a str, not bytes: b'x'"):
        headers[b"x"] = "1"


@pytest.mark.parametrize("key", ["None", "日"])
def test_missing_key(key: str) -> None:
    """Reading or deleting what is not there is a `KeyError` with the key as it was given."""
    headers = MutableHeaders()
    with pytest.raises(KeyError) as caught:
        headers[key]
    assert caught.value.args == (key,)
    with pytest.raises(KeyError) as caught:
        del headers[key]
    assert caught.value.args == (key,)

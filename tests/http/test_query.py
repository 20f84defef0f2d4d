"""Query strings and URL-encoded forms: how they are taken apart."""

from __future__ import annotations

import pytest

from hawkapi.http._query import parse_pairs, parse_query


@pytest.mark.parametrize(
    ("raw", "parsed"),
    [
        pytest.param(b"", {}, id="empty"),
        pytest.param(b"a=1", {"a": ["1"]}, id="one"),
        pytest.param(b"a=1&b=2&a=3", {"a": ["1", "3"], "b": ["2"]}, id="repeated"),
        pytest.param(b"a", {"a": [""]}, id="without-value"),
        pytest.param(b"a=", {"a": [""]}, id="empty-value"),
        pytest.param(b"=1", {"": ["1"]}, id="empty-name"),
        pytest.param(b"&&a=1&", {"a": ["1"]}, id="empty-pairs"),
        pytest.param(b"a=b=c", {"a": ["b=c"]}, id="equals-in-value"),
        pytest.param(b"a=x+y%20z%2B", {"a": ["x y z+"]}, id="spaces"),
        pytest.param(b"%61%20b=1", {"a b": ["1"]}, id="encoded-name"),
        pytest.param(b"a=%C3%A9", {"a": ["é"]}, id="utf-8"),
        pytest.param("a=é".encode(), {"a": ["é"]}, id="utf-8-not-encoded"),
        pytest.param("a=é%20é+ü".encode(), {"a": ["é é ü"]}, id="utf-8-partly-encoded"),
        pytest.param(b"a=%FF&b=\xff", {"a": ["\ufffd"], "b": ["\ufffd"]}, id="invalid-utf-8"),
        pytest.param(b"a=%zz%4", {"a": ["%zz%4"]}, id="broken-escapes"),
        pytest.param(b"a=1;b=2", {"a": ["1;b=2"]}, id="semicolon-is-no-separator"),
        pytest.param(b"a=%00", {"a": ["\0"]}, id="nul"),
    ],
)
def test_parse_query(raw: bytes, parsed: dict[str, list[str]]) -> None:
    """Every value of every name is found, decoded, in order."""
    assert parse_query(raw) == parsed
    pairs = parse_pairs(raw)
    assert {name: [value for key, value in pairs if key == name] for name, _ in pairs} == parsed


def test_parse_pairs_keeps_the_order() -> None:
    """Pairs come in the order of the text, repeated names between others."""
    assert parse_pairs(b"a=1&b=%32&a=3&c") == [("a", "1"), ("b", "2"), ("a", "3"), ("c", "")]

"""Tokens, lists and parameters, which many fields share."""

from __future__ import annotations

import pytest

from hawkapi.http._grammar import is_token, parse_parameters, split_list


@pytest.mark.parametrize("text", ["a", "X-Request-Id", "!#$%&'*+-.^_`|~09azAZ"])
def test_token(text: str) -> None:
    """Letters, digits and fifteen further characters make a token."""
    assert is_token(text)


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "a\n", "a:", "a,b", '"a"', "a/b", "é", "²", "\0", "{}", "a=b", "\x7f"]
)
def test_no_token(text: str) -> None:
    """Separators, controls, white space and what is not ASCII do not."""
    assert not is_token(text)


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        pytest.param("", [], id="empty"),
        pytest.param(" ,\t, ", [], id="only-commas"),
        pytest.param("a,b", ["a", "b"], id="two"),
        pytest.param(" a ,,\tb;x=1 ,", ["a", "b;x=1"], id="white-space"),
        pytest.param('a;x="1,2",b', ['a;x="1,2"', "b"], id="comma-in-quotes"),
        pytest.param(r'a;x="1\",2",b', [r'a;x="1\",2"', "b"], id="escaped-quote"),
        pytest.param('a,"b,c', ["a", '"b,c'], id="quote-not-closed"),
        pytest.param('a,"b\\', ["a", '"b\\'], id="escape-at-the-end"),
        pytest.param("a\xa0,b", ["a\xa0", "b"], id="only-http-white-space-is-removed"),
    ],
)
def test_split_list(text: str, elements: list[str]) -> None:
    """Commas outside quotes separate elements."""
    assert split_list(text) == elements


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        pytest.param("", [], id="none"),
        pytest.param(" \t", [], id="white-space"),
        pytest.param("; ;;", [], id="empty-ones"),
        pytest.param(";A=B", [("a", "B")], id="name-without-case"),
        pytest.param(" ; a=1 ;\tb=2 ", [("a", "1"), ("b", "2")], id="white-space-around"),
        pytest.param(';a=""', [("a", "")], id="empty-quoted"),
        pytest.param(r';a="x;y=\"z\\ é"', [("a", r'x;y="z\ é')], id="quoted"),
        pytest.param(";a=1;a=2", [("a", "1"), ("a", "2")], id="repeated"),
        pytest.param("a=1", None, id="no-semicolon"),
        pytest.param(";a", None, id="no-value"),
        pytest.param(";a=", None, id="no-token"),
        pytest.param(";a =1", None, id="space-before-equals"),
        pytest.param(";a= 1", None, id="space-after-equals"),
        pytest.param(";=1", None, id="no-name"),
        pytest.param(';a="1', None, id="quote-not-closed"),
        pytest.param(';a="1\\"', None, id="escaped-end"),
        pytest.param(';a="1"x', None, id="text-after-quote"),
        pytest.param(';a="1\n"', None, id="line-break-in-quotes"),
        pytest.param(';a="1\\\0"', None, id="escaped-nul"),
        pytest.param(";a=1,b=2", None, id="comma"),
    ],
)
def test_parse_parameters(text: str, parameters: list[tuple[str, str]] | None) -> None:
    """Parameters follow semicolons; anything else among them makes the whole malformed."""
    assert parse_parameters(text, 0) == parameters


def test_parse_parameters_from_a_position() -> None:
    """What stands before the position is not looked at."""
    assert parse_parameters("?? ; a=1", 2) == [("a", "1")]

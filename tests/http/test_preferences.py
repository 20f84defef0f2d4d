"""Weighted lists, and the choice of a content coding."""

from __future__ import annotations

import pytest

from hawkapi.http.preferences import Preference, choose_coding, parse_preferences


@pytest.mark.parametrize(
    ("text", "preferences"),
    [
        pytest.param("", [], id="empty"),
        pytest.param("gzip", [("gzip", {}, 1.0)], id="one"),
        pytest.param("GZip;Q=0.5, *;q=0", [("gzip", {}, 0.5), ("*", {}, 0.0)], id="weights"),
        pytest.param("en-GB ; q=0.123", [("en-gb", {}, 0.123)], id="three-digits"),
        pytest.param("a;q=1., b;q=0., c;q=1.000", [("a", {}, 1.0), ("b", {}, 0.0), ("c", {}, 1.0)], id="point"),
        pytest.param('text/*;V="a,b";q=1', [("text/*", {"v": "a,b"}, 1.0)], id="parameters"),
        pytest.param("a/b;x=1;q=0.5;y=2", [("a/b", {"x": "1"}, 0.5)], id="after-the-weight"),
        pytest.param("a;x=1;x=2", [("a", {"x": "1"}, 1.0)], id="first-of-repeated"),
        pytest.param(
            "a;q=1.001, b;q=-1, c;q=.5, d;q=0.1234, e;q=, f;q, g;q=nan, h;q=\u0661, i;q=1e0", [], id="malformed-weights"
        ),
        pytest.param("a b, =, a/b/c, é, a;;, \r\n", [("a", {}, 1.0)], id="malformed-members"),
    ],
)
def test_parse_preferences(text: str, preferences: list[tuple[str, dict[str, str], float]]) -> None:
    """Members come in order, and malformed ones do not come at all."""
    assert parse_preferences(text) == [Preference(*preference) for preference in preferences]


@pytest.mark.parametrize(
    ("field", "chosen"),
    [
        pytest.param(None, "identity", id="absent"),
        pytest.param("", "identity", id="empty"),
        pytest.param("gzip", "gzip", id="one"),
        pytest.param("notgzip", "identity", id="other-name"),
        pytest.param("gzip, br", "br", id="server-order-of-equal-weights"),
        pytest.param("gzip;q=1.0, br;q=0.9", "gzip", id="weights"),
        pytest.param("gzip;q=0", "identity", id="refused"),
        pytest.param("gzip;q=0, identity;q=0", None, id="all-refused"),
        pytest.param("*", "br", id="anything"),
        pytest.param("*, br;q=0", "gzip", id="anything-but-one"),
        pytest.param("*;q=0", None, id="nothing"),
        pytest.param("*;q=0, identity", "identity", id="only-identity"),
        pytest.param("*;q=0, gzip", "gzip", id="only-gzip"),
        pytest.param("identity, gzip;q=0.5", "identity", id="identity-is-preferred"),
        pytest.param("identity;q=0.5, gzip;q=0.5", "gzip", id="identity-weighs-the-same"),
        pytest.param("*;q=0.5, gzip;q=0.2", "br", id="anything-weighs-more"),
        pytest.param("*;q=0.5, gzip;q=0.2, br;q=0", "identity", id="identity-is-anything"),
        pytest.param("X-GZIP", "gzip", id="alias"),
        pytest.param("gzip;q=x, br;q=0.1", "br", id="malformed-weight"),
    ],
)
def test_choose_coding(field: str | None, chosen: str | None) -> None:
    """A coding is used where the client wants it at least as much as none."""
    assert choose_coding(field, ["br", "gzip"]) == chosen


def test_no_coding_offered() -> None:
    """Where nothing is offered, content is sent as it is, if that is allowed."""
    assert choose_coding("gzip", []) == "identity"
    assert choose_coding("identity;q=0", []) is None


def test_long_list() -> None:
    """What is behind the first hundred members is not read: nobody prefers so many things."""
    assert len(parse_preferences("a," * 30_000)) == 100
    assert choose_coding("x," * 99 + "gzip", ["gzip"]) == "gzip"
    assert choose_coding("x," * 100 + "gzip", ["gzip"]) == "identity"

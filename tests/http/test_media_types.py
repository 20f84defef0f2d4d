"""Media types: what is read from `Content-Type`, what is chosen by `Accept`."""

from __future__ import annotations

import pytest

from hawkapi.http.media_types import choose_media_type, essence_of, is_json, parse_media_type

JSON, MSGPACK, HTML, TEXT = "application/json", "application/msgpack", "text/html", "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("text", "essence", "parameters"),
    [
        pytest.param("text/html", "text/html", {}, id="plain"),
        pytest.param(" Text/HTML ", "text/html", {}, id="case-and-white-space"),
        pytest.param("application/problem+json", "application/problem+json", {}, id="suffix"),
        pytest.param("text/html;Charset=UTF-8", "text/html", {"charset": "UTF-8"}, id="parameter"),
        pytest.param('text/html; charset="utf-8"; x=y;', "text/html", {"charset": "utf-8", "x": "y"}, id="quoted"),
        pytest.param("text/html;a=1;A=2", "text/html", {"a": "1"}, id="first-of-repeated"),
        pytest.param(
            r'multipart/form-data; boundary="a;\"b\\"',
            "multipart/form-data",
            {"boundary": r'a;"b' + "\\"},
            id="escapes",
        ),
        pytest.param("*/*", "*/*", {}, id="range"),
    ],
)
def test_parse_media_type(text: str, essence: str, parameters: dict[str, str]) -> None:
    """Names come in lower case, values as they are."""
    media_type = parse_media_type(text)
    assert media_type is not None
    assert media_type.essence == essence
    assert (media_type.type, media_type.subtype) == tuple(essence.split("/"))
    assert media_type.parameters == parameters


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "text",
        "text/",
        "/html",
        "text /html",
        "text/html charset=utf-8",
        "text/html; charset",
        "text/html; charset=",
        'text/html; charset="utf-8',
        "text/html, text/plain",
        "text/html\r\nx: y",
        "tëxt/html",
    ],
)
def test_what_is_no_media_type(text: str | None) -> None:
    """What does not follow the grammar to its end is no media type."""
    assert parse_media_type(text) is None


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        pytest.param(None, JSON, id="absent"),
        pytest.param("", JSON, id="empty"),
        pytest.param("*/*", JSON, id="anything"),
        pytest.param("application/msgpack", MSGPACK, id="one"),
        pytest.param("APPLICATION/MSGPACK", MSGPACK, id="case"),
        pytest.param("application/*", JSON, id="range-of-subtypes"),
        pytest.param("text/*", HTML, id="range-of-another-type"),
        pytest.param("application/msgpack, application/json", MSGPACK, id="client-order-of-equal-weights"),
        pytest.param("application/json, application/msgpack", JSON, id="client-order"),
        pytest.param("*/*, application/msgpack", JSON, id="anything-listed-first"),
        pytest.param("application/json;q=0.5, application/msgpack;q=0.51", MSGPACK, id="weights"),
        pytest.param("application/json;q=0, */*;q=0.1", MSGPACK, id="refused"),
        pytest.param("application/json;q=0.000", None, id="only-refused"),
        pytest.param("image/png", None, id="not-offered"),
        pytest.param("*/*;q=0", None, id="everything-refused"),
        pytest.param("*/*;q=0.9, application/*;q=0.1, text/html;q=0.2", TEXT, id="most-specific-range-counts"),
        pytest.param("text/plain;charset=utf-8, */*;q=0.1", TEXT, id="parameter"),
        pytest.param("text/plain;charset=latin-1, */*;q=0.1", JSON, id="other-parameter"),
        pytest.param("text/plain;q=0, text/plain;charset=UTF-8", TEXT, id="parameters-are-more-specific"),
        pytest.param("application/msgpack;charset=utf-8", MSGPACK, id="charset-where-there-is-none"),
        pytest.param("application/msgpack;version=1, */*;q=0.1", JSON, id="parameter-that-is-not-offered"),
        pytest.param("application/msgpack;q=1;version=1", MSGPACK, id="extension-after-the-weight"),
        pytest.param("application/msgpack;q=1.2.3, text/html;q=0.1", HTML, id="malformed-weight"),
        pytest.param("application/msgpack;q=2, text/html;q=0.1", HTML, id="weight-too-large"),
        pytest.param("*/html, *, text, , ;q=1", JSON, id="only-malformed"),
        pytest.param("*/json;q=1, text/html;q=0.1", HTML, id="malformed-range"),
        pytest.param("application/json;q=0.1, application/json;q=0.9, text/html;q=0.5", HTML, id="first-of-repeated"),
        pytest.param("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML, id="browser"),
    ],
)
def test_choose_media_type(accept: str | None, chosen: str | None) -> None:
    """The most wanted of the offered types is chosen, word for word as it was offered."""
    assert choose_media_type(accept, [JSON, MSGPACK, HTML, TEXT]) == chosen


@pytest.mark.parametrize("accept", [None, "*/*"])
def test_nothing_offered(accept: str | None) -> None:
    """Of nothing, nothing can be chosen."""
    assert choose_media_type(accept, []) is None


def test_offer_that_is_no_media_type() -> None:
    """A mistake of the program is an error."""
    with pytest.raises(ValueError, match="'json' is offered, but is not a media type"):
        choose_media_type("text/html", ["json"])


@pytest.mark.parametrize(
    ("text", "essence"),
    [
        pytest.param("application/json", "application/json", id="plain"),
        pytest.param(" Text/HTML ; charset=utf-8", "text/html", id="parameter"),
        pytest.param("multipart/form-data; boundary", "multipart/form-data", id="malformed-parameter"),
        pytest.param("json", "json", id="no-media-type"),
        pytest.param("; charset=utf-8", "", id="nothing"),
    ],
)
def test_essence_of(text: str, essence: str) -> None:
    """What a sender meant is known even where the rest is malformed."""
    assert essence_of(text) == essence


@pytest.mark.parametrize(
    ("essence", "expected"),
    [
        ("application/json", True),
        ("application/problem+json", True),
        ("application/jsonl", False),
        ("text/json", False),
    ],
)
def test_is_json(essence: str, expected: bool) -> None:
    """JSON is JSON under the names that are built on it, too."""
    assert is_json(essence) is expected

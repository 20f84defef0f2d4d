"""Choosing between JSON and MessagePack."""

from __future__ import annotations

import pytest

from hawkapi.serialization import choose_content_type, negotiate_content_type

CASES = [
    pytest.param(None, "application/json", id="absent"),
    pytest.param("", "application/json", id="empty"),
    pytest.param("*/*", "application/json", id="anything"),
    pytest.param("application/*", "application/json", id="any-application"),
    pytest.param("application/json", "application/json", id="json"),
    pytest.param("application/msgpack", "application/msgpack", id="msgpack"),
    pytest.param("application/x-msgpack", "application/x-msgpack", id="msgpack-old-name"),
    pytest.param("application/vnd.msgpack", "application/vnd.msgpack", id="msgpack-vendor-name"),
    pytest.param("Application/MsgPack", "application/msgpack", id="any-case"),
    pytest.param("application/json;q=0.5, application/msgpack", "application/msgpack", id="weights"),
    pytest.param("application/msgpack;q=0.5, */*", "application/json", id="anything-weighs-more"),
    pytest.param("application/json;q=0, application/msgpack;q=0.1", "application/msgpack", id="json-refused"),
    pytest.param("application/msgpack;q=0", None, id="only-a-refusal"),
    pytest.param("application/msgpack;q=0, */*", "application/json", id="msgpack-refused"),
    pytest.param("application/msgpack;q=1.2.3, application/json", "application/json", id="malformed-weight"),
    pytest.param("application/msgpack, application/json", "application/msgpack", id="equal-weights-first-listed"),
    pytest.param("application/json; charset=utf-8", "application/json", id="charset"),
    pytest.param("text/html", None, id="neither"),
    pytest.param("*/*;q=0", None, id="nothing"),
    pytest.param("application/*;q=0, application/msgpack", "application/msgpack", id="specific-range-wins"),
    pytest.param(";;,", "application/json", id="malformed"),
]


@pytest.mark.parametrize(("accept", "expected"), CASES)
def test_choose_content_type(accept: str | None, expected: str | None) -> None:
    """The greatest weight wins, as RFC 9110 says; nothing acceptable is `None`, which becomes 406."""
    assert choose_content_type(accept) == expected


@pytest.mark.parametrize(("accept", "expected"), CASES)
def test_negotiate_content_type(accept: str | None, expected: str | None) -> None:
    """The lenient form answers in JSON where nothing is acceptable."""
    assert negotiate_content_type(accept) == (expected or "application/json")

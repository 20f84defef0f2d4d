"""`TestResponse` and its header fields."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hawkapi.testing import CaseInsensitiveDict, HTTPStatusError, TestClient, TestResponse
from hawkapi.types import Receive, Scope, Send

FIELDS = [
    (b"X-A", b"1"),
    (b"set-cookie", b"a=b; Path=/"),
    (b"x-a", b"2"),
    (b"Set-Cookie", b"c=d"),
    (b"set-cookie", b"x"),
]


def test_members() -> None:
    """Every form of the content and every fact about it."""
    response = TestResponse(201, b'{"a": "\xc3\xa4"}', FIELDS)
    assert (response.body, response.content, response.text) == (b'{"a": "\xc3\xa4"}',) * 2 + ('{"a": "ä"}',)
    assert response.json() == {"a": "ä"}
    assert response.json() is response.json()
    assert (response.cookies, repr(response)) == ({"a": "b", "c": "d"}, "<TestResponse [201]>")
    assert (response.reason_phrase, response.history, response.exception) == ("Created", [], None)


@pytest.mark.parametrize(
    ("status", "success", "redirect"),
    [
        (199, False, False),
        (200, True, False),
        (299, True, False),
        (300, False, True),
        (399, False, True),
        (400, False, False),
    ],
)
def test_kinds_of_status(status: int, success: bool, redirect: bool) -> None:
    """2xx is success, 3xx a redirect."""
    response = TestResponse(status, b"", [])
    assert (response.is_success, response.is_redirect) == (success, redirect)


def test_header_fields() -> None:
    """Names ignore case; the last value counts, `getlist` has all; names come as they were sent."""
    headers = TestResponse(200, b"", FIELDS).headers
    assert (headers["x-A"], headers.get("X-a"), headers.get("x-b"), headers.get("x-b", "y")) == ("2", "2", None, "y")
    assert ("X-a" in headers, "x-b" in headers) == (True, False)
    assert headers.getlist("X-A") == ["1", "2"]
    assert (list(headers), len(headers)) == (["X-A", "set-cookie"], 2)
    assert headers.multi_items()[2] == ("x-a", "2")
    assert CaseInsensitiveDict({"A": "b"}) == {"A": "b"}
    assert repr(CaseInsensitiveDict([("A", "b")])) == "CaseInsensitiveDict([('A', 'b')])"
    with pytest.raises(KeyError, match="X-Missing"):
        _ = headers["X-Missing"]


def test_raise_for_status() -> None:
    """From 400 on it raises, with the response; before, it returns nothing."""
    TestResponse(399, b"", []).raise_for_status()
    response = TestResponse(404, b"not here", [], url="http://a/x")
    with pytest.raises(HTTPStatusError) as caught:
        response.raise_for_status()
    assert (str(caught.value), caught.value.status_code, caught.value.response) == ("HTTP 404", 404, response)
    assert caught.value.__notes__ == ["http://a/x says: not here"]


def test_body_that_is_no_json() -> None:
    """The error says what the response is instead."""
    response = TestResponse(502, b"<html>", [(b"content-type", b"text/html")])
    with pytest.raises(ValueError, match="Expecting value") as caught:
        response.json()
    assert caught.value.__notes__ == ["<TestResponse [502]> is 'text/html': b'<html>'"]


def test_text_that_is_not_utf8() -> None:
    """It is shown as well as it can be."""
    assert TestResponse(200, b"a\xff", []).text == "a\N{REPLACEMENT CHARACTER}"


def test_url_and_time_of_a_response() -> None:
    """A response knows what was asked and how long it took."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    response = TestClient(app, "https://a:8000/v1").get("/x?y=1", params={"z": 2})
    assert response.url == "https://a:8000/v1/x?y=1&z=2"
    assert timedelta(0) < response.elapsed < timedelta(seconds=60)

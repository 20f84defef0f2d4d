"""Redirects, followed and not (RFC 9110 section 15.4)."""

from __future__ import annotations

from typing import Any

import pytest

from hawkapi.testing import TestClient, TooManyRedirectsError
from hawkapi.types import Receive, Scope, Send


def redirecting(seen: list[dict[str, Any]], status: int = 302, location: str = "/end") -> Any:
    """Return an application that redirects `/` and keeps what it is asked."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        fields = {name.decode(): value.decode() for name, value in scope["headers"]}
        seen.append({"method": scope["method"], "path": scope["path"], "body": message["body"], **fields})
        if scope["path"] == "/":
            fields_back = [(b"location", location.encode()), (b"set-cookie", b"a=b")]
            await send({"type": "http.response.start", "status": status, "headers": fields_back})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"end"})

    return app


def test_redirects_are_not_followed_by_themselves() -> None:
    """The redirect is the response, unless client or request say otherwise; the request decides."""
    response = TestClient(redirecting([])).get("/")
    assert (response.status_code, response.is_redirect, response.history) == (302, True, [])
    assert TestClient(redirecting([])).get("/", follow_redirects=True).status_code == 200
    assert TestClient(redirecting([]), follow_redirects=True).get("/", follow_redirects=False).status_code == 302


def test_response_after_redirects() -> None:
    """It knows where it came from and what led there; cookies are kept on the way."""
    seen: list[dict[str, Any]] = []
    response = TestClient(redirecting(seen, location="end?x=1")).get("/", follow_redirects=True)
    assert (response.status_code, response.url) == (200, "http://testserver/end?x=1")
    assert [(before.status_code, before.url) for before in response.history] == [(302, "http://testserver/")]
    assert seen[1]["cookie"] == "a=b"


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        pytest.param(301, "POST", "GET", b"", id="301-post"),
        pytest.param(302, "POST", "GET", b"", id="302-post"),
        pytest.param(303, "POST", "GET", b"", id="303-post"),
        pytest.param(303, "PUT", "GET", b"", id="303-put"),
        pytest.param(303, "HEAD", "HEAD", b"x", id="303-head"),
        pytest.param(302, "PUT", "PUT", b"x", id="302-put"),
        pytest.param(307, "POST", "POST", b"x", id="307-post"),
        pytest.param(308, "POST", "POST", b"x", id="308-post"),
        pytest.param(301, "GET", "GET", b"x", id="301-get"),
    ],
)
def test_method_and_body_after_a_redirect(status: int, method: str, then: str, body: bytes) -> None:
    """Only what becomes a GET loses its body and the fields about it."""
    seen: list[dict[str, Any]] = []
    client = TestClient(redirecting(seen, status), follow_redirects=True)
    client.request(method, "/", body=b"x", headers={"content-type": "text/x"})
    assert (seen[1]["method"], seen[1]["body"], "content-type" in seen[1]) == (then, body, body == b"x")


@pytest.mark.parametrize("status", [300, 304, 200])
def test_statuses_that_are_not_followed(status: int) -> None:
    """A `Location` of another status is no redirect to follow."""
    assert TestClient(redirecting([], status), follow_redirects=True).get("/").status_code == status


@pytest.mark.parametrize(
    ("location", "kept"), [("/end", True), ("http://testserver/end", True), ("http://other/end", False)]
)
def test_credentials_stay_with_their_origin(location: str, kept: bool) -> None:
    """Another host gets neither the authorization, nor the cookies, nor the `Host` of the test."""
    seen: list[dict[str, Any]] = []
    client = TestClient(redirecting(seen, location=location), follow_redirects=True)
    client.get("/", headers={"authorization": "secret", "x-a": "1"}, cookies={"c": "d"})
    assert ("authorization" in seen[1], "c=d" in seen[1].get("cookie", ""), seen[1]["x-a"]) == (kept, kept, "1")
    assert seen[1]["host"] == ("testserver" if kept else "other")


def test_redirects_in_a_circle() -> None:
    """Twenty are followed, then an error says where it began."""
    seen: list[dict[str, Any]] = []
    with pytest.raises(TooManyRedirectsError, match="http://testserver/ led to more than 20 redirects"):
        TestClient(redirecting(seen, location="/")).get("/", follow_redirects=True)
    assert len(seen) == 21


def test_body_that_cannot_be_sent_again() -> None:
    """A body from an iterator is gone; the error says what to do."""
    client = TestClient(redirecting([], 307), follow_redirects=True)
    with pytest.raises(RuntimeError, match=r"a 307 asks for the body again, .* give it as bytes"):
        client.post("/", content=iter([b"x"]))

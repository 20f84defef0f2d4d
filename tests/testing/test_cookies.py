"""The cookies of a client: a dict to the test, a browser's jar to the application (RFC 6265)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from hawkapi import HawkAPI, Request, Response
from hawkapi.testing import TestClient
from hawkapi.testing._cookies import CookieJar
from hawkapi.testing._url import URL
from hawkapi.types import Receive, Scope, Send


def echo() -> Any:
    """Return an application that sets the cookies of its query, and answers those of the request."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        sent = [value for name, value in scope["headers"] if name == b"cookie"]
        wanted = [(b"set-cookie", text) for text in unquote_to_bytes(scope["query_string"]).split(b"&") if text]
        await send({"type": "http.response.start", "status": 200, "headers": wanted})
        await send({"type": "http.response.body", "body": b" | ".join(sent)})

    return app


def test_cookies_persist() -> None:
    """What a response sets goes with the next requests; each response has its own."""
    client = TestClient(echo())
    first = client.get("/?a=1&b=2")
    assert (first.cookies, first.text) == ({"a": "1", "b": "2"}, "")
    assert client.get("/?a=3").text == "a=1; b=2"
    assert dict(client.cookies) == {"a": "3", "b": "2"}


def test_cookies_are_a_dict() -> None:
    """A test sets, reads, replaces, deletes and clears them as those of a dict."""
    client = TestClient(echo(), cookies={"a": "1"})
    client.cookies["b"] = "2"
    client.cookies.update({"c": "3"})
    assert client.get("/").text == "a=1; b=2; c=3"
    assert (client.cookies == {"a": "1", "b": "2", "c": "3"}, len(client.cookies)) == (True, 3)
    assert repr(client.cookies) == "{'a': '1', 'b': '2', 'c': '3'}"
    del client.cookies["a"]
    assert (client.cookies.pop("b"), "a" in client.cookies, client.cookies.get("a")) == ("2", False, None)
    with pytest.raises(KeyError):
        del client.cookies["a"]
    client.cookies = {"d": "4"}
    assert client.get("/").text == "d=4"
    client.cookies.clear()
    assert (client.get("/").text, dict(client.cookies)) == ("", {})


def test_test_and_responses_replace_each_other() -> None:
    """One name has one value: what was set last."""
    client = TestClient(echo(), cookies={"a": "test"})
    client.get("/?a=response; Path=/")
    assert client.get("/").text == "a=response"
    client.cookies["a"] = "test again"
    assert client.get("/").text == "a=test again"


def test_cookies_of_one_request() -> None:
    """They are added to the client's, win over them, and are gone afterwards; a `cookie` field stays."""
    client = TestClient(echo(), cookies={"a": "1", "b": "2"})
    assert client.get("/", cookies={"b": "3"}).text == "a=1; b=3"
    assert client.get("/", headers={"Cookie": "x=y"}).text == "x=y; a=1; b=2"
    assert client.get("/").text == "a=1; b=2"


@pytest.mark.parametrize(
    "text",
    [
        "a=; Max-Age=0",
        "a=x; Max-Age=-1",
        "a=; expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "a=; Expires=Thu, 01-Jan-70 00:00:00 GMT",
    ],
)
def test_deleted_cookies(text: str) -> None:
    """A cookie that is over is not kept, nor the one that it replaces."""
    client = TestClient(echo())
    client.get("/?a=1; Path=/")
    client.get(f"/?{text}; Path=/")
    assert (client.get("/").text, dict(client.cookies)) == ("", {})


def test_deletion_reaches_what_the_test_has_set() -> None:
    """An application that logs a client out does so, whoever set the cookie."""
    app = HawkAPI()

    @app.post("/logout")
    async def logout() -> Response:
        response = Response()
        response.delete_cookie("session")
        return response

    @app.get("/")
    async def show(request: Request) -> dict[str, str]:
        return dict(request.cookies)

    client = TestClient(app, cookies={"session": "s"})
    client.post("/logout")
    assert client.get("/").json() == {}


def stored(text: str, url: str) -> CookieJar:
    """Return a jar with a cookie that a response from a URL has set."""
    jar = CookieJar()
    jar.store(URL.parse(url), [text])
    return jar


@pytest.mark.parametrize(
    ("text", "origin", "target", "goes"),
    [
        pytest.param("a=b; Path=/x", "http://h/", "http://h/x", True, id="path"),
        pytest.param("a=b; Path=/x", "http://h/", "http://h/x/y", True, id="below-the-path"),
        pytest.param("a=b; Path=/x", "http://h/", "http://h/xy", False, id="beside-the-path"),
        pytest.param("a=b", "http://h/x/y", "http://h/x/z", True, id="directory-of-the-request"),
        pytest.param("a=b", "http://h/x/y", "http://h/z", False, id="other-directory"),
        pytest.param("a=b; Path=", "http://h/x", "http://h/y", True, id="empty-path"),
        pytest.param("a=b", "http://h/", "http://sub.h/", False, id="host-only"),
        pytest.param("a=b; Domain=h.de", "http://h.de/", "http://sub.h.de/", True, id="domain"),
        pytest.param("a=b; Domain=.H.de", "http://sub.h.de/", "http://h.de/", True, id="domain-with-a-dot"),
        pytest.param("a=b; Domain=other.de", "http://h.de/", "http://other.de/", False, id="foreign-domain"),
        pytest.param("a=b; Domain=h.de", "http://h.de/", "http://xh.de/", False, id="domain-beside"),
        pytest.param("a=b; Domain=0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", False, id="domain-of-an-address"),
        pytest.param("a=b; Secure", "https://h/", "https://h/", True, id="secure"),
        pytest.param("a=b; Secure", "https://h/", "http://h/", False, id="secure-without-tls"),
        pytest.param("a=b; Secure", "https://h/", "wss://h/", True, id="secure-websocket"),
        pytest.param("a=b; Secure", "http://testserver/", "http://testserver/", True, id="secure-testserver"),
        pytest.param("a=b; Secure", "http://localhost/", "http://localhost/", True, id="secure-localhost"),
        pytest.param("a=b; Secure", "http://127.0.0.1/", "http://127.0.0.1/", True, id="secure-loopback"),
        pytest.param("a=b; Max-Age=1000", "http://h/", "http://h/", True, id="max-age"),
        pytest.param(
            "a=b; Max-Age=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://h/", "http://h/", True, id="both"
        ),
        pytest.param("a=b; Max-Age=x; Expires=soon", "http://h/", "http://h/", True, id="malformed-ends"),
        pytest.param("a", "http://h/", "http://h/", False, id="no-value"),
        pytest.param("=b", "http://h/", "http://h/", False, id="no-name"),
    ],
)
def test_where_cookies_go(text: str, origin: str, target: str, goes: bool) -> None:
    """A cookie goes where a browser sends it."""
    assert stored(text, origin).pairs_for(URL.parse(target)) == ({"a": "b"} if goes else {})


def test_longest_path_wins() -> None:
    """Of two cookies of one name the request carries the one that is closer."""
    jar = stored("a=far; Path=/", "http://h/")
    jar.store(URL.parse("http://h/"), ["a=near; Path=/x"])
    assert jar.pairs_for(URL.parse("http://h/x")) == {"a": "near"}
    assert jar.pairs_for(URL.parse("http://h/")) == {"a": "far"}

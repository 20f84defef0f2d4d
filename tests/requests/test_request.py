"""`Request` as a view of its scope, and its body as JSON."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgi import http_scope

from hawkapi.requests import HTTPConnection, MalformedBodyError, Request, State
from hawkapi.types import Message


async def no_body() -> Message:
    raise AssertionError("nobody wants the body")


def get(target: str = "/", *headers: tuple[str, str], **extra: Any) -> Request:
    return Request(http_scope("GET", target, headers, **extra), no_body)


def bare(**members: Any) -> Request:
    """Return a request of a server that leaves out what has a default."""
    return Request({"type": "http", "method": "GET", "path": "/", **members}, no_body)


def json_of(body: bytes) -> Any:
    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    return asyncio.run(Request(http_scope("POST", "/"), receive).json())


def test_client_port_as_text() -> None:
    """A port is a number, also when a server gives it as text."""
    assert bare(client=("::1", "40000")).client == ("::1", 40000)


def test_members() -> None:
    """Everything of the scope is there in a convenient form."""
    request = get("/a%20b?x=1&x=2&y=", ("Content-Type", "text/plain"), ("X-Y", "1"), ("X-Y", "2"))
    assert (request.method, request.path, request.query_string) == ("GET", "/a b", b"x=1&x=2&y=")
    assert request.headers["x-y"] == "2"
    assert request.headers.getlist("X-Y") == ["1", "2"]
    assert request.headers is request.headers
    assert request.query_params.getlist("x") == ["1", "2"]
    assert request.query_params is request.query_params
    assert request.content_type == "text/plain"
    assert request.client == ("127.0.0.1", 40000)
    assert request.client is not None
    assert request.client.host == "127.0.0.1"
    assert request.url_scheme == "http"
    assert isinstance(request, HTTPConnection)
    assert repr(request) == "<Request GET '/a b'>"


def test_members_absent() -> None:
    """What a server leaves out has a default."""
    request = bare()
    assert request.query_string == b""
    assert list(request.headers) == []
    assert len(request.query_params) == 0
    assert request.path_params == {}
    assert request.cookies == {}
    assert (request.content_type, request.client, request.url_scheme) == (None, None, "http")
    assert request.url == "http://localhost/"


def test_path_params() -> None:
    """Given ones go before those of the scope."""
    scope = http_scope("GET", "/", path_params={"a": 1})
    assert Request(scope, no_body).path_params == {"a": 1}
    assert Request(scope, no_body, {"b": 2}).path_params == {"b": 2}
    assert Request(scope, no_body, {}).path_params == {}


@pytest.mark.parametrize(
    ("headers", "cookies"),
    [
        pytest.param([("cookie", 'a=1; b="2" ;c=3=4; d; =e; a=5')], {"a": "5", "b": "2", "c": "3=4"}, id="one-field"),
        pytest.param([("cookie", "a=1"), ("x", "y"), ("cookie", "b=%20")], {"a": "1", "b": "%20"}, id="two-fields"),
    ],
)
def test_cookies(headers: list[tuple[str, str]], cookies: dict[str, str]) -> None:
    """All fields count, as HTTP/2 may split one."""
    assert get("/", *headers).cookies == cookies


@pytest.mark.parametrize(
    ("members", "url"),
    [
        pytest.param({"server": ("example.com", 80)}, "http://example.com/p?q=1", id="default-port"),
        pytest.param({"server": ("example.com", 8000)}, "http://example.com:8000/p?q=1", id="port"),
        pytest.param({"scheme": "https", "server": ("example.com", 443)}, "https://example.com/p?q=1", id="https"),
        pytest.param({"headers": [(b"host", b"a.org")]}, "http://a.org/p?q=1", id="host"),
        pytest.param({"headers": [(b"host", b"a.org:81")], "server": ("b", 1)}, "http://a.org:81/p?q=1", id="both"),
        pytest.param({"headers": [(b"host", b"a@b/c")], "server": ("b", 1)}, "http://b:1/p?q=1", id="malformed-host"),
        pytest.param({}, "http://localhost/p?q=1", id="neither"),
        pytest.param({"server": ("/run/app.sock", None)}, "http://localhost/p?q=1", id="unix-socket"),
        pytest.param({"server": ("::1", 8000)}, "http://[::1]:8000/p?q=1", id="ipv6"),
        pytest.param({"root_path": "/v1"}, "http://localhost/v1/p?q=1", id="root-path"),
        pytest.param({"root_path": "/v1", "path": "/v1/p"}, "http://localhost/v1/p?q=1", id="root-path-in-the-path"),
        pytest.param({"path": "/ä b", "query_string": b""}, "http://localhost/%C3%A4%20b", id="encoded"),
    ],
)
def test_url(members: dict[str, Any], url: str) -> None:
    """The URL is what the client asked for, as far as that can be known."""
    assert bare(**{"path": "/p", "query_string": b"q=1", **members}).url == url


@pytest.mark.parametrize(
    ("root_path", "base"),
    [("", "http://a.org/"), ("/v1", "http://a.org/v1/"), ("/v1/", "http://a.org/v1/")],
    ids=["root", "mounted", "slash"],
)
def test_url_for(root_path: str, base: str) -> None:
    """The URL of a route is absolute; values may be called as they like."""

    class App:
        def url_path_for(self, name: str, /, **params: object) -> str:
            return f"/{name}/{params['name']}"

    request = get("/x", ("host", "a.org"), root_path=root_path, app=App())
    assert request.base_url == base
    assert request.url_for("items", name=5) == f"{base}items/5"
    assert isinstance(request.app, App)


@pytest.mark.parametrize(
    ("member", "advice"),
    [("app", "application"), ("session", "SessionMiddleware"), ("user", "user"), ("auth", "auth")],
)
def test_members_from_middleware(member: str, advice: str) -> None:
    """What a middleware puts into the scope is there; without one the error says what is missing."""
    value = {"a": 1}
    assert getattr(get("/", **{member: value}), member) is value
    with pytest.raises(RuntimeError, match=advice):
        getattr(get(), member)


def test_state_is_shared() -> None:
    """There is one state per scope, seeded by the server from the lifespan state."""
    scope = http_scope("GET", "/", state={"pool": "p"})
    first, second = Request(scope, no_body), Request(scope, no_body)
    first.state.user = "ada"
    assert (second.state.pool, second.state.user) == ("p", "ada")
    assert scope["state"] == {"pool": "p", "user": "ada"}
    assert first.state is first.state


def test_state_without_lifespan() -> None:
    """Where nothing seeds it, it is made at its first use, and travels with a copy of the scope from then on."""
    request = get()
    assert "state" not in request.scope
    request.state.a = 1
    assert Request(dict(request.scope), no_body).state.a == 1


def test_state_is_settable() -> None:
    """Another state takes the place of the first for all requests of the scope."""
    scope = http_scope("GET", "/")
    first, second = Request(scope, no_body), Request(scope, no_body)
    first.state.a = second.state.b = 1
    first.state = State({"c": 2})
    assert list(second.state) == ["c"]
    second.state = {"d": 3}
    assert list(first.state) == ["d"]


def test_json() -> None:
    """The document is the same object for everyone."""

    async def receive() -> Message:
        return {"type": "http.request", "body": '{"a":[1,"ä",null,1.5]}'.encode()}

    async def main() -> None:
        request = Request(http_scope("POST", "/"), receive)
        document = await request.json()
        assert document == {"a": [1, "ä", None, 1.5]}
        assert await request.json() is document
        assert await Request(request.scope, receive).json() is document

    asyncio.run(main())


def test_json_null() -> None:
    """`null` is a document too."""
    assert json_of(b"null") is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"{'a': 1}", id="single-quotes"),
        pytest.param(b'"\xff"', id="not-utf-8"),
        pytest.param(b"NaN", id="nan"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"1" * 10_000, id="long-number"),
    ],
)
def test_json_malformed(body: bytes) -> None:
    """What is no JSON is an error of the client, about the body; catching `ValueError` catches it."""
    with pytest.raises(MalformedBodyError) as caught:
        json_of(body)
    assert str(caught.value)
    assert caught.value.field == "body"
    assert isinstance(caught.value, ValueError)

"""The middleware about where a request comes from and goes to: trusted hosts, trusted proxies, HTTPS."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apps import app_with, hello
from asgi import Reply, http_scope, request

from hawkapi import HawkAPI, Request, TestClient, WebSocket
from hawkapi.middleware import HTTPSRedirectMiddleware, TrustedHostMiddleware, TrustedProxyMiddleware
from hawkapi.testing import WebSocketDenied

PROXY = ("10.0.0.1", 1234)


def host_status(host: str, *allowed: str) -> int:
    """Return the status of a request for a host."""
    app = app_with(hello)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(allowed))
    return request(app, "GET", "/", headers={"host": host}).status


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("a.example", "a.example"),
        ("A.EXAMPLE:8080", "a.Example"),
        ("a.example.", "a.example"),
        ("x.a.example", "*.a.example"),
        ("x.y.a.example:1", "*.a.example"),
        ("[::1]:8000", "::1"),
        ("[::1]", "[::1]"),
        ("[0:0::1]", "::1"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("whatever", "*"),
        ("", "*"),
    ],
)
def test_trusted_host(host: str, allowed: str) -> None:
    """Names are compared without case and port, addresses in any of their forms."""
    assert host_status(host, "other.example", allowed) == 200


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("b.example", "a.example"),
        ("a.example", "*.a.example"),
        ("xa.example", "*.a.example"),
        ("x.a.example", "a.example"),
        ("a.example@evil.example", "a.example"),
        ("a.example/x", "a.example"),
        ("", "a.example"),
        ("[::2]", "::1"),
        ("::1", "::1"),
    ],
)
def test_host_that_is_not_trusted(host: str, allowed: str) -> None:
    """Everything else is refused."""
    assert host_status(host, allowed) == 400


@pytest.mark.parametrize("fields", [[], [(b"host", b"a.example"), (b"host", b"a.example")]], ids=["none", "two"])
def test_host_that_is_missing_or_repeated(fields: list[tuple[bytes, bytes]]) -> None:
    """A request has one `Host` (RFC 9112 section 3.2)."""
    app = TrustedHostMiddleware(app_with(hello), allowed_hosts=["a.example"])
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        """Give nothing."""

    asyncio.run(app({**http_scope("GET", "/"), "headers": fields}, receive, send))
    assert (sent[0]["status"], sent[1]["body"]) == (400, b"Invalid host header")
    assert (b"content-type", b"text/plain; charset=utf-8") in sent[0]["headers"]


def test_host_of_a_websocket() -> None:
    """A handshake for another host is refused too."""
    app = HawkAPI()

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        """Be reached."""
        await socket.accept()

    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["a.example"])
    with TestClient(app) as client, pytest.raises(WebSocketDenied) as caught, client.websocket_connect("/ws"):
        pass
    assert caught.value.response.status_code == 400


@pytest.mark.parametrize("host", ["a.*.example", "https://a.example", "a.example:80", "", "*."])
def test_allowed_host_that_is_none(host: str) -> None:
    """It is refused when the middleware is added."""
    with pytest.raises(ValueError, match="allowed_hosts"):
        HawkAPI().add_middleware(TrustedHostMiddleware, allowed_hosts=[host])


@pytest.mark.parametrize("cls", [TrustedHostMiddleware, TrustedProxyMiddleware])
def test_text_instead_of_a_list(cls: Any) -> None:
    """Its letters are no hosts."""
    option = "allowed_hosts" if cls is TrustedHostMiddleware else "trusted_proxies"
    with pytest.raises(TypeError, match=r"write \['10.0.0.1'\]"):
        HawkAPI().add_middleware(cls, **{option: "10.0.0.1"})


async def where(request: Request) -> list[Any]:
    """Answer where the request seems to come from, and to go to."""
    return [*(request.client or ()), request.url]


def behind_proxy(fields: list[tuple[str, str]], client: Any = PROXY, **options: Any) -> Any:
    """Return what the handler sees of a request that has passed a proxy at 10.0.0.1."""
    app = app_with(where)
    app.add_middleware(TrustedProxyMiddleware, **{"trusted_proxies": ["10.0.0.0/8", "::1"], **options})
    headers = [("host", "internal"), *fields]
    pairs = [(name.encode(), value.encode()) for name, value in headers]

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "headers": pairs}, receive, send)

    return request(inner, "GET", "/", client=client).json()


XFF = "x-forwarded-for"
UNTOUCHED = [*PROXY, "http://internal/"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], UNTOUCHED),
        ([(XFF, "192.0.2.1")], ["192.0.2.1", 0, "http://internal/"]),
        ([(XFF, "198.51.100.9, 192.0.2.1, 10.0.0.7")], ["192.0.2.1", 0, "http://internal/"]),
        ([(XFF, "198.51.100.9, 192.0.2.1"), (XFF, "10.0.0.7")], ["192.0.2.1", 0, "http://internal/"]),
        ([(XFF, "10.0.0.9, 10.0.0.7")], ["10.0.0.9", 0, "http://internal/"]),
        ([(XFF, "192.0.2.1:55")], ["192.0.2.1", 55, "http://internal/"]),
        ([(XFF, "[2001:db8::1]:55")], ["2001:db8::1", 55, "http://internal/"]),
        ([(XFF, "192.0.2.1, junk")], UNTOUCHED),
        ([(XFF, "192.0.2.1, junk, 10.0.0.7")], ["10.0.0.7", 0, "http://internal/"]),
        ([("x-forwarded-proto", "HTTPS")], [*PROXY, "https://internal/"]),
        ([("x-forwarded-proto", "https, http")], UNTOUCHED),
        ([("x-forwarded-proto", "javascript")], UNTOUCHED),
        ([("x-forwarded-host", "public.example")], [*PROXY, "http://public.example/"]),
        ([("x-forwarded-host", "user@evil.example")], UNTOUCHED),
        ([("x-forwarded-host", "a.example, b.example")], UNTOUCHED),
        (
            [("forwarded", 'for=192.0.2.1;proto=https;host=a.example, for="10.0.0.7:1"')],
            ["192.0.2.1", 0, "https://a.example/"],
        ),
        ([("forwarded", "for=192.0.2.1, for=unknown")], UNTOUCHED),
        ([("forwarded", "for=192.0.2.1"), (XFF, "192.0.2.2")], ["192.0.2.2", 0, "http://internal/"]),
    ],
)
def test_trusted_proxy(fields: list[tuple[str, str]], expected: list[Any]) -> None:
    """The client is the right-most address that is no proxy of ours; scheme and host are checked."""
    assert behind_proxy(fields) == expected


@pytest.mark.parametrize("invented", ['"', 'for="', 'for="a\\', 'for="a";x="', '"\\"', ',,"'])
@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_client_with_a_quote_cannot_hide(invented: str, address: str) -> None:
    """A quoted string that a client opens does not take in what the proxy adds behind it."""
    node = f'"[{address}]"' if ":" in address else address
    for fields in ([(XFF, f"{invented}, {address}")], [("forwarded", f"{invented}, for={node};proto=https")]):
        assert behind_proxy(fields)[0] == address


@pytest.mark.parametrize(
    ("client", "options", "believed"),
    [
        (("192.0.2.66", 1), {}, False),
        (("::ffff:10.0.0.1", 1), {}, True),
        (("0:0::1", 1), {}, True),
        (("testclient", 1), {}, False),
        (None, {}, False),
        (None, {"trusted_proxies": ["unix"]}, True),
        (PROXY, {"trusted_proxies": None}, False),
        (PROXY, {"trusted_proxies": ["10.0.0.1/8"]}, True),
        (PROXY, {"trusted_proxies": ["::ffff:10.0.0.0/104"]}, True),
    ],
)
def test_who_is_believed(client: Any, options: dict[str, Any], believed: bool) -> None:
    """Fields from anybody but a trusted peer are ignored."""
    seen = behind_proxy([(XFF, "192.0.2.1")], client, **options)
    assert (seen[0] == "192.0.2.1") is believed


def test_one_family_of_fields() -> None:
    """What the proxy does not write is not read, so that clients cannot write it either."""
    fields = [("forwarded", "for=192.0.2.1"), (XFF, "192.0.2.2")]
    assert behind_proxy(fields, headers="forwarded")[0] == "192.0.2.1"
    assert behind_proxy(fields[:1], headers="x-forwarded") == UNTOUCHED


def test_forwarded_host_without_a_host() -> None:
    """A request that has no host gets none: one is replaced, not made."""
    seen: list[Any] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(scope["headers"])

    app = TrustedProxyMiddleware(inner, trusted_proxies=["10.0.0.1"])
    request(app, "GET", "/", client=PROXY, headers={"x-forwarded-host": "public.example"})
    assert seen == [(b"x-forwarded-host", b"public.example")]


def test_scheme_of_a_websocket() -> None:
    """`https` is `wss` for a WebSocket, and the lifespan has no proxy."""
    seen: list[Any] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope.get("scheme"))

    async def nothing(*args: Any) -> Any:
        """Do nothing."""

    app = TrustedProxyMiddleware(inner, trusted_proxies=["10.0.0.1"])
    headers = [(b"x-forwarded-proto", b"https")]
    asyncio.run(app({"type": "websocket", "scheme": "ws", "client": PROXY, "headers": headers}, nothing, nothing))
    asyncio.run(app({"type": "lifespan"}, nothing, nothing))
    assert seen == ["wss", None]


@pytest.mark.parametrize(
    ("options", "match"), [({"trusted_proxies": ["proxy.example"]}, "proxy.example"), ({"headers": "xff"}, "headers")]
)
def test_wrong_options_of_a_proxy(options: dict[str, Any], match: str) -> None:
    """They are refused when the middleware is added."""
    with pytest.raises(ValueError, match=match):
        HawkAPI().add_middleware(TrustedProxyMiddleware, **options)


def redirected(host: str | None, target: str = "/", **extra: Any) -> Reply:
    """Return the answer to a request over plain HTTP."""
    app = app_with(hello)
    app.add_middleware(HTTPSRedirectMiddleware)
    return request(app, "POST", target, headers={} if host is None else {"host": host}, **extra)


@pytest.mark.asgi_only("there is no raw path")
@pytest.mark.parametrize(
    ("host", "target", "location"),
    [
        ("a.example", "/x/y?q=1&r=%20", "https://a.example/x/y?q=1&r=%20"),
        ("A.example:80", "/", "https://a.example/"),
        ("a.example:8080", "/", "https://a.example:8080/"),
        ("[::1]:80", "/", "https://[::1]/"),
        ("a.example", "/a%20b%2Fc", "https://a.example/a%20b%2Fc"),
        ("a.example", "/\\evil.example", "https://a.example/%5Cevil.example"),
        ("a.example", "//evil.example", "https://a.example//evil.example"),
        ("user@evil.example", "/", "https://localhost/"),
        ("evil.example/x", "/", "https://localhost/"),
        ("evil.example\\x", "/", "https://localhost/"),
        (None, "/x", "https://localhost/x"),
    ],
)
def test_https_redirect(host: str | None, target: str, location: str) -> None:
    """The client is sent to the same path of the same host, if that is one."""
    reply = redirected(host, target)
    assert (reply.status, reply.header("location")) == (307, location)


def test_https_redirect_without_the_raw_path() -> None:
    """Servers need not give it; the decoded path is encoded again."""
    assert redirected("a.example", "/a%20b", raw_path=None).header("location") == "https://a.example/a%20b"


def test_https_is_not_redirected() -> None:
    """It is what was wanted."""
    app = app_with(hello)
    app.add_middleware(HTTPSRedirectMiddleware)
    assert request(app, "GET", "/", scheme="https").status == 200


def test_https_redirect_of_a_websocket() -> None:
    """A handshake over `ws` is refused with a redirect to `wss`."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    app = HawkAPI()
    app.add_middleware(HTTPSRedirectMiddleware, redirect_status_code=308)
    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": "/ws",
        "headers": [(b"host", b"a.example")],
        "extensions": {"websocket.http.response": {}},
    }
    asyncio.run(app(scope, receive, send))
    assert (sent[0]["type"], sent[0]["status"]) == ("websocket.http.response.start", 308)
    assert (b"location", b"wss://a.example/ws") in sent[0]["headers"]


def test_wrong_status_of_a_redirect() -> None:
    """It is refused when the middleware is added."""
    with pytest.raises(ValueError, match="redirect_status_code is 200"):
        HawkAPI().add_middleware(HTTPSRedirectMiddleware, redirect_status_code=200)

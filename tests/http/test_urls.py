"""URLs: query parameters, hosts, the URL of a request, and URLs that are sent."""

from __future__ import annotations

from typing import Any

import pytest

from hawkapi.http.urls import Host, QueryParams, build_url, encode_path, encode_url, parse_host

PARAMS = QueryParams(b"a=1&b=&a=x+y%C3%A9&c=%FF")


def test_query_params_first_and_all() -> None:
    """`get` and `[]` take the first of several values, `getlist` all."""
    assert PARAMS["a"] == PARAMS.get("a") == "1"
    assert PARAMS.getlist("a") == ["1", "x yé"]
    assert PARAMS.get("b", "other") == ""
    assert PARAMS["c"] == "\ufffd"


def test_query_params_absent() -> None:
    """An absent name is the default, an empty list, or a `KeyError`."""
    assert PARAMS.get("z") is None
    assert PARAMS.get("z", 7) == 7
    assert PARAMS.getlist("z") == []
    assert "z" not in PARAMS
    with pytest.raises(KeyError, match="'z'"):
        PARAMS["z"]


def test_query_params_as_a_collection() -> None:
    """Iteration and length are about distinct names; the pairs are there as well."""
    assert list(PARAMS) == PARAMS.keys() == ["a", "b", "c"]
    assert len(PARAMS) == 3
    assert "b" in PARAMS
    assert PARAMS.values() == ["1", "", "\ufffd"]
    assert dict(PARAMS) == dict(PARAMS.items()) == PARAMS.to_dict() == {"a": "1", "b": "", "c": "\ufffd"}
    assert PARAMS.multi_items() == [("a", "1"), ("b", ""), ("a", "x yé"), ("c", "\ufffd")]
    assert repr(PARAMS) == "QueryParams(b'a=1&b=&a=x+y%C3%A9&c=%FF')"


def test_query_params_hand_out_copies() -> None:
    """What is handed out may be changed without changing the parameters."""
    params = QueryParams(b"a=1")
    params.getlist("a").append("2")
    params.to_dict()["b"] = "3"
    assert params.multi_items() == [("a", "1")]


def test_query_params_without_query() -> None:
    """There need not be any."""
    assert not QueryParams()
    assert QueryParams(b"").multi_items() == []


@pytest.mark.parametrize(
    ("text", "host"),
    [
        pytest.param("example.com", ("example.com", None), id="name"),
        pytest.param("Example.COM:8000", ("example.com", 8000), id="case-and-port"),
        pytest.param("my_service-1:0", ("my_service-1", 0), id="underscore"),
        pytest.param("127.0.0.1:65535", ("127.0.0.1", 65535), id="ipv4"),
        pytest.param("[::1]", ("[::1]", None), id="ipv6"),
        pytest.param("[2001:DB8::1]:443", ("[2001:db8::1]", 443), id="ipv6-and-port"),
        pytest.param("[::ffff:1.2.3.4]", ("[::ffff:1.2.3.4]", None), id="mapped-ipv4"),
        pytest.param("example.com:", ("example.com", None), id="empty-port"),
        pytest.param("", None, id="empty"),
        pytest.param(":80", None, id="no-name"),
        pytest.param("a:b", None, id="port-is-no-number"),
        pytest.param("a:65536", None, id="port-too-large"),
        pytest.param("a:000080", None, id="port-too-long"),
        pytest.param("a:\u0668\u0660", None, id="port-in-other-digits"),
        pytest.param("::1", None, id="ipv6-without-brackets"),
        pytest.param("[1.2.3.4]", None, id="ipv4-in-brackets"),
        pytest.param("[:::]", None, id="bad-ipv6"),
        pytest.param("[fe80::1%25eth0]", None, id="zone"),
        pytest.param("user@evil.com", None, id="user"),
        pytest.param("a/b", None, id="slash"),
        pytest.param("a\\b", None, id="backslash"),
        pytest.param("a?b", None, id="question-mark"),
        pytest.param("a#b", None, id="hash"),
        pytest.param("a b", None, id="space"),
        pytest.param("a\n", None, id="line-break"),
        pytest.param("a%2e", None, id="percent-encoded"),
        pytest.param("a,b", None, id="two"),
        pytest.param("é.de", None, id="not-ascii"),
    ],
)
def test_parse_host(text: str, host: tuple[str, int | None] | None) -> None:
    """A host is a name or an address, perhaps with a port, and nothing else."""
    assert parse_host(text) == (Host(*host) if host is not None else None)


@pytest.mark.parametrize(
    ("parts", "url"),
    [
        pytest.param({}, "http://localhost/", id="nothing-known"),
        pytest.param({"server": ("example.com", 80)}, "http://example.com/", id="server"),
        pytest.param({"server": ("example.com", 8000)}, "http://example.com:8000/", id="server-with-port"),
        pytest.param({"server": ("example.com", 80), "scheme": "https"}, "https://example.com:80/", id="other-scheme"),
        pytest.param({"host": "example.com:8443"}, "http://example.com:8443/", id="host"),
        pytest.param({"host": "a.de", "server": ("10.0.0.1", 8000)}, "http://a.de/", id="host-is-preferred"),
        pytest.param({"host": "user@a.de", "server": ("10.0.0.1", 8000)}, "http://10.0.0.1:8000/", id="malformed-host"),
        pytest.param({"host": "", "server": ("b", 80)}, "http://b/", id="empty-host"),
        pytest.param({"host": "a/b"}, "http://localhost/", id="malformed-host-alone"),
        pytest.param({"host": "a.de:80"}, "http://a.de/", id="http-port"),
        pytest.param({"host": "a.de:443", "scheme": "https"}, "https://a.de/", id="https-port"),
        pytest.param({"host": "a.de:80", "scheme": "ws"}, "ws://a.de/", id="ws-port"),
        pytest.param({"host": "a.de:443", "scheme": "wss"}, "wss://a.de/", id="wss-port"),
        pytest.param({"host": "a.de:80", "scheme": "https"}, "https://a.de:80/", id="port-of-another-scheme"),
        pytest.param({"server": ("::1", 8000)}, "http://[::1]:8000/", id="ipv6-server"),
        pytest.param({"host": "[::1]:8000"}, "http://[::1]:8000/", id="ipv6-host"),
        pytest.param({"server": ("/run/app.sock", None)}, "http://localhost/", id="unix-socket"),
        pytest.param({"server": ("testserver", None)}, "http://testserver/", id="server-without-port"),
        pytest.param({"path": "/é /100%"}, "http://localhost/%C3%A9%20/100%25", id="path-is-encoded"),
        pytest.param({"path": "/a?b#c"}, "http://localhost/a%3Fb%23c", id="path-ends-nowhere"),
        pytest.param({"path": "@evil"}, "http://localhost/@evil", id="path-without-slash"),
        pytest.param({"path": "", "query_string": b""}, "http://localhost/", id="empty-path"),
        pytest.param({"path": "*"}, "http://localhost", id="options-of-the-server"),
        pytest.param({"query_string": b"a=%20&b=1+2"}, "http://localhost/?a=%20&b=1+2", id="query"),
        pytest.param({"query_string": b"a=\xc3\xa9 #\r\n"}, "http://localhost/?a=%C3%A9%20%23%0D%0A", id="raw-query"),
        pytest.param({"root_path": "/api", "path": "/x"}, "http://localhost/api/x", id="root-path"),
        pytest.param({"root_path": "/api/", "path": "/x"}, "http://localhost/api/x", id="root-path-with-slash"),
        pytest.param({"root_path": "/api", "path": "/api/x"}, "http://localhost/api/x", id="root-path-in-path"),
        pytest.param({"root_path": "/api", "path": "/api"}, "http://localhost/api", id="root-path-is-path"),
        pytest.param(
            {"root_path": "/api", "path": "/apix"}, "http://localhost/api/apix", id="root-path-ends-in-segment"
        ),
        pytest.param({"root_path": "/", "path": "/x"}, "http://localhost/x", id="root-path-is-root"),
        pytest.param({"root_path": "/é", "path": "/x"}, "http://localhost/%C3%A9/x", id="root-path-is-encoded"),
    ],
)
def test_build_url(parts: dict[str, Any], url: str) -> None:
    """The URL is what the client asked for, as far as it can be known, and well formed."""
    assert build_url(**parts) == url


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("https://a.de:8/p;x?q=1&r=[2]#f", "https://a.de:8/p;x?q=1&r=[2]#f", id="nothing-to-do"),
        pytest.param("/é", "/%C3%A9", id="utf-8"),
        pytest.param("/日本?q=本", "/%E6%97%A5%E6%9C%AC?q=%E6%9C%AC", id="outside-latin-1"),
        pytest.param("/a%2Fb%c3", "/a%2Fb%c3", id="encoded-already"),
        pytest.param("/100%/%zz%", "/100%25/%25zz%25", id="percent-that-encodes-nothing"),
        pytest.param('/a b"<>{}|^`', "/a%20b%22%3C%3E%7B%7D%7C%5E%60", id="not-allowed"),
        pytest.param("/\\evil.com", "/%5Cevil.com", id="backslash"),
        pytest.param("/a\r\nset-cookie: b\0\t", "/aset-cookie:%20b%09", id="line-breaks"),
        pytest.param("/\ud800", "/%3F", id="half-a-surrogate-pair"),
        pytest.param("/\x7f\x80", "/%7F%C2%80", id="controls"),
    ],
)
def test_encode_url(url: str, sent: str) -> None:
    """What a URL may not have is encoded, the rest stays; encoding twice changes nothing."""
    assert encode_url(url) == sent
    assert encode_url(sent) == sent


def test_encode_path() -> None:
    """In a decoded path a percent sign stands for itself."""
    assert encode_path("/a b/%2F/é;x=1,@:~\ud800?") == "/a%20b/%252F/%C3%A9;x=1,@:~%3F%3F"

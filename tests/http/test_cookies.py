"""Cookies: what is read from `Cookie`, what is written to `Set-Cookie`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from hawkapi.http.cookies import format_set_cookie, parse_cookies


@pytest.mark.parametrize(
    ("values", "cookies"),
    [
        pytest.param([], {}, id="no-field"),
        pytest.param([""], {}, id="empty-field"),
        pytest.param(["a=1"], {"a": "1"}, id="one"),
        pytest.param(["a=1; b=2;c=3"], {"a": "1", "b": "2", "c": "3"}, id="several"),
        pytest.param(["a=1", "b=2; a=3"], {"a": "3", "b": "2"}, id="several-fields"),
        pytest.param(["a=1; a=2"], {"a": "2"}, id="last-wins"),
        pytest.param([" a \t=  1 "], {"a": "1"}, id="white-space"),
        pytest.param(['a="1 2"'], {"a": "1 2"}, id="quotes"),
        pytest.param(['a=""1""; b="; c=""'], {"a": '"1"', "b": '"', "c": ""}, id="one-pair-of-quotes"),
        pytest.param(["a=1=2="], {"a": "1=2="}, id="equals-in-value"),
        pytest.param(["a="], {"a": ""}, id="empty-value"),
        pytest.param(["a; =1; ;b=2;;"], {"b": "2"}, id="without-equals-or-name"),
        pytest.param(["a=%20+é"], {"a": "%20+é"}, id="nothing-is-decoded"),
        pytest.param(["\xa0a=1\xa0"], {"\xa0a": "1\xa0"}, id="only-http-white-space-is-removed"),
        pytest.param(["$Version=1; a=1,b=2"], {"$Version": "1", "a": "1,b=2"}, id="obsolete-syntax-means-nothing"),
    ],
)
def test_parse_cookies(values: list[str], cookies: dict[str, str]) -> None:
    """Every field is read, leniently, and nothing is an error."""
    assert parse_cookies(values) == cookies


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param({}, "a=1; Path=/; SameSite=lax", id="defaults"),
        pytest.param(
            {"max_age": 1209600, "httponly": True, "secure": True},
            "a=1; Max-Age=1209600; Path=/; HttpOnly; Secure; SameSite=lax",
            id="session",
        ),
        pytest.param(
            {"max_age": 0, "expires": EPOCH, "samesite": None},
            "a=1; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
            id="deleted",
        ),
        pytest.param({"path": None, "samesite": None}, "a=1", id="bare"),
        pytest.param({"path": "/a b/%3B"}, "a=1; Path=/a b/%3B; SameSite=lax", id="path"),
        pytest.param({"domain": ".Example.com"}, "a=1; Domain=Example.com; Path=/; SameSite=lax", id="domain"),
        pytest.param({"samesite": "Strict"}, "a=1; Path=/; SameSite=strict", id="samesite-without-case"),
        pytest.param(
            {"secure": True, "samesite": "none", "partitioned": True},
            "a=1; Path=/; Secure; SameSite=none; Partitioned",
            id="partitioned",
        ),
        pytest.param(
            {"expires": datetime(2026, 1, 1, 1, 30, 0, 999, timezone(timedelta(hours=2))), "samesite": None},
            "a=1; Expires=Wed, 31 Dec 2025 23:30:00 GMT; Path=/",
            id="expires-in-another-zone",
        ),
    ],
)
def test_format_set_cookie(options: dict[str, Any], text: str) -> None:
    """Attributes come in one order, only those asked for."""
    assert format_set_cookie("a", "1", **options) == text


@pytest.mark.parametrize(
    ("name", "value", "options", "message"),
    [
        pytest.param("", "1", {}, "'' is no name of a cookie", id="empty-name"),
        pytest.param("a b", "1", {}, "is no name of a cookie", id="space-in-name"),
        pytest.param("a;b", "1", {}, "is no name of a cookie", id="semicolon-in-name"),
        pytest.param("a", "1; Domain=evil", {}, "value of cookie 'a'", id="attribute-in-value"),
        pytest.param("a", "1\r\nx: y", {}, "value of cookie 'a'", id="line-break-in-value"),
        pytest.param("a", '"1"', {}, "value of cookie 'a'", id="quotes-in-value"),
        pytest.param("a", "é", {}, "percent-encode it, or use base64", id="value-outside-ascii"),
        pytest.param("a", "x" * 4096, {}, "longer than 4096 bytes", id="too-long"),
        pytest.param("a", "1", {"path": "a"}, "is no path", id="relative-path"),
        pytest.param("a", "1", {"path": "/;Secure"}, "is no path", id="semicolon-in-path"),
        pytest.param("a", "1", {"path": "/é"}, "percent-encode", id="path-outside-ascii"),
        pytest.param("a", "1", {"path": "/\n"}, "is no path", id="line-break-in-path"),
        pytest.param("a", "1", {"path": "/" * 1025}, "within 1024 bytes", id="path-too-long"),
        pytest.param("a", "1", {"domain": ""}, "is no domain", id="empty-domain"),
        pytest.param("a", "1", {"domain": "a..b"}, "is no domain", id="domain-with-empty-label"),
        pytest.param("a", "1", {"domain": "a;b"}, "is no domain", id="semicolon-in-domain"),
        pytest.param("a", "1", {"domain": "münchen.de"}, "xn--", id="domain-outside-ascii"),
        pytest.param("a", "1", {"domain": "a.b\n"}, "is no domain", id="line-break-after-domain"),
        pytest.param("a", "1", {"samesite": "maybe"}, "not 'maybe'", id="samesite"),
        pytest.param("a", "1", {"samesite": "none"}, "secure=True", id="samesite-none-without-secure"),
        pytest.param("a", "1", {"partitioned": True}, "secure=True", id="partitioned-without-secure"),
        pytest.param("a", "1", {"expires": datetime(2026, 1, 1)}, "no time zone", id="expires-without-zone"),
        pytest.param("a", "1", {"max_age": "1; Domain=x"}, "format code", id="max-age-is-no-number"),
        pytest.param("__Secure-a", "1", {}, "secure=True because of its prefix", id="secure-prefix"),
        pytest.param("__HOST-a", "1", {}, "secure=True because of its prefix", id="host-prefix-without-secure"),
        pytest.param(
            "__Host-a",
            "1",
            {"secure": True, "domain": "x.de"},
            "no domain because of its prefix",
            id="host-prefix-domain",
        ),
        pytest.param("__Host-a", "1", {"secure": True, "path": "/a"}, "path='/'", id="host-prefix-path"),
    ],
)
def test_cookie_that_browsers_would_misread(name: str, value: str, options: dict[str, Any], message: str) -> None:
    """A cookie that would be dropped, or would write attributes of its own, is refused with the remedy."""
    with pytest.raises(ValueError, match=message):
        format_set_cookie(name, value, **options)


@pytest.mark.parametrize("name", ["__Host-a", "__Secure-a"])
def test_prefix_that_is_kept(name: str) -> None:
    """A prefix is fine where its promise is kept."""
    assert format_set_cookie(name, "1", secure=True) == f"{name}=1; Path=/; Secure; SameSite=lax"


def test_longest_cookie() -> None:
    """Name and value have 4096 bytes together."""
    assert format_set_cookie("a", "x" * 4095, path=None, samesite=None) == "a=" + "x" * 4095

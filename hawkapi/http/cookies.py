"""Cookies: reading `Cookie`, writing `Set-Cookie` (draft-ietf-httpbis-rfc6265bis, "6265bis" below)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from hawkapi.http._grammar import OWS, is_token
from hawkapi.http.dates import format_http_date

__all__ = ["format_set_cookie", "parse_cookies"]

MAX_COOKIE_BYTES: Final = 4096
"""Name and value together; browsers drop a longer cookie without a word (6265bis section 5.7)."""

MAX_ATTRIBUTE_BYTES: Final = 1024
"""Browsers ignore an attribute with a longer value (6265bis section 5.6)."""

_COOKIE_VALUE: Final = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")
_PATH: Final = re.compile(r"/[\x20-\x3a\x3c-\x7e]*")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def parse_cookies(values: Iterable[str]) -> dict[str, str]:
    """Return the cookies of a request by name (RFC 6265 section 5.4).

    Args:
        values: every `Cookie` field; HTTP/2 may split one into several (RFC 9113 section 8.2.3).

    White space around names and values and one pair of double quotes around a value are removed; nothing is
    percent-decoded. Parts without `=` or without a name are skipped. The last of several cookies of one name wins.
    """
    cookies: dict[str, str] = {}
    for value in values:
        for part in value.split(";"):
            name, separator, text = part.partition("=")
            name = name.strip(OWS)
            if separator and name:
                cookies[name] = _without_quotes(text.strip(OWS))
    return cookies


def format_set_cookie(
    name: str,
    value: str,
    *,
    max_age: int | None = None,
    expires: datetime | None = None,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: Literal["lax", "strict", "none"] | None = "lax",
    partitioned: bool = False,
) -> str:
    """Return the value of a `Set-Cookie` field (6265bis section 4.1).

    Args:
        name: a token.
        value: ASCII without white space, quotes, commas, semicolons and backslashes.
        max_age: seconds to keep it; 0 deletes it. Default: as long as the browser runs.
        expires: the moment it ends, with a time zone; `max_age` wins in browsers.
        path: where it is sent; `None` stands for the directory of the request.
        domain: also sent to its subdomains. Default: only to the host that set it.
        secure: only sent over TLS.
        httponly: hidden from scripts.
        samesite: whether other sites may cause it to be sent; `None` leaves it to the browser.
        partitioned: kept apart per top-level site (draft-cutler-httpbis-partitioned-cookies).

    Raises:
        ValueError: browsers would misread or drop such a cookie; the message says what to change.
    """
    _check_pair(name, value)
    _check_prefix(name, secure=secure, path=path, domain=domain)
    parts = [f"{name}={value}"]
    if max_age is not None:
        parts.append(f"Max-Age={max_age:d}")
    if expires is not None:
        parts.append(f"Expires={_format_expires(expires)}")
    if domain is not None:
        parts.append(f"Domain={_check_domain(domain)}")
    if path is not None:
        parts.append(f"Path={_check_path(path)}")
    if httponly:
        parts.append("HttpOnly")
    if secure:
        parts.append("Secure")
    if samesite is not None:
        parts.append(f"SameSite={_check_samesite(samesite, secure=secure)}")
    if partitioned:
        if not secure:
            raise ValueError("a partitioned cookie needs secure=True; browsers drop it otherwise")
        parts.append("Partitioned")
    return "; ".join(parts)


def _without_quotes(text: str) -> str:
    if len(text) >= 2 and text[0] == '"' == text[-1]:
        return text[1:-1]
    return text


def _check_pair(name: str, value: str) -> None:
    if not is_token(name):
        raise ValueError(f"{name!r} is no name of a cookie; use letters, digits and !#$%&'*+-.^_`|~")
    if _COOKIE_VALUE.fullmatch(value) is None:
        raise ValueError(
            f"the value of cookie {name!r} may have neither white space, quotes, commas, semicolons and backslashes"
            " nor anything outside ASCII; percent-encode it, or use base64"
        )
    if len(name) + len(value) > MAX_COOKIE_BYTES:
        raise ValueError(f"cookie {name!r} is longer than {MAX_COOKIE_BYTES} bytes; browsers drop such cookies")


def _check_prefix(name: str, *, secure: bool, path: str | None, domain: str | None) -> None:
    """Hold a name to what its prefix promises (6265bis section 4.1.3); browsers compare it without case."""
    prefix = name.lower()
    if prefix.startswith(("__secure-", "__host-")) and not secure:
        raise ValueError(f"cookie {name!r} needs secure=True because of its prefix")
    if prefix.startswith("__host-") and (path != "/" or domain is not None):
        raise ValueError(f"cookie {name!r} needs path='/' and no domain because of its prefix")


def _check_path(path: str) -> str:
    if len(path) > MAX_ATTRIBUTE_BYTES or _PATH.fullmatch(path) is None:
        raise ValueError(
            f"{path!r} is no path of a cookie; begin it with '/', percent-encode control characters, semicolons and"
            f" non-ASCII, and keep it within {MAX_ATTRIBUTE_BYTES} bytes"
        )
    return path


def _check_domain(domain: str) -> str:
    """Return a domain without the leading dot that browsers ignore."""
    host = domain.removeprefix(".")
    if len(host) > MAX_ATTRIBUTE_BYTES or _DOMAIN.fullmatch(host) is None:
        raise ValueError(f"{domain!r} is no domain of a cookie; write a host name, internationalised ones as xn--…")
    return host


def _check_samesite(samesite: str, *, secure: bool) -> str:
    policy = samesite.lower()
    if policy not in {"lax", "strict", "none"}:
        raise ValueError(f"samesite is 'lax', 'strict', 'none' or None, not {samesite!r}")
    if policy == "none" and not secure:
        raise ValueError("samesite='none' needs secure=True; browsers drop the cookie otherwise")
    return policy


def _format_expires(expires: datetime) -> str:
    if expires.tzinfo is None:
        raise ValueError(f"expires={expires!r} has no time zone; add tzinfo=UTC")
    return format_http_date(expires.timestamp())

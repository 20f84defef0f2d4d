"""The cookies of a test client: a dict for the test, a browser's jar for the requests (RFC 6265)."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from email.utils import mktime_tz, parsedate_tz
from typing import Final, NamedTuple

from hawkapi.testing._url import URL

__all__ = ["CookieJar"]

EVERYWHERE: Final = ""
"""The domain of a cookie that the test has set: it goes with every request."""

TRUSTED_NAMES: Final = frozenset({"testserver", "localhost"})
"""Hosts that get `Secure` cookies without TLS: browsers do so for localhost, and `testserver` is never on a wire."""


class Cookie(NamedTuple):
    """One cookie, and where it goes (RFC 6265 section 5.3)."""

    name: str
    value: str
    domain: str = EVERYWHERE
    host_only: bool = False
    path: str = "/"
    secure: bool = False
    expires: float | None = None
    """Seconds since 1970; `None` for as long as the client lives."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What a later cookie replaces this one by."""
        return (self.name, self.domain, self.path)

    def goes_to(self, url: URL, now: float) -> bool:
        """Whether a request to the URL carries the cookie (section 5.4)."""
        return (
            (self.expires is None or self.expires > now)
            and (
                not self.domain or url.host == self.domain or (not self.host_only and _is_below(url.host, self.domain))
            )
            and _path_matches(url.path, self.path)
            and (not self.secure or url.is_secure or _is_trusted(url.host))
        )


class CookieJar(MutableMapping[str, str]):
    """The cookies of a client, by name.

    Reading and writing is that of a `dict`: what a test sets goes with every request, and replaces whatever had the
    name. What responses set keeps to `Path`, `Domain`, `Secure`, `Expires` and `Max-Age`, and so does what they delete.

    Thread-safe: a request sees the cookies as they were at one moment.
    """

    def __init__(self, cookies: Mapping[str, str] | None = None) -> None:
        # THREADS: protects the replacement of `_cookies`, a tuple that readers take once and never see change. It does
        # not cover two calls of a test that belong together.
        self._guard = threading.Lock()
        self._cookies: tuple[Cookie, ...] = tuple(Cookie(name, value) for name, value in (cookies or {}).items())

    def store(self, url: URL, set_cookies: Iterable[str]) -> None:
        """Take over the `Set-Cookie` fields of a response."""
        now = time.time()
        for cookie in filter(None, (parse_set_cookie(text, url, now) for text in set_cookies)):
            with self._guard:
                kept = tuple(old for old in self._cookies if old.key != cookie.key and not _is_replaced(old, cookie))
                is_over = cookie.expires is not None and cookie.expires <= now
                self._cookies = kept if is_over else (*kept, cookie)

    def pairs_for(self, url: URL) -> dict[str, str]:
        """Return what a request to the URL carries; of one name the cookie with the longest path."""
        now = time.time()
        found = [cookie for cookie in self._cookies if cookie.goes_to(url, now)]
        return {cookie.name: cookie.value for cookie in sorted(found, key=lambda cookie: len(cookie.path))}

    def __getitem__(self, name: str) -> str:
        return self._living()[name]

    def __setitem__(self, name: str, value: str) -> None:
        with self._guard:
            self._cookies = (*(old for old in self._cookies if old.name != name), Cookie(name, value))

    def __delitem__(self, name: str) -> None:
        with self._guard:
            kept = tuple(old for old in self._cookies if old.name != name)
            if len(kept) == len(self._cookies):
                raise KeyError(name)
            self._cookies = kept

    def __iter__(self) -> Iterator[str]:
        return iter(self._living())

    def __len__(self) -> int:
        return len(self._living())

    def clear(self) -> None:
        """Forget every cookie."""
        with self._guard:
            self._cookies = ()

    def __repr__(self) -> str:
        return repr(self._living())

    def _living(self) -> dict[str, str]:
        now = time.time()
        return {cookie.name: cookie.value for cookie in self._cookies if cookie.expires is None or cookie.expires > now}


def parse_set_cookie(text: str, url: URL, now: float) -> Cookie | None:
    """Return the cookie that a `Set-Cookie` field sets (RFC 6265 sections 5.2 and 5.3), or `None` if browsers drop it.

    A cookie that is to be deleted has an `expires` that is over.
    """
    named = name_and_value(text)
    if named is None:
        return None
    parts = (part.partition("=") for part in text.split(";")[1:])
    attributes = {key.strip().lower(): given.strip() for key, _, given in parts}
    domain = attributes.get("domain", "").removeprefix(".").lower()
    if domain and domain != url.host and not _is_below(url.host, domain):
        return None
    path = attributes.get("path", "")
    return Cookie(
        *named,
        domain or url.host,
        not domain,
        path if path.startswith("/") else _directory(url.path),
        "secure" in attributes,
        _expiry(attributes, now),
    )


def name_and_value(text: str) -> tuple[str, str] | None:
    """Return what a `Set-Cookie` field names, wherever that would go."""
    name, separator, value = text.partition(";")[0].partition("=")
    return (name.strip(), value.strip()) if separator and name.strip() else None


def _expiry(attributes: Mapping[str, str], now: float) -> float | None:
    """Return when a cookie ends; `Max-Age` counts before `Expires`."""
    max_age = attributes.get("max-age", "")
    if max_age.removeprefix("-").isdecimal():
        return now + int(max_age) if int(max_age) > 0 else 0.0
    moment = parsedate_tz(attributes.get("expires", ""))
    return float(mktime_tz(moment)) if moment is not None else None


def _is_replaced(old: Cookie, new: Cookie) -> bool:
    """Whether a cookie that the test has set gives way to one of the same name from a response."""
    return old.domain == EVERYWHERE and old.name == new.name


def _is_below(host: str, domain: str) -> bool:
    return host.endswith(f".{domain}") and not _is_address(host)


def _is_trusted(host: str) -> bool:
    if host in TRUSTED_NAMES or host.endswith(".localhost"):
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _path_matches(path: str, cookie_path: str) -> bool:
    """Whether a path is the cookie's or below it (section 5.1.4)."""
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else f"{cookie_path}/")


def _directory(path: str) -> str:
    """Return the path that a cookie without one gets (section 5.1.4)."""
    return path.rpartition("/")[0] or "/"

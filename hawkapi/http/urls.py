"""URLs: the parameters of a query, the URL of a request, and URLs that are going to be sent (RFC 3986)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, overload
from urllib.parse import quote, quote_from_bytes

from hawkapi.http._query import parse_pairs, parse_query

__all__ = ["Host", "QueryParams", "build_url", "encode_path", "encode_url", "parse_host"]

DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}

_SUB_DELIMS: Final = "!$&'()*+,;="
_IN_PATH: Final = f"{_SUB_DELIMS}:@/"
_IN_QUERY: Final = f"{_SUB_DELIMS}:@/?%"
# Unreserved, reserved, and `%` where two hexadecimal digits follow: everything else has to be encoded.
_TO_ENCODE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_LINE_BREAKS: Final = {0: None, 10: None, 13: None}
_HOST: Final = re.compile(r"(?:([A-Za-z0-9._-]+)|\[([0-9A-Fa-f:.]+)\])(?::([0-9]{0,5}))?")
MAX_PORT: Final = 65_535


class QueryParams:
    """The parameters of a query string (WHATWG URL, `application/x-www-form-urlencoded`).

    Args:
        query_string: as ASGI has it: percent-encoded, without `?`. Default empty.

    Where a name occurs more than once, `get` and `[]` return the first value, `getlist` all. Iteration and `len` are
    about distinct names. Blank values count, `+` is a space, and bytes that are not UTF-8 become U+FFFD.

    Immutable, so safe in any thread.
    """

    __slots__ = ("_query_string", "_values")

    def __init__(self, query_string: bytes = b"") -> None:
        self._query_string = query_string
        self._values = parse_query(query_string)

    @overload
    def get(self, key: str) -> str | None: ...
    @overload
    def get[T](self, key: str, default: T) -> str | T: ...
    def get(self, key: str, default: object = None) -> object:
        """Return the first value of a name, or the default."""
        values = self._values.get(key)
        return default if values is None else values[0]

    def getlist(self, key: str) -> list[str]:
        """Return every value of a name in order; an absent name has none."""
        return list(self._values.get(key, ()))

    def keys(self) -> list[str]:
        """Return the distinct names in the order of their first occurrence."""
        return list(self._values)

    def values(self) -> list[str]:
        """Return the first value of each name."""
        return [values[0] for values in self._values.values()]

    def items(self) -> list[tuple[str, str]]:
        """Return each name with its first value."""
        return [(name, values[0]) for name, values in self._values.items()]

    def multi_items(self) -> list[tuple[str, str]]:
        """Return every pair in the order of the query string."""
        return parse_pairs(self._query_string)

    def to_dict(self) -> dict[str, str]:
        """Return a new dict of each name's first value."""
        return dict(self.items())

    def __getitem__(self, key: str) -> str:
        return self._values[key][0]

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"QueryParams({self._query_string!r})"


class Host(NamedTuple):
    """What a `Host` field names."""

    name: str
    """In lower case; an IPv6 address has its brackets."""
    port: int | None
    """Absent where the scheme's own is meant."""


def parse_host(text: str) -> Host | None:
    """Return the parts of a `Host` field, or `None` when it is no host (RFC 9110 section 7.2, RFC 3986 section 3.2).

    A name has letters, digits, `.`, `-` and `_`. User names, percent-encoding and the other characters that RFC 3986
    has for a name are refused: no host is called so, and they mislead those who read the URL.
    """
    match = _HOST.fullmatch(text)
    if match is None:
        return None
    name, address, digits = match.groups()
    if address is not None and not _is_ipv6(address):
        return None
    port = int(digits) if digits else None
    if port is not None and port > MAX_PORT:
        return None
    return Host((name if address is None else f"[{address}]").lower(), port)


def build_url(
    *,
    scheme: str = "http",
    host: str | None = None,
    server: tuple[str, int | None] | None = None,
    root_path: str = "",
    path: str = "/",
    query_string: bytes = b"",
) -> str:
    """Return the URL that a client asked for (RFC 9110 section 7.1).

    Args:
        scheme: as in the ASGI scope.
        host: the `Host` field; ignored when it is malformed.
        server: the address that the server listens on, used without `host`; then `localhost` is.
        root_path: as in the scope; put before `path` where that does not begin with it already, which depends on the
            server (ASGI HTTP).
        path: decoded, as in the scope.
        query_string: as in the scope.
    """
    place = (parse_host(host) if host else None) or _server_host(server) or Host("localhost", None)
    port = "" if place.port is None or place.port == DEFAULT_PORTS.get(scheme) else f":{place.port}"
    query = "?" + quote_from_bytes(query_string, safe=_IN_QUERY) if query_string else ""
    return f"{scheme}://{place.name}{port}{encode_path(_full_path(root_path, path))}{query}"


def encode_path(path: str) -> str:
    """Percent-encode a decoded path, its `%` too (RFC 3986 section 3.3); half a surrogate pair becomes `%3F`."""
    return quote(path, safe=_IN_PATH, errors="replace")


def encode_url(url: str) -> str:
    """Return a URL or a reference as it can be sent in `Location` (RFC 3986 section 2).

    Reserved characters and what is percent-encoded already stay, everything else is encoded, as UTF-8 where it is not
    ASCII. CR, LF and NUL are removed.

    SECURITY: a backslash is encoded, because browsers take it for a slash and `/\\host` for another site.
    """
    return _TO_ENCODE.sub(_encode_match, url.translate(_LINE_BREAKS))


def _encode_match(match: re.Match[str]) -> str:
    return quote(match[0], safe="", errors="replace")


def _server_host(server: tuple[str, int | None] | None) -> Host | None:
    """Return the host of a listening address; a Unix socket has none."""
    if server is None:
        return None
    name, port = server
    found = parse_host(f"[{name}]" if ":" in name else name)
    return found._replace(port=port) if found is not None else None


def _full_path(root_path: str, path: str) -> str:
    if path == "*":  # `OPTIONS *` is about the server as a whole, and its URL has no path.
        return ""
    root = root_path.rstrip("/")
    full = path if path == root or path.startswith(f"{root}/") else f"{root}/{path.removeprefix('/')}"
    return full if full.startswith("/") else f"/{full}"


def _is_ipv6(address: str) -> bool:
    # Here, because hardly any client names an address in brackets and the module takes time to load.
    from ipaddress import IPv6Address

    try:
        IPv6Address(address)
    except ValueError:
        return False
    return True

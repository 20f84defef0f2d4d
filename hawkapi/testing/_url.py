"""Where a test's request goes: the base URL of the client, a path or a URL, and parameters (RFC 3986)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, cast
from urllib.parse import unquote, urlencode, urljoin, urlsplit

from hawkapi.http.urls import DEFAULT_PORTS, encode_url

__all__ = ["URL", "Params", "join_params"]

type Params = Mapping[str, Any] | Iterable[tuple[str, Any]] | str
"""Query parameters: a mapping whose values may be lists, pairs, or a query string as it is."""

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class URL(NamedTuple):
    """The parts of a URL that a request is made of, as they go over the wire."""

    scheme: str
    host: str
    """In lower case, an IPv6 address without brackets."""
    port: int
    path: str
    """Percent-encoded, at least `/`."""
    query: str
    """Percent-encoded, without `?`."""

    @classmethod
    def parse(cls, text: str) -> URL:
        """Read an absolute URL; what must be percent-encoded and is not, is encoded.

        Raises:
            ValueError: it is none of `http`, `https`, `ws` or `wss`, or has no host.
        """
        parts = urlsplit(encode_url(text))
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"{text!r} is no URL of a server; write it as 'http://testserver'")
        port = parts.port if parts.port is not None else DEFAULT_PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, port, parts.path or "/", parts.query)

    def resolve(self, target: str, params: Params | None = None) -> URL:
        """Return the URL of a path below this base, or of an absolute URL; parameters are added to its query."""
        if _ABSOLUTE.match(target):
            url = URL.parse(target)
        else:
            path, _, query = encode_url(target).partition("#")[0].partition("?")
            url = self._replace(path=f"{self.path.rstrip('/')}/{path.removeprefix('/')}", query=query)
        if params is None:
            return url
        return url._replace(query="&".join(part for part in (url.query, join_params(params)) if part))

    def follow(self, location: str) -> URL:
        """Return where a `Location` field points to (RFC 9110 section 10.2.2)."""
        return URL.parse(urljoin(str(self), encode_url(location)))

    @property
    def netloc(self) -> str:
        """What a `Host` field says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what decides whether credentials may follow a redirect."""
        return (self.scheme, self.host, self.port)

    @property
    def is_secure(self) -> bool:
        """Whether the connection would be TLS."""
        return self.scheme in {"https", "wss"}

    def for_websocket(self) -> URL:
        """Return the same place with the scheme of a WebSocket."""
        return self._replace(scheme="wss" if self.is_secure else "ws")

    def to_scope(self) -> dict[str, Any]:
        """Return what an ASGI scope says of the URL."""
        return {
            "scheme": self.scheme,
            "path": unquote(self.path),
            "raw_path": self.path.encode("ascii"),
            "query_string": self.query.encode("ascii"),
            "server": (self.host, self.port),
        }

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}{'?' if self.query else ''}{self.query}"


def join_params(params: Params) -> str:
    """Return parameters percent-encoded; a list is a repeated name, `None` leaves a parameter out."""
    if isinstance(params, str):
        return encode_url(params.removeprefix("?"))
    return urlencode(list(_pairs(params)))


def _pairs(params: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Iterable[tuple[str, str]]:
    items = cast("Mapping[str, Any]", params).items() if isinstance(params, Mapping) else params
    for name, value in items:
        for item in cast("list[Any]", value) if isinstance(value, list | tuple | set | frozenset) else (value,):
            if item is not None:
                yield name, as_text(item)


def as_text(value: object) -> str:
    """Return a value as forms and queries write it: booleans as JSON does."""
    return str(value).lower() if isinstance(value, bool) else str(value)

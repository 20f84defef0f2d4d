"""`TrustedHostMiddleware`: only requests for hosts that are this application's."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from hawkapi.http.urls import parse_host
from hawkapi.middleware.base import Middleware
from hawkapi.responses.text import PlainTextResponse
from hawkapi.types import ASGIApp, Receive, Scope, Send

__all__ = ["TrustedHostMiddleware"]


class TrustedHostMiddleware(Middleware):
    """Refuse requests and WebSockets whose `Host` is none of ours with 400 `Invalid host header`.

    It protects what makes links of the `Host` field (password resets above all), and caches, from hosts that a client
    has made up. A missing, repeated or malformed field is refused too (RFC 9112 section 3.2).

    Args:
        app: the next application.
        allowed_hosts: names and addresses without port, compared without case; `*.example.com` stands for every
            subdomain, not for `example.com`; `"*"` for every host, which switches the check off and is the default.

    Raises:
        ValueError: one of them is neither a host nor such a pattern.

    Thread-safe: it is never changed.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Iterable[str] | None = None) -> None:
        super().__init__(app)
        if isinstance(allowed_hosts, str):
            raise TypeError(f"allowed_hosts is a list: write [{allowed_hosts!r}]")
        allowed = ["*"] if allowed_hosts is None else list(allowed_hosts)
        self._allows_all = "*" in allowed
        rest = [host for host in allowed if host != "*"]
        self._hosts = frozenset(_host_name(host) for host in rest if not host.startswith("*."))
        self._suffixes = tuple("." + _host_name(host[2:]) for host in rest if host.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if self._allows_all or scope["type"] not in {"http", "websocket"} or self._is_allowed(scope):
            await self.app(scope, receive, send)
            return
        await PlainTextResponse("Invalid host header", status_code=400)(scope, receive, send)

    def _is_allowed(self, scope: Scope) -> bool:
        fields = [value for name, value in scope["headers"] if name == b"host"]
        host = parse_host(fields[0].decode("latin-1")) if len(fields) == 1 else None
        if host is None or not host.name:
            return False
        name = _normalised(host.name)
        return name in self._hosts or name.endswith(self._suffixes)


def _host_name(host: str) -> str:
    """Return the name of an allowed host in the form that requests are compared in.

    Raises:
        ValueError: it is none.
    """
    bracketed = f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
    parsed = parse_host(bracketed)
    if parsed is None or not parsed.name or parsed.port is not None:
        raise ValueError(
            f"allowed_hosts has {host!r}; write a host without scheme and port, '*.example.com' for its subdomains,"
            " or '*' for every host"
        )
    return _normalised(parsed.name)


def _normalised(name: str) -> str:
    """Return a name without the dot of the root, an address in its one short form."""
    if name.startswith("["):
        return f"[{ipaddress.IPv6Address(name[1:-1]).compressed}]"
    return name.rstrip(".")

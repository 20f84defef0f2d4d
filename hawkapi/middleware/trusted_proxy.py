"""`TrustedProxyMiddleware`: what a proxy says of the client, believed only where it comes from that proxy.

The client is found from the right: each proxy adds at the end who it got the request from, so everything left of the
first address that is no proxy of ours was written by strangers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final, Literal, get_args

from hawkapi.http.forwarded import Hop, parse_forwarded, parse_hop, parse_hops
from hawkapi.http.urls import parse_host
from hawkapi.middleware.base import Middleware
from hawkapi.types import ASGIApp, Receive, Scope, Send

__all__ = ["TrustedProxyMiddleware"]

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network
type Family = Literal["auto", "x-forwarded", "forwarded"]

SCHEMES: Final = {"http": {"http": "http", "https": "https"}, "websocket": {"http": "ws", "https": "wss"}}
"""By the type of the connection, what its scheme is called after a proxy has named it."""

UNIX: Final = "unix"


class TrustedProxyMiddleware(Middleware):
    """Take client, scheme and host from the fields of a proxy, where the connection comes from one that is trusted.

    It changes `scope["client"]`, `scope["scheme"]` and a `host` field that is there, for everything inside; add it
    first. Read are `X-Forwarded-For`, `-Proto` and `-Host`, or `Forwarded` (RFC 7239). A part that is malformed, or a
    list where one value is meant, is ignored; an address that is none ends the search for the client.

    SECURITY: have the proxy remove or overwrite the fields of both families, or say here which of them it writes.

    Args:
        app: the next application.
        trusted_proxies: addresses and networks (`10.0.0.0/8`), and `"unix"` for who connects by a Unix socket; default
            nobody.
        headers: which fields are read: `"x-forwarded"`, `"forwarded"`, or `"auto"`, the default: `Forwarded` only
            where there are none of the others.

    Raises:
        ValueError: a proxy is neither an address nor a network, or `headers` is none of the three.

    Thread-safe: it is never changed.
    """

    def __init__(self, app: ASGIApp, *, trusted_proxies: Iterable[str] | None = None, headers: Family = "auto") -> None:
        super().__init__(app)
        if isinstance(trusted_proxies, str):
            raise TypeError(f"trusted_proxies is a list: write [{trusted_proxies!r}]")
        if headers not in get_args(Family.__value__):
            raise ValueError(f"headers is {headers!r}; it is 'auto', 'x-forwarded' or 'forwarded'")
        trusted = list(trusted_proxies or ())
        self._trusts_unix = UNIX in trusted
        self._networks = tuple(_parse_network(text) for text in trusted if text != UNIX)
        self._family = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] in SCHEMES and self._comes_from_proxy(scope):
            self._apply(scope)
        await self.app(scope, receive, send)

    def _comes_from_proxy(self, scope: Scope) -> bool:
        client = scope.get("client")
        if not client or not client[0]:
            return self._trusts_unix
        peer = parse_hop(str(client[0]))
        return peer is not None and self._is_trusted(peer)

    def _is_trusted(self, hop: Hop) -> bool:
        return any(hop.address in network for network in self._networks)

    def _apply(self, scope: Scope) -> None:
        """Change a scope as the proxy's fields say."""
        fields = {
            name: _joined(scope, name) for name in (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
        }
        has_own = any(value is not None for value in fields.values())
        if self._family == "x-forwarded" or (self._family == "auto" and has_own):
            client = self._find_client(parse_hops(fields[b"x-forwarded-for"] or ""))
            proto, host = fields[b"x-forwarded-proto"], fields[b"x-forwarded-host"]
        else:
            elements = parse_forwarded(_joined(scope, b"forwarded") or "")
            index = self._find_index([element.client for element in elements])
            if index is None:
                return
            client, proto, host = elements[index]
        _set_client(scope, client)
        _set_scheme(scope, proto)
        _set_host(scope, host)

    def _find_client(self, hops: list[Hop | None]) -> Hop | None:
        index = self._find_index(hops)
        return hops[index] if index is not None else None

    def _find_index(self, hops: list[Hop | None]) -> int | None:
        """Return which hop is the client: from the right the first that is no proxy of ours, else the left-most.

        What is no address ends the search, because nobody knows who wrote what is left of it.
        """
        found = None
        for index in range(len(hops) - 1, -1, -1):
            hop = hops[index]
            if hop is None:
                break
            found = index
            if not self._is_trusted(hop):
                break
        return found


def _set_client(scope: Scope, client: Hop | None) -> None:
    if client is not None:
        scope["client"] = (str(client.address), client.port)


def _set_scheme(scope: Scope, proto: str | None) -> None:
    scheme = SCHEMES[scope["type"]].get(proto.strip().lower()) if proto is not None else None
    if scheme is not None:
        scope["scheme"] = scheme


def _set_host(scope: Scope, host: str | None) -> None:
    """Replace the host of a scope that has one; the list of fields is new, because the server may keep the old one."""
    parsed = parse_host(host.strip()) if host is not None else None
    if host is None or parsed is None or not parsed.name:
        return
    kept = [pair for pair in scope["headers"] if pair[0] != b"host"]
    if len(kept) < len(scope["headers"]):
        scope["headers"] = [(b"host", host.strip().encode("latin-1")), *kept]


def _joined(scope: Scope, name: bytes) -> str | None:
    """Return all fields of a name as one list, or `None` when there is none (RFC 9110 section 5.3)."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values).decode("latin-1") if values else None


def _parse_network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"trusted_proxies has {text!r}; write an address such as '10.0.0.1', a network such as '10.0.0.0/8',"
            " or 'unix'"
        ) from None
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped and network.prefixlen >= 96:
        # Peers are compared as the IPv4 addresses that they are.
        return ipaddress.ip_network(f"{network.network_address.ipv4_mapped}/{network.prefixlen - 96}", strict=False)
    return network

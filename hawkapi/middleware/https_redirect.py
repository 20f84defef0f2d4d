"""`HTTPSRedirectMiddleware`: sends clients from plain HTTP to TLS."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from hawkapi.http.urls import build_url, encode_url, parse_host
from hawkapi.middleware.base import Middleware
from hawkapi.responses.base import Response
from hawkapi.types import ASGIApp, Receive, Scope, Send

__all__ = ["HTTPSRedirectMiddleware"]

SECURE: Final = {"http": "https", "ws": "wss"}
STATUSES: Final = frozenset({301, 302, 307, 308})


class HTTPSRedirectMiddleware(Middleware):
    """Redirect requests over `http` to `https`, and WebSockets over `ws` to `wss`.

    Behind a proxy that ends TLS add `TrustedProxyMiddleware` before this, or every request is redirected for ever; with
    `TrustedHostMiddleware` before it nobody is sent to a host that is not yours.

    Args:
        app: the next application.
        redirect_status_code: 301, 302, 307 or 308, default 307, with which a client repeats its method and body.

    Raises:
        ValueError: it is another status.

    A malformed or missing `Host` is taken for `localhost`. Thread-safe: it is never changed.
    """

    def __init__(self, app: ASGIApp, *, redirect_status_code: int = 307) -> None:
        super().__init__(app)
        if redirect_status_code not in STATUSES:
            raise ValueError(f"redirect_status_code is {redirect_status_code}; it is one of {sorted(STATUSES)}")
        self._status_code = redirect_status_code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] not in {"http", "websocket"} or scope.get("scheme", "http") not in SECURE:
            await self.app(scope, receive, send)
            return
        response = Response(b"", status_code=self._status_code, headers={"location": _secure_url(scope)})
        await response(scope, receive, send)


def _secure_url(scope: Scope) -> str:
    """Return the URL of a request with its secure scheme."""
    default = "http" if scope["type"] == "http" else "ws"
    scheme = SECURE[scope.get("scheme", default)]
    base = build_url(scheme=scheme, host=_host(scope), path="*")
    query: bytes = scope.get("query_string", b"")
    return base + _path(scope) + encode_url(f"?{query.decode('latin-1')}" if query else "")


def _host(scope: Scope) -> str:
    """Return the host that a request is for, without the port of plain HTTP.

    SECURITY: of a `Host` such as `user@elsewhere` browsers read the second half; what is no host is not sent back.
    """
    fields = [value for name, value in scope["headers"] if name == b"host"]
    host = parse_host(fields[0].decode("latin-1")) if len(fields) == 1 else None
    if host is None or not host.name:
        return "localhost"
    return host.name if host.port in {None, 80} else f"{host.name}:{host.port}"


def _path(scope: Scope) -> str:
    """Return the path, percent-encoded as it came, where the server has kept that."""
    path: str = scope["path"]
    raw: bytes = (scope.get("raw_path") or b"").partition(b"?")[0]
    if raw.startswith(b"/") and unquote_to_bytes(raw) == path.encode("utf-8", "surrogatepass"):
        return encode_url(raw.decode("latin-1"))
    return build_url(host="x", root_path=scope.get("root_path", ""), path=path).removeprefix("http://x")

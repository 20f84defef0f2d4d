"""`RequestLimitsMiddleware`: bounds what a request may bring besides its body."""

from __future__ import annotations

from hawkapi.middleware.base import Middleware
from hawkapi.responses.base import Response
from hawkapi.responses.problem import problem_response
from hawkapi.types import ASGIApp, Receive, Scope, Send

__all__ = ["RequestLimitsMiddleware"]


class RequestLimitsMiddleware(Middleware):
    """Refuse requests and WebSockets with long queries (414), or many or long header fields (431, RFC 6585 section 5).

    A request that is exactly at a limit passes. The body is bounded by the application's `max_body_size`.

    Args:
        app: the next application.
        max_query_length: bytes of the query as it came, without `?`, default 2048.
        max_headers_count: fields, default 100.
        max_header_size: bytes of one field's value, default 8192.

    Raises:
        ValueError: a limit is negative.

    Thread-safe: it is never changed.
    """

    def __init__(
        self, app: ASGIApp, *, max_query_length: int = 2048, max_headers_count: int = 100, max_header_size: int = 8192
    ) -> None:
        super().__init__(app)
        limits = {
            "max_query_length": max_query_length,
            "max_headers_count": max_headers_count,
            "max_header_size": max_header_size,
        }
        for name, limit in limits.items():
            if limit < 0:
                raise ValueError(f"{name} is {limit}; it must be at least 0")
        self._query_length = max_query_length
        self._headers_count = max_headers_count
        self._header_size = max_header_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        refusal = self._refusal(scope) if scope["type"] in {"http", "websocket"} else None
        await (self.app if refusal is None else refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        length = len(scope.get("query_string", b""))
        if length > self._query_length:
            detail = f"Query string length {length} exceeds limit of {self._query_length}"
            return problem_response("http", 414, "URI Too Long", detail=detail)
        headers = scope["headers"]
        count = len(headers)
        if count > self._headers_count:
            return _too_large(f"Header count {count} exceeds limit of {self._headers_count}")
        size = max((len(value) for _, value in headers), default=0)
        if size > self._header_size:
            return _too_large(f"Header value size {size} exceeds limit of {self._header_size}")
        return None


def _too_large(detail: str) -> Response:
    return problem_response("http", 431, "Request Header Fields Too Large", detail=detail)

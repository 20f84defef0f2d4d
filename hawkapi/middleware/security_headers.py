"""`SecurityHeadersMiddleware`: response fields by which browsers protect users."""

from __future__ import annotations

from hawkapi.middleware._heads import changing_head, field_value
from hawkapi.middleware.base import Middleware
from hawkapi.types import ASGIApp, HeaderPairs, Receive, Scope, Send

__all__ = ["SecurityHeadersMiddleware"]


class SecurityHeadersMiddleware(Middleware):
    """Add fields that narrow what browsers do with a response; one that the application has set itself stays.

    An empty text or `None` leaves a field out.

    Args:
        app: the next application.
        content_type_options: `x-content-type-options`, default `nosniff`.
        frame_options: `x-frame-options`, default `DENY`.
        xss_protection: `x-xss-protection`, default `1; mode=block`, for old browsers; `0` is today's advice.
        hsts: `strict-transport-security`, default a year and subdomains too; sent over TLS only (RFC 6797 section 7.2).
        referrer_policy: `referrer-policy`, default `strict-origin-when-cross-origin`.
        permissions_policy: `permissions-policy`, default left out.
        content_security_policy: `content-security-policy`, default left out; the strongest of all, and different for
            each site.

    Raises:
        ValueError: a value has a line break.

    Thread-safe: it is never changed.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        content_type_options: str | None = "nosniff",
        frame_options: str | None = "DENY",
        xss_protection: str | None = "1; mode=block",
        hsts: str | None = "max-age=31536000; includeSubDomains",
        referrer_policy: str | None = "strict-origin-when-cross-origin",
        permissions_policy: str | None = None,
        content_security_policy: str | None = None,
    ) -> None:
        super().__init__(app)
        values = {
            "x-content-type-options": content_type_options,
            "x-frame-options": frame_options,
            "x-xss-protection": xss_protection,
            "referrer-policy": referrer_policy,
            "permissions-policy": permissions_policy,
            "content-security-policy": content_security_policy,
        }
        self._fields = tuple(
            (name.encode("ascii"), field_value(name, value)) for name, value in values.items() if value
        )
        own = [(b"strict-transport-security", field_value("hsts", hsts))] if hsts else []
        self._secure_fields = (*self._fields, *own)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        fields = self._secure_fields if scope.get("scheme") == "https" else self._fields

        def change(given: HeaderPairs) -> HeaderPairs:
            names = {name.lower() for name, _ in given}
            return [*given, *(pair for pair in fields if pair[0] not in names)]

        await self.app(scope, receive, changing_head(send, change))

"""`CORSMiddleware`: which other sites' scripts may read responses (the Fetch standard, section 3.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from hawkapi.http.headers import Headers
from hawkapi.middleware._heads import changing_head, vary_by
from hawkapi.middleware.base import Middleware
from hawkapi.responses.base import Response
from hawkapi.types import ASGIApp, HeaderPairs, Receive, Scope, Send

__all__ = ["CORSMiddleware"]

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ANSWERS: Final = frozenset(
    {b"access-control-allow-origin", b"access-control-allow-credentials", b"access-control-expose-headers"}
)


class CORSMiddleware(Middleware):
    """Let browsers give responses to the scripts of other sites, and answer their preflights.

    It refuses nothing: a request from another origin is answered as usual, without the fields that let a script read
    the answer. WebSockets pass: browsers do not ask for them.

    Args:
        app: the next application.
        allow_origins: `scheme://host[:port]`, compared exactly; `"*"` among them stands for every origin, `"null"` for
            sandboxed and local documents. Default every origin; an empty list is none.
        allow_methods: what a preflight is told, default GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS; `"*"` stands
            for the method that is asked for.
        allow_headers: the same for request fields; default `"*"`, which stands for those that are asked for.
        allow_credentials: whether cookies and `Authorization` may come along, default off.
        expose_headers: response fields that scripts may read beside the usual ones, default none.
        max_age: seconds that a browser may keep the answer to a preflight, default 600.
        allow_origin_regex: a pattern that a whole origin may match instead.
        allow_private_network: whether a public site may ask a server of a private network, default off.

    Raises:
        ValueError: credentials are allowed for every origin, `max_age` is negative, or the pattern is none.

    Thread-safe: it is never changed.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        allow_origins: Iterable[str] | None = None,
        allow_methods: Iterable[str] | None = None,
        allow_headers: Iterable[str] | None = None,
        allow_credentials: bool = False,
        expose_headers: Iterable[str] | None = None,
        max_age: int = 600,
        allow_origin_regex: str | None = None,
        allow_private_network: bool = False,
    ) -> None:
        super().__init__(app)
        origins = _texts("allow_origins", allow_origins, ["*"] if allow_origin_regex is None else [])
        self._allows_all = "*" in origins
        if allow_credentials and self._allows_all:
            # SECURITY: any site could read what the user may, with the user's cookies.
            raise ValueError("allow_credentials=True needs allow_origins that names the origins, not '*'")
        if max_age < 0:
            raise ValueError(f"max_age is {max_age}; it is a number of seconds, at least 0")
        self._origins = frozenset(origins)
        self._pattern = _compile(allow_origin_regex)
        self._methods = _texts("allow_methods", allow_methods, METHODS)
        self._headers = _texts("allow_headers", allow_headers, ["*"])
        self._credentials = allow_credentials
        self._exposed = ", ".join(_texts("expose_headers", expose_headers, []))
        self._max_age = str(max_age)
        self._allows_private = allow_private_network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        headers = Headers(scope["headers"]) if scope["type"] == "http" else None
        origin = headers.get("origin") if headers is not None else None
        if headers is None or origin is None:
            await self.app(scope, receive, send)
            return
        is_allowed = self._is_allowed(origin)
        # SPEC: an OPTIONS without this field is no preflight, and the application's to answer (Fetch, 3.2.2).
        if is_allowed and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await self._preflight(origin, headers)(scope, receive, send)
            return
        added = self._fields(origin) if is_allowed else []

        def change(fields: HeaderPairs) -> HeaderPairs:
            kept = [pair for pair in fields if pair[0].lower() not in ANSWERS] if added else fields
            return vary_by([*kept, *added], "Origin")

        await self.app(scope, receive, changing_head(send, change))

    def _is_allowed(self, origin: str) -> bool:
        if self._allows_all or origin in self._origins:
            return True
        # SECURITY: a pattern may match what is no origin at all, and would have it sent back.
        return self._pattern is not None and _is_visible(origin) and self._pattern.fullmatch(origin) is not None

    def _fields(self, origin: str) -> HeaderPairs:
        """Return what a response to an allowed origin says."""
        fields = [(b"access-control-allow-origin", b"*" if self._allows_all else origin.encode("latin-1"))]
        if self._credentials:
            fields.append((b"access-control-allow-credentials", b"true"))
        if self._exposed:
            fields.append((b"access-control-expose-headers", self._exposed.encode("latin-1")))
        return fields

    def _preflight(self, origin: str, headers: Headers) -> Response:
        """Return the answer to a preflight of an allowed origin."""
        asked_method = headers["access-control-request-method"]
        asked_headers = headers.get("access-control-request-headers")
        methods = (asked_method,) if "*" in self._methods else self._methods
        fields = {
            "access-control-allow-origin": "*" if self._allows_all else origin,
            "vary": "Origin, Access-Control-Request-Headers",
            "access-control-allow-methods": ", ".join(methods),
            "access-control-max-age": self._max_age,
        }
        if self._credentials:
            fields["access-control-allow-credentials"] = "true"
        if "*" not in self._headers:
            fields["access-control-allow-headers"] = ", ".join(self._headers)
        elif asked_headers is not None:
            fields["access-control-allow-headers"] = asked_headers
        if self._allows_private and headers.get("access-control-request-private-network") == "true":
            fields["access-control-allow-private-network"] = "true"
        return Response(b"", headers=fields)


def _is_visible(text: str) -> bool:
    """Whether a text is visible ASCII characters, as every origin is (RFC 6454 section 6.2)."""
    return text.isascii() and text.isprintable() and " " not in text and text != ""


def _texts(name: str, given: Iterable[str] | None, default: Iterable[str]) -> tuple[str, ...]:
    """Return the texts of an option.

    Raises:
        TypeError: it is one text, whose letters would be taken for the texts.
    """
    if isinstance(given, str):
        raise TypeError(f"{name} is a list: write [{given!r}]")
    return tuple(default if given is None else given)


def _compile(pattern: str | None) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        return re.compile(pattern)
    except re.error as exc:
        raise ValueError(f"allow_origin_regex is {pattern!r}, which is no pattern: {exc}") from exc

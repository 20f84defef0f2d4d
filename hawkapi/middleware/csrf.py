"""`CSRFMiddleware`: only requests that the application's own pages have made may change something.

A browser sends cookies along whichever site makes it send a request. A token that our pages read from a cookie and send
in a field as well cannot come from another site, which can read neither ("signed double-submit cookie").
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from typing import Final, Literal
from urllib.parse import urlsplit

from hawkapi.http.cookies import format_set_cookie
from hawkapi.http.media_types import MULTIPART, URLENCODED, essence_of
from hawkapi.http.urls import DEFAULT_PORTS, Host, parse_host
from hawkapi.middleware._heads import changing_head
from hawkapi.middleware._signing import Signer, read_keys
from hawkapi.middleware.base import Middleware
from hawkapi.requests import Request
from hawkapi.requests.body import replay_body
from hawkapi.requests.errors import MalformedBodyError
from hawkapi.responses.base import Response
from hawkapi.responses.problem import problem_response
from hawkapi.types import ASGIApp, HeaderPairs, Receive, Scope, Send

__all__ = ["CSRFMiddleware"]

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
FORM_FIELD: Final = "csrf_token"
RANDOM_BYTES: Final = 32


class CSRFMiddleware(Middleware):
    """Refuse requests that change something and do not bring the token of the client's cookie, with 403.

    A safe request without a valid token gets one as a cookie; `scope["csrf_token"]` has it for forms. Others bring it
    back in the field `x-csrf-token`, or in `csrf_token` of a form. APIs whose clients authenticate by `Authorization`
    alone do not need it. WebSockets pass.

    Args:
        app: the next application.
        secret: signs the tokens; of several the first signs, and the others are still accepted.
        cookie_name: default `csrftoken`.
        header_name: default `x-csrf-token`.
        safe_methods: methods that need no token, default GET, HEAD, OPTIONS and TRACE.
        cookie_path: where the cookie is sent, default everywhere.
        cookie_httponly: hide it from scripts, default off: scripts have to read it.
        cookie_secure: send it over TLS only, default on.
        cookie_samesite: whether other sites may cause it to be sent, default `lax`.
        trusted_origins: `scheme://host[:port]` of other sites that may send such requests. If it is given, also as an
            empty list, requests whose `Origin`, or without one `Referer`, is not the request's own host are refused.

    Raises:
        ValueError: there is no secret, or browsers would drop such a cookie.

    A form that is read here is there for the handler too, and bounded by the application's `max_body_size`.
    Thread-safe: it is never changed.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        secret: str | bytes | list[str | bytes],
        cookie_name: str = "csrftoken",
        header_name: str = "x-csrf-token",
        safe_methods: Iterable[str] = SAFE_METHODS,
        cookie_path: str = "/",
        cookie_httponly: bool = False,
        cookie_secure: bool = True,
        cookie_samesite: Literal["lax", "strict", "none"] = "lax",
        trusted_origins: Iterable[str] | None = None,
    ) -> None:
        super().__init__(app)
        self._signer = Signer(read_keys("secret", secret))
        self._cookie_name = cookie_name
        self._header_name = header_name
        self._safe_methods = frozenset(method.upper() for method in safe_methods)
        self._origins = None if trusted_origins is None else frozenset(trusted_origins)

        def format_cookie(token: str) -> str:
            return format_set_cookie(
                cookie_name,
                token,
                path=cookie_path,
                httponly=cookie_httponly,
                secure=cookie_secure,
                samesite=cookie_samesite,
            )

        self._format = format_cookie
        format_cookie("")  # What is wrong with the options is said now.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        cookie = request.cookies.get(self._cookie_name)
        if scope["method"] in self._safe_methods:
            await self._serve_safe(cookie, scope, receive, send)
            return
        refusal = await self._find_fault(request, cookie)
        if refusal is not None:
            await _refusal(refusal)(scope, receive, send)
            return
        scope["csrf_token"] = cookie
        await self.app(scope, replay_body(scope, receive), send)

    async def _serve_safe(self, cookie: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a safe request on, and give the client a token if it has none that is valid."""
        if cookie is not None and self._is_signed(cookie):
            scope["csrf_token"] = cookie
            await self.app(scope, receive, send)
            return
        token = scope["csrf_token"] = self._make_token()
        set_cookie = (b"set-cookie", self._format(token).encode("ascii"))

        def change(fields: HeaderPairs) -> HeaderPairs:
            return [*fields, set_cookie]

        await self.app(scope, receive, changing_head(send, change))

    async def _find_fault(self, request: Request, cookie: str | None) -> str | None:
        """Return why a request is refused, or `None`."""
        if self._origins is not None and not self._is_own_origin(request, self._origins):
            return "Origin not allowed."
        if not cookie:
            return "CSRF cookie not set."
        token = request.headers.get(self._header_name) or await _form_token(request)
        if not token:
            return "CSRF token missing."
        if not self._is_signed(token):
            return "CSRF token signature invalid."
        # SECURITY: the cookie is equal to it, so it is signed as well.
        return None if _is_same(token, cookie) else "CSRF token mismatch."

    def _is_own_origin(self, request: Request, trusted: frozenset[str]) -> bool:
        """Whether a request comes from a page of its own host or of a trusted one; what says nothing, does."""
        origin = request.headers.get("origin")
        if origin is None:
            referer = request.headers.get("referer")
            if referer is None:
                return True
            try:
                parts = urlsplit(referer)
            except ValueError:  # An IPv6 address that is none, or brackets where none belong.
                return False
            origin = f"{parts.scheme}://{parts.netloc}"
        if origin in trusted:
            return True
        scheme, _, rest = origin.partition("://")
        own = parse_host(request.headers.get("host", ""))
        theirs = parse_host(rest)
        return (
            own is not None and theirs is not None and _with_port(own, request.url_scheme) == _with_port(theirs, scheme)
        )

    def _make_token(self) -> str:
        random = secrets.token_urlsafe(RANDOM_BYTES)
        return f"{random}.{self._signer.sign(random)}"

    def _is_signed(self, token: str) -> bool:
        random, _, signature = token.rpartition(".")
        return bool(random) and self._signer.which_key(random, signature) is not None


def _is_same(token: str, cookie: str) -> bool:
    # Bytes, because `compare_digest` refuses texts that are not ASCII, and clients send what they like.
    return hmac.compare_digest(token.encode("utf-8", "surrogatepass"), cookie.encode("utf-8", "surrogatepass"))


def _with_port(host: Host, scheme: str) -> tuple[str, int | None]:
    return host.name, DEFAULT_PORTS.get(scheme) if host.port is None else host.port


async def _form_token(request: Request) -> str | None:
    """Return the token in the form of a request, or `None` if it has no form or no token.

    Raises:
        RequestEntityTooLarge: the body is longer than the application allows (413).
    """
    essence = essence_of(request.content_type or "")
    if essence not in {URLENCODED, MULTIPART}:
        return None
    # A multipart form is not kept when it is read from the network; the handler may want it in another way.
    await request.body()
    try:
        form = await request.form()
    except MalformedBodyError:
        return None
    token = form.get(FORM_FIELD)
    return token if isinstance(token, str) else None


def _refusal(detail: str) -> Response:
    return problem_response("csrf", 403, "CSRF Validation Failed", detail=detail)

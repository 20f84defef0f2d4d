"""Pages as responses: HTML with a policy of what it may load, new for each response.

SPEC: Content Security Policy Level 3 (https://www.w3.org/TR/CSP3/).
"""

from __future__ import annotations

import secrets

from hawkapi.responses.base import Response


def make_nonce() -> str:
    """Return what marks the scripts of one response as its own; nobody can guess it."""
    return secrets.token_urlsafe(18)


def policy(nonce: str, *, styles: str, images: str = "'self' data:", connections: str = "'self'") -> str:
    """Return a Content-Security-Policy that allows scripts with the nonce, and nothing that is not named here.

    Args:
        nonce: of this response.
        styles: sources of `style-src`.
        images: sources of `img-src`, default the page's own origin.
        connections: sources of `connect-src`: where scripts may send requests; default the page's own origin.
    """
    directives = {
        "default-src": "'none'",
        "script-src": f"'nonce-{nonce}'",
        "style-src": styles,
        "img-src": images,
        "font-src": "data:",
        "connect-src": connections,
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def answer_page(content: str, content_policy: str) -> Response:
    """Return the response with a page."""
    headers = {
        "content-security-policy": content_policy,
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        # A nonce that is used twice is none.
        "cache-control": "no-store",
    }
    return Response(content, headers=headers, content_type="text/html; charset=utf-8")

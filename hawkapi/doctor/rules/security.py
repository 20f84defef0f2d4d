"""What lets others in, or lets them read along: `DOC010` to `DOC014`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from hawkapi.app import HawkAPI
from hawkapi.doctor.findings import AppRule, Found, Severity
from hawkapi.doctor.rules._registered import (
    has_middleware,
    in_production,
    label_of,
    middleware_of,
    names_of,
    routes_of,
)
from hawkapi.requests.state import values_of
from hawkapi.routing.middleware_entry import MiddlewareEntry

__all__ = ["SECURITY_RULES"]

CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods by which clients change something (RFC 9110, section 9.2.1: the others are safe)."""
PROXY_VARIABLES: Final = ("FORWARDED_ALLOW_IPS", "PROXY_HEADERS")
PLACEHOLDERS: Final = frozenset({"changeme", "secret", "password", "dev", "insecure", "test"})
ORIGINS_FIX: Final = 'Name the origins: add_middleware(CORSMiddleware, allow_origins=["https://..."]).'


def _rule(rule_id: str, severity: Severity, title: str, look: Callable[[HawkAPI], Iterable[Found]]) -> AppRule:
    return AppRule(rule_id, "security", severity, title, look)


def _every_origin(app: HawkAPI) -> Iterator[Found]:
    message = "CORSMiddleware allows every origin ('*'), so pages of any site may read the answers"
    if any(_allows_every_origin(each) for each in middleware_of(app)):
        yield Found(f"{message}.", ORIGINS_FIX)
    for route in routes_of(app):
        if any(_entry_allows_every_origin(entry) for entry in route.middleware or ()):
            yield Found(f"{message} of this route.", ORIGINS_FIX, label_of(route))


def _allows_every_origin(middleware: object) -> bool:
    # Starlette's has the other attribute.
    found = [getattr(middleware, name, False) for name in ("_allows_all", "allow_all_origins")]
    return "CORSMiddleware" in names_of(middleware) and any(found)


def _entry_allows_every_origin(entry: MiddlewareEntry) -> bool:
    if "CORSMiddleware" not in names_of(entry.cls):
        return False
    origins = entry.kwargs.get("allow_origins")
    return "*" in origins if origins is not None else entry.kwargs.get("allow_origin_regex") is None


def _no_csrf(app: HawkAPI) -> Iterator[Found]:
    if has_middleware(app, "CSRFMiddleware"):
        return
    open_routes = [
        label_of(route)
        for route in routes_of(app)
        if route.methods & CHANGING
        and not any("CSRFMiddleware" in names_of(entry.cls) for entry in route.middleware or ())
    ]
    if open_routes:
        message = f"Routes change something and no CSRFMiddleware protects them: {_listed(open_routes)}."
        fix = (
            "Add app.add_middleware(CSRFMiddleware, secret=...) if browsers send cookies or Basic credentials; an "
            "interface that takes nothing but tokens in header fields needs none."
        )
        yield Found(message, fix)


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _no_trusted_proxy(app: HawkAPI) -> Iterator[Found]:
    found = [name for name in PROXY_VARIABLES if os.environ.get(name)]
    if found and not has_middleware(app, "TrustedProxyMiddleware"):
        message = f"The environment tells of a proxy ({', '.join(found)}), and no TrustedProxyMiddleware says which."
        yield Found(
            message, "Add app.add_middleware(TrustedProxyMiddleware, trusted_proxies=[...]) with its addresses."
        )


def _placeholder_secrets(app: HawkAPI) -> Iterator[Found]:
    for name, value in list(values_of(app.state).items()):
        if isinstance(value, str) and value.lower() in PLACEHOLDERS:
            # SECURITY: a report is passed around; it does not say the value, be it a placeholder.
            message = f"app.state.{name} is a placeholder that everybody guesses."
            yield Found(
                message, "Read it from the environment, with hawkapi.Settings for example.", f"app.state.{name}"
            )


def _no_https(app: HawkAPI) -> Iterator[Found]:
    if not has_middleware(app, "HTTPSRedirectMiddleware"):
        message = "No HTTPSRedirectMiddleware sends clients that come by HTTP to HTTPS."
        fix = "Add app.add_middleware(HTTPSRedirectMiddleware), unless a proxy in front does that."
        yield Found(message, fix, severity=Severity.WARN if in_production() else None)


DOC010: Final = _rule("DOC010", Severity.ERROR, "CORS for every origin", _every_origin)
DOC011: Final = _rule("DOC011", Severity.WARN, "routes that change something without CSRF protection", _no_csrf)
DOC012: Final = _rule("DOC012", Severity.WARN, "a proxy, and nothing says which one to believe", _no_trusted_proxy)
DOC013: Final = _rule("DOC013", Severity.ERROR, "a placeholder where a secret belongs", _placeholder_secrets)
DOC014: Final = _rule("DOC014", Severity.INFO, "no redirect to HTTPS", _no_https)

SECURITY_RULES: Final = (DOC010, DOC011, DOC012, DOC013, DOC014)

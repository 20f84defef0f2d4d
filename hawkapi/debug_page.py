"""The page that shows what went wrong, with its traceback, to a developer: only ever with `debug=True`.

SECURITY: it shows source lines and the text of exceptions, never the values of variables or header fields, which hold
passwords and tokens; everything in it is escaped, and it may load and run nothing.
"""

from __future__ import annotations

import html
import traceback
from typing import Final

from hawkapi.http.headers import Headers
from hawkapi.http.media_types import choose_media_type
from hawkapi.responses.base import Response
from hawkapi.types import Scope

__all__ = ["build_debug_response"]

_OFFERED: Final = ("application/problem+json", "application/json", "text/html", "text/plain")
_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "h1{font-size:1.3rem}h1 code{color:#c0392b}"
    "pre{overflow:auto;padding:.6rem 1rem;border:1px solid #8886;border-radius:6px}"
    "li{margin:.8rem 0}mark{background:#f5c51855;color:inherit}"
)
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}


def build_debug_response(exc: BaseException, scope: Scope) -> Response | None:
    """Return a 500 page in the form that the client prefers, HTML or text, or `None` when it prefers JSON."""
    accept = ", ".join(Headers(scope["headers"]).getlist("accept"))
    chosen = choose_media_type(accept, _OFFERED)
    if chosen == "text/html":
        return Response(
            _as_html(exc, scope), status_code=500, headers=_HEADERS, content_type="text/html; charset=utf-8"
        )
    if chosen == "text/plain":
        return Response("".join(_lines(exc)), status_code=500, headers=_HEADERS)
    return None


def _lines(exc: BaseException) -> list[str]:
    return [line.encode("utf-8", "replace").decode() for line in traceback.format_exception(exc)]


def _as_html(exc: BaseException, scope: Scope) -> str:
    title = html.escape(f"{type(exc).__name__} in {scope.get('method', '')} {scope['path']}")
    last = html.escape(_lines(exc)[-1].strip())
    frames = "".join(_frame_html(frame) for frame in reversed(traceback.extract_tb(exc.__traceback__)))
    whole = html.escape("".join(_lines(exc)))
    return (
        (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{_STYLE}</style></head><body><h1>{title}</h1><h1><code>{last}</code></h1>"
            f"<p>Innermost call first. This page is shown because the application has <code>debug=True</code>.</p>"
            f"<ol>{frames}</ol><h2>As text</h2><pre>{whole}</pre></body></html>"
        )
        .encode("utf-8", "replace")
        .decode()
    )


def _frame_html(frame: traceback.FrameSummary) -> str:
    place = html.escape(f"{frame.filename}:{frame.lineno} in {frame.name}")
    return f"<li><code>{place}</code><pre><mark>{html.escape(frame.line or '')}</mark></pre></li>"

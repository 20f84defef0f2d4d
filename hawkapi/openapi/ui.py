"""The pages that show an OpenAPI document: Swagger UI, ReDoc and Scalar, as HTML.

An application serves them by itself (see `HawkAPI`). These functions are for pages of one's own.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hawkapi.openapi._assets import load_assets

__all__ = ["get_redoc_html", "get_scalar_ui_html", "get_swagger_ui_html"]

_IN_SCRIPT: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
_FOLLOW_COLOUR_SCHEME: Final = """\
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
follow();
dark.addEventListener("change", follow);"""


def get_swagger_ui_html(
    title: str,
    openapi_url: str,
    *,
    oauth2_redirect_url: str | None = None,
    assets_url: str | None = None,
    nonce: str | None = None,
) -> str:
    """Return a page that shows a document with Swagger UI, dark where the reader prefers that.

    Args:
        title: of the API; the page's is that and " - Swagger UI".
        openapi_url: of the document.
        oauth2_redirect_url: of the page that an authorization server sends the reader back to, for flows that need it;
            default one beside this page, `oauth2-redirect.html`.
        assets_url: below which an application serves the packaged files, default jsDelivr, at fixed versions whose
            hashes browsers check (W3C Subresource Integrity).
        nonce: of the page's Content-Security-Policy, put on every script and style; default none.
    """
    config: dict[str, Any] = {
        "url": openapi_url,
        "dom_id": "#swagger-ui",
        "deepLinking": True,
        # SECURITY: it would send the address of the document to validator.swagger.io.
        "validatorUrl": None,
    }
    lines = [_FOLLOW_COLOUR_SCHEME, f"const config = {script_json(config)};"]
    if oauth2_redirect_url is not None:
        # An authorization server compares it with a whole URL.
        lines.append(f"config.oauth2RedirectUrl = new URL({script_json(oauth2_redirect_url)}, location.href).href;")
    lines.append("SwaggerUIBundle(config);")
    parts = Parts(assets_url, nonce)
    return parts.page(
        f"{title} - Swagger UI",
        [parts.stylesheet("swagger-ui.css")],
        ['<div id="swagger-ui"></div>', parts.script("swagger-ui-bundle.js"), parts.inline_script("\n".join(lines))],
    )


def get_redoc_html(title: str, openapi_url: str, *, assets_url: str | None = None, nonce: str | None = None) -> str:
    """Return a page that shows a document with ReDoc, which sends no requests; its telemetry is off.

    Args:
        title: of the API; the page's is that and " - ReDoc".
        openapi_url: of the document.
        assets_url: as for `get_swagger_ui_html`.
        nonce: as for `get_swagger_ui_html`.
    """
    parts = Parts(assets_url, nonce)
    return parts.page(
        f"{title} - ReDoc",
        [parts.style_nonce()],
        [
            f'<redoc spec-url="{html.escape(openapi_url)}" disable-telemetry="true"></redoc>',
            # It is published as a module; one without imports of its own, so that `integrity` covers all of it.
            parts.script("redoc.standalone.js", type="module"),
        ],
    )


def get_scalar_ui_html(title: str, openapi_url: str, *, assets_url: str | None = None, nonce: str | None = None) -> str:
    """Return a page that shows a document with Scalar; its telemetry, fonts and services on other hosts are off.

    Args:
        title: of the API; the page's is that and " - API Reference".
        openapi_url: of the document.
        assets_url: as for `get_swagger_ui_html`.
        nonce: as for `get_swagger_ui_html`.
    """
    config = {
        "url": openapi_url,
        "telemetry": False,
        "withDefaultFonts": False,
        "agent": {"disabled": True},
        "mcp": {"disabled": True},
        "hideClientButton": True,
        "showDeveloperTools": "never",
    }
    parts = Parts(assets_url, nonce)
    return parts.page(
        f"{title} - API Reference",
        [parts.style_nonce()],
        [
            '<div id="scalar"></div>',
            parts.script("scalar.standalone.js"),
            parts.inline_script(f'Scalar.createApiReference("#scalar", {script_json(config)});'),
        ],
    )


def oauth2_redirect_html(*, assets_url: str | None = None, nonce: str | None = None) -> str:
    """Return the page that hands what an authorization server answers to the Swagger UI that opened it."""
    parts = Parts(assets_url, nonce)
    return parts.page("Swagger UI: OAuth2", [], [parts.script("swagger-ui.oauth2-redirect.js")])


def script_json(value: object) -> str:
    r"""Return JSON for the inside of a script, where `</script>` and `<!--` would mean something.

    >>> script_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    return json.dumps(value).translate(_IN_SCRIPT)


class Parts:
    """The parts of a page, whose assets are packaged or on the CDN."""

    def __init__(self, assets_url: str | None, nonce: str | None) -> None:
        self._assets = load_assets()
        self._assets_url = assets_url
        self._nonce = nonce

    def page(self, title: str, head: Iterable[str], body: Iterable[str]) -> str:
        """Return a whole page."""
        return "\n".join(
            [
                "<!DOCTYPE html>",
                '<html lang="en">',
                "<head>",
                '<meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                '<meta name="color-scheme" content="light dark">',
                f"<title>{html.escape(title)}</title>",
                # Without it browsers ask for /favicon.ico.
                '<link rel="icon" href="data:,">',
                self.inline_style("body { margin: 0 }"),
                *filter(None, head),
                "</head>",
                "<body>",
                *body,
                "</body>",
                "</html>",
                "",
            ]
        )

    def script(self, name: str, **attributes: str) -> str:
        """Return an element that loads a script."""
        return f"<script{self._attributes({**attributes, **self._reference(name, 'src')})}></script>"

    def stylesheet(self, name: str) -> str:
        """Return an element that loads a style sheet."""
        return f"<link{self._attributes({'rel': 'stylesheet', **self._reference(name, 'href')})}>"

    def inline_script(self, text: str) -> str:
        """Return a script, whose text is what browsers get."""
        return f"<script{self._attributes({})}>\n{text}\n</script>"

    def inline_style(self, text: str) -> str:
        """Return a style sheet, whose text is what browsers get."""
        return f"<style{self._attributes({})}>{text}</style>"

    def style_nonce(self) -> str:
        """Return an element by which the scripts of ReDoc and Scalar find the nonce for styles they make."""
        return "" if self._nonce is None else f'<meta property="csp-nonce" content="{html.escape(self._nonce)}">'

    def _reference(self, name: str, attribute: str) -> dict[str, str]:
        asset = self._assets[name]
        if self._assets_url is not None:
            return {attribute: f"{self._assets_url}/{asset.address}"}
        return {attribute: asset.cdn_url, "integrity": asset.sri, "crossorigin": "anonymous"}

    def _attributes(self, attributes: Mapping[str, str]) -> str:
        given = dict(attributes) if self._nonce is None else {**attributes, "nonce": self._nonce}
        return "".join(f' {name}="{html.escape(value)}"' for name, value in given.items())

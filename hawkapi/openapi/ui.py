"""The pages that show an OpenAPI document: Swagger UI, ReDoc and Scalar, as HTML.

An application serves them by itself (see `HawkAPI`). These functions are for pages of one's own.
"""

from __future__ import annotations

import html
from typing import Any, Final

from hawkapi._html_pages.parts import Parts, script_json

__all__ = ["get_redoc_html", "get_scalar_ui_html", "get_swagger_ui_html"]

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

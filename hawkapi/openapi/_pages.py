"""The documentation pages as responses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, Literal, NamedTuple

from hawkapi._html_pages import response
from hawkapi._html_pages.assets import CDN
from hawkapi.openapi.ui import get_redoc_html, get_scalar_ui_html, get_swagger_ui_html, oauth2_redirect_html
from hawkapi.responses.base import Response

type Assets = Literal["package", "cdn"]
"""Where pages load scripts and styles from."""

_ORIGIN: Final = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?=[/?#]|$)")
"""Nothing that would mean something in a policy, such as `;`, and no variable such as `{host}`."""
_FLOW_URLS: Final = ("tokenUrl", "refreshUrl")
"""What pages fetch; the reader's browser goes to an authorizationUrl by itself."""


class Page(Enum):
    """A page that an application serves."""

    SWAGGER_UI = "swagger-ui"
    REDOC = "redoc"
    SCALAR = "scalar"
    OAUTH2_REDIRECT = "oauth2-redirect"


STYLES: Final = {
    # A style sheet, and ours; what else it sets, it sets from scripts (CSSOM), which no policy forbids.
    Page.SWAGGER_UI: "{assets} 'nonce-{nonce}'",
    # It makes style elements with the nonce that it finds in a `meta` element.
    Page.REDOC: "'nonce-{nonce}'",
    # It makes style elements without a nonce and writes style attributes; with a nonce in the list, browsers would
    # disregard 'unsafe-inline'. SECURITY: styles alone load nothing here, because the other directives allow nothing.
    Page.SCALAR: "'unsafe-inline'",
    Page.OAUTH2_REDIRECT: "'nonce-{nonce}'",
}
"""Which styles a page cannot do without. For scripts, 'unsafe-inline' is nowhere: each has the nonce."""


class Place(NamedTuple):
    """Where things are, for one request: paths that begin with what a proxy or a mount took off."""

    openapi_url: str
    oauth2_redirect_url: str
    assets_url: str


def answer_page(page: Page, title: str, place: Place, assets: Assets, document: Mapping[str, Any]) -> Response:
    """Return the response with a page.

    Args:
        page: which.
        title: of the API.
        place: where it and what it needs are.
        assets: where it loads scripts and styles from.
        document: what it shows; it may send requests to the servers that are named there.
    """
    nonce = response.make_nonce()
    assets_url = place.assets_url if assets == "package" else None
    content = _html(page, title, place, assets_url, nonce)
    return response.answer_page(content, policy(page, nonce, assets, origins(document)))


def _html(page: Page, title: str, place: Place, assets_url: str | None, nonce: str) -> str:
    if page is Page.OAUTH2_REDIRECT:
        return oauth2_redirect_html(assets_url=assets_url, nonce=nonce)
    if page is Page.SWAGGER_UI:
        return get_swagger_ui_html(
            title,
            place.openapi_url,
            oauth2_redirect_url=place.oauth2_redirect_url,
            assets_url=assets_url,
            nonce=nonce,
        )
    make: Callable[..., str] = get_redoc_html if page is Page.REDOC else get_scalar_ui_html
    return make(title, place.openapi_url, assets_url=assets_url, nonce=nonce)


def policy(page: Page, nonce: str, assets: Assets, others: Iterable[str]) -> str:
    """Return the Content-Security-Policy of a page.

    Args:
        page: which.
        nonce: of this response.
        assets: where it loads from.
        others: origins beside its own that it may send requests to.
    """
    styles = STYLES[page].format(nonce=nonce, assets="'self'" if assets == "package" else CDN)
    # ReDoc shows a logo from there; the packaged file does without.
    logo = " https://cdn.redoc.ly" if assets == "cdn" and page is Page.REDOC else ""
    return response.policy(
        nonce,
        styles=styles,
        # `blob:` is how Swagger UI and Scalar show an image that an operation answered.
        images=f"'self' data: blob:{logo}",
        connections=" ".join(["'self'", *others]),
    )


def origins(document: Mapping[str, Any]) -> list[str]:
    """Return the origins, sorted, of the servers and authorization servers that a document names with whole URLs."""
    found = (_ORIGIN.match(url) for url in _urls(document) if isinstance(url, str))
    return sorted({match[0] for match in found if match is not None})


def _urls(document: Mapping[str, Any]) -> Iterator[object]:
    servers: list[dict[str, Any]] = document.get("servers", [])
    yield from (server.get("url") for server in servers)
    schemes: dict[str, dict[str, Any]] = document.get("components", {}).get("securitySchemes", {})
    for scheme in schemes.values():
        yield scheme.get("openIdConnectUrl")
        flows: dict[str, dict[str, Any]] = scheme.get("flows", {})
        for flow in flows.values():
            yield from (flow.get(name) for name in _FLOW_URLS)

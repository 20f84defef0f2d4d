"""The HTML of the documentation pages, and what their policies allow."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from hawkapi._html_pages.assets import answer_asset, load_assets
from hawkapi._html_pages.parts import script_json
from hawkapi.openapi._pages import Page, origins, policy
from hawkapi.openapi.ui import get_redoc_html, get_scalar_ui_html, get_swagger_ui_html, oauth2_redirect_html

PAGES = [
    pytest.param(get_swagger_ui_html, " - Swagger UI", id="swagger-ui"),
    pytest.param(get_redoc_html, " - ReDoc", id="redoc"),
    pytest.param(get_scalar_ui_html, " - API Reference", id="scalar"),
]


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text of scripts and of the title."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts[self._inside] = self.texts.get(self._inside, "") + data

    def handle_endtag(self, tag: str) -> None:
        """Note that an element has ended."""
        self._inside = ""

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a name."""
        return [attributes for name, attributes in self.found if name == tag]


class Fields(dict[str, str]):
    """Header fields, each once at most."""

    def getlist(self, key: str, /) -> list[str]:
        """Return the values of a field."""
        return [self[key]] if key in self else []


@pytest.mark.parametrize(("make", "ending"), PAGES)
def test_page(make: Callable[..., str], ending: str) -> None:
    """Its title is the API's with its own, and it has the URL of the document."""
    page = make("Shop", "/openapi.json")
    assert Elements(page).texts["title"] == f"Shop{ending}"
    assert page.startswith("<!DOCTYPE html>\n")
    assert page.count("/openapi.json") == 1


@pytest.mark.parametrize(("make", "ending"), PAGES)
def test_page_from_the_cdn(make: Callable[..., str], ending: str) -> None:
    """Everything it loads has a fixed version and a hash."""
    elements = Elements(make("Shop", "/openapi.json"))
    loaded = [
        (str(attributes.get("src") or attributes.get("href")), attributes)
        for tag in ("script", "link")
        for attributes in elements.attributes(tag)
        if attributes.get("src") or attributes.get("rel") == "stylesheet"
    ]
    assert loaded
    for url, attributes in loaded:
        assert re.match(r"https://cdn\.jsdelivr\.net/npm/[^ ]+@\d+\.\d+\.\d+/[^ ]+$", url)
        assert re.fullmatch(r"sha384-[A-Za-z0-9+/]{64}", str(attributes["integrity"]))
        assert attributes["crossorigin"] == "anonymous"


@pytest.mark.parametrize(("make", "ending"), PAGES)
@pytest.mark.parametrize(
    "hostile",
    [
        "</script><script>alert(1)</script>",
        "</title><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "<!--<script>",
        "'-alert(1)-'",
        "\\\u2028alert(1)",
    ],
)
def test_page_with_hostile_texts(make: Callable[..., str], ending: str, hostile: str) -> None:
    """Title and URL stay text: the page has the elements that it has otherwise, and gets the URL as it is."""
    tame, page = Elements(make("Shop", "/x")), make(hostile, f"/{hostile}")
    elements = Elements(page)
    assert [tag for tag, _ in elements.found] == [tag for tag, _ in tame.found]
    assert elements.texts["title"] == f"{hostile}{ending}"
    found = re.search(r'"url": ("(?:[^"\\]|\\.)*")', elements.texts.get("script", ""))
    url = json.loads(found[1]) if found is not None else elements.attributes("redoc")[0]["spec-url"]
    assert url == f"/{hostile}"


@pytest.mark.parametrize(("make", "ending"), PAGES)
def test_page_with_a_nonce(make: Callable[..., str], ending: str) -> None:
    """Every script and style has it, and so do the elements by which ReDoc and Scalar look for it."""
    elements = Elements(make("Shop", "/openapi.json", nonce="abc", assets_url="/docs/assets"))
    for tag in ("script", "style"):
        assert {attributes.get("nonce") for attributes in elements.attributes(tag)} == {"abc"}
    told = [attributes["content"] for attributes in elements.attributes("meta") if "property" in attributes]
    assert told == ([] if make is get_swagger_ui_html else ["abc"])
    assert "cdn.jsdelivr.net" not in make("Shop", "/openapi.json", assets_url="/docs/assets")


def test_page_sends_nothing_elsewhere() -> None:
    """Telemetry, fonts, assistants and validators of other hosts are off."""
    assert '"validatorUrl": null' in get_swagger_ui_html("Shop", "/openapi.json")
    assert 'disable-telemetry="true"' in get_redoc_html("Shop", "/openapi.json")
    scalar = get_scalar_ui_html("Shop", "/openapi.json")
    for setting in ('"telemetry": false', '"withDefaultFonts": false', '"agent": {"disabled": true}'):
        assert setting in scalar


def test_swagger_ui_tells_authorization_servers_where_to_come_back() -> None:
    """The page that it names is the application's, as a whole URL."""
    page = get_swagger_ui_html("Shop", "/openapi.json", oauth2_redirect_url="/docs/oauth2-redirect")
    assert 'config.oauth2RedirectUrl = new URL("/docs/oauth2-redirect", location.href).href;' in page
    assert "oauth2RedirectUrl" not in get_swagger_ui_html("Shop", "/openapi.json")
    (script,) = Elements(oauth2_redirect_html(assets_url="/a")).attributes("script")
    assert str(script["src"]).endswith("-swagger-ui.oauth2-redirect.js")


def test_script_json() -> None:
    """What means something in a script or in HTML is escaped, and read back as it was."""
    value = {"a": "</script><!--&\u2028\u2029'"}
    assert json.loads(script_json(value)) == value
    assert not set("<>&\u2028\u2029") & set(script_json(value))


NOTHING_ELSE = "default-src 'none'; script-src 'nonce-n'; style-src "
REST = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("page", "assets", "styles", "images"),
    [
        pytest.param(Page.SWAGGER_UI, "package", "'self' 'nonce-n'", "", id="swagger-ui"),
        pytest.param(Page.SWAGGER_UI, "cdn", "https://cdn.jsdelivr.net 'nonce-n'", "", id="swagger-ui-cdn"),
        pytest.param(Page.REDOC, "package", "'nonce-n'", "", id="redoc"),
        pytest.param(Page.REDOC, "cdn", "'nonce-n'", " https://cdn.redoc.ly", id="redoc-cdn"),
        pytest.param(Page.SCALAR, "package", "'unsafe-inline'", "", id="scalar"),
        pytest.param(Page.SCALAR, "cdn", "'unsafe-inline'", "", id="scalar-cdn"),
        pytest.param(Page.OAUTH2_REDIRECT, "package", "'nonce-n'", "", id="oauth2-redirect"),
    ],
)
def test_policy(page: Page, assets: Any, styles: str, images: str) -> None:
    """Scripts need the nonce, requests go to the page's own origin and those named, and nobody frames it."""
    assert policy(page, "n", assets, ["https://api.example"]) == (
        f"{NOTHING_ELSE}{styles}; img-src 'self' data: blob:{images}; font-src data:; "
        f"connect-src 'self' https://api.example; {REST}"
    )


def test_origins() -> None:
    """Servers and authorization servers with whole URLs count; what could change a policy does not."""
    document = {
        "servers": [
            {"url": "/v1"},
            {"url": "https://api.example:8443/v1"},
            {"url": "https://{region}.example/v1"},
            {"url": "https://evil.example; script-src *"},
            {"url": "https://evil.example,x"},
            {"url": "javascript:alert(1)"},
            {"url": "http://[::1]:80"},
        ],
        "components": {
            "securitySchemes": {
                "oidc": {"openIdConnectUrl": "https://id.example/.well-known/openid-configuration"},
                "oauth": {
                    "flows": {
                        "password": {"tokenUrl": "https://token.example/token", "refreshUrl": "/refresh"},
                        "implicit": {"authorizationUrl": "https://login.example"},
                    }
                },
                "key": {"type": "apiKey"},
            }
        },
    }
    assert origins(document) == [
        "http://[::1]:80",
        "https://api.example:8443",
        "https://id.example",
        "https://token.example",
    ]
    assert origins({}) == []


@pytest.mark.parametrize("name", load_assets())
def test_asset(name: str) -> None:
    """It is what the manifest says, and an address names this content only."""
    asset = load_assets()[name]
    content = gzip.decompress(asset.compressed())
    assert hashlib.sha256(content).hexdigest() == asset.sha256
    assert asset.address == f"{asset.version}-{asset.sha256[:16]}-{name}"
    if name != "redoc.standalone.js":  # There a logo is replaced; browsers get the published one from the CDN.
        assert asset.sri == "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        pytest.param(None, None, id="silent"),
        pytest.param("gzip, br", "gzip", id="gzip"),
        pytest.param("br", None, id="another"),
        pytest.param("gzip;q=0", None, id="refused"),
        pytest.param("gzip;q=0.5, identity;q=0.9", None, id="less-liked"),
        pytest.param("identity;q=0.1, gzip;q=0.2", "gzip", id="more-liked"),
        pytest.param("*", "gzip", id="any"),
        pytest.param("identity;q=0, *;q=0", None, id="everything-refused"),
    ],
)
def test_asset_in_the_form_that_a_client_accepts(accept: str | None, coding: str | None) -> None:
    """Gzip if it is accepted and liked as much, else plain; both are the same script."""
    asset = load_assets()["swagger-ui.oauth2-redirect.js"]
    response = answer_asset(asset.address, Fields({} if accept is None else {"accept-encoding": accept}))
    assert response is not None
    plain = gzip.decompress(response.body) if coding == "gzip" else response.body
    assert hashlib.sha256(plain).hexdigest() == asset.sha256
    assert dict(response.headers.items()) == {
        "cache-control": "public, max-age=31536000, immutable",
        "etag": f'"{asset.sha256[:32]}{"-gzip" if coding else ""}"',
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
        **({"content-encoding": "gzip"} if coding else {}),
    }
    assert response.content_type == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        pytest.param("if-none-match", '"{tag}-gzip"', 304, id="current"),
        pytest.param("if-none-match", 'W/"{tag}-gzip"', 304, id="weak"),
        pytest.param("if-none-match", "*", 304, id="any"),
        pytest.param("if-none-match", '"{tag}"', 200, id="the-other-form"),
        pytest.param("if-match", '"other"', 412, id="precondition"),
    ],
)
def test_asset_that_a_client_may_have(field: str, value: str, status: int) -> None:
    """Each form has an entity tag of its own (RFC 9110 section 8.8.3.3)."""
    asset = load_assets()["swagger-ui.css"]
    headers = Fields({"accept-encoding": "gzip", field: value.format(tag=asset.sha256[:32])})
    response = answer_asset(asset.address, headers)
    assert response is not None
    assert response.status_code == status
    assert (response.body == b"") == (status != 200)


@pytest.mark.parametrize("address", ["", "swagger-ui.css", "manifest.json", "../ui.py", "5.0.0-0-swagger-ui.css"])
def test_asset_that_is_none(address: str) -> None:
    """Only whole addresses are known; nothing else in the package can be had."""
    assert answer_asset(address, Fields()) is None

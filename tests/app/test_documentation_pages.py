"""The routes of the documentation pages: where they are, what they refer to, and when they are not there."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from apps import TYPES, hello
from asgi import Reply, request
from subprocesses import output_of

from hawkapi import HawkAPI, Router

DOCS = ("/docs", "/redoc", "/scalar")


def references(reply: Reply) -> list[str]:
    """Return what a page loads."""
    return re.findall(r'(?:src|href)="(/[^"]+)"', reply.body.decode())


def nonces(reply: Reply) -> set[str]:
    """Return the nonces of a page and of its policy."""
    policy = reply.header("content-security-policy") or ""
    return {*re.findall(r"'nonce-([^']+)'", policy), *re.findall(r'nonce="([^"]+)"', reply.body.decode())}


@pytest.mark.parametrize(
    ("path", "title"),
    [("/docs", "Shop - Swagger UI"), ("/redoc", "Shop - ReDoc"), ("/scalar", "Shop - API Reference")],
)
def test_page(path: str, title: str) -> None:
    """It is HTML that refers to the document, and may do little else."""
    reply = request(HawkAPI(title="Shop"), "GET", path)
    assert (reply.status, reply.header("content-type")) == (200, "text/html; charset=utf-8")
    assert f"<title>{title}</title>" in reply.body.decode()
    assert '"/openapi.json"' in reply.body.decode()
    assert reply.header("x-content-type-options") == "nosniff"
    assert reply.header("referrer-policy") == "same-origin"
    assert reply.header("cache-control") == "no-store"
    policy = reply.header("content-security-policy") or ""
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert policy.count("unsafe-inline") == (path == "/scalar")


@pytest.mark.parametrize("path", DOCS)
def test_page_has_a_new_nonce_each_time(path: str) -> None:
    """One, the same in the policy and in the page, that cannot be guessed."""
    app = HawkAPI()
    (first,), (second,) = (nonces(request(app, "GET", path)) for _ in range(2))
    assert first != second
    assert len(first) == 24


@pytest.mark.parametrize("path", DOCS)
def test_page_by_head(path: str) -> None:
    """The fields without the content."""
    app = HawkAPI()
    reply = request(app, "HEAD", path)
    assert (reply.status, reply.body) == (200, b"")
    assert reply.header("content-length") == request(app, "GET", path).header("content-length")


@pytest.mark.parametrize("path", DOCS)
def test_assets_of_a_page(path: str) -> None:
    """The application serves them, compressed or not, and by HEAD."""
    app = HawkAPI()
    loaded = references(request(app, "GET", path))
    assert loaded
    for url in loaded:
        assert url.startswith(f"{path}/assets/")
        packed = request(app, "GET", url, headers={"accept-encoding": "gzip"})
        plain = request(app, "GET", url)
        assert (packed.status, packed.header("content-encoding")) == (200, "gzip")
        assert (plain.status, plain.header("content-encoding")) == (200, None)
        assert gzip.decompress(packed.body) == plain.body
        media_type = "text/css" if url.endswith(".css") else "text/javascript"
        assert plain.header("content-type") == f"{media_type}; charset=utf-8"
        assert "immutable" in (plain.header("cache-control") or "")
        head = request(app, "HEAD", url)
        assert (head.body, head.header("content-length")) == (b"", str(len(plain.body)))
        current = request(app, "GET", url, headers={"if-none-match": plain.header("etag") or ""})
        assert (current.status, current.body) == (304, b"")


def test_asset_that_is_none() -> None:
    """Its address is answered as that of no route."""
    reply = request(HawkAPI(), "GET", "/docs/assets/swagger-ui.css")
    assert reply.status == 404
    assert reply.json() == {
        "type": f"{TYPES}not-found",
        "title": "Not Found",
        "status": 404,
        "detail": "No route matches GET /docs/assets/swagger-ui.css",
    }


def test_page_for_authorization_servers() -> None:
    """Swagger UI names it, and it hands over what it is given by a script."""
    app = HawkAPI()
    assert '"/docs/oauth2-redirect"' in request(app, "GET", "/docs").body.decode()
    reply = request(app, "GET", "/docs/oauth2-redirect?code=abc")
    (script,) = references(reply)
    assert script.endswith("-swagger-ui.oauth2-redirect.js")
    assert b"swaggerUIRedirectOauth2" in request(app, "GET", script).body
    assert "abc" not in reply.body.decode()


def inner(**options: Any) -> HawkAPI:
    """Return an application with one operation."""
    app = HawkAPI(**options)
    app.get("/hello")(hello)
    return app


@pytest.mark.parametrize("path", DOCS)
@pytest.mark.parametrize(
    ("prefix", "mounted_at", "root_path"),
    [
        pytest.param("/api", "", "", id="prefix"),
        pytest.param("", "/inner", "", id="mount"),
        pytest.param("", "", "/proxied", id="proxy"),
        pytest.param("/api", "/inner", "/proxied", id="all"),
        pytest.param("", "", "/two words & <tags>", id="special-characters"),
    ],
)
def test_page_elsewhere(path: str, prefix: str, mounted_at: str, root_path: str) -> None:
    """What it refers to has everything in front that the client has to ask for."""
    app = inner(prefix=prefix)
    if mounted_at:
        outer = HawkAPI()
        outer.mount(mounted_at, app)
        app = outer
    reply = request(app, "GET", f"{mounted_at}{prefix}{path}", root_path=root_path)
    base = root_path.replace(" ", "%20").replace("<", "%3C").replace(">", "%3E") + mounted_at + prefix
    html = reply.body.decode().replace("&amp;", "&").replace("\\u0026", "&")
    assert f'"{base}/openapi.json"' in html
    for url in references(reply):
        address = url.replace("&amp;", "&")
        assert address.startswith(f"{base}{path}/assets/")
        asset = request(app, "GET", address, root_path=root_path)
        assert asset.status == 200


def test_page_behind_a_path_that_looks_like_a_host() -> None:
    """A proxy's path has one slash at its beginning, so that no script comes from elsewhere."""
    for url in references(request(HawkAPI(), "GET", "/docs", root_path="//evil.example")):
        assert url.startswith("/evil.example/docs/assets/")


def test_pages_at_other_paths() -> None:
    """As the options say, also at the root."""
    app = HawkAPI(docs_url="/", redoc_url="/a/b", scalar_url=None, openapi_url="/api.json")
    assert [request(app, "GET", path).status for path in ("/", "/a/b", *DOCS)] == [200, 200, 404, 404, 404]
    assert references(request(app, "GET", "/"))[0].startswith("/assets/")
    assert references(request(app, "GET", "/a/b"))[0].startswith("/a/b/assets/")
    assert all(request(app, "GET", url).status == 200 for url in references(request(app, "GET", "/")))
    assert '"/api.json"' in request(app, "GET", "/").body.decode()


@pytest.mark.parametrize(
    ("options", "found"),
    [
        pytest.param({}, ["/docs", "/redoc", "/scalar"], id="default"),
        pytest.param({"docs_url": None}, ["/redoc", "/scalar"], id="docs_url"),
        pytest.param({"redoc_url": None}, ["/docs", "/scalar"], id="redoc_url"),
        pytest.param({"scalar_url": None}, ["/docs", "/redoc"], id="scalar_url"),
        pytest.param({"openapi_url": None}, [], id="openapi_url"),
        pytest.param({"docs_url": "", "scalar_url": ""}, ["/redoc"], id="empty"),
        pytest.param({"openapi_url": ""}, [], id="empty-openapi_url"),
        pytest.param({"serverless": True}, [], id="serverless"),
    ],
)
def test_pages_that_are_switched_off(options: dict[str, Any], found: list[str]) -> None:
    """They and what they load are not there; health probes are."""
    app = HawkAPI(**options)
    assert [path for path in DOCS if request(app, "GET", path).status == 200] == found
    assert {route.path.split("/")[1] for route in app.routes if "{address}" in route.path} == {
        path[1:] for path in found
    }
    assert request(app, "GET", "/healthz").status == 200


@pytest.mark.parametrize("nowhere", [None, ""])
def test_document_that_is_switched_off(nowhere: str | None) -> None:
    """Nothing tells what there is: an empty environment variable is enough."""
    app = HawkAPI(openapi_url=nowhere, health_url=nowhere, readyz_url=nowhere, livez_url=nowhere)
    assert app.routes == []


def test_options_can_be_read() -> None:
    """They are attributes of the application, as given."""
    app = HawkAPI(docs_url="/d", redoc_url=None)
    assert (app.docs_url, app.redoc_url, app.scalar_url, app.openapi_url) == ("/d", None, "/scalar", "/openapi.json")


def test_pages_are_not_in_the_document() -> None:
    """Neither they nor their assets are operations of the API."""
    app = inner()
    assert list(app.openapi()["paths"]) == ["/hello"]
    assert {route.path for route in app.routes if route.include_in_schema} == {"/hello"}


@pytest.mark.parametrize("path", DOCS)
def test_page_with_assets_of_the_cdn(path: str) -> None:
    """Everything comes from there with its hash, and the application has no routes for it."""
    app = HawkAPI(docs_assets="cdn")
    reply = request(app, "GET", path)
    html = reply.body.decode()
    assert references(reply) == []
    assert html.count("https://cdn.jsdelivr.net/npm/") == html.count('integrity="sha384-') > 0
    assert not any("{address}" in route.path for route in app.routes)


def test_assets_from_anywhere_else() -> None:
    """The message says which there are."""
    options: dict[str, Any] = {"docs_assets": "local"}
    with pytest.raises(ValueError, match='docs_assets is \'local\'; it is "package", to serve them, or "cdn"'):
        HawkAPI(**options)


def test_route_at_the_path_of_a_page() -> None:
    """It comes first, and what the page would have loaded goes with the page."""
    app = HawkAPI()
    asset = references(request(app, "GET", "/docs"))[0]
    app.get("/docs")(hello)
    assert "Swagger" not in request(app, "GET", "/docs").body.decode()
    assert [request(app, "GET", path).status for path in (asset, "/docs/oauth2-redirect")] == [404, 404]
    assert request(app, "GET", "/redoc").status == 200


def test_mount_at_the_path_of_a_page() -> None:
    """All below it is the mounted application's."""
    app, other = HawkAPI(), Router()
    other.get("/assets/{name}")(lambda name: {"name": name})
    mounted = HawkAPI(openapi_url=None)
    mounted.include_router(other)
    app.mount("/docs", mounted)
    assert request(app, "GET", "/docs/assets/x").json() == {"name": "x"}


def test_page_may_send_requests_to_servers_that_the_document_names() -> None:
    """An authorization server on another host can be asked for a token."""

    class Elsewhere:
        def on_schema_generated(self, spec: dict[str, Any]) -> dict[str, Any]:
            return {**spec, "servers": [{"url": "https://api.example/v1"}]}

    app = HawkAPI()
    app.add_plugin(Elsewhere())
    policy = request(app, "GET", "/docs").header("content-security-policy") or ""
    assert "connect-src 'self' https://api.example;" in policy


def test_import_loads_no_pages() -> None:
    """Neither the package nor an application that nobody asks reads them."""
    program = (
        "import sys; from hawkapi import HawkAPI; HawkAPI(); "
        "print([name for name in sys.modules if name.startswith('hawkapi.openapi') or name == 'importlib.resources'])"
    )
    assert output_of(program, HAWKAPI_CODEC="portable").strip() == "[]"

"""The rules about an application as it is registered."""

from __future__ import annotations

import ensurepip
import http.server
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest

from hawkapi import (
    CORSMiddleware,
    CSRFMiddleware,
    Depends,
    GZipMiddleware,
    HawkAPI,
    HTTPSRedirectMiddleware,
    Middleware,
    ObservabilityMiddleware,
    Plugin,
    RequestIDMiddleware,
    Struct,
    TrustedProxyMiddleware,
)
from hawkapi.doctor import Severity
from hawkapi.doctor.rules.correctness import DOC040, DOC041, DOC042
from hawkapi.doctor.rules.deps import DOC050, DOC051, newest_release, outdated
from hawkapi.doctor.rules.observability import DOC020, DOC021, DOC022, DOC023
from hawkapi.doctor.rules.performance import DOC030, DOC031, DOC032, DOC033
from hawkapi.doctor.rules.security import DOC010, DOC011, DOC012, DOC013, DOC014
from hawkapi.middleware.bulkhead import Bulkhead, bulkhead
from hawkapi.types import ASGIApp, Receive, Scope, Send

type Build = Callable[[HawkAPI], object]
ORIGINS = {"allow_origins": ["https://shop.test"]}
SECRET = "0123456789abcdef" * 2


class OwnCORS(CORSMiddleware):
    """One that a project derived."""


class OwnCSRF(CSRFMiddleware):
    """One that a project derived."""


class OwnRedirect(HTTPSRedirectMiddleware):
    """One that a project derived."""


class JWTMiddleware(Middleware):
    """Signs clients in."""


class SentryPlugin(Plugin):
    """Reports failures."""


def otel_middleware(app: ASGIApp) -> ASGIApp:
    """Make middleware that is a function."""

    async def traced(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return traced


def post(app: HawkAPI, **options: Any) -> object:
    """Register a route that changes something."""

    @app.post("/orders", **options)
    async def order() -> None:
        """Order."""

    return order


class Ten(Struct):
    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int
    i: int
    j: int


class Eleven(Ten):
    k: int


def get(result: Any, **options: Any) -> Build:
    """Return what registers a route whose handler has a return annotation; `...` for none."""

    def build(app: HawkAPI) -> None:
        async def read() -> Any:
            """Read."""

        if result is ...:
            del read.__annotations__["return"]
        else:
            read.__annotations__["return"] = result
        app.get("/things", **options)(read)

    return build


def connect() -> int:
    """Return what stands for a connection."""
    return 1


def waiting(decorate: Callable[[Any], Any] = lambda handler: handler, **options: Any) -> Build:
    """Return what registers a route that needs a database."""

    def build(app: HawkAPI) -> None:
        async def read(db: Annotated[int, Depends(connect)]) -> int:
            return db

        app.get("/rows", **options)(decorate(read))

    return build


slots = Bulkhead("rows", 3)


async def limited(db: Annotated[int, Depends(connect)]) -> int:
    """Enter a bulkhead by itself."""
    async with slots:
        return db


@pytest.mark.parametrize(
    ("rule", "build", "expected"),
    [
        pytest.param(DOC010, lambda app: app.add_middleware(CORSMiddleware), [None], id="010-default"),
        pytest.param(
            DOC010, lambda app: app.add_middleware(CORSMiddleware, allow_origins=["*"]), [None], id="010-explicit"
        ),
        pytest.param(DOC010, lambda app: app.add_middleware(OwnCORS), [None], id="010-subclass"),
        pytest.param(DOC010, lambda app: app.add_middleware(CORSMiddleware, **ORIGINS), [], id="010-named"),
        pytest.param(DOC010, lambda app: post(app, middleware=[OwnCORS]), ["POST /orders"], id="010-route"),
        pytest.param(DOC010, lambda app: post(app, middleware=[(CORSMiddleware, ORIGINS)]), [], id="010-route-named"),
        pytest.param(DOC011, post, [None], id="011-route"),
        pytest.param(DOC011, get(int), [], id="011-reads-only"),
        pytest.param(
            DOC011, lambda app: (post(app), app.add_middleware(OwnCSRF, secret=SECRET)), [], id="011-subclass"
        ),
        pytest.param(
            DOC011, lambda app: post(app, middleware=[(CSRFMiddleware, {"secret": SECRET})]), [], id="011-own"
        ),
        pytest.param(
            DOC013, lambda app: setattr(app.state, "key", "ChangeMe"), ["app.state.key"], id="013-placeholder"
        ),
        pytest.param(DOC013, lambda app: setattr(app.state, "key", SECRET), [], id="013-secret"),
        pytest.param(DOC013, lambda app: setattr(app.state, "key", 3), [], id="013-no-text"),
        pytest.param(DOC014, lambda _app: None, [None], id="014-none"),
        pytest.param(DOC014, lambda app: app.add_middleware(OwnRedirect), [], id="014-subclass"),
        pytest.param(DOC020, lambda _app: None, [None], id="020-none"),
        pytest.param(DOC020, lambda app: app.add_middleware(RequestIDMiddleware), [], id="020-id"),
        pytest.param(DOC020, lambda app: app.add_middleware(ObservabilityMiddleware), [], id="020-observability"),
        pytest.param(DOC031, get(Eleven), [None], id="031-eleven"),
        pytest.param(DOC031, get(list[Eleven]), [None], id="031-list-of-eleven"),
        pytest.param(DOC031, get(Ten), [], id="031-ten"),
        pytest.param(
            DOC031, lambda app: (get(Eleven)(app), app.add_middleware(GZipMiddleware)), [], id="031-compressed"
        ),
        pytest.param(DOC032, get(dict), ["GET /things"], id="032-dict"),
        pytest.param(DOC032, get("list"), ["GET /things"], id="032-list-quoted"),
        pytest.param(DOC032, get(dict[str, int]), [], id="032-parameters"),
        pytest.param(DOC032, get(dict, response_model=Ten), [], id="032-model"),
        pytest.param(DOC033, waiting(), ["GET /rows"], id="033-none"),
        pytest.param(DOC033, waiting(bulkhead("rows", 3)), [], id="033-decorated"),
        pytest.param(DOC033, lambda app: app.get("/rows")(limited), [], id="033-entered"),
        pytest.param(DOC033, get(int), [], id="033-nothing-to-wait-for"),
        pytest.param(DOC040, get(...), ["GET /things"], id="040-silent"),
        pytest.param(DOC040, get(None), [], id="040-none-is-said"),
        pytest.param(DOC040, get("Unknown"), [], id="040-unknown-name"),
        pytest.param(DOC040, get(..., response_model=Ten), [], id="040-model"),
        pytest.param(DOC040, get(..., include_in_schema=False), [], id="040-hidden"),
        pytest.param(DOC041, waiting(), ["GET /rows"], id="041-silent"),
        pytest.param(DOC041, waiting(summary="Rows"), [], id="041-summary"),
        pytest.param(DOC041, waiting(description="Rows"), [], id="041-description"),
        pytest.param(DOC041, waiting(include_in_schema=False), [], id="041-hidden"),
        pytest.param(DOC041, get(int), [], id="041-docstring"),
        pytest.param(
            DOC042,
            lambda app: (app.add_middleware(JWTMiddleware), app.add_middleware(OwnCORS)),
            ["JWTMiddleware"],
            id="042-before",
        ),
        pytest.param(
            DOC042, lambda app: (app.add_middleware(OwnCORS), app.add_middleware(JWTMiddleware)), [], id="042-behind"
        ),
        pytest.param(DOC042, lambda app: app.add_middleware(JWTMiddleware), [], id="042-no-cors"),
    ],
)
@pytest.mark.filterwarnings("ignore:return annotation")
def test_rule(rule: Any, build: Build, expected: list[str | None]) -> None:
    """A rule finds what it is about, says where and what to do, and finds nothing else."""
    app = HawkAPI()
    build(app)
    found = rule.check(app)
    assert [each.location for each in found] == expected
    assert all((each.rule_id, each.docs_url) == (rule.id, rule.docs_url) and each.fix for each in found)


@pytest.mark.parametrize(
    ("rule", "elsewhere", "production"),
    [
        pytest.param(DOC014, Severity.INFO, Severity.WARN, id="https"),
        pytest.param(DOC030, Severity.INFO, Severity.ERROR, id="debug"),
    ],
)
def test_what_is_worse_in_production(
    monkeypatch: pytest.MonkeyPatch, rule: Any, elsewhere: Severity, production: Severity
) -> None:
    """ENV=production makes a finding more severe."""
    monkeypatch.delenv("ENV", raising=False)
    assert [each.severity for each in rule.check(HawkAPI(debug=True))] == [elsewhere]
    monkeypatch.setenv("ENV", "production")
    assert [each.severity for each in rule.check(HawkAPI(debug=True))] == [production]


@pytest.mark.parametrize("variable", ["FORWARDED_ALLOW_IPS", "PROXY_HEADERS"])
def test_a_proxy_that_nobody_is_told_to_trust(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """The variables of servers tell of a proxy; TrustedProxyMiddleware says which."""
    app = HawkAPI()
    for name in ("FORWARDED_ALLOW_IPS", "PROXY_HEADERS"):
        monkeypatch.delenv(name, raising=False)
    assert DOC012.check(app) == []
    monkeypatch.setenv(variable, "1")
    assert [variable in each.message for each in DOC012.check(app)] == [True]
    app.add_middleware(TrustedProxyMiddleware, trusted_proxies=["10.0.0.1"])
    assert DOC012.check(app) == []


@pytest.mark.parametrize(
    ("package", "rule", "build"),
    [
        pytest.param("prometheus_client", DOC021, lambda _app: None, id="prometheus"),
        pytest.param("opentelemetry", DOC022, lambda app: app.add_middleware(otel_middleware), id="otel"),
        pytest.param("sentry_sdk", DOC023, lambda app: app.add_plugin(SentryPlugin()), id="sentry"),
    ],
)
def test_what_is_installed_and_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str, rule: Any, build: Build
) -> None:
    """A package that is installed is to be used, by middleware or a plugin of its name."""
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    app = HawkAPI()
    assert len(rule.check(app)) == 1
    build(app)
    assert len(rule.check(app)) == (1 if package == "prometheus_client" else 0)


def test_what_is_not_installed_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told to use a package that is not there."""
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    for name in [name for name in sys.modules if name.startswith(("prometheus_client", "opentelemetry", "sentry_sdk"))]:
        monkeypatch.delitem(sys.modules, name)
    assert [rule.check(HawkAPI()) for rule in (DOC021, DOC022, DOC023)] == [[], [], []]


@pytest.mark.parametrize(
    ("newest", "found"),
    [
        pytest.param(None, 0, id="not-told"),
        pytest.param("0.3.0", 0, id="same"),
        pytest.param("0.3", 0, id="same-written-shorter"),
        pytest.param("0.2.9", 0, id="older"),
        pytest.param("0.3.1", 1, id="newer"),
        pytest.param("0.10", 1, id="newer-as-a-number"),
    ],
)
def test_a_newer_release(newest: str | None, found: int) -> None:
    """Versions are compared by their numbers."""
    assert len(list(outdated("0.3.0", newest))) == found


@pytest.mark.parametrize(
    ("version", "found"),
    [pytest.param("0.18.6", 1, id="older"), pytest.param("0.19.0", 0, id="oldest"), pytest.param("1.0", 0, id="newer")],
)
def test_an_old_msgspec(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, found: int) -> None:
    """A msgspec that hawkapi cannot use is named."""
    metadata = tmp_path / f"msgspec-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: msgspec\nVersion: {version}\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert len(DOC051.check(HawkAPI())) == found


def test_no_msgspec(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is none that is too old."""
    monkeypatch.setattr(sys, "path", [])
    assert DOC051.check(HawkAPI()) == []


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serve a package index on loopback, and have pip ask it; what it was asked is returned."""
    asked: list[str] = []

    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            files = ["hawkapi-98.1-py3-none-any.whl", "hawkapi-99.0.1-py3-none-any.whl", "hawkapi-99.1rc1.tar.gz"]
            body = "".join(f'<a href="/files/{name}">{name}</a>' for name in files).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}/simple"
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", address)
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pip, from the interpreter's own copy where the environment has none."""
    if importlib.util.find_spec("pip") is None:
        copies = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
        if not copies:
            pytest.skip("neither the environment nor the interpreter has pip")
        monkeypatch.syspath_prepend(copies[-1])
        monkeypatch.setenv("PYTHONPATH", str(copies[-1]), prepend=os.pathsep)


@pytest.mark.usefixtures("pip")
def test_the_index_that_pip_is_configured_for_is_asked(index: list[str]) -> None:
    """The newest release that is no pre-release comes from the index that the environment names."""
    assert newest_release(timeout_s=120) == "99.0.1"
    assert index == ["/simple/hawkapi/"]


@pytest.mark.usefixtures("pip")
def test_an_index_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no network nothing is found, and nothing is said."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert DOC050.check(HawkAPI()) == []


def test_no_installer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pip and uv nothing is asked."""
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "pip", raising=False)
    monkeypatch.setenv("PATH", "")
    assert newest_release() is None

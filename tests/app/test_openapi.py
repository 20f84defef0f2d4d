"""The OpenAPI document of an application: kept until something changes, and served."""

from __future__ import annotations

import json
from typing import Any

import pytest
from apps import NO_PROBES, hello
from asgi import request

from hawkapi import HawkAPI, Plugin, Struct


class Settings(Struct):
    """What a container may provide."""

    debug: bool = False


class Counter(Plugin):
    """Counts documents, and signs them."""

    def __init__(self) -> None:
        self.count = 0

    def on_schema_generated(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Sign a document."""
        self.count += 1
        return {**spec, "x-count": self.count}


def test_document_is_served() -> None:
    """As JSON, and it is the one that `openapi()` returns."""
    app = HawkAPI()
    app.get("/hello")(hello)
    reply = request(app, "GET", "/openapi.json")
    assert (reply.status, reply.header("content-type")) == (200, "application/json")
    assert reply.json() == app.openapi()
    assert list(reply.json()["paths"]) == ["/hello"]


def test_document_of_a_mounted_application() -> None:
    """It names its server: the path that it is mounted at."""
    app, outer = HawkAPI(), HawkAPI()
    app.get("/hello")(hello)
    outer.mount("/inner", app)
    assert request(outer, "GET", "/inner/openapi.json").json()["servers"] == [{"url": "/inner"}]
    assert "servers" not in request(app, "GET", "/openapi.json").json()


def test_document_behind_a_proxy() -> None:
    """It names the path that the proxy takes off."""
    app = HawkAPI()
    reply = request(app, "GET", "/proxied/openapi.json", root_path="/proxied")
    assert reply.json()["servers"] == [{"url": "/proxied"}]


def test_document_below_a_prefix() -> None:
    """Its own path has the prefix of all routes."""
    app = HawkAPI(prefix="/api")
    assert request(app, "GET", "/api/openapi.json").status == 200
    assert request(app, "GET", "/openapi.json").status == 404


@pytest.mark.parametrize("options", [{"openapi_url": None}, {"serverless": True}], ids=["no URL", "serverless"])
def test_document_that_is_not_served(options: dict[str, Any]) -> None:
    """It can be had all the same."""
    app = HawkAPI(**options)
    assert request(app, "GET", "/openapi.json").status == 404
    assert app.openapi()["openapi"] == "3.1.0"


def test_document_at_another_path() -> None:
    """As the option says."""
    assert request(HawkAPI(openapi_url="/api.json"), "GET", "/api.json").status == 200


def test_route_at_the_path_of_the_document() -> None:
    """It comes first, as with probes."""
    app = HawkAPI()
    app.get("/openapi.json")(hello)
    assert request(app, "GET", "/openapi.json").json() == request(app, "GET", "/openapi.json").json()
    assert "openapi" not in str(request(app, "GET", "/openapi.json").body[:12])
    assert list(app.openapi()["paths"]) == ["/openapi.json"]


def test_document_is_a_copy() -> None:
    """What a caller changes is its own."""
    app = HawkAPI()
    app.get("/hello")(hello)
    app.openapi()["paths"]["/hello"]["get"].clear()
    assert app.openapi()["paths"]["/hello"]["get"]["operationId"] == "hello"


def test_document_is_made_once() -> None:
    """For each version of the API, until something is registered."""
    app, counter = HawkAPI(**NO_PROBES), Counter()
    app.add_plugin(counter)
    app.get("/v1", version="v1")(hello)
    assert [app.openapi()["x-count"], app.openapi()["x-count"], app.openapi("v1")["x-count"]] == [1, 1, 2]
    app.get("/more")(hello)
    assert [app.openapi()["x-count"], app.openapi()["x-count"]] == [3, 3]
    assert "/more" in app.openapi()["paths"]


def test_document_of_an_unknown_version_is_not_kept() -> None:
    """Else whoever asks for versions that do not exist would fill the memory."""
    app, counter = HawkAPI(**NO_PROBES), Counter()
    app.add_plugin(counter)
    assert [app.openapi("v9")["x-count"], app.openapi("v9")["x-count"]] == [1, 2]


@pytest.mark.parametrize("name", ["title", "version", "description"])
def test_document_after_a_change_of_its_information(name: str) -> None:
    """It is made again."""
    app = HawkAPI()
    assert app.openapi()["info"].get(name) != "new"
    setattr(app, name, "new")
    assert app.openapi()["info"][name] == "new"


def test_provider_that_is_registered_later() -> None:
    """What it makes is no longer described as the body."""
    app = HawkAPI(**NO_PROBES)

    @app.post("/")
    async def handler(settings: Settings) -> bool:
        return settings.debug

    assert "requestBody" in app.openapi()["paths"]["/"]["post"]
    app.container.singleton(Settings, factory=lambda: Settings(debug=True))
    assert "requestBody" not in app.openapi()["paths"]["/"]["post"]
    assert request(app, "POST", "/").json() is True


def test_plugin_that_is_added_later() -> None:
    """It sees the next document."""
    app = HawkAPI()
    assert "x-count" not in app.openapi()
    app.add_plugin(Counter())
    assert app.openapi()["x-count"] == 1


def test_plugin_that_keeps_what_it_was_given() -> None:
    """It cannot change what is served later."""
    kept: list[dict[str, Any]] = []

    class Keeper(Plugin):
        def on_schema_generated(self, spec: dict[str, Any]) -> None:
            kept.append(spec)

    app = HawkAPI()
    app.add_plugin(Keeper())
    app.openapi()
    kept[0]["info"]["title"] = "changed"
    assert app.openapi()["info"]["title"] == "HawkAPI"


def test_head_of_the_document() -> None:
    """As of any GET."""
    reply = request(HawkAPI(), "HEAD", "/openapi.json")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.header("content-length") or 0) > 0


def test_document_as_bytes_is_the_same_each_time() -> None:
    """Two applications alike have one document."""

    def served() -> bytes:
        app = HawkAPI()
        for method in ("GET", "POST", "PUT"):
            app.add_route(f"/{method}/{{id:int}}", hello, methods=[method], name="same")
        return request(app, "GET", "/openapi.json").body

    assert served() == served()
    assert json.loads(served())["info"]["title"] == "HawkAPI"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"servers": ["/v1"]}, r"servers is .*: \[{\"url\": ...}\]", id="server"),
        pytest.param({"servers": {"url": "/v1"}}, "servers is .*; it is a list of objects", id="one-server"),
        pytest.param({"openapi_tags": ["a"]}, r"openapi_tags is \['a'\]; it is a list of objects", id="tag"),
        pytest.param({"contact": "me"}, "contact is 'me'; it is an object: {\"name\": ...}", id="contact"),
        pytest.param({"license_info": "MIT"}, "license_info is 'MIT'; it is an object: {\"name\": ...}", id="license"),
        pytest.param({"openapi_external_docs": "/x"}, 'it is an object: {"url": ...}', id="external-docs"),
    ],
)
def test_application_that_is_described_by_other_values(options: dict[str, Any], message: str) -> None:
    """It is not made: the document and the pages would fail later, or be of no use."""
    with pytest.raises(TypeError, match=message):
        HawkAPI(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"servers": [{"url": "/"}, {}]}, 'servers has {}, which needs "url"', id="server"),
        pytest.param({"openapi_tags": [{"description": "a"}]}, 'which needs "name"', id="tag"),
        pytest.param({"license_info": {"url": "/"}}, 'license_info has .*, which needs "name"', id="license"),
        pytest.param({"openapi_external_docs": {"description": "a"}}, 'which needs "url"', id="external-docs"),
    ],
)
def test_application_that_is_described_in_part(options: dict[str, Any], message: str) -> None:
    """It is not made: the document would not be valid."""
    with pytest.raises(ValueError, match=message):
        HawkAPI(**options)

"""What users add to a document: about the API, webhooks, callbacks, examples, and whatever else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from asgi import request

from hawkapi import Body, HawkAPI, Query, Router, Struct
from hawkapi.security import HTTPBearer, Security

OFFICIAL = Path(__file__).parent.parent / "data" / "openapi-3.1.json"


class Event(Struct):
    """Something that has happened."""

    name: str


def check(document: dict[str, Any]) -> None:
    """Compare a document with the official schema."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator(json.loads(OFFICIAL.read_text("utf-8"))).validate(document)


CONTACT = {"name": "Ada", "email": "ada@example.org"}
LICENSE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}
SERVERS = [{"url": "https://api.example.org", "description": "The real one."}]
DOCS = {"url": "https://example.org/docs"}
TAGS = [{"name": "zebras", "description": "Striped."}, {"name": "apes"}]


def described() -> HawkAPI:
    """Return an application that says everything of itself."""
    app = HawkAPI(
        title="Zoo",
        version="2.0",
        description="Animals.",
        summary="A zoo.",
        terms_of_service="https://example.org/terms",
        contact=CONTACT,
        license_info=LICENSE,
        servers=SERVERS,
        openapi_tags=TAGS,
        openapi_external_docs=DOCS,
    )
    app.get("/", tags=["bears", "apes"])(lambda: "")
    return app


def test_words_about_an_api() -> None:
    """They are in the document as they are; further tags come after those that are described."""
    document = described().openapi()
    assert document["info"] == {
        "title": "Zoo",
        "version": "2.0",
        "summary": "A zoo.",
        "description": "Animals.",
        "termsOfService": "https://example.org/terms",
        "contact": CONTACT,
        "license": LICENSE,
    }
    assert (document["servers"], document["externalDocs"]) == (SERVERS, DOCS)
    assert document["tags"] == [*TAGS, {"name": "bears"}]
    check(document)


def test_words_are_not_shared_with_documents() -> None:
    """Who changes a document changes nothing else; who sets an attribute changes the next document."""
    app = described()
    app.openapi()["servers"][0]["url"] = "mine"
    assert app.openapi()["servers"] == SERVERS
    app.servers = None
    assert "servers" not in app.openapi()


def test_servers_behind_a_prefix() -> None:
    """The prefix comes first, because it is where the document was found."""
    reply = request(described(), "GET", "/openapi.json", root_path="/v1")
    assert reply.json()["servers"] == [{"url": "/v1"}, *SERVERS]


def test_words_in_the_asyncapi_document() -> None:
    """Those that AsyncAPI has a place for."""
    assert described().asyncapi()["info"] == {
        "title": "Zoo",
        "version": "2.0",
        "description": "Animals.",
        "termsOfService": "https://example.org/terms",
        "contact": CONTACT,
        "license": {"name": "Apache 2.0"},
    }


def test_webhooks() -> None:
    """What the application sends is no path; who gets it answers, so there are no problems of ours."""
    app = HawkAPI()

    @app.webhooks.post("/born", status_code=200, responses={410: {"description": "Send no more."}})
    async def born(event: Event) -> None:
        """Tell of a birth."""

    app.get("/")(lambda: "")
    document = app.openapi()
    assert list(document["paths"]) == ["/"]
    schema = {"$ref": "#/components/schemas/Event"}
    assert document["webhooks"] == {
        "born": {
            "post": {
                "summary": "Tell of a birth.",
                "description": "Tell of a birth.",
                "operationId": "born",
                "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
                "responses": {
                    "204": {"description": "Successful response"},
                    "410": {"description": "Send no more."},
                },
            }
        }
    }
    check(document)


def test_webhook_that_comes_later() -> None:
    """The document is made again."""
    app = HawkAPI(webhooks=Router())
    assert "webhooks" not in app.openapi()
    app.webhooks.post("/born")(lambda: None)
    assert list(app.openapi()["webhooks"]) == ["born"]


def test_callbacks() -> None:
    """An operation names the requests that it causes, at the address that the client gave."""
    told, app = Router(), HawkAPI()

    @told.post("/done/{number:int}", status_code=200)
    async def done(number: int, event: Event) -> str:
        return ""

    @told.put("/", status_code=200)
    async def whole(event: Event) -> str:
        return ""

    @app.post("/jobs", callbacks={"{$request.query.url}": told})
    async def start(url: str) -> str:
        return ""

    @app.get("/done")
    async def done_too() -> str:
        return ""

    document = app.openapi()
    callbacks = document["paths"]["/jobs"]["post"]["callbacks"]
    assert {name: list(callback) for name, callback in callbacks.items()} == {
        "done": ["{$request.query.url}/done/{number}"],
        "whole": ["{$request.query.url}"],
    }
    called = callbacks["done"]["{$request.query.url}/done/{number}"]["post"]
    assert called["operationId"] == "done"
    assert list(called["responses"]) == ["200"]
    assert list(called["requestBody"]["content"]) == ["application/json"]
    assert "callbacks" not in document["paths"]["/done"]["get"]
    assert "Event" in document["components"]["schemas"]
    check(document)


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        pytest.param(Router(), "callbacks= is a mapping, not", id="no-address"),
        pytest.param({"{$url}": 5}, "a callback is described by a router", id="no-router"),
    ],
)
def test_callbacks_that_say_nothing(callbacks: Any, message: str) -> None:
    """They are refused with what to write."""
    with pytest.raises(TypeError, match=message):
        HawkAPI().get("/", callbacks=callbacks)(lambda: "")


def test_extra_words_of_an_operation() -> None:
    """Objects are merged, arrays appended, everything else replaced, the operation's name as well."""
    app = HawkAPI()
    extra = {
        "operationId": "mine",
        "x-rate": {"limit": 5},
        "tags": ["more"],
        "responses": {"200": {"description": "Fine."}, "429": {"description": "Slow down."}},
    }
    app.get("/", tags=["first"], openapi_extra=extra, dependencies=[Security(HTTPBearer())])(lambda: "")
    document = app.openapi()
    operation = document["paths"]["/"]["get"]
    assert (operation["operationId"], operation["x-rate"], operation["tags"]) == (
        "mine",
        {"limit": 5},
        ["first", "more"],
    )
    assert list(operation["responses"]) == ["200", "401", "429"]
    assert operation["responses"]["200"]["description"] == "Fine."
    assert list(operation["responses"]["200"]["content"]) == ["application/json", "application/msgpack"]
    assert document["tags"] == [{"name": "first"}, {"name": "more"}]
    assert extra["tags"] == ["more"]
    check(document)


NAMED = {"short": {"summary": "A short one.", "value": "ant"}, "long": {"value": "hippopotamus"}}


def test_examples_of_parameters() -> None:
    """Those of the schema, and named ones, which come instead of `example`."""
    app = HawkAPI()

    @app.get("/")
    async def handler(
        a: Annotated[str, Query(examples=["x", object()])] = "x",
        b: Annotated[str, Query(openapi_examples=NAMED, example="y")] = "y",
        c: Annotated[str, Query(example="z")] = "z",
    ) -> str:
        return a

    document = app.openapi()
    a, b, c = document["paths"]["/"]["get"]["parameters"]
    assert a["schema"] == {"type": "string", "default": "x", "examples": ["x"]}
    assert (b["examples"], "example" in b) == (NAMED, False)
    assert (c["example"], "examples" in c) == ("z", False)
    check(document)


FIRST = {"first": {"value": {"name": "born"}}}


def test_examples_of_bodies() -> None:
    """They are those of every media type."""
    app = HawkAPI()

    @app.post("/")
    async def handler(event: Annotated[Event, Body(openapi_examples=FIRST)]) -> None: ...

    document = app.openapi()
    content = document["paths"]["/"]["post"]["requestBody"]["content"]
    assert [media["examples"] for media in content.values()] == [FIRST, FIRST]
    check(document)

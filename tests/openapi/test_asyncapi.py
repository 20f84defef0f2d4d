"""What an AsyncAPI document says of WebSockets and server-sent events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import pytest
from asgi import request

from hawkapi import (
    Cookie,
    Depends,
    EventSourceResponse,
    HawkAPI,
    Header,
    JSONResponse,
    Path,
    Query,
    Router,
    Security,
    Struct,
    WebSocket,
)
from hawkapi.openapi._draft7 import as_draft7
from hawkapi.openapi.asyncapi import describe_scheme
from hawkapi.routing.options import WebSocketOptions
from hawkapi.security import APIKeyHeader, HTTPBearer, OAuth2PasswordBearer

OFFICIAL = FilePath(__file__).parent.parent / "data" / "asyncapi-3.0.json"
"""That of the package @asyncapi/specs 6.11.1 without `$id` (Apache License 2.0, AsyncAPI Initiative)."""


@dataclass
class Join:
    """Come in."""

    room: str
    place: tuple[int, str] = (1, "a")


class Say(Struct):
    """Say something."""

    text: str


def add_socket(app: Router, path: str = "/ws", **options: Any) -> None:
    """Register a WebSocket that asks for nothing."""

    @app.websocket(path, **options)
    async def chat(ws: WebSocket) -> None: ...


def messages_of(**options: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the messages of a WebSocket, and the names of those of each operation."""
    app = HawkAPI()
    add_socket(app, **options)
    document = app.asyncapi()
    operations = {
        name: [message["$ref"].removeprefix("#/channels/chat/messages/") for message in operation["messages"]]
        for name, operation in document["operations"].items()
    }
    return document["channels"]["chat"]["messages"], operations


ANYTHING = {"message": {"name": "message", "payload": {}}}
SAY = {"name": "Say", "contentType": "application/json", "payload": {"$ref": "#/components/schemas/Say"}}
JOIN = {"name": "Join", "contentType": "application/json", "payload": {"$ref": "#/components/schemas/Join"}}
TEXT = {"name": "text", "contentType": "text/plain", "payload": {"type": "string"}}
BINARY = {
    "name": "binary",
    "contentType": "application/octet-stream",
    "payload": {"type": "string", "format": "binary"},
}


@pytest.mark.parametrize(
    ("options", "messages", "operations"),
    [
        pytest.param({}, ANYTHING, {"chat_receive": ["message"], "chat_send": ["message"]}, id="unsaid"),
        pytest.param(
            {"receives": Join, "sends": Say},
            {"Join": JOIN, "Say": SAY},
            {"chat_receive": ["Join"], "chat_send": ["Say"]},
            id="types",
        ),
        pytest.param(
            {"receives": Join | Say, "sends": Say | str},
            {"Join": JOIN, "Say": SAY, "text": TEXT},
            {"chat_receive": ["Join", "Say"], "chat_send": ["Say", "text"]},
            id="unions",
        ),
        pytest.param({"receives": None, "sends": bytes}, {"binary": BINARY}, {"chat_send": ["binary"]}, id="one-way"),
        pytest.param(
            {"receives": list[int], "sends": None},
            {
                "list_int": {
                    "name": "list_int",
                    "contentType": "application/json",
                    "payload": {"type": "array", "items": {"type": "integer"}},
                }
            },
            {"chat_receive": ["list_int"]},
            id="array",
        ),
        pytest.param(
            {"receives": WebSocket, "sends": None},
            {"WebSocket": {"name": "WebSocket", "contentType": "application/json", "payload": {}}},
            {"chat_receive": ["WebSocket"]},
            id="no-json",
        ),
        pytest.param({"receives": None, "sends": None}, {}, {}, id="silence"),
    ],
)
def test_messages(options: dict[str, Any], messages: dict[str, Any], operations: dict[str, list[str]]) -> None:
    """Each choice of a union is a message; what goes both ways is one."""
    assert messages_of(**options) == (messages, operations)


def test_channel_of_a_websocket() -> None:
    """Address, words and handshake, of the handler and of what it depends on."""

    def caller(
        x_name: Annotated[str, Header(description="Who.")], session: Annotated[str | None, Cookie()] = None
    ) -> str:
        return x_name

    app = HawkAPI()

    @app.websocket("/rooms/{room}/{seat:int}", tags=["chat"], permissions=["talk"])
    async def chat(
        ws: WebSocket,
        room: Annotated[Literal["red", "blue"], Path(description="Which.")],
        seat: Annotated[int, Path(example=5)],
        last: Annotated[int, Query(ge=0, description="Seen.")],
        name: str = Depends(caller),
        lang: str = "en",
    ) -> None:
        """Chat in a room.

        Be polite.
        """

    assert app.asyncapi()["channels"] == {
        "chat": {
            "address": "/rooms/{room}/{seat}",
            "summary": "Chat in a room.",
            "description": "Chat in a room.\n\nBe polite.",
            "tags": [{"name": "chat"}],
            "x-permissions": ["talk"],
            "parameters": {
                "room": {
                    "description": "Which.",
                    "x-schema": {"type": "string", "enum": ["red", "blue"]},
                    "enum": ["red", "blue"],
                },
                "seat": {"examples": ["5"], "x-schema": {"type": "integer"}},
            },
            "bindings": {
                "ws": {
                    "method": "GET",
                    "query": {
                        "type": "object",
                        "properties": {
                            "last": {"allOf": [{"type": "integer", "minimum": 0}], "description": "Seen."},
                            "lang": {"type": "string", "default": "en"},
                        },
                        "required": ["last"],
                    },
                    "headers": {
                        "type": "object",
                        "properties": {
                            "x-name": {"allOf": [{"type": "string"}], "description": "Who."},
                            "cookie": {"type": "string", "description": "Cookies: session (optional)"},
                        },
                        "required": ["x-name"],
                    },
                    "bindingVersion": "0.1.0",
                }
            },
            "messages": ANYTHING,
        }
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {},
            {"event": {"name": "event", "contentType": "text/event-stream", "payload": {"type": "string"}}},
            id="text",
        ),
        pytest.param({"sends": Say}, {"Say": SAY}, id="json"),
    ],
)
def test_server_sent_events(options: dict[str, Any], message: dict[str, Any]) -> None:
    """A route that says it returns them is a channel that sends; others are none."""
    app = HawkAPI()

    @app.get("/events", **options)
    async def events(since: int = 0) -> EventSourceResponse | None: ...

    @app.get("/json")
    async def other() -> JSONResponse:
        return JSONResponse(None)

    @app.get("/unsaid")
    async def unsaid(): ...  # type: ignore[no-untyped-def]

    document = app.asyncapi()
    assert document["channels"] == {"events": {"address": "/events", "messages": message}}
    (name,) = message
    assert document["operations"] == {
        "events_send": {
            "action": "send",
            "channel": {"$ref": "#/channels/events"},
            "bindings": {
                "http": {
                    "method": "GET",
                    "query": {"type": "object", "properties": {"since": {"type": "integer", "default": 0}}},
                    "bindingVersion": "0.3.0",
                }
            },
            "messages": [{"$ref": f"#/channels/events/messages/{name}"}],
        }
    }


def test_message_of_a_pydantic_model_both_ways() -> None:
    """It is two messages, because it is sent otherwise than it is received; other types are one."""
    pydantic = pytest.importorskip("pydantic")

    class Model(pydantic.BaseModel):  # type: ignore[name-defined, misc]
        name: str = pydantic.Field(validation_alias="in", serialization_alias="out")

    messages, operations = messages_of(receives=list[Model] | Say, sends=Say | list[Model])
    assert operations == {"chat_receive": ["list_Model", "Say"], "chat_send": ["Say", "list_Model_Output"]}
    assert {name: message["payload"] for name, message in messages.items()} == {
        "list_Model": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}},
        "Say": {"$ref": "#/components/schemas/Say"},
        "list_Model_Output": {"type": "array", "items": {"$ref": "#/components/schemas/Model_Output"}},
    }


def test_credentials() -> None:
    """Schemes are components in AsyncAPI's words; the scopes of a route are a part of the scheme."""
    oauth2, key = OAuth2PasswordBearer("https://example.org/token", scopes={"talk": "Talk."}), APIKeyHeader("X-Key")
    app = HawkAPI()
    add_socket(app, sends=None, dependencies=[Security(oauth2, scopes=["talk"]), Depends(key)])
    flows = {"password": {"tokenUrl": "https://example.org/token", "availableScopes": {"talk": "Talk."}}}
    document = app.asyncapi()
    assert document["operations"]["chat_receive"]["security"] == [
        {"type": "oauth2", "flows": flows, "scopes": ["talk"]},
        {"$ref": "#/components/securitySchemes/APIKeyHeader"},
    ]
    assert document["components"]["securitySchemes"] == {
        "APIKeyHeader": {"type": "httpApiKey", "in": "header", "name": "X-Key"},
        "OAuth2PasswordBearer": {"type": "oauth2", "flows": flows},
    }


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        pytest.param({"type": "mutualTLS"}, {"type": "X509"}, id="mutual-tls"),
        pytest.param(HTTPBearer().openapi_scheme, {"type": "http", "scheme": "bearer"}, id="bearer"),
    ],
)
def test_further_schemes(described: dict[str, Any], expected: dict[str, Any]) -> None:
    """What AsyncAPI calls otherwise is renamed."""
    assert describe_scheme(described) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(
            {"prefixItems": [{"$ref": "#/a", "default": 1}], "items": False},
            {"items": [{"allOf": [{"$ref": "#/a"}], "default": 1}], "additionalItems": False},
            id="positions",
        ),
        pytest.param({"prefixItems": [{}]}, {"items": [{}]}, id="open-positions"),
        pytest.param({"$ref": "#/a"}, {"$ref": "#/a"}, id="reference"),
        pytest.param(
            {"anyOf": [{"$ref": "#/a"}], "discriminator": {"propertyName": "kind"}},
            {"anyOf": [{"$ref": "#/a"}]},
            id="discriminator",
        ),
        pytest.param(
            {"properties": {"discriminator": {}, "prefixItems": {}, "$ref": {"type": "string"}}},
            {"properties": {"discriminator": {}, "prefixItems": {}, "$ref": {"type": "string"}}},
            id="members-of-such-names",
        ),
        pytest.param(
            {"default": {"discriminator": 1}, "additionalProperties": True},
            {"default": {"discriminator": 1}, "additionalProperties": True},
            id="values",
        ),
    ],
)
def test_schemas_in_draft_7(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    """The same is said in the words of draft-07."""
    assert as_draft7(schema) == expected


def test_names_of_channels() -> None:
    """The route's; where several have it, with their paths, and numbers if these are alike too."""
    app = HawkAPI()
    for path in ("/a", "/b/c", "/b_c"):
        add_socket(app, path)
    add_socket(app, "/other", name="other")
    add_socket(app, "/taken", name="chat_a")
    channels = app.asyncapi()["channels"]
    assert {name: channel["address"] for name, channel in channels.items()} == {
        "chat_a_2": "/a",
        "chat_b_c": "/b/c",
        "chat_b_c_2": "/b_c",
        "other": "/other",
        "chat_a": "/taken",
    }


def test_options_of_a_websocket() -> None:
    """A router's tags come first; a hidden one is left out; no option is forgotten."""
    app, router = HawkAPI(tags=["all"]), Router(prefix="/api")
    add_socket(router, summary="Talk.", description="Long.", tags=["chat"])
    add_socket(router, "/hidden", include_in_schema=False)
    app.include_router(router)
    (channel,) = app.asyncapi()["channels"].values()
    assert (channel["address"], channel["summary"], channel["description"], channel["tags"]) == (
        "/api/ws",
        "Talk.",
        "Long.",
        [{"name": "all"}, {"name": "chat"}],
    )
    assert {"receives", "sends", "tags", "summary", "description", "include_in_schema"} < set(
        WebSocketOptions.__optional_keys__
    )
    assert app.openapi()["paths"] == {}


def test_document_is_kept_until_something_is_registered() -> None:
    """A copy is the caller's; a further WebSocket is in the next one."""
    app = HawkAPI(title="Chat", version="2.0", description="Talk.")
    app.asyncapi()["channels"]["mine"] = {}
    assert app.asyncapi() == {
        "asyncapi": "3.0.0",
        "info": {"title": "Chat", "version": "2.0", "description": "Talk."},
        "channels": {},
        "operations": {},
    }
    add_socket(app)
    assert list(app.asyncapi()["channels"]) == ["chat"]


def test_document_is_served() -> None:
    """At its URL, the bytes that are kept; behind a prefix it is a part of every address."""
    app = HawkAPI()
    add_socket(app)
    reply = request(app, "GET", "/asyncapi.json")
    assert (reply.status, reply.header("content-type"), reply.json()) == (200, "application/json", app.asyncapi())
    behind = request(app, "GET", "/asyncapi.json", root_path="/v1")
    assert behind.json()["channels"]["chat"]["address"] == "/v1/ws"


@pytest.mark.parametrize(
    "options",
    [{"asyncapi_url": None}, {"openapi_url": None}, {"serverless": True}],
    ids=lambda options: next(iter(options)),
)
def test_document_is_not_served(options: dict[str, Any]) -> None:
    """It can be switched off, alone or with the other one."""
    assert request(HawkAPI(**options), "GET", "/asyncapi.json").status == 404


def test_document_is_valid() -> None:
    """Against the official schema, whatever is in it."""
    jsonschema = pytest.importorskip("jsonschema")
    app = HawkAPI(title="Chat", description="Talk.")
    guards = [
        Security(OAuth2PasswordBearer("https://example.org/token"), scopes=["talk"]),
        Depends(APIKeyHeader("X-Key")),
        Depends(HTTPBearer(bearer_format="JWT")),
    ]
    add_socket(app, "/typed/{n:int}", receives=Join | Say | bytes, sends=str | list[Join], dependencies=guards)
    add_socket(app)

    @app.get("/events", tags=["events"])
    async def events(since: int = 0) -> EventSourceResponse:
        return EventSourceResponse([])

    document = app.asyncapi()
    assert len(document["channels"]) == 3
    jsonschema.Draft7Validator(json.loads(OFFICIAL.read_text("utf-8"))).validate(document)

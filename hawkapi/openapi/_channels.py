"""Channels and operations (AsyncAPI 3.0): a WebSocket is one channel both ways, a stream of events one that sends."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, final

from hawkapi.codec import Description, Kind, describe
from hawkapi.codec._schema_names import title_of, unused
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.openapi._bodies import JSON, UPLOAD
from hawkapi.openapi._needs import Needs
from hawkapi.openapi._operations import name_of, path_of, words_of
from hawkapi.openapi._parameters import build_parameters
from hawkapi.openapi._results import choices_of, result_of
from hawkapi.openapi._schemas import Schema, Schemas
from hawkapi.openapi._security import Scheme, schemes_of, scopes_of
from hawkapi.openapi._variants import Use, differs_by_use
from hawkapi.responses.sse import EventSourceResponse
from hawkapi.routing.route import Route, WebSocketRoute

EVENT_STREAM: Final = "text/event-stream"
FRAMES: Final = {Kind.STR: ("text", "text/plain"), Kind.BYTES: ("binary", "application/octet-stream")}
"""What is sent as it is: what it is called, and its media type. Everything else is JSON."""
SCHEMA: Final = "x-schema"
_UNUSABLE: Final = re.compile(r"[^A-Za-z0-9._-]+")


class Channel(NamedTuple):
    """One channel with its operations, before what depends on all of them is known."""

    name: str
    path: str
    document: dict[str, Any]
    operations: dict[str, dict[str, Any]]
    """What is said of each besides, by what the server does: `send`, `receive`."""
    messages: dict[str, list[str]]
    """The names of the messages of each."""
    schemes: list[Scheme]
    scopes: list[str]


def has_channel(route: Route) -> bool:
    """Whether a route is one of WebSockets, or says that it answers with server-sent events."""
    if isinstance(route, WebSocketRoute):
        return True
    return any(issubclass(cls, EventSourceResponse) for cls in result_of(route).responses)


def build_channel(route: Route, needs: Needs, schemas: Schemas) -> Channel:
    """Return the channel of a route that has one."""
    parameters = build_parameters(needs, schemas)
    path = path_of(needs.template)
    found: dict[str, Any] = {"address": path, **_about(route)}
    of_path = {item["name"]: _address_parameter(item) for item in parameters if item["in"] == "path"}
    if of_path:
        found["parameters"] = of_path
    messages = _Messages(schemas)
    if isinstance(route, WebSocketRoute):
        found["bindings"] = {"ws": _handshake(parameters)}
        names = {"receive": messages.of(route.receives, Use.REQUEST), "send": messages.of(route.sends)}
        bindings: dict[str, Any] = {}
    else:
        names = {"send": messages.of_events(route.sends)}
        bindings = {"bindings": {"http": _request(route, parameters)}}
    found["messages"] = messages.found
    operations = {action: bindings for action, listed in names.items() if listed}
    return Channel(
        name_of(route), path, found, operations, names, schemes_of(needs.dependencies), scopes_of(needs.dependencies)
    )


def _request(route: Route, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the request for a stream of events is (HTTP operation binding 0.3.0)."""
    method = next(name for name in ("GET", *sorted(route.methods)) if name in route.methods)
    query = _object([item for item in parameters if item["in"] == "query"])
    return {"method": method, **({"query": query} if query else {}), "bindingVersion": "0.3.0"}


def _about(route: Route) -> dict[str, Any]:
    about: dict[str, Any] = {
        **words_of(route),
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tags)] or None,
        "x-permissions": list(route.permissions) if route.permissions else None,
    }
    return {name: value for name, value in about.items() if value is not None}


def _address_parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter of an address; AsyncAPI knows no types there, so its schema is an extension."""
    found = {"description": parameter["description"]} if "description" in parameter else {}
    if "example" in parameter:
        found["examples"] = [str(parameter["example"])]
    return found | {SCHEMA: parameter["schema"]}


def list_choices(channel: Channel, components: dict[str, Schema]) -> None:
    """Say of the parameters of a channel's address which texts they may be, when all schemas have been written."""
    for parameter in channel.document.get("parameters", {}).values():
        schema: Schema = parameter[SCHEMA]
        schema = components.get(str(schema.get("$ref", "")).rpartition("/")[2], schema)
        values = schema.get("enum", [schema["const"]] if "const" in schema else [])
        if values:
            parameter["enum"] = [str(value) for value in values]


def _handshake(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the request that opens a WebSocket brings (WebSockets binding 0.1.0)."""
    fields = [item for item in parameters if item["in"] == "header"]
    cookies = [item for item in parameters if item["in"] == "cookie"]
    if cookies:
        names = ", ".join(item["name"] + ("" if item["required"] else " (optional)") for item in cookies)
        schema = {"type": "string", "description": f"Cookies: {names}"}
        fields.append({"name": "cookie", "schema": schema, "required": any(item["required"] for item in cookies)})
    parts = {"query": _object([item for item in parameters if item["in"] == "query"]), "headers": _object(fields)}
    return {"method": "GET", **{name: part for name, part in parts.items() if part}, "bindingVersion": "0.1.0"}


def _object(parameters: list[dict[str, Any]]) -> Schema:
    """Return the schema of parameters as members of one object; nothing where there are none."""
    if not parameters:
        return {}
    required = [item["name"] for item in parameters if item["required"]]
    found: Schema = {"type": "object", "properties": {item["name"]: _member(item) for item in parameters}}
    return found | ({"required": required} if required else {})


def _member(parameter: dict[str, Any]) -> Schema:
    words: Schema = {name: parameter[name] for name in ("description", "deprecated") if name in parameter}
    # A schema that is written later stays one of its own: words beside a reference would be ignored.
    schema: Schema = parameter["schema"]
    return {"allOf": [schema], **words} if words else schema


@final
class _Messages:
    """The messages of one channel while it is made."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._kept: list[tuple[Any, Use, str]] = []
        """The types that were met, what for, and what they are called."""
        self.found: dict[str, dict[str, Any]] = {}

    def of(self, annotation: Any, use: Use = Use.RESULT) -> list[str]:
        """Note the messages of a type, each choice of a union on its own, and return their names."""
        if annotation is None:
            return []
        return [self._of_choice(choice, use) for choice in choices_of(annotation)]

    def of_events(self, annotation: Any) -> list[str]:
        """Note the data of server-sent events: JSON of a type, or any text."""
        if annotation is Any:
            return [self._add("event", {"contentType": EVENT_STREAM, "payload": {"type": "string"}})]
        return self.of(annotation)

    def _of_choice(self, annotation: Any, use: Use) -> str:
        description = description_of(annotation)
        # What is written as it is read is one message both ways.
        use = use if description is not None and differs_by_use(description) else Use.REQUEST
        known = next((name for kept, of, name in self._kept if (kept, of) == (annotation, use)), None)
        if known is None:
            known = self._add(*self._message(annotation, description, use))
            self._kept.append((annotation, use, known))
        return known

    def _add(self, name: str, message: dict[str, Any]) -> str:
        name = unused(name, self.found)
        self.found[name] = {"name": name, **message}
        return name

    def _message(self, annotation: Any, description: Description | None, use: Use) -> tuple[str, dict[str, Any]]:
        if annotation is Any:
            return "message", {"payload": {}}
        if description is None:
            return message_name(annotation), {"contentType": JSON, "payload": {}}
        name, media_type = FRAMES.get(description.kind, (message_name(annotation), JSON))
        is_binary = description.kind is Kind.BYTES
        payload = dict(UPLOAD) if is_binary else self._schemas.of(description, use=use)
        if use is Use.RESULT and name in self.found:
            name = f"{name}_{use.value}"
        return name, {"contentType": media_type, "payload": payload}


def description_of(annotation: Any) -> Description | None:
    """Return what a type is made of; nothing for one that is not supported."""
    try:
        return describe(annotation)
    except (UnsupportedTypeError, TypeError, ValueError):
        return None


def message_name(annotation: Any) -> str:
    """Return what a message of a type is called."""
    return _UNUSABLE.sub("_", title_of(annotation)).strip("_") or "message"

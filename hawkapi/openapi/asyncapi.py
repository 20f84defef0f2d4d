"""`generate_asyncapi`: routes in, an AsyncAPI 3.0 document of their WebSockets and server-sent events out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hawkapi.openapi._build import copy_json
from hawkapi.openapi._channels import Channel, build_channel, has_channel, list_choices
from hawkapi.openapi._draft7 import as_draft7
from hawkapi.openapi._needs import is_provided, read_needs
from hawkapi.openapi._schemas import Schemas
from hawkapi.openapi._security import SCOPED, Scheme, SecuritySchemes
from hawkapi.routing.route import Route

__all__ = ["generate_asyncapi"]

VERSION: Final = "3.0.0"


def generate_asyncapi(
    routes: Iterable[Route],
    *,
    title: str = "HawkAPI",
    version: str = "0.1.0",
    description: str = "",
    has_provider: Callable[[Any], bool] | None = None,
    terms_of_service: str | None = None,
    contact: Mapping[str, Any] | None = None,
    license_info: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of routes, as new dicts and lists that may be changed.

    It holds WebSockets, and what is annotated to return an `EventSourceResponse`, without routes that have
    `include_in_schema=False`. The same routes give the same document, in the same order, with every codec.

    Args:
        routes: in order.
        title: what the API is called, default "HawkAPI".
        version: the API's own version, default "0.1.0".
        description: what it is for; left out when empty, the default.
        has_provider, terms_of_service, contact, license_info: as for `generate_openapi`; of a license, name and URL.

    Raises:
        UnsupportedTypeError: a handler asks for something that cannot be read from a request.
    """
    # SPEC: the license object of AsyncAPI has no `identifier`.
    license_object = {name: value for name, value in (license_info or {}).items() if name != "identifier"}
    told = {
        "description": description,
        "termsOfService": terms_of_service,
        "contact": contact,
        "license": license_object,
    }
    info = {"title": title, "version": version} | {name: value for name, value in told.items() if value}
    schemas = Schemas()
    channels = [
        build_channel(route, read_needs(route, has_provider or is_provided), schemas)
        for route in routes
        if route.include_in_schema and has_channel(route)
    ]
    document: dict[str, Any] = {"asyncapi": VERSION, "info": info, "channels": {}, "operations": {}}
    security = SecuritySchemes()
    for channel in channels:
        security.add(channel.schemes)
    keys = security.keys()
    for name, channel in zip(name_channels(channels), channels, strict=True):
        document["channels"][name] = channel.document
        document["operations"].update(_operations(name, channel, keys))
    components = {
        "schemas": schemas.fill(as_draft7),
        "securitySchemes": {key: describe_scheme(found) for key, found in security.components().items()},
    }
    for channel in channels:
        list_choices(channel, components["schemas"])
    used = {name: content for name, content in components.items() if content}
    if used:
        document["components"] = used
    copied: dict[str, Any] = copy_json(document)
    return copied


def name_channels(channels: list[Channel]) -> list[str]:
    """Return a name for each channel: its route's, with the path too where several routes have it."""
    counts = Counter(channel.name for channel in channels)
    names: list[str] = []
    taken = {name for name, count in counts.items() if count == 1}
    for channel in channels:
        path = re.sub(r"[^A-Za-z0-9]+", "_", channel.path).strip("_")
        name = channel.name if counts[channel.name] == 1 else f"{channel.name}_{path}"
        number, chosen = 1, name
        while chosen in names or (chosen in taken and chosen != channel.name):
            number += 1
            chosen = f"{name}_{number}"
        names.append(chosen)
    return names


def _operations(name: str, channel: Channel, keys: Mapping[tuple[str, str], str]) -> dict[str, dict[str, Any]]:
    """Return the operations of a channel: `chat_receive` for what clients send, `chat_send` for what they get."""
    place = f"#/channels/{name}"
    security = [_requirement(scheme, channel.scopes, keys) for scheme in channel.schemes]
    return {
        f"{name}_{action}": {
            "action": action,
            "channel": {"$ref": place},
            **more,
            "messages": [{"$ref": f"{place}/messages/{message}"} for message in channel.messages[action]],
            **({"security": security} if security else {}),
        }
        for action, more in channel.operations.items()
    }


def _requirement(scheme: Scheme, scopes: list[str], keys: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """Return a scheme as an operation asks for it: scopes are a part of it (Security Scheme Object)."""
    if scopes and scheme.document.get("type") in SCOPED:
        return describe_scheme(scheme.document) | {"scopes": scopes}
    return {"$ref": f"#/components/securitySchemes/{keys[scheme.identity]}"}


def describe_scheme(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a security scheme of OpenAPI in the words of AsyncAPI."""
    found = dict(document)
    if found.get("type") == "apiKey":
        found["type"] = "httpApiKey"
    elif found.get("type") == "mutualTLS":
        found["type"] = "X509"
    elif found.get("type") == "oauth2":
        found["flows"] = {name: _flow(flow) for name, flow in found["flows"].items()}
    return found


def _flow(flow: Mapping[str, Any]) -> dict[str, Any]:
    return {"availableScopes" if name == "scopes" else name: value for name, value in flow.items()}

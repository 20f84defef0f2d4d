"""From an OpenAPI document to the description of a client."""

from __future__ import annotations

from typing import Any

from hawkapi.openapi.codegen._document import Document, below, object_at, sequence_at, text_at
from hawkapi.openapi.codegen._operations import Operations
from hawkapi.openapi.codegen._schemas import Schemas
from hawkapi.openapi.codegen.ir import ClientIR

__all__ = ["build_client_ir"]


def build_client_ir(spec: object) -> ClientIR:
    """Describe a client for an OpenAPI 3.0 or 3.1 document.

    Args:
        spec: the document, as JSON or YAML have been read: objects are dictionaries.

    Raises:
        UnusableSpecError: the document is none, or something in it has no meaning; the sentence names the place.
    """
    document = Document(spec)
    info = object_at(document.root.get("info"), "#/info")
    schemas = Schemas(document)
    schemas.define()
    operations = tuple(Operations(document, schemas).all())
    return ClientIR(
        title=text_at(info.get("title"), "#/info/title") or "API",
        version=str(info.get("version") or "0"),
        base_url=_base_url(document),
        schemas=schemas.all(),
        operations=operations,
    )


def _base_url(document: Document) -> str | None:
    servers = sequence_at(document.root.get("servers"), "#/servers")
    if not servers:
        return None
    place = "#/servers/0"
    server: dict[str, Any] = object_at(servers[0], place)
    url = text_at(server.get("url"), below(place, "url"))
    for name, variable in object_at(server.get("variables"), below(place, "variables")).items():
        default = object_at(variable, below(place, "variables", name)).get("default", "")
        url = url and url.replace(f"{{{name}}}", str(default))
    return url

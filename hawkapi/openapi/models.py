"""OpenAPI objects as classes, for who writes a document, or a part of one, by hand.

They are written with the names of the specification (`Parameter.location` as `in`, `Schema.ref` as `$ref`), and without
what was not said; what OpenAPI 3.1 requires is always written::

    from hawkapi.codec import encode
    from hawkapi.openapi.models import Info, OpenAPISpec

    encode(OpenAPISpec(info=Info("Books", "1.0")))  # {"openapi":"3.1.0","info":{"title":"Books","version":"1.0"},...}

`generate_openapi` makes its documents of plain dicts, which are not checked against these classes. Each object belongs
to whoever made it.
"""

from __future__ import annotations

from typing import Any

from hawkapi.codec.struct import Struct, field

__all__ = [
    "Components",
    "Contact",
    "ExternalDocs",
    "Info",
    "License",
    "MediaType",
    "OpenAPISpec",
    "Operation",
    "Parameter",
    "PathItem",
    "RequestBody",
    "Response",
    "Schema",
    "Server",
    "ServerVariable",
    "Tag",
]

type SchemaLike = Schema | dict[str, Any]


def always(value: Any) -> Any:
    """Return a field that is written also when it has its default, because the specification requires it."""
    return field(default_factory=lambda: value)


class Contact(Struct, omit_defaults=True):
    """Who answers questions (OpenAPI 3.1, section 4.8.3)."""

    name: str | None = None
    url: str | None = None
    email: str | None = None


class License(Struct, omit_defaults=True):
    """Under which terms the API is (section 4.8.4)."""

    name: str = always("")
    url: str | None = None
    identifier: str | None = None


class Info(Struct, omit_defaults=True, rename="camel"):
    """What the API is (section 4.8.2)."""

    title: str = always("HawkAPI")
    version: str = always("0.1.0")
    description: str | None = None
    contact: Contact | None = None
    license: License | None = None
    summary: str | None = None
    terms_of_service: str | None = None


class ServerVariable(Struct, omit_defaults=True):
    """A part of a server's URL (section 4.8.6)."""

    default: str = always("")
    description: str | None = None
    enum: list[str] | None = None


class Server(Struct, omit_defaults=True):
    """Where the API is (section 4.8.5)."""

    url: str = always("/")
    description: str | None = None
    variables: dict[str, ServerVariable] | None = None


class ExternalDocs(Struct, omit_defaults=True):
    """Where more is written (section 4.8.22)."""

    url: str = always("")
    description: str | None = None


class Schema(Struct, omit_defaults=True, rename="camel"):
    """What a value is (section 4.8.24); what is not here goes into a dict, which is taken wherever a schema is."""

    type: str | list[str] | None = None
    format: str | None = None
    title: str | None = None
    description: str | None = None
    default: Any = None
    enum: list[Any] | None = None
    items: SchemaLike | None = None
    properties: dict[str, SchemaLike] | None = None
    required: list[str] | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    all_of: list[SchemaLike] | None = None
    any_of: list[SchemaLike] | None = None
    one_of: list[SchemaLike] | None = None
    ref: str | None = field(default=None, name="$ref")
    nullable: bool | None = None
    """A word of OpenAPI 3.0; in 3.1 `type` is `["string", "null"]`."""
    additional_properties: bool | SchemaLike | None = None


class MediaType(Struct, omit_defaults=True):
    """A body of one media type (section 4.8.14)."""

    schema: SchemaLike | None = None
    example: Any = None
    examples: dict[str, Any] | None = None


class RequestBody(Struct, omit_defaults=True):
    """What a client sends (section 4.8.13); required unless something else is said."""

    content: dict[str, MediaType] = field(default_factory=dict[str, MediaType])
    required: bool = always(True)
    description: str | None = None


class Parameter(Struct, omit_defaults=True):
    """What comes from path, query, header fields or cookies (section 4.8.12)."""

    name: str = always("")
    location: str = field(default_factory=lambda: "query", name="in")
    required: bool = False
    schema: SchemaLike | None = None
    description: str | None = None
    example: Any = None
    deprecated: bool = False


class Response(Struct, omit_defaults=True):
    """What a client gets (section 4.8.17)."""

    description: str = always("")
    content: dict[str, MediaType] | None = None
    headers: dict[str, Any] | None = None


class Operation(Struct, omit_defaults=True, rename="camel"):
    """One method of a path (section 4.8.10)."""

    summary: str | None = None
    description: str | None = None
    operation_id: str | None = None
    tags: list[str] | None = None
    parameters: list[Parameter] | None = None
    request_body: RequestBody | None = None
    responses: dict[str, Response] | None = None
    deprecated: bool | None = None
    security: list[dict[str, list[str]]] | None = None
    callbacks: dict[str, dict[str, PathItem]] | None = None
    external_docs: ExternalDocs | None = None


class PathItem(Struct, omit_defaults=True):
    """One path (section 4.8.9)."""

    get: Operation | None = None
    post: Operation | None = None
    put: Operation | None = None
    patch: Operation | None = None
    delete: Operation | None = None
    head: Operation | None = None
    options: Operation | None = None
    summary: str | None = None
    description: str | None = None
    trace: Operation | None = None
    parameters: list[Parameter] | None = None


class Tag(Struct, omit_defaults=True, rename="camel"):
    """What a tag stands for (section 4.8.22)."""

    name: str = always("")
    description: str | None = None
    external_docs: ExternalDocs | None = None


class Components(Struct, omit_defaults=True, rename="camel"):
    """What other parts refer to (section 4.8.7)."""

    schemas: dict[str, SchemaLike] | None = None
    security_schemes: dict[str, dict[str, Any]] | None = None
    parameters: dict[str, Parameter] | None = None
    responses: dict[str, Response] | None = None


class OpenAPISpec(Struct, omit_defaults=True, rename="camel"):
    """A document (section 4.8.1)."""

    openapi: str = always("3.1.0")
    info: Info = field(default_factory=Info)
    paths: dict[str, PathItem] = field(default_factory=dict[str, PathItem])
    servers: list[Server] | None = None
    tags: list[Tag] | None = None
    components: Components | None = None
    webhooks: dict[str, PathItem] | None = None
    security: list[dict[str, list[str]]] | None = None
    external_docs: ExternalDocs | None = None

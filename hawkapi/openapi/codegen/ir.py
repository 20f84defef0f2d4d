"""What a client is made of, independent of the language it is written in.

Names are those of the wire; generators make identifiers of them. Types are text as Python writes it, of `str`, `int`,
`float`, `bool`, `bytes`, `None`, `Any`, `list[...]`, `dict[str, ...]`, `Literal[...]`, `A | B` and the names of
schemas; `Upload` is a file in a form. Wherever a type stands there is a second, `exact`, for generators: it keeps the
unions of several types that `type_str` calls `Any`, and is empty where both are the same.

All classes are immutable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["SENTINEL", "ClientIR", "FieldIR", "OperationIR", "ParamIR", "SchemaIR"]

SENTINEL: Final[Any] = object()
"""The default of what has none: it is required."""

type Scalar = str | int | float | bool | None
type BodyKind = Literal["json", "form", "multipart", "text", "bytes"]
type ResponseKind = Literal["json", "text", "bytes", "none"]
type Encoding = Literal["repeat", "comma", "space", "pipe", "deep", "json"]
"""How a parameter that is no scalar becomes text (OpenAPI 3.1, section 4.8.12.3): the pair repeated for each item, one
value with commas, spaces or bars in it, `name[key]` for each member, or JSON."""


@dataclass(frozen=True, slots=True)
class FieldIR:
    """A member of an object."""

    name: str
    type_str: str
    required: bool
    default: Any = SENTINEL
    description: str | None = None
    exact: str = ""


@dataclass(frozen=True, slots=True)
class ParamIR:
    """A parameter of an operation."""

    name: str
    type_str: str
    required: bool
    default: Any = SENTINEL
    description: str | None = None
    exact: str = ""
    encoding: Encoding = "repeat"


@dataclass(frozen=True, slots=True)
class SchemaIR:
    """A type with a name: an object, an enumeration, or another name of a type."""

    name: str
    """An identifier: what stands in the document is made one."""
    kind: Literal["struct", "alias", "enum"]
    fields: tuple[FieldIR, ...] = ()
    alias_of: str | None = None
    enum_values: tuple[Scalar, ...] = ()
    description: str | None = None
    exact: str = ""


@dataclass(frozen=True, slots=True)
class OperationIR:
    """A method of a path."""

    operation_id: str
    method: str
    """In lower case."""
    path: str
    """The template, as in the document."""
    path_params: tuple[ParamIR, ...] = ()
    query_params: tuple[ParamIR, ...] = ()
    header_params: tuple[ParamIR, ...] = ()
    body_type: str | None = None
    response_type: str | None = None
    """`None` where a successful response has no content."""
    summary: str | None = None
    description: str | None = None
    cookie_params: tuple[ParamIR, ...] = ()
    body_kind: BodyKind = "json"
    body_media_type: str = "application/json"
    body_required: bool = False
    exact_body: str = ""
    response_kind: ResponseKind = "json"
    accept: str = ""
    """The media type of the response, empty where it is not known."""
    exact_response: str = ""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class ClientIR:
    """A whole client."""

    title: str
    version: str
    base_url: str | None = None
    """The first server of the document, with the defaults of its variables."""
    schemas: tuple[SchemaIR, ...] = ()
    operations: tuple[OperationIR, ...] = ()

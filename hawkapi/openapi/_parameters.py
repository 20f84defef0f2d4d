"""Parameter objects (OpenAPI 3.1, section 4.8.12): what comes from path, query, header fields and cookies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hawkapi.codec import Description, Kind
from hawkapi.codec._model import MISSING, Field
from hawkapi.codec.schema import as_json
from hawkapi.openapi._needs import Needs
from hawkapi.openapi._schemas import Schema, Schemas, default_as_json, is_required, pydantic_members
from hawkapi.params._extract import Default
from hawkapi.params._signature import TEXTS, HandlerParameter, Source
from hawkapi.params.markers import ParamMarker
from hawkapi.routing._parse import Parameter

OF_CONVERTERS: Final[dict[str, Schema]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "uuid": {"type": "string", "format": "uuid"},
}
"""What a path template says of a value; of all others, that it is text."""


def build_parameters(needs: Needs, schemas: Schemas) -> list[dict[str, Any]]:
    """Return the parameters of an operation: of the path from left to right, then as they are met.

    What several ask for is one parameter: as the first says, and required if one of them requires it.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    hidden: set[tuple[str, str]] = set()
    for item in needs.parameters:
        if item.source not in TEXTS:
            continue
        for parameter in _written(item, needs, schemas):
            key = (parameter["in"], parameter["name"])
            if item.marker is not None and not item.marker.include_in_schema and item.source is not Source.PATH:
                hidden.add(key)
            elif parameter["required"]:
                found.setdefault(key, parameter)["required"] = True
            else:
                found.setdefault(key, parameter)
    path = [_of_path(segment, found) for segment in needs.template.segments if isinstance(segment, Parameter)]
    others = [parameter for key, parameter in found.items() if key[0] != "path" and key not in hidden]
    return [*path, *others]


def _of_path(segment: Parameter, found: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    """Return the parameter of a segment; nobody has to ask for it, but every client has to send it."""
    return found.get(("path", segment.name)) or _parameter(
        segment.name, Source.PATH, True, OF_CONVERTERS.get(segment.converter.name, {"type": "string"}).copy()
    )


def _written(item: HandlerParameter, needs: Needs, schemas: Schemas) -> Iterator[dict[str, Any]]:
    description = item.description
    if item.many or description.is_scalar or description.kind is Kind.ANY:
        schema = _schema_of(item, needs, schemas)
        required = item.source is Source.PATH or is_required(item.default)
        yield _parameter(item.wire_name, item.source, required, schema, item.marker)
    else:
        yield from _of_model(item, schemas)


def _schema_of(item: HandlerParameter, needs: Needs, schemas: Schemas) -> Schema:
    more = schema_words(item.marker)
    default = default_as_json(item.default, item.description)
    if default is not MISSING:
        more["default"] = default
    if item.description.kind is not Kind.ANY:
        return schemas.of(item.description, more)
    # Nothing was said of the type: it is the text, or what the path template makes of it.
    segments = (part for part in needs.template.segments if isinstance(part, Parameter))
    kinds = {part.name: part.converter.name for part in segments} if item.source is Source.PATH else {}
    if default is None:
        return {"anyOf": [{"type": "string"}, {"type": "null"}], **more}
    return {**OF_CONVERTERS.get(kinds.get(item.wire_name, "str"), {"type": "string"}), **more}


def schema_words(marker: ParamMarker | None) -> Schema:
    """Return what a marker adds to the schema."""
    words: Schema = {}
    if marker is not None and marker.title is not None:
        words["title"] = marker.title
    examples = [as_json(example) for example in (marker.examples or () if marker is not None else ())]
    known = [example for example in examples if example is not MISSING]
    return words | ({"examples": known} if known else {})


def _parameter(
    name: str, source: Source, required: bool, schema: Schema, marker: ParamMarker | None = None
) -> dict[str, Any]:
    parameter: dict[str, Any] = {"name": name, "in": source.value, "required": required, "schema": schema}
    if marker is not None:
        if marker.description is not None:
            parameter["description"] = marker.description
        if marker.deprecated:
            parameter["deprecated"] = True
        parameter.update(example_of(marker))
    return parameter


def example_of(marker: ParamMarker | None) -> dict[str, Any]:
    """Return `{"example": ...}` where a marker has one that JSON has a form for, or its named `examples`."""
    if marker is None:
        return {}
    named = as_json(marker.openapi_examples or {})
    if named and named is not MISSING:
        return {"examples": named}
    if marker.example is ...:
        return {}
    example = as_json(marker.example)
    return {} if example is MISSING else {"example": example}


def _of_model(item: HandlerParameter, schemas: Schemas) -> Iterator[dict[str, Any]]:
    """Yield a parameter for each member of a model, or the one of a model that takes whatever there is."""
    model = inner_of(item.description)
    if model.kind is Kind.DICT:
        parameter = _parameter(item.wire_name, item.source, False, schemas.of(model), item.marker)
        yield parameter | ({"style": "form", "explode": True} if item.source is Source.QUERY else {})
        return
    # A model with a default is made of its members only where one of them is sent.
    needed = is_required(item.default)
    for name, schema, required in members_of(model, schemas):
        wire_name = name.replace("_", "-").lower() if item.source is Source.HEADER else name
        parameter = _parameter(wire_name, item.source, required and needed, schema)
        if item.marker is not None and item.marker.deprecated:
            parameter["deprecated"] = True
        yield parameter


def inner_of(description: Description) -> Description:
    """Return the type beside `None`."""
    return description.item if description.kind is Kind.OPTIONAL and description.item is not None else description


def members_of(model: Description, schemas: Schemas) -> list[tuple[str, Schema, bool]]:
    """Return name, schema and whether it is required, of each member of a model that is made of texts."""
    if model.kind is Kind.PYDANTIC:
        members, required = pydantic_members(model.type)
        return [(name, schema, name in required) for name, schema in members.items()]
    return [(field.encoded or field.name, _member(field, schemas), field.required) for field in model.fields]


def _member(field: Field, schemas: Schemas) -> Schema:
    if field.may_be_absent:
        return schemas.of(field.description)
    factory = None if field.default_factory is MISSING else field.default_factory
    if factory is None and field.default is MISSING:
        return schemas.of(field.description)
    default = default_as_json(Default(field.default, factory), field.description)
    return schemas.of(field.description, {} if default is MISSING else {"default": default})

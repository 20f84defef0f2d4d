"""Request bodies (OpenAPI 3.1, section 4.8.13): JSON and MessagePack, or the two kinds of forms."""

from __future__ import annotations

from typing import Any, Final

from hawkapi.codec import Kind
from hawkapi.codec._model import MISSING
from hawkapi.codec._msgpack import CONTENT_TYPE as MSGPACK
from hawkapi.http.media_types import MULTIPART, URLENCODED
from hawkapi.openapi._parameters import example_of, inner_of, members_of, schema_words
from hawkapi.openapi._schemas import Schema, Schemas, default_as_json, is_required, pydantic_members
from hawkapi.params._signature import HandlerParameter, Source
from hawkapi.params.markers import File

JSON: Final = "application/json"
UPLOAD: Final[Schema] = {"type": "string", "format": "binary"}
FORM_SOURCES: Final = frozenset({Source.FORM, Source.FORM_DATA})


def build_request_body(parameters: tuple[HandlerParameter, ...], schemas: Schemas) -> dict[str, Any] | None:
    """Return the body that parameters are read from, or `None` where none is read."""
    body = [item for item in parameters if item.source is Source.BODY]
    if body:
        return _json_body(body, schemas)
    form = [item for item in parameters if item.source in FORM_SOURCES]
    return _form_body(form, schemas) if form else None


def _json_body(items: list[HandlerParameter], schemas: Schemas) -> dict[str, Any]:
    names = {item.wire_name for item in items}
    first = items[0]
    is_whole = len(names) == 1 and not any(item.embedded for item in items)
    if is_whole:
        media: dict[str, Any] = {"schema": _schema_of(first, schemas), **example_of(first.marker)}
    else:
        media = {"schema": _object_of(items, schemas), **_example_of_members(items)}
    found: dict[str, Any] = {}
    if is_whole and first.marker is not None and first.marker.description is not None:
        found["description"] = first.marker.description
    found["required"] = any(is_required(item.default) for item in items)
    found["content"] = {JSON: media, MSGPACK: dict(media)}
    return found


def _schema_of(item: HandlerParameter, schemas: Schemas) -> Schema:
    more = schema_words(item.marker)
    default = default_as_json(item.default, item.description)
    if default is not MISSING:
        more["default"] = default
    return schemas.of(item.description, more)


def _object_of(items: list[HandlerParameter], schemas: Schemas) -> Schema:
    """Return the schema of an object whose members are parameters."""
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for item in items:
        if item.wire_name not in properties:
            properties[item.wire_name] = _member_of(item, schemas)
        if is_required(item.default) and item.wire_name not in required:
            required.append(item.wire_name)
    return _object(properties, required)


def _object(properties: dict[str, Schema], required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    return schema | ({"required": required} if required else {})


def _member_of(item: HandlerParameter, schemas: Schemas) -> Schema:
    if is_file(item):
        schema = {"type": "array", "items": dict(UPLOAD)} if item.many else dict(UPLOAD)
    elif item.source is Source.FORM and item.description.kind is Kind.ANY:
        schema = {"type": "string"}
    else:
        schema = _schema_of(item, schemas)
    return _with_words(schema, item, schemas)


def _with_words(schema: Schema, item: HandlerParameter, schemas: Schemas) -> Schema:
    """Say of a member what a parameter object would say beside its schema."""
    words: Schema = {}
    if item.marker is not None and item.marker.description is not None:
        words["description"] = item.marker.description
    if item.marker is not None and item.marker.deprecated:
        words["deprecated"] = True
    schemas.add(schema, words)
    return schema


def _example_of_members(items: list[HandlerParameter]) -> dict[str, Any]:
    """Return the example of an object where each member that is required has one."""
    examples = {item.wire_name: example_of(item.marker) for item in items}
    if any("example" not in examples[item.wire_name] for item in items if is_required(item.default)):
        return {}
    found = {name: example["example"] for name, example in examples.items() if "example" in example}
    return {"example": found} if found else {}


def is_file(item: HandlerParameter) -> bool:
    """Whether a parameter takes what was uploaded."""
    return item.uploads or isinstance(item.marker, File)


def _form_body(items: list[HandlerParameter], schemas: Schemas) -> dict[str, Any]:
    fields = [item for item in items if item.source is Source.FORM]
    models = [item for item in fields if _is_model(item)]
    needed = any(_needs_a_field(item) if item in models else is_required(item.default) for item in fields)
    if len(models) == len(fields) == 1:
        schema = schemas.of(inner_of(models[0].description))
    else:
        schema = _form_of([item for item in fields if item not in models], models, schemas)
    media: dict[str, Any] = {"schema": schema, **_example_of_members([item for item in fields if item not in models])}
    # Only a multipart form can hold a file.
    types = [MULTIPART] if any(is_file(item) for item in fields) else [URLENCODED, MULTIPART]
    return {"required": needed, "content": {name: dict(media) for name in types}}


def _form_of(fields: list[HandlerParameter], models: list[HandlerParameter], schemas: Schemas) -> Schema:
    """Return the schema of a form whose fields are parameters and the members of models."""
    schema = _object_of(fields, schemas)
    required: list[str] = schema.pop("required", [])
    for item in models:
        for name, member, is_needed in members_of(inner_of(item.description), schemas):
            schema["properties"].setdefault(name, member)
            if is_needed and is_required(item.default) and name not in required:
                required.append(name)
    if not schema["properties"]:
        return {"type": "object"}
    return schema | ({"required": required} if required else {})


def _needs_a_field(item: HandlerParameter) -> bool:
    """Whether a model cannot be made of a form without fields."""
    model = inner_of(item.description)
    if model.kind is Kind.PYDANTIC:
        return is_required(item.default) and bool(pydantic_members(model.type)[1])
    return is_required(item.default) and any(field.required for field in model.fields)


def _is_model(item: HandlerParameter) -> bool:
    """Whether a parameter is made of the fields of a form."""
    description = item.description
    return not (is_file(item) or item.many or description.is_scalar or description.kind is Kind.ANY)

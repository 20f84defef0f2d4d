"""What schemathesis is taught: MessagePack, and where what it sends or expects is not what the document says.

Every exception is as narrow as it can be said, and has its reason.
"""

from __future__ import annotations

import json
import math
import re
from functools import partial
from typing import Any, cast

import msgpack
import schemathesis
from schemathesis.specs.openapi.adapter import responses

MSGPACK = "application/msgpack"
BOOLEANS = {"1", "0", "yes", "no", "on", "off", "t", "f", "y", "n"}
"""What booleans may be as text besides `true` and `false` (docs/guide/codec.md); this tool knows it of queries only."""
COMPONENTS = "#/components/schemas/"
SENT = "AsSent"
"""What the names of schemas end in that are for requests only."""
MULTIPART = "multipart/form-data"
FORMS = {"application/x-www-form-urlencoded", MULTIPART}
COOKIE = re.compile(r'(?![ \t"])[^;]*(?<![ \t])')
CONTROL = re.compile("[\x00-\x1f\x7f]")

# COMPAT: schemathesis 4.32.5 gives tuples in responses the keywords of a draft that it does not validate them by: those
# of components it does not look into, and those elsewhere it calls invalid.
responses.to_json_schema = partial(responses.to_json_schema, convert_prefix_items=False)


@schemathesis.serializer("application/json")
def write_json(ctx: schemathesis.SerializationContext, value: Any) -> bytes:
    """Return a generated body as it is sent, with numbers as hawkapi reads them."""
    return value if isinstance(value, bytes) else json.dumps(_with_integers(value, math.inf), allow_nan=False).encode()


@schemathesis.serializer(MSGPACK)
def write_msgpack(ctx: schemathesis.SerializationContext, value: Any) -> bytes:
    """Return a generated body as it is sent, by a library that shares nothing with hawkapi."""
    return bytes(msgpack.packb(_with_integers(value, 2**63)))


@schemathesis.deserializer(MSGPACK)
def read_msgpack(ctx: schemathesis.DeserializationContext, response: schemathesis.Response) -> Any:
    """Return the body of a response as it is compared with its schema."""
    return msgpack.unpackb(response.content, strict_map_key=False)


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """Leave out what cannot be sent, or is something else when it arrives."""
    if case.media_type == MSGPACK and not _fits_msgpack(case.body):
        return False
    # An object would be written as its names under the parameter's name, which is what a list of texts looks like.
    if any(isinstance(value, dict) for value in case.query.values()):
        return False
    # A semicolon ends the value of a cookie; white space and quotes around it are no part of it (http/cookies.py).
    if any(isinstance(value, str) and COOKIE.fullmatch(value) is None for value in case.cookies.values()):
        return False
    if case.media_type not in FORMS or not isinstance(case.body, dict):
        return True
    # Nothing is sent for an empty list or for null (schemathesis sends "null"), and what is sent once is a list of one.
    body = cast("dict[str, Any]", case.body)
    if any(value in ([], None) for value in body.values()):
        return False
    # The header of a part cannot have control characters.
    if case.media_type == MULTIPART and any(CONTROL.search(name) for name in body):
        return False
    if any(str(body[name]).lower() in BOOLEANS for name in body.keys() & _fields_of_type(case, "boolean")):
        return False
    # Whatever is sent for a text is one; where there are files, this tool cannot tell.
    if any(not isinstance(body[name], str) for name in body.keys() & _fields_of_type(case, "string")):
        return False
    if any(not isinstance(body[name], list) for name in body.keys() & _fields_of_type(case, "array")):
        return False
    several = body.keys() & _fields_of_type(case, "array", of="string")
    return all(isinstance(item, str) for name in several for item in body[name])


def _fields_of_type(case: schemathesis.Case, kind: str, of: str | None = None) -> set[str]:
    """Return the names of the fields of a form that have a type, or are lists of another."""
    content = case.operation.definition.raw["requestBody"]["content"]
    schema = content[case.media_type]["schema"]
    if "$ref" in schema:
        components = case.operation.schema.raw_schema["components"]
        schema = components["schemas"][schema["$ref"].rpartition("/")[2]]
    members = schema.get("properties", {}).items()
    return {
        name
        for name, member in members
        for one in member.get("anyOf", [member])
        if one.get("type") == kind and (of is None or one["items"].get("type") == of)
    }


def _with_integers(value: Any, end: float) -> Any:
    """Return a value with 1 for 1.0, which is the same to JSON Schema; to hawkapi 1.0 is no integer (codec.md).

    Only what is written is changed: a body that a hook changes is judged again, and judged wrong where it has bytes.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < end:
        return int(value)
    if isinstance(value, list):
        return [_with_integers(item, end) for item in value]
    if isinstance(value, dict):
        return {name: _with_integers(item, end) for name, item in value.items()}
    return value


def _fits_msgpack(value: Any) -> bool:
    """Whether MessagePack has a form for a value: it has none for integers beyond 64 bits."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    if isinstance(value, list):
        return all(map(_fits_msgpack, value))
    return not isinstance(value, dict) or all(map(_fits_msgpack, cast("dict[str, Any]", value).values()))


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Say what only this tool has to be told; with what the document says of responses these are compared."""
    schemas = raw_schema["components"]["schemas"]
    schemas |= {name + SENT: _as_sent(schema) for name, schema in schemas.items()}
    for item in raw_schema["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _as_sent(parameter["schema"])
                if parameter["in"] in {"header", "cookie"}:
                    _without_null(parameter["schema"])
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"] = _as_sent(content["schema"])
    _leave_durations_to_patterns(raw_schema)


def _without_null(schema: dict[str, Any]) -> None:
    """Take `null` out of what may be sent as text.

    SPEC: a value that is null is not sent (RFC 6570, section 2.3, which OpenAPI refers to); schemathesis sends "null".
    """
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if choices:
        schema["anyOf"] = choices


def _as_sent(value: Any) -> Any:
    """Return a schema that says what is read of decimals and sets; the document says how they are to be written.

    Decimals may be numbers, and sets may have an item twice (docs/guide/codec.md).
    """
    if isinstance(value, list):
        return [_as_sent(item) for item in value]
    if isinstance(value, str) and value.startswith(COMPONENTS):
        return value + SENT
    if not isinstance(value, dict):
        return value
    schema = {name: _as_sent(item) for name, item in cast("dict[str, Any]", value).items()}
    if schema.get("format") == "decimal" and schema.get("type") == "string":
        schema["type"] = ["string", "number"]
    if schema.get("uniqueItems") is True:
        del schema["uniqueItems"]
    return schema


def _leave_durations_to_patterns(value: Any) -> None:
    """Take a format away that is too narrow; the pattern beside it says all.

    A `timedelta` has a sign and fractions of seconds.

    SPEC: ISO 8601-2 allows both, RFC 3339, which defines the format, neither.
    """
    if isinstance(value, list):
        for item in value:
            _leave_durations_to_patterns(item)
    elif isinstance(value, dict):
        schema = cast("dict[str, Any]", value)
        if schema.get("format") == "duration" and "pattern" in schema:
            del schema["format"]
        for item in schema.values():
            _leave_durations_to_patterns(item)

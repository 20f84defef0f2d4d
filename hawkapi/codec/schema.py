"""JSON Schema (2020-12) of described types: one implementation, so both codecs document the same API.

Classes become components, which schemas refer to; everything else is written in place. What JSON Schema cannot say
(the bounds of a decimal that is sent as text, offsets of times) is left out.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Hashable, Sequence
from typing import Any, Final, final

from hawkapi.codec._encoder import build_encoder
from hawkapi.codec._model import ARRAY_KINDS, MEMBER_KINDS, MISSING, Constraints, Description, Field, Kind
from hawkapi.codec._pydantic_results import json_schema
from hawkapi.codec._schema_names import key_of, name_components, title_of
from hawkapi.codec._schema_refs import hoist

__all__ = ["DEFS_REF", "OPENAPI_REF", "as_json", "build_schema"]

type Schema = dict[str, Any]

OPENAPI_REF: Final = "#/components/schemas/{name}"
"""Where OpenAPI documents keep components."""
DEFS_REF: Final = "#/$defs/{name}"
"""Where a schema on its own keeps them."""

DURATION: Final = r"^[+-]?P(?=[0-9T])([0-9]{1,8}D)?(T(?=[0-9])([0-9]{1,9}H)?([0-9]{1,9}M)?([0-9]{1,9}(\.[0-9]+)?S)?)?$"
"""What `read_duration` reads of ISO 8601, which has years and months too, and of ISO 8601-2, which has signs."""
DECIMAL: Final = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,17})?$"
"""What `read_decimal` reads; no standard says what the format `decimal` is."""
_NUMBERS: Final = {Kind.INT: r"^-?[0-9]+$", Kind.FLOAT: r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"}
"""How the names of members spell numbers."""

_SIMPLE: Final[dict[Kind, Schema]] = {
    Kind.ANY: {},
    Kind.NONE: {"type": "null"},
    Kind.BOOL: {"type": "boolean"},
    Kind.INT: {"type": "integer"},
    Kind.FLOAT: {"type": "number"},
    Kind.STR: {"type": "string"},
    # COMPAT: `format` is what OpenAPI 3.0 tools look for.
    Kind.BYTES: {"type": "string", "format": "binary", "contentEncoding": "base64"},
    Kind.DATETIME: {"type": "string", "format": "date-time"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.TIME: {"type": "string", "format": "time"},
    Kind.TIMEDELTA: {"type": "string", "format": "duration", "pattern": DURATION},
    Kind.UUID: {"type": "string", "format": "uuid"},
    Kind.DECIMAL: {"type": "string", "format": "decimal", "pattern": DECIMAL},
}
_BOUNDS: Final = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
    "multiple_of": "multipleOf",
}
_NAMED: Final = MEMBER_KINDS | {Kind.ENUM, Kind.PYDANTIC}
_EMPTY_ARRAYS: Final = (list, tuple, set, frozenset)


def build_schema(
    descriptions: Sequence[Description], *, ref_template: str = OPENAPI_REF, as_results: bool = False
) -> tuple[list[Schema], dict[str, Schema]]:
    """Return the schema of each type, and the components that they refer to, by name.

    Descriptions that belong to one document belong in one call: names are given to all their classes together. A
    class is named `Item`, a generic one `Page_Item_`; those that would share a name have their modules in it.

    Args:
        descriptions: what `hawkapi.codec.describe` returns.
        ref_template: how to refer to a component; `{name}` stands for its name.
        as_results: write pydantic's models as they are sent, with computed members, instead of as they are read; names
            are the same.
    """
    writer = _Writer(_named_types(descriptions), ref_template, as_results)
    return [writer.write(description) for description in descriptions], writer.components()


def _named_types(descriptions: Sequence[Description]) -> dict[Hashable, Description]:
    """Return what becomes a component, in the order in which it is met: classes, and what contains itself."""
    found: dict[Hashable, Description] = {}
    visited: set[int] = set()
    path: set[int] = set()

    def visit(description: Description) -> None:
        named = description.kind in _NAMED
        if named:
            found.setdefault(key_of(description), description)
        elif id(description) in path:
            found.setdefault(id(description), description)
        if id(description) in visited:
            return
        visited.add(id(description))
        path.add(id(description))
        for child in description.children:
            visit(child)
        path.discard(id(description))

    for description in descriptions:
        visit(description)
    return found


@final
class _Writer:
    """Writes the schemas of one document."""

    def __init__(self, types: dict[Hashable, Description], ref_template: str, as_results: bool) -> None:
        self._types = types
        self._names = name_components(types)
        self._ref_template = ref_template
        self._as_results = as_results

    def components(self) -> dict[str, Schema]:
        """Return every component, by name."""
        models = {name: types for name, types in self._named() if types.kind is Kind.PYDANTIC}
        own = {name: self._component(types) for name, types in self._named() if name not in models}
        schemas = {
            name: json_schema(description.type, as_result=self._as_results) for name, description in models.items()
        }
        return own | hoist(schemas, own, self._ref)

    def _named(self) -> list[tuple[str, Description]]:
        return [(self._names[key], description) for key, description in self._types.items()]

    def write(self, description: Description) -> Schema:
        """Return the schema of a type: a reference for what is a component."""
        name = self._name(description)
        schema = self._in_place(description) if name is None else {"$ref": self._ref(name)}
        _add_words(schema, description)
        return schema

    def _name(self, description: Description) -> str | None:
        if description.kind in _NAMED:
            return self._names[key_of(description)]
        return self._names.get(id(description))

    def _ref(self, name: str) -> str:
        return self._ref_template.replace("{name}", name)

    def _in_place(self, description: Description) -> Schema:
        kind = description.kind
        if kind is Kind.OPTIONAL:
            return self._optional(description)
        if kind is Kind.UNION:
            return self._union(description)
        if kind is Kind.LITERAL:
            return _choices(description.values)
        if kind is Kind.FIXED_TUPLE:
            return _positions([self.write(item) for item in description.items], len(description.items))
        if kind is Kind.DICT:
            return self._dict(description)
        schema = self._array(description) if kind in ARRAY_KINDS else dict(_SIMPLE[kind])
        _add_limits(schema, description)
        return schema

    def _optional(self, description: Description) -> Schema:
        assert description.item is not None
        inner = self.write(description.item)
        choices = inner["anyOf"] if inner.keys() == {"anyOf"} else [inner]
        return {"anyOf": [*choices, {"type": "null"}]}

    def _union(self, description: Description) -> Schema:
        schema: Schema = {"anyOf": [self.write(choice) for choice in description.items]}
        fields = {choice.tag_field for choice in description.items}
        tag_field = fields.pop()
        is_object = not any(choice.array_like for choice in description.items)
        if not fields and tag_field is not None and is_object:
            pairs = [(choice.tag, self._name(choice)) for choice in description.items]
            mapping = {str(tag): self._ref(name) for tag, name in pairs if name is not None}
            schema["discriminator"] = {"propertyName": tag_field, "mapping": mapping}
        return schema

    def _array(self, description: Description) -> Schema:
        assert description.item is not None
        schema: Schema = {"type": "array"}
        if description.item.kind is not Kind.ANY:
            schema["items"] = self.write(description.item)
        if description.kind in {Kind.SET, Kind.FROZENSET}:
            schema["uniqueItems"] = True
        return schema

    def _dict(self, description: Description) -> Schema:
        assert description.item is not None
        assert description.key is not None
        schema: Schema = {"type": "object"}
        names = self._names_of(description.key)
        if names != {"type": "string"}:
            schema["propertyNames"] = names
        if description.item.kind is not Kind.ANY:
            schema["additionalProperties"] = self.write(description.item)
        _add_limits(schema, description)
        return schema

    def _names_of(self, key: Description) -> Schema:
        """Return the schema of the names of members. They are texts, so numbers among them are what spells these."""
        if key.kind is Kind.UNION:
            return {"anyOf": [self._names_of(choice) for choice in key.items]}
        if key.kind in _NUMBERS:
            return {"type": "string", "pattern": _NUMBERS[key.kind]}
        if any(isinstance(value, int) for value in key.values):
            # str() and int(): members of a StrEnum or an IntEnum are written as what they are.
            plain = (str.__str__(value) if isinstance(value, str) else str(int(value)) for value in key.values)
            return _choices(tuple(plain))
        return self.write(key)

    def _component(self, description: Description) -> Schema:
        """Return the schema that stands under a name."""
        if description.kind is Kind.ENUM:
            schema = _choices(description.values)
        elif description.kind is Kind.NAMED_TUPLE or description.array_like:
            schema = self._array_of_members(description)
        elif description.kind in MEMBER_KINDS:
            schema = self._object(description)
        else:
            return self._in_place(description)
        about = {"title": title_of(description.type), "description": _doc_of(description.cls)}
        return {name: value for name, value in about.items() if value is not None} | schema

    def _object(self, description: Description) -> Schema:
        properties: dict[str, Schema] = {}
        required: list[str] = []
        if description.tag_field is not None:
            properties[description.tag_field] = _choices((description.tag,))
            required.append(description.tag_field)
        for field in description.fields:
            properties[field.encoded] = self._member(field)
        required += [field.encoded for field in description.fields if field.required]
        schema: Schema = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        if description.forbid_unknown_fields:
            schema["additionalProperties"] = False
        return schema

    def _array_of_members(self, description: Description) -> Schema:
        members = [self._member(field) for field in description.fields]
        # A position cannot be left out when a later one is needed.
        least = max((index + 1 for index, field in enumerate(description.fields) if field.required), default=0)
        if description.tag_field is not None:
            members.insert(0, _choices((description.tag,)))
            least += 1
        closed = description.kind is Kind.NAMED_TUPLE or description.forbid_unknown_fields
        return _positions(members, least, closed=closed)

    def _member(self, field: Field) -> Schema:
        schema = self.write(field.description)
        if field.encoded != field.name:
            schema.setdefault("title", field.name)
        default = _default_of(field)
        if default is not MISSING:
            schema["default"] = default
        return schema


def _choices(values: tuple[Any, ...]) -> Schema:
    """Return the schema of one of a few texts and numbers."""
    kinds = {"string" if isinstance(value, str) else "integer" for value in values}
    schema: Schema = {"type": kinds.pop()} if len(kinds) == 1 else {}
    # str() and int(): members of a StrEnum or an IntEnum are written as what they are.
    plain = [str.__str__(value) if isinstance(value, str) else int(value) for value in values]
    return schema | ({"const": plain[0]} if len(plain) == 1 else {"enum": plain})


def _positions(items: list[Schema], least: int, *, closed: bool = True) -> Schema:
    schema: Schema = {"type": "array"}
    if items:  # SPEC: an empty `prefixItems` is not allowed (JSON Schema core, 10.3.1.1).
        schema["prefixItems"] = items
    if least:
        schema["minItems"] = least
    if closed:
        schema["maxItems"] = len(items)
        if items:
            schema["items"] = False
    return schema


def _add_limits(schema: Schema, description: Description) -> None:
    limits, kind = description.constraints, description.kind
    if limits is None:
        return
    if kind in {Kind.INT, Kind.FLOAT}:
        schema.update({_BOUNDS[name]: getattr(limits, name) for name in _BOUNDS if name in limits.names})
    if limits.pattern is not None:
        schema["pattern"] = limits.pattern
    _add_lengths(schema, limits, kind)


def _add_lengths(schema: Schema, limits: Constraints, kind: Kind) -> None:
    what = "Items" if kind in ARRAY_KINDS else "Properties" if kind is Kind.DICT else "Length"
    for name, word in (("min_length", "min"), ("max_length", "max")):
        length: int | None = getattr(limits, name)
        if length is not None:
            # Bytes are counted before they become base64, four letters for each three begun.
            schema[word + what] = (length + 2) // 3 * 4 if kind is Kind.BYTES else length


def _add_words(schema: Schema, description: Description) -> None:
    words = description.words
    if words is None:
        return
    for name in ("title", "description"):
        if getattr(words, name) is not None:
            schema[name] = getattr(words, name)
    if words.examples:
        examples = [as_json(example) for example in words.examples]
        schema["examples"] = [example for example in examples if example is not MISSING]
    schema.update(words.extra_json_schema or {})


def _doc_of(cls: Any) -> str | None:
    """Return what the author of a class wrote about it: nothing that was inherited or generated."""
    doc: object = cls.__dict__.get("__doc__")
    if not isinstance(doc, str) or doc.startswith(f"{cls.__name__}("):
        return None
    return inspect.cleandoc(doc) or None


def _default_of(field: Field) -> object:
    """Return a default as JSON; `MISSING` where there is none that can be shown."""
    if field.may_be_absent:
        return MISSING
    if field.default_factory is not MISSING:
        # Only what is known to do nothing else is called for a schema.
        if any(field.default_factory is known for known in _EMPTY_ARRAYS):
            return []
        return {} if field.default_factory is dict else MISSING
    return MISSING if field.default is MISSING else as_json(field.default)


def as_json(value: object) -> object:
    """Return a value as JSON has it; `MISSING` for what JSON has no form for."""
    try:
        found: object = json.loads(build_encoder()(value))
    except (TypeError, ValueError):
        return MISSING
    return found

"""From JSON Schema, as OpenAPI 3.0 and 3.1 have it, to types with names.

Every schema that is referred to, and every object with members inside another schema, gets a name. What types cannot
say (limits, patterns, `not`, `if`) is left to the server.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, cast, final

from hawkapi.openapi.codegen._document import Document, below, object_at, sequence_at, text_at
from hawkapi.openapi.codegen._names import Names, pascal_case, python_identifier
from hawkapi.openapi.codegen._types import (
    ANY,
    BUILT_IN,
    NONE,
    DictOf,
    ListOf,
    Literals,
    Named,
    Type,
    contract_spelling,
    parse_type,
    union_of,
    variants_of,
    write_type,
)
from hawkapi.openapi.codegen.errors import UnusableSpecError
from hawkapi.openapi.codegen.ir import SENTINEL, FieldIR, SchemaIR

__all__ = ["Schemas", "Spelled", "spelled"]

MAX_DEPTH: Final = 60
"""How deep schemas may lie in each other; Python reads no more than 100 brackets in each other."""
COMPONENTS: Final = ("components", "schemas")
_SIMPLE: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_RESERVED: Final = BUILT_IN | set(keyword.kwlist) | {"list", "dict", "Literal", "type"}

type Object = dict[str, Any]


class Spelled(NamedTuple):
    """The two texts of a type in the description of a client."""

    type_str: str
    exact: str


def spelled(of: Type) -> Spelled:
    """Write a type as the contract has it, and exactly where that differs."""
    short, exact = contract_spelling(of), write_type(of)
    return Spelled(short, "" if short == exact else exact)


class Member(NamedTuple):
    """A member of an object, where it is described."""

    schema: Any
    place: str


class Members(NamedTuple):
    """The members of an object, with those of what it is composed of."""

    found: dict[str, Member]
    required: set[str]


class Spot(NamedTuple):
    """Where a schema is met."""

    place: str
    hint: str
    """What an object with members that has no name of its own is called."""
    depth: int = 0
    """In how many schemas it lies."""
    in_form: bool = False
    """Whether it is the field of a form, where files are."""

    def inner(self, hint: str, *names: str | int) -> Spot:
        """Return the place of a schema in this one."""
        return Spot(below(self.place, *names), hint, self.depth + 1, self.in_form)


@final
class Schemas:
    """The schemas of one document, named as they are met."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._names = Names(_RESERVED)
        self._by_place: dict[str, str] = {}
        self._done: dict[str, SchemaIR] = {}
        self._waiting: list[tuple[str, Any, str]] = []
        self._tags: dict[str, dict[str, list[str]]] = {}
        holder = object_at(document.root.get("components"), "#/components")
        for name, schema in object_at(holder.get("schemas"), "#/components/schemas").items():
            kept = python_identifier(name, "Schema")
            first = kept if kept == name else pascal_case(name, "Schema")
            self._name(schema, below("#", *COMPONENTS, name), first, f"{first}_")

    def all(self) -> tuple[SchemaIR, ...]:
        """Return every schema that has a name, in the order in which they were met."""
        self.define()
        tagged = {name: self._with_tag(schema) for name, schema in self._done.items()}
        return tuple(_without_circle(schema, tagged) for schema in tagged.values())

    def _name(self, schema: Any, place: str, *candidates: str) -> Named:
        name = self._names.take(*candidates)
        self._by_place[place] = name
        self._waiting.append((name, schema, place))
        return Named(name)

    def define(self) -> None:
        """Define what has a name so far; so what lies in components is called after them, not after who uses it."""
        while self._waiting:
            name, schema, place = self._waiting.pop(0)
            self._done[name] = self._define(name, schema, place)

    def _define(self, name: str, schema: Any, place: str) -> SchemaIR:
        if isinstance(schema, bool):
            return SchemaIR(name, "alias", alias_of="Any")
        here = object_at(schema, place)
        words = text_at(here.get("description"), below(place, "description"))
        if self._is_struct(here, place):
            return SchemaIR(name, "struct", fields=self._fields(name, here, place), description=words)
        of = self._type(here, Spot(place, name), is_definition=True)
        if isinstance(of, Literals) and "enum" in here:
            return SchemaIR(name, "enum", enum_values=of.values, description=words)
        alias = spelled(of)
        return SchemaIR(name, "alias", alias_of=alias.type_str, exact=alias.exact, description=words)

    def type_of(self, schema: Any, place: str, hint: str) -> Type:
        """Return the type that a schema describes.

        Args:
            schema: what the document has.
            place: where it has it.
            hint: what an object with members that has no name of its own is called.

        Raises:
            UnusableSpecError: it has no meaning.
        """
        return self._type(schema, Spot(place, hint))

    def _type(self, schema: Any, spot: Spot, *, is_definition: bool = False) -> Type:
        if isinstance(schema, bool) or schema is None:
            return ANY
        if spot.depth > MAX_DEPTH:
            raise UnusableSpecError(f"schemas lie more than {MAX_DEPTH} deep in each other", spot.place)
        here = object_at(schema, spot.place)
        found = self._form(here, spot, is_definition=is_definition)
        return union_of([found, NONE]) if here.get("nullable") is True else found

    def _form(self, here: Object, spot: Spot, *, is_definition: bool) -> Type:
        """Return the type of a schema by its form; what says most comes first."""
        if "$ref" in here:
            return self._referred(here["$ref"], spot.place)
        if "enum" in here:
            return _literals(sequence_at(here["enum"], below(spot.place, "enum")))
        if "const" in here:
            return _literals([here["const"]])
        if not is_definition and self._is_struct(here, spot.place):
            known = self._by_place.get(spot.place)
            return self._name(here, spot.place, spot.hint) if known is None else Named(known)
        for key in ("oneOf", "anyOf"):
            if here.get(key):
                return self._alternatives(here, key, spot)
        if "allOf" in here:
            parts = enumerate(sequence_at(here["allOf"], below(spot.place, "allOf")))
            types = [self._type(part, spot.inner(spot.hint, "allOf", number)) for number, part in parts]
            return next((of for of in types if of != ANY), ANY)
        return self._plain(here, spot)

    def _alternatives(self, here: Object, key: str, spot: Spot) -> Type:
        variants = sequence_at(here[key], below(spot.place, key))
        types = [
            self._type(variant, spot.inner(f"{spot.hint}{number + 1}", key, number))
            for number, variant in enumerate(variants)
        ]
        self._note_tags(here, types, variants, spot.place)
        found = union_of(types)
        if found == ANY and "type" in here:
            # Variants that say no more than which limits hold.
            rest = {name: value for name, value in here.items() if name != key}
            return self._type(rest, spot.inner(spot.hint))
        return found

    def _plain(self, here: Object, spot: Spot) -> Type:
        given = here.get("type")
        kinds: list[Any] = [*cast("Sequence[Any]", given)] if isinstance(given, list) else [given]
        if given is None:
            kinds = [kind for kind, keys in _TELLING.items() if here.keys() & keys] or [None]
        return union_of(self._of_kind(kind, here, spot) for kind in kinds)

    def _of_kind(self, kind: Any, here: Object, spot: Spot) -> Type:
        if kind == "array":
            return ListOf(self._items(here, spot))
        if kind == "object":
            key = "additionalProperties"
            # Files are in forms, not in what is in them.
            return DictOf(self._type(here.get(key), spot.inner(f"{spot.hint}Value", key)._replace(in_form=False)))
        if kind in {"string", None} and spot.in_form and is_file(here):
            return Named("Upload")
        if kind is None:
            return ANY
        if kind not in _SIMPLE:
            raise UnusableSpecError(f"there is no type {kind!r}", below(spot.place, "type"))
        return Named(_SIMPLE[kind])

    def _items(self, here: Object, spot: Spot) -> Type:
        found = [
            self._type(item, spot.inner(f"{spot.hint}Item{number + 1}", "prefixItems", number))
            for number, item in enumerate(sequence_at(here.get("prefixItems"), below(spot.place, "prefixItems")))
        ]
        items = here.get("items")
        if not found or isinstance(items, dict):
            found.append(self._type(items, spot.inner(f"{spot.hint}Item", "items")))
        return union_of(found)

    def _referred(self, reference: Any, place: str) -> Type:
        target, at = self._document.target(reference, place)
        known = self._by_place.get(at)
        if known is not None:
            return Named(known)
        return self._name(target, at, pascal_case(str(reference).rpartition("/")[2], "Schema"))

    def _is_struct(self, here: Object, place: str) -> bool:
        """Whether a schema is an object with members; one that is just another name of one schema is not."""
        if "$ref" in here or "enum" in here or "const" in here:
            return False
        parts = sequence_at(here.get("allOf"), below(place, "allOf"))
        if not here.get("properties") and len(parts) < 2:
            return False
        return bool(self._members(here, place, frozenset()).found)

    def _members(self, here: Object, place: str, above: frozenset[str]) -> Members:
        """Gather the members of an object and of all that it is composed of."""
        members = Members({}, set())
        if place in above:
            return members
        for number, part in enumerate(sequence_at(here.get("allOf"), below(place, "allOf"))):
            if isinstance(part, bool):
                continue
            resolved, at = self._document.resolve(part, below(place, "allOf", number))
            inherited = self._members(resolved, at, above | {place})
            members.found.update(inherited.found)
            members.required.update(inherited.required)
        properties = object_at(here.get("properties"), below(place, "properties"))
        members.found.update(
            {name: Member(schema, below(place, "properties", name)) for name, schema in properties.items()}
        )
        members.required.update(map(str, sequence_at(here.get("required"), below(place, "required"))))
        return members

    def _fields(self, owner: str, here: Object, place: str, *, in_form: bool = False) -> tuple[FieldIR, ...]:
        members = self._members(here, place, frozenset())
        return tuple(
            self._field(owner, name, member, name in members.required, in_form=in_form)
            for name, member in members.found.items()
        )

    def _field(self, owner: str, name: str, member: Member, required: bool, *, in_form: bool) -> FieldIR:
        spot = Spot(member.place, owner + pascal_case(name, "Field"), in_form=in_form)
        of = self._type(member.schema, spot)
        schema: Object = cast("Object", member.schema) if isinstance(member.schema, dict) else {}
        words = text_at(schema.get("description"), below(member.place, "description"))
        # What only goes to the server is not in what comes from it.
        needed = required and schema.get("writeOnly") is not True
        type_str, exact = spelled(of)
        return FieldIR(name, type_str, needed, SENTINEL if needed else None, words, exact)

    def form(self, schema: Any, place: str, name: str, *, has_files: bool) -> Type:
        """Return the type of a form: an object of its own, because files are something else in a form than in JSON."""
        here, at = self._document.resolve(schema, place)
        if not self._members(here, at, frozenset()).found:
            return DictOf(ANY)
        taken = self._names.take(pascal_case(name, "Form"), f"{pascal_case(name, 'Form')}Form")
        words = text_at(here.get("description"), below(at, "description"))
        # Its fields are made at once, so that it stands before what it is made of.
        self._done[taken] = SchemaIR(taken, "struct", description=words)
        self._done[taken] = replace(self._done[taken], fields=self._fields(taken, here, at, in_form=has_files))
        return Named(taken)

    def _note_tags(self, here: Object, types: list[Type], variants: Any, place: str) -> None:
        """Remember which values of a discriminator mean which schema."""
        discriminator = object_at(here.get("discriminator"), below(place, "discriminator"))
        key = text_at(discriminator.get("propertyName"), below(place, "discriminator", "propertyName"))
        if key is None:
            return
        mapping = object_at(discriminator.get("mapping"), below(place, "discriminator", "mapping"))
        for of, variant in zip(types, variants, strict=True):
            if isinstance(of, Named) and isinstance(variant, dict):
                values = list(_values_for(cast("Object", variant).get("$ref"), mapping))
                known = self._tags.setdefault(of.name, {}).setdefault(key, [])
                known.extend(value for value in values if value not in known)

    def _with_tag(self, schema: SchemaIR) -> SchemaIR:
        """Give the members that tell variants apart the values that they have."""
        tags = self._tags.get(schema.name, {})
        return replace(schema, fields=tuple(_as_tag(field, tags.get(field.name)) for field in schema.fields))


_TELLING: Final = {"object": {"properties", "additionalProperties"}, "array": {"items", "prefixItems"}}


def is_file(here: Object) -> bool:
    """Whether a schema means bytes that are sent as they are; in OpenAPI 3.1 these have no type at all."""
    if "contentEncoding" in here:
        return False
    return here.get("format") == "binary" or "contentMediaType" in here


def _literals(values: Any) -> Type:
    simple = [value for value in values if value is None or isinstance(value, str | int)]
    others = [value for value in values if not (value is None or isinstance(value, str | int))]
    known = tuple(dict.fromkeys(value for value in simple if value is not None))
    found: list[Type] = [Literals(known)] if known else []
    found += [Named("float") if isinstance(value, float) else ANY for value in others]
    return union_of([*found, NONE] if None in simple else found)


def _values_for(reference: object, mapping: Object) -> Iterator[str]:
    """Yield the values of a discriminator that mean a schema: those of the mapping, else its name."""
    name = str(reference).rpartition("/")[2]
    found = [value for value, target in mapping.items() if target in {reference, name}]
    yield from found or [name]


def _as_tag(field: FieldIR, values: list[str] | None) -> FieldIR:
    if not values or field.type_str != "str":
        return field
    return replace(field, type_str=write_type(Literals(tuple(values))), required=True, default=SENTINEL)


def _without_circle(schema: SchemaIR, schemas: dict[str, SchemaIR]) -> SchemaIR:
    """Break a name that means, without an array or an object between, itself."""
    seen: set[str] = set()
    following = [schema.name]
    while following:
        current = schemas[following.pop()]
        if current.kind != "alias" or not current.alias_of:
            continue
        for variant in variants_of(parse_type(current.exact or current.alias_of)):
            if variant == Named(schema.name):
                return replace(schema, alias_of="Any", exact="")
            if isinstance(variant, Named) and variant.name in schemas and variant.name not in seen:
                seen.add(variant.name)
                following.append(variant.name)
    return schema

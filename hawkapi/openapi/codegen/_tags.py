"""What msgspec can read: which unions it can tell the variants of, and by which member."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, final

from hawkapi.openapi.codegen._types import (
    ANY,
    DictOf,
    ListOf,
    Literals,
    Named,
    Type,
    Union,
    parse_type,
    types_of,
    union_of,
    variants_of,
    walk,
)
from hawkapi.openapi.codegen.ir import ClientIR, SchemaIR

__all__ = ["Readable", "aliased", "without_odd_names"]

_REFUSED: Final = re.compile(r'[\x00-\x1f"\\]')
"""What msgspec does not have in the names of members."""

type Tag = tuple[str, str]
"""The name of a member, and the value that only one variant has."""


def aliased(schema: SchemaIR) -> Type:
    """Return what an alias stands for."""
    return parse_type(schema.exact or schema.alias_of or "Any")


def without_odd_names(ir: ClientIR) -> ClientIR:
    """Return a client in which objects with members of names that msgspec refuses are dictionaries."""
    return replace(ir, schemas=tuple(map(_as_dictionary, ir.schemas)))


def _as_dictionary(schema: SchemaIR) -> SchemaIR:
    if not any(_REFUSED.search(field.name) for field in schema.fields):
        return schema
    return replace(schema, kind="alias", fields=(), alias_of="dict[str, Any]", exact="")


@final
class Readable:
    """Changes the types of one client into those that msgspec reads."""

    def __init__(self, ir: ClientIR) -> None:
        self._schemas = {schema.name: schema for schema in ir.schemas}
        self._circular = frozenset(name for name in self._schemas if name in self._reached(name))
        self.tags: dict[str, Tag] = {}
        for of in types_of(ir):
            for union in walk(of):
                if isinstance(union, Union):
                    self._tag(union)

    def fit(self, of: Type, *, definition: str = "") -> Type:
        """Return a type with `Any` for unions that msgspec refuses.

        Args:
            of: the type.
            definition: the alias whose definition it is; msgspec cannot follow one that contains itself.
        """
        match of:
            case ListOf(items):
                return ListOf(self.fit(items, definition=definition))
            case DictOf(values):
                return DictOf(self.fit(values, definition=definition))
            case Union(variants):
                fitted = union_of(self.fit(variant, definition=definition) for variant in variants)
                return fitted if self._is_told_apart(fitted) else ANY
            case Named(name) if definition in self._circular and name in self._circular:
                return ANY
            case _:
                return of

    def _reached(self, name: str) -> set[str]:
        """Return the aliases that an alias contains, other than in members of objects."""
        found: set[str] = set()
        following = [name]
        while following:
            schema = self._schemas.get(following.pop())
            if schema is None or schema.kind != "alias":
                continue
            new = {inner.name for inner in walk(aliased(schema)) if isinstance(inner, Named)} - found
            found |= new
            following.extend(new)
        return found

    def _flat(self, of: Type, seen: frozenset[str] = frozenset()) -> Iterator[Type]:
        """Yield the variants of a type, with those of aliases in it."""
        for variant in variants_of(of):
            schema = self._schemas.get(variant.name) if isinstance(variant, Named) else None
            if schema is None or schema.kind != "alias":
                yield variant
            elif schema.name not in seen:
                yield from self._flat(aliased(schema), seen | {schema.name})

    def _structs(self, of: Type) -> list[SchemaIR]:
        named = [variant.name for variant in self._flat(of) if isinstance(variant, Named)]
        return [self._schemas[name] for name in dict.fromkeys(named) if _is_struct(self._schemas.get(name))]

    def _tag(self, union: Union) -> None:
        """Choose the member that tells the objects of a union apart."""
        structs = self._structs(union)
        if len(structs) < 2:
            return
        values = [_constants(struct) for struct in structs]
        for member in values[0]:
            chosen = [constants.get(member) for constants in values]
            if None in chosen or len(set(chosen)) < len(chosen):
                continue
            tags = {struct.name: (member, str(value)) for struct, value in zip(structs, chosen, strict=True)}
            if all(self.tags.get(name, tag) == tag for name, tag in tags.items()):
                self.tags.update(tags)
                return

    def _is_told_apart(self, of: Type) -> bool:
        variants = list(self._flat(of))
        if sum(isinstance(variant, ListOf) for variant in variants) > 1:
            return False
        structs = self._structs(of)
        if sum(isinstance(variant, DictOf) for variant in variants) + len(structs) < 2:
            return True
        tags = {self.tags.get(struct.name) for struct in structs}
        only_structs = not any(isinstance(variant, DictOf) for variant in variants)
        return only_structs and None not in tags and len({tag[0] for tag in tags if tag}) == 1


def _is_struct(schema: SchemaIR | None) -> bool:
    return schema is not None and schema.kind == "struct"


def _constants(struct: SchemaIR) -> dict[str, str]:
    """Return the members of an object that have one value only."""
    found: dict[str, str] = {}
    for field in struct.fields:
        match parse_type(field.exact or field.type_str):
            case Literals((str(value),)) if not _REFUSED.search(value):
                found[field.name] = value
            case _:
                pass
    return found

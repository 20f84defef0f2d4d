"""The types of clients: from the text in the description of a client to a tree, and back.

Text is never pasted into what is generated: it is read here, only what has a place in the tree is accepted, and each
generator writes the tree in its own way.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

from hawkapi.openapi.codegen.errors import UnusableSpecError
from hawkapi.openapi.codegen.ir import ClientIR, Scalar

__all__ = [
    "ANY",
    "BUILT_IN",
    "NONE",
    "DictOf",
    "ListOf",
    "Literals",
    "Named",
    "Type",
    "Union",
    "contract_spelling",
    "parse_type",
    "types_of",
    "union_of",
    "variants_of",
    "walk",
    "write_type",
]

BUILT_IN: Final = frozenset({"str", "int", "float", "bool", "bytes", "None", "Any", "Upload"})


@final
@dataclass(frozen=True, slots=True)
class Named:
    """One of `BUILT_IN`, or a schema."""

    name: str


@final
@dataclass(frozen=True, slots=True)
class ListOf:
    """An array."""

    items: Type


@final
@dataclass(frozen=True, slots=True)
class DictOf:
    """An object with members of any name."""

    values: Type


@final
@dataclass(frozen=True, slots=True)
class Literals:
    """One of some values: text, numbers without fraction, booleans, `None`."""

    values: tuple[Scalar, ...]


@final
@dataclass(frozen=True, slots=True)
class Union:
    """One of at least two types, none of which is a union."""

    variants: tuple[Type, ...]


type Type = Named | ListOf | DictOf | Literals | Union

ANY: Final = Named("Any")
NONE: Final = Named("None")


def union_of(types: Iterable[Type]) -> Type:
    """Return the union of types: each once, `None` last; `Any` if one is that, or if there are none."""
    # By text: True and 1 are equal, the types that have them as values are not.
    found = {write_type(variant): variant for given in types for variant in variants_of(given)}
    if not found or "Any" in found:
        return ANY
    if found.pop("None", None) is not None:
        found["None"] = NONE
    return next(iter(found.values())) if len(found) == 1 else Union(tuple(found.values()))


def variants_of(of: Type) -> tuple[Type, ...]:
    """Return the variants of a union, or a type that is none."""
    return of.variants if isinstance(of, Union) else (of,)


def walk(of: Type) -> Iterator[Type]:
    """Yield a type and all that it is made of."""
    yield of
    match of:
        case ListOf(inner) | DictOf(inner):
            yield from walk(inner)
        case Union(variants):
            for variant in variants:
                yield from walk(variant)
        case _:
            pass


def write_type(of: Type) -> str:
    """Write a type as Python does."""
    match of:
        case Named(name):
            return name
        case ListOf(items):
            return f"list[{write_type(items)}]"
        case DictOf(values):
            return f"dict[str, {write_type(values)}]"
        case Literals(values):
            return f"Literal[{', '.join(map(repr, values))}]"
        case Union(variants):
            return " | ".join(map(write_type, variants))


def contract_spelling(of: Type) -> str:
    """Write a type with `Any` for unions of several types, as `type_str` does."""
    return write_type(_without_unions(of))


def _without_unions(of: Type) -> Type:
    match of:
        case ListOf(items):
            return ListOf(_without_unions(items))
        case DictOf(values):
            return DictOf(_without_unions(values))
        case Union((variant, Named("None"))):
            return union_of([_without_unions(variant), NONE])
        case Union():
            return ANY
        case _:
            return of


def parse_type(text: str) -> Type:
    """Read the text of a type.

    Raises:
        UnusableSpecError: it has something in it that is no type.
    """
    try:
        return _read(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnusableSpecError(f"{text!r} is no type that a client can have") from None


def _read(node: ast.expr) -> Type:
    match node:
        case ast.Name(id=name):
            bare: dict[str, Type] = {"list": ListOf(ANY), "dict": DictOf(ANY)}
            return bare.get(name, Named(name))
        case ast.Constant(value=None):
            return NONE
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return union_of([_read(left), _read(right)])
        case ast.Subscript(value=ast.Name(id="list"), slice=items):
            return ListOf(_read(items))
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[ast.Name(id="str"), values])):
            return DictOf(_read(values))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=values)) if values:
            return Literals(tuple(map(_scalar, values)))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=value):
            return Literals((_scalar(value),))
        case _:
            raise ValueError(ast.dump(node))


def _scalar(node: ast.expr) -> Scalar:
    value = ast.literal_eval(node)
    if value is None or isinstance(value, str | int):
        return value
    raise ValueError(value)


def types_of(ir: ClientIR) -> Iterator[Type]:
    """Yield the type of everything in a client that has one."""
    for schema in ir.schemas:
        if schema.alias_of:
            yield parse_type(schema.exact or schema.alias_of)
        for field in schema.fields:
            yield parse_type(field.exact or field.type_str)
    for operation in ir.operations:
        for given in (operation.exact_body or operation.body_type, operation.exact_response or operation.response_type):
            if given:
                yield parse_type(given)
        for group in (operation.path_params, operation.query_params, operation.header_params, operation.cookie_params):
            for param in group:
                yield parse_type(param.exact or param.type_str)

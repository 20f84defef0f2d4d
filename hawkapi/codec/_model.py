"""One walk over a type: an annotation in, an immutable description out.

Every codec, and every schema, works from the description and never looks at an annotation again, so they cannot
disagree about what a type means. A type that is not described here is refused with its name; nothing is guessed.
"""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import datetime as dt
import enum
import sys
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, NoReturn, TypeVar, Union, final
from uuid import UUID

import hawkapi.codec._members as members
from hawkapi.codec._annotations import (
    allowed_by,
    expand_alias,
    is_alias,
    is_marker,
    is_unset,
    is_unset_type,
    type_name,
)
from hawkapi.codec._constraints import BOUNDS, LENGTHS, Constraints, Words, read_extras
from hawkapi.exceptions import UnsupportedTypeError

__all__ = [
    "MISSING",
    "Constraints",
    "Description",
    "Field",
    "Kind",
    "Words",
    "describe",
    "is_marker",
    "is_unset",
    "parts_of",
    "type_name",
]

MISSING: Final = dataclasses.MISSING


class Kind(enum.Enum):
    """What a described type is made of; the value is its name in messages, or what tells it apart."""

    ANY = "any"
    NONE = "null"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    STR = "str"
    BYTES = "bytes"
    DATETIME = "datetime"
    DATE = "date"
    TIME = "time"
    TIMEDELTA = "duration"
    UUID = "uuid"
    DECIMAL = "decimal"
    ENUM = "enum"
    LITERAL = "literal"
    OPTIONAL = "optional"
    UNION = "union"
    LIST = "array"
    SET = "set"
    FROZENSET = "frozenset"
    TUPLE = "tuple"
    FIXED_TUPLE = "fixed-tuple"
    NAMED_TUPLE = "named-tuple"
    DICT = "object"
    TYPED_DICT = "typed-dict"
    DATACLASS = "dataclass"
    ATTRS = "attrs"
    STRUCT = "struct"
    PYDANTIC = "pydantic"


SCALARS: Final[dict[object, Kind]] = {
    None: Kind.NONE,
    types.NoneType: Kind.NONE,
    bool: Kind.BOOL,
    int: Kind.INT,
    float: Kind.FLOAT,
    str: Kind.STR,
    bytes: Kind.BYTES,
    bytearray: Kind.BYTES,
    dt.datetime: Kind.DATETIME,
    dt.date: Kind.DATE,
    dt.time: Kind.TIME,
    dt.timedelta: Kind.TIMEDELTA,
    UUID: Kind.UUID,
    Decimal: Kind.DECIMAL,
}
SCALAR_KINDS: Final = frozenset(SCALARS.values()) | {Kind.ENUM, Kind.LITERAL}

ARRAYS: Final[dict[object, Kind]] = {
    list: Kind.LIST,
    abc.Sequence: Kind.LIST,
    abc.MutableSequence: Kind.LIST,
    abc.Collection: Kind.LIST,
    abc.Iterable: Kind.LIST,
    set: Kind.SET,
    abc.Set: Kind.SET,
    abc.MutableSet: Kind.SET,
    frozenset: Kind.FROZENSET,
}
ARRAY_KINDS: Final = frozenset({Kind.LIST, Kind.SET, Kind.FROZENSET, Kind.TUPLE})
OBJECTS: Final = frozenset({dict, abc.Mapping, abc.MutableMapping})
MEMBER_KINDS: Final = frozenset({Kind.DATACLASS, Kind.ATTRS, Kind.STRUCT, Kind.TYPED_DICT, Kind.NAMED_TUPLE})

_NUMBERS: Final = frozenset({Kind.INT, Kind.FLOAT, Kind.DECIMAL})
_SIZED: Final = ARRAY_KINDS | {Kind.STR, Kind.BYTES, Kind.DICT}
_HOLDERS: Final[dict[str, frozenset[Kind]]] = {
    **dict.fromkeys(BOUNDS, _NUMBERS),
    **dict.fromkeys(LENGTHS, _SIZED),
    "pattern": frozenset({Kind.STR}),
    "tz": frozenset({Kind.DATETIME, Kind.TIME}),
}
"""Which kinds can hold which limit."""


@final
@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One member of a structured type."""

    name: str
    """Its name in Python."""
    description: Description
    default: Any = MISSING
    default_factory: Any = MISSING
    encoded: str = ""
    """Its name in JSON."""
    argument: str = ""
    """Its name as a keyword of the class."""
    may_be_absent: bool = False
    """Whether it may be missing without a default: `NotRequired`, or `UNSET` is its default."""

    @property
    def required(self) -> bool:
        """Whether a value without this member is refused."""
        return self.default is MISSING and self.default_factory is MISSING and not self.may_be_absent

    def make_default(self) -> Any:
        """Return the value of this member where it is absent; only for one that has a default."""
        return self.default if self.default_factory is MISSING else self.default_factory()


@final
@dataclasses.dataclass(slots=True, eq=False)
class Description:
    """What a type is. Never changed once `describe` has returned it, so it may be shared by threads.

    Each kind fills these, the others are empty:

    =================================  ======================================================================
    kind                               fields
    =================================  ======================================================================
    ANY NONE BOOL and other scalars    none
    ENUM                               `cls`; `values`: those of its members, in order
    LITERAL                            `values` (str and int; a `None` among them makes an OPTIONAL of it)
    OPTIONAL                           `item`: the type beside `None`; never NONE, ANY or OPTIONAL
    UNION                              `items`: two or more choices; never NONE, ANY, OPTIONAL or UNION
    LIST SET FROZENSET TUPLE           `item`; a TUPLE has any length
    FIXED_TUPLE                        `items`: one for each position
    DICT                               `key`, `item`
    NAMED_TUPLE                        `cls`, `fields`: an array in JSON
    TYPED_DICT DATACLASS ATTRS         `cls`, `fields`, `args`
    STRUCT                             the same; `tag_field` and `tag`, `forbid_unknown_fields`,
                                       `omit_defaults`, `array_like`
    PYDANTIC                           `cls`: described by pydantic itself
    =================================  ======================================================================
    """

    kind: Kind
    type: Any
    """The type as written, without aliases, `NewType` and `Annotated`."""
    item: Description | None = None
    """The described item of an array, the value of a dict, the other choice of an optional."""
    fields: tuple[Field, ...] = ()
    """The members of a class, in the order of definition."""
    key: Description | None = None
    items: tuple[Description, ...] = ()
    cls: Any = None
    """The class that makes the objects: `type` without type arguments."""
    args: tuple[Any, ...] = ()
    """The type arguments of a generic class."""
    values: tuple[Any, ...] = ()
    tag_field: str | None = None
    """The member that tells which Struct of a union an object is, and `tag`, its value."""
    tag: str | int | None = None
    forbid_unknown_fields: bool = False
    omit_defaults: bool = False
    array_like: bool = False
    """Whether a Struct is an array in JSON."""
    constraints: Constraints | None = None
    words: Words | None = None
    annotation: Any = None
    """The type as written, where `Annotated` says more than `type`."""

    @property
    def is_scalar(self) -> bool:
        """Whether one piece of text can hold a value: what a path or a query parameter may be."""
        if self.kind is Kind.OPTIONAL:
            return self.item is not None and self.item.is_scalar
        if self.kind is Kind.UNION:
            return all(choice.is_scalar for choice in self.items)
        return self.kind in SCALAR_KINDS

    @property
    def takes_many(self) -> bool:
        """Whether a repeated parameter can hold a value: an array of scalars, of any length, or an optional one."""
        if self.kind is Kind.FIXED_TUPLE:
            return all(choice.is_scalar or choice.kind is Kind.ANY for choice in self.items)
        if self.item is None or self.kind is Kind.DICT:
            return False
        if self.kind is Kind.OPTIONAL:
            return self.item.takes_many
        return self.item.is_scalar or self.item.kind is Kind.ANY

    @property
    def children(self) -> tuple[Description, ...]:
        """The descriptions that this one is made of."""
        found = [*self.items, *(field.description for field in self.fields)]
        return tuple(child for child in (self.key, self.item, *found) if child is not None)


def describe(annotation: Any) -> Description:
    """Describe a type, following references to itself; a description is returned as it is.

    Raises:
        UnsupportedTypeError: the type, or one it is made of, is not supported; the message names it.
    """
    if isinstance(annotation, Description):
        return annotation
    walk = _Walk()
    try:
        found = walk.describe(annotation)
    except RecursionError:
        raise UnsupportedTypeError(f"type {type_name(annotation)} contains itself without end") from None
    walk.finish()
    return found


@final
class _Walk:
    """One walk: the classes and aliases it has met, so that a type that mentions itself finds itself."""

    def __init__(self) -> None:
        self._seen: dict[Any, Description] = {}
        self._open_aliases: dict[Any, Description | None] = {}
        """Aliases on the way to here; a description once one has been mentioned inside itself."""
        self._copies: list[tuple[Description, Description]] = []

    def finish(self) -> None:
        """Complete the copies that were made of classes before their fields were known."""
        for copy, original in self._copies:
            _become(copy, original)

    def describe(self, annotation: Any) -> Description:
        if isinstance(annotation, typing.NewType):
            return self.describe(annotation.__supertype__)
        if isinstance(annotation, TypeVar):
            return self.describe(allowed_by(annotation))
        if is_alias(annotation):
            return self._alias(annotation)
        origin = typing.get_origin(annotation)
        if origin is Annotated:
            return self._annotated(annotation)
        if annotation is Any or annotation is object:
            return Description(Kind.ANY, Any)
        if origin is Union or origin is types.UnionType:
            return self._union(annotation)
        if origin is Literal:
            return _describe_literal(annotation)
        container = origin if origin is not None else annotation
        if container is tuple:
            return self._tuple(annotation)
        if _is_among(container, ARRAYS):
            (item,) = typing.get_args(annotation) or (Any,)
            return Description(ARRAYS[container], annotation, self.describe(item))
        if _is_among(container, OBJECTS):
            return self._dict(annotation)
        if annotation is None or _is_among(annotation, SCALARS):
            return Description(SCALARS[annotation], annotation)
        return self._class(annotation, container)

    def _original(self, described: Description) -> Description:
        """Return what a description is a copy of, else itself."""
        for copy, original in self._copies:
            if copy is described:
                return self._original(original)
        return described

    def _is_open(self, described: Description) -> bool:
        """Whether a description stands for an alias that is still being described."""
        return self._original(described) in self._open_aliases.values()

    def _alias(self, annotation: Any) -> Description:
        """Describe what an alias stands for; mentioned inside itself it is a description that is filled in later."""
        if annotation in self._seen:
            return self._seen[annotation]
        if annotation in self._open_aliases:
            promised = self._open_aliases[annotation]
            if promised is None:
                promised = self._open_aliases[annotation] = Description(Kind.ANY, annotation)
            return promised
        self._open_aliases[annotation] = None
        try:
            found = self.describe(expand_alias(annotation))
        except NameError as exc:
            raise UnsupportedTypeError(f"type {annotation} names {exc.name!r}, which is not defined") from exc
        promised = self._open_aliases.pop(annotation)
        if promised is self._original(found):
            raise UnsupportedTypeError(f"type {type_name(annotation)} contains only itself")
        if promised is not None:
            _become(promised, found)
            self._copies.append((promised, found))
        self._seen[annotation] = found
        return found

    def _annotated(self, annotation: Any) -> Description:
        found = self.describe(annotation.__origin__)
        constraints, words = read_extras(annotation.__metadata__, annotation)
        if constraints is not None:
            found = dataclasses.replace(_constrained(found, constraints, annotation), annotation=annotation)
        if words is not None:
            original = found
            found = dataclasses.replace(found, words=words)
            if original.kind in MEMBER_KINDS or self._is_open(original):
                self._copies.append((found, original))
        return found

    def _union(self, annotation: Any) -> Description:
        """Describe the choices, those of unions in it as its own."""
        nullable = False
        choices: list[Description] = []
        for choice in self._choices(annotation):
            described = self.describe(choice)
            if self._is_open(described):
                raise UnsupportedTypeError(f"union {type_name(annotation)} contains itself")
            if described.kind is Kind.ANY:
                return described
            if described.kind is Kind.OPTIONAL and described.item is not None:
                nullable, described = True, described.item
            if described.kind is Kind.NONE:
                nullable = True
            else:
                choices += described.items if described.kind is Kind.UNION else (described,)
        found = _union_of(choices, annotation)
        if found is None:
            return Description(Kind.NONE, None)
        return Description(Kind.OPTIONAL, annotation, found) if nullable else found

    def _choices(self, annotation: Any) -> list[Any]:
        """Return the choices of a union without `UNSET`'s type, which says that a member may be left out."""
        choices = [choice for choice in typing.get_args(annotation) if not is_unset_type(choice)]
        if not choices:
            raise UnsupportedTypeError(f"type {type_name(annotation)} has no value that JSON could hold")
        return choices

    def _tuple(self, annotation: Any) -> Description:
        items = typing.get_args(annotation)
        if not items and annotation is tuple:
            return Description(Kind.TUPLE, annotation, Description(Kind.ANY, Any))
        if len(items) == 2 and items[1] is ...:
            return Description(Kind.TUPLE, annotation, self.describe(items[0]))
        return Description(Kind.FIXED_TUPLE, annotation, items=tuple(self.describe(item) for item in items))

    def _dict(self, annotation: Any) -> Description:
        key, value = typing.get_args(annotation) or (Any, Any)
        described = self.describe(key)
        if described.kind is Kind.ANY:
            described = Description(Kind.STR, str)
        if not described.is_scalar or described.kind in {Kind.BOOL, Kind.NONE, Kind.OPTIONAL}:
            raise UnsupportedTypeError(f"keys of {type_name(annotation)} are not supported: a member's name is a text")
        return Description(Kind.DICT, annotation, self.describe(value), key=described)

    def _class(self, annotation: Any, cls: Any) -> Description:
        if not isinstance(cls, type):
            _refuse(annotation)
        if issubclass(cls, enum.Enum):
            return _describe_enum(cls)
        if _is_pydantic(cls):
            return Description(Kind.PYDANTIC, annotation, cls=cls, args=typing.get_args(annotation))
        for kind, test, read in _CLASSES:
            if test(cls):
                return self._members(kind, annotation, cls, read)
        return _refuse(annotation)

    def _members(self, kind: Kind, annotation: Any, cls: Any, read: Callable[[Any, Any], list[Any]]) -> Description:
        if annotation in self._seen:
            return self._seen[annotation]
        # A class that mentions itself finds this description, whose fields are filled in before anyone else sees it.
        description = Description(kind, annotation, cls=cls, args=typing.get_args(annotation))
        self._seen[annotation] = description
        if kind is Kind.STRUCT:
            options = members.struct_options(cls)
            description.tag_field, description.tag = options.tag_field, options.tag
            description.forbid_unknown_fields = options.forbid_unknown_fields
            description.omit_defaults, description.array_like = options.omit_defaults, options.array_like
        description.fields = tuple(
            Field(
                member.name,
                self.describe(member.annotation),
                member.default,
                member.default_factory,
                member.encoded or member.name,
                member.argument or member.name,
                member.may_be_absent,
            )
            for member in read(annotation, cls)
        )
        return description


def _is_plain_dataclass(cls: Any) -> bool:
    return dataclasses.is_dataclass(cls)


_CLASSES: Final[tuple[tuple[Kind, Callable[[Any], bool], Callable[[Any, Any], list[members.Member]]], ...]] = (
    (Kind.STRUCT, members.is_struct, members.struct_members),
    (Kind.DATACLASS, _is_plain_dataclass, members.dataclass_members),
    (Kind.ATTRS, members.is_attrs, members.attrs_members),
    (Kind.TYPED_DICT, members.is_typed_dict, members.typed_dict_members),
    (Kind.NAMED_TUPLE, members.is_named_tuple, members.named_tuple_members),
)


def _is_among(annotation: Any, known: Any) -> bool:
    """Whether a class is in a table; annotations that have no hash are not."""
    return isinstance(annotation, type) and annotation in known


def _become(copy: Description, original: Description) -> None:
    """Fill a description that was handed out early; words and limits of its own stay."""
    words, constraints = copy.words, copy.constraints
    for field in dataclasses.fields(Description):
        setattr(copy, field.name, getattr(original, field.name))
    copy.words = words if words is not None else copy.words
    copy.constraints = constraints if constraints is not None else copy.constraints


def _refuse(annotation: Any) -> NoReturn:
    raise UnsupportedTypeError(f"type {type_name(annotation)} is not supported")


def _is_pydantic(cls: Any) -> bool:
    """Whether a class is pydantic's; nobody has one without having imported pydantic."""
    module = sys.modules.get("pydantic.main")
    if module is None:
        return False
    return issubclass(cls, module.BaseModel) or "__pydantic_validator__" in vars(cls)


def _union_of(choices: list[Description], annotation: Any) -> Description | None:
    """Return the union of described choices, literals put together; `None` where there are none."""
    literals = [choice for choice in choices if choice.kind is Kind.LITERAL]
    if len(literals) > 1:
        values = tuple(dict.fromkeys(value for choice in literals for value in choice.values))
        merged = Description(Kind.LITERAL, annotation, values=values)
        merged.type = Literal[merged.values]
        choices = [choice for choice in choices if choice.kind is not Kind.LITERAL]
        choices.append(merged)
    if not choices:
        return None
    return choices[0] if len(choices) == 1 else Description(Kind.UNION, annotation, items=tuple(choices))


def _describe_literal(annotation: Any) -> Description:
    values = [value.value if isinstance(value, enum.Enum) else value for value in typing.get_args(annotation)]
    if any(isinstance(value, enum.Enum) for value in typing.get_args(annotation)):
        raise UnsupportedTypeError(f"type {type_name(annotation)} has members of an enumeration; name the enumeration")
    if any(type(value) not in {int, str, types.NoneType} for value in values):
        raise UnsupportedTypeError(f"type {type_name(annotation)} may hold str, int and None only")
    kept = tuple(value for value in values if value is not None)
    if not kept:
        return Description(Kind.NONE, None)
    if len(kept) == len(values):
        return Description(Kind.LITERAL, annotation, values=kept)
    return Description(Kind.OPTIONAL, annotation, Description(Kind.LITERAL, Literal[kept], values=kept))


def _describe_enum(cls: Any) -> Description:
    values = tuple(member.value for member in cls)
    if not values or any(isinstance(value, bool) or not isinstance(value, (str, int)) for value in values):
        raise UnsupportedTypeError(f"enumeration {type_name(cls)} must have members, all with str or int values")
    if len({isinstance(value, str) for value in values}) != 1:
        raise UnsupportedTypeError(f"enumeration {type_name(cls)} has both str and int values, which is not supported")
    return Description(Kind.ENUM, cls, cls=cls, values=values)


def _constrained(found: Description, constraints: Constraints, annotation: Any) -> Description:
    """Return a description with limits; those of a union go to the choices that can hold them.

    Raises:
        UnsupportedTypeError: nothing in the type can hold one of the limits.
    """
    unheld = constraints.names - _holdable(found)
    if unheld:
        raise UnsupportedTypeError(f"{min(unheld)} in {type_name(annotation)} fits no value of that type")
    return _pushed(found, constraints)


def _holdable(found: Description) -> frozenset[str]:
    inner = (found.item,) if found.kind is Kind.OPTIONAL else found.items if found.kind is Kind.UNION else ()
    names = frozenset(name for name, kinds in _HOLDERS.items() if found.kind in kinds)
    return names.union(*(_holdable(choice) for choice in inner if choice is not None))


def _pushed(found: Description, constraints: Constraints) -> Description:
    if found.kind is Kind.OPTIONAL and found.item is not None:
        return dataclasses.replace(found, item=_pushed(found.item, constraints))
    if found.kind is Kind.UNION:
        return dataclasses.replace(found, items=tuple(_pushed(choice, constraints) for choice in found.items))
    held = constraints.only(_holdable(found))
    if not held.names:
        return found
    if found.constraints is not None:
        held = found.constraints.merged(held)
    return dataclasses.replace(found, constraints=held)


def parts_of(description: Description) -> list[Description]:
    """Return every description that a type is made of, itself included, each once."""
    found: dict[int, Description] = {}
    waiting = [description]
    while waiting:
        current = waiting.pop()
        if id(current) not in found:
            found[id(current)] = current
            waiting += current.children
    return list(found.values())

"""One walk over a type: an annotation in, an immutable description out.

Every codec, and later every schema, works from the description and never looks at an annotation again, so they cannot
disagree about what a type means. A type that is not described here is refused with its name; nothing is guessed.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from typing import Annotated, Any, Final, TypeAliasType, Union, final
from uuid import UUID

from hawkapi.exceptions import UnsupportedTypeError

MISSING: Final = dataclasses.MISSING
MARKER_PACKAGES: Final = frozenset({"annotated_types", "fastapi", "litestar", "msgspec", "pydantic", "pydantic_core"})
"""Whose objects in `Annotated`, or as defaults, ask for something: they must not be ignored in silence."""


class Kind(enum.Enum):
    """What a described type is made of."""

    ANY = "any"
    NONE = "null"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    STR = "str"
    UUID = "uuid"
    OPTIONAL = "optional"
    LIST = "array"
    DICT = "object"
    DATACLASS = "dataclass"


SCALARS: Final[dict[object, Kind]] = {
    None: Kind.NONE,
    types.NoneType: Kind.NONE,
    bool: Kind.BOOL,
    int: Kind.INT,
    float: Kind.FLOAT,
    str: Kind.STR,
    UUID: Kind.UUID,
}


SCALAR_KINDS: Final = frozenset(SCALARS.values())


@final
@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One member of a structured type."""

    name: str
    description: Description
    default: Any = MISSING
    default_factory: Any = MISSING

    @property
    def required(self) -> bool:
        """Whether a value without this member is refused."""
        return self.default is MISSING and self.default_factory is MISSING

    def make_default(self) -> Any:
        """Return the value of this member where it is absent; only for one that is not required."""
        return self.default if self.default_factory is MISSING else self.default_factory()


@final
@dataclasses.dataclass(slots=True, eq=False)
class Description:
    """What a type is. Never changed once `describe` has returned it, so it may be shared by threads."""

    kind: Kind
    type: Any
    item: Description | None = None
    """The described item of a list, the value of a dict, the other choice of an optional."""
    fields: tuple[Field, ...] = ()
    """The members of a dataclass, in the order of definition."""

    @property
    def is_scalar(self) -> bool:
        """Whether one piece of text can hold a value: what a path or a query parameter may be."""
        if self.kind is Kind.OPTIONAL:
            return self.item is not None and self.item.is_scalar
        return self.kind in SCALAR_KINDS


def describe(annotation: Any) -> Description:
    """Describe a type, following references to itself; a description is returned as it is.

    Raises:
        UnsupportedTypeError: the type, or one it is made of, is not supported; the message names it.
    """
    try:
        return annotation if isinstance(annotation, Description) else _describe(annotation, {})
    except RecursionError:
        raise UnsupportedTypeError(
            f"type {type_name(annotation)} contains itself, which only dataclasses may, for now"
        ) from None


def _describe(annotation: Any, seen: dict[Any, Description]) -> Description:
    annotation = unwrap(annotation)
    if annotation is Any or annotation is object:
        return Description(Kind.ANY, Any)
    origin = typing.get_origin(annotation)
    if origin is Union or origin is types.UnionType:
        return _describe_union(annotation, seen)
    if origin is list or annotation is list:
        return _describe_list(annotation, seen)
    if origin is dict or annotation is dict:
        return _describe_dict(annotation, seen)
    if annotation is None or (isinstance(annotation, type) and annotation in SCALARS):
        return Description(SCALARS[annotation], annotation)
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _describe_dataclass(annotation, seen)
    raise UnsupportedTypeError(f"type {type_name(annotation)} is not supported yet")


def unwrap(annotation: Any) -> Any:
    """Take aliases, `NewType` and `Annotated` off a type.

    Raises:
        UnsupportedTypeError: `Annotated` carries a constraint, which must not be ignored in silence.
    """
    while True:
        if isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif typing.get_origin(annotation) is Annotated:
            _refuse_constraints(annotation)
            annotation = annotation.__origin__
        else:
            return annotation


def _refuse_constraints(annotation: Any) -> None:
    for extra in annotation.__metadata__:
        if is_marker(extra):
            raise UnsupportedTypeError(f"{extra!r} in {type_name(annotation)} is not supported yet")


def is_marker(value: Any) -> bool:
    """Whether an object is another library's way to ask for something."""
    owner = value if isinstance(value, type) else type(value)
    return owner.__module__.partition(".")[0] in MARKER_PACKAGES


def _describe_union(annotation: Any, seen: dict[Any, Description]) -> Description:
    choices = [choice for choice in typing.get_args(annotation) if choice is not types.NoneType]
    if len(choices) != 1 or len(typing.get_args(annotation)) != 2:
        raise UnsupportedTypeError(f"union {type_name(annotation)} is not supported yet; only `T | None` is")
    item = _describe(choices[0], seen)
    return item if item.kind is Kind.ANY else Description(Kind.OPTIONAL, annotation, item)


def _describe_list(annotation: Any, seen: dict[Any, Description]) -> Description:
    (item,) = typing.get_args(annotation) or (Any,)
    return Description(Kind.LIST, annotation, _describe(item, seen))


def _describe_dict(annotation: Any, seen: dict[Any, Description]) -> Description:
    key, value = typing.get_args(annotation) or (str, Any)
    if unwrap(key) is not str:
        raise UnsupportedTypeError(f"keys of {type_name(annotation)} are not supported yet; only str keys are")
    return Description(Kind.DICT, annotation, _describe(value, seen))


def _describe_dataclass(cls: type, seen: dict[Any, Description]) -> Description:
    if cls in seen:
        return seen[cls]
    # A class that mentions itself finds this description, whose fields are filled in before anyone else sees it.
    seen[cls] = description = Description(Kind.DATACLASS, cls)
    _refuse_unusual_init(cls)
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError as exc:
        raise UnsupportedTypeError(
            f"type {type_name(cls)} names {exc.name!r}, which its module does not define"
        ) from exc
    description.fields = tuple(
        Field(field.name, _describe(hints[field.name], seen), field.default, field.default_factory)
        for field in dataclasses.fields(cls)
    )
    return description


def _refuse_unusual_init(cls: Any) -> None:
    """Refuse dataclasses that cannot be made from their fields by name."""
    unusual = [field.name for field in dataclasses.fields(cls) if not field.init]
    unusual += [name for name, field in cls.__dataclass_fields__.items() if _is_init_var(field)]
    if not cls.__dataclass_params__.init:
        raise UnsupportedTypeError(f"type {type_name(cls)} has init=False, which is not supported yet")
    if not _has_generated_init(cls):
        raise UnsupportedTypeError(f"type {type_name(cls)} has an __init__ of its own, which is not supported yet")
    if unusual:
        raise UnsupportedTypeError(
            f"field {type_name(cls)}.{unusual[0]} is init=False or an InitVar: not supported yet"
        )


def _has_generated_init(cls: Any) -> bool:
    """Whether `__init__` is the one that `dataclasses` wrote: msgspec would not call another."""
    code = getattr(cls.__init__, "__code__", None)
    return getattr(code, "co_filename", "") == "<string>"


def _is_init_var(field: Any) -> bool:
    return str(getattr(field, "_field_type", "")) == "_FIELD_INITVAR"


def dataclasses_in(description: Description) -> list[Description]:
    """Return the description of every dataclass that a type is made of, each once."""
    found: list[Description] = []
    waiting = [description]
    while waiting:
        current = waiting.pop()
        if current.item is not None:
            waiting.append(current.item)
        if current.kind is Kind.DATACLASS and current not in found:
            found.append(current)
            waiting.extend(field.description for field in current.fields)
    return found


def type_name(annotation: Any) -> str:
    """Return the name of a type as a person would write it."""
    if isinstance(annotation, type) and typing.get_origin(annotation) is None:
        return annotation.__qualname__
    return str(annotation).replace("typing.", "")

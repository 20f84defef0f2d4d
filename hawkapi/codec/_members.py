"""The members of classes: one shape for dataclasses, attrs, Structs, named tuples and typed dictionaries."""

from __future__ import annotations

import dataclasses
import typing
from typing import Annotated, Any, Final, NamedTuple, NotRequired, Required

from hawkapi.codec._annotations import class_hints, is_unset, type_name
from hawkapi.exceptions import UnsupportedTypeError

MISSING: Final = dataclasses.MISSING
_READ_ONLY: Final = getattr(typing, "ReadOnly", Required)


class Member(NamedTuple):
    """One declared member, its annotation not yet described."""

    name: str
    annotation: Any
    default: Any = MISSING
    default_factory: Any = MISSING
    encoded: str | None = None
    """Its name in JSON, where that is another."""
    argument: str | None = None
    """Its name as a keyword of the class, where that is another."""
    may_be_absent: bool = False
    """Whether it may be missing although there is no default."""


class StructOptions(NamedTuple):
    """The class options of a Struct that decide what its JSON looks like."""

    tag_field: str | None
    tag: str | int | None
    forbid_unknown_fields: bool
    omit_defaults: bool
    array_like: bool


def is_typed_dict(annotation: Any) -> bool:
    """Whether a class was made with `TypedDict`, of typing or of typing_extensions."""
    return isinstance(annotation, type) and hasattr(annotation, "__required_keys__") and issubclass(annotation, dict)


def is_named_tuple(annotation: Any) -> bool:
    """Whether a class was made with `NamedTuple` or `namedtuple`."""
    return isinstance(annotation, type) and hasattr(annotation, "_fields") and issubclass(annotation, tuple)


def is_struct(annotation: Any) -> bool:
    """Whether a class is a `Struct`, ours or msgspec's."""
    return isinstance(annotation, type) and hasattr(annotation, "__struct_fields__")


def is_attrs(annotation: Any) -> bool:
    """Whether a class was made with attrs."""
    return isinstance(annotation, type) and hasattr(annotation, "__attrs_attrs__")


def dataclass_members(annotation: Any, cls: Any) -> list[Member]:
    """Return the fields of a dataclass in the order of definition.

    Raises:
        UnsupportedTypeError: the class cannot be made from its fields by name, or names what does not exist.
    """
    _refuse_unusual_init(cls)
    fields = dataclasses.fields(cls)
    hints = class_hints(annotation, tuple(field.name for field in fields))
    return [
        Member(field.name, hints.get(field.name, field.type), field.default, field.default_factory) for field in fields
    ]


def _refuse_unusual_init(cls: Any) -> None:
    """Refuse dataclasses that cannot be made from their fields by name."""
    unusual = [field.name for field in dataclasses.fields(cls) if not field.init]
    # An InitVar with a default is left to it: the application may pass it, a request cannot.
    unusual += [
        name
        for name, field in cls.__dataclass_fields__.items()
        if _is_init_var(field) and field.default is MISSING and field.default_factory is MISSING
    ]
    if not cls.__dataclass_params__.init:
        raise UnsupportedTypeError(f"type {type_name(cls)} has init=False, which is not supported yet")
    if not _has_generated_init(cls):
        raise UnsupportedTypeError(f"type {type_name(cls)} has an __init__ of its own, which is not supported yet")
    if unusual:
        raise UnsupportedTypeError(
            f"field {type_name(cls)}.{unusual[0]} is init=False or an InitVar without a default: not supported yet"
        )


def _has_generated_init(cls: Any) -> bool:
    """Whether `__init__` is the one that `dataclasses` wrote: msgspec would not call another."""
    code = getattr(cls.__init__, "__code__", None)
    return getattr(code, "co_filename", "") == "<string>"


def _is_init_var(field: Any) -> bool:
    return str(getattr(field, "_field_type", "")) == "_FIELD_INITVAR"


def attrs_members(annotation: Any, cls: Any) -> list[Member]:
    """Return the attributes of an attrs class that its `__init__` takes."""
    attributes = [attribute for attribute in cls.__attrs_attrs__ if attribute.init]
    hints = class_hints(annotation, tuple(attribute.name for attribute in attributes))
    members: list[Member] = []
    for attribute in attributes:
        default, factory, absent = attribute.default, MISSING, False
        if repr(default) == "NOTHING":
            default = MISSING
        elif hasattr(default, "takes_self"):
            # A factory that looks at the object is left to the class.
            factory, absent = (MISSING, True) if default.takes_self else (default.factory, False)
            default = MISSING
        hint = hints.get(attribute.name, Any if attribute.type is None else attribute.type)
        members.append(Member(attribute.name, hint, default, factory, None, attribute.alias, absent))
    return members


def struct_members(annotation: Any, cls: Any) -> list[Member]:
    """Return the fields of a Struct in the order of its constructor."""
    names: tuple[str, ...] = cls.__struct_fields__
    hints = class_hints(annotation, names)
    # Defaults are kept from the end, with a mark where a keyword-only field among them has none.
    padded: tuple[Any, ...] = (*[MISSING] * (len(names) - len(cls.__struct_defaults__)), *cls.__struct_defaults__)
    members: list[Member] = []
    for name, encoded, kept in zip(names, cls.__struct_encode_fields__, padded, strict=True):
        default, factory = kept, MISSING
        if type(kept).__name__ == "Factory":
            default, factory = MISSING, kept.factory
        elif repr(kept) == "NODEFAULT":
            default = MISSING
        members.append(Member(name, hints[name], default, factory, encoded, None, is_unset(default)))
    return members


def struct_options(cls: Any) -> StructOptions:
    """Return the class options of a Struct."""
    config = cls.__struct_config__
    return StructOptions(
        config.tag_field, config.tag, config.forbid_unknown_fields, config.omit_defaults, config.array_like
    )


def named_tuple_members(annotation: Any, cls: Any) -> list[Member]:
    """Return the items of a named tuple."""
    hints = class_hints(annotation, cls._fields)
    return [Member(name, hints.get(name, Any), cls._field_defaults.get(name, MISSING)) for name in cls._fields]


def typed_dict_members(annotation: Any, cls: Any) -> list[Member]:
    """Return the keys of a typed dictionary; qualifiers come before what the class says of all its keys."""
    members: list[Member] = []
    for name, written in class_hints(annotation, ()).items():
        hint, required = _without_qualifiers(written, name in cls.__required_keys__)
        members.append(Member(name, hint, may_be_absent=not required))
    return members


def _without_qualifiers(hint: Any, required: bool) -> tuple[Any, bool]:
    """Take `Required`, `NotRequired` and `ReadOnly` off a hint, also from inside `Annotated`."""
    origin = typing.get_origin(hint)
    if origin in {Required, NotRequired, _READ_ONLY}:
        if origin is not _READ_ONLY:
            required = origin is Required
        return _without_qualifiers(hint.__args__[0], required)
    if origin is Annotated:
        inner, required = _without_qualifiers(hint.__origin__, required)
        return Annotated[(inner, *hint.__metadata__)], required
    return hint, required

"""Response models that nobody wrote down: what a handler's return annotation says about its results.

Only an annotation with structure is a model: a dataclass, a `Struct`, a pydantic or attrs model, a `NamedTuple`, a
container with parameters (`list[Item]`, `dict[str, int]`), or a union of such. Scalars and bare containers say nothing
that the value does not say itself. Anything that may be a response, and any class whose members nobody has declared,
is left alone.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import datetime
import enum
import inspect
import logging
import types
import typing
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeAliasType, Union

from hawkapi._callables import evaluate_annotation, unwrap_callable
from hawkapi.codec._members import is_attrs, is_named_tuple, is_struct
from hawkapi.responses.base import Response

__all__ = ["infer_response_model"]

logger = logging.getLogger("hawkapi")

CONTAINERS: Final = frozenset(
    {
        list,
        tuple,
        set,
        frozenset,
        dict,
        collections.abc.Collection,
        collections.abc.Sequence,
        collections.abc.MutableSequence,
        collections.abc.Set,
        collections.abc.MutableSet,
        collections.abc.Mapping,
        collections.abc.MutableMapping,
    }
)

SCALARS: Final = frozenset(
    {
        None,
        types.NoneType,
        Any,
        object,
        str,
        int,
        float,
        bool,
        bytes,
        datetime.datetime,
        datetime.date,
        datetime.time,
        datetime.timedelta,
        uuid.UUID,
    }
)


class Shape(enum.IntEnum):
    """What an annotation says about results; of several parts the highest decides."""

    PLAIN = 0
    """Nothing that has to be kept to."""
    STRUCTURED = 1
    """Which members there are."""
    UNKNOWN = 2
    """Something that is no model."""


def infer_response_model(handler: Callable[..., Any]) -> Any:
    """Return the annotation of a handler's results where it is a model, else `None`.

    An annotation with a name that cannot be found is none, and a warning says so: a model keeps members from leaking.
    """
    function = unwrap_callable(handler)
    try:
        annotation = evaluate_annotation(inspect.get_annotations(function).get("return"), function)
        return annotation if _shape_of(annotation) is Shape.STRUCTURED else None
    except Exception as exc:  # noqa: BLE001 - evaluating what a user wrote may raise anything
        name = getattr(function, "__qualname__", repr(function))
        logger.warning("return annotation of %s: %s; results are sent as they are, without a response model", name, exc)
        return None


def _shape_of(annotation: Any) -> Shape:
    annotation = _unwrap(annotation)
    origin = typing.get_origin(annotation)
    if origin is Union or origin is types.UnionType:
        return _shape_of_all(typing.get_args(annotation))
    if origin is Literal:
        return Shape.PLAIN
    if origin in CONTAINERS:
        parts = [part for part in typing.get_args(annotation) if part is not ...]
        return max(Shape.STRUCTURED, _shape_of_all(parts))
    return _shape_of_class(annotation if origin is None else origin)


def _shape_of_all(parts: collections.abc.Iterable[Any]) -> Shape:
    return max((_shape_of(part) for part in parts), default=Shape.PLAIN)


def _unwrap(annotation: Any) -> Any:
    """Take aliases, `NewType` and `Annotated` off a type."""
    while True:
        if isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        elif isinstance(typing.get_origin(annotation), TypeAliasType):
            annotation = annotation.__origin__.__value__[annotation.__args__]
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif typing.get_origin(annotation) is Annotated:
            annotation = annotation.__origin__
        else:
            return annotation


def _shape_of_class(cls: Any) -> Shape:
    if cls in SCALARS or cls in CONTAINERS:
        return Shape.PLAIN
    if not isinstance(cls, type) or issubclass(cls, Response):
        return Shape.UNKNOWN
    # By its module, because importing `decimal` costs start-up time and most applications have no use for it.
    if issubclass(cls, enum.Enum) or cls.__module__ == "decimal":
        return Shape.PLAIN
    return Shape.STRUCTURED if _declares_members(cls) else Shape.UNKNOWN


def _declares_members(cls: Any) -> bool:
    """Whether a class lists its members: a dataclass, a Struct, an attrs or pydantic model, or a named tuple."""
    if dataclasses.is_dataclass(cls) or hasattr(cls, "__pydantic_validator__"):
        return True
    return is_struct(cls) or is_attrs(cls) or is_named_tuple(cls)

"""Scalars in results: which values of a described type are written as they are, and which are judged."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

import hawkapi.codec as codec
from hawkapi.codec import CodecError, Description, Kind, Violation
from hawkapi.codec._constraints import Constraints
from hawkapi.codec.errors import ROOT
from hawkapi.responses._misfits import misfit

type Project = Callable[[Any], object]


class Part(NamedTuple):
    """How a described part of a result is written."""

    exact: frozenset[type]
    """The types whose values are written as they are: no call is made for them."""
    project: Project
    """Returns what the encoder can write of any other value, or raises `CodecError`."""


EXACT: Final[dict[Kind, tuple[type, ...]]] = {
    Kind.NONE: (type(None),),
    Kind.BOOL: (bool,),
    Kind.INT: (int,),
    Kind.FLOAT: (float, int),
    Kind.STR: (str,),
    Kind.BYTES: (bytes, bytearray, memoryview),
    Kind.DATETIME: (dt.datetime,),
    Kind.DATE: (dt.date,),
    Kind.TIME: (dt.time,),
    Kind.TIMEDELTA: (dt.timedelta,),
    Kind.UUID: (UUID,),
    Kind.DECIMAL: (Decimal,),
}
_READ_FROM: Final[dict[Kind, tuple[type, ...]]] = {
    **dict.fromkeys((Kind.BYTES, Kind.DATETIME, Kind.DATE, Kind.TIME, Kind.TIMEDELTA, Kind.UUID), (str,)),
    Kind.DECIMAL: (str, int, float),
    Kind.ENUM: (str, int),
}
"""Types whose values may stand for another type's, as they do in JSON: the text of a UUID for a UUID."""

_STRANGERS: Final[dict[Kind, type]] = {Kind.DATE: dt.datetime, Kind.INT: bool, Kind.FLOAT: bool}
"""Subclasses in Python that are another type for a client."""


def build_scalar(description: Description) -> Part:
    """Return how a scalar is written; only text is changed, to the form that its type has."""
    kind = description.kind
    exact = (description.cls,) if kind is Kind.ENUM else EXACT[kind]
    readable = _READ_FROM.get(kind, ())
    read = codec.converter(description) if readable else None
    stranger: Any = _STRANGERS.get(kind, ())
    keeps = build_limits(description)

    def project(value: Any) -> object:
        if isinstance(value, exact) and not isinstance(value, stranger):
            return value if keeps is None else keeps(value)
        if read is not None and isinstance(value, readable) and not isinstance(value, bool):
            return read(value, False)
        raise misfit(kind.value, value)

    return Part(frozenset(exact) if keeps is None else frozenset(), project)


def build_literal(description: Description) -> Part:
    """Return how one of a few values is written."""
    values = frozenset(description.values)
    wanted = " | ".join(repr(value) for value in description.values)

    def project(value: Any) -> object:
        plain: object = value
        if type(value) not in {int, str, bool} and isinstance(value, (int, str)):
            plain = str.__str__(value) if isinstance(value, str) else int(value)  # A member of a StrEnum, for example.
        if type(plain) in {int, str} and plain in values:
            return plain
        raise CodecError([Violation(ROOT, f"Expected {wanted}, got {value!r}")])

    return Part(frozenset(), project)


def build_limits(description: Description) -> Project | None:
    """Return a function that returns a value that keeps its limits and raises `CodecError` for others."""
    limits = description.constraints
    if limits is None or not limits.names:
        return None
    pattern = None if limits.pattern is None else re.compile(limits.pattern)
    name = description.kind.value

    def keeps(value: Any) -> object:
        matches = pattern is None or pattern.search(value) is not None
        if matches and _in_bounds(limits, value) and _has_length(limits, value) and _has_offset(limits, value):
            return value
        said = ", ".join(f"{limit} {getattr(limits, limit)!r}" for limit in sorted(limits.names))
        raise CodecError([Violation(ROOT, f"Expected `{name}` with {said}")])

    return keeps


def _in_bounds(limits: Constraints, value: Any) -> bool:
    return (
        (limits.gt is None or value > limits.gt)
        and (limits.ge is None or value >= limits.ge)
        and (limits.lt is None or value < limits.lt)
        and (limits.le is None or value <= limits.le)
        and (limits.multiple_of is None or value % limits.multiple_of == 0)
    )


def _has_length(limits: Constraints, value: Any) -> bool:
    if limits.min_length is not None and len(value) < limits.min_length:
        return False
    return limits.max_length is None or len(value) <= limits.max_length


def _has_offset(limits: Constraints, value: Any) -> bool:
    return limits.tz is None or (value.tzinfo is not None) is limits.tz

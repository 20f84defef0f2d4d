"""Response models: what a described type leaves of a result.

A model is a filter, not a constructor: no object is made anew, so nothing that a class does when it is made happens
twice. Members that the model does not have are left out at every depth, whatever the class of the object is; a value
that does not fit is an error of the application, never sent.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from hawkapi.codec import CodecError, Description, Kind, Violation
from hawkapi.codec.errors import ROOT

type Project = Callable[[Any], object]

EXACT: Final[dict[Kind, tuple[type, ...]]] = {
    Kind.NONE: (type(None),),
    Kind.BOOL: (bool,),
    Kind.INT: (int,),
    Kind.FLOAT: (float, int),
    Kind.STR: (str,),
    Kind.UUID: (UUID,),
}
"""The types whose values are written as they are; a subclass is judged by `_fits`."""


def build_projection(description: Description) -> Project:
    """Return a function that reduces a result to what the described type has.

    The function returns what the encoder can write, and raises `CodecError` with the places of what does not fit.
    """
    return _build(description, {})


def _build(description: Description, seen: dict[int, Project]) -> Project:
    known = seen.get(id(description))
    if known is not None:
        return known
    if description.kind is Kind.DATACLASS:
        return _build_members(description, seen)
    if description.kind is Kind.ANY:
        return _as_it_is
    if description.item is None:
        return _build_scalar(description.kind)
    item = _build(description.item, seen)
    if description.kind is Kind.OPTIONAL:
        return lambda value: None if value is None else item(value)
    return _build_list(item) if description.kind is Kind.LIST else _build_dict(item)


def _as_it_is(value: Any) -> object:
    return value


def _build_scalar(kind: Kind) -> Project:
    exact = EXACT[kind]

    def project(value: Any) -> object:
        if type(value) in exact or _fits(value, exact):
            return value
        raise misfit(kind.value, value)

    return project


def _fits(value: Any, exact: tuple[type, ...]) -> bool:
    """Whether a value of a subclass may stand for its base: a `StrEnum` for a str, but not a bool for an int."""
    return isinstance(value, exact) and not isinstance(value, bool)


def _build_list(item: Project) -> Project:
    def project(value: Any) -> object:
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise misfit("array", value)
        return [at(f"[{index}]", item, element) for index, element in enumerate(value)]

    return project


def _build_dict(item: Project) -> Project:
    def project(value: Any) -> object:
        if not isinstance(value, Mapping):
            raise misfit("object", value)
        return {key: at(str(key), item, element) for key, element in value.items()}

    return project


def _build_members(description: Description, seen: dict[int, Project]) -> Project:
    members: list[tuple[str, Callable[[Any], Any], Project]] = []

    def project(value: Any) -> object:
        if isinstance(value, Mapping):
            value = _from_mapping(value, description)
        written: dict[str, object] = {}
        for name, read, member in members:
            try:
                element = read(value)
            except AttributeError:
                raise CodecError([Violation(ROOT, f"Object missing required field `{name}`")]) from None
            written[name] = at(name, member, element)
        return written

    # A class that mentions itself finds this function, whose members are filled in before anyone calls it.
    seen[id(description)] = project
    members += [
        (field.name, operator.attrgetter(field.name), _build(field.description, seen)) for field in description.fields
    ]
    return project


class _Members:
    """A mapping's members as attributes."""


def _from_mapping(value: Mapping[Any, Any], description: Description) -> _Members:
    """Return the members of the model that a mapping has, and the model's defaults for the rest."""
    found = _Members()
    for field in description.fields:
        if field.name in value:
            setattr(found, field.name, value[field.name])
        elif not field.required:
            setattr(found, field.name, field.make_default())
    return found


def at(step: str, project: Project, value: Any) -> object:
    """Project a part of a value; what does not fit is named with its place in the whole."""
    try:
        return project(value)
    except CodecError as exc:
        violations = []
        for violation in exc.violations:
            inner = violation.place
            place = step if inner == ROOT else f"{step}{inner}" if inner.startswith("[") else f"{step}.{inner}"
            violations.append(Violation(place, violation.message))
        raise CodecError(violations) from None


def misfit(wanted: str, value: Any) -> CodecError:
    """Return the error for a value of the wrong type."""
    return CodecError([Violation(ROOT, f"Expected `{wanted}`, got `{type(value).__qualname__}`")])

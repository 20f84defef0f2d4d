"""What a factory asks for: its parameters, read from its signature.

A parameter is found by its annotation, or by a `Depends` in `Annotated` or as its default. Annotations are read when
the factory is registered. One that cannot be read yet, because it names a class that is defined further down, in a
function or for type checkers only, is read again when it is needed; names that are nowhere to be found then are looked
for among the names of the types that the container knows.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, NamedTuple, TypeAliasType, Union, get_args, get_origin

from hawkapi._callables import NO_NAMES, evaluate_annotation, is_hashable, unwrap_callable, without_arguments
from hawkapi.di.depends import Dependency

MISSING: Final = inspect.Parameter.empty
"""Stands for a default or an annotation that is not there."""

_COLLECTED: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Need(NamedTuple):
    """One parameter of a factory."""

    parameter: str
    keyword: str | None
    """How it is passed; None: by position."""
    wanted: Any
    """A type, or a function that is called; MISSING when neither an annotation nor a marker says."""
    name: str | None
    """Of a named provider."""
    default: Any
    """MISSING when the factory cannot be called without it."""
    reason: str = ""
    """Why `wanted` is missing."""


class Parameter(NamedTuple):
    """One parameter of a factory, its annotation as written."""

    name: str
    keyword: str | None
    annotation: Any
    default: Any


def is_type(key: object) -> bool:
    """Whether a key is a type, in the wide sense of an annotation: `list[int]` and a `NewType` are."""
    return isinstance(key, type | typing.NewType) or get_origin(key) is not None


def label_of(key: object, name: str | None = None) -> str:
    """Return what messages call a type or a function."""
    text = str(key) if get_origin(key) is not None else getattr(key, "__name__", None) or repr(key)
    return text if name is None else f"{text} (name={name!r})"


def read_parameters(factory: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return what a factory is called with; a builtin that has no signature is called with nothing."""
    try:
        signature = inspect.signature(without_arguments(factory))
    except (TypeError, ValueError):
        return ()
    return tuple(
        Parameter(
            parameter.name,
            None if parameter.kind is inspect.Parameter.POSITIONAL_ONLY else parameter.name,
            parameter.annotation,
            parameter.default,
        )
        for parameter in signature.parameters.values()
        if parameter.kind not in _COLLECTED
    )


def read_need(parameter: Parameter, factory: Callable[..., Any], known: Mapping[str, Any] = NO_NAMES) -> Need | None:
    """Return what a parameter asks for, or None if its annotation cannot be read.

    Args:
        known: types by their names, for names that the factory's module does not have.
    """
    try:
        annotation = MISSING
        if parameter.annotation is not MISSING:
            annotation = evaluate_annotation(parameter.annotation, unwrap_callable(factory), known)
    except Exception:  # noqa: BLE001 - evaluating what users wrote may raise anything; see `unreadable`
        return None
    wanted, markers, optional = _unwrap(annotation)
    default = parameter.default
    if isinstance(default, Dependency):
        markers, default = [default], MISSING
    if optional and default is MISSING:
        default = None
    marker = markers[-1] if markers else None
    if marker is not None and marker.dependency is not None:
        wanted = marker.dependency
    elif wanted is not MISSING and not is_type(wanted):
        return Need(parameter.name, parameter.keyword, MISSING, None, default, f"its annotation {wanted!r} is no type")
    return _need(parameter, wanted, None if marker is None else marker.name, default)


def unreadable(parameter: Parameter) -> Need:
    """Return the need of a parameter whose annotation still cannot be read when it is needed."""
    reason = f"its annotation {parameter.annotation!r} cannot be read; define or import the type in the same module"
    return Need(parameter.name, parameter.keyword, MISSING, None, parameter.default, reason)


def _need(parameter: Parameter, wanted: Any, name: str | None, default: Any) -> Need:
    reason = ""
    if wanted is MISSING:
        reason = "it has neither an annotation nor a default"
    elif not is_hashable(wanted):
        wanted, reason = MISSING, f"{wanted!r} cannot be registered"
    return Need(parameter.name, parameter.keyword, wanted, name, default, reason)


def _unwrap(annotation: Any) -> tuple[Any, list[Dependency], bool]:
    """Return the type in aliases, `Annotated` and `| None`, the markers beside it, and whether None will do."""
    markers: list[Dependency] = []
    optional = False
    while True:
        if get_origin(annotation) is Annotated:
            markers += [entry for entry in annotation.__metadata__ if isinstance(entry, Dependency)]
            annotation = annotation.__origin__
        elif types.NoneType in get_args(annotation) and get_origin(annotation) in {Union, types.UnionType}:
            rest = [part for part in get_args(annotation) if part is not types.NoneType]
            annotation = functools.reduce(lambda left, right: left | right, rest)
            optional = True
        elif isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        else:
            return annotation, markers, optional

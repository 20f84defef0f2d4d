"""What a callable is behind its wrappers: the function that was written, its annotations, whether it is async."""

from __future__ import annotations

import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final

NO_NAMES: Final[Mapping[str, Any]] = types.MappingProxyType({})


def unwrap_callable(handler: Callable[..., Any]) -> Any:
    """Return the function whose source holds a callable's annotations."""
    handler = inspect.unwrap(without_arguments(_behind_partials(handler)))
    if not (inspect.isroutine(handler) or inspect.isclass(handler)):
        handler = inspect.unwrap(type(handler).__call__)
    return getattr(handler, "__func__", handler)


def evaluate_annotation(annotation: Any, function: Any, known: Mapping[str, Any] = NO_NAMES) -> Any:
    """Return what an annotation of an unwrapped function means, quoted names inside it included.

    Args:
        known: further names and what they mean; those of the function's module come before them.

    Raises:
        NameError: a name in it is not to be found.
        Exception: whatever else the evaluation of users' source raises.
    """
    names = {parameter.__name__: parameter for parameter in getattr(function, "__type_params__", ())}
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    return typing.get_type_hints(holder, _globals_of(function, known), names, include_extras=True)["it"]


def _globals_of(function: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that a function's annotations may use; a class's are those of it and of its bases."""
    own: dict[str, Any] = getattr(function, "__globals__", {})
    if not inspect.isclass(function):
        return {**known, **own} if known else own
    names = dict(known)
    for cls in reversed(function.__mro__):
        names.update(getattr(sys.modules.get(cls.__module__), "__dict__", {}))
    return {**names, **getattr(function.__init__, "__globals__", {})}


def without_arguments(function: Any) -> Any:
    """Return the class behind one with type arguments, as `Repository[User]` is, whose signature is the class's."""
    origin = typing.get_origin(function)
    return origin if inspect.isclass(origin) else function


def is_async_callable(function: Callable[..., Any]) -> bool:
    """Whether calling gives a coroutine: also for partials and objects with an async `__call__`.

    What a decorator has wrapped does not count: a plain wrapper of a coroutine function may return anything.
    """
    return any(map(inspect.iscoroutinefunction, _called_by(function)))


def is_generator_callable(function: Callable[..., Any]) -> bool:
    """Whether calling gives a generator: also for partials and objects whose `__call__` is one."""
    return any(map(inspect.isgeneratorfunction, _called_by(function)))


def is_async_generator_callable(function: Callable[..., Any]) -> bool:
    """Whether calling gives an async generator: also for partials and objects whose `__call__` is one."""
    return any(map(inspect.isasyncgenfunction, _called_by(function)))


def _called_by(function: Callable[..., Any]) -> tuple[Any, Any]:
    """Return what a partial calls in the end, and the `__call__` of that; either may be the function that runs."""
    function = _behind_partials(function)
    return function, type(function).__call__


def _behind_partials(function: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(function, functools.partial):
        function = function.func
    return function


def callable_name(function: Callable[..., Any]) -> str:
    """Return what messages call a callable: the name of a function or class, of what a partial calls, of its class."""
    function = _behind_partials(function)
    name = getattr(function, "__qualname__", None)
    return name if isinstance(name, str) else type(function).__qualname__


def bound_names(function: Callable[..., Any]) -> frozenset[str]:
    """Return the names of the arguments that partials around a function bind by name."""
    names: set[str] = set()
    while isinstance(function, functools.partial):
        names.update(function.keywords)
        function = function.func
    return frozenset(names)


def is_hashable(value: object) -> bool:
    """Whether something may be a key."""
    try:
        hash(value)
    except TypeError:
        return False
    return True

"""What a callable is behind its wrappers: the function that was written, its annotations, whether it is async."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any


def unwrap_callable(handler: Callable[..., Any]) -> Any:
    """Return the function whose source holds a callable's annotations."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    handler = inspect.unwrap(handler)
    if not (inspect.isroutine(handler) or inspect.isclass(handler)):
        handler = inspect.unwrap(type(handler).__call__)
    return getattr(handler, "__func__", handler)


def evaluate_annotation(annotation: Any, function: Any) -> Any:
    """Return what an annotation of an unwrapped function means, quoted names inside it included.

    Raises:
        NameError: a name in it is not to be found in the function's module.
        Exception: whatever else the evaluation of users' source raises.
    """
    names = {parameter.__name__: parameter for parameter in getattr(function, "__type_params__", ())}
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    return typing.get_type_hints(holder, getattr(function, "__globals__", {}), names, include_extras=True)["it"]


def is_async_callable(function: Callable[..., Any]) -> bool:
    """Whether calling gives a coroutine: also for partials and objects with an async `__call__`.

    What a decorator has wrapped does not count: a plain wrapper of a coroutine function may return anything.
    """
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)

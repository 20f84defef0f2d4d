"""Telling responses of other frameworks from ordinary results."""

from __future__ import annotations

import inspect
from types import FunctionType, MethodType
from typing import Any, Final

APPLICATION: Final = ("scope", "receive", "send")
"""What the parameters of an ASGI application are called, in every framework."""


def is_asgi_response(value: Any) -> bool:
    """Whether a handler's result is sent by calling it with scope, receive and send.

    It is if its class defines a `__call__` with parameters of these names, or if it is a function with them. Everything
    else is a value, whatever else it may be called with: a dataclass, a model, a class.
    """
    # PERF: what is not callable at all, which is nearly every result, is known after one look at its type.
    if not callable(value):
        return False
    if isinstance(value, FunctionType):
        return _parameters(value)[:3] == APPLICATION
    function = value.__func__ if isinstance(value, MethodType) else type(value).__call__
    return _parameters(function)[1:4] == APPLICATION


def _parameters(function: Any) -> tuple[str, ...]:
    """Return the names of the parameters of a function in Python; of anything else none."""
    if isinstance(function, FunctionType):
        function = inspect.unwrap(function)
    if not isinstance(function, FunctionType):
        return ()
    return function.__code__.co_varnames[: function.__code__.co_argcount]

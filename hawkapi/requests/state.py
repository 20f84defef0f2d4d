"""`State`: what the parts of a program leave for each other at a request."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

__all__ = ["State", "values_of"]


class State:
    """A bag of attributes; every name is allowed, `state["x"]` is `state.x`.

    Args:
        values: the dict that holds them, which is used as it is. Default a new one.

    Request-bound: one thread at a time.
    """

    # The double underscore is for `_values` to be a name like any other.
    __slots__ = ("__values",)

    __values: MutableMapping[str, Any]

    def __init__(self, values: MutableMapping[str, Any] | None = None) -> None:
        object.__setattr__(self, "_State__values", {} if values is None else values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__values[name]
        except KeyError:
            raise AttributeError(f"State has no attribute {name!r}", name=name, obj=self) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.__values[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self.__values[name]
        except KeyError:
            raise AttributeError(f"State has no attribute {name!r}", name=name, obj=self) from None

    def __getitem__(self, name: str) -> Any:
        return self.__values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.__values[name] = value

    def __delitem__(self, name: str) -> None:
        del self.__values[name]

    def __contains__(self, name: object) -> bool:
        return name in self.__values

    def __iter__(self) -> Iterator[str]:
        return iter(self.__values)

    def __len__(self) -> int:
        return len(self.__values)

    def __bool__(self) -> bool:
        return True  # `if request.state` has always asked whether there is a state, not whether something is in it.

    def __reduce__(self) -> tuple[type[State], tuple[dict[str, Any]]]:
        # A copy has a dict of its own.
        return (State, (dict(self.__values),))

    def __repr__(self) -> str:
        return f"State({dict(self.__values)!r})"


def values_of(state: State) -> MutableMapping[str, Any]:
    """Return the dict in which a `State` has its attributes."""
    values: MutableMapping[str, Any] = object.__getattribute__(state, "_State__values")
    return values

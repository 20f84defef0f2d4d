"""`MiddlewareEntry`: a middleware class and how it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

__all__ = ["MiddlewareEntry", "MiddlewareSpec", "read_middleware"]


@dataclass(frozen=True, slots=True)
class MiddlewareEntry:
    """A middleware class and the keyword arguments it is made with, beside the application it wraps."""

    cls: Any
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])


type MiddlewareSpec = Any | tuple[Any, Mapping[str, Any]] | MiddlewareEntry
"""How a user writes a middleware: the class, the class with its keyword arguments, or an entry."""


def read_middleware(written: Iterable[MiddlewareSpec] | None) -> tuple[MiddlewareEntry, ...] | None:
    """Return middleware in one form, the outermost first; `None` and an empty list are both `None`.

    Raises:
        TypeError: an element is none of the three forms.
    """
    entries = tuple(_read_entry(element) for element in written or ())
    return entries or None


def _read_entry(written: MiddlewareSpec) -> MiddlewareEntry:
    if isinstance(written, MiddlewareEntry):
        return written
    cls, kwargs = _parts(written)
    if not callable(cls) or not isinstance(kwargs, Mapping):
        raise TypeError(f"middleware {written!r} is neither a class nor a pair of a class and its keyword arguments")
    return MiddlewareEntry(cls, {**cast("Mapping[str, Any]", kwargs)})


def _parts(written: object) -> tuple[object, object]:
    """Return the class and its keyword arguments, neither of them checked."""
    whole = written
    if isinstance(written, tuple):
        parts = cast("tuple[object, ...]", written)
        if len(parts) == 2:
            return parts[0], parts[1]
    nothing: dict[str, object] = {}
    return whole, nothing

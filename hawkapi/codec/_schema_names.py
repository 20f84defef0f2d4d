"""Names of schema components: stable, readable, and different for different types."""

from __future__ import annotations

import re
import typing
from collections.abc import Hashable
from types import NoneType, UnionType
from typing import Any, Final

from hawkapi.codec._model import Description

_UNUSABLE: Final = re.compile(r"[^A-Za-z0-9._-]")
"""What a key of `components` must not have (OpenAPI 3.1, section 4.8.7.1)."""


def key_of(description: Description) -> Hashable:
    """Return what tells a type from others: descriptions of one class are one component."""
    try:
        hash(description.type)
    except TypeError:  # Type arguments may hold limits that have no hash.
        return id(description)
    return typing.cast("Hashable", description.type)


def title_of(annotation: Any) -> str:
    """Return the name of a type without modules: `Page[Item]`, `Page[Cat | Dog]`.

    The same in every version of Python and with both codecs: limits, whose classes differ, are no part of it.
    """
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return title_of(arguments[0])
    if _is_union(origin):
        return " | ".join(title_of(argument) for argument in arguments)
    if isinstance(origin, type) and arguments:
        return f"{origin.__name__}[{', '.join(title_of(argument) for argument in arguments)}]"
    if isinstance(annotation, type):
        return annotation.__name__ if annotation is not NoneType else "None"
    return str(annotation).replace("typing.", "")


def name_components(types: dict[Hashable, Description]) -> dict[Hashable, str]:
    """Return a name for each type: its title, with its module where another type has the same title.

    The names depend on the types only, not on their order, unless two types have the same module and name too.
    """
    titles = {key: _usable(title_of(description.type)) for key, description in types.items()}
    counts: dict[str, int] = {}
    for title in titles.values():
        counts[title] = counts.get(title, 0) + 1
    names: dict[Hashable, str] = {}
    taken: set[str] = set()
    for key, description in types.items():
        name = titles[key] if counts[titles[key]] == 1 else _usable(_qualified(description.type))
        names[key] = unused(name, taken)
        taken.add(names[key])
    return names


def unused(name: str, taken: typing.Container[str]) -> str:
    """Return a name, with a number when it is taken."""
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _usable(name: str) -> str:
    return _UNUSABLE.sub("_", name.replace(", ", "_").replace(" | ", "_or_"))


def _is_union(origin: object) -> bool:
    return origin is typing.Union or origin is UnionType


def _qualified(annotation: Any) -> str:
    """Return the name of a type with modules, also those of its type arguments."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _qualified(arguments[0])
    if _is_union(origin):
        return " | ".join(_qualified(argument) for argument in arguments)
    if isinstance(origin, type) and arguments:
        return f"{_qualified(origin)}[{', '.join(_qualified(argument) for argument in arguments)}]"
    if isinstance(annotation, type) and annotation.__module__ != "builtins":
        return f"{annotation.__module__}.{annotation.__qualname__}".replace(".<locals>", "")
    return title_of(annotation)

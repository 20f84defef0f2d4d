"""How the text of a path segment becomes a value: the types that a template may name (`{id:int}`).

A converter that refuses a text makes the route not match, so the client sees 404 (or another route answers).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from hawkapi.codec._text import read_float, read_int, read_uuid
from hawkapi.exceptions import InvalidPathError

__all__ = ["CONVERTERS", "Converter", "get_converter"]


class Converter(NamedTuple):
    """One type of path parameter."""

    name: str
    convert: Callable[[str], object] | None
    """Return the value, or `None` when the text is not one. Absent where the text itself is the value."""
    takes_rest: bool = False
    """Whether the parameter takes everything up to the end of the path, slashes included."""


CONVERTERS: Final[Mapping[str, Converter]] = MappingProxyType(
    {
        "str": Converter("str", None),
        "int": Converter("int", read_int),
        "float": Converter("float", read_float),
        "uuid": Converter("uuid", read_uuid),
        "path": Converter("path", None, takes_rest=True),
    }
)
"""Every type by the name that a template uses."""


def get_converter(name: str) -> Converter:
    """Return the converter with a name.

    Raises:
        InvalidPathError: there is none ("Unknown path parameter type"); it is a `ValueError`.
    """
    try:
        return CONVERTERS[name]
    except KeyError:
        known = ", ".join(CONVERTERS)
        raise InvalidPathError(f"Unknown path parameter type {name!r}; use one of: {known}") from None

"""What `Annotated` adds to a type: limits that values must keep, and words for the documentation.

`hawkapi.Meta` and `msgspec.Meta` have the same attributes and are read alike, as are the objects of `annotated-types`
and what pydantic's `Field` holds of them. They are recognised by the package they come from, so nothing is imported
here. Everything else in `Annotated` belongs to somebody else and changes nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Final, final

from hawkapi.codec._annotations import is_marker, package_of, type_name
from hawkapi.exceptions import UnsupportedTypeError

BOUNDS: Final = ("gt", "ge", "lt", "le", "multiple_of")
LENGTHS: Final = ("min_length", "max_length")
_LIMITS: Final = (*BOUNDS, *LENGTHS, "pattern", "tz")
_SILENT: Final = frozenset({"Unit", "DocInfo"})
"""Objects of annotated-types that say something to readers only."""


@final
@dataclasses.dataclass(frozen=True, slots=True)
class Constraints:
    """The limits of one type; `None` is no limit. Lengths count characters, bytes, items or members."""

    gt: Any = None
    ge: Any = None
    lt: Any = None
    le: Any = None
    multiple_of: Any = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    """A regular expression that is searched for in the text, as JSON Schema does; not anchored."""
    tz: bool | None = None
    """Whether a time must have an offset (true), or must have none (false)."""
    native: bool = dataclasses.field(default=True, compare=False)
    """Whether msgspec sees the same limits: they come from one `msgspec.Meta`."""

    @property
    def names(self) -> frozenset[str]:
        """The limits that are set."""
        return frozenset(name for name in _LIMITS if getattr(self, name) is not None)

    def only(self, names: frozenset[str]) -> Constraints:
        """Return these limits without others than the named ones."""
        removed: dict[str, Any] = dict.fromkeys(self.names - names)
        return dataclasses.replace(self, **removed)

    def merged(self, other: Constraints) -> Constraints:
        """Return limits that both keep.

        Raises:
            UnsupportedTypeError: there are two patterns, two steps, or times that must and must not have an offset.
        """
        kept: dict[str, Any] = {"native": False}
        for name in other.names:
            mine, theirs = getattr(self, name), getattr(other, name)
            kept[name] = theirs if mine is None else _stricter(name, mine, theirs)
        return dataclasses.replace(self, **kept)


def _stricter(name: str, one: Any, other: Any) -> Any:
    if one == other:
        return one
    if name in {"gt", "ge", "min_length"}:
        return max(one, other)
    if name in {"lt", "le", "max_length"}:
        return min(one, other)
    raise UnsupportedTypeError(f"{name} is given twice, as {one!r} and as {other!r}; give it once")


@final
@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """What `Meta` says to readers of the documentation."""

    title: str | None = None
    description: str | None = None
    examples: tuple[Any, ...] = ()
    extra_json_schema: dict[str, Any] | None = None
    """Members to merge into the JSON Schema."""


def read_extras(extras: tuple[Any, ...], annotation: Any) -> tuple[Constraints | None, Words | None]:
    """Return the limits and the words among the objects of an `Annotated`; the first is the innermost.

    Raises:
        UnsupportedTypeError: an object asks for something that is not supported.
    """
    constraints: Constraints | None = None
    words: dict[str, Any] = {}
    for extra in extras:
        for part in _parts(extra):
            found = _read_limits(part, annotation)
            if found is not None and found.names:
                constraints = found if constraints is None else constraints.merged(found)
            words.update(_read_words(part))
    return constraints, Words(**words) if words else None


def _parts(extra: Any) -> Iterator[Any]:
    """Yield what a group of constraints stands for, or the object itself."""
    if getattr(extra, "__is_annotated_types_grouped_metadata__", False):
        for part in extra:
            yield from _parts(part)
    elif package_of(extra) == "pydantic" and type(extra).__name__ == "FieldInfo":
        yield extra
        for part in extra.metadata:
            yield from _parts(part)
    else:
        yield extra


def _read_limits(extra: Any, annotation: Any) -> Constraints | None:
    package = package_of(extra)
    if package in {"msgspec", "hawkapi"} and type(extra).__name__ == "Meta":
        limits = {name: getattr(extra, name) for name in _LIMITS if getattr(extra, name) is not None}
        return Constraints(**limits, native=package == "msgspec")
    if package == "annotated_types" and not isinstance(extra, type):
        return _read_annotated_types(extra, annotation)
    if type(extra).__name__ == "FieldInfo" and package == "pydantic":
        return None
    if type(extra).__name__ == "_PydanticGeneralMetadata":
        return _only_known(dict(vars(extra)), extra, annotation)
    if is_marker(extra):
        raise UnsupportedTypeError(f"{extra!r} in {type_name(annotation)} is not supported yet")
    return None


def _read_annotated_types(extra: Any, annotation: Any) -> Constraints | None:
    if type(extra).__name__ in _SILENT:
        return None
    found = {name: getattr(extra, name) for name in _LIMITS if getattr(extra, name, None) is not None}
    if type(extra).__name__ == "Timezone":
        found = {"tz": extra.tz is ...} if extra.tz is None or extra.tz is ... else {}
    return _only_known(found, extra, annotation)


def _only_known(found: dict[str, Any], extra: Any, annotation: Any) -> Constraints:
    if not found or not found.keys() <= set(_LIMITS):
        if getattr(extra, "max_length", 0) is None or getattr(extra, "min_length", 1) == 0:
            return Constraints(native=False)  # MaxLen(None), MinLen(0): no limit at all.
        raise UnsupportedTypeError(f"{extra!r} in {type_name(annotation)} is not supported yet")
    return Constraints(**found, native=False)


def _read_words(extra: Any) -> dict[str, Any]:
    """Return title, description, examples and extra schema of an object that is for readers."""
    kind = type(extra).__name__
    if kind in {"Doc", "DocInfo"} and isinstance(getattr(extra, "documentation", None), str):
        return {"description": extra.documentation}
    if not (kind in {"Meta", "FieldInfo"} and package_of(extra) in {"hawkapi", "msgspec", "pydantic"}):
        return {}
    names = ("title", "description", "examples", "extra_json_schema")
    words = {name: getattr(extra, name, None) for name in names}
    words["examples"] = tuple(words["examples"] or ())
    return {name: value for name, value in words.items() if value is not None and value != ()}

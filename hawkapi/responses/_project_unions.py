"""Unions in results: which choice a value belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from hawkapi.codec import CodecError, Description, Kind
from hawkapi.codec._model import ARRAY_KINDS
from hawkapi.responses._misfits import misfit
from hawkapi.responses._project_scalars import EXACT, Part, Project

_NEVER: Final[frozenset[type]] = frozenset()
_BY_CLASS: Final = frozenset({Kind.DATACLASS, Kind.ATTRS, Kind.STRUCT, Kind.NAMED_TUPLE, Kind.PYDANTIC, Kind.ENUM})


def build_union(description: Description, parts: list[Part]) -> Part:
    """Return how a value of one of several types is written; `parts` are those of the choices.

    The class of an object decides, or its nearest base that is a choice; then the tag of a mapping. What neither
    decides is the first choice that it fits.
    """
    by_class = _by_class(description, parts)
    by_tag = {
        (choice.tag_field, choice.tag): part.project
        for choice, part in zip(description.items, parts, strict=True)
        if choice.tag_field is not None
    }
    tag_fields = {name for name, _ in by_tag}
    every = tuple(part.project for part in parts)
    wanted = " | ".join(choice.kind.value for choice in description.items)

    def project(value: Any) -> object:
        for cls in type(value).__mro__:
            chosen = by_class.get(cls)
            if chosen is not None:
                return chosen(value)
        if isinstance(value, Mapping):
            for name in tag_fields:
                tag: object = cast("Mapping[str, Any]", value).get(name)
                chosen = by_tag.get((name, tag)) if isinstance(tag, (str, int)) else None
                if chosen is not None:
                    return chosen(value)
        return _first_that_fits(value)

    def _first_that_fits(value: Any) -> object:
        for attempt in every:
            try:
                return attempt(value)
            except CodecError:
                continue
        raise misfit(wanted, value)

    return Part(_NEVER, project)


def _by_class(description: Description, parts: list[Part]) -> dict[type, Project]:
    """Return the function for each class that decides; one that two choices share does not."""
    found: dict[type, Project] = {}
    shared: set[type] = set()
    for choice, part in zip(description.items, parts, strict=True):
        for cls in _classes_of(choice):
            if cls in found:
                shared.add(cls)
            found[cls] = part.project
    return {cls: project for cls, project in found.items() if cls not in shared}


def _classes_of(choice: Description) -> tuple[type, ...]:
    if choice.kind in _BY_CLASS:
        return (choice.cls,)
    if choice.kind in ARRAY_KINDS or choice.kind is Kind.LITERAL:
        return ()
    # The first is the type itself; others (an int for a float) may be another choice's own.
    return EXACT.get(choice.kind, ())[:1]

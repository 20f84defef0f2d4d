"""Leaving members out of a result that has no response model, or whose members should go by their own classes."""

from __future__ import annotations

from typing import Any

from hawkapi.responses._exclusion import NOTHING, Exclusion, Flags

__all__ = ["apply_exclude_filters"]


def apply_exclude_filters(
    data: Any,
    model: Any = None,  # noqa: ARG001 - part of the interface; objects know their own classes.
    *,
    exclude_none: bool = False,
    exclude_unset: bool = False,
    exclude_defaults: bool = False,
) -> Any:
    """Return a result without some of its members, at every depth, also inside lists and dicts.

    Without a flag the data comes back as it is. Otherwise objects become dicts and arrays become lists. Plain dicts
    have no defaults, so only `exclude_none` acts on them.

    Args:
        data: Structs, dataclasses, attrs objects, pydantic models, dicts, and arrays of them.
        model: the response's model; the classes of the objects themselves decide.
        exclude_none: leave out members that are `None`.
        exclude_unset: leave out members that were never set. Only pydantic models and `UNSET` can tell.
        exclude_defaults: leave out members that are equal to their default, or to what their default factory makes.
    """
    flags = Flags(exclude_none, exclude_unset, exclude_defaults)
    return data if flags == NOTHING else Exclusion(flags).apply(data)

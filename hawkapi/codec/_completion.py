"""What msgspec leaves out of a dataclass object, put in.

A field that has a plain default and is absent from the body is left to the class attribute: the object then lacks it
in its `__dict__`, so it is written without it and `vars()` does not show it. Decoding such bodies another way costs
several times as much as looking at the finished objects once. Only types that have such classes are looked at.

Each function passes by what is not of the type it expects: a default need not be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from hawkapi.codec._model import MISSING, Description, Kind, parts_of

type Complete = Callable[[Any], None]

_ITEMS: Final = frozenset({list, set, frozenset, tuple})
_CONTAINERS: Final[dict[Kind, Any]] = {
    Kind.LIST: list,
    Kind.SET: set,
    Kind.FROZENSET: frozenset,
    Kind.TUPLE: tuple,
    Kind.FIXED_TUPLE: tuple,
    Kind.DICT: dict,
}


class Completion(NamedTuple):
    """How the objects of a type are completed."""

    complete: Complete | None
    """Completes a value in place; absent where nothing can be missing."""
    is_ambiguous: bool = False
    """Whether it cannot be told which choice of a union an object was read as."""


def build_completion(description: Description) -> Completion:
    """Return how the objects of a described type are completed."""
    needed = {id(part) for part in parts_of(description) if _plain_defaults(part)}
    if not needed:
        return Completion(None)
    builder = _Builder(needed)
    complete = builder.build(description)
    return Completion(complete, builder.is_ambiguous)


def _plain_defaults(part: Description) -> list[tuple[str, Any]]:
    """Return the members of a class that msgspec may leave out of an object."""
    if part.kind is not Kind.DATACLASS or not getattr(part.cls, "__dictoffset__", 0):
        return []
    return [(member.name, member.default) for member in part.fields if member.default is not MISSING]


class _Builder:
    """Makes the functions that complete parts of a type, each once."""

    def __init__(self, needed: set[int]) -> None:
        self._needed = needed
        self._made: dict[int, Complete] = {}
        self.is_ambiguous = False

    def build(self, part: Description) -> Complete | None:
        """Return what completes values of a part; nothing where none of it can be incomplete."""
        if not any(id(inner) in self._needed for inner in parts_of(part)):
            return None
        made = self._made.get(id(part))
        if made is not None:
            return made
        if part.fields:
            return self._members(part)
        if part.kind is Kind.UNION:
            return self._union(part)
        if part.kind is Kind.FIXED_TUPLE:
            return _positions([self.build(item) for item in part.items])
        assert part.item is not None
        # A part that holds itself through a container is made again, up to its class, which ends it.
        holder: list[Complete] = []

        def later(value: Any) -> None:
            holder[0](value)

        self._made[id(part)] = later
        item = self.build(part.item)
        assert item is not None
        holder.append(_around(part.kind, item))
        return holder[0]

    def _members(self, part: Description) -> Complete:
        steps: list[tuple[str, Complete]] = []
        defaults = _plain_defaults(part)
        complete = _object(part.cls, defaults, -1 if hasattr(part.cls, "__post_init__") else len(part.fields), steps)
        if part.kind is Kind.TYPED_DICT:
            complete = _typed_dict(steps)
        # A class that mentions itself finds this function, whose steps are filled in before anyone calls it.
        self._made[id(part)] = complete
        for member in part.fields:
            inner = self.build(member.description)
            if inner is not None:
                steps.append((member.name, inner))
        return complete

    def _union(self, part: Description) -> Complete:
        by_class: dict[Any, Complete | None] = {}

        def complete(value: Any) -> None:
            inner = by_class.get(type(value))
            if inner is not None:
                inner(value)

        self._made[id(part)] = complete
        for choice in part.items:
            cls = choice.cls if choice.cls is not None else _CONTAINERS.get(choice.kind)
            if cls is None:
                continue
            if cls in by_class:
                self.is_ambiguous = True
            by_class[dict if choice.kind is Kind.TYPED_DICT else cls] = self.build(choice)
        return complete


def _around(kind: Kind, item: Complete) -> Complete:
    """Return what completes the values in a container or an optional."""

    def complete_optional(value: Any) -> None:
        if value is not None:
            item(value)

    def complete_items(values: Any) -> None:
        if type(values) in _ITEMS:
            for value in values:
                item(value)

    def complete_values(members: Any) -> None:
        if type(members) is dict:
            held: dict[Any, Any] = members  # pyright: ignore[reportUnknownVariableType] - members of any type
            for value in held.values():
                item(value)

    if kind is Kind.OPTIONAL:
        return complete_optional
    return complete_values if kind is Kind.DICT else complete_items


def _positions(items: list[Complete | None]) -> Complete:
    def complete(values: Any) -> None:
        if type(values) is not tuple:
            return
        held: tuple[Any, ...] = values  # pyright: ignore[reportUnknownVariableType] - items of any type
        if len(held) == len(items):
            for item, value in zip(items, held, strict=True):
                if item is not None:
                    item(value)

    return complete


def _object(cls: Any, defaults: list[tuple[str, Any]], size: int, steps: list[tuple[str, Complete]]) -> Complete:
    """Return what completes an object.

    Args:
        cls: its class.
        defaults: what it may lack.
        size: how many attributes a complete one has; -1 where `__post_init__` may have added some.
        steps: what completes its members.
    """

    def complete(instance: Any) -> None:
        if type(instance) is not cls:
            return
        if defaults:
            own = instance.__dict__
            if len(own) != size:
                for name, default in defaults:
                    own.setdefault(name, default)
        for name, step in steps:
            step(getattr(instance, name))

    return complete


def _typed_dict(steps: list[tuple[str, Complete]]) -> Complete:
    def complete(members: dict[str, Any]) -> None:
        for name, step in steps:
            if type(members) is dict and name in members:
                step(members[name])

    return complete

"""What the drawn applications always have: models whose shapes a draw would seldom hit, and a place for things."""

from __future__ import annotations

import itertools
import pathlib
import threading
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Final, Literal, NamedTuple, NewType, NotRequired, TypedDict
from uuid import UUID

from hawkapi import Meta, Struct

THIS_FILE: Final = pathlib.Path(__file__)
UserId = NewType("UserId", int)
type Name = Annotated[str, Meta(min_length=1, max_length=40)]


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


@dataclass
class Point:
    x: float
    y: float = 0.0
    label: Name | None = None


class Cat(Struct, tag="cat"):
    name: Name
    lives: Annotated[int, Meta(ge=0, le=9)] = 9


class Dog(Struct, tag="dog", tag_field="type"):
    name: Name
    good: Literal["yes", "very"] | None = None


class Bird(Struct, tag="bird", tag_field="type"):
    wings: Annotated[list[Point], Meta(max_length=2)]


class Fish(Struct, tag="fish"):
    depth: float


class Tree(Struct):
    """Holds itself."""

    value: int
    children: list[Tree] = []


@dataclass
class Chain:
    """Holds another, as long as there is one."""

    link: str
    following: Chain | None = None


class Pageful[T](Struct):
    """A generic Struct."""

    items: list[T]
    total: Annotated[int, Meta(ge=0)] = 0


@dataclass
class Box[T]:
    """A generic dataclass."""

    content: T
    spare: T | None = None


class Options(TypedDict):
    level: Annotated[int, Meta(ge=1, le=5)]
    name: NotRequired[str]


class Place(NamedTuple):
    row: int
    column: int = 0


class Times(Struct, rename="camel", kw_only=True):
    started_at: datetime
    day_of_it: date
    hour: time | None = None
    price: Decimal = Decimal("1.50")
    identifier: UUID | None = None


class Exact(Struct, forbid_unknown_fields=True, rename="kebab"):
    first_name: Name
    second_name: str | None = None


class Everything(Struct, omit_defaults=True):
    name: Name
    tags: set[str] = set()
    scores: dict[str, list[float]] = {}
    by_day: dict[date, int] = {}
    place: Place = Place(0)
    pair: tuple[int, str] = (0, "")
    colour: Colour = Colour.RED
    size: Size = Size.SMALL
    choice: Literal["a", "b", 3] = "a"
    raw: bytes = b""
    either: int | str | None = None
    anything: Any = None
    options: Options | None = None


BODIES = (
    "Cat | Fish",
    "Dog | Bird",
    "Tree",
    "Chain",
    "Pageful[Point]",
    "Pageful[int]",
    "Box[str]",
    "Box[list[Point]]",
    "Options",
    "Place",
    "Times",
    "Exact",
    "Everything",
    "dict[str, Point]",
    "list[Tree]",
    "Annotated[list[int], Meta(min_length=1, max_length=5)]",
    "Annotated[dict[str, int], Meta(max_length=3)]",
    "list[Options] | Point",
    "Point | None",
    "tuple[int, str]",
    "dict[UUID, Decimal]",
)
"""Annotations of bodies."""


class Store:
    """Things by number: what clients make, read and take away. Thread-safe."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._things: dict[int, Any] = {}
        # Protects both; not what is in a thing, which nobody changes.
        self._lock = threading.Lock()

    def add(self, thing: Any) -> int:
        """Keep a thing and return its number."""
        with self._lock:
            number = next(self._numbers)
            self._things[number] = thing
        return number

    def get(self, number: int) -> Any:
        """Return a thing, or `None`."""
        with self._lock:
            return self._things.get(number)

    def remove(self, number: int) -> bool:
        """Forget a thing; return whether there was one."""
        with self._lock:
            return self._things.pop(number, None) is not None

"""Descriptions of types: what is described, and what is refused by name."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar, Union
from uuid import UUID

import pytest

from hawkapi.codec import Description, Kind, describe
from hawkapi.codec._model import dataclasses_in
from hawkapi.exceptions import UnsupportedTypeError

T = TypeVar("T")
UserId = NewType("UserId", int)
type Alias = list[UserId]
type Json = dict[str, Json]


@dataclass
class Item:
    name: str
    price: float = 0.5
    tags: list[str] = field(default_factory=list)


@dataclass
class Tree:
    value: int
    children: list[Tree]
    twin: Tree | None = None


@dataclass
class Computed:
    total: int = field(init=False, default=0)


@dataclass
class WithInitVar:
    seed: InitVar[int]


@dataclass(init=False)
class WithoutInit:
    name: str


@dataclass
class OwnInit:
    name: str

    def __init__(self, name: str) -> None:
        self.name = name.strip()


@dataclass
class Unresolvable:
    other: Nowhere  # type: ignore[name-defined]  # noqa: F821


@dataclass
class Deep:
    item: dict[str, list[datetime]]


@dataclass
class Box(Generic[T]):  # noqa: UP046 - the old spelling is what this test is about
    content: T


class Ge:
    """A constraint, as far as describing can tell: it comes from a package of constraints."""

    __module__ = "annotated_types.test"


class Plain:
    """A class that nothing is known about."""


class Movie(TypedDict):
    title: str


class Point(NamedTuple):
    x: int


class Colour(enum.Enum):
    RED = "red"


def shape(description: Description) -> Any:
    """Return a description as nested tuples, without fields."""
    if description.item is None:
        return description.kind.value
    return (description.kind.value, shape(description.item))


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        pytest.param(Any, "any", id="any"),
        pytest.param(object, "any", id="object"),
        pytest.param(None, "null", id="none"),
        pytest.param(type(None), "null", id="none-type"),
        pytest.param(bool, "bool", id="bool"),
        pytest.param(int, "int", id="int"),
        pytest.param(float, "float", id="float"),
        pytest.param(str, "str", id="str"),
        pytest.param(UUID, "uuid", id="uuid"),
        pytest.param(int | None, ("optional", "int"), id="union"),
        pytest.param(None | int, ("optional", "int"), id="union-null-first"),
        pytest.param(Optional[int], ("optional", "int"), id="optional"),  # noqa: UP045
        pytest.param(Union[int], "int", id="union-of-one"),  # noqa: UP007
        pytest.param(list[int], ("array", "int"), id="list"),
        pytest.param(list, ("array", "any"), id="bare-list"),
        pytest.param(dict[str, list[int]], ("object", ("array", "int")), id="dict"),
        pytest.param(dict, ("object", "any"), id="bare-dict"),
        pytest.param(Annotated[int, "documentation"], "int", id="annotated"),
        pytest.param(UserId, "int", id="newtype"),
        pytest.param(Alias, ("array", "int"), id="alias"),
        pytest.param(Item, "dataclass", id="dataclass"),
        pytest.param(Item | None, ("optional", "dataclass"), id="optional-dataclass"),
    ],
)
def test_describe(annotation: Any, expected: object) -> None:
    """A supported type is described down to its scalars."""
    assert shape(describe(annotation)) == expected


def test_describe_fields() -> None:
    """A dataclass is described with its fields in order, their types and their defaults."""
    name, price, tags = describe(Item).fields
    assert [(f.name, shape(f.description), f.required) for f in (name, price, tags)] == [
        ("name", "str", True),
        ("price", "float", False),
        ("tags", ("array", "str"), False),
    ]
    assert (price.default, tags.default_factory) == (0.5, list)


def test_describe_recursive() -> None:
    """A class that mentions itself is described once."""
    tree = describe(Tree)
    _, children, twin = (member.description for member in tree.fields)
    assert children.item is tree
    assert twin.item is tree


@pytest.mark.parametrize(
    ("annotation", "named"),
    [
        pytest.param(bytes, "type bytes is not supported yet", id="bytes"),
        pytest.param(datetime, "type datetime is not supported yet", id="datetime"),
        pytest.param(Decimal, "type Decimal is not supported yet", id="decimal"),
        pytest.param(Colour, "type Colour is not supported yet", id="enum"),
        pytest.param(Literal["a"], r"type Literal\['a'\] is not supported yet", id="literal"),
        pytest.param(set[int], r"type set\[int\] is not supported yet", id="set"),
        pytest.param(tuple[int, str], r"type tuple\[int, str\] is not supported yet", id="tuple"),
        pytest.param(Mapping[str, int], r"type collections.abc.Mapping\[str, int\] is not", id="mapping"),
        pytest.param(Movie, "type Movie is not supported yet", id="typed-dict"),
        pytest.param(Point, "type Point is not supported yet", id="named-tuple"),
        pytest.param(Plain, "type Plain is not supported yet", id="plain-class"),
        pytest.param(T, "type ~T is not supported yet", id="type-variable"),
        pytest.param(Box[int], r"type .*Box\[int\] is not supported yet", id="generic"),
        pytest.param(Box, "type ~T is not supported yet", id="generic-without-argument"),
        pytest.param({"a": int}, r"type \{'a': <class 'int'>\} is not supported yet", id="no-type-at-all"),
        pytest.param(Item(name="x"), r"type Item\(name='x'.* is not supported yet", id="instance"),
        pytest.param(int | str, r"union int \| str is not supported yet; only `T \| None` is", id="union"),
        pytest.param(int | str | None, r"union int \| str \| None is not supported yet", id="union-of-three"),
        pytest.param(dict[int, str], r"keys of dict\[int, str\] are not supported yet; only str", id="dict-keys"),
        pytest.param(Json, "type Json contains itself, which only dataclasses may", id="recursive-alias"),
        pytest.param(Deep, "type datetime is not supported yet", id="nested"),
        pytest.param(Computed, "field Computed.total is init=False or an InitVar", id="init-false-field"),
        pytest.param(WithInitVar, "field WithInitVar.seed is init=False or an InitVar", id="init-var"),
        pytest.param(WithoutInit, "type WithoutInit has init=False", id="init-false-class"),
        pytest.param(OwnInit, "type OwnInit has an __init__ of its own", id="own-init"),
        pytest.param(Unresolvable, "type Unresolvable names 'Nowhere', which its module", id="unknown-name"),
        pytest.param(Annotated[int, Ge()], ".*Ge object .* in .* is not supported yet", id="constraint"),
        pytest.param(list[Annotated[int, Ge]], ".*Ge.* is not supported yet", id="constraint-class"),
    ],
)
def test_describe_refuses(annotation: Any, named: str) -> None:
    """What is not supported is refused with its name; nothing is guessed."""
    with pytest.raises(UnsupportedTypeError, match=named):
        describe(annotation)


@pytest.mark.parametrize(
    ("annotation", "scalar"),
    [
        pytest.param(int, True, id="int"),
        pytest.param(None, True, id="none"),
        pytest.param(UUID | None, True, id="optional"),
        pytest.param(list[int], False, id="list"),
        pytest.param(list[int] | None, False, id="optional-list"),
        pytest.param(Item, False, id="dataclass"),
        pytest.param(Any, False, id="any"),
    ],
)
def test_is_scalar(annotation: Any, scalar: bool) -> None:
    """A scalar is what one piece of text can hold."""
    assert describe(annotation).is_scalar is scalar


def test_dataclasses_in() -> None:
    """Every dataclass that a type is made of is listed once, also a recursive one."""
    assert [item.type for item in dataclasses_in(describe(dict[str, Tree | None]))] == [Tree]
    assert dataclasses_in(describe(list[int])) == []


def test_kinds_have_distinct_names() -> None:
    """A kind is named as JSON Schema names it, or as the codec tells it apart."""
    assert len({kind.value for kind in Kind}) == len(Kind)
    assert dataclasses.is_dataclass(Description)

"""Descriptions of types: what is described, and what is refused by name."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, Required, TypedDict, TypeVar, Union
from uuid import UUID

import pytest

from hawkapi.codec import Description, Kind, describe
from hawkapi.codec._model import Words, parts_of
from hawkapi.codec.struct import Meta
from hawkapi.exceptions import UnsupportedTypeError

T = TypeVar("T")
UserId = NewType("UserId", int)
type Alias = list[UserId]
type Json = dict[str, Json] | None
type Itself = Itself  # type: ignore[misc]  # what this module refuses
type Worded = str | list[Annotated[Worded, Meta(title="inner")]]
type WordedItself = Annotated[WordedItself, Meta(title="it")]  # type: ignore[misc]  # what this module refuses
type WordedChoice = str | Annotated[WordedChoice, Meta(title="it")] | None  # type: ignore[misc]  # refused too
type Pair[P] = tuple[P, P]


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
class Box(Generic[T]):  # noqa: UP046 - the old spelling is what this test is about
    content: T


class Ge:
    """A constraint, as far as describing can tell: it comes from a package of constraints."""

    __module__ = "annotated_types.test"


class Plain:
    """A class that nothing is known about."""


@dataclass
class NamedBox(Box[list[str]]):
    name: str = ""


class Movie(TypedDict, total=False):
    title: Required[str]
    year: int
    rating: Annotated[Required[float], "words"]


class Limit:
    """A constraint that stands alone: it comes from the package of constraints, and has the attributes given."""

    __module__ = "annotated_types"

    def __init__(self, **limits: object) -> None:
        vars(self).update(limits)


class Mixed(enum.Enum):
    ONE = 1
    TWO = "two"


class Flagged(enum.Enum):
    YES = True


class Point(NamedTuple):
    x: int


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


def shape(description: Description) -> Any:
    """Return a description as nested tuples, without fields."""
    if description.items:
        return (description.kind.value, [shape(item) for item in description.items])
    if description.item is None:
        return description.kind.value
    if description.item.kind is Kind.DICT:
        return (description.kind.value, "object")
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
        pytest.param(bytes, "bytes", id="bytes"),
        pytest.param(datetime, "datetime", id="datetime"),
        pytest.param(Decimal, "decimal", id="decimal"),
        pytest.param(Colour, "enum", id="enum"),
        pytest.param(Size, "enum", id="enum-int"),
        pytest.param(Literal["a", 1], "literal", id="literal"),
        pytest.param(Literal["a", None], ("optional", "literal"), id="literal-null"),
        pytest.param(Literal["a"] | Literal["b"], "literal", id="literals-put-together"),
        pytest.param(set[int], ("set", "int"), id="set"),
        pytest.param(Sequence[int], ("array", "int"), id="sequence"),
        pytest.param(tuple[int, ...], ("tuple", "int"), id="tuple"),
        pytest.param(tuple[int, str], ("fixed-tuple", ["int", "str"]), id="fixed-tuple"),
        pytest.param(Pair[int], ("fixed-tuple", ["int", "int"]), id="generic-alias"),
        pytest.param(Mapping[int, str], ("object", "str"), id="mapping"),
        pytest.param(int | str | None, ("optional", ("union", ["int", "str"])), id="union-of-three"),
        pytest.param(int | Any, "any", id="union-with-any"),
        pytest.param(
            (int | None) | list[int | str],
            ("optional", ("union", ["int", ("array", ("union", ["int", "str"]))])),
            id="union-nested",
        ),
        pytest.param(Movie, "typed-dict", id="typed-dict"),
        pytest.param(Point, "named-tuple", id="named-tuple"),
        pytest.param(Box[int], "dataclass", id="generic"),
        pytest.param(T, "any", id="type-variable"),
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
        pytest.param(Plain, "type Plain is not supported", id="plain-class"),
        pytest.param({"a": int}, r"type \{'a': <class 'int'>\} is not supported", id="no-type-at-all"),
        pytest.param(Item(name="x"), r"type Item\(name='x'.* is not supported", id="instance"),
        pytest.param(complex, "type complex is not supported", id="complex"),
        pytest.param(dict[bool, int], r"keys of dict\[bool, int\] are not supported", id="dict-of-bool-keys"),
        pytest.param(dict[tuple[int, int], str], "keys of .* are not supported", id="dict-of-array-keys"),
        pytest.param(Itself, "type Itself contains only itself", id="alias-of-itself"),
        pytest.param(WordedItself, "type WordedItself contains only itself", id="alias-of-itself-with-words"),
        pytest.param(WordedChoice, "union .* contains itself", id="choice-of-itself-with-words"),
        pytest.param(list[Plain], "type Plain is not supported", id="nested"),
        pytest.param(Mixed, "enumeration Mixed has both str and int values", id="enum-of-both"),
        pytest.param(Flagged, "enumeration Flagged must have members, all with str or int values", id="enum-of-bool"),
        pytest.param(Literal[True], r"type Literal\[True\] may hold str, int and None only", id="literal-bool"),
        pytest.param(Literal[Colour.RED], "has members of an enumeration", id="literal-enum"),
        pytest.param(Annotated[str, Limit(ge=1)], "ge in .* fits no value of that type", id="limit-elsewhere"),
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


@pytest.mark.parametrize(
    ("annotation", "many"),
    [
        pytest.param(list[int], True, id="list"),
        pytest.param(set[UUID] | None, True, id="optional-set"),
        pytest.param(tuple[str, ...], True, id="tuple"),
        pytest.param(frozenset[Colour], True, id="frozenset"),
        pytest.param(list, True, id="bare-list"),
        pytest.param(tuple[int, int], True, id="fixed-tuple"),
        pytest.param(list[Item], False, id="list-of-objects"),
        pytest.param(dict[str, int], False, id="dict"),
        pytest.param(int, False, id="scalar"),
    ],
)
def test_takes_many(annotation: Any, many: bool) -> None:
    """A repeated parameter fills an array of scalars."""
    assert describe(annotation).takes_many is many


def test_fields_of_a_generic_class() -> None:
    """Type arguments reach the members, also through a base class."""
    assert shape(describe(Box[int]).fields[0].description) == "int"
    assert shape(describe(Box).fields[0].description) == "any"
    assert shape(describe(NamedBox).fields[0].description) == ("array", "str")


def test_typed_dict_members_that_may_be_absent() -> None:
    """`Required` and `NotRequired` come before `total`."""
    assert {field.name: field.required for field in describe(Movie).fields} == {
        "title": True,
        "year": False,
        "rating": True,
    }


def test_alias_that_mentions_itself() -> None:
    """A recursive alias is described once, as a loop."""
    described = describe(Json)
    members = described.item
    assert members is not None
    assert members.item is not None
    assert (members.kind, members.item.kind, members.item.item is members) == (Kind.DICT, Kind.OPTIONAL, True)


def test_alias_that_mentions_itself_with_words() -> None:
    """Words beside the mention are its own; the rest is as described."""
    described = describe(Worded)
    text, array = described.items
    assert array.item is not None
    assert (array.item.kind, array.item.words) == (Kind.UNION, Words(title="inner"))
    assert array.item.items == (text, array)


@pytest.mark.parametrize(
    ("annotation", "limits"),
    [
        pytest.param(Annotated[int, Limit(ge=1)], {"ge": 1}, id="one"),
        pytest.param(Annotated[Annotated[int, Limit(ge=1)], Limit(ge=5, lt=9)], {"ge": 5, "lt": 9}, id="stricter-wins"),
        pytest.param(Annotated[int, Limit(le=3), "words", Limit(le=4)], {"le": 3}, id="among-others"),
        pytest.param(Annotated[list[str], Limit(min_length=1)], {"min_length": 1}, id="length"),
    ],
)
def test_constraints(annotation: Any, limits: dict[str, object]) -> None:
    """Limits are gathered from every layer of `Annotated`; the stricter of two holds."""
    found = describe(annotation).constraints
    assert found is not None
    assert {name: getattr(found, name) for name in found.names} == limits


def test_constraints_of_a_union() -> None:
    """Each choice of a union gets the limits that it can hold."""
    described = describe(Annotated[int | str | None, Limit(ge=1), Limit(max_length=3)])
    assert described.item is not None
    number, text = (choice.constraints for choice in described.item.items)
    assert number is not None
    assert text is not None
    assert (set(number.names), set(text.names)) == ({"ge"}, {"max_length"})


def test_two_patterns_are_refused() -> None:
    """Two patterns cannot be made into one."""
    with pytest.raises(UnsupportedTypeError, match="pattern is given twice"):
        describe(Annotated[str, Limit(pattern="a"), Limit(pattern="b")])


def test_parts_of() -> None:
    """Every part of a type is listed once, also of a recursive one."""
    parts = parts_of(describe(dict[str, Tree | None]))
    assert [part.type for part in parts if part.kind is Kind.DATACLASS] == [Tree]
    assert [part.kind for part in parts_of(describe(list[int]))] == [Kind.LIST, Kind.INT]


def test_kinds_have_distinct_names() -> None:
    """A kind is named as JSON Schema names it, or as the codec tells it apart."""
    assert len({kind.value for kind in Kind}) == len(Kind)
    assert dataclasses.is_dataclass(Description)

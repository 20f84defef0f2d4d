"""Response models: what a described type leaves of a result."""

from __future__ import annotations

import collections
import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict
from uuid import UUID

import attrs
import pytest

from hawkapi.codec import CodecError, describe, encode
from hawkapi.codec.struct import UNSET, Meta, Struct, UnsetType
from hawkapi.responses._projection import build_projection

type Json = dict[str, Json] | list[Json] | str | int | None

WHEN = dt.datetime(2020, 1, 2, 3, tzinfo=dt.UTC)
IDENTIFIER = UUID(int=5)


class Colour(enum.Enum):
    RED = "red"


class Word(enum.StrEnum):
    A = "a"


class Level(enum.IntEnum):
    LOW = 1


@dataclass
class Item:
    name: str
    price: float = 0.5


@dataclass
class StoredItem(Item):
    secret: str = "hidden"  # noqa: S105 - no password


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)


@dataclass
class Named:
    name: str


@dataclass
class Counted:
    items: list[int]
    count: int = 0

    def __post_init__(self) -> None:
        if len(self.items) > 3:
            raise ValueError("too many")
        self.count = len(self.items)


@attrs.define
class Tool:
    name: str


@attrs.define
class StoredTool(Tool):
    secret: str = "hidden"  # noqa: S105 - no password


class Cat(Struct, tag="cat"):
    lives: int


class WildCat(Cat, tag="wild"):
    secret: str = "hidden"  # noqa: S105 - no password


class Dog(Struct, tag="dog", rename="camel"):
    first_name: str
    may_bite: bool | UnsetType = UNSET


class Frugal(Struct, omit_defaults=True):
    name: str
    size: int = 1


class Positions(Struct, array_like=True):
    x: int
    y: int = 7


class MorePositions(Positions, array_like=True):
    secret: str = "hidden"  # noqa: S105 - no password


class Keys(TypedDict):
    a: int
    b: NotRequired[str]


class Point(NamedTuple):
    x: int
    y: int = 7


@dataclass
class Page[T]:
    items: list[T]


class Row:
    """An object of somebody else's, such as a row of a database."""

    def __init__(self, **members: object) -> None:
        vars(self).update(members)


def project(annotation: Any, value: object, **flags: bool) -> object:
    """Reduce a value to a type."""
    return build_projection(describe(annotation), **flags)(value)


@pytest.mark.thread_unsafe(reason="its generators are parameters, and can be read once")
@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        pytest.param(Item, Item("a"), {"name": "a", "price": 0.5}, id="dataclass"),
        pytest.param(Item, StoredItem("a"), {"name": "a", "price": 0.5}, id="dataclass-subclass"),
        pytest.param(Item, {"name": "a", "x": 1}, {"name": "a", "price": 0.5}, id="dataclass-from-a-dict"),
        pytest.param(Item, Row(name="a", x=1), {"name": "a", "price": 0.5}, id="dataclass-from-an-object"),
        pytest.param(Item, Item("a", 1), {"name": "a", "price": 1}, id="int-for-a-float"),
        pytest.param(
            Item,
            collections.ChainMap({"name": "a"}),
            {"name": "a", "price": 0.5},
            id="dataclass-from-another-mapping",
        ),
        pytest.param(
            Tree,
            Tree("a", [Tree("b")]),
            {"name": "a", "children": [{"name": "b", "children": []}]},
            id="recursive",
        ),
        pytest.param(Counted, Counted([1]), {"items": [1], "count": 1}, id="computed"),
        pytest.param(Counted, {"items": [1, 2]}, {"items": [1, 2], "count": 2}, id="computed-for-a-dict"),
        pytest.param(Tool, StoredTool("a"), {"name": "a"}, id="attrs-subclass"),
        pytest.param(Tool, {"name": "a", "x": 1}, {"name": "a"}, id="attrs-from-a-dict"),
        pytest.param(Cat, WildCat(9), {"type": "cat", "lives": 9}, id="struct-subclass-with-another-tag"),
        pytest.param(Cat, {"lives": 9}, {"type": "cat", "lives": 9}, id="struct-from-a-dict"),
        pytest.param(Dog, Dog("a"), {"type": "dog", "firstName": "a"}, id="struct-renamed-unset"),
        pytest.param(Dog, Dog("a", True), {"type": "dog", "firstName": "a", "mayBite": True}, id="struct-renamed-set"),
        pytest.param(Dog, {"firstName": "a"}, {"type": "dog", "firstName": "a"}, id="struct-by-names-in-json"),
        pytest.param(Dog, {"first_name": "a"}, {"type": "dog", "firstName": "a"}, id="struct-by-names-in-python"),
        pytest.param(Frugal, Frugal("a"), {"name": "a"}, id="struct-omits-defaults"),
        pytest.param(Frugal, Frugal("a", 2), {"name": "a", "size": 2}, id="struct-keeps-other-values"),
        pytest.param(Positions, Positions(1), [1, 7], id="struct-as-an-array"),
        pytest.param(Positions, MorePositions(1), [1, 7], id="struct-as-an-array-subclass"),
        pytest.param(Positions, {"x": 1}, [1, 7], id="struct-as-an-array-from-a-dict"),
        pytest.param(Keys, {"a": 1, "c": 2}, {"a": 1}, id="typed-dict"),
        pytest.param(Keys, {"a": 1, "b": "x"}, {"a": 1, "b": "x"}, id="typed-dict-not-required"),
        pytest.param(Keys, Row(a=1, c=2), {"a": 1}, id="typed-dict-from-an-object"),
        pytest.param(Point, Point(1, 2), [1, 2], id="named-tuple"),
        pytest.param(Point, (1,), [1, 7], id="named-tuple-from-a-tuple"),
        pytest.param(Point, {"x": 1, "z": 3}, [1, 7], id="named-tuple-from-a-dict"),
        pytest.param(Page[Item], Page([StoredItem("a")]), {"items": [{"name": "a", "price": 0.5}]}, id="generic"),
        pytest.param(list[Item], (StoredItem("a"),), [{"name": "a", "price": 0.5}], id="list-from-a-tuple"),
        pytest.param(list[int], [1, 2], [1, 2], id="list-of-scalars"),
        pytest.param(list[int], {1: 2}.keys(), [1], id="list-from-a-view"),
        pytest.param(Iterable[Named], (Named(text) for text in "ab"), [{"name": "a"}, {"name": "b"}], id="generator"),
        pytest.param(set[int], {1}, [1], id="set"),
        pytest.param(frozenset[str], ["a"], ["a"], id="frozenset-from-a-list"),
        pytest.param(tuple[Item, ...], [Item("a")], [{"name": "a", "price": 0.5}], id="tuple"),
        pytest.param(tuple[int, Named], (1, Item("a")), [1, {"name": "a"}], id="fixed-tuple"),
        pytest.param(dict[str, Named], {"k": Item("a")}, {"k": {"name": "a"}}, id="dict"),
        pytest.param(dict[UUID, int], {IDENTIFIER: 1}, {IDENTIFIER: 1}, id="dict-with-other-keys"),
        pytest.param(Mapping[str, int], collections.ChainMap({"a": 1}), {"a": 1}, id="mapping"),
        pytest.param(Item | None, None, None, id="optional-none"),
        pytest.param(Item | None, StoredItem("a"), {"name": "a", "price": 0.5}, id="optional"),
        pytest.param(Cat | Dog, Dog("a"), {"type": "dog", "firstName": "a"}, id="union-by-class"),
        pytest.param(Cat | Dog, WildCat(9), {"type": "cat", "lives": 9}, id="union-by-base-class"),
        pytest.param(
            Cat | Dog, {"type": "dog", "firstName": "a"}, {"type": "dog", "firstName": "a"}, id="union-by-tag"
        ),
        pytest.param(Named | int, Item("a"), {"name": "a"}, id="union-by-attributes"),
        pytest.param(int | float, 1.5, 1.5, id="union-of-numbers"),
        pytest.param(float | str, 1, 1, id="union-int-for-a-float"),
        pytest.param(list[int] | list[str], ["a"], ["a"], id="union-first-that-fits"),
        pytest.param(Json, {"a": [1, None, {"b": "c"}]}, {"a": [1, None, {"b": "c"}]}, id="recursive-alias"),
        pytest.param(Any, [Item("a")], [Item("a")], id="any"),
        pytest.param(Colour, Colour.RED, Colour.RED, id="enum"),
        pytest.param(Literal["a", 1], "a", "a", id="literal"),
        pytest.param(Literal["a", 1], Word.A, "a", id="literal-from-an-enum"),
        pytest.param(str, Word.A, Word.A, id="str-enum-for-a-str"),
        pytest.param(int, Level.LOW, Level.LOW, id="int-enum-for-an-int"),
        pytest.param(dt.datetime, WHEN, WHEN, id="datetime"),
        pytest.param(bytes, bytearray(b"a"), bytearray(b"a"), id="bytes"),
        pytest.param(Decimal, Decimal("1.5"), Decimal("1.5"), id="decimal"),
        pytest.param(Annotated[int, Meta(ge=1)], 1, 1, id="limit-at"),
        pytest.param(Annotated[list[int], Meta(max_length=2)], [1, 2], [1, 2], id="length-at"),
    ],
)
def test_projection(annotation: Any, value: object, expected: object) -> None:
    """Only what the type has is left, under its names in JSON."""
    assert project(annotation, value) == expected


@pytest.mark.parametrize(
    ("annotation", "value", "written"),
    [
        pytest.param(UUID, str(IDENTIFIER), f'"{IDENTIFIER}"', id="uuid"),
        pytest.param(dt.date, "2020-01-02", '"2020-01-02"', id="date"),
        pytest.param(dt.datetime, "2020-01-02T03:00:00Z", '"2020-01-02T03:00:00Z"', id="datetime"),
        pytest.param(Colour, "red", '"red"', id="enum"),
        pytest.param(Decimal, "1.50", '"1.50"', id="decimal"),
        pytest.param(bytes, "YQ==", '"YQ=="', id="bytes"),
    ],
)
def test_projection_of_text(annotation: Any, value: object, written: str) -> None:
    """A text stands for what it spells in JSON, as it does in a row of a database."""
    assert encode(project(annotation, value)) == written.encode()


@pytest.mark.parametrize(
    ("annotation", "value", "place", "message"),
    [
        pytest.param(int, "1", "$", "Expected `int`, got `str`", id="text-for-a-number"),
        pytest.param(int, True, "$", "Expected `int`, got `bool`", id="bool-for-an-int"),
        pytest.param(float, True, "$", "Expected `float`, got `bool`", id="bool-for-a-float"),
        pytest.param(str, None, "$", "Expected `str`, got `NoneType`", id="none-for-a-str"),
        pytest.param(dt.date, WHEN, "$", "Expected `date`, got `datetime`", id="datetime-for-a-date"),
        pytest.param(Colour, 5, "$", "", id="value-of-no-member"),
        pytest.param(Literal["a"], "b", "$", "Expected 'a', got 'b'", id="literal"),
        pytest.param(Literal[1], True, "$", "Expected 1, got True", id="bool-for-a-literal"),
        pytest.param(UUID, "x", "$", "", id="text-of-no-uuid"),
        pytest.param(Item, "a", "$", "Expected `object`, got `str`", id="text-for-an-object"),
        pytest.param(Item, {}, "$", "Object missing required field `name`", id="member-missing-in-a-dict"),
        pytest.param(Item, Row(), "$", "Object missing required field `name`", id="member-missing-in-an-object"),
        pytest.param(Keys, {}, "$", "Object missing required field `a`", id="member-missing-in-a-typed-dict"),
        pytest.param(Item, Item(1), "name", "Expected `str`, got `int`", id="member"),  # type: ignore[arg-type] # wrong
        pytest.param(Counted, {"items": [1] * 4}, "$", "too many", id="refused-by-the-class"),
        pytest.param(list[int], "a", "$", "Expected `array`, got `str`", id="text-for-an-array"),
        pytest.param(list[int], {"a": 1}, "$", "Expected `array`, got `dict`", id="object-for-an-array"),
        pytest.param(list[Item], [Item("a"), {}], "[1]", "Object missing required field `name`", id="in-a-list"),
        pytest.param(dict[str, int], {"k": "x"}, "k", "Expected `int`, got `str`", id="in-a-dict"),
        pytest.param(dict[str, int], [1], "$", "Expected `object`, got `list`", id="array-for-an-object"),
        pytest.param(Tree, Tree("a", [Tree("b", [1])]), "children[0].children[0]", "", id="deep"),  # type: ignore[list-item] # wrong
        pytest.param(tuple[int, int], [1], "$", "Expected `array` of length 2, got 1", id="tuple-too-short"),
        pytest.param(tuple[int, int], [1, "x"], "[1]", "Expected `int`, got `str`", id="in-a-tuple"),
        pytest.param(tuple[int, int], {1: 2}, "$", "Expected `array`, got `dict`", id="object-for-a-tuple"),
        pytest.param(Point, (), "$", "Expected `array` of length 2, got 1", id="named-tuple-too-short"),
        pytest.param(int | str, 1.5, "$", "Expected `int | str`, got `float`", id="union"),
        pytest.param(Cat | Dog, {"type": "cow"}, "$", "", id="union-with-another-tag"),
        pytest.param(Annotated[int, Meta(ge=1)], 0, "$", "Expected `int` with ge 1", id="limit-below"),
        pytest.param(Annotated[int, Meta(multiple_of=2)], 3, "$", "", id="limit-multiple"),
        pytest.param(Annotated[str, Meta(pattern="^a$")], "b", "$", "", id="limit-pattern"),
        pytest.param(Annotated[str, Meta(min_length=2)], "a", "$", "", id="limit-length"),
        pytest.param(Annotated[list[int], Meta(max_length=2)], [1] * 3, "$", "", id="limit-items"),
        pytest.param(Annotated[dt.datetime, Meta(tz=False)], WHEN, "$", "", id="limit-offset"),
    ],
)
def test_projection_refuses(annotation: Any, value: object, place: str, message: str) -> None:
    """What does not fit is an error with its place."""
    with pytest.raises(CodecError) as caught:
        project(annotation, value)
    violation = caught.value.violations[0]
    assert violation.place == place
    assert message in violation.message


@dataclass
class Sparse:
    name: str
    note: str | None = None
    parts: list[Sparse] = field(default_factory=list)
    extra: Any = None
    named: dict[str, str | None] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("flags", "value", "expected"),
    [
        pytest.param(
            {"exclude_none": True},
            Sparse("a", parts=[Sparse("b")], extra=[{"x": None}, Named("c")], named={"k": None}),
            {
                "name": "a",
                "parts": [{"name": "b", "parts": [], "named": {}}],
                "extra": [{}, {"name": "c"}],
                "named": {},
            },
            id="none",
        ),
        pytest.param(
            {"exclude_none": True},
            {"name": "a", "note": None},
            {"name": "a", "parts": [], "named": {}},
            id="none-in-a-dict",
        ),
        pytest.param(
            {"exclude_defaults": True},
            Sparse("a", parts=[Sparse("b")]),
            {"name": "a", "parts": [{"name": "b"}]},
            id="defaults",
        ),
        pytest.param({"exclude_defaults": True}, {"name": "a", "note": None}, {"name": "a"}, id="defaults-in-a-dict"),
        pytest.param(
            {"exclude_unset": True}, {"name": "a", "note": None}, {"name": "a", "note": None}, id="unset-in-a-dict"
        ),
        pytest.param(
            {"exclude_unset": True},
            Sparse("a"),
            {"name": "a", "note": None, "parts": [], "extra": None, "named": {}},
            id="unset-in-an-object",
        ),
    ],
)
def test_projection_leaves_out(flags: dict[str, bool], value: object, expected: object) -> None:
    """Members are left out on request, at every depth."""
    assert project(Sparse, value, **flags) == expected


def test_projection_of_positions_leaves_nothing_out() -> None:
    """Positions of an array stay where they are."""
    assert project(tuple[int | None, int], (None, 1), exclude_none=True) == [None, 1]
    assert project(Point, Point(1, 7), exclude_defaults=True) == [1, 7]


def test_projection_of_a_result_that_contains_itself() -> None:
    """A result without an end is an error that a server survives."""
    tree = Tree("a")
    tree.children.append(tree)
    with pytest.raises(RecursionError):
        project(Tree, tree)


def pydantic_models() -> tuple[Any, Any]:
    """Return a model and a model that adds to it, or skip."""
    pydantic = pytest.importorskip("pydantic")

    class Model(pydantic.BaseModel):  # type: ignore[name-defined,misc] # pydantic is optional
        when: dt.datetime
        count: int = pydantic.Field(0, alias="theCount")

    class Stored(Model):
        secret: str = "hidden"  # noqa: S105 - no password

    return Model, Stored


def test_pydantic_model() -> None:
    """A model is written as pydantic writes JSON, without what a subclass adds, also inside other types."""
    model, stored = pydantic_models()
    expected = {"when": "2020-01-02T03:00:00Z", "theCount": 0}
    assert project(model, model(when=WHEN)) == expected
    assert project(list[model], [stored(when=WHEN)]) == [expected]  # type: ignore[valid-type] # made in a function


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"when": WHEN, "theCount": 3, "x": 1}, id="dict"),
        pytest.param(Row(when=WHEN, theCount=3, x=1), id="object"),
    ],
)
def test_pydantic_model_from_something_else(value: object) -> None:
    """What is no instance is validated."""
    model, _ = pydantic_models()
    assert project(model, value) == {"when": "2020-01-02T03:00:00Z", "theCount": 3}


def test_pydantic_model_that_does_not_fit() -> None:
    """Each of pydantic's errors is a violation with its place."""
    model, _ = pydantic_models()
    with pytest.raises(CodecError) as caught:
        project(dict[str, model], {"k": {"when": "x", "theCount": "y"}})  # type: ignore[valid-type] # made in a function
    assert [violation.place for violation in caught.value.violations] == ["k.when", "k.theCount"]


def test_pydantic_model_leaves_out() -> None:
    """The flags are pydantic's own."""
    model, _ = pydantic_models()
    assert project(model, model(when=WHEN), exclude_unset=True) == {"when": "2020-01-02T03:00:00Z"}

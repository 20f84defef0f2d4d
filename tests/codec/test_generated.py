"""Generated code: what it looks like, that it is what reads and writes, and that no name can become code."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import traceback
import uuid
from typing import Annotated, Any, Literal, TypedDict

import pytest

import hawkapi.codec._portable as portable
from hawkapi.codec import CodecError, describe
from hawkapi.codec._generated import sources
from hawkapi.codec._generated_readers import generate_decoder
from hawkapi.codec._generated_writers import generate_writer
from hawkapi.codec._meta import Meta
from hawkapi.codec._struct import Struct
from hawkapi.responses._projection import build_projection

MEMBER = {
    "'}; import os #": "x",
    "{x}": "x",
    "%s": "x",
    "a b": "x",
    "\U0001f600": "x",
    '"\\': "x",
    "\n": "x",
    "\0": "x",
}


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


@dataclasses.dataclass
class Item:
    name: str
    price: float


@dataclasses.dataclass
class Node:
    size: Size
    children: list[Node]
    next: Node | None = None
    tags: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(kw_only=True, frozen=True)
class Everything:
    id: uuid.UUID
    at: dt.datetime
    day: dt.date
    took: dt.timedelta
    data: bytes
    kind: Literal["a", "b"]
    count: Annotated[int, Meta(ge=1, lt=10)]
    slug: Annotated[str, Meta(pattern="^[a-z]+$", max_length=5)]
    pair: tuple[int, Item]
    numbers: set[int]
    prices: dict[str, float]
    items: dict[str, Item]
    free: Any
    is_on: bool
    when: Annotated[dt.time, Meta(tz=False)]


type Endless = list[Endless]


class Cat(Struct, tag="cat", forbid_unknown_fields=True):
    name: str


class Options(TypedDict):
    size: Size
    ratio: float


EVERYTHING = Everything(
    id=uuid.UUID(int=5),
    at=dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC),
    day=dt.date(2024, 5, 6),
    took=dt.timedelta(seconds=90),
    data=b"abc",
    kind="b",
    count=9,
    slug="hat",
    pair=(1, Item("hat", 0.0)),
    numbers={1},
    prices={"a": 1e300, "b": -0.5, "c": 0.00001},
    items={"x": Item('"', 1.5)},
    free=[1, {"a": None}],
    is_on=True,
    when=dt.time(7, 8),
)
TABLE: dict[str, tuple[Any, object]] = {
    "dataclass": (Item, Item("hat", 12.5)),
    "recursive": (Node, Node(Size.LARGE, [Node(Size.SMALL, [])], Node(Size.SMALL, [], None, ["ä", "b"]))),
    "every kind": (Everything, EVERYTHING),
    "Struct with a tag": (Cat, Cat("tom")),
    "list": (list[Item], [Item("a", 1.0), Item("b", 2)]),
    "integers": (list[int], [1, -2, 10**30]),
    "nothing": (list[int], []),
    "optional": (Item | None, None),
    "text": (str, "hat"),
}


def fail(value: object) -> Any:
    raise AssertionError(value)


def general(part: Any) -> Any:
    project, encode = build_projection(part), portable.build_encoder()
    return lambda value: encode(project(value))


@pytest.mark.parametrize(("annotation", "value"), TABLE.values(), ids=TABLE.keys())
def test_right_values_are_left_to_generated_code(annotation: Any, value: object) -> None:
    """What fits is written and read without the code that knows every case, and comes back equal."""
    description = describe(annotation)
    written = generate_writer(description, fail, general)(value)
    assert written == general(description)(value)
    assert generate_decoder(description, json.JSONDecoder(), fail, portable.build_reader)(written) == value


USUAL = {
    "compact": b'{"name":"hat","price":12.5,"on":true,"count":3}',
    "spaced": b'{"name": "hat", "price": 12.5, "on": true, "count": 3}',
    "another order": b'{"count":3,"on":true,"price":12.5,"name":"hat"}',
    "other spaces": b'{ "name" : "hat" , "price" : 12.5 ,\n"on" : true , "count" : 3 } \r\n',
    "exponent": b'{"name":"hat","price":1.25e1,"on":true,"count":3}',
    "escapes": rb'{"name":"h\u0061t","price":12.5,"on":true,"count":3}',
    "unknown member": b'{"name":"hat","price":12.5,"on":true,"count":3,"more":[]}',
    "member twice": b'{"name":"cap","name":"hat","price":12.5,"on":true,"count":3}',
}


@dataclasses.dataclass
class Flat:
    name: str
    price: float
    on: bool
    count: Annotated[int, Meta(le=3)]


@pytest.mark.parametrize("body", USUAL.values(), ids=USUAL.keys())
def test_form_of_a_body_does_not_matter(body: bytes) -> None:
    """An object is the same whether it is written as most programs do, which is recognised as a whole, or not."""
    assert generate_decoder(describe(Flat), json.JSONDecoder(), fail, portable.build_reader)(body) == Flat(
        "hat", 12.5, True, 3
    )


NUMBERS = ["0", "-0", "0.0", "-0.0", "-1", "7", "1e2", "-1E-2", "0.1", "123456789012345678", "1234567890123456789"]


@pytest.mark.parametrize(
    "number", [*NUMBERS, "01", "1.", ".5", "+1", "1_0", "0x1", "--1", "1e999", "9" * 400, "1" * 5000]
)
@pytest.mark.parametrize("cls", [int, float], ids=["int", "float"])
def test_numbers_are_read_as_the_readers_do(cls: type, number: str) -> None:
    """A number in an object that is recognised as a whole is the one that the readers make, or an error like theirs."""
    description = describe(dataclasses.make_dataclass("Number", [("n", cls)]))

    def outcome(decode: Any) -> str:
        try:
            return repr(decode(f'{{"n":{number}}}'.encode()))
        except CodecError as exc:
            return str(exc)

    assert outcome(portable.build_decoder(description)) == outcome(portable.build_exact_decoder(description))


def test_classes_that_do_something_when_made_are_called() -> None:
    """`__post_init__`, `__setattr__` and `__new__` of a class run for every object."""
    seen: list[str] = []

    @dataclasses.dataclass
    class After:
        name: str

        def __post_init__(self) -> None:
            seen.append("after")

    @dataclasses.dataclass
    class Setting:
        name: str

        def __setattr__(self, name: str, value: object) -> None:
            seen.append("set")
            super().__setattr__(name, value)

    @dataclasses.dataclass
    class Making:
        name: str

        def __new__(cls, **_: object) -> Any:
            seen.append("made")
            return super().__new__(cls)

    for cls in (After, Setting, Making):
        assert portable.build_decoder(describe(cls))(b'{"name":"a"}') == cls(name="a")
    assert seen == ["after", "after", "set", "set", "made", "made"]


@pytest.mark.parametrize("annotation", [dict[str, object], dict[str, int], list[float], list[Any], int, Any, Endless])
def test_types_without_a_class_are_left_to_the_encoder(annotation: Any) -> None:
    """What json's encoder writes in one go is not written piece by piece."""
    description = describe(annotation)
    assert portable.build_writer(description, general(description), general) is None


def test_typed_dictionary_is_written() -> None:
    """The members of a typed dictionary are written in the order of the class."""
    write = generate_writer(describe(Options), fail, general)
    assert write({"ratio": 1.5, "size": Size.LARGE}) == b'{"size":"l","ratio":1.5}'


def test_source_is_readable() -> None:
    """Members are variables, one check after the other; everything that belongs to the type is an argument."""
    portable.build_decoder(describe(list[Item]))
    assert (
        "def make(Misfit, cls, dict, float, high, int, low, new, str, type):\n"
        "    def read(raw):\n"
        "        if type(raw) is not dict:\n"
        "            raise Misfit\n"
        "        item_0 = raw['name']\n"
        "        if type(item_0) is not str:\n"
        "            raise Misfit\n"
        "        item_1 = raw['price']\n"
        "        if type(item_1) is float:\n"
        "            if not low < item_1 < high:\n"
        "                raise Misfit\n"
        "        elif type(item_1) is int:\n"
        "            item_1 = float(item_1)\n"
        "        else:\n"
        "            raise Misfit\n"
        "        made = new(cls)\n"
        "        made.name = item_0\n"
        "        made.price = item_1\n"
        "        return made\n"
        "    return read\n"
    ) in sources()


def test_traceback_shows_the_line() -> None:
    """A traceback through generated code names the members and shows the line."""

    @dataclasses.dataclass
    class Broken:
        spoilt: int

        def __post_init__(self) -> None:
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError) as caught:
        portable.build_decoder(describe(Broken))(b'{"spoilt":1}')
    lines = traceback.format_exception(caught.value)
    assert any("<hawkapi decode spoilt" in line and "return cls(item_0)" in line for line in lines)


def test_code_is_made_once_for_a_shape() -> None:
    """Each decoder has its own function and all share the code, which free-threaded 3.13 never frees."""
    first: Any = portable.build_decoder(describe(Item))
    second: Any = portable.build_decoder(describe(Item))
    assert first is not second
    assert first.__code__ is second.__code__


@pytest.mark.parametrize("name", ["日本", "item_0", "cls", "raw", "type", "Misfit", "text", "read", "decode", "exact"])
def test_names_that_look_like_the_code_s_own(name: str) -> None:
    """Any name of a member works, also one that the code uses."""
    cls: Any = dataclasses.make_dataclass("Odd", [(name, int), ("other", str)])
    description = describe(cls)
    value = portable.build_decoder(description)(json.dumps({name: 1, "other": "a"}).encode())
    assert value == cls(1, "a")
    assert generate_writer(description, general(description), general)(value) == general(description)(value)


@pytest.mark.parametrize("name", MEMBER)
def test_names_in_json_are_never_code(name: str) -> None:
    """A name in JSON is a text, whatever it holds."""

    class Renamed(Struct, rename=lambda _: name):
        member: int

    description = describe(Renamed)
    text = json.dumps({name: 1}, ensure_ascii=False, separators=(",", ":")).encode()
    assert portable.build_decoder(description)(text) == Renamed(1)
    assert generate_writer(description, fail, general)(Renamed(1)) == text


def test_class_with_very_many_members() -> None:
    """There is no limit to the members of a class."""
    names = [f"member_{number}" for number in range(300)]
    cls: Any = dataclasses.make_dataclass("Many", [(name, int) for name in names])
    body = json.dumps({name: int(name[7:]) for name in names}).encode()
    assert portable.build_decoder(describe(cls))(body) == cls(*range(300))


WRONG = {
    "member of another type": (b'{"name":1,"price":1}', "name: Expected `str`, got `int`"),
    "member that is absent": (b'{"price":1}', "Object missing required field `name`"),
    "number out of range": (b'{"name":"a","price":1e999}', "price: Number out of range"),
    "something after the end": (b'{"name":"a","price":1}]', "JSON is malformed"),
    "half a surrogate pair": (rb'{"name":"\ud83d","price":1}', "half a surrogate pair"),
    "not UTF-8": (b'{"name":"\xff","price":1}', "invalid UTF-8"),
    "too deep": (b'{"name":"a","price":' + b"[" * 201 + b"]" * 201 + b"}", "nested deeper"),
}


@pytest.mark.parametrize(("body", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_fit_is_judged_by_the_readers(body: bytes, message: str) -> None:
    """Generated code never says what is wrong: it gives up, and the error is that of the readers."""
    with pytest.raises(CodecError, match=message):
        portable.build_decoder(describe(Item))(body)


def test_results_that_are_not_exactly_of_the_type() -> None:
    """Objects of subclasses, mappings and subclasses of scalars are written as the projection says."""

    class Sub(Item):
        pass

    class Word(str):
        __slots__ = ()

    description = describe(Item)
    write = generate_writer(description, general(description), general)
    expected = b'{"name":"hat","price":1.5}'
    assert [write(Sub("hat", 1.5)), write({"name": "hat", "price": 1.5}), write(Item(Word("hat"), 1.5))] == [
        expected
    ] * 3


def test_numbers_are_written_as_ever() -> None:
    """Floats that `repr` gives an exponent are written as msgspec writes them; those that are none are refused."""
    write = generate_writer(describe(list[float]), general(describe(list[float])), general)
    numbers = [1e16, -1e16, 1e-4, 1e-5, -1e-5, 0.0, -0.0, 9999999999999998.0, 1e-7, 3]
    assert write(numbers) == b"[1e16,-1e16,0.0001,0.00001,-0.00001,0.0,-0.0,9999999999999998.0,1e-7,3]"
    with pytest.raises(ValueError, match="not JSON compliant"):
        write([float("nan")])

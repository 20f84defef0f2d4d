"""Every kind of type: what it reads from JSON and from text, what it refuses, and what is written."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import importlib.util
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypedDict, TypeVar
from uuid import UUID

import pytest

from hawkapi.codec import CODEC, CodecError, describe
from hawkapi.codec._portable import build_converter, build_decoder, build_encoder
from hawkapi.codec.struct import UNSET, Meta, Struct, UnsetType

UUID_TEXT = "12345678-1234-5678-1234-567812345678"
T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1

    @classmethod
    def _missing_(cls, value: object) -> Size | None:
        return cls.SMALL if value == 0 else None


class Point(NamedTuple):
    x: int
    y: int = 0


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


@dataclasses.dataclass
class Box(Generic[T]):  # noqa: UP046 - the old spelling is supported too
    content: T
    count: int = 1


@dataclasses.dataclass
class Circle:
    radius: float


@dataclasses.dataclass
class Square:
    side: float
    kind: Literal["square"] = "square"


class Cat(Struct, tag="cat"):
    lives: int = 9


class Dog(Struct, tag="dog"):
    name: str


class Strict(Struct, forbid_unknown_fields=True, rename="camel"):
    first_name: str


class Patch(Struct, omit_defaults=True):
    name: str | UnsetType = UNSET
    size: int = 1
    tags: list[str] = []  # noqa: RUF012 - made anew for each object


class Row(Struct, array_like=True):
    a: int
    b: str = "x"


def builders(name: str) -> list[Any]:
    """Return one function of every codec that can be compared here."""
    found = [pytest.param({"decoder": build_decoder, "encoder": build_encoder}[name], id="portable")]
    if CODEC == "msgspec" and importlib.util.find_spec("msgspec") is not None:
        import hawkapi.codec._msgspec as fast  # Only where it is the codec: Struct is portable elsewhere.

        found.append(pytest.param(getattr(fast, f"build_{name}"), id="msgspec"))
    return found


both_decoders = pytest.mark.parametrize("build", builders("decoder"))
both_encoders = pytest.mark.parametrize("build", builders("encoder"))
MOMENT = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@both_decoders
@pytest.mark.parametrize(
    ("annotation", "data", "value"),
    [
        pytest.param(bytes, b'"aGk="', b"hi", id="bytes"),
        pytest.param(bytearray, b'"aGk="', bytearray(b"hi"), id="bytearray"),
        pytest.param(dt.datetime, b'"2020-01-02T03:04:05Z"', MOMENT, id="datetime"),
        pytest.param(dt.datetime, b'"2020-01-02 03:04:05"', MOMENT.replace(tzinfo=None), id="datetime-naive"),
        pytest.param(
            dt.datetime, b'"2020-01-02T03:04:05.9999996Z"', MOMENT + dt.timedelta(seconds=1), id="datetime-rounded"
        ),
        pytest.param(dt.date, b'"2020-02-29"', dt.date(2020, 2, 29), id="date"),
        pytest.param(dt.time, b'"23:59:59.9999999"', dt.time(0), id="time-rounded"),
        pytest.param(
            dt.time, b'"01:02:03-0130"', dt.time(1, 2, 3, tzinfo=dt.timezone(-dt.timedelta(minutes=90))), id="time"
        ),
        pytest.param(dt.timedelta, b'"-P1DT2H3M4.5S"', -dt.timedelta(1, 7384.5), id="duration"),
        pytest.param(Decimal, b"12345678901234567890.10", Decimal("12345678901234567890.10"), id="decimal-number"),
        pytest.param(Decimal, b'"1.50"', Decimal("1.50"), id="decimal-text"),
        pytest.param(Decimal | None, b"7", Decimal(7), id="decimal-integer"),
        pytest.param(list[Decimal | Any], b"[1.5]", [1.5], id="any-beside-a-decimal"),
        pytest.param(tuple[Decimal, float, Any], b"[1.5,1.5,1.5]", (Decimal("1.5"), 1.5, 1.5), id="float-and-decimal"),
        pytest.param(Colour, b'"red"', Colour.RED, id="enum"),
        pytest.param(Size, b"0", Size.SMALL, id="enum-missing"),
        pytest.param(Literal["a", 1], b"1", 1, id="literal"),
        pytest.param(int | str, b'"x"', "x", id="union"),
        pytest.param(int | float, b"1", 1, id="union-of-numbers"),
        pytest.param(dt.date | str, b'"2020-01-01"', dt.date(2020, 1, 1), id="union-of-texts-first"),
        pytest.param(dt.date | str, b'"x"', "x", id="union-of-texts-last"),
        pytest.param(Circle | Square, b'{"side":2}', Square(2.0), id="union-of-dataclasses"),
        pytest.param(Cat | Dog, b'{"type":"dog","name":"x"}', Dog("x"), id="union-tagged"),
        pytest.param(Cat, b"{}", Cat(), id="tag-may-be-left-out"),
        pytest.param(set[int], b"[1,1]", {1}, id="set"),
        pytest.param(frozenset[str], b'["a"]', frozenset("a"), id="frozenset"),
        pytest.param(tuple[int, ...], b"[1,2]", (1, 2), id="tuple"),
        pytest.param(tuple[int, str], b'[1,"a"]', (1, "a"), id="fixed-tuple"),
        pytest.param(Sequence[int], b"[1]", [1], id="sequence"),
        pytest.param(Mapping[UUID, int], f'{{"{UUID_TEXT}":1}}'.encode(), {UUID(UUID_TEXT): 1}, id="mapping"),
        pytest.param(dict[int, str], b'{"-1":"a"}', {-1: "a"}, id="dict-of-int-keys"),
        pytest.param(dict[float, str], b'{"1e3":"a"}', {1000.0: "a"}, id="dict-of-float-keys"),
        pytest.param(dict[Colour, int], b'{"red":1}', {Colour.RED: 1}, id="dict-of-enum-keys"),
        pytest.param(dict[dt.date, int], b'{"2020-01-01":1}', {dt.date(2020, 1, 1): 1}, id="dict-of-date-keys"),
        pytest.param(Point, b"[1]", Point(1), id="named-tuple"),
        pytest.param(Movie, b'{"title":"x","more":1}', {"title": "x"}, id="typed-dict"),
        pytest.param(Box[int], b'{"content":1}', Box(1), id="generic"),
        pytest.param(Strict, b'{"firstName":"x"}', Strict("x"), id="rename"),
        pytest.param(Row, b"[1]", Row(1), id="array-like"),
        pytest.param(Patch, b"{}", Patch(), id="unset"),
    ],
)
def test_decode_kind(build: Callable[[Any], Any], annotation: Any, data: bytes, value: object) -> None:
    """A document that fits becomes a value of exactly the type."""
    decoded = build(describe(annotation))(data)
    assert (decoded, type(decoded)) == (value, type(value))


@both_decoders
def test_decode_fills_in_plain_defaults(build: Callable[[Any], Any]) -> None:
    """An object has all its attributes itself, also those that were absent, at every depth."""
    decoded = build(describe(dict[str, list[Box[Box[int]] | None]]))(b'{"a":[null,{"content":{"content":1}}]}')
    outer = decoded["a"][1]
    assert (vars(outer)["count"], vars(outer.content)) == (1, {"content": 1, "count": 1})


@both_decoders
@pytest.mark.parametrize(
    ("annotation", "data", "place", "message"),
    [
        pytest.param(bytes, b'"!"', "$", "Invalid base64 encoded string", id="bytes"),
        pytest.param(dt.datetime, b'"2020-01-01"', "$", "Invalid RFC3339 encoded datetime", id="datetime"),
        pytest.param(dt.datetime, b"1", "$", "Expected `datetime`, got `int`", id="datetime-number"),
        pytest.param(dt.date, b'"2020-02-30"', "$", "Invalid RFC3339 encoded date", id="date"),
        pytest.param(dt.time, b'"24:00:00"', "$", "Invalid RFC3339 encoded time", id="time"),
        pytest.param(dt.timedelta, b'"PT"', "$", "Invalid ISO8601 duration", id="duration"),
        pytest.param(dt.timedelta, b'"PT1.5M2S"', "$", "Invalid ISO8601 duration", id="duration-inner-fraction"),
        pytest.param(Decimal, b'"NaN"', "$", "Invalid decimal string", id="decimal-nan"),
        pytest.param(Decimal, b'"1_0"', "$", "Invalid decimal string", id="decimal-underscore"),
        pytest.param(Decimal, b"1e99999999999999999999", "$", "Number out of range", id="decimal-exponent"),
        pytest.param(Decimal, b"true", "$", "Expected `decimal`, got `bool`", id="decimal-bool"),
        pytest.param(int | Decimal, b"[]", "$", "Expected `int | decimal`, got `array`", id="union-with-decimal"),
        pytest.param(Colour, b'"x"', "$", "Invalid enum value 'x'", id="enum"),
        pytest.param(Colour, b"1", "$", "Expected `str`, got `int`", id="enum-type"),
        pytest.param(Literal["a", 1], b"null", "$", "Expected `int | str`, got `null`", id="literal-type"),
        pytest.param(int | str | None, b"[]", "$", "Expected `int | str | null`, got `array`", id="union"),
        pytest.param(Circle | Square, b'{"side":"x"}', "side", "Expected `float`, got `str`", id="union-nearest"),
        pytest.param(Cat | Dog, b"{}", "$", "Object missing required field `type`", id="no-tag"),
        pytest.param(Cat | Dog, b'{"type":"cow"}', "type", "Invalid value 'cow'", id="unknown-tag"),
        pytest.param(Cat | Dog, b'{"type":1}', "type", "Expected `str`, got `int`", id="tag-of-wrong-type"),
        pytest.param(Cat, b'{"type":"dog"}', "type", "Invalid value 'dog'", id="another-tag"),
        pytest.param(set[Any], b"[[]]", "$", "Items of a set must not be arrays or objects", id="set-of-arrays"),
        pytest.param(tuple[int, str], b"[1]", "$", "Expected `array` of length 2", id="fixed-tuple-short"),
        pytest.param(tuple[int, str], b"[1,2]", "[1]", "Expected `str`, got `int`", id="fixed-tuple-item"),
        pytest.param(Point, b"[]", "$", "Expected `array` of length 1 to 2", id="named-tuple-short"),
        pytest.param(dict[int, str], b'{"x":"a"}', "x", "Expected integer, got 'x'", id="dict-key"),
        pytest.param(Movie, b"{}", "$", "Object missing required field `title`", id="typed-dict"),
        pytest.param(
            Strict, b'{"firstName":"x","b":1}', "$", "Object contains unknown field `b`", id="unknown-forbidden"
        ),
        pytest.param(Strict, b"{}", "$", "Object missing required field `firstName`", id="renamed-missing"),
        pytest.param(Row, b"[]", "$", "Expected `array` of length >= 1", id="array-like-short"),
        pytest.param(Annotated[int, Meta(ge=0)], b"-1", "$", "Expected `int` >= 0", id="ge"),
        pytest.param(Annotated[int, Meta(gt=0)], b"0", "$", "Expected `int` >= 1", id="gt"),
        pytest.param(Annotated[int, Meta(lt=5)], b"5", "$", "Expected `int` <= 4", id="lt"),
        pytest.param(Annotated[float, Meta(ge=0)], b"-1", "$", "Expected `float` >= 0.0", id="ge-float"),
        pytest.param(Annotated[float, Meta(gt=0.5)], b"0.5", "$", "Expected `float` > 0.5", id="gt-float"),
        pytest.param(
            Annotated[int, Meta(multiple_of=3)], b"4", "$", "Expected `int` that's a multiple of 3", id="multiple"
        ),
        pytest.param(
            Annotated[Decimal, Meta(multiple_of=0.1)],
            b"0.25",
            "$",
            "Expected `decimal` that's a multiple of 0.1",
            id="multiple-decimal",
        ),
        pytest.param(Annotated[str, Meta(min_length=2)], b'"a"', "$", "Expected `str` of length >= 2", id="min-length"),
        pytest.param(
            Annotated[list[int], Meta(max_length=1)], b"[1,2]", "$", "Expected `array` of length <= 1", id="max-length"
        ),
        pytest.param(
            Annotated[dict[str, int], Meta(min_length=1)], b"{}", "$", "Expected `object` of length >= 1", id="members"
        ),
        pytest.param(Annotated[str, Meta(pattern="^a")], b'"b"', "$", "Expected `str` matching regex '^a'", id="regex"),
        pytest.param(
            Annotated[dt.datetime, Meta(tz=True)],
            b'"2020-01-01T00:00:00"',
            "$",
            "Expected `datetime` with a timezone component",
            id="tz",
        ),
    ],
)
def test_decode_kind_violation(
    build: Callable[[Any], Any], annotation: Any, data: bytes, place: str, message: str
) -> None:
    """What does not fit is named with its place, in msgspec's wording."""
    with pytest.raises(CodecError) as caught:
        build(describe(annotation))(data)
    assert [(violation.place, violation.message) for violation in caught.value.violations] == [(place, message)]


@pytest.mark.parametrize(
    ("annotation", "value", "converted"),
    [
        pytest.param(dt.datetime, "2020-01-02T03:04:05Z", MOMENT, id="datetime"),
        pytest.param(dt.date | None, "2020-01-02", dt.date(2020, 1, 2), id="optional-date"),
        pytest.param(Decimal, "1.50", Decimal("1.50"), id="decimal"),
        pytest.param(Colour, "red", Colour.RED, id="enum"),
        pytest.param(Size, "1", Size.SMALL, id="enum-int"),
        pytest.param(Literal["a", 1], "1", 1, id="literal-int"),
        pytest.param(int | str, "5", "5", id="union-with-str"),
        pytest.param(int | float, "1.5", 1.5, id="union-of-numbers"),
        pytest.param(list[int], ["1", "2"], [1, 2], id="list"),
        pytest.param(set[bool], ["yes", "1"], {True}, id="set"),
        pytest.param(Box[int], {"content": "5", "count": "2"}, Box(5, 2), id="dataclass"),
        pytest.param(Annotated[int, Meta(ge=1)], "5", 5, id="limit"),
        pytest.param(bytes, b"raw", b"raw", id="bytes-as-they-are"),
    ],
)
def test_convert_text(annotation: Any, value: object, converted: object) -> None:
    """A text, or a structure of texts, is read as what it spells."""
    result = build_converter(describe(annotation))(value, True)
    assert (result, type(result)) == (converted, type(converted))


@pytest.mark.parametrize(
    ("annotation", "value", "message", "shown"),
    [
        pytest.param(dt.date, "x", "Expected date, got 'x'", "x", id="date"),
        pytest.param(Decimal, "inf", "Expected decimal number, got 'inf'", "inf", id="decimal"),
        pytest.param(Size, "9", "Invalid enum value 9", None, id="enum"),
        pytest.param(int | float, "x", "Expected `int | float`, got 'x'", "x", id="union"),
        pytest.param(Annotated[int, Meta(ge=1)], "0", "Expected `int` >= 1", "0", id="limit"),
        pytest.param(list[int], "1", "Expected `array`, got `str`", None, id="list-of-one-text"),
    ],
)
def test_convert_text_violation(annotation: Any, value: object, message: str, shown: object) -> None:
    """A text that spells nothing of the type is shown."""
    with pytest.raises(CodecError) as caught:
        build_converter(describe(annotation))(value, True)
    (violation,) = caught.value.violations
    assert (violation.message, violation.value) == (message, shown)


def numbers() -> Iterator[object]:
    """Yield what is written in two ways, so that a writer that starts again would lose the first."""
    yield 1
    yield 1e16
    yield None


class Inner(Struct, tag="inner", rename="camel"):
    the_value: Any = None


@both_encoders
@pytest.mark.parametrize(
    ("value", "data"),
    [
        pytest.param(Patch(), b"{}", id="defaults-left-out"),
        pytest.param(Patch("a", 2, ["b"]), b'{"name":"a","size":2,"tags":["b"]}', id="struct"),
        pytest.param(Inner([Inner()]), b'{"type":"inner","theValue":[{"type":"inner","theValue":null}]}', id="nested"),
        pytest.param(Row(1), b'[1,"x"]', id="array-like"),
        pytest.param(Point(1, 2), b"[1,2]", id="named-tuple"),
        pytest.param({Colour.RED: Size.SMALL}, b'{"red":1}', id="enums"),
        pytest.param([PurePosixPath("/a"), Decimal("1.50")], b'["/a","1.50"]', id="texts"),
        pytest.param(OrderedDict(a=1), b'{"a":1}', id="dict-subclass"),
        pytest.param(MappingProxyType({"a": 1}), b'{"a":1}', id="mapping"),
    ],
)
def test_encode_kind(build: Callable[[], Any], value: object, data: bytes) -> None:
    """A value is written as its type says, by both codecs in the same bytes."""
    assert build()(value) == data


@both_encoders
def test_encode_iterator(build: Callable[[], Any]) -> None:
    """A generator is written as an array, and read once only, whatever it holds."""
    assert build()({"items": numbers()}) == b'{"items":[1,1e16,null]}'


@both_encoders
@pytest.mark.parametrize(
    "value",
    [
        pytest.param([None, float("nan")], id="list"),
        pytest.param({"a": None, "b": (1, float("inf"))}, id="tuple"),
        pytest.param([None, Box(float("-inf"))], id="dataclass"),
        pytest.param([None, Inner(float("nan"))], id="struct"),
    ],
)
def test_encode_refuses_nan_beside_null(build: Callable[[], Any], value: object) -> None:
    """NaN and infinities are errors wherever they are, also where a null is written too."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        build()(value)

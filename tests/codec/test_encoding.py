"""Writing values. Both codecs must write the same bytes."""

from __future__ import annotations

import collections
import datetime as dt
import enum
import importlib.util
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from hawkapi import codec
from hawkapi.codec._encoder import build_encoder, iso_duration, number_text

UUID_VALUE = UUID(int=5)
UUID_TEXT = "00000000-0000-0000-0000-000000000005"
EAST = dt.timezone(dt.timedelta(hours=2, minutes=30))
EAST_TIME = dt.datetime(2020, 1, 2, tzinfo=EAST)
SIGNALLING = struct.unpack("<d", b"\1\0\0\0\0\0\xf0\xff")[0]
"""A NaN with bits of its own."""


class Colour(enum.Enum):
    RED = "red"
    NUMBER = 2
    PAIR = (1, 2)


class Level(enum.IntEnum):
    LOW = 1


class Word(enum.StrEnum):
    YES = "yes"


class Text(str):
    """A subclass of `str`."""

    __slots__ = ()


class Count(int):
    """A subclass of `int`."""


class Ratio(float):
    """A subclass of `float`."""


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Item:
    name: str
    price: float = 0.5
    parts: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Key:
    value: int


class Plain:
    """A class that JSON knows nothing about, as that of a row of an ORM."""


def encoders() -> list[Any]:
    """Return the encoder factory of every codec that can be imported."""
    found = [pytest.param(build_encoder, id="portable")]
    if importlib.util.find_spec("msgspec") is not None:
        import hawkapi.codec._msgspec as fast  # Only where msgspec is installed.

        found.append(pytest.param(fast.build_encoder, id="msgspec"))
    return found


both_codecs = pytest.mark.parametrize("build", encoders())
type Build = Callable[[], Callable[[object], bytes]]


def case(name: str, value: object, text: str) -> Any:
    """Return one row of a table."""
    return pytest.param(value, text.encode(), id=name)


@both_codecs
@pytest.mark.parametrize(
    ("value", "data"),
    [
        case("none", None, "null"),
        case("true", True, "true"),
        case("int", -(10**30), "-1" + "0" * 30),
        case("float", 1.5, "1.5"),
        case("float-integer", 2.0, "2.0"),
        case("float-negative-zero", -0.0, "-0.0"),
        case("float-large", 1e16, "1e16"),
        case("float-long", 1.5e300, "1.5e300"),
        case("float-small", 1.5e-5, "0.000015"),
        case("float-negative-small", -1e-5, "-0.00001"),
        case("float-smaller", 1e-6, "1e-6"),
        case("float-smallest", 5e-324, "5e-324"),
        case("text", 'é\u2028\U0001f600"\\/', '"é\u2028\U0001f600\\"\\\\/"'),
        case("text-control-characters", "\x00\x1f\x7f\b\t\n\f\r", '"\\u0000\\u001f\x7f\\b\\t\\n\\f\\r"'),
        case("text-like-an-exponent", ["1e+5", 0.5], '["1e+5",0.5]'),
        case("str-subclass", Text("x"), '"x"'),
        case("int-subclass", Count(5), "5"),
        case("float-subclass", [Ratio(1e20)], "[1e20]"),
        case("list", [1, [], [None]], "[1,[],[null]]"),
        case("tuple", (1, ()), "[1,[]]"),
        case("named-tuple", Point(1, 2), "[1,2]"),
        case("set", {1}, "[1]"),
        case("frozenset", frozenset(["a"]), '["a"]'),
        case("dict", {"b": 1, "a": {}}, '{"b":1,"a":{}}'),
        case("ordered-dict", collections.OrderedDict(a=1), '{"a":1}'),
        case(
            "dataclass",
            Item("x", parts=[Item("y")]),
            '{"name":"x","price":0.5,"parts":[{"name":"y","price":0.5,"parts":[]}]}',
        ),
        case("dataclass-slots", Key(1), '{"value":1}'),
        case("enum", Colour.RED, '"red"'),
        case("enum-int", Colour.NUMBER, "2"),
        case("enum-tuple", Colour.PAIR, "[1,2]"),
        case("int-enum", Level.LOW, "1"),
        case("str-enum", Word.YES, '"yes"'),
        case("uuid", UUID_VALUE, f'"{UUID_TEXT}"'),
        case("decimal", Decimal("1.50"), '"1.50"'),
        case("path", PurePosixPath("/a"), '"/a"'),
        case("bytes", b"abc", '"YWJj"'),
        case("bytearray", bytearray(b"a"), '"YQ=="'),
        case("memoryview", memoryview(b""), '""'),
        case("datetime", dt.datetime(2020, 1, 2, 3, 4, 5), '"2020-01-02T03:04:05"'),
        case("datetime-utc", dt.datetime(2020, 1, 2, tzinfo=dt.UTC), '"2020-01-02T00:00:00Z"'),
        case("datetime-zone", dt.datetime(2020, 1, 2, 3, 4, 5, 60, EAST), '"2020-01-02T03:04:05.000060+02:30"'),
        case("date", dt.date(5, 1, 2), '"0005-01-02"'),
        case("time", dt.time(1, 2, 3, tzinfo=dt.UTC), '"01:02:03Z"'),
        case("duration", dt.timedelta(days=1, seconds=2.5), '"P1DT2.5S"'),
        case("duration-negative", dt.timedelta(microseconds=-1), '"-PT0.000001S"'),
        case("duration-zero", dt.timedelta(0), '"P0D"'),
        case("duration-days", dt.timedelta(days=400), '"P400D"'),
        case(
            "all-with-an-exponent",
            {"t": True, "f": False, "n": None, "i": 7, "s": "x", "u": (UUID_VALUE, 1e20), "e": [], "o": {}},
            f'{{"t":true,"f":false,"n":null,"i":7,"s":"x","u":["{UUID_TEXT}",1e20],"e":[],"o":{{}}}}',
        ),
    ],
)
def test_encode(build: Build, value: object, data: bytes) -> None:
    """A value is written compactly, in UTF-8, in the form of its type."""
    assert build()(value) == data


@both_codecs
@pytest.mark.parametrize("beside", [pytest.param(0.5, id="plain"), pytest.param(1e20, id="beside-an-exponent")])
@pytest.mark.parametrize(
    ("key", "name"),
    [
        pytest.param("é\n", "é\\n", id="str"),
        pytest.param(Text("x"), "x", id="str-subclass"),
        pytest.param(1, "1", id="int"),
        pytest.param(1e-7, "1e-7", id="float"),
        pytest.param(float("nan"), "nan", id="nan"),
        pytest.param(float("-inf"), "-inf", id="infinity"),
        pytest.param(Ratio(1.5), "1.5", id="float-subclass"),
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(None, "null", id="none"),
        pytest.param(UUID_VALUE, UUID_TEXT, id="uuid"),
        pytest.param(Colour.RED, "red", id="enum"),
        pytest.param(Colour.NUMBER, "2", id="enum-int"),
        pytest.param(Level.LOW, "1", id="int-enum"),
        pytest.param(dt.date(2020, 1, 2), "2020-01-02", id="date"),
        pytest.param(Decimal("1.5"), "1.5", id="decimal"),
    ],
)
def test_encode_key(build: Build, key: object, name: str, beside: float) -> None:
    """The key of an object is written as its text."""
    number = "0.5" if beside == 0.5 else "1e20"
    assert build()({key: beside}) == f'{{"{name}":{number}}}'.encode()


async def pieces() -> AsyncIterator[str]:
    """Stand for a stream that is returned without its response."""
    yield "piece"


@both_codecs
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        pytest.param(float("nan"), ValueError, "not JSON compliant: nan", id="nan"),
        pytest.param([None, float("inf")], ValueError, "not JSON compliant: inf", id="infinity"),
        pytest.param([1e20, float("-inf")], ValueError, "not JSON compliant: -inf", id="infinity-beside-exponent"),
        pytest.param({UUID_VALUE: float("nan")}, ValueError, "not JSON compliant: nan", id="nan-under-a-key"),
        pytest.param([EAST_TIME, SIGNALLING], ValueError, "not JSON compliant: nan", id="nan-with-bits-beside-a-time"),
        pytest.param([2**64, None, float("nan")], ValueError, "not JSON compliant: nan", id="nan-beside-a-large-int"),
        pytest.param([{1}, Item("x", float("-inf"))], ValueError, "compliant: -inf", id="infinity-in-an-object"),
        pytest.param({1: {None, float("nan")}}, ValueError, "not JSON compliant: nan", id="nan-in-a-set"),
        pytest.param("\ud800", UnicodeEncodeError, "surrogates not allowed", id="half-a-surrogate-pair"),
        pytest.param(object(), TypeError, "Cannot serialize object of type object", id="object"),
        pytest.param([1e20, 1j], TypeError, "Cannot serialize object of type complex", id="complex"),
        pytest.param(Item, TypeError, "Cannot serialize object of type type", id="class"),
        pytest.param(pieces(), TypeError, "of type async_generator: return a StreamingResponse", id="async-generator"),
        pytest.param(Plain(), TypeError, "of type Plain: convert it, or give the route a response_model", id="plain"),
        pytest.param(LookupError(), TypeError, "of type LookupError: raise it instead", id="exception"),
        pytest.param({(1, 2): 3}, TypeError, "Cannot serialize object of type tuple", id="tuple-key"),
        pytest.param({Key(1): 3}, TypeError, "Cannot serialize object of type Key", id="dataclass-key"),
    ],
)
def test_encode_refuses(build: Build, value: object, error: type[Exception], message: str) -> None:
    """What JSON has no form for is an error, never something else in silence."""
    with pytest.raises(error, match=message) as caught:
        build()(value)
    assert caught.value.__context__ is None  # A traceback shows one error, not what was tried before.


@both_codecs
@pytest.mark.parametrize(
    ("value", "data"),
    [
        pytest.param([None, 2**64], b"[null,18446744073709551616]", id="a-large-int"),
        pytest.param([None, b"\xcb\xff\xff"], b'[null,"y///"]', id="bytes-like-a-nan"),
        pytest.param([None, dt.date(2020, 1, 2), {1}], b'[null,"2020-01-02",[1]]', id="types-of-no-container"),
        pytest.param(["null", 1.5], b'["null",1.5]', id="text"),
    ],
)
def test_encode_null_that_is_no_nan(build: Build, value: object, data: bytes) -> None:
    """A null in what is written is looked into, and taken for a NaN only if it is one."""
    assert build()(value) == data


@both_codecs
def test_encode_cycle(build: Build) -> None:
    """A value that contains itself is an error that a server survives."""
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(RecursionError):
        build()(cycle)


def test_encode_uses_the_codec_in_use() -> None:
    """The function for everybody writes as the codec's own encoders do."""
    assert codec.encode(Item("x")) == codec.encoder()(Item("x")) == b'{"name":"x","price":0.5,"parts":[]}'


def test_encoders_are_new() -> None:
    """Each thread gets an encoder of its own."""
    assert codec.encoder() is not codec.encoder()


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (1e15, "1000000000000000.0"), (1e-4, "0.0001"), (1.25e-5, "0.0000125"), (1e22, "1e22")],
)
def test_number_text(number: float, text: str) -> None:
    """Numbers are written as msgspec writes them."""
    assert number_text(number) == text


def test_iso_duration_has_no_trailing_zeros() -> None:
    """A fraction of a second is as short as it can be."""
    assert iso_duration(dt.timedelta(milliseconds=250)) == "PT0.25S"


@both_codecs
def test_encode_refuses_a_coroutine(build: Build) -> None:
    """Who forgot an `await` is told so."""

    async def answer() -> int:
        return 42

    forgotten = answer()
    with pytest.raises(TypeError, match="of type coroutine: was an `await` forgotten"):
        build()(forgotten)
    forgotten.close()

"""MessagePack: the format, byte by byte, and the types above it."""

from __future__ import annotations

import datetime as dt
import importlib.util
import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hawkapi.codec import CodecError, MalformedError
from hawkapi.codec._msgpack import encode_msgpack, is_msgpack, msgpack_decoder
from hawkapi.codec._msgpack_format import pack, unpack

type Pack = Callable[[object], bytes]


@dataclass
class Item:
    name: str
    count: int


def packers() -> list[Any]:
    """Return the writer of every codec that can be imported."""
    found = [pytest.param(pack, id="portable")]
    if importlib.util.find_spec("msgspec") is not None:
        import hawkapi.codec._msgspec_pack as fast  # Only where msgspec is installed.

        found.append(pytest.param(fast.pack, id="msgspec"))
    return found


both_codecs = pytest.mark.parametrize("write", packers())

PLAIN = [
    pytest.param(None, b"\xc0", id="nil"),
    pytest.param(False, b"\xc2", id="false"),
    pytest.param(True, b"\xc3", id="true"),
    pytest.param(0, b"\x00", id="zero"),
    pytest.param(127, b"\x7f", id="positive-fixint-most"),
    pytest.param(128, b"\xcc\x80", id="uint8-least"),
    pytest.param(255, b"\xcc\xff", id="uint8-most"),
    pytest.param(256, b"\xcd\x01\x00", id="uint16-least"),
    pytest.param(65535, b"\xcd\xff\xff", id="uint16-most"),
    pytest.param(65536, b"\xce\x00\x01\x00\x00", id="uint32-least"),
    pytest.param(2**32 - 1, b"\xce\xff\xff\xff\xff", id="uint32-most"),
    pytest.param(2**32, b"\xcf\x00\x00\x00\x01\x00\x00\x00\x00", id="uint64-least"),
    pytest.param(2**64 - 1, b"\xcf" + b"\xff" * 8, id="uint64-most"),
    pytest.param(-1, b"\xff", id="negative-fixint-most"),
    pytest.param(-32, b"\xe0", id="negative-fixint-least"),
    pytest.param(-33, b"\xd0\xdf", id="int8-most"),
    pytest.param(-128, b"\xd0\x80", id="int8-least"),
    pytest.param(-129, b"\xd1\xff\x7f", id="int16-most"),
    pytest.param(-32768, b"\xd1\x80\x00", id="int16-least"),
    pytest.param(-32769, b"\xd2\xff\xff\x7f\xff", id="int32-most"),
    pytest.param(-(2**31), b"\xd2\x80\x00\x00\x00", id="int32-least"),
    pytest.param(-(2**31) - 1, b"\xd3\xff\xff\xff\xff\x7f\xff\xff\xff", id="int64-most"),
    pytest.param(-(2**63), b"\xd3\x80" + b"\x00" * 7, id="int64-least"),
    pytest.param(1.5, b"\xcb\x3f\xf8" + b"\x00" * 6, id="float"),
    pytest.param("é", b"\xa2\xc3\xa9", id="fixstr"),
    pytest.param("a" * 31, b"\xbf" + b"a" * 31, id="fixstr-most"),
    pytest.param("a" * 32, b"\xd9\x20" + b"a" * 32, id="str8-least"),
    pytest.param("a" * 256, b"\xda\x01\x00" + b"a" * 256, id="str16-least"),
    pytest.param("a" * 65536, b"\xdb\x00\x01\x00\x00" + b"a" * 65536, id="str32-least"),
    pytest.param(b"", b"\xc4\x00", id="bin8-least"),
    pytest.param(b"a" * 256, b"\xc5\x01\x00" + b"a" * 256, id="bin16-least"),
    pytest.param(b"a" * 65536, b"\xc6\x00\x01\x00\x00" + b"a" * 65536, id="bin32-least"),
    pytest.param([1, []], b"\x92\x01\x90", id="fixarray"),
    pytest.param([0] * 16, b"\xdc\x00\x10" + b"\x00" * 16, id="array16-least"),
    pytest.param([0] * 65536, b"\xdd\x00\x01\x00\x00" + b"\x00" * 65536, id="array32-least"),
    pytest.param({"a": {}}, b"\x81\xa1a\x80", id="fixmap"),
    pytest.param(dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC), b"\xd6\xff\x00\x00\x00\x01", id="timestamp32"),
    pytest.param(
        dt.datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC),
        b"\xd7\xff\x00\x00\x0f\xa0\x00\x00\x00\x00",
        id="timestamp64",
    ),
    pytest.param(
        dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
        b"\xc7\x0c\xff\x00\x00\x00\x00" + b"\xff" * 8,
        id="timestamp96",
    ),
]


@both_codecs
@pytest.mark.parametrize(("value", "data"), PLAIN)
def test_pack(write: Pack, value: object, data: bytes) -> None:
    """A value is written in the shortest form of its type."""
    assert write(value) == data


@pytest.mark.parametrize(("value", "data"), PLAIN)
def test_unpack(value: object, data: bytes) -> None:
    """What was written is read back."""
    assert unpack(data) == value
    assert type(unpack(data)) is type(value)


@both_codecs
@pytest.mark.parametrize("size", [pytest.param(16, id="map16-least"), pytest.param(65536, id="map32-least")])
def test_pack_many_members(write: Pack, size: int) -> None:
    """A map may have as many members as its head can count."""
    value = {str(number): number for number in range(size)}
    assert unpack(write(value)) == value


@both_codecs
@pytest.mark.parametrize(
    ("value", "plain"),
    [
        pytest.param((1, 2), [1, 2], id="tuple"),
        pytest.param({1}, [1], id="set"),
        pytest.param(Item("x", 1), {"name": "x", "count": 1}, id="dataclass"),
        pytest.param(UUID(int=5), "00000000-0000-0000-0000-000000000005", id="uuid"),
        pytest.param(Decimal("1.50"), "1.50", id="decimal"),
        pytest.param(dt.date(2020, 1, 2), "2020-01-02", id="date"),
        pytest.param(dt.datetime(2020, 1, 2, 3), "2020-01-02T03:00:00", id="datetime-without-offset"),
        pytest.param({7: 2, None: 3, True: 4, 1.5: 5}, {"7": 2, "null": 3, "true": 4, "1.5": 5}, id="keys"),
        pytest.param(bytearray(b"a"), b"a", id="bytearray"),
        pytest.param("text that holds \xcb\u7ff8", "text that holds \xcb\u7ff8", id="text"),
        pytest.param(b"\xcb\x7f\xf8", b"\xcb\x7f\xf8", id="bytes-that-look-like-nan"),
    ],
)
def test_pack_as_plain_values(write: Pack, value: object, plain: object) -> None:
    """Types without a form of their own have that of JSON."""
    assert unpack(write(value)) == plain


@both_codecs
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        pytest.param(float("nan"), ValueError, "Out of range", id="nan"),
        pytest.param([float("-inf")], ValueError, "Out of range", id="infinity"),
        pytest.param(2**64, ValueError, "more than 64 bits", id="integer-above"),
        pytest.param(-(2**63) - 1, ValueError, "more than 64 bits", id="integer-below"),
        pytest.param("\ud800", UnicodeEncodeError, "surrogates", id="half-a-surrogate-pair"),
        pytest.param(object(), TypeError, "Cannot serialize object of type object", id="object"),
    ],
)
def test_pack_refuses(write: Pack, value: object, error: type[Exception], message: str) -> None:
    """What cannot be sent is an error, never something else in silence."""
    with pytest.raises(error, match=message):
        write(value)


@both_codecs
def test_pack_cycle(write: Pack) -> None:
    """A value that contains itself is an error that a server survives."""
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(RecursionError):
        write(cycle)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "the end is missing", id="empty"),
        pytest.param(b"\xc1", "0xc1 is not used", id="unused-byte"),
        pytest.param(b"\x01\x02", "data after the end", id="two-documents"),
        pytest.param(b"\xa2a", "the end is missing", id="short-text"),
        pytest.param(b"\xd9", "the end is missing", id="size-missing"),
        pytest.param(b"\xc6\xff\xff\xff\xff", "the end is missing", id="enormous-bytes"),
        pytest.param(b"\xdd\xff\xff\xff\xff", "the end is missing", id="enormous-array"),
        pytest.param(b"\xdf\xff\xff\xff\xff\x00", "the end is missing", id="enormous-map"),
        pytest.param(b"\x81\x01", "the end is missing", id="value-missing"),
        pytest.param(b"\xa1\xff", "invalid UTF-8", id="invalid-utf-8"),
        pytest.param(b"\xa3\xed\xa0\x80", "invalid UTF-8", id="half-a-surrogate-pair"),
        pytest.param(b"\xcb" + struct.pack(">d", float("nan")), "NaN and infinities", id="nan"),
        pytest.param(b"\xca" + struct.pack(">f", float("inf")), "NaN and infinities", id="infinity"),
        pytest.param(b"\x81\x90\x01", "a key is neither", id="array-as-a-key"),
        pytest.param(b"\x81\xc4\x00\x01", "a key is neither", id="bytes-as-a-key"),
        pytest.param(b"\xd4\x05\x00", "extension 5 is unknown", id="extension"),
        pytest.param(b"\xd5\xff\x00\x00", "4, 8 or 12 bytes", id="timestamp-of-two-bytes"),
        pytest.param(b"\xd7\xff" + b"\xff" * 8, "more than a second", id="timestamp-nanoseconds"),
        pytest.param(b"\xc7\x0c\xff\x00\x00\x00\x00\x7f" + b"\xff" * 7, "out of range", id="timestamp-late"),
    ],
)
def test_unpack_malformed(data: bytes, why: str) -> None:
    """What is not MessagePack, or what no API uses, is malformed."""
    with pytest.raises(MalformedError, match=f"MessagePack is malformed: .*{why}"):
        unpack(data)


@pytest.mark.parametrize("start", [pytest.param(b"\x91", id="arrays"), pytest.param(b"\x81\xa1a", id="maps")])
def test_unpack_depth(start: bytes) -> None:
    """200 levels are read, 201 are not."""
    unpack(start * 200 + b"\xc0")
    with pytest.raises(MalformedError, match="nested deeper than 200 levels"):
        unpack(start * 201 + b"\xc0")


def test_decoder_reads_a_type() -> None:
    """A document is read as the type that was asked for."""
    decode = msgpack_decoder(list[Item])
    assert decode(encode_msgpack([Item("x", 1)])) == [Item("x", 1)]


def test_decoder_names_violations() -> None:
    """A document that does not fit has the violations that JSON would have."""
    with pytest.raises(CodecError) as caught:
        msgpack_decoder(list[Item])(encode_msgpack([{"name": 1}]))
    assert [violation[:2] for violation in caught.value.violations] == [
        ("[0].name", "Expected `str`, got `int`"),
        ("[0]", "Object missing required field `count`"),
    ]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/msgpack", True),
        ("application/x-msgpack", True),
        ("application/vnd.msgpack", True),
        ("APPLICATION/MSGPACK ; x=y", True),
        ("application/json", False),
        ("application/msgpack2", False),
        ("", False),
        (None, False),
    ],
)
def test_is_msgpack(content_type: str | None, expected: bool) -> None:
    """Three names mean MessagePack, in any case and with any parameters."""
    assert is_msgpack(content_type) is expected


@dataclass
class Natives:
    data: bytes
    when: dt.datetime
    local: dt.datetime
    day: dt.date
    amount: Decimal
    counts: dict[int, int]


def test_decoder_reads_native_forms() -> None:
    """Bytes come as binary and datetimes as timestamps; what has no form of its own comes as JSON has it."""
    value = Natives(
        data=b"\x00\xff",
        when=dt.datetime(2020, 1, 2, tzinfo=dt.UTC),
        local=dt.datetime(2020, 1, 2),
        day=dt.date(2020, 1, 2),
        amount=Decimal("1.50"),
        counts={1: 2},
    )
    assert msgpack_decoder(Natives)(encode_msgpack(value)) == value


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        pytest.param(str, b"x", id="bytes-for-a-str"),
        pytest.param(str, dt.datetime(2020, 1, 2, tzinfo=dt.UTC), id="timestamp-for-a-str"),
        pytest.param(dt.date, dt.datetime(2020, 1, 2, tzinfo=dt.UTC), id="timestamp-for-a-date"),
        pytest.param(list[int], b"ab", id="bytes-for-a-list"),
    ],
)
def test_decoder_refuses_native_forms_of_other_types(annotation: Any, value: object) -> None:
    """Binary and timestamps are no other types' values."""
    with pytest.raises(CodecError, match="Expected `"):
        msgpack_decoder(annotation)(encode_msgpack(value))


@both_codecs
def test_pack_iterator(write: Pack) -> None:
    """An iterator is an array, also inside."""
    assert unpack(write({"a": iter([1, iter([2])])})) == {"a": [1, [2]]}

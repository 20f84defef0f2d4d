"""Results as bytes."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest

from hawkapi.codec._msgpack_format import unpack
from hawkapi.serialization import encode_for_content_type, encode_response, encode_response_msgpack

WHEN = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Item:
    name: str
    parts: object = ()


def counted(*values: object) -> Iterator[object]:
    """Yield values."""
    yield from values


@pytest.mark.parametrize(
    ("value", "data"),
    [
        pytest.param({"b": 1, "a": [True, None]}, b'{"b":1,"a":[true,null]}', id="order-is-kept"),
        pytest.param(Item("x"), b'{"name":"x","parts":[]}', id="dataclass"),
        pytest.param(Colour.RED, b'"red"', id="enum"),
        pytest.param(WHEN, b'"2020-01-02T03:04:05Z"', id="datetime"),
        pytest.param(dt.timedelta(seconds=5), b'"PT5S"', id="duration"),
        pytest.param(UUID(int=1), b'"00000000-0000-0000-0000-000000000001"', id="uuid"),
        pytest.param(Decimal("1.50"), b'"1.50"', id="decimal"),
        pytest.param({3}, b"[3]", id="set"),
        pytest.param(b"abc", b'"YWJj"', id="bytes"),
        pytest.param(PurePosixPath("/a"), b'"/a"', id="path"),
        pytest.param({1: "x"}, b'{"1":"x"}', id="int-key"),
    ],
)
def test_encode_response(value: object, data: bytes) -> None:
    """Every common type has a form in JSON."""
    assert encode_response(value) == data


def generators() -> list[Any]:
    """Return values that hold generators, each with what it becomes; made anew, for a generator runs once."""
    return [
        pytest.param(lambda: counted(1, 2), [1, 2], id="alone"),
        pytest.param(lambda: {"a": [counted(), 1]}, {"a": [[], 1]}, id="inside"),
        pytest.param(lambda: counted(counted(1)), [[1]], id="nested"),
        pytest.param(lambda: (Item("x"), counted(1)), [{"name": "x", "parts": []}, [1]], id="beside-a-dataclass"),
    ]


@pytest.mark.parametrize(("make", "plain"), generators())
def test_encode_generators(make: Any, plain: object) -> None:
    """A generator becomes an array in both formats."""
    assert encode_response(make()) == encode_response(plain)
    assert encode_response_msgpack(make()) == encode_response_msgpack(plain)


@pytest.mark.parametrize("encode", [encode_response, encode_response_msgpack])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        pytest.param(object(), TypeError, "Cannot serialize object of type object", id="object"),
        pytest.param(float("nan"), ValueError, "Out of range float", id="nan"),
        pytest.param([float("inf")], ValueError, "Out of range float", id="infinity"),
    ],
)
def test_encode_refuses(encode: Any, value: object, error: type[Exception], message: str) -> None:
    """What has no form is an error."""
    with pytest.raises(error, match=message):
        encode(value)


@pytest.mark.parametrize("encode", [encode_response, encode_response_msgpack])
def test_encode_refuses_in_a_generator(encode: Any) -> None:
    """What a generator gives is judged as everything else is."""
    with pytest.raises(TypeError, match="Cannot serialize object of type complex"):
        encode([counted(1, 1j)])


def test_encode_msgpack_natively() -> None:
    """Bytes and datetimes keep their types."""
    assert unpack(encode_response_msgpack({"data": b"\x00", "when": WHEN})) == {"data": b"\x00", "when": WHEN}


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        pytest.param("application/json", b"[1]", id="json"),
        pytest.param("application/msgpack", b"\x91\x01", id="msgpack"),
        pytest.param("application/x-msgpack", b"\x91\x01", id="msgpack-old-name"),
        pytest.param("Application/VND.msgpack; x=y", b"\x91\x01", id="msgpack-with-parameters"),
        pytest.param("text/html", b"[1]", id="unknown"),
        pytest.param("", b"[1]", id="empty"),
    ],
)
def test_encode_for_content_type(content_type: str, data: bytes) -> None:
    """MessagePack where the media type says so; JSON for everything else."""
    assert encode_for_content_type([1], content_type) == data

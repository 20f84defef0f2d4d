"""pydantic's models: read and written by pydantic, judged by our limits, errors in our form."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hawkapi.codec import CodecError, Kind, MalformedError, converter, decoder, describe, encode

pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")


class Item(pydantic.BaseModel):  # type: ignore[misc,name-defined]  # Any where pydantic is not installed
    model_config = pydantic.ConfigDict(strict=True)

    name: str
    day: dt.date = dt.date(2020, 1, 1)
    price: float = pydantic.Field(default=1.0, ge=0, alias="Price")


class Order(pydantic.BaseModel):  # type: ignore[misc,name-defined]  # Any where pydantic is not installed
    items: list[Item]


def test_describe_model() -> None:
    """A model is a kind of its own, which is no text."""
    described = describe(Item)
    assert (described.kind, described.cls, described.is_scalar) == (Kind.PYDANTIC, Item, False)


def test_decode_model() -> None:
    """A body becomes a model, strict ones included, and is written by alias."""
    item: Any = decoder(Item)(b'{"name":"x","day":"2020-01-02","Price":2}')
    assert item == Item(name="x", day=dt.date(2020, 1, 2), Price=2.0)
    assert encode([item]) == b'[{"name":"x","day":"2020-01-02","Price":2.0}]'


def test_decode_models_in_a_list() -> None:
    """A model inside another type is read as by itself."""
    assert decoder(list[Item])(b'[{"name":"x","day":"2020-01-01"}]') == [Item(name="x")]


@pytest.mark.parametrize(
    ("annotation", "data", "places"),
    [
        pytest.param(Item, b'{"Price":-1}', ["name", "Price"], id="all-of-them"),
        pytest.param(Order, b'{"items":[{"name":1}]}', ["items[0].name"], id="nested"),
        pytest.param(list[Item], b'[{"name":"x"},{}]', ["[1].name"], id="in-a-list"),
        pytest.param(Item, b"[]", ["$"], id="whole"),
        pytest.param(Item, b'{"name":"x","Price":1e400}', ["$"], id="number-out-of-range"),
    ],
)
def test_decode_model_violations(annotation: Any, data: bytes, places: list[str]) -> None:
    """Each of pydantic's errors is a violation at its place."""
    with pytest.raises(CodecError) as caught:
        decoder(annotation)(data)
    assert [violation.place for violation in caught.value.violations] == places


@pytest.mark.parametrize("data", [b"{", b'{"name":NaN}', b'"\xff"', b"[" * 201 + b"]" * 201])
def test_decode_model_malformed(data: bytes) -> None:
    """What is not JSON, or over a limit, is malformed for a model too."""
    with pytest.raises(MalformedError):
        decoder(Item)(data)


def test_convert_model_from_texts() -> None:
    """Texts of a query are read as what they spell."""

    class Page(pydantic.BaseModel):  # type: ignore[misc,name-defined]  # Any where pydantic is not installed
        number: int = 1
        tags: list[str] = []  # noqa: RUF012 - pydantic copies it

    assert converter(Page)({"number": "2", "tags": ["a"]}, True) == Page(number=2, tags=["a"])

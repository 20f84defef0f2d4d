"""Leaving members out by the classes of the objects themselves."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import attrs
import pytest

from hawkapi.serialization import apply_exclude_filters

WHEN = dt.datetime(2020, 1, 2)


@dataclass
class Part:
    name: str
    size: int | None = None
    count: int = 0


@dataclass
class Item:
    part: Part
    parts: list[Part] = field(default_factory=list)
    named: dict[str, Part] = field(default_factory=dict)
    when: dt.datetime | None = None


@attrs.define
class Tool:
    name: str
    note: str | None = None


class Pair(NamedTuple):
    left: object
    right: object


def test_without_a_flag_data_is_unchanged() -> None:
    """Nothing is copied when nothing is left out."""
    data = [Part("a")]
    assert apply_exclude_filters(data, Part) is data


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(Part("a"), {"name": "a", "count": 0}, id="dataclass"),
        pytest.param([Part("a")], [{"name": "a", "count": 0}], id="list-at-the-top"),
        pytest.param({"a": None, "b": [{"c": None}]}, {"b": [{}]}, id="dict"),
        pytest.param({"a": Part("a")}, {"a": {"name": "a", "count": 0}}, id="dict-of-dataclasses"),
        pytest.param([None, 1], [None, 1], id="list-keeps-none"),
        pytest.param(Tool("a"), {"name": "a"}, id="attrs"),
        pytest.param(Pair(None, Part("a")), [None, {"name": "a", "count": 0}], id="named-tuple"),
        pytest.param({WHEN}, [WHEN], id="set"),
        pytest.param(
            Item(Part("a"), [Part("b", 1)], {"c": Part("d")}, WHEN),
            {
                "part": {"name": "a", "count": 0},
                "parts": [{"name": "b", "size": 1, "count": 0}],
                "named": {"c": {"name": "d", "count": 0}},
                "when": WHEN,
            },
            id="nested",
        ),
    ],
)
def test_exclude_none(data: object, expected: object) -> None:
    """Members that are `None` are left out at every depth; values keep their types."""
    assert apply_exclude_filters(data, None, exclude_none=True) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(Part("a", None, 0), {"name": "a"}, id="default"),
        pytest.param(Part("a", 1, 2), {"name": "a", "size": 1, "count": 2}, id="other-values"),
        pytest.param(Part("a", count=False), {"name": "a", "count": False}, id="false-is-not-zero"),
        pytest.param(Item(Part("a")), {"part": {"name": "a"}}, id="default-factory"),
        pytest.param(
            Item(Part("a"), [Part("b")], {"c": Part("d")}),
            {"part": {"name": "a"}, "parts": [{"name": "b"}], "named": {"c": {"name": "d"}}},
            id="in-lists-and-dicts",
        ),
        pytest.param({"a": None}, {"a": None}, id="dict"),
    ],
)
def test_exclude_defaults(data: object, expected: object) -> None:
    """Members that are equal to their default are left out at every depth."""
    assert apply_exclude_filters(data, None, exclude_defaults=True) == expected


def test_exclude_unset_keeps_what_cannot_tell() -> None:
    """A dataclass does not know what was set."""
    assert apply_exclude_filters(Part("a"), None, exclude_unset=True) == {"name": "a", "size": None, "count": 0}


def test_class_that_no_codec_reads() -> None:
    """A class that is not understood is left to the encoder, which refuses it by name."""
    value = object()
    assert apply_exclude_filters([value], None, exclude_none=True) == [value]


@dataclass
class Odd:
    number: complex | None = None
    name: str | None = "a"


def test_class_with_a_member_that_no_codec_reads() -> None:
    """Members are left out by their values where a class is not understood."""
    assert apply_exclude_filters(Odd(), None, exclude_none=True) == {"name": "a"}


def pydantic_model() -> Any:
    """Return a model, or skip."""
    pydantic = pytest.importorskip("pydantic")

    class Model(pydantic.BaseModel):  # type: ignore[name-defined,misc] # pydantic is optional
        when: dt.datetime
        note: str | None = pydantic.Field(None, alias="the_note")
        count: int = 1

    assert "pydantic" in sys.modules
    return Model


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        pytest.param({"exclude_none": True}, {"when": "2020-01-02T00:00:00", "count": 1}, id="none"),
        pytest.param({"exclude_unset": True}, {"when": "2020-01-02T00:00:00"}, id="unset"),
        pytest.param({"exclude_defaults": True}, {"when": "2020-01-02T00:00:00"}, id="defaults"),
    ],
)
def test_pydantic(flags: dict[str, bool], expected: dict[str, object]) -> None:
    """A pydantic model writes itself, as JSON and with aliases, also in a list."""
    model = pydantic_model()
    assert apply_exclude_filters([model(when=WHEN)], model, **flags) == [expected]

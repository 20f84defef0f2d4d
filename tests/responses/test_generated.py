"""Generated code: what is written for a class, and that nothing in a name can become code."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from hawkapi.codec import CodecError, describe
from hawkapi.codec.struct import Struct
from hawkapi.responses._generated import source_of
from hawkapi.responses._projection import build_projection


def test_source_is_readable() -> None:
    """Attributes and keys are constants of the code; the tag comes first."""
    source = source_of((("type", "cat"),), (("display_name", "displayName"),))
    assert source == (
        "def make(cls, again, convert, exact_0, project_0):\n"
        "    def write(value):\n"
        "        if type(value) is not cls:\n"
        "            return convert(value)\n"
        "        try:\n"
        "            item_0 = value.display_name\n"
        "            if type(item_0) not in exact_0:\n"
        "                item_0 = project_0(item_0)\n"
        "            return {'type': 'cat', 'displayName': item_0}\n"
        "        except CodecError:\n"
        "            again(value)\n"
        "            raise\n"
        "    return write\n"
    )


def test_class_without_members() -> None:
    """An object without members is an empty object."""
    cls: Any = dataclasses.make_dataclass("Empty", [])
    assert build_projection(describe(cls))(cls()) == {}


def test_class_with_very_many_members() -> None:
    """There is no limit to the members of a class."""
    names = [f"member_{number}" for number in range(300)]
    cls: Any = dataclasses.make_dataclass("Many", [(name, int) for name in names])
    assert build_projection(describe(cls))(cls(*range(300))) == {name: int(name[7:]) for name in names}


@pytest.mark.parametrize("name", ["日本", "exact_0", "item_0", "cls", "value", "again", "type", "CodecError"])
def test_names_that_look_like_the_code_s_own(name: str) -> None:
    """Any name of a member works, also one that the code uses."""
    cls: Any = dataclasses.make_dataclass("Odd", [(name, int), ("other", str)])
    project = build_projection(describe(cls))
    assert project(cls(1, "a")) == {name: 1, "other": "a"}
    with pytest.raises(CodecError, match=f"{name}: Expected `int`, got `str`"):
        project(cls("x", "a"))


@pytest.mark.parametrize("name", ["'}; import os #", "{x}", "{item_0}", "%s", "a b", "\U0001f600"])
def test_names_in_json_are_never_code(name: str) -> None:
    """A name in JSON is a text, whatever it holds."""

    class Renamed(Struct, rename=lambda _: name):
        member: int

    assert build_projection(describe(Renamed))(Renamed(1)) == {name: 1}


def test_error_of_an_iterator_that_is_read_once() -> None:
    """What is wrong stays wrong although the second look finds the iterator empty."""

    @dataclasses.dataclass
    class Holder:
        items: list[int]

    values: Any = iter([1, "x"])
    with pytest.raises(CodecError, match=r"\[1\]: Expected `int`, got `str`"):
        build_projection(describe(Holder))(Holder(values))


def test_code_is_made_once_for_a_shape() -> None:
    """Each plan has its own function and all share the code, which free-threaded 3.13 never frees."""

    @dataclasses.dataclass
    class Item:
        name: str

    first: Any = build_projection(describe(Item))
    second: Any = build_projection(describe(Item))
    assert first is not second
    assert first.__code__ is second.__code__

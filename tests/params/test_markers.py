"""Markers: what they keep and what they say."""

from __future__ import annotations

import pytest

from hawkapi.validation import Body, Cookie, File, Form, Header, ParamMarker, Path, Query

MARKERS = [Path, Query, Header, Cookie, Body, Form, File]


@pytest.mark.parametrize("marker", MARKERS)
def test_marker_without_arguments(marker: type[ParamMarker]) -> None:
    """A marker that says nothing has no default and no limits."""
    made = marker()
    assert (made.has_default(), made.get_default(), made.constraints(), made.alias) == (False, ..., {}, None)
    assert repr(made) == f"{marker.__name__}()"


@pytest.mark.parametrize("marker", MARKERS)
def test_marker_keeps_its_arguments(marker: type[ParamMarker]) -> None:
    """What is given is there, limits by name, and the factory wins over the default."""
    made = marker(5, alias="n", ge=1, max_length=3, description="d", example=7)
    assert (made.default, made.alias, made.description, made.example) == (5, "n", "d", 7)
    assert made.constraints() == {"ge": 1, "max_length": 3}
    assert (made.has_default(), made.get_default()) == (True, 5)
    assert marker(default=5, default_factory=list).get_default() == []
    assert repr(marker(alias="n", ge=1)) == f"{marker.__name__}(alias='n', ge=1)"


def test_default_none_is_a_default() -> None:
    """`None` is a value like others; only `...` means that there is none."""
    assert (Query(None).has_default(), Query(None).get_default(), Query(...).has_default()) == (True, None, False)

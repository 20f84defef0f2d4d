"""`Depends`, the marker."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from hawkapi import Depends, Router


def page(number: int = 1) -> int:
    """Return a number."""
    return number


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        (Depends(page), "Depends(page)"),
        (Depends(functools.partial(page, 2)), "Depends(page)"),
        (Depends(name="alt"), "Depends(name='alt')"),
        (Depends(), "Depends()"),
    ],
)
def test_repr_names_the_dependency(marker: object, text: str) -> None:
    """The marker shows what it depends on, as error messages quote it."""
    assert repr(marker) == text


def test_attributes_are_as_given() -> None:
    """What was given can be read again; the defaults are once per request, closed after the response."""
    marker = Depends(page, name="x", use_cache=False, scope="function")
    assert (marker.dependency, marker.name, marker.use_cache, marker.scope) == (page, "x", False, "function")
    assert (Depends(page).use_cache, Depends(page).scope) == (True, "request")


def test_what_cannot_be_called_is_refused() -> None:
    """A value in place of a function is told so at once."""
    with pytest.raises(TypeError, match="can be called, not 5"):
        Depends(5)  # type: ignore[arg-type]


def numbers() -> Iterator[int]:
    """Yield a number."""
    yield 1


def test_a_dependency_that_was_called_is_refused() -> None:
    """`Depends(get_db())` gives what the function returned; the error says what to write instead."""
    with pytest.raises(TypeError, match=r"not <generator object .*>; write the function's name without parentheses"):
        Depends(numbers())  # type: ignore[arg-type]


def test_a_guard_outside_a_list_is_refused() -> None:
    """One guard is written as a list too."""
    with pytest.raises(TypeError, match=r"write dependencies=\[Depends\(page\)\]"):
        Router(dependencies=Depends(page))


def test_an_unknown_scope_is_refused() -> None:
    """A scope that does not exist would otherwise mean the default."""
    with pytest.raises(ValueError, match="'request' or 'function'"):
        Depends(page, scope="app")  # type: ignore[arg-type]

"""What providers may need: cycles and captured lives are refused when they come about."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from hawkapi.di import Container, Depends
from hawkapi.di.errors import CircularDependencyError, LifecycleError


class A:
    """A type."""


class B:
    """Another."""


class C:
    """A third."""


def needs(*wanted: Any) -> Callable[..., Any]:
    """Return a factory that needs types or functions."""
    defaults = {f"it{number}": Depends(each) for number, each in enumerate(wanted)}
    parameters = ", ".join(f"{name}=defaults[{name!r}]" for name in defaults)
    factory: Callable[..., Any] = eval(f"lambda {parameters}: object()", {"defaults": defaults})  # noqa: S307 - ours
    return factory


def test_cycle_is_refused_when_it_closes() -> None:
    """The registration that closes it is refused, shows the way round, and changes nothing."""
    container = Container()
    container.singleton(A, factory=needs(B))
    container.transient(B, factory=needs(C))
    with pytest.raises(CircularDependencyError, match="C needs itself: C -> A -> B -> C"):
        container.singleton(C, factory=needs(A))
    assert not container.has(C)
    container.singleton(C, factory=needs())


def test_factory_that_needs_its_own_type_is_refused() -> None:
    """The shortest cycle is one too, also by annotation and when None would do."""
    container = Container()

    def make(mine: A | None) -> A:
        return A()

    with pytest.raises(ValueError, match="A needs itself: A -> A"):
        container.scoped(A, factory=make)


def test_cycle_through_functions_is_refused() -> None:
    """Functions that factories depend on are links of the chain like types."""
    container = Container()

    def function(it: object = Depends(A)) -> object:
        return it

    with pytest.raises(CircularDependencyError, match="A -> function -> A"):
        container.singleton(A, factory=needs(function))


def test_named_provider_may_need_the_unnamed_one() -> None:
    """They are two providers; falling back to oneself is a cycle all the same."""
    container = Container()
    container.singleton(A, factory=needs())
    container.singleton(A, factory=needs(A), name="wrapped")
    with pytest.raises(CircularDependencyError):
        container.singleton(B, factory=lambda it=Depends(B, name="other"): it)


ORDER = ["singleton", "per_loop", "scoped", "transient"]


@pytest.mark.parametrize("later", ["keeper", "kept"])
@pytest.mark.parametrize("kept", ORDER)
@pytest.mark.parametrize("keeper", ORDER)
def test_longer_life_may_not_keep_a_shorter(keeper: str, kept: str, later: str) -> None:
    """A singleton keeps singletons, an instance of a loop those too, a scoped one all; whichever comes second fails."""
    container = Container()
    registrations = [(A, keeper, needs(B)), (B, kept, needs())]
    first, second = registrations if later == "kept" else reversed(registrations)
    container.register(first[0], lifecycle=first[1], factory=first[2])
    if "transient" not in {keeper, kept} and ORDER.index(keeper) < ORDER.index(kept):
        with pytest.raises(LifecycleError, match=f"{keeper} A needs {kept} B and would keep it"):
            container.register(second[0], lifecycle=second[1], factory=second[2])
        assert not container.has(second[0])
    else:
        container.register(second[0], lifecycle=second[1], factory=second[2])


@pytest.mark.parametrize("order", ["ABC", "ACB", "BAC", "BCA", "CAB", "CBA"])
def test_transient_passes_the_need_on(order: str) -> None:
    """A singleton may not get a scoped instance inside a transient one, in whatever order they come."""
    container = Container()
    registrations: dict[str, Callable[[], None]] = {
        "A": lambda: container.singleton(A, factory=needs(B)),
        "B": lambda: container.transient(B, factory=needs(C)),
        "C": lambda: container.scoped(C, factory=needs()),
    }
    for name in order[:2]:
        registrations[name]()
    with pytest.raises(LifecycleError, match="singleton A needs scoped C through B and would keep it"):
        registrations[order[2]]()


def test_optional_need_that_is_provided_later_is_checked_then() -> None:
    """A default does not hide a capture."""
    container = Container()

    def make(other: B | None = None) -> A:
        return A()

    container.singleton(A, factory=make)
    with pytest.raises(LifecycleError):
        container.scoped(B, factory=B)


def test_checks_take_no_longer_when_there_are_many_ways() -> None:
    """Layers of transients that all need each other have a million million ways through, and are looked at once."""
    container = Container()
    layers = [[type(f"Layer{depth}_{side}", (), {}) for side in "ab"] for depth in range(40)]
    container.singleton(A, factory=needs(*layers[0]))
    for upper, lower in itertools.pairwise(layers):
        for wanted in upper:
            container.transient(wanted, factory=needs(*lower))
    with pytest.raises(LifecycleError, match="singleton A needs scoped Layer39_a through"):
        container.scoped(layers[-1][0], factory=needs())

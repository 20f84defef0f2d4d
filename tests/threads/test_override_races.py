"""Overrides for everyone are changed in one step, whoever looks meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Annotated, Any

import pytest
from asgi import request
from interleaving import at_line, elsewhere, for_every_line, interrupted
from loops import run_in_threads

from hawkapi import Depends, HawkAPI
from hawkapi.di import Container, _engine, overrides


class First:
    """What the container makes."""

    name = "real"


class Second:
    """Something else."""


async def user() -> str:
    """Be what handlers depend on."""
    return "real"


def application() -> HawkAPI:
    """Return one that answers who made what it depends on."""
    app = HawkAPI()
    app.container.scoped(First, factory=First)

    @app.get("/")
    async def handler(user_name: Annotated[str, Depends(user)], first: First) -> list[str]:
        return [user_name, first.name]

    return app


def named(name: str) -> dict[Any, Callable[[], Any]]:
    """Return replacements for both, of one name."""

    async def current() -> str:
        return name

    def made() -> First:
        it = First()
        it.name = name
        return it

    return {First: made, user: current}


def names_seen(app: HawkAPI) -> set[str]:
    """Return the names in one answer: one, unless the request saw half of a change."""
    return set(request(app, "GET", "/").json())


@pytest.mark.parametrize("module", [overrides, _engine], ids=["overrides", "engine"])
@pytest.mark.parametrize("change", ["assign", "update", "clear"])
def test_change_that_a_request_meets_at_any_line(change: str, module: ModuleType) -> None:
    """A request in another thread, at whatever line of a change, sees all of it or nothing."""

    def scenario(number: int) -> bool:
        app = application()
        app.dependency_overrides = named("old")
        seen: list[set[str]] = []
        with interrupted(module, at_line(number, lambda: seen.append(elsewhere(lambda: names_seen(app))))):
            if change == "assign":
                app.dependency_overrides = named("new")
            elif change == "update":
                app.dependency_overrides.update(named("new"))
            else:
                app.dependency_overrides.clear()
        after = {"real"} if change == "clear" else {"new"}
        assert names_seen(app) == after
        assert all(names in ({"old"}, after) for names in seen)
        return bool(seen)

    assert for_every_line(scenario) > 1


@pytest.mark.race
def test_assignments_that_requests_meet() -> None:
    """While two threads assign again and again, requests in two others see one assignment each."""
    app = application()
    app.dependency_overrides = named("start")

    def work(index: int) -> None:
        for number in range(50):
            if index < 2:
                app.dependency_overrides = named(f"{index}, {number}")
            else:
                assert len(names_seen(app)) == 1

    run_in_threads(4, work)
    assert names_seen(app) in ({"0, 49"}, {"1, 49"})


@pytest.mark.race
def test_changes_from_many_threads_are_all_kept() -> None:
    """None is lost, of single keys and of blocks alike."""
    container = Container()
    keys = [[type(f"Type{index}_{number}", (), {}) for number in range(20)] for index in range(4)]

    def work(index: int) -> None:
        for key in keys[index]:
            container.overrides_everywhere[key] = key
            with container.override(First, factory=First, everywhere=True):
                assert container.overrides_everywhere[key] is key
        for key in keys[index][::2]:
            del container.overrides_everywhere[key]

    run_in_threads(4, work)
    assert set(container.overrides_everywhere) == {key for row in keys for key in row[1::2]}
    assert len(container.engine.everywhere) == 40


def test_change_that_another_one_overtakes() -> None:
    """What is set by another thread, at whatever line of a change that does not hold the lock, stays."""
    overtaken = []

    def scenario(number: int) -> bool:
        container = Container()
        met: list[bool] = []

        def overtake() -> bool:
            is_free = container.engine._guard.acquire(blocking=False)
            if is_free:
                container.engine._guard.release()
                container.overrides_everywhere[Second] = Second
            return is_free

        with interrupted(_engine, at_line(number, lambda: met.append(elsewhere(overtake)))):
            container.overrides_everywhere[First] = First
        assert set(container.overrides_everywhere) == {First, *[Second] * any(met)}
        overtaken.extend(met)
        return bool(met)

    for_every_line(scenario)
    assert set(overtaken) == {True, False}


def test_request_that_began_before_a_change() -> None:
    """It goes on with what it began with; the next one sees the change."""
    app = application()

    async def change() -> None:
        app.dependency_overrides = named("new")

    @app.get("/changed", dependencies=[Depends(change)])
    async def changed(first: First, user_name: Annotated[str, Depends(user)]) -> list[str]:
        return [first.name, user_name]

    answers = [request(app, "GET", "/changed").json() for _ in range(2)]
    assert answers == [["real", "real"], ["new", "new"]]

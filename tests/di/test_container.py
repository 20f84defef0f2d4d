"""The container: registering and resolving."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import pytest

from hawkapi.di import Container, Depends, Lifecycle
from hawkapi.di.errors import ProviderNotFoundError, ScopeRequiredError


class Database:
    """A type without parameters."""


class Session:
    """A type that needs another."""

    def __init__(self, database: Database) -> None:
        self.database = database


def run(main: Callable[[], Any]) -> Any:
    """Run a coroutine function."""
    return asyncio.run(main())


@pytest.mark.parametrize("lifecycle", ["singleton", "per_loop", "transient"])
def test_resolve_gives_what_the_factory_makes(lifecycle: str) -> None:
    """Outside a scope there are instances of every life but the scoped; the transient is new each time."""
    container = Container()
    container.register(Database, factory=Database, lifecycle=lifecycle)

    async def main() -> tuple[Database, Database]:
        return await container.resolve(Database), await container.resolve(Database)

    first, second = run(main)
    assert isinstance(first, Database)
    assert (first is second) is (lifecycle != "transient")


def test_register_without_a_lifecycle_is_transient() -> None:
    """Nothing is kept that nobody asked to keep."""
    container = Container()
    container.register(Database, factory=Database)

    async def main() -> bool:
        return await container.resolve(Database) is await container.resolve(Database)

    assert not run(main)


def test_singleton_none_is_made_once() -> None:
    """None is an instance like any other."""
    container, calls = Container(), []
    container.singleton(Database, factory=lambda: calls.append(1))

    async def main() -> list[Any]:
        return [await container.resolve(Database), await container.resolve(Database)]

    assert (run(main), calls) == ([None, None], [1])


def test_scoped_is_one_per_scope() -> None:
    """A scope keeps its own, tasks of it share that, another scope has another; longer lives are shared."""
    container = Container()
    container.scoped(Session, factory=Session)
    container.singleton(Database, factory=Database)

    async def main() -> None:
        async with container.scope() as first, container.scope() as second:
            mine, same = await asyncio.gather(first.resolve(Session), first.resolve(Session))
            other = await second.resolve(Session)
            assert mine is same
            assert mine is not other
            assert mine.database is other.database is await second.resolve(Database)

    run(main)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        pytest.param(lambda c: c.resolve(int), ProviderNotFoundError, "No provider registered for int", id="unknown"),
        pytest.param(
            lambda c: c.resolve(int, "x"), LookupError, r"No provider registered for int \(name='x'\)", id="name"
        ),
        pytest.param(lambda c: c.resolve(Database), ScopeRequiredError, "without a scope", id="scoped"),
        pytest.param(
            lambda c: c.resolve(Session), RuntimeError, "scoped dependency Database without a scope", id="through"
        ),
        pytest.param(
            lambda c: c.resolve(float),
            LookupError,
            "No provider registered for int, parameter 'number' of the factory of float",
            id="parameter",
        ),
    ],
)
def test_resolve_says_what_is_missing(call: Callable[[Container], Any], error: type[Exception], message: str) -> None:
    """An unknown type and a missing scope are told apart."""
    container = Container()
    container.scoped(Database, factory=Database)
    container.transient(Session, factory=Session)

    def make(number: int) -> float:
        return number

    container.transient(float, factory=make)

    async def main() -> None:
        with pytest.raises(error, match=message):
            await call(container)

    run(main)


def test_names_tell_providers_apart() -> None:
    """A named provider is found by its name; a name that nobody has means the unnamed one, also in a scope."""
    container = Container()
    container.scoped(str, factory=lambda: "plain")
    container.scoped(str, factory=lambda: "named", name="alt")

    async def main() -> list[str]:
        async with container.scope() as scope:
            assert await scope.resolve(str, "other") is await scope.resolve(str)
            return [await scope.resolve(str, name) for name in (None, "alt", "other")]

    assert run(main) == ["plain", "named", "plain"]
    assert [container.has(str, name) for name in (None, "alt", "other")] == [True, True, False]
    assert [container.has(wanted) for wanted in (int, Literal[[]])] == [False, False]


def misread(work: callable) -> object:  # type: ignore[valid-type] # a mistake that is made often
    """Take a function for a type."""
    return work


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        pytest.param({"factory": Database}, ValueError, "Provider already registered for Database", id="twice"),
        pytest.param(
            {"factory": Database, "name": "alt"},
            ValueError,
            r"Provider already registered for Database \(name='alt'\)",
            id="name-twice",
        ),
        pytest.param(
            {"factory": Database, "lifecycle": "forever"},
            ValueError,
            "lifecycle is 'forever'; it is one of 'singleton', 'per_loop', 'scoped', 'transient'",
            id="lifecycle",
        ),
        pytest.param({"factory": 5}, TypeError, "the factory of Database is 5, which cannot be called", id="factory"),
        pytest.param(
            {"factory": misread, "name": "new"},
            TypeError,
            "parameter 'work' of the factory of Database .*: its annotation <built-in function callable> is no type",
            id="annotation",
        ),
        pytest.param(
            {"factory": lambda url: url, "name": "new"},
            TypeError,
            "parameter 'url' of the factory of Database .* neither an annotation nor a default",
            id="parameter",
        ),
    ],
)
def test_register_refuses(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    """What could not work is refused at once, and changes nothing."""
    container = Container()
    container.singleton(Database, factory=Database)
    container.singleton(Database, factory=Database, name="alt")
    with pytest.raises(error, match=message):
        container.register(Database, **{"lifecycle": Lifecycle.SCOPED, **arguments})
    assert not container.has(Database, "new")


def test_register_refuses_what_is_no_type() -> None:
    """A string or a value is no key."""
    with pytest.raises(TypeError, match="'Database' is not a type"):
        Container().singleton("Database", factory=Database)


def test_generic_types_are_keys() -> None:
    """What an annotation can say can be registered."""
    container = Container()
    container.singleton(list[int], factory=lambda: [1])
    container.transient(Database, factory=lambda numbers=Depends(list[int]): numbers)

    async def main() -> object:
        return await container.resolve(Database)

    assert run(main) == [1]

"""Factories: what they need, and every kind of them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Annotated, Any, Literal

import pytest

from hawkapi.di import Container, Depends, Lifecycle
from hawkapi.di.errors import CircularDependencyError


class Database:
    """A type without parameters."""


class Session:
    """A type that needs another."""

    def __init__(self, database: Database) -> None:
        self.database = database


def run(main: Callable[[], Any]) -> Any:
    """Run a coroutine function."""
    return asyncio.run(main())


def by_annotation(database: Database) -> object:
    """Need a type."""
    return database


def by_default(database: Any = Depends(Database)) -> object:
    """Need a type by a default, as the documentation has always said."""
    return database


def by_empty_default(database: Database = Depends()) -> object:
    """Need the annotated type."""
    return database


def by_marker(database: Annotated[object, Depends(Database)]) -> object:
    """Need a type by a marker."""
    return database


def by_name(database: Annotated[Database, Depends(name="other")]) -> object:
    """Need a name that nobody has."""
    return database


def by_option(database: Database | None) -> object:
    """Would do without."""
    return database


type Alias = Annotated[Database, Depends()]


def by_alias(database: Alias) -> object:
    """Need it under another name."""
    return database


def by_inner_marker(database: Annotated[Database, Depends()] | None = None) -> object:
    """Would do without, with a marker."""
    return database


def by_position(database: Database, /) -> object:
    """Take it by position."""
    return database


class Holder:
    """Hold it."""

    def __new__(cls, database: Database) -> Any:
        """Return what was given."""
        return database


def through(database: Any = Depends(by_annotation)) -> object:
    """Need what a function returns."""
    return database


@pytest.mark.parametrize(
    "factory",
    [
        by_annotation,
        by_default,
        by_empty_default,
        by_marker,
        by_name,
        by_option,
        by_inner_marker,
        by_alias,
        by_position,
        through,
        functools.partial(by_annotation),
        Holder,
    ],
)
def test_parameters_are_filled(factory: Callable[..., object]) -> None:
    """A parameter says in any of these ways which type it is; the type may be registered later."""
    container = Container()
    container.transient(object, factory=factory)
    container.singleton(Database, factory=Database)

    async def main() -> bool:
        return await container.resolve(object) is await container.resolve(Database)

    assert run(main)


def test_parameters_that_nothing_provides_keep_their_default() -> None:
    """A default stays, an optional type is None, collecting parameters stay empty; what is provided wins."""

    def make(
        number: int = 3, /, text: str = "x", *rest: bytes, option: float | None, other: Any = 4, **more: bytes
    ) -> tuple[Any, ...]:
        return number, text, rest, option, other, more

    container = Container()
    container.transient(tuple, factory=make)

    async def main() -> Any:
        return await container.resolve(tuple)

    assert run(main) == (3, "x", (), None, 4, {})
    container.singleton(str, factory=lambda: "y")
    assert run(main) == (3, "y", (), None, 4, {})


def test_annotations_may_name_what_no_module_has() -> None:
    """Classes inside functions are found among the registered types, by their names."""

    class Inner:
        """Defined where annotations cannot see it."""

    class Outer:
        """Needs it."""

        def __init__(self, inner: Inner) -> None:
            self.inner = inner

    container = Container()
    container.scoped(Outer, factory=Outer)
    container.scoped(Inner, factory=Inner)

    async def main() -> object:
        async with container.scope() as scope:
            return (await scope.resolve(Outer)).inner

    assert isinstance(run(main), Inner)


def test_annotation_that_stays_unreadable_is_named() -> None:
    """The error says which parameter cannot be filled."""
    container = Container()

    def make(thing: Nowhere) -> int:  # type: ignore[name-defined] # noqa: F821 - that is the point
        return 1

    container.singleton(int, factory=make)

    async def main() -> None:
        with pytest.raises(LookupError, match="parameter 'thing' of the factory of int: its annotation 'Nowhere'"):
            await container.resolve(int)

    run(main)


def test_unhashable_annotation_keeps_the_default() -> None:
    """It cannot be registered, so nothing provides it."""

    def make(option: Literal[[]] = 4) -> object:  # type: ignore[valid-type]
        return option

    container = Container()
    container.transient(int, factory=make)
    assert asyncio.run(container.resolve(int)) == 4


async def coroutine() -> str:
    """Return it later."""
    await asyncio.sleep(0)
    return "made"


def generator() -> Generator[str]:
    """Yield it."""
    yield "made"


async def async_generator() -> AsyncGenerator[str]:
    """Yield it later."""
    await asyncio.sleep(0)
    yield "made"


class Maker:
    """An object that can be called."""

    async def __call__(self) -> AsyncGenerator[str]:
        """Yield it."""
        yield "made"


@pytest.mark.parametrize(
    "factory",
    [lambda: "made", coroutine, generator, async_generator, functools.partial(async_generator), Maker()],
)
@pytest.mark.parametrize("lifecycle", list(Lifecycle))
def test_every_kind_of_factory_has_every_life(factory: Callable[[], Any], lifecycle: Lifecycle) -> None:
    """Functions, coroutine functions, generators and async generators are the same to who asks."""
    container = Container()
    container.register(str, factory=factory, lifecycle=lifecycle)

    async def main() -> str:
        async with container, container.scope() as scope:
            return await scope.resolve(str)

    assert run(main) == "made"


def test_a_builtin_can_be_a_factory() -> None:
    """A class that has no signature is called with nothing."""
    container = Container()
    container.transient(dict, factory=dict)

    async def main() -> Any:
        return await container.resolve(dict)

    assert run(main) == {}


def test_failing_factory_is_tried_again() -> None:
    """An error is the caller's alone."""
    container, attempts = Container(), iter([1, 2])

    def make() -> Database:
        if next(attempts) == 1:
            raise ZeroDivisionError
        return Database()

    container.singleton(Database, factory=make)

    async def main() -> Database:
        with pytest.raises(ZeroDivisionError):
            await container.resolve(Database)
        return await container.resolve(Database)

    assert isinstance(run(main), Database)


def test_generator_that_yields_nothing_is_an_error() -> None:
    """It says whose factory it is."""
    container = Container()

    async def never() -> AsyncGenerator[int]:
        if container.has(str):
            yield 1

    container.singleton(int, factory=never)

    async def main() -> None:
        with pytest.raises(RuntimeError, match="factory of int ended without a yield"):
            await container.resolve(int)

    run(main)


def test_factory_may_ask_the_container_itself() -> None:
    """That works as well, only that a circle cannot be seen before it is gone round; then it is an error, no hang."""
    container = Container()

    async def ask() -> Session:
        return Session(await container.resolve(Database))

    async def ask_for_itself() -> int:
        return await container.resolve(int)

    container.singleton(Session, factory=ask)
    container.singleton(Database, factory=Database)
    container.singleton(int, factory=ask_for_itself)

    async def main() -> None:
        assert (await container.resolve(Session)).database is await container.resolve(Database)
        with pytest.raises(CircularDependencyError, match="int needs itself: factories that ask"):
            await container.resolve(int)

    run(main)


def test_factories_that_ask_the_container_for_each_other() -> None:
    """Tasks that go round a circle from different places are told of it instead of waiting for each other."""
    container = Container()
    everyone_asks = asyncio.Barrier(3)

    def asking(wanted: type) -> Callable[[], Awaitable[Any]]:
        is_first = [True]

        async def make() -> Any:
            if is_first:
                is_first.clear()
                await everyone_asks.wait()
            return await container.resolve(wanted)

        return make

    container.singleton(int, factory=asking(str))
    container.singleton(str, factory=asking(bytes))
    container.singleton(bytes, factory=asking(int))

    async def main() -> list[Any]:
        asked = (container.resolve(wanted) for wanted in (int, str, bytes))
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [type(outcome) for outcome in run(main)] == [CircularDependencyError] * 3


class Stored[T]:
    """A class with a type argument, which needs something."""

    def __init__(self, database: Database) -> None:
        self.database = database


def test_class_with_type_arguments_is_a_factory() -> None:
    """What the class needs is passed to it."""
    container = Container()
    container.singleton(Database, factory=Database)
    container.singleton(Stored[int], factory=Stored[int])
    stored = asyncio.run(container.resolve(Stored[int]))
    assert (type(stored), type(stored.database)) == (Stored, Database)

"""A container and overrides; type checkers read it, and nothing runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Any, assert_type

from hawkapi import Container, HawkAPI, Lifecycle, Scope
from hawkapi.di import override


class Database:
    """What is provided."""


class Cache(ABC):
    """What is provided under an abstract type."""

    @abstractmethod
    def read(self) -> int:
        """Be abstract."""


async def connect() -> AsyncIterator[Database]:
    """Make one."""
    yield Database()


container = Container()
container.singleton(Database, factory=connect)
container.register(Cache, factory=connect, lifecycle=Lifecycle.PER_LOOP, name="x")
container.register(Cache, factory=connect, lifecycle="scoped")
container.register(Cache, factory=connect, lifecycle=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
container.transient(list[int], factory=list)
app = HawkAPI(container=container)


async def main() -> None:
    """Ask for instances."""
    async with container as same, container.scope() as scope:
        assert_type(same, Container)
        assert_type(scope, Scope)
        assert_type(await same.resolve(Database), Database)
        assert_type(await scope.resolve(Database, "name"), Database)
        assert_type(await scope.resolve(list[int]), list[int])
        cache: Cache = await scope.resolve(Cache)
        assert cache.read()
        await scope.resolve(Database, 5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_something() -> None:
    """Replace things."""
    with override(app, {Database: Database, connect: lambda: None}) as nothing:
        assert_type(nothing, None)
    with override(container, Database, Database), override(container, {Database: Database}, everywhere=True):
        pass
    with container.override(Database, factory=Database):
        container.overrides_everywhere[Database] = Database
    override(5, {Database: Database})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    values: Any = container.overrides_everywhere[Database]()
    assert values

"""`Container`: knows how types are made, makes them, and keeps them as long as they are to live.

::

    container = Container()
    container.singleton(Database, factory=connect)
    container.scoped(Session, factory=open_session)  # def open_session(database: Database): yield ...

    async with container, container.scope() as scope:
        session = await scope.resolve(Session)

An application has one; without an application it works the same way, in scripts and tests.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self, overload

from hawkapi.di._engine import Engine
from hawkapi.di._graph import Lifecycle, Provider
from hawkapi.di._keeping import Outcome
from hawkapi.di._needs import MISSING, is_type, label_of
from hawkapi.di.overrides import Overrides, replacing
from hawkapi.di.scopes import Scope

__all__ = ["Container", "Lifecycle"]


class Container:
    """Providers by type, and their instances. Thread-safe: any thread may register, any loop may resolve.

    A factory is a function, a coroutine function, a class, or a generator or async generator function that yields the
    instance and goes on when its life ends. Its parameters are filled by type, or by `Depends` in `Annotated` or as
    their default; one with a default that nothing provides keeps it, and an optional one becomes None. Types may be
    registered in any order. Factories run on the event loop; those that wait should be async.

    At the end of its life an instance is closed: a yield factory goes on; of any other instance `aclose()` or else
    `close()` is called, if it needs no arguments. A transient instance is not closed; the yield factory of one goes on
    when the life of whoever asked for it ends.
    """

    def __init__(self) -> None:
        self.engine = Engine()
        """What hawkapi's own modules use; nobody else should."""
        self.overrides_everywhere = Overrides(self.engine)
        """What is replaced for every thread and loop."""

    def register(
        self,
        service_type: Any,
        *,
        factory: Callable[..., Any],
        lifecycle: Lifecycle | str = Lifecycle.TRANSIENT,
        name: str | None = None,
    ) -> None:
        """Say how a type is made.

        Args:
            service_type: a class, or what else an annotation may be, such as `list[int]`; it is found by equality.
            factory: makes it.
            lifecycle: how long an instance lives, default transient: a new one each time. A string is its value.
            name: tells several providers of a type apart.

        Raises:
            TypeError: the key is not a type, the factory cannot be called, or has a parameter about which nothing is
                said.
            ValueError: the type has a provider of that name; the lifecycle is none; the factory would need, through
                others, itself (`CircularDependencyError`), or something would keep what lives shorter than itself
                (`LifecycleError`).
        """
        if not is_type(service_type):
            raise TypeError(f"{service_type!r} is not a type and cannot be registered")
        if not callable(factory):
            raise TypeError(f"the factory of {label_of(service_type, name)} is {factory!r}, which cannot be called")
        provider = Provider((service_type, name), factory, Lifecycle.of(lifecycle))
        _check_parameters(provider)
        self.engine.register(provider)

    def singleton(self, service_type: Any, *, factory: Callable[..., Any], name: str | None = None) -> None:
        """Register a type of which there is one instance for all threads and loops."""
        self.register(service_type, factory=factory, lifecycle=Lifecycle.SINGLETON, name=name)

    def per_loop(self, service_type: Any, *, factory: Callable[..., Any], name: str | None = None) -> None:
        """Register a type of which there is one instance for each event loop, as for connection pools."""
        self.register(service_type, factory=factory, lifecycle=Lifecycle.PER_LOOP, name=name)

    def scoped(self, service_type: Any, *, factory: Callable[..., Any], name: str | None = None) -> None:
        """Register a type of which there is one instance for each scope, as a request has one."""
        self.register(service_type, factory=factory, lifecycle=Lifecycle.SCOPED, name=name)

    def transient(self, service_type: Any, *, factory: Callable[..., Any], name: str | None = None) -> None:
        """Register a type of which there is a new instance each time."""
        self.register(service_type, factory=factory, lifecycle=Lifecycle.TRANSIENT, name=name)

    def has(self, service_type: Any, name: str | None = None) -> bool:
        """Whether a type is registered under exactly this name; overrides do not count."""
        try:
            return (service_type, name) in self.engine.view.providers
        except TypeError:  # An annotation that cannot be hashed, such as a `Literal` of a list, cannot be registered.
            return False

    @overload
    async def resolve[T](self, service_type: type[T], name: str | None = None) -> T: ...
    @overload
    async def resolve(self, service_type: Any, name: str | None = None) -> Any: ...
    async def resolve(self, service_type: Any, name: str | None = None) -> Any:
        """Return the instance of a type, outside any scope.

        Args:
            name: of a named provider; where there is none, the unnamed one.

        Raises:
            ProviderNotFoundError: a LookupError; nothing makes the type, or what a factory needs.
            ScopeRequiredError: a RuntimeError; the type, or what it needs, is scoped.
        """
        return await self.engine.resolve(service_type, name, self.engine.everywhere)

    def scope(self) -> Scope:
        """Return a new scope, to be used with `async with`."""
        return Scope(self.engine)

    def override(
        self, service_type: Any, *, factory: Callable[..., Any], name: str | None = None, everywhere: bool = False
    ) -> AbstractContextManager[None]:
        """Replace one provider inside a `with` block; see `hawkapi.di.override`."""
        return replacing(self.engine, {(service_type, name): factory}, everywhere=everywhere)

    async def close_loop(self) -> None:
        """Close the instances of the running event loop, the last one first.

        Raises:
            ExceptionGroup: instances failed to close; all were tried.
        """
        outcome = Outcome("closing the event loop's part of the container failed")
        await self.engine.lives.close_loop(outcome)
        outcome.finish()

    async def aclose(self) -> None:
        """Close the running loop's instances and the singletons, the last ones first; new ones are made afterwards.

        Raises:
            ExceptionGroup: instances failed to close; all were tried.
        """
        await self.engine.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


def _check_parameters(provider: Provider) -> None:
    for need in provider.needs:
        if need is not None and need.wanted is MISSING and need.default is MISSING:
            raise TypeError(
                f"parameter {need.parameter!r} of the factory of {provider.label}: {need.reason}. "
                f"Say what it is: `{need.parameter}: Type`, or `{need.parameter}=Depends(Type)`"
            )

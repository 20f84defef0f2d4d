"""Overrides: in a context, for everyone, for callables, and what is made from them."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from hawkapi.di import Container, Depends, override
from hawkapi.di._active import living
from hawkapi.di.errors import CircularDependencyError, LifecycleError
from hawkapi.di.overrides import callables_for


class Database:
    """What is replaced."""

    def __init__(self, name: str = "real") -> None:
        self.name = name


class Service:
    """Needs what is replaced."""

    def __init__(self, database: Database) -> None:
        self.database = database


def fake() -> Database:
    """Make the replacement."""
    return Database("fake")


def registered(database: str = "singleton", service: str = "singleton") -> Container:
    """Return a container with both."""
    container = Container()
    container.register(Database, factory=Database, lifecycle=database)
    container.register(Service, factory=Service, lifecycle=service)
    return container


def callables(container: Container) -> Mapping[Any, Any]:
    """Return what is called here and now instead of functions."""
    return callables_for(container.engine, container.engine.everywhere)


def resolve(container: Container, wanted: type = Database) -> Any:
    """Return an instance."""
    return asyncio.run(container.resolve(wanted))


FORMS: list[Callable[[Container], Any]] = [
    lambda container: override(container, {Database: fake}),
    lambda container: override(SimpleNamespace(container=container), {Database: fake}),
    lambda container: override(container, Database, fake),
    lambda container: override(container, {Database: fake}, everywhere=True),
    lambda container: container.override(Database, factory=fake),
]


@pytest.mark.parametrize("form", FORMS, ids=["dict", "app", "type", "everywhere", "method"])
def test_override_replaces_in_its_block(form: Callable[[Container], Any]) -> None:
    """In the block there is another instance, one as a singleton is; afterwards the first is there again."""
    container = registered()
    before = resolve(container)
    with form(container) as nothing:
        assert nothing is None
        assert resolve(container).name == "fake"
        assert resolve(container) is resolve(container)
    assert resolve(container) is before


def test_override_is_undone_when_the_block_fails() -> None:
    """Nested overrides go one after the other, whatever ends them."""
    container = registered()
    names: list[str] = []

    def fail_inside() -> None:
        with override(container, {Database: lambda: Database("inner")}):
            names.append(resolve(container).name)
            raise ZeroDivisionError

    with override(container, {Database: fake}):
        with pytest.raises(ZeroDivisionError):
            fail_inside()
        names.append(resolve(container).name)
    assert [*names, resolve(container).name] == ["inner", "fake", "real"]


@pytest.mark.parametrize("lifecycle", ["singleton", "per_loop", "scoped", "transient", None])
def test_replacement_lives_as_the_original(lifecycle: str | None) -> None:
    """A replacement is kept as long as what it replaces, and one for a type that nobody provides not at all."""
    container = Container()
    if lifecycle is not None:
        container.register(Database, factory=Database, lifecycle=lifecycle)

    async def main() -> tuple[bool, bool]:
        async with container.scope() as scope, container.scope() as other:
            first = await scope.resolve(Database)
            assert first.name == "fake"
            return first is await scope.resolve(Database), first is await other.resolve(Database)

    with override(container, {Database: fake}):
        same, shared = asyncio.run(main())
    assert same == (lifecycle in {"singleton", "per_loop", "scoped"})
    assert shared == (lifecycle in {"singleton", "per_loop"})


@pytest.mark.parametrize("lifecycle", ["singleton", "per_loop", "scoped"])
def test_what_needs_the_overridden_type_is_made_for_the_override(lifecycle: str) -> None:
    """Nothing made from a replacement is left behind, and nothing that was there before has it."""
    container = registered(service=lifecycle)

    async def main() -> list[str]:
        async with container.scope() as scope:
            before = await scope.resolve(Service)
            with override(container, {Database: fake}):
                inside = await scope.resolve(Service)
                assert await scope.resolve(Service) is inside
            assert await scope.resolve(Service) is before
            return [before.database.name, inside.database.name]

    assert asyncio.run(main()) == ["real", "fake"]


def test_singleton_first_asked_for_under_an_override_is_made_again_afterwards() -> None:
    """The shared instance is never made from a replacement; an inner override of something else shares the outer's."""
    container = registered()
    container.singleton(int, factory=lambda: 1)
    with override(container, {Database: fake}):
        outer = resolve(container, Service)
        with override(container, {int: lambda: 2}):
            assert resolve(container, Service) is outer
            assert resolve(container, int) == 2
        with override(container, {Database: lambda: Database("inner")}):
            assert resolve(container, Service).database.name == "inner"
        assert resolve(container, Service) is outer
    assert resolve(container, Service).database.name == "real"


def test_named_override_replaces_the_named_provider_only() -> None:
    """A name that has no provider falls back to what replaces the unnamed one."""
    container = Container()
    for name in (None, "alt"):
        container.singleton(str, factory=lambda name=name: f"{name}", name=name)

    async def main() -> list[str]:
        return [await container.resolve(str, name) for name in (None, "alt", "other")]

    with container.override(str, factory=lambda: "fake", name="alt"):
        assert asyncio.run(main()) == ["None", "fake", "None"]
    with container.override(str, factory=lambda: "fake"):
        assert asyncio.run(main()) == ["fake", "alt", "fake"]


def function() -> str:
    """Be what handlers depend on."""
    return "real"


def test_functions_are_replaced_for_handlers_and_factories() -> None:
    """`Depends(function)` means the replacement; the innermost counts, those for everyone come first."""
    container = Container()
    container.transient(str, factory=lambda it=Depends(function): it)
    assert dict(callables(container)) == {}
    with override(container, {function: lambda: "everywhere", fake: fake}, everywhere=True):
        assert resolve(container, str) == "everywhere"
        with override(container, {function: lambda: "outer"}), override(container, function, lambda: "inner"):
            assert (resolve(container, str), callables(container)[function]()) == ("inner", "inner")
            assert set(callables(container)) == {function, fake}
            assert dict(callables(Container())) == {}
    assert resolve(container, str) == "real"
    assert callables(container) is callables(Container())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(([Database],), "override needs a dict", id="list"),
        pytest.param((Database,), "override needs a dict", id="type-alone"),
        pytest.param(({"Database": fake},), "'Database' is neither a type nor a function", id="string"),
        pytest.param(({Database: "fake"},), "'fake' cannot be called", id="value"),
    ],
)
def test_override_refuses_what_it_cannot_do(arguments: tuple[Any, ...], message: str) -> None:
    """A wrong argument is told at once, before the block."""
    with pytest.raises(TypeError, match=message):
        override(registered(), *arguments)


def test_override_needs_a_container() -> None:
    """What has none is named."""
    with pytest.raises(TypeError, match="needs an application or a Container, not 5"):
        override(5, {Database: fake})  # type: ignore[arg-type]


def test_replacement_may_ask_for_what_it_replaces() -> None:
    """A replacement that needs its own type gets the original, and an inner one the outer."""
    container = registered()

    def louder(original: Database) -> Database:
        return Database(original.name + "!")

    with override(container, Database, louder), override(container, Database, louder):
        assert resolve(container).name == "real!!"
    assert resolve(container).name == "real"


def test_replacement_may_not_need_each_other_or_what_lives_shorter() -> None:
    """The rules of registration hold for replacements."""
    container = registered()
    container.scoped(int, factory=lambda: 1)

    def around(other: Database) -> str:
        return other.name

    def back(text: str) -> Database:
        return Database(text)

    def numbered(number: int) -> Database:
        return Database(str(number))

    with (
        pytest.raises(CircularDependencyError, match=r"needs itself: .* -> .* -> "),
        override(container, {Database: back, str: around}),
    ):
        pass
    with pytest.raises(LifecycleError, match="singleton Database needs scoped int"):
        container.overrides_everywhere[Database] = numbered
    assert resolve(container).name == "real"


def test_override_is_seen_in_its_context_only() -> None:
    """A thread with a context of its own sees the original, one with a copy the replacement."""
    container = registered()
    seen: list[str] = []

    def look() -> None:
        seen.append(resolve(container).name)

    with override(container, {Database: fake}):
        for context in (contextvars.Context(), contextvars.copy_context()):
            thread = threading.Thread(target=context.run, args=(look,))
            thread.start()
            thread.join(30)
    assert seen == ["real", "fake"]


def test_override_may_be_left_in_another_context() -> None:
    """It ends everywhere then, and leaves nothing behind in the context that entered it."""
    container = registered()
    block = override(container, {Database: fake})
    entering = contextvars.copy_context()
    entering.run(block.__enter__)
    assert entering.run(resolve, container).name == "fake"
    block.__exit__(None, None, None)
    assert entering.run(resolve, container).name == "real"
    assert entering.run(living) == ()


def test_overrides_everywhere_is_a_mapping() -> None:
    """It is read and changed like a dict, and every context and thread sees the change at once."""
    container = registered()
    overrides = container.overrides_everywhere
    overrides[Database] = fake
    overrides[function] = function
    assert (list(overrides), len(overrides), overrides[Database]) == ([Database, function], 2, fake)
    assert repr(overrides) == f"Overrides({dict(overrides)!r})"
    with override(container, {int: int}, everywhere=True):
        assert list(overrides) == [Database, function]
    first = contextvars.Context().run(resolve, container)
    assert (first.name, resolve(container) is first) == ("fake", True)
    overrides[Database] = lambda: Database("second")
    assert resolve(container).name == "second"
    overrides.clear()
    assert (resolve(container).name, dict(overrides)) == ("real", {})
    with pytest.raises(KeyError):
        del overrides[Database]
    with pytest.raises(TypeError, match="neither a type nor a function"):
        overrides[5] = fake


def test_overrides_everywhere_are_checked_together() -> None:
    """What would be refused alone is accepted with what makes it right; what is refused changes nothing."""
    container = registered()

    def with_service(service: Service) -> Database:
        return Database(f"of {service!r}")

    overrides = container.overrides_everywhere
    with pytest.raises(CircularDependencyError):
        overrides[Database] = with_service
    overrides.update({Database: with_service, Service: lambda: 5})
    assert resolve(container).name == "of 5"
    with pytest.raises(CircularDependencyError):
        overrides.replace({Database: with_service})
    assert resolve(container).name == "of 5"


def test_what_was_made_for_an_override_is_closed_with_it() -> None:
    """At the end of the block what needs no loop, the last first; the original is left alone."""
    log: list[str] = []

    def make(name: str) -> Callable[[], Generator[Database]]:
        def factory() -> Generator[Database]:
            yield Database(name)
            log.append(name)

        return factory

    class Closing(Service):
        def close(self) -> None:
            log.append(f"service of {self.database.name}")

    container = Container()
    container.singleton(Database, factory=make("real"))
    container.singleton(Service, factory=Closing)
    resolve(container, Service)
    with override(container, {Database: make("fake")}):
        resolve(container, Service)
    assert log == ["service of fake", "fake"]
    asyncio.run(container.aclose())
    assert log[2:] == ["service of real", "real"]


def test_what_was_made_for_everyone_is_closed_with_the_container() -> None:
    """Other threads may be using it when the override ends."""
    log: list[str] = []

    def make() -> Generator[Database]:
        yield Database("fake")
        log.append("fake")

    container = registered()
    with override(container, {Database: make}, everywhere=True):
        resolve(container)
    assert log == []
    asyncio.run(container.aclose())
    assert log == ["fake"]


def test_what_needs_a_loop_is_closed_with_the_container() -> None:
    """The end of a `with` block cannot wait; the container's can."""
    log: list[str] = []

    async def make() -> AsyncGenerator[Database]:
        yield Database("fake")
        log.append("fake")

    container = registered()
    with override(container, {Database: make}):
        resolve(container, Service)
    assert log == []
    asyncio.run(container.aclose())
    assert log == ["fake"]


def test_failure_to_close_ends_the_override_all_the_same() -> None:
    """The error is raised when everything has been undone."""

    def make() -> Generator[Database]:
        yield Database("fake")
        raise OSError("broken")

    container = registered()
    with pytest.raises(ExceptionGroup) as caught, override(container, {Database: make}):
        resolve(container)
    assert [str(exc) for exc in caught.value.exceptions] == ["broken"]
    assert (resolve(container).name, living()) == ("real", ())


def test_close_that_turns_out_to_be_async_is_told() -> None:
    """A plain function that returns a coroutine cannot be seen through beforehand."""

    async def later() -> None:
        await asyncio.sleep(0)

    class Hidden(Database):
        def close(self) -> object:
            return waiting[0]

    waiting = [later()]
    container = registered()
    with pytest.raises(ExceptionGroup) as caught, override(container, {Database: Hidden}):
        resolve(container)
    assert "make close() a coroutine function" in str(caught.value.exceptions[0])
    waiting[0].close()


def test_override_that_registration_makes_wrong_is_refused_when_it_is_used() -> None:
    """What was unknown when the block began cannot be kept too long either."""

    def numbered(number: int) -> Database:
        return Database(str(number))

    container = Container()
    container.singleton(Service, factory=Service)
    with override(container, {Database: numbered}):
        container.scoped(int, factory=lambda: 1)
        with pytest.raises(LifecycleError, match="singleton Service needs scoped int"):
            resolve(container, Service)

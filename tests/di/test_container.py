"""The container: registering, lives, factories, closing."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable, Generator
from types import SimpleNamespace
from typing import Annotated, Any, Literal
from unittest.mock import AsyncMock, Mock

import pytest

from hawkapi.di import Container, Depends, Lifecycle
from hawkapi.di.errors import ProviderNotFoundError, ScopeClosedError, ScopeRequiredError


class Database:
    """A type without parameters."""


class Session:
    """A type that needs another."""

    def __init__(self, database: Database) -> None:
        self.database = database


class Log(list[str]):
    """What happened, in order."""

    def closing(self, name: str) -> type[Any]:
        """Return a class whose instances say when they are closed."""
        log = self

        class Closing:
            def close(self) -> None:
                log.append(name)

        return Closing


def run[T](main: Callable[[], Any]) -> Any:
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


def test_close_goes_backwards() -> None:
    """A user is closed before what it uses, also when that was made on the way; loops before singletons."""
    log, container = Log(), Container()
    base, middle, top = (log.closing(name) for name in ("base", "middle", "top"))
    container.singleton(base, factory=base)
    container.singleton(middle, factory=lambda _=Depends(base): middle())
    container.per_loop(top, factory=lambda _=Depends(middle): top())

    async def main() -> None:
        async with container:
            await container.resolve(top)
        assert log == ["top", "middle", "base"]

    run(main)


def test_closed_container_begins_anew() -> None:
    """After `aclose` there are new singletons, which are closed by the next one."""
    log, container = Log(), Container()
    closing = log.closing("closed")
    container.singleton(closing, factory=closing)

    async def main() -> None:
        first: object = await container.resolve(closing)
        await container.aclose()
        assert await container.resolve(closing) is not first
        assert log == ["closed"]
        await container.aclose()
        await container.aclose()
        assert log == ["closed", "closed"]

    run(main)


def test_aclose_is_preferred_and_needs_no_arguments() -> None:
    """Of the two the async one is called; what needs an argument is no closing method; a transient is not closed."""
    log: list[str] = []

    class Both:
        async def aclose(self) -> None:
            await asyncio.sleep(0)
            log.append("aclose")

        def close(self) -> None:
            log.append("close")

    class Asking:
        async def aclose(self, code: int) -> None:
            log.append("asked")

        def close(self, code: int = 1, *, hard: bool = False) -> None:
            log.append("asking")

    class Named:
        def close(self, *, code: int) -> None:
            log.append("named")

    class Transient:
        def close(self) -> None:
            log.append("transient")

    container = Container()
    for lifecycle, made in (("scoped", Both), ("scoped", Asking), ("scoped", Named), ("transient", Transient)):
        container.register(made, factory=made, lifecycle=lifecycle)
    container.scoped(type, factory=lambda: Both)  # A class has the methods too, but they need an instance.

    async def main() -> None:
        async with container.scope() as scope:
            for wanted in (Transient, Named, Asking, Both, type):
                await scope.resolve(wanted)

    run(main)
    assert log == ["aclose", "asking"]


def test_what_a_factory_hands_on_is_closed_once() -> None:
    """An instance under a second type is its first provider's to close."""
    log, container = Log(), Container()
    closing = log.closing("closed")
    container.singleton(closing, factory=closing)
    container.scoped(object, factory=lambda it=Depends(closing): it)

    async def main() -> None:
        async with container.scope() as scope:
            await scope.resolve(object)
        assert log == []
        await container.aclose()

    run(main)
    assert log == ["closed"]


def test_failures_of_closing_are_collected() -> None:
    """All instances are closed whatever happens, and every error is raised, in order."""

    class First:
        def close(self) -> None:
            raise ValueError("first")

    class Second:
        async def aclose(self) -> None:
            raise KeyError("second")

    def third() -> Generator[int]:
        yield 3
        raise OSError("third")

    container = Container()
    container.scoped(First, factory=First)
    container.scoped(Second, factory=Second)
    container.scoped(int, factory=third)

    async def main() -> None:
        scope = container.scope()
        for wanted in (First, Second, int):
            await scope.resolve(wanted)
        with pytest.raises(ExceptionGroup) as caught:
            await scope.aclose()
        assert [type(exc) for exc in caught.value.exceptions] == [OSError, KeyError, ValueError]
        await scope.aclose()

    run(main)


def test_cancelled_closing_closes_the_rest() -> None:
    """A cancellation is raised when everything has been tried."""
    log, container = Log(), Container()
    closing = log.closing("closed")

    class Slow:
        async def aclose(self) -> None:
            raise asyncio.CancelledError

    container.scoped(closing, factory=closing)
    container.scoped(Slow, factory=Slow)

    async def main() -> None:
        scope = container.scope()
        await scope.resolve(closing)
        await scope.resolve(Slow)
        with pytest.raises(asyncio.CancelledError):
            await scope.aclose()

    run(main)
    assert log == ["closed"]


@pytest.mark.parametrize("is_async", [False, True])
def test_yield_factory_sees_the_error(is_async: bool) -> None:
    """What leaves the scope is thrown into the factories of the scope; swallowing it changes nothing."""
    log: list[str] = []

    def plain() -> Generator[int]:
        try:
            yield 1
        except ZeroDivisionError:
            log.append("rolled back")

    async def asynchronous() -> AsyncGenerator[int]:
        try:
            yield 1
        except ZeroDivisionError:
            log.append("rolled back")
            raise

    container = Container()
    container.scoped(int, factory=asynchronous if is_async else plain)

    async def main() -> None:
        async with container.scope() as scope:
            await scope.resolve(int)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)
    assert log == ["rolled back"]


def test_yield_factory_may_translate_the_error() -> None:
    """Its own error takes the place of the one that came, for the factories further out too."""
    seen: list[type[BaseException]] = []

    def outer() -> Generator[int]:
        try:
            yield 1
        except Exception as exc:
            seen.append(type(exc))
            raise

    def inner(number: int) -> Generator[str]:
        try:
            yield "x"
        except ZeroDivisionError:
            raise KeyError("translated") from None

    container = Container()
    container.scoped(int, factory=outer)
    container.scoped(str, factory=inner)

    async def main() -> None:
        async with container.scope() as scope:
            await scope.resolve(str)
            raise ZeroDivisionError

    with pytest.raises(KeyError, match="translated"):
        run(main)
    assert seen == [KeyError]


def test_own_teardown_takes_the_place_of_close() -> None:
    """What a yield factory yields is its to close; a transient's ends with who asked for it."""
    log, container = Log(), Container()
    closing = log.closing("closed")

    def make() -> Generator[object]:
        yield closing()
        log.append("torn down")

    container.singleton(closing, factory=make)
    container.transient(object, factory=make)

    async def main() -> None:
        async with container.scope() as scope:
            await scope.resolve(object)
            await scope.resolve(object)
            await scope.resolve(closing)
        assert log == ["torn down", "torn down"]
        await container.aclose()

    run(main)
    assert log == ["torn down"] * 3


def test_what_was_begun_for_a_failed_factory_is_undone() -> None:
    """A transient that was made on the way sees the error at once, and nothing is left for the scope's end."""
    log: list[str] = []

    def begin() -> Generator[int]:
        try:
            yield 1
        except ZeroDivisionError:
            log.append("undone")
            raise

    def fail(number: int) -> str:
        raise ZeroDivisionError

    container = Container()
    container.transient(int, factory=begin)
    container.scoped(str, factory=fail)

    async def main() -> None:
        async with container.scope() as scope:
            with pytest.raises(ZeroDivisionError):
                await scope.resolve(str)
            assert log == ["undone"]

    run(main)
    assert log == ["undone"]


def test_closed_scope_makes_nothing() -> None:
    """What it would make, nobody would close; that is so for a scope that closes meanwhile too."""
    log, container = Log(), Container()
    closing = log.closing("closed")

    async def slow() -> object:
        await asyncio.sleep(0)
        return closing()

    container.scoped(closing, factory=slow)
    container.transient(Database, factory=Database)

    async def main() -> None:
        scope = container.scope()
        making: asyncio.Task[object] = asyncio.create_task(scope.resolve(closing))
        await asyncio.sleep(0)
        await scope.aclose()
        with pytest.raises(ScopeClosedError, match="the scope was closed while"):
            await making
        assert log == ["closed"]
        for wanted in (closing, Database):
            with pytest.raises(ScopeClosedError, match="the scope is closed"):
                await scope.resolve(wanted)

    run(main)


def test_singletons_generator_outlives_the_loop_that_made_it() -> None:
    """The end of a loop does not end the async generators of singletons; closing the container on another does."""
    log: list[str] = []

    async def make() -> AsyncGenerator[Database]:
        yield Database()
        log.append("torn down")

    container = Container()
    container.singleton(Database, factory=make)

    async def main() -> Database:
        return await container.resolve(Database)

    first = asyncio.run(main())
    assert (asyncio.run(main()) is first, log) == (True, [])
    asyncio.run(container.aclose())
    assert log == ["torn down"]


def test_per_loop_is_closed_with_its_loop(caplog: pytest.LogCaptureFixture) -> None:
    """`close_loop` closes the running loop's; those of a loop that was closed without it are forgotten and told."""
    log, container = Log(), Container()
    closing = log.closing("closed")
    container.per_loop(closing, factory=closing)
    container.per_loop(Database, factory=Database)

    async def main(close: bool) -> object:
        made: object = await container.resolve(closing)
        assert await container.resolve(closing) is made
        if close:
            await container.close_loop()
        return made

    assert len({id(made) for made in [asyncio.run(main(True)), asyncio.run(main(True))]}) == 2
    assert log == ["closed", "closed"]
    asyncio.run(main(False))
    assert len(container.engine.lives._of_loops) == 1
    asyncio.run(main(True))
    assert len(container.engine.lives._of_loops) == 0
    assert asyncio.run(container.resolve(Database)) is not None  # What cannot be closed needs no warning.
    asyncio.run(main(True))
    assert [record.message.rpartition("was closed")[2] for record in caplog.records] == [
        " without close_loop(): its per_loop instances were not closed"
    ]


@pytest.mark.parametrize("factory", [generator, async_generator])
def test_unfinished_generators_of_closed_loops_are_told(
    factory: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The second half of a yield factory is missed like a `close()`."""
    container = Container()
    container.per_loop(str, factory=factory)
    for _ in range(2):
        assert asyncio.run(container.resolve(str)) == "made"
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("close", "called"),
    [
        pytest.param(lambda log: functools.partial(log.append, "closed"), ["closed"], id="partial"),
        pytest.param(lambda log: log.append, [], id="needs-argument"),
        pytest.param(lambda log: Mock(side_effect=lambda: log.append("closed")), ["closed"], id="mock"),
        pytest.param(lambda log: AsyncMock(side_effect=lambda: log.append("closed")), ["closed"], id="async-mock"),
        pytest.param(lambda _: dict, [], id="without-signature"),
        pytest.param(lambda _: "open", [], id="no-function"),
    ],
)
def test_close_may_be_any_callable(close: Callable[[list[str]], Any], called: list[str]) -> None:
    """What can be called without arguments is, however it came to be an attribute."""
    log: list[str] = []
    container = Container()
    container.scoped(SimpleNamespace, factory=lambda: SimpleNamespace(close=close(log)))

    async def main() -> None:
        async with container.scope() as scope:
            await scope.resolve(SimpleNamespace)

    run(main)
    assert log == called


def test_unhashable_annotation_keeps_the_default() -> None:
    """It cannot be registered, so nothing provides it."""

    def make(option: Literal[[]] = 4) -> object:  # type: ignore[valid-type]
        return option

    container = Container()
    container.transient(int, factory=make)
    assert asyncio.run(container.resolve(int)) == 4


def test_failure_while_a_failure_is_undone_is_raised_with_it() -> None:
    """The first error stays visible as the context of the group."""

    class Broken:
        def close(self) -> None:
            raise OSError("close")

    def begin() -> Generator[int]:
        try:
            yield 1
        finally:
            raise KeyError("undo")

    def fail(number: int) -> str:
        raise ZeroDivisionError

    container = Container()
    container.transient(int, factory=begin)
    container.scoped(str, factory=fail)
    container.scoped(Broken, factory=Broken)

    async def main() -> None:
        async with container.scope() as scope:
            await scope.resolve(Broken)
            await scope.resolve(str)

    with pytest.raises(ExceptionGroup) as caught:
        run(main)
    assert [str(exc) for exc in caught.value.exceptions] == ["close"]
    assert isinstance(caught.value.__context__, KeyError)
    assert isinstance(caught.value.__context__.__context__, ZeroDivisionError)


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
        with pytest.raises(RuntimeError, match="asked for the very value"):
            await container.resolve(int)

    run(main)

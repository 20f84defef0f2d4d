"""The ends of instances: scopes, loops and containers are closed."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable, Generator
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from hawkapi.di import Container, Depends
from hawkapi.di.errors import ScopeClosedError


class Database:
    """A type without parameters."""


def run(main: Callable[[], Any]) -> Any:
    """Run a coroutine function."""
    return asyncio.run(main())


def generator() -> Generator[str]:
    """Yield it."""
    yield "made"


async def async_generator() -> AsyncGenerator[str]:
    """Yield it later."""
    await asyncio.sleep(0)
    yield "made"


class Log(list[str]):
    """What happened, in order."""

    def closing(self, name: str) -> type[Any]:
        """Return a class whose instances say when they are closed."""
        log = self

        class Closing:
            def close(self) -> None:
                log.append(name)

        return Closing


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


def test_closed_scope_does_not_hand_out_what_it_closed() -> None:
    """Not even to a task that has waited for an instance, and goes on after the scope was closed."""
    log, container = Log(), Container()
    closing = log.closing("closed")

    async def slow() -> object:
        await asyncio.sleep(0)
        return closing()

    container.scoped(closing, factory=slow)

    async def main() -> None:
        scope = container.scope()

        async def make_and_close() -> None:
            await scope.resolve(closing)
            await scope.aclose()
            assert not waiter.done()

        maker = asyncio.create_task(make_and_close())
        waiter: asyncio.Task[object] = asyncio.create_task(scope.resolve(closing))
        await maker
        assert log == ["closed"]
        for late in (waiter, scope.resolve(closing)):
            with pytest.raises(ScopeClosedError, match="the scope is closed"):
                await late

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

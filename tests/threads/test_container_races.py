"""One container, many threads with a loop each."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import weakref
from collections.abc import AsyncGenerator
from types import ModuleType

import pytest
from interleaving import elsewhere, for_every_line, interrupted
from loops import close_under_tasks, hand_driven_loops, let_run, run_in_loops, run_in_threads

from hawkapi._threading import ShardedCounter
from hawkapi.di import Container, Depends, _keeping, _making, override
from hawkapi.di._keeping import InstanceExit, Keeper
from hawkapi.di._making import Resolver
from hawkapi.di.errors import CircularDependencyError, ScopeClosedError
from hawkapi.di.overrides import callables_for

THREADS = 8


class Database:
    """What is made."""

    def __init__(self, name: object = None) -> None:
        self.name = name


class Service:
    """What needs it."""

    def __init__(self, database: Database) -> None:
        self.database = database


class Flaky:
    """A factory that counts its calls and fails the first few times."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.calls = ShardedCounter()

    async def make(self) -> Database:
        """Return a database with the number of the call, or raise."""
        self.calls.add()
        number = self.calls.value
        await asyncio.sleep(0)
        if number <= self.failures:
            raise ZeroDivisionError(number)
        return Database(number)


@pytest.mark.race
@pytest.mark.parametrize("failures", [0, 3])
def test_singleton_is_made_once_by_all_loops(failures: int) -> None:
    """Eight loops with tasks get one instance; each failure reaches one caller, and the next tries again."""
    for _ in range(10):
        container, flaky = Container(), Flaky(failures)
        container.singleton(Database, factory=flaky.make)
        container.singleton(Service, factory=Service)

        async def ask(index: int, container: Container = container) -> list[object]:
            answers = await asyncio.gather(*map(container.resolve, (Database, Service) * 2), return_exceptions=True)
            return [answer.database if isinstance(answer, Service) else answer for answer in answers]

        answers = [answer for answers in run_in_loops(THREADS, ask) for answer in answers]
        made = [answer for answer in answers if isinstance(answer, Database)]
        assert len({id(answer) for answer in made}) == 1
        assert len(answers) - len(made) == failures
        assert flaky.calls.value == failures + 1


@pytest.mark.race
def test_scopes_of_all_loops_are_apart() -> None:
    """Each scope has one instance for its tasks, all share the singleton, and each closes its own."""
    closed = ShardedCounter()

    async def make(database: Database) -> AsyncGenerator[Service]:
        await asyncio.sleep(0)
        yield Service(database)
        closed.add()

    container = Container()
    container.singleton(Database, factory=Database)
    container.scoped(Service, factory=make)

    async def serve(index: int) -> list[Service]:
        kept = []
        for _ in range(20):
            async with container.scope() as scope:
                first, second = await asyncio.gather(scope.resolve(Service), scope.resolve(Service))
                assert first is second
                kept.append(first)
        return kept

    services = [service for kept in run_in_loops(THREADS, serve) for service in kept]
    assert len({id(service) for service in services}) == THREADS * 20 == closed.value
    assert len({id(service.database) for service in services}) == 1


@pytest.mark.race
def test_per_loop_is_one_for_each_loop() -> None:
    """Tasks of a loop share its instance, loops do not, and each closes its own."""
    made, closed = ShardedCounter(), ShardedCounter()

    async def make() -> AsyncGenerator[Database]:
        made.add()
        await asyncio.sleep(0)
        yield Database(asyncio.get_running_loop())
        closed.add()

    container = Container()
    container.per_loop(Database, factory=make)

    async def serve(index: int) -> Database:
        asked = await asyncio.gather(*(container.resolve(Database) for _ in range(5)))
        assert {id(database) for database in asked} == {id(asked[0])}
        assert asked[0].name is asyncio.get_running_loop()
        await container.close_loop()
        return asked[0]

    databases = run_in_loops(THREADS, serve)
    assert len({id(database) for database in databases}) == THREADS == made.value == closed.value
    assert len(container.engine.lives._of_loops) == 0


@pytest.mark.race
def test_overrides_in_parallel_threads_do_not_see_each_other() -> None:
    """Each thread has what it put there, in singletons and in what needs them; afterwards there is the original."""
    container = Container()
    container.singleton(Database, factory=Database)
    container.singleton(Service, factory=Service)

    def function() -> None:
        """Be replaced too."""

    def test(index: int) -> None:
        for number in range(20):
            mine = (index, number)
            with override(container, {Database: lambda mine=mine: Database(mine), function: lambda mine=mine: mine}):
                service = asyncio.run(container.resolve(Service))
                assert service.database.name == mine
                assert callables_for(container.engine, container.engine.everywhere)[function]() == mine
            assert asyncio.run(container.resolve(Service)).database.name is None

    run_in_threads(THREADS, test)
    assert callables_for(container.engine, container.engine.everywhere) == {}


@pytest.mark.race
def test_override_everywhere_is_seen_by_all_threads() -> None:
    """Threads see the original or a replacement, never a mixture, and in the end the original."""
    container = Container()
    container.singleton(Database, factory=Database)
    container.singleton(Service, factory=Service)
    seen: set[object] = set()

    def work(index: int) -> None:
        for number in range(30):
            if index == 0:
                with override(container, {Database: lambda: Database("layer")}, everywhere=True):
                    assert asyncio.run(container.resolve(Database)).name in {"layer", "mapping"}
            elif index == 1:
                container.overrides_everywhere[Database] = lambda: Database("mapping")
                if number % 2:
                    del container.overrides_everywhere[Database]
            else:
                seen.add(asyncio.run(container.resolve(Service)).database.name)

    run_in_threads(4, work)
    assert seen <= {None, "layer", "mapping"}
    assert asyncio.run(container.resolve(Service)).database.name is None


@pytest.mark.race
def test_registrations_from_many_threads_are_all_kept() -> None:
    """None is lost, who names a type before it is there gets it, and of two for one key one is refused."""
    container = Container()
    types = [[type(f"Type{thread}_{number}", (), {}) for number in range(20)] for thread in range(THREADS)]
    common = [type(f"Common{number}", (), {}) for number in range(20)]
    refused = ShardedCounter()

    def register(index: int) -> None:
        for number, wanted in enumerate(types[index]):
            needed = types[(index + 1) % THREADS][number] if index + 1 < THREADS else common[number]
            container.scoped(wanted, factory=lambda it=Depends(needed): it)
            try:
                container.singleton(common[number], factory=common[number])
            except ValueError:
                refused.add()

    run_in_threads(THREADS, register)
    assert len(container.engine.view.providers) == (THREADS + 1) * 20
    assert refused.value == (THREADS - 1) * 20

    async def main() -> list[object]:
        async with container.scope() as scope:
            return [type(await scope.resolve(wanted)) for wanted in types[0]]

    assert asyncio.run(main()) == common


def test_singleton_whose_loop_was_closed_midway_is_made_by_another() -> None:
    """A factory that can never return again does not keep anybody waiting."""
    container, flaky = Container(), Flaky()

    async def never() -> Database:
        if not stuck:
            stuck.append(1)
            await asyncio.get_running_loop().create_future()
        return await flaky.make()

    stuck: list[int] = []
    container.singleton(Database, factory=never)
    with hand_driven_loops(1) as (closed,):
        task = closed.create_task(container.resolve(Database))
        let_run(closed)
        close_under_tasks(closed)
        assert asyncio.run(container.resolve(Database)).name == 1
        assert not task.done()


def test_instances_of_closed_loops_do_not_leak() -> None:
    """A loop that ends without `close_loop` is forgotten when the next one begins, with all that it had."""
    container = Container()
    container.per_loop(Database, factory=Database)

    async def main() -> weakref.ref[Database]:
        return weakref.ref(await container.resolve(Database))

    references = [asyncio.run(main()) for _ in range(10)]
    gc.collect()
    assert [reference() is None for reference in references] == [True] * 9 + [False]
    assert len(container.engine.lives._of_loops) == 1


@pytest.mark.race
def test_factories_of_two_loops_that_ask_for_each_other() -> None:
    """Whoever completes the circle is told of it, and then the other one, too: nobody waits for ever."""
    for _ in range(30):
        container = Container()

        async def database(container: Container = container) -> Database:
            return Database(await container.resolve(Service))

        async def service(container: Container = container) -> Service:
            return Service(await container.resolve(Database))

        container.singleton(Database, factory=database)
        container.singleton(Service, factory=service)

        async def ask(index: int, container: Container = container) -> object:
            try:
                return await container.resolve(Service if index % 2 else Database)
            except CircularDependencyError as exc:
                return type(exc)

        assert run_in_loops(4, ask) == [CircularDependencyError] * 4


class Closing:
    """Counts how often it is closed."""

    def __init__(self) -> None:
        self.count = ShardedCounter()

    def close(self) -> None:
        """Count."""
        self.count.add()


@pytest.mark.race
def test_exits_are_left_once_however_many_close() -> None:
    """Loops that end the same life together leave each exit once, all of them together."""
    barrier = threading.Barrier(THREADS)
    lives = [(Keeper("a life"), [Closing() for _ in range(50)]) for _ in range(20)]

    async def main(index: int) -> None:
        for keeper, closing in lives:
            if index == 0:
                await keeper.keep([InstanceExit(each) for each in closing])
            barrier.wait(30)
            await keeper.aclose()

    run_in_loops(THREADS, main)
    assert {each.count.value for _, closing in lives for each in closing} == {1}


@pytest.mark.race
def test_what_is_kept_while_the_life_ends_is_left_once() -> None:
    """Whether it came before the end or after, it is closed."""
    barrier = threading.Barrier(2)
    lives = [(Keeper("a life"), Closing()) for _ in range(200)]

    async def main(index: int) -> None:
        for keeper, closing in lives:
            barrier.wait(30)
            if index == 0:
                await keeper.aclose()
                continue
            with contextlib.suppress(ScopeClosedError):
                await keeper.keep([InstanceExit(closing)])

    run_in_loops(2, main)
    assert {closing.count.value for _, closing in lives} == {1}


@pytest.mark.parametrize("module", [_keeping, _making], ids=["keeping", "making"])
def test_life_that_ends_at_any_line_while_an_instance_is_made(module: ModuleType) -> None:
    """Each instance is closed once, and who asks for one afterwards is refused: nothing closed is kept, or found."""

    def scenario(number: int) -> bool:
        container = Container()
        made: list[Closing] = []
        found_closed: list[Closing] = []
        ended: list[bool] = []
        root = container.engine.lives.period.root

        def make() -> Closing:
            made.append(Closing())
            return made[-1]

        def interrupt(line: int) -> None:
            if line == number:
                elsewhere(lambda: asyncio.run(container.aclose()))
                ended.append(True)
            elif ended:
                found_closed.extend(each for each in root.values.values() if each.count.value)

        container.singleton(Closing, factory=make)
        asks = Resolver(container.engine.lives, container.engine.view)
        with interrupted(module, interrupt), contextlib.suppress(ScopeClosedError):
            asyncio.run(asks.resolve(Closing, None))
        if ended:
            with pytest.raises(ScopeClosedError):
                asyncio.run(asks.resolve(Closing, None))
            assert [each.count.value for each in made] == [1] * len(made)
        assert found_closed == []
        return bool(ended)

    assert for_every_line(scenario) > 5


def test_life_that_ends_while_others_wait_for_an_instance() -> None:
    """Who waited is refused as well: what the cell has by then is closed."""
    container = Container()
    going = []

    async def make() -> Closing:
        going.append(asyncio.get_running_loop().create_future())
        await going[0]
        return Closing()

    container.singleton(Closing, factory=make)
    with hand_driven_loops(2) as (first, second):
        maker = first.create_task(container.resolve(Closing))
        let_run(first)
        waiter = second.create_task(container.resolve(Closing))
        let_run(second)
        first.call_soon(going[0].set_result, None)
        let_run(first)
        closing = maker.result()
        closer = first.create_task(container.aclose())
        let_run(first)
        assert closer.done()
        let_run(second)
        assert closing.count.value == 1
        assert isinstance(waiter.exception(), ScopeClosedError)

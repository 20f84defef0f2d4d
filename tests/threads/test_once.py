"""`Once`: one value, whoever asks first, and no attempt that blocks the next."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextvars import copy_context

import pytest
from interleaving import at_line, elsewhere, for_every_line, interrupted
from loops import close_under_tasks, hand_driven_loops, let_run, run_in_loops, run_in_threads

from hawkapi import _once
from hawkapi._once import CircularWaitError, _Attempt
from hawkapi._threading import Once, ShardedCounter

THREADS = 4


class Flaky:
    """A factory that counts its calls and fails the first few times; the value is the number of the call."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.calls = ShardedCounter()

    def make(self) -> int:
        """Return how many calls there were, or raise."""
        self.calls.add()
        number = self.calls.value
        if number <= self.failures:
            raise ZeroDivisionError(number)
        return number

    async def amake(self) -> int:
        """Do the same, letting others run first."""
        await asyncio.sleep(0)
        return self.make()


def begin(once: Once[int], factory: Callable[[], Awaitable[int]], loop: asyncio.AbstractEventLoop) -> asyncio.Task[int]:
    """Let a task of `loop` ask for the value."""
    task = loop.create_task(once.aget(factory))
    let_run(loop)
    return task


async def never() -> int:
    """Make a value for ever."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError


def fail() -> int:
    """Show that a factory was called which should not be."""
    raise AssertionError("called a second factory")


async def afail() -> int:
    """Show the same in a task."""
    return fail()


def test_first_factory_makes_the_value_for_all() -> None:
    """Later callers get the value, and their factories are not called; None is a value like any other."""
    once: Once[int | None] = Once()
    assert once.get(lambda: None) is None
    assert once.get(fail) is None
    assert asyncio.run(once.aget(afail)) is None


@pytest.mark.race
@pytest.mark.parametrize("failures", [0, 3])
def test_threads_and_tasks_that_ask_together_get_one_value(failures: int) -> None:
    """Exactly one attempt succeeds; each failure reaches exactly one caller."""
    for _ in range(20):
        once: Once[int] = Once()
        flaky = Flaky(failures)

        async def ask_in_tasks(once: Once[int] = once, flaky: Flaky = flaky) -> list[int | BaseException]:
            return await asyncio.gather(*(once.aget(flaky.amake) for _ in range(5)), return_exceptions=True)

        def ask(index: int, once: Once[int] = once, flaky: Flaky = flaky) -> list[int | BaseException]:
            if index % 2:
                return asyncio.run(ask_in_tasks())
            try:
                return [once.get(flaky.make)]
            except ZeroDivisionError as exc:
                return [exc]

        answers = [answer for answers in run_in_threads(THREADS, ask) for answer in answers]
        errors = [answer for answer in answers if isinstance(answer, ZeroDivisionError)]
        assert sorted(error.args[0] for error in errors) == list(range(1, failures + 1))
        assert [answer for answer in answers if answer not in errors] == [failures + 1] * (12 - failures)
        assert flaky.calls.value == failures + 1


def test_failed_factory_does_not_poison() -> None:
    """The error is the caller's alone; the next call tries again."""
    once: Once[int] = Once()
    flaky = Flaky(failures=2)
    with pytest.raises(ZeroDivisionError):
        once.get(flaky.make)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(once.aget(flaky.amake))
    assert once.get(flaky.make) == 3


def test_waiter_tries_when_the_attempt_it_waits_for_is_cancelled() -> None:
    """A cancelled attempt fails like any other, and one of the waiters of another loop makes the value."""
    with hand_driven_loops(2) as (first, second):
        once: Once[int] = Once()
        flaky = Flaky()
        maker, waiter = begin(once, never, first), begin(once, flaky.amake, second)
        assert flaky.calls.value == 0
        maker.cancel()
        let_run(first, second)
        assert maker.cancelled()
        assert waiter.result() == 1


def test_cancelled_waiter_does_not_disturb_the_attempt() -> None:
    """Only who makes the value can stop its making."""
    with hand_driven_loops(2) as (first, second):
        once: Once[int] = Once()
        release: asyncio.Future[int] = first.create_future()

        async def factory() -> int:
            return await release

        maker, waiter, other = begin(once, factory, first), begin(once, afail, second), begin(once, afail, second)
        waiter.cancel()
        let_run(second)
        release.set_result(7)
        let_run(first, second)
        assert waiter.cancelled()
        assert (maker.result(), other.result()) == (7, 7)


@pytest.mark.parametrize("asker", ["task", "thread"])
def test_attempt_whose_loop_was_closed_is_given_up(asker: str) -> None:
    """A factory that can never return again does not block those who wait for it."""
    with hand_driven_loops(1) as (closed,):
        once: Once[int] = Once()
        maker = begin(once, never, closed)
        close_under_tasks(closed)
        flaky = Flaky()
        (value,) = run_in_threads(
            1, lambda _: once.get(flaky.make) if asker == "thread" else asyncio.run(once.aget(flaky.amake))
        )
        assert value == 1
        assert not maker.done()


def test_late_end_of_an_abandoned_attempt_changes_nothing() -> None:
    """Destroying the task that lost its attempt does not end the attempt of somebody else."""
    with hand_driven_loops(3) as (closed, second, third):
        once: Once[int] = Once()
        abandoned = once.aget(never)
        closed.call_soon(abandoned.send, None)
        let_run(closed)
        close_under_tasks(closed)
        maker = second.create_task(once.aget(never))
        let_run(second)
        assert not maker.done()
        abandoned.close()
        waiter = begin(once, afail, third)
        assert not waiter.done()


def test_factory_that_asks_for_its_own_value_is_an_error() -> None:
    """It raises instead of waiting for itself, and the next caller can still make the value."""
    once: Once[int] = Once()

    def factory() -> int:
        return once.get(factory)

    async def afactory() -> int:
        return await once.aget(afactory)

    async def mixed() -> int:
        return once.get(fail)

    def nested() -> int:
        return asyncio.run(once.aget(afail))

    with pytest.raises(RuntimeError, match="asked for the very value"):
        once.get(factory)
    with pytest.raises(RuntimeError, match="asked for the very value"):
        once.get(nested)
    for asynchronous in (afactory, mixed):
        with pytest.raises(RuntimeError, match="asked for the very value"):
            asyncio.run(once.aget(asynchronous))
    assert once.get(lambda: 1) == 1


def test_end_of_an_abandoned_attempt_leaves_the_factory_under_way_known() -> None:
    """Factories that ask for each other's values are told so, also if one was there when the attempt was destroyed."""

    async def main(_: int) -> None:
        first, second, lost = Once[int](), Once[int](), Once[int]()
        abandoned = lost.aget(never)
        copy_context().run(abandoned.send, None)
        meeting = asyncio.Barrier(2)

        async def make_first() -> int:
            abandoned.close()
            await meeting.wait()
            return await second.aget(afail)

        async def make_second() -> int:
            await meeting.wait()
            return await first.aget(afail)

        makers = asyncio.gather(first.aget(make_first), second.aget(make_second), return_exceptions=True)
        async with asyncio.timeout(10):
            assert any("in a circle" in str(error) for error in await makers)

    run_in_loops(1, main)


def test_get_that_would_block_the_loop_that_makes_the_value_is_an_error() -> None:
    """A synchronous caller must not wait for a task of its own loop."""

    async def main(index: int) -> None:
        once: Once[int] = Once()
        maker = asyncio.create_task(once.aget(never))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match=r"Use `await aget\(\)`"):
            once.get(fail)
        assert not maker.done()
        maker.cancel()

    run_in_loops(1, main)


def test_get_on_one_loop_waits_for_the_task_of_another() -> None:
    """Blocking is only refused where it would never end."""
    once: Once[int] = Once()
    begun, asked = threading.Event(), threading.Event()

    async def factory() -> int:
        begun.set()
        await asyncio.to_thread(asked.wait, 30)
        return 5

    async def main(index: int) -> int:
        if index == 0:
            return await once.aget(factory)
        await asyncio.to_thread(begun.wait, 30)
        asked.set()
        return once.get(fail)

    assert run_in_loops(2, main) == [5, 5]


@pytest.mark.race
def test_value_is_complete_when_it_is_seen() -> None:
    """A thread that sees the value sees all of it, without any lock of its own."""
    for _ in range(100):
        once: Once[list[int]] = Once()

        def ask(index: int, once: Once[list[int]] = once) -> list[int]:
            return once.get(lambda: list(range(100)))

        values = run_in_threads(THREADS, ask)
        assert all(value is values[0] for value in values)
        assert values[0] == list(range(100))


def test_two_that_begin_to_wait_for_each_other_at_any_line() -> None:
    """Whatever line one has come to when the other begins, one of them sees the circle at once."""

    def waits(own: _Attempt, other: _Attempt) -> bool:
        try:
            own.begin_to_wait(other)
        except CircularWaitError:
            return False
        return True

    def scenario(number: int) -> bool:
        one, two = _Attempt(blocking=True), _Attempt(blocking=True)
        waiting: list[bool] = []
        interrupt = at_line(number, lambda: waiting.append(elsewhere(lambda: waits(two, one))))
        with interrupted(_once, interrupt) as lines:
            waiting.append(waits(one, two))
        assert len(waiting) == 1 or not all(waiting)
        return len(lines) > number

    assert for_every_line(scenario) > 3

"""One operation, interrupted by another at each of its lines in turn: whatever the place, both must come out right.

Each test defines a scenario that is set up afresh for every line, and returns False when the operation was over before
that line. The last assertion says that there were lines to interrupt.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

import pytest
from interleaving import Parked, at_line, elsewhere, for_every_line, interrupted
from loops import close_under_tasks, hand_driven_loops, let_run

from hawkapi import _cross_loop, _once, _threading
from hawkapi._threading import AsyncEvent, AsyncLock, AsyncSemaphore, Once, ShardedCounter

type Gate = AsyncLock | AsyncSemaphore

GATES = pytest.mark.parametrize("make", [AsyncLock, lambda: AsyncSemaphore(1)], ids=["lock", "semaphore"])


def start[T](coroutine: Coroutine[object, object, T], loop: asyncio.AbstractEventLoop) -> asyncio.Task[T]:
    """Run a new task of `loop` until it has to wait for somebody."""
    task = loop.create_task(coroutine)
    let_run(loop)
    return task


def start_elsewhere[T](coroutine: Coroutine[object, object, T], loop: asyncio.AbstractEventLoop) -> asyncio.Task[T]:
    """Do so in another thread, as the loop that runs in this one may just be interrupted."""
    return elsewhere(lambda: start(coroutine, loop))


def cancel_elsewhere(task: asyncio.Task[bool]) -> None:
    """Cancel a task in another thread, and let it leave."""
    task.cancel()
    elsewhere(lambda: let_run(task.get_loop()))


def granted(*tasks: asyncio.Task[bool]) -> list[bool]:
    """Return which tasks got what they asked for."""
    return [task.done() and not task.cancelled() and task.result() for task in tasks]


@GATES
def test_release_meets_the_cancellation_of_the_waiter(make: Callable[[], Gate]) -> None:
    """The permit is neither lost nor doubled, and the waiter behind gets it."""

    def scenario(at: int) -> bool:
        with hand_driven_loops(2) as (loop, other):
            gate = make()
            start(gate.acquire(), loop)
            leaving, following = start(gate.acquire(), other), start(gate.acquire(), loop)
            with interrupted(_cross_loop, at_line(at, lambda: cancel_elsewhere(leaving))) as lines:
                gate.release()
            let_run(other, loop)
            if at < len(lines):
                assert granted(leaving, following) == [False, True], f"line {at} in {lines[at]}"
                gate.release()
                assert not gate.locked()
            return at < len(lines)

    assert for_every_line(scenario) > 10


@GATES
def test_release_meets_the_last_waiter_leaving_and_then_a_newcomer(make: Callable[[], Gate]) -> None:
    """However the two fall into the release, the newcomer gets the permit."""

    def scenario(first: int, second: int) -> bool:
        with hand_driven_loops(2) as (loop, other):
            gate = make()
            start(gate.acquire(), loop)
            leaving = start(gate.acquire(), other)
            coming: list[asyncio.Task[bool]] = []

            def interrupt(line: int) -> None:
                if line == first:
                    cancel_elsewhere(leaving)
                if line == second:
                    coming.append(start_elsewhere(gate.acquire(), other))

            with interrupted(_cross_loop, interrupt) as lines:
                gate.release()
            let_run(other, loop)
            assert granted(*coming) == [True] * len(coming), f"lines {first} and {second}"
            return second < len(lines)

    def leaving_at(first: int) -> bool:
        return for_every_line(lambda distance: scenario(first, first + distance)) > 0

    assert for_every_line(leaving_at) > 10


def test_cancellation_of_the_waiter_meets_a_release_that_has_begun() -> None:
    """Wherever the release stood when the waiter began to leave, and however far that one is when it goes on."""

    def scenario(first: int, second: int) -> bool:
        with hand_driven_loops(2) as (loop, other):
            gate = AsyncLock()
            start(gate.acquire(), loop)
            leaving, following = start(gate.acquire(), other), start(gate.acquire(), loop)
            release = Parked(_cross_loop, gate.release, first)
            leaving.cancel()
            with interrupted(_cross_loop, at_line(second, release.finish)) as lines:
                let_run(other)
            release.finish()
            let_run(other, loop)
            assert granted(leaving, following) == [False, True], f"line {first} of the release, {second} of the other"
            return release.stood_still and second < len(lines)

    def release_standing_at(first: int) -> bool:
        return for_every_line(lambda second: scenario(first, second)) > 0

    assert for_every_line(release_standing_at) > 10


@GATES
def test_release_meets_a_newcomer(make: Callable[[], Gate]) -> None:
    """The newcomer does not overtake the waiter that was there before."""

    def scenario(at: int) -> bool:
        with hand_driven_loops(2) as (loop, other):
            gate = make()
            start(gate.acquire(), loop)
            waiting = start(gate.acquire(), loop)
            coming: list[asyncio.Task[bool]] = []
            newcomer = at_line(at, lambda: coming.append(start_elsewhere(gate.acquire(), other)))
            with interrupted(_cross_loop, newcomer) as lines:
                gate.release()
            if coming:
                let_run(other, loop)
                assert granted(waiting, *coming) == [True, False], f"line {at} in {lines[at]}"
                gate.release()
                let_run(other)
                assert granted(*coming) == [True]
            return bool(coming)

    assert for_every_line(scenario) > 10


@GATES
def test_acquire_meets_a_release(make: Callable[[], Gate]) -> None:
    """Whoever begins to wait while the permit becomes free does not wait."""

    def scenario(at: int) -> bool:
        with hand_driven_loops(2) as (loop, other):
            gate = make()
            start(gate.acquire(), other)
            with interrupted(_cross_loop, at_line(at, lambda: elsewhere(gate.release))) as lines:
                task = start(gate.acquire(), loop)
            if at < len(lines):
                let_run(loop)
                assert granted(task) == [True], f"line {at} in {lines[at]}"
            return at < len(lines)

    assert for_every_line(scenario) > 10


@GATES
def test_acquire_meets_an_acquire(make: Callable[[], Gate]) -> None:
    """One of them has the permit, the other waits for it."""

    def scenario(at: int) -> bool:
        with hand_driven_loops(2) as (loop, other):
            gate = make()
            coming: list[asyncio.Task[bool]] = []
            newcomer = at_line(at, lambda: coming.append(start_elsewhere(gate.acquire(), other)))
            with interrupted(_cross_loop, newcomer) as lines:
                task = start(gate.acquire(), loop)
            if coming:
                let_run(other, loop)
                assert sorted(granted(task, *coming)) == [False, True], f"line {at} in {lines[at]}"
                gate.release()
                let_run(other, loop)
                assert granted(task, *coming) == [True, True]
            return bool(coming)

    assert for_every_line(scenario) > 5


def test_two_that_find_an_abandoned_lock_take_it_once(caplog: pytest.LogCaptureFixture) -> None:
    """One gets the lock, the other waits, and one error is logged."""

    def scenario(at: int) -> bool:
        caplog.clear()
        with hand_driven_loops(3) as (closed, loop, other):
            lock = AsyncLock()
            start(lock.acquire(), closed)
            close_under_tasks(closed)
            coming: list[asyncio.Task[bool]] = []
            newcomer = at_line(at, lambda: coming.append(start_elsewhere(lock.acquire(), other)))
            with interrupted(_cross_loop, newcomer) as lines:
                task = start(lock.acquire(), loop)
            if coming:
                let_run(loop, other)
                assert sorted(granted(task, *coming)) == [False, True], f"line {at} in {lines[at]}"
                assert (lock.abandoned, len(caplog.records)) == (True, 1)
                lock.release()
                let_run(loop, other)
                assert granted(task, *coming) == [True, True]
            return bool(coming)

    with caplog.at_level(logging.ERROR, "hawkapi"):
        assert for_every_line(scenario) > 10


def test_wait_meets_a_set() -> None:
    """A task that begins to wait while the flag goes up does not wait."""

    def scenario(at: int) -> bool:
        with hand_driven_loops(1) as (loop,):
            event = AsyncEvent()
            with interrupted(_cross_loop, at_line(at, lambda: elsewhere(event.set))) as lines:
                task = start(event.wait(), loop)
            if at < len(lines):
                let_run(loop)
                assert granted(task) == [True], f"line {at} in {lines[at]}"
            return at < len(lines)

    assert for_every_line(scenario) > 5


def test_wait_in_a_thread_meets_a_set() -> None:
    """A thread that begins to wait while the flag goes up does not wait."""

    def scenario(at: int) -> bool:
        event = AsyncEvent()
        with interrupted(_cross_loop, at_line(at, lambda: elsewhere(event.set))) as lines:
            result = event.wait_in_thread(0)
        if at < len(lines):
            timed_out_before = "sleep" in lines[:at]
            assert result is not timed_out_before, f"line {at} in {lines[at]}"
        return at < len(lines)

    assert for_every_line(scenario) > 5


def test_set_meets_a_wait() -> None:
    """A task that begins to wait while the flag goes up does not wait, seen from the other side."""

    def scenario(at: int) -> bool:
        with hand_driven_loops(1) as (loop,):
            event = AsyncEvent()
            coming: list[asyncio.Task[bool]] = []
            with interrupted(_cross_loop, at_line(at, lambda: coming.append(start(event.wait(), loop)))) as lines:
                event.set()
            if coming:
                let_run(loop)
                assert granted(*coming) == [True], f"line {at} in {lines[at]}"
            return bool(coming)

    assert for_every_line(scenario) > 1


def test_set_meets_a_waiter_that_leaves() -> None:
    """Whoever waits behind one that goes while the flag goes up is woken all the same."""

    def scenario(at: int) -> bool:
        with hand_driven_loops(2) as (loop, other):
            event = AsyncEvent()
            leaving, staying = start(event.wait(), other), start(event.wait(), loop)
            with interrupted(_cross_loop, at_line(at, lambda: cancel_elsewhere(leaving))) as lines:
                event.set()
            let_run(loop)
            assert granted(staying) == [True], f"line {at}"
            return at < len(lines)

    assert for_every_line(scenario) > 3


def test_two_tasks_that_ask_for_a_value_make_it_once() -> None:
    """Whatever the place at which the second asks, one factory runs and both get its value."""

    def scenario(at: int) -> bool:
        calls = ShardedCounter()

        async def factory() -> int:
            calls.add()
            await asyncio.sleep(0)
            return calls.value

        with hand_driven_loops(2) as (loop, other):
            once: Once[int] = Once()
            coming: list[asyncio.Task[int]] = []
            second = at_line(at, lambda: coming.append(start_elsewhere(once.aget(factory), other)))
            with interrupted(_once, second) as lines:
                task = start(once.aget(factory), loop)
            if coming:
                let_run(loop, other, loop)
                assert [task.result(), coming[0].result(), calls.value] == [1, 1, 1], f"line {at} in {lines[at]}"
            return bool(coming)

    assert for_every_line(scenario) > 10


def test_finaliser_adds_for_the_first_time_while_the_counter_is_read() -> None:
    """A thread that only reads may be made to add at any place of the read."""

    def scenario(at: int) -> bool:
        counter = ShardedCounter()

        def read() -> int:
            with interrupted(_threading, at_line(at, counter.add)) as lines:
                assert counter.value in (0, 1)
            return len(lines)

        length = elsewhere(read)
        assert counter.value == (at < length)
        return at < length

    assert for_every_line(scenario) > 3


def test_what_a_finaliser_adds_during_a_first_addition_is_seen_at_once() -> None:
    """Another thread that reads after it has returned finds it, wherever the first addition of its thread was."""

    def scenario(at: int) -> bool:
        counter = ShardedCounter()
        seen: list[int] = []

        def finalise() -> None:
            counter.add()
            if not counter._guard.locked():  # Else a reader would wait for the thread that is interrupted.
                seen.append(elsewhere(lambda: counter.value))

        def first() -> int:
            with interrupted(_threading, at_line(at, finalise)) as lines:
                counter.add()
            return len(lines)

        length = elsewhere(first)
        assert seen in ([], [1]), f"line {at}"
        assert counter.value == 1 + (at < length)
        return at < length

    assert for_every_line(scenario) > 5

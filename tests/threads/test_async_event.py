"""`AsyncEvent`: everybody who waits is woken, in whatever loop or thread, and nobody else."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
from interleaving import interrupted
from loops import close_under_tasks, hand_driven_loops, instances_of, let_run, run_in_loops, run_in_threads

from hawkapi import _cross_loop
from hawkapi._threading import AsyncEvent

LOOPS = 4


def wait(event: AsyncEvent, loop: asyncio.AbstractEventLoop) -> asyncio.Task[bool]:
    """Let a task of `loop` begin to wait."""

    async def main() -> bool:
        return await event.wait()

    task = loop.create_task(main())
    let_run(loop)
    return task


def test_flag_goes_up_and_down() -> None:
    """`set`, `clear` and `is_set` are those of asyncio; both changes may be repeated."""
    event = AsyncEvent()
    seen = [event.is_set()]
    for change in (event.set, event.set, event.clear, event.clear):
        change()
        seen.append(event.is_set())
    assert seen == [False, True, True, False, False]


def test_wait_returns_at_once_while_the_flag_is_up() -> None:
    """Waiting for a raised flag does not yield."""
    event = AsyncEvent()
    event.set()
    with pytest.raises(StopIteration) as stop:
        event.wait().send(None)
    assert stop.value.value is True
    assert event.wait_in_thread() is True


def test_set_wakes_the_waiters_of_every_loop() -> None:
    """One call from a thread without a loop reaches all."""
    with hand_driven_loops(3) as loops:
        event = AsyncEvent()
        waiters = [wait(event, loop) for loop in loops for _ in range(2)]
        assert not any(waiter.done() for waiter in waiters)
        run_in_threads(1, lambda _: event.set())
        let_run(*loops)
        assert [waiter.result() for waiter in waiters] == [True] * 6


def test_clear_right_after_set_still_wakes_those_who_waited() -> None:
    """A pulse reaches who waits at that moment, and not who comes later."""
    with hand_driven_loops(2) as loops:
        event = AsyncEvent()
        early = [wait(event, loop) for loop in loops]
        event.set()
        event.clear()
        late = [wait(event, loop) for loop in loops]
        let_run(*loops)
        assert [[task.done() for task in tasks] for tasks in (early, late)] == [[True, True], [False, False]]


def test_cancelled_waiter_is_forgotten() -> None:
    """An event that is never set keeps nobody alive who stopped waiting."""
    with hand_driven_loops(1) as (loop,):
        event = AsyncEvent()
        before = instances_of("_TaskWaiter")
        waiter = wait(event, loop)
        waiter.cancel()
        let_run(loop)
        assert waiter.cancelled()
        del waiter  # Its exception keeps the frames that it went through.
        assert instances_of("_TaskWaiter") == before


def test_waiter_whose_loop_is_closed_does_not_stop_the_others() -> None:
    """A loop that cannot be called is left out, once and for all."""
    with hand_driven_loops(2) as (closed, loop):
        event = AsyncEvent()
        dead, alive = wait(event, closed), wait(event, loop)
        close_under_tasks(closed)
        event.set()
        let_run(loop)
        assert (dead.done(), alive.done()) == (False, True)
        trace = weakref.ref(dead)
        del dead
        gc.collect()
        assert trace() is None


def test_thread_waits_until_the_flag_is_up() -> None:
    """A thread without a loop can wait too, and is woken by a task."""
    event = AsyncEvent()
    waiting = AsyncEvent()

    async def raise_flag() -> None:
        await waiting.wait()
        event.set()

    def run(index: int) -> bool:
        if index == 0:
            asyncio.run(raise_flag())
            return True
        waiting.set()
        return event.wait_in_thread()

    assert run_in_threads(2, run) == [True, True]


def test_thread_stops_waiting_at_its_timeout() -> None:
    """The result says that the flag stayed down."""
    assert AsyncEvent().wait_in_thread(0.001) is False


@pytest.mark.race
def test_no_wakeup_is_lost_between_loops() -> None:
    """Two loops and two threads pass a turn around; one wake-up lost and it would stop."""
    rounds = 200
    turns = [[AsyncEvent() for _ in range(rounds)] for _ in range(LOOPS)]

    async def tasks(index: int) -> None:
        for number in range(rounds):
            await turns[index][number].wait()
            pass_on(index, number)

    def threads(index: int) -> None:
        for number in range(rounds):
            turns[index][number].wait_in_thread()
            pass_on(index, number)

    def pass_on(index: int, number: int) -> None:
        if index + 1 < LOOPS:
            turns[index + 1][number].set()
        elif number + 1 < rounds:
            turns[0][number + 1].set()

    turns[0][0].set()
    run_in_threads(LOOPS, lambda index: asyncio.run(tasks(index)) if index % 2 else threads(index))


@pytest.mark.race
def test_waiting_and_setting_at_the_same_moment_always_meet() -> None:
    """Whoever is first, the waiter or the setter, the waiter goes on."""
    events = [AsyncEvent() for _ in range(500)]

    async def main(index: int) -> None:
        for event in events:
            if index:
                await event.wait()
            else:
                event.set()
                await asyncio.sleep(0)

    run_in_loops(LOOPS, main)


def test_finaliser_may_use_the_event_between_any_two_lines() -> None:
    """The collector may set an event, or give up waiting for it, anywhere; here it does so everywhere."""
    event = AsyncEvent()

    def visit() -> None:
        attempt = event.wait()
        try:
            attempt.send(None)
        except StopIteration:
            pass
        else:
            attempt.close()
            event.set()
            event.clear()

    async def main(index: int) -> None:
        waiters = [asyncio.create_task(event.wait()) for _ in range(5)]
        with interrupted(_cross_loop, lambda _: visit()):
            await asyncio.sleep(0)
            event.set()
            await asyncio.wait(waiters)

    run_in_loops(1, main)
    assert event.is_set()

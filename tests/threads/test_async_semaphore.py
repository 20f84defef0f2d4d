"""`AsyncSemaphore`: the limit holds, no permit is lost or made, whatever happens to the waiters."""

from __future__ import annotations

import asyncio
import random
import threading

import pytest
from interleaving import interrupted
from loops import close_under_tasks, hand_driven_loops, let_run, run_in_loops, run_in_threads
from seeds import seeds

from hawkapi import _cross_loop
from hawkapi._threading import AsyncSemaphore

LOOPS = 4


def queue(semaphore: AsyncSemaphore, loop: asyncio.AbstractEventLoop) -> asyncio.Task[bool]:
    """Let a task of `loop` begin to acquire."""

    async def main() -> bool:
        return await semaphore.acquire()

    task = loop.create_task(main())
    let_run(loop)
    return task


def free_permits(semaphore: AsyncSemaphore) -> int:
    """Count the permits that can be had without waiting, by taking them and giving them back."""

    async def main() -> int:
        count = 0
        while not semaphore.locked():
            await semaphore.acquire()
            count += 1
        for _ in range(count):
            semaphore.release()
        return count

    return asyncio.run(main())


def test_protocol_is_that_of_asyncio() -> None:
    """`async with` binds None and takes a permit; `locked` says whether the next would wait."""

    async def main() -> list[object]:
        semaphore = AsyncSemaphore(2)
        async with semaphore as bound:
            one_taken = semaphore.locked()
            two_taken = (await semaphore.acquire(), semaphore.locked())
            semaphore.release()
        return [bound, one_taken, two_taken, semaphore.locked()]

    assert asyncio.run(main()) == [None, False, (True, True), False]


@pytest.mark.parametrize("value", [0, -1])
def test_value_below_one_is_refused(value: int) -> None:
    """A semaphore that admits nobody is a mistake."""
    with pytest.raises(ValueError, match="needs at least one permit"):
        AsyncSemaphore(value)


def test_release_too_many_raises_and_makes_no_permit() -> None:
    """The limit cannot be raised by releasing what was not acquired."""
    semaphore = AsyncSemaphore(2)
    with pytest.raises(ValueError, match="more often than acquire"):
        semaphore.release()
    assert free_permits(semaphore) == 2
    with pytest.raises(ValueError, match="more often than acquire"):
        semaphore.release()


@pytest.mark.race
@pytest.mark.parametrize("value", [1, 3])
def test_limit_is_reached_and_never_exceeded(value: int) -> None:
    """Tasks of four loops fill the semaphore, never beyond its value, and leave all permits free."""
    semaphore = AsyncSemaphore(value)
    inside = threading.Semaphore(value)
    meeting = threading.Barrier(value)

    async def visit() -> None:
        async with semaphore:
            assert inside.acquire(blocking=False), f"more than {value} tasks inside"
            await asyncio.sleep(0)
            inside.release()

    async def main(index: int) -> None:
        if index < value:
            async with semaphore:
                await asyncio.to_thread(meeting.wait, 30)
        await asyncio.gather(*(visit() for _ in range(200)))

    run_in_loops(LOOPS, main)
    assert free_permits(semaphore) == value


def test_waiters_of_several_loops_are_served_in_order() -> None:
    """Who asked first is served first, whatever its loop."""
    with hand_driven_loops(3) as loops:
        semaphore = AsyncSemaphore(2)
        tasks = [queue(semaphore, loops[index * 2 % 3]) for index in range(8)]
        served = []
        for _ in range(7):
            served.append(sum(task.done() for task in tasks))
            assert all(task.done() for task in tasks[: served[-1]])
            semaphore.release()
            let_run(*loops)
        assert served == [2, 3, 4, 5, 6, 7, 8]


def test_release_in_a_thread_without_a_loop_wakes_the_waiter() -> None:
    """The permit may be given back by anybody, here by a plain thread."""
    with hand_driven_loops(1) as (loop,):
        semaphore = AsyncSemaphore(1)
        queue(semaphore, loop)
        waiter = queue(semaphore, loop)
        run_in_threads(1, lambda _: semaphore.release())
        let_run(loop)
        assert waiter.result() is True


def test_waiter_cancelled_after_being_chosen_passes_the_permit_on() -> None:
    """A cancellation that comes when the permit is already on its way does not lose it."""
    with hand_driven_loops(1) as (loop,):
        semaphore = AsyncSemaphore(2)
        for _ in range(2):
            queue(semaphore, loop)
        chosen, following = queue(semaphore, loop), queue(semaphore, loop)

        async def release_and_cancel() -> None:
            semaphore.release()
            chosen.cancel()

        loop.run_until_complete(release_and_cancel())
        let_run(loop)
        assert (chosen.cancelled(), following.done()) == (True, True)
    for _ in range(2):
        semaphore.release()
    assert free_permits(semaphore) == 2


def test_waiter_whose_loop_is_closed_is_skipped() -> None:
    """A task that can never run again gets no permit."""
    with hand_driven_loops(2) as (closed, loop):
        semaphore = AsyncSemaphore(1)
        queue(semaphore, loop)
        dead, alive = queue(semaphore, closed), queue(semaphore, loop)
        close_under_tasks(closed)
        semaphore.release()
        let_run(loop)
        assert (dead.done(), alive.done()) == (False, True)


def test_permit_sent_to_a_loop_that_closed_comes_back() -> None:
    """The waiter that is left gets it by looking again, though nobody releases any more."""
    with hand_driven_loops(2) as (closed, loop):
        semaphore = AsyncSemaphore(1)
        queue(semaphore, loop)
        dead, alive = queue(semaphore, closed), queue(semaphore, loop)
        semaphore.release()
        close_under_tasks(closed)
        assert loop.run_until_complete(asyncio.wait_for(alive, 30)) is True
        assert not dead.done()
        semaphore.release()
    assert free_permits(semaphore) == 1


def test_finaliser_may_use_the_semaphore_between_any_two_lines() -> None:
    """The collector may run a dead request's `finally` anywhere; here it does so everywhere."""
    semaphore = AsyncSemaphore(2)

    def visit() -> None:
        attempt = semaphore.acquire()
        try:
            attempt.send(None)
        except StopIteration:
            semaphore.release()
        else:
            attempt.close()

    async def use() -> None:
        async with semaphore:
            await asyncio.sleep(0)

    async def main(index: int) -> None:
        with interrupted(_cross_loop, lambda _: visit()):
            users = [asyncio.create_task(use()) for _ in range(6)]
            await asyncio.sleep(0)
            users[3].cancel()
            await asyncio.wait(users)

    run_in_loops(1, main)
    assert free_permits(semaphore) == 2


@pytest.mark.race
@pytest.mark.parametrize("seed", seeds(3))
def test_storm_of_cancellations_loses_no_permit(seed: int) -> None:
    """Whenever tasks are cancelled, the limit holds, and in the end every permit is free."""
    value = 3
    semaphore = AsyncSemaphore(value)
    inside = threading.Semaphore(value)

    async def use(rng: random.Random) -> None:
        async with semaphore:
            assert inside.acquire(blocking=False), f"more than {value} tasks inside"
            try:
                for _ in range(rng.randrange(3)):
                    await asyncio.sleep(0)
            finally:
                inside.release()

    async def main(index: int) -> None:
        rng = random.Random(f"{seed} {index}")  # noqa: S311
        for _ in range(30):
            tasks = [asyncio.create_task(use(rng)) for _ in range(10)]
            for victim in rng.sample(tasks, 6):
                for _ in range(rng.randrange(4)):
                    await asyncio.sleep(0)
                victim.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                assert result is None or isinstance(result, asyncio.CancelledError), result

    print(f"seed {seed}")
    run_in_loops(LOOPS, main)
    assert free_permits(semaphore) == value

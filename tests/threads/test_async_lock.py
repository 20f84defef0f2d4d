"""`AsyncLock`: exclusion, order, cancellation, and loops that die while they wait or hold."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import sys
import threading
from collections.abc import Callable
from contextvars import Context

import pytest
from interleaving import interrupted
from loops import close_under_tasks, hand_driven_loops, instances_of, let_run, run_in_loops, run_in_threads
from seeds import seeds

from hawkapi import _cross_loop
from hawkapi._threading import AsyncLock

LOOPS = 4


def hold(lock: AsyncLock, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
    """Let a task of `loop` hold the lock for ever."""

    async def main() -> None:
        async with lock:
            await loop.create_future()

    task = loop.create_task(main())
    let_run(loop)
    return task


def queue(lock: AsyncLock, loop: asyncio.AbstractEventLoop) -> asyncio.Task[bool]:
    """Let a task of `loop` begin to wait for the lock."""

    async def main() -> bool:
        return await lock.acquire()

    task = loop.create_task(main())
    let_run(loop)
    return task


def test_protocol_is_that_of_asyncio() -> None:
    """`async with` binds None and locks; `acquire` returns True."""

    async def main() -> list[object]:
        lock = AsyncLock()
        async with lock as bound:
            inside = lock.locked()
        seen = [bound, inside, lock.locked(), await lock.acquire(), lock.locked()]
        lock.release()
        return [*seen, lock.locked(), lock.abandoned]

    assert asyncio.run(main()) == [None, True, False, True, True, False, False]


def test_release_of_a_free_lock_raises() -> None:
    """A release too many is an error, also after a first correct one, and leaves the lock usable."""

    async def main() -> bool:
        lock = AsyncLock()
        with pytest.raises(RuntimeError, match="nobody holds the lock"):
            lock.release()
        async with lock:
            pass
        with pytest.raises(RuntimeError, match="nobody holds the lock"):
            lock.release()
        return await lock.acquire()

    assert asyncio.run(main())


def test_leaving_a_lock_that_was_released_inside_raises() -> None:
    """`async with` notices that its lock is not held any more."""

    async def main() -> None:
        lock = AsyncLock()
        async with lock:
            lock.release()

    with pytest.raises(RuntimeError, match="nobody holds the lock"):
        asyncio.run(main())


def test_error_in_the_critical_section_releases() -> None:
    """`async with` releases whatever leaves it."""

    async def main() -> bool:
        lock = AsyncLock()
        with pytest.raises(ZeroDivisionError):
            async with lock:
                raise ZeroDivisionError
        return lock.locked()

    assert asyncio.run(main()) is False


@pytest.mark.race
def test_exclusion_across_an_await_in_four_loops() -> None:
    """A read and a write with an `await` between them lose nothing: 4 loops, 1000 increments each."""
    lock = AsyncLock()
    total = 0

    async def main(index: int) -> None:
        nonlocal total
        for _ in range(1000):
            async with lock:
                read = total
                await asyncio.sleep(0)
                total = read + 1

    run_in_loops(LOOPS, main)
    assert (total, lock.locked()) == (LOOPS * 1000, False)


@pytest.mark.race
def test_exclusion_between_many_tasks_of_each_loop() -> None:
    """Tasks of one loop exclude each other as tasks of different loops do."""
    lock = AsyncLock()
    total = 0

    async def add() -> None:
        nonlocal total
        async with lock:
            read = total
            await asyncio.sleep(0)
            total = read + 1

    async def main(index: int) -> None:
        await asyncio.gather(*(add() for _ in range(200)))

    run_in_loops(LOOPS, main)
    assert (total, lock.locked()) == (LOOPS * 200, False)


def test_waiters_of_several_loops_are_served_in_order() -> None:
    """Who asked first is served first, whatever its loop."""
    order: list[int] = []
    with hand_driven_loops(3) as loops:
        lock = AsyncLock()

        async def visit(name: int) -> None:
            async with lock:
                order.append(name)

        holder = queue(lock, loops[0])
        let_run(loops[0])
        visits = []
        for name in range(9):
            visits.append(loops[name * 2 % 3].create_task(visit(name)))
            let_run(*loops)
        lock.release()
        for _ in visits:
            let_run(*loops)
        assert holder.done()
        assert order == list(range(9))


def test_release_in_a_thread_without_a_loop_wakes_the_waiter() -> None:
    """As with asyncio, the holder need not be the one who releases; here it is a plain thread."""

    async def main(index: int) -> bool:
        lock = AsyncLock()
        await lock.acquire()
        waiter = asyncio.create_task(lock.acquire())
        await asyncio.sleep(0)
        await asyncio.to_thread(lock.release)
        return await waiter

    assert run_in_loops(1, main) == [True]


def test_release_in_another_thread_leaves_the_waiter_to_its_loop() -> None:
    """A waiter whose loop sleeps is woken through it: in debug mode asyncio refuses every other way."""

    async def main(_: int) -> list[bool]:
        asyncio.get_running_loop().set_debug(True)
        lock = AsyncLock()
        await lock.acquire()
        waiting = asyncio.ensure_future(lock.acquire())
        await asyncio.sleep(0)
        await asyncio.to_thread(lock.release)
        return [await waiting, lock.locked()]

    assert run_in_loops(1, main, deadline_s=10) == [[True, True]]


def test_cancelled_waiter_gives_up_its_place() -> None:
    """The next in the queue is served, and the lock forgets who left at once, not at the next release."""
    with hand_driven_loops(1) as (loop,):
        lock = AsyncLock()
        queue(lock, loop)
        before = instances_of("_Turn")
        cancelled, patient = queue(lock, loop), queue(lock, loop)
        cancelled.cancel()
        let_run(loop)
        assert cancelled.cancelled()
        del cancelled  # Its exception keeps the frames that it went through.
        assert instances_of("_Turn") == before + 1
        lock.release()
        let_run(loop)
        assert patient.result() is True


def test_free_lock_keeps_nothing_of_those_who_had_it() -> None:
    """Whoever waited, got the lock and released it is forgotten, by the lock and by the loop's timers."""
    with hand_driven_loops(2) as (loop, other):
        lock = AsyncLock()
        before = instances_of("_Turn")
        waiters = [queue(lock, loop), queue(lock, other), queue(lock, loop)]
        for waiter in waiters:
            let_run(loop, other)
            assert waiter.result() is True
            lock.release()
        assert instances_of("_Turn") == before


@pytest.mark.parametrize("waker", ["own loop", "other thread"])
def test_waiter_cancelled_after_being_chosen_passes_the_lock_on(waker: str) -> None:
    """A cancellation that comes when the lock is already on its way does not lose it."""
    with hand_driven_loops(1) as (loop,):
        lock = AsyncLock()
        queue(lock, loop)
        chosen, following = queue(lock, loop), queue(lock, loop)

        async def release_and_cancel() -> None:
            if waker == "own loop":
                lock.release()
            else:
                run_in_threads(1, lambda _: lock.release())
            chosen.cancel()

        loop.run_until_complete(release_and_cancel())
        let_run(loop)
        assert chosen.cancelled()
        assert following.result() is True
        lock.release()
        assert not lock.locked()


def test_last_waiter_cancelled_after_being_chosen_leaves_the_lock_free() -> None:
    """With nobody behind it, the lock that was on its way is free again."""
    with hand_driven_loops(1) as (loop,):
        lock = AsyncLock()
        queue(lock, loop)
        chosen = queue(lock, loop)

        async def release_and_cancel() -> None:
            lock.release()
            chosen.cancel()

        loop.run_until_complete(release_and_cancel())
        let_run(loop)
        assert chosen.cancelled()
        assert not lock.locked()


def test_waiter_whose_loop_is_closed_is_skipped() -> None:
    """A task that can never run again does not stop the queue."""
    with hand_driven_loops(2) as (closed, loop):
        lock = AsyncLock()
        queue(lock, loop)
        dead, alive = queue(lock, closed), queue(lock, loop)
        close_under_tasks(closed)
        lock.release()
        let_run(loop)
        assert alive.result() is True
        assert not dead.done()
        assert lock.abandoned is False


@pytest.mark.parametrize("somebody_waits", [False, True], ids=["nobody waits", "somebody waits"])
def test_waiter_whose_loop_closes_after_being_chosen_does_not_keep_the_lock(somebody_waits: bool) -> None:
    """A lock that was sent to a loop which closed before it arrived comes back, and nothing was abandoned by it."""
    with hand_driven_loops(2) as (closed, loop):
        lock = AsyncLock()
        queue(lock, loop)
        chosen = queue(lock, closed)
        early = [queue(lock, loop)] if somebody_waits else []
        lock.release()
        close_under_tasks(closed)
        late = queue(lock, loop)
        for waiter in [*early, late]:
            assert loop.run_until_complete(asyncio.wait_for(waiter, 30)) is True
            lock.release()
        assert not chosen.done()
        assert lock.abandoned is False


def test_waiter_destroyed_after_being_chosen_passes_the_lock_on() -> None:
    """A chosen task that is collected with its closed loop hands the lock over while it is destroyed."""
    with hand_driven_loops(2) as (closed, loop):
        lock = AsyncLock()
        queue(lock, loop)
        chosen = lock.acquire()
        closed.call_soon(chosen.send, None)
        let_run(closed)
        following = queue(lock, loop)
        lock.release()
        chosen.close()
        let_run(loop)
        assert following.result() is True


def test_abandoned_lock_is_found_by_the_next_to_acquire(caplog: pytest.LogCaptureFixture) -> None:
    """A holder whose loop was closed loses the lock; that is logged once, and the flag stays until it is cleared."""
    with hand_driven_loops(2) as (closed, loop), caplog.at_level(logging.ERROR, "hawkapi"):
        lock = AsyncLock()
        holder = hold(lock, closed)
        close_under_tasks(closed)
        assert lock.locked()
        for _ in range(2):
            assert queue(lock, loop).result() is True
            assert lock.abandoned is True
            lock.release()
        lock.abandoned = False
        assert queue(lock, loop).result() is True
        assert lock.abandoned is False
        assert not holder.done()
        (record,) = caplog.records
        assert (record.name, record.levelname) == ("hawkapi", "ERROR")
        assert "was closed while it held an AsyncLock" in record.getMessage()


def test_abandoned_lock_is_found_by_those_who_wait_already(caplog: pytest.LogCaptureFixture) -> None:
    """Waiters look again by themselves: nobody has to ask anew. Only one of them gets the lock."""
    with hand_driven_loops(3) as (closed, *loops), caplog.at_level(logging.ERROR, "hawkapi"):
        lock = AsyncLock()
        holder = hold(lock, closed)
        waiters = [queue(lock, loop) for loop in loops]
        close_under_tasks(closed)
        assert loops[0].run_until_complete(asyncio.wait_for(waiters[0], 30)) is True
        let_run(*loops)
        assert (lock.abandoned, waiters[1].done(), holder.done()) == (True, False, False)
        lock.release()
        let_run(*loops)
        assert waiters[1].result() is True
        assert len(caplog.records) == 1


def test_destroying_the_task_of_an_abandoned_lock_does_not_release_its_new_owner() -> None:
    """The `finally` of the first holder must not run when the lock is somebody else's."""
    with hand_driven_loops(2) as (closed, loop):
        lock = AsyncLock()
        holder = hold(lock, closed)
        close_under_tasks(closed)
        loop.run_until_complete(lock.acquire())
        del holder
        gc.collect()
        assert lock.locked()
        waiter = queue(lock, loop)
        assert not waiter.done()
        lock.release()
        let_run(loop)
        assert waiter.result() is True


def test_task_destroyed_together_with_the_lock_it_lost_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """When nobody can use the lock any more, a release too many is nobody's mistake."""
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    with hand_driven_loops(2) as (closed, loop):
        lock = AsyncLock()
        hold(lock, closed)
        close_under_tasks(closed)
        loop.run_until_complete(lock.acquire())
        lock.release()
        del lock
        gc.collect()
    assert complaints == []


@pytest.mark.race
def test_threads_that_find_an_abandoned_lock_take_it_once(caplog: pytest.LogCaptureFixture) -> None:
    """However many find the dead holder at the same moment, there is one error and never two owners."""
    with hand_driven_loops(1) as (closed,), caplog.at_level(logging.ERROR, "hawkapi"):
        lock = AsyncLock()
        holder = hold(lock, closed)
        close_under_tasks(closed)
        total = 0

        async def main(index: int) -> None:
            nonlocal total
            for _ in range(100):
                async with lock:
                    read = total
                    await asyncio.sleep(0)
                    total = read + 1

        run_in_loops(LOOPS, main)
        assert (total, lock.locked(), lock.abandoned, holder.done()) == (LOOPS * 100, False, True, False)
        assert len(caplog.records) == 1


class CallingLoop(asyncio.SelectorEventLoop):
    """A loop that makes another thread use a lock completely, whenever somebody calls it from outside."""

    lock: AsyncLock | None = None
    visits = 0

    def call_soon_threadsafe[*Ts](
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        lock = self.lock
        if lock is not None:
            run_in_threads(1, lambda _: asyncio.run(try_and_leave(lock)), deadline_s=30)
            self.visits += 1
        return super().call_soon_threadsafe(callback, *args, context=context)


async def try_and_leave(lock: AsyncLock) -> None:
    """Queue for the lock, look at it, and be cancelled."""
    waiter = asyncio.create_task(lock.acquire())
    await asyncio.sleep(0)
    assert lock.locked()
    waiter.cancel()
    await asyncio.wait([waiter])


def test_nothing_is_locked_while_a_loop_is_called() -> None:
    """A thread can queue and leave while another is inside `call_soon_threadsafe`."""
    loop = CallingLoop()
    try:
        lock = AsyncLock()
        queue(lock, loop)
        waiter = queue(lock, loop)
        loop.lock = lock
        lock.release()
        loop.lock = None
        let_run(loop)
        assert (waiter.result(), loop.visits) == (True, 1)
    finally:
        close_under_tasks(loop)


def test_finaliser_may_use_the_lock_between_any_two_lines() -> None:
    """The collector may run a dead request's `finally`, and so `release`, anywhere; here it does so everywhere."""
    lock = AsyncLock()

    def visit() -> None:
        attempt = lock.acquire()
        try:
            attempt.send(None)
        except StopIteration:
            lock.release()
        else:
            attempt.close()

    async def use() -> None:
        async with lock:
            await asyncio.sleep(0)

    async def main(index: int) -> int:
        with interrupted(_cross_loop, lambda _: visit()) as lines:
            users = [asyncio.create_task(use()) for _ in range(5)]
            await asyncio.sleep(0)
            users[2].cancel()
            await asyncio.wait(users)
        return len(lines)

    (interruptions,) = run_in_loops(1, main)
    assert interruptions > 100
    assert not lock.locked()


@pytest.mark.race
@pytest.mark.parametrize("seed", seeds(3))
def test_storm_of_cancellations_leaves_the_lock_free(seed: int) -> None:
    """Whenever a waiter or holder is cancelled, exclusion holds and the lock is not lost."""
    lock = AsyncLock()
    inside = threading.Semaphore(1)

    async def use(rng: random.Random) -> None:
        async with lock:
            assert inside.acquire(blocking=False), "two tasks hold the lock"
            try:
                for _ in range(rng.randrange(3)):
                    await asyncio.sleep(0)
            finally:
                inside.release()

    async def main(index: int) -> None:
        rng = random.Random(f"{seed} {index}")  # noqa: S311
        for _ in range(30):
            tasks = [asyncio.create_task(use(rng)) for _ in range(8)]
            for victim in rng.sample(tasks, 5):
                for _ in range(rng.randrange(4)):
                    await asyncio.sleep(0)
                victim.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                assert result is None or isinstance(result, asyncio.CancelledError), result

    print(f"seed {seed}")
    run_in_loops(LOOPS, main)
    assert not lock.locked()


@pytest.mark.race
@pytest.mark.parametrize("seed", seeds(2))
def test_loops_that_die_with_waiters_and_holders_do_not_stop_the_others(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Loops are closed under tasks that wait or hold, again and again, while other loops go on working."""
    lock = AsyncLock()
    deaths = 5
    kept: list[asyncio.Task[None]] = []

    async def hold_for_a_while(steps: int) -> None:
        async with lock:
            for _ in range(steps):
                await asyncio.sleep(0)

    def die(rng: random.Random) -> None:
        loop = asyncio.new_event_loop()
        kept.extend(loop.create_task(hold_for_a_while(1000)) for _ in range(3))
        for _ in range(1 + rng.randrange(30)):
            loop.run_until_complete(asyncio.sleep(0))
        close_under_tasks(loop)

    async def live(rng: random.Random) -> None:
        for _ in range(50):
            await hold_for_a_while(rng.randrange(3))

    def run(index: int) -> None:
        rng = random.Random(f"{seed} {index}")  # noqa: S311
        if index % 2:
            asyncio.run(live(rng))
        else:
            for _ in range(deaths):
                die(rng)

    print(f"seed {seed}")
    run_in_threads(LOOPS, run)
    asyncio.run(hold_for_a_while(1))
    assert not lock.locked()
    assert len(kept) == deaths * 3 * LOOPS // 2

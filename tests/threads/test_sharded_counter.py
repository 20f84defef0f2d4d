"""`ShardedCounter`: exact under threads, bounded, and usable by finalisers."""

from __future__ import annotations

import threading

import pytest
from interleaving import at_line, for_every_line, interrupted
from loops import run_in_threads

from hawkapi import _threading
from hawkapi._threading import ShardedCounter

THREADS = 4


def test_value_is_the_sum_of_what_was_added() -> None:
    """One is added unless told; numbers may be negative and large."""
    counter = ShardedCounter()
    seen = [counter.value]
    counter.add()
    seen.append(counter.value)
    for n in (5, -7, 0, 2**70):
        counter.add(n)
        seen.append(counter.value)
    assert seen == [0, 1, 6, -1, -1, 2**70 - 1]


@pytest.mark.race
def test_value_is_exact_when_threads_add_and_read() -> None:
    """No addition is lost, and a read never sees more than was added or less than before."""
    counter = ShardedCounter()
    additions = 5000

    def run(index: int) -> None:
        seen = 0
        for number in range(additions):
            counter.add()
            if number % 50 == 0:
                before, seen = seen, counter.value
                assert before <= seen <= THREADS * additions

    run_in_threads(THREADS, run)
    assert counter.value == THREADS * additions


@pytest.mark.race
def test_counts_of_ended_threads_stay_while_their_shards_go() -> None:
    """Generations of short threads leave one number behind, not one shard each, whether or not somebody reads."""
    counter = ShardedCounter()

    def run(index: int) -> None:
        for _ in range(25):
            thread = threading.Thread(target=counter.add, args=(2,))
            thread.start()
            thread.join()

    run_in_threads(THREADS, run)
    assert counter.shards <= 2 * THREADS
    assert counter.value == THREADS * 25 * 2
    assert counter.shards == 0


def test_counters_do_not_share_their_shards() -> None:
    """Two counters in one thread are two sums."""
    first, second = ShardedCounter(), ShardedCounter()
    first.add(3)
    second.add(4)
    assert (first.value, second.value, first.shards, second.shards) == (3, 4, 1, 1)


def test_finaliser_may_add_between_any_two_lines() -> None:
    """A dead request counts itself down anywhere, also while its thread adds or reads the value."""
    counter = ShardedCounter()
    with interrupted(_threading, lambda _: counter.add(10)) as lines:
        counter.add()
        counter.value  # noqa: B018 - reading is what is interrupted
    assert len(lines) > 10
    assert counter.value == 10 * len(lines) + 1


def test_thread_that_ends_at_any_line_of_a_reading() -> None:
    """What it adds last is not missed when its shard is folded, however late the reading finds that it has ended."""

    def scenario(number: int) -> bool:
        counter, may_end, has_begun = ShardedCounter(), threading.Event(), threading.Event()

        def work() -> None:
            counter.add()
            has_begun.set()
            may_end.wait(30)
            counter.add()

        def end() -> None:
            may_end.set()
            thread.join(30)

        thread = threading.Thread(target=work)
        thread.start()
        has_begun.wait(30)
        with interrupted(_threading, at_line(number, end)) as lines:
            read = counter.value
        end()
        assert read in (1, 2)
        assert counter.value == 2
        return len(lines) > number

    assert for_every_line(scenario) > 5

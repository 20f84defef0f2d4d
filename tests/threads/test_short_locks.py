"""Locks that are held for a few statements: threads meet at a barrier where one of them must win, again and again."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from clocks import Clock
from logs import fresh_logger
from loops import meet, run_in_loops, run_in_threads

from hawkapi import HawkAPI
from hawkapi._threading import ShardedCounter
from hawkapi._workers import Lane
from hawkapi.di import Container, Depends
from hawkapi.di._active import ActiveOverride, living
from hawkapi.middleware._leases import OwnLeases
from hawkapi.middleware._outage import Outage
from hawkapi.middleware.bulkhead import LocalBulkheadBackend
from hawkapi.middleware.session_stores import FileSessionStore
from hawkapi.observability.logger import setup_structured_logging
from hawkapi.responses._pull import PulledIterator
from hawkapi.testing import TestClient
from hawkapi.testing.overrides import ClientOverrides

pytestmark = pytest.mark.race

THREADS = 8
ROUNDS = 100


def test_leases_of_a_process_reach_their_limit_and_no_more() -> None:
    """Of eight that want one of three leases, three get one."""
    leases = OwnLeases(60)

    def taking(number: int) -> Callable[[int], bool]:
        return lambda index: leases.add(f"name {number}", f"token {index}", 3) is not None

    assert [sum(taken) for taken in meet(THREADS, [taking(number) for number in range(ROUNDS)])] == [3] * ROUNDS


def test_bulkheads_of_a_new_name_are_one() -> None:
    """Of eight that are the first to want one of three slots, three get one."""
    backend, barrier = LocalBulkheadBackend(), threading.Barrier(THREADS)

    async def main(_: int) -> list[bool]:
        taken = []
        for number in range(ROUNDS):
            barrier.wait(30)
            taken.append(await backend.acquire(f"name {number}", 3, 0) is not None)
        # Slots of a loop that is closed are taken back.
        barrier.wait(30)
        return taken

    taken = run_in_loops(THREADS, main)
    assert [sum(each) for each in zip(*taken, strict=True)] == [3] * ROUNDS


class ListHandler(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)


def test_one_caller_tries_whether_an_outage_is_over() -> None:
    """When it is time to ask again one does, and eight failures of one epoch are one warning."""
    clock = Clock()
    warnings = ListHandler()
    logger = logging.Logger("outage")
    logger.addHandler(warnings)

    def failing(outage: Outage) -> Callable[[int], None]:
        return lambda _: outage.failed(0, OSError())

    def asking(outage: Outage) -> Callable[[int], int | None]:
        return lambda _: outage.begin()

    outages = [Outage("Redis", logger, "it goes on", clock) for _ in range(ROUNDS)]
    meet(THREADS, [failing(outage) for outage in outages])
    assert len(warnings.records) == ROUNDS
    clock.now += 3600
    asked = meet(THREADS, [asking(outage) for outage in outages])
    assert [sorted(epochs, key=str) for epochs in asked] == [[1, *[None] * (THREADS - 1)]] * ROUNDS


def test_logger_gets_one_handler() -> None:
    """However many set it up at the same time."""
    with fresh_logger() as logger:
        counts = []
        for _ in range(10):
            meet(THREADS, [lambda _: setup_structured_logging()])
            counts.append(len(logger.handlers))
            for handler in logger.handlers[:]:
                logger.removeHandler(handler)
    assert counts == [1] * 10


def test_one_of_many_that_write_cleans_up(tmp_path: Path) -> None:
    """When it is due, one looks through the files, the others go on."""
    clock = Clock()
    looks = ShardedCounter()

    def now() -> float:
        looks.add()
        return clock.now

    store = FileSessionStore(tmp_path, cleanup_interval=10, clock=now)

    barrier = threading.Barrier(THREADS)
    counts: list[int] = []

    async def write(index: int) -> None:
        for _ in range(20):
            if index == 0:
                clock.now += 11
                counts.append(looks.value)
            barrier.wait(30)
            await store.create(f"key{index}", "", 10_000)
            barrier.wait(30)

    run_in_loops(THREADS, write)
    counts.append(looks.value)
    # Who writes asks for the time twice, and who looks through the files once for each session; all are there from the
    # second time on.
    assert [after - before for before, after in pairwise(counts[1:])] == [2 * THREADS + THREADS] * 19


class Steps:
    """An iterator that notices when it is closed in the middle of a step."""

    def __init__(self) -> None:
        self.inside = False
        self.closed: list[bool] = []

    def __next__(self) -> int:
        self.inside = True
        self.inside = False
        return 1

    def __iter__(self) -> Steps:
        return self

    def close(self) -> None:
        """Note whether a step was running."""
        self.closed.append(self.inside)


def test_iterator_is_closed_once_however_the_step_and_the_loop_meet() -> None:
    """The loop closes it, or the step that is running: never both, never neither, never in the middle."""

    async def main() -> list[list[bool]]:
        every = [Steps() for _ in range(300)]
        for steps in every:
            pulled = PulledIterator(steps, {"type": "http"}, Lane.STREAMS)
            step = asyncio.ensure_future(anext(pulled, None))
            await asyncio.sleep(0)
            await pulled.aclose()
            await step
        return [steps.closed for steps in every]

    assert asyncio.run(main()) == [[False]] * 300


class Service:
    """What the application needs."""


def test_overrides_of_a_closed_client_begin_once_again() -> None:
    """However many requests are the first after it was closed, they have the same, which end with the client."""
    overrides = [ClientOverrides(HawkAPI(), {Service: Service}) for _ in range(ROUNDS)]
    for each in overrides:
        each.close()

    def using(each: ClientOverrides) -> Callable[[int], ActiveOverride]:
        def use(_: int) -> ActiveOverride:
            with each.entering():
                (active,) = living()
            return active

        return use

    used = meet(THREADS, [using(each) for each in overrides])
    assert [len({id(active) for active in actives}) for actives in used] == [1] * ROUNDS
    for each in overrides:
        each.close()
    assert {active.ended for actives in used for active in actives} == {True}


def test_client_has_one_loop_for_all_threads() -> None:
    """Threads whose requests are the first of a client, new or closed before, come to one loop and one replacement."""
    container = Container()
    container.singleton(Service, factory=Service)
    app, made = HawkAPI(container=container), ShardedCounter()

    def replacement() -> Service:
        made.add()
        return Service()

    @app.get("/")
    async def where(service: Service = Depends()) -> list[int]:
        return [threading.get_ident(), id(service)]

    client = TestClient(app, overrides={Service: replacement})
    for number in range(1, 21):
        (answers,) = meet(THREADS, [lambda _: client.get("/").json()])
        assert answers == [answers[0]] * THREADS
        assert made.value == number
        client.close()
    assert client.get("/").json()[1] != 0
    client.close()


def test_overrides_begin_without_a_lock() -> None:
    """Reading annotations runs users' code: it may use the client, also from a thread that it waits for."""
    clients: list[ClientOverrides] = []
    met: list[ActiveOverride] = []

    def enter(client: ClientOverrides) -> ActiveOverride:
        with client.entering():
            (active,) = living()
        return active

    class Replacement:
        def __call__(self) -> Service:
            return Service()

        @property
        def __signature__(self) -> inspect.Signature:
            if clients:
                client = clients.pop()
                met.extend(run_in_threads(1, lambda _: enter(client)))
            return inspect.Signature()

    client = ClientOverrides(HawkAPI(), {Service: Replacement()})
    client.close()
    clients.append(client)
    assert [enter(client)] == met
    client.close()
    assert met[0].ended

"""`hammer`: one application on many event loops in many threads, and a look at every answer."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Final, Unpack

from hawkapi.testing._request import RequestOptions
from hawkapi.testing._session import Session
from hawkapi.testing.overrides import ClientOverrides, Replacements
from hawkapi.testing.response import TestResponse
from hawkapi.types import ASGIApp

__all__ = ["Call", "HammerError", "HammerReport", "hammer"]

SHOWN_FAILURES: Final = 5
GRACE_S: Final = 0.5
"""How much longer the threads have than their requests, which end with a better message."""
SWITCH_INTERVAL_S: Final = 1e-5
"""How long a thread keeps the GIL, where there is one: as short as it can be, so that races have a chance there too."""


@dataclass(frozen=True)
class Call:
    """One request to hammer with."""

    method: str
    path: str
    options: RequestOptions = field(default_factory=RequestOptions)

    @classmethod
    def to(cls, method: str, path: str, **options: Unpack[RequestOptions]) -> Call:
        """Make one with the options of `TestClient.request`."""
        return cls(method, path, options)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class HammerReport:
    """What came of it."""

    requests: int
    """That were sent."""
    statuses: Mapping[int, int]
    """How often each status was the answer."""
    exceptions: Mapping[str, int]
    """How often each class of exceptions escaped the application, or was behind a 500 of it."""
    failures: Sequence[str]
    """One sentence for each answer that was not right."""
    seed: int | None
    """Of the order of the requests; `None` where each thread goes round them."""


class HammerError(AssertionError):
    """Some answers were not right: the message lists the first ones."""

    def __init__(self, report: HammerReport) -> None:
        self.report = report
        shown = [*report.failures[:SHOWN_FAILURES]]
        if len(report.failures) > SHOWN_FAILURES:
            shown.append(f"... and {len(report.failures) - SHOWN_FAILURES} more")
        order = "" if report.seed is None else f" (seed={report.seed})"
        lines = "\n  ".join(shown)
        super().__init__(f"{len(report.failures)} of {report.requests} answers were not right{order}:\n  {lines}")


type Check = Callable[[Call, TestResponse], object]
"""Looks at one answer; returns `False`, or raises `AssertionError`, when it is not right. Called in many threads."""

type Requests = Iterable[str | tuple[str, str] | Call] | str | Call


def hammer(
    app: ASGIApp,
    requests: Requests,
    *,
    threads: int = 8,
    rounds: int = 50,
    check: Check | None = None,
    lifespan: bool = True,
    seed: int | None = None,
    headers: Mapping[str, str] | None = None,
    overrides: Replacements | None = None,
    timeout_s: float = 60.0,
) -> HammerReport:
    """Send requests to one application from many threads, each with its own event loop, and check every answer.

    All loops run the lifespan, wait for each other, and begin at the same moment; each is a client with cookies of its
    own. Thread `n` begins with the `n`-th request and goes round; with a `seed` each thread has an order of its own,
    the same for the same seed.

    Args:
        app: any ASGI application; one that has a lifespan must allow it in several loops at once, as hawkapi's do.
        requests: `"/path"`, `"POST /path"`, `("POST", "/path")`, or `Call.to("POST", "/path", json=...)`.
        threads: how many, at least 1, default 8.
        rounds: how often each thread sends each request, default 50.
        check: looks at each answer. Without it all answers to one request must have the same status and body, and no
            exception may be behind them.
        lifespan: run start-up and shutdown in each loop.
        seed: shuffles the requests.
        headers: sent with every request.
        overrides: as for `TestClient`.
        timeout_s: seconds for the whole, default 60.

    Raises:
        HammerError: an answer was not right; it has the report.
        TimeoutError: the time is over; the message says where each thread is.
        ValueError: there are no requests, threads or rounds.
        BaseException: start-up or shutdown failed, as it was raised.
    """
    calls = read_calls(requests)
    if not calls or threads < 1 or rounds < 1:
        raise ValueError("hammer needs at least one request, one thread and one round")
    plan = Plan(calls, threads, rounds, seed, lifespan, timeout_s)
    carried = ClientOverrides(app, overrides)
    crew = Crew(plan, check or SameAnswers())
    sessions = [
        Session(
            app,
            "http://testserver",
            headers=headers,
            cookies=None,
            follow_redirects=False,
            raise_server_exceptions=False,
            client=("testclient", 50_000 + index),
            root_path="",
            timeout_s=timeout_s,
            entering=carried.entering,
        )
        for index in range(threads)
    ]
    try:
        crew.work(sessions)
    finally:
        carried.close()
    report = crew.report()
    if report.failures:
        raise HammerError(report)
    return report


@dataclass(frozen=True)
class Plan:
    """What all threads do."""

    calls: Sequence[Call]
    threads: int
    rounds: int
    seed: int | None
    lifespan: bool
    timeout_s: float

    def order(self, index: int) -> Iterator[Call]:
        """Yield the requests of one thread."""
        if self.seed is not None:
            calls = list(self.calls) * self.rounds
            random.Random(f"{self.seed}/{index}").shuffle(calls)  # noqa: S311 - an order, not a secret
            yield from calls
            return
        start = index % len(self.calls)
        for _ in range(self.rounds):
            yield from self.calls[start:]
            yield from self.calls[:start]


class SameAnswers:
    """Checks that all answers to a request are the same. Thread-safe."""

    def __init__(self) -> None:
        # THREADS: relies on `setdefault` of a dict being atomic: the first answer is the one that all are compared to.
        self._first: dict[int, tuple[int, bytes]] = {}

    def __call__(self, call: Call, response: TestResponse) -> None:
        """Compare an answer.

        Raises:
            AssertionError: it is another one, or there is an exception behind it.
        """
        if response.exception is not None:
            raise AssertionError(f"{describe(response)} because of {response.exception!r}")
        first = self._first.setdefault(id(call), (response.status_code, response.body))
        if first != (response.status_code, response.body):
            raise AssertionError(f"{describe(response)}, but another answer was {first[0]} {first[1][:200]!r}")


class Worker:
    """One thread's part, and what it has seen; nobody else writes it."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.sent = 0
        self.statuses: Counter[int] = Counter()
        self.exceptions: Counter[str] = Counter()
        self.failures: list[str] = []
        self.error: BaseException | None = None


class Crew:
    """The threads of one hammering."""

    def __init__(self, plan: Plan, check: Check) -> None:
        self._plan = plan
        self._check = check
        self._workers = [Worker(index) for index in range(plan.threads)]
        self._barrier = threading.Barrier(plan.threads)

    def work(self, sessions: Sequence[Session]) -> None:
        """Start the threads, and wait for them.

        Raises:
            TimeoutError: one does not end in time.
            BaseException: the first error of one.
        """
        threads = [
            # Each with a copy of the caller's context variables: its overrides are in them.
            threading.Thread(
                target=copy_context().run, args=(self._run, worker, session), name=f"hammer-{worker.index}", daemon=True
            )
            for worker, session in zip(self._workers, sessions, strict=True)
        ]
        with rapid_switching():
            for thread in threads:
                thread.start()
            self._join(threads)
        errors = [worker.error for worker in self._workers if worker.error is not None]
        if errors:
            raise next((error for error in errors if not isinstance(error, threading.BrokenBarrierError)), errors[0])

    def report(self) -> HammerReport:
        """Return what all threads have seen."""
        statuses: Counter[int] = Counter()
        exceptions: Counter[str] = Counter()
        for worker in self._workers:
            statuses.update(worker.statuses)
            exceptions.update(worker.exceptions)
        return HammerReport(
            sum(worker.sent for worker in self._workers),
            dict(sorted(statuses.items())),
            dict(sorted(exceptions.items())),
            [failure for worker in self._workers for failure in worker.failures],
            self._plan.seed,
        )

    def _run(self, worker: Worker, session: Session) -> None:
        try:
            asyncio.run(self._serve(worker, session))
        except BaseException as exc:  # noqa: BLE001 - it is raised again in the caller's thread
            worker.error = exc
            self._barrier.abort()

    async def _serve(self, worker: Worker, session: Session) -> None:
        if not self._plan.lifespan:
            self._meet()
            await self._send(worker, session)
            return
        lifespan = session.lifespan()
        session.state = lifespan.state
        await lifespan.startup()
        try:
            self._meet()
            await self._send(worker, session)
        finally:
            await lifespan.shutdown()

    def _meet(self) -> None:
        """Wait for all threads; blocks the loop, which has nothing to do yet."""
        self._barrier.wait(self._plan.timeout_s)

    async def _send(self, worker: Worker, session: Session) -> None:
        for call in self._plan.order(worker.index):
            response = await session.request(call.method, call.path, **call.options)
            worker.sent += 1
            worker.statuses[response.status_code] += 1
            if response.exception is not None:
                worker.exceptions[type(response.exception).__name__] += 1
            failure = self._look_at(call, response)
            if failure is not None:
                worker.failures.append(f"thread {worker.index}, request {worker.sent}: {call}: {failure}")

    def _look_at(self, call: Call, response: TestResponse) -> str | None:
        try:
            right = self._check(call, response)
        except AssertionError as exc:
            return str(exc) or f"the check failed for {describe(response)}"
        return f"the check refused {describe(response)}" if right is False else None

    def _join(self, threads: Sequence[threading.Thread]) -> None:
        end = time.monotonic() + self._plan.timeout_s + GRACE_S
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        late = [thread for thread in threads if thread.is_alive()]
        if late:
            self._barrier.abort()
            raise TimeoutError(f"{len(late)} of {len(threads)} threads still run:\n{stacks_of(late)}")


def read_calls(requests: Requests) -> list[Call]:
    """Return requests in the one form that is worked with.

    Raises:
        TypeError: one has none of the forms that are taken.
    """
    given = [requests] if isinstance(requests, str | Call) else list(requests)
    return [_read_call(request) for request in given]


def _read_call(request: object) -> Call:
    match request:
        case Call():
            return request
        case str():
            method, _, path = request.rpartition(" ")
            return Call(method or "GET", path)
        case (str() as method, str() as path):
            return Call(method, path)
        case _:
            raise TypeError(f"hammer takes '/path', 'POST /path', ('POST', '/path') or Call.to(...), not {request!r}")


def describe(response: TestResponse) -> str:
    """Return what one answer was, in short."""
    return f"{response.status_code} {response.body[:200]!r}"


def stacks_of(threads: Sequence[threading.Thread]) -> str:
    """Return where threads are."""
    frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage] - documented, in spite of its name
    found = (frames.get(thread.ident or 0) for thread in threads)
    return "\n".join("".join(traceback.format_stack(frame)) for frame in found if frame is not None)


@contextmanager
def rapid_switching() -> Generator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)

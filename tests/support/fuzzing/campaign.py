"""`Campaign`: cases one after the other until the time is over, each judged, and the failing ones made small."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from fuzzing.cases import Case
from fuzzing.exchange import Budget, Exchange, exchange
from fuzzing.memory import MemoryWatch
from fuzzing.properties import Violation, violations
from fuzzing.shrinking import shrink
from fuzzing.targets import TARGETS, make_case

MAX_FAILURES: Final = 10
"""Different failures after which a campaign gives up."""

WARM_UP: Final = 0.3
"""The part of a run after which memory is measured first: caches have filled by then."""

_DETAILS: Final = re.compile(r"\d+|'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True)
class Failure:
    """A property that did not hold."""

    number: int
    target: str
    violation: Violation
    case: Case
    smallest: Case

    @property
    def signature(self) -> tuple[str, str]:
        """What failures of one cause have in common, roughly."""
        return self.violation.name, _DETAILS.sub("", self.violation.message)[:60]


@dataclass
class Result:
    """What a campaign found."""

    requests: int = 0
    failures: list[Failure] = field(default_factory=list)
    digests: bytearray = field(default_factory=bytearray)
    """Eight bytes for each case, in order."""
    statuses: dict[int, int] = field(default_factory=dict)
    """How often each status was answered."""
    memory: str | None = None
    """What is wrong with the use of memory."""


class Campaign:
    """Judges an application.

    Args:
        app: the ASGI application.
        seed: what the cases are made from.
        targets: names of targets that take turns, default all.
        budget: of each request.
        memory: watches the run, default none.
        on_case: called before each case with its number and the case, so that a hang can be told.
    """

    def __init__(
        self,
        app: Any,
        seed: int,
        targets: tuple[str, ...] = tuple(TARGETS),
        *,
        budget: Budget | None = None,
        memory: MemoryWatch | None = None,
        on_case: Callable[[int, Case], None] | None = None,
    ) -> None:
        self._app = app
        self._seed = seed
        self._targets = targets
        self._budget = budget or Budget()
        self._memory = memory
        self._on_case = on_case or _say_nothing
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Close the loop."""
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def run(self, is_over: Callable[[int], float], first: int = 0) -> Result:
        """Judge cases until the time is over.

        Args:
            is_over: given the number of requests, says how much of the run is done; it ends at 1.
            first: the number of the first case.
        """
        result = Result()
        seen: set[tuple[str, str]] = set()
        watching = False
        while (done := is_over(result.requests)) < 1 and len(result.failures) < MAX_FAILURES:
            if not watching and done >= WARM_UP and self._memory is not None:
                watching = True
                self._memory.begin(result.requests)
            number = first + result.requests
            target, case = make_case(self._seed, number, self._targets)
            self._on_case(number, case)
            answer, found = self.judge(case)
            result.requests += 1
            result.digests += answer.digest()
            result.statuses[answer.status] = result.statuses.get(answer.status, 0) + 1
            for violation in found:
                failure = Failure(number, target, violation, case, case)
                if failure.signature not in seen:
                    seen.add(failure.signature)
                    result.failures.append(self._shrunk(failure))
        if self._memory is not None:
            result.memory = self._memory.judge(result.requests)
        return result

    def answer(self, case: Case) -> Exchange:
        """Give a case to the application."""
        return self._loop.run_until_complete(exchange(self._app, case, self._budget))

    def judge(self, case: Case) -> tuple[Exchange, list[Violation]]:
        """Give a case to the application; return the answer and what is wrong with it."""
        answer = self.answer(case)
        found = violations(answer)
        if not found and len(case.chunks) > 1 and not case.leaves:
            whole = self.answer(case.in_one_chunk())
            if whole.canonical() != answer.canonical():
                message = f"{shown(answer)} in {len(case.chunks)} chunks, {shown(whole)} in one"
                found.append(Violation("chunks", message))
        return answer, found

    def _shrunk(self, failure: Failure) -> Failure:
        name = failure.violation.name

        def fails(case: Case) -> bool:
            self._on_case(failure.number, case)
            return any(violation.name == name for violation in self.judge(case)[1])

        attempts = 30 if name == "hang" else 3000
        smallest = shrink(failure.case, fails, attempts)
        violation = next(v for v in [*self.judge(smallest)[1], failure.violation] if v.name == name)
        return Failure(failure.number, failure.target, violation, failure.case, smallest)


def _say_nothing(number: int, case: Case) -> None:
    """Do nothing before a case."""


def shown(answer: Exchange) -> str:
    """Return an answer as a line."""
    return f"{answer.status} {answer.body[:200]!r}"


def until(seconds: float) -> Callable[[int], float]:
    """Return what says how much of so many seconds is over."""
    started = time.monotonic()
    return lambda _: (time.monotonic() - started) / seconds


def cases(count: int) -> Callable[[int], float]:
    """Return what says how much of so many cases is done."""
    return lambda requests: requests / count


@contextmanager
def campaign(app: Any, seed: int, *arguments: Any, **options: Any) -> Iterator[Campaign]:
    """Give a campaign and close it; the arguments are those of `Campaign`."""
    made = Campaign(app, seed, *arguments, **options)
    try:
        yield made
    finally:
        made.close()

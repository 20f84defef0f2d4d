"""Health probes: what orchestrators and load balancers ask an application.

`/healthz` and `/livez` answer as long as an event loop runs. `/readyz` says whether requests should be sent here: it
runs the application's readiness checks, all at the same time, each within its own time.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, cast, final

from hawkapi._callables import is_async_callable
from hawkapi._workers import Lane, WorkerPool
from hawkapi.exceptions import describe_exception
from hawkapi.responses.json import JSONResponse

__all__ = ["Check", "Readiness", "ReadinessCheck"]

DEFAULT_TIMEOUT_S: Final = 5.0
MAX_STUCK_RUNS: Final = 3
"""Runs of one plain check that nobody waits for any more, before no further one is begun: each keeps a thread."""

type Answer = bool | tuple[bool, str]
type Check = Callable[[], Answer | Awaitable[Answer]]
"""Says whether a part of the application is ready, and perhaps why not. A plain function runs in a worker thread."""

logger = logging.getLogger("hawkapi")


@final
class Run:
    """One run of a plain check in a worker thread."""

    __slots__ = ("is_abandoned",)

    def __init__(self) -> None:
        self.is_abandoned = False
        """Set when its time is over; a thread cannot be stopped."""


@final
class ReadinessCheck:
    """One check. Thread-safe: probes of several loops may run it at once."""

    __slots__ = ("_function", "_runs", "name", "timeout_s")

    def __init__(self, name: str, function: Check, timeout_s: float) -> None:
        self.name = name
        self.timeout_s = timeout_s
        self._function = function
        # Those in worker threads now. THREADS: relies on `append`, `remove` and `copy` of a list being atomic.
        self._runs: list[Run] = []

    async def outcome(self, workers: WorkerPool) -> tuple[bool, str]:
        """Run the check and return whether it succeeded, and what it says; a failure of its own is what it says."""
        if sum(run.is_abandoned for run in self._runs.copy()) >= MAX_STUCK_RUNS:
            return False, f"{MAX_STUCK_RUNS} earlier runs of this check have not ended"
        run, deadline = Run(), asyncio.timeout(self.timeout_s)
        try:
            async with deadline:
                return read_answer(await self._answer(run, workers))
        except Exception as exc:
            if deadline.expired():
                run.is_abandoned = True
                return False, f"no answer within {self.timeout_s:g} s"
            logger.warning("readiness check %r failed", self.name, exc_info=exc)
            return False, describe_exception(exc)

    async def _answer(self, run: Run, workers: WorkerPool) -> object:
        if is_async_callable(self._function):
            answer: object = self._function()
        else:
            answer = await workers.run_in(Lane.CHECKS, functools.partial(self._run_in_thread, run))
        return await answer if inspect.isawaitable(answer) else answer

    def _run_in_thread(self, run: Run) -> object:
        self._runs.append(run)
        try:
            return self._function()
        finally:
            self._runs.remove(run)


def read_answer(answer: object) -> tuple[bool, str]:
    """Return what a check returned as whether it succeeded, and what it says."""
    kind = type(answer).__name__
    if isinstance(answer, bool):
        return answer, ""
    if isinstance(answer, tuple):
        parts = cast("tuple[object, ...]", answer)
        if len(parts) == 2 and isinstance(parts[0], bool):
            return parts[0], str(parts[1])
    return False, f"the check returned {kind}; return True or False, alone or with a text"


@final
class Readiness:
    """The readiness checks of an application. Thread-safe.

    Args:
        workers: where plain checks run.
        obstacle: why the application should get no requests whatever checks say, or `None`.
    """

    def __init__(self, workers: WorkerPool, obstacle: Callable[[], str | None]) -> None:
        self._workers = workers
        self._obstacle = obstacle
        # THREADS: replaced as a whole by `add`; a probe loads it once.
        self._checks: tuple[ReadinessCheck, ...] = ()

    def add(self, name: str, function: Check, timeout_s: float) -> None:
        """Add a check; called by one thread at a time.

        Raises:
            ValueError: there is one of the same name.
            TypeError: it cannot be called.
        """
        if not callable(function):
            raise TypeError(f"readiness_check({name!r}) needs a function, not {function!r}")
        if any(check.name == name for check in self._checks):
            raise ValueError(f"there is a readiness check {name!r} already; give this one another name")
        self._checks = (*self._checks, ReadinessCheck(name, function, timeout_s))

    async def readyz(self) -> JSONResponse:
        """Answer the probe: 200 if every check succeeds, else 503."""
        obstacle = self._obstacle()
        if obstacle is not None:
            # What checks look at may be open no longer, or not yet.
            return report([("lifespan", (False, obstacle))])
        checks = self._checks
        outcomes = await asyncio.gather(*(check.outcome(self._workers) for check in checks), return_exceptions=True)
        return report([(check.name, settled(outcome)) for check, outcome in zip(checks, outcomes, strict=True)])


def settled(outcome: tuple[bool, str] | BaseException) -> tuple[bool, str]:
    """Return the outcome of a check; one that cancelled itself has failed."""
    return (False, "the check was cancelled") if isinstance(outcome, BaseException) else outcome


def report(outcomes: Iterable[tuple[str, tuple[bool, str]]]) -> JSONResponse:
    """Return the answer to the probe, from the outcomes of checks by name."""
    # A text of somebody else's may have half surrogates, which no JSON has.
    checks = {name: {"ok": ok, "detail": detail.encode("utf-8", "replace").decode()} for name, (ok, detail) in outcomes}
    if all(check["ok"] for check in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not_ready", "checks": checks}, status_code=503)


async def healthz() -> dict[str, str]:
    """Answer the probe: an event loop runs."""
    return {"status": "ok"}


async def livez() -> dict[str, str]:
    """Answer the probe: an event loop runs, so there is no reason to restart the process."""
    return {"status": "alive"}

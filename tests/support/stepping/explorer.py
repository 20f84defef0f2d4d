"""Try every schedule of a model, up to a number of interruptions, and keep what failed so that it can be repeated.

The number of schedules grows with each interruption allowed, and nearly all faults need no more than two (Musuvathi and
Qadeer, "Iterative context bounding", PLDI 2007). So those without come first, then those with one, and so on; switches
from a thread that cannot go on are not counted, and all of them are tried.
"""

from __future__ import annotations

import gc
import json
import platform
import sysconfig
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Final

from stepping.doubles import doubled
from stepping.machine import Machine, NondeterminismError, Run, Schedule
from stepping.points import Traced, watched

COLLECT_EVERY: Final = 500
"""Runs between two garbage collections. None happens in a run: it could call finalisers anywhere."""


INTERPRETER: Final = platform.python_version() + ("t" if sysconfig.get_config_var("Py_GIL_DISABLED") else "")
"""Steps are counted in instructions, so a schedule is one interpreter's."""


class Model(ABC):
    """A protocol and the threads that use it, made afresh for every schedule.

    What `__init__` and `check` do is not interrupted.
    """

    title: ClassVar[str]
    traced: ClassVar[Sequence[Traced]]
    """The modules, and classes of others, whose instructions are the steps."""
    bound: ClassVar[int] = 2
    """How many interruptions `nox -s interleavings` allows."""
    quick_bound: ClassVar[int] = 1
    """How many the suite does."""
    patience_s: ClassVar[float] = 0.0
    """How long threads may have to wait. Where nothing is closed under its users, every wake-up comes from somebody
    who runs, so no time may pass."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    @abstractmethod
    def threads(self) -> Sequence[Callable[[], object]]:
        """Return what each thread does."""

    def finalisers(self) -> Sequence[Callable[[], object]]:
        """Return what the garbage collector may call anywhere."""
        return ()

    @abstractmethod
    def check(self) -> None:
        """Assert what must be true when all threads have ended."""

    def clean_up(self) -> None:  # noqa: B027 - most models have opened nothing.
        """Close what `__init__` has opened."""


@dataclass(frozen=True)
class Failure:
    """A schedule that failed, as it is written to a file."""

    model: str
    interpreter: str
    schedule: Schedule
    error: str
    switches: Sequence[tuple[int, str]]

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")

    @classmethod
    def load(cls, path: Path) -> Failure:
        """Read what `save` has written."""
        values = json.loads(path.read_text("utf-8"))
        values["schedule"] = tuple((step, choice) for step, choice in values["schedule"])
        values["switches"] = [(step, text) for step, text in values["switches"]]
        return cls(**values)

    def __str__(self) -> str:
        lines = [f"  step {step:5}  {text}" for step, text in self.switches]
        return "\n".join([f"{self.model} fails by the schedule {self.schedule}:", *lines, "", self.error])


@dataclass(frozen=True)
class Report:
    """What an exploration found."""

    threads: int
    bound: int
    schedules: int
    steps: int
    """In the longest run."""
    seconds: float
    failure: Failure | None


class Explorer:
    """Runs one model by schedules."""

    def __init__(self, model: type[Model], bound: int) -> None:
        self.model = model
        self.bound = bound
        self.machine = Machine(bound, model.patience_s)
        self.threads = 0
        self.steps = 0

    def try_one(self, schedule: Schedule) -> Run:
        """Run by one schedule and check what came of it."""
        model = self.model(self.machine)
        try:
            run = self._run(model, schedule)
        finally:
            model.clean_up()
        self.steps = max(self.steps, run.steps)
        if isinstance(run.failure, NondeterminismError):
            raise run.failure
        return run

    def _run(self, model: Model, schedule: Schedule) -> Run:
        bodies = model.threads()
        self.threads = len(bodies)
        run = self.machine.run(bodies, model.finalisers(), schedule)
        if run.failure is None:
            try:
                model.check()
            except Exception as exc:  # noqa: BLE001 - it is reported.
                run.failure = exc
        return run

    def try_all(self) -> tuple[int, Failure | None]:
        """Run by every schedule, until one fails; return their number and the failure."""
        levels: list[list[Schedule]] = [[()], *([] for _ in range(self.bound))]
        count = 0
        for level in levels:
            while level:
                schedule = level.pop()
                run = self.try_one(schedule)
                count += 1
                if run.failure is not None:
                    return count, self.describe(schedule, run)
                for branch in run.branches:
                    levels[branch.preemptions].append((*schedule, (branch.step, branch.choice)))
                if count % COLLECT_EVERY == 0:
                    gc.collect()
        return count, None

    def describe(self, schedule: Schedule, run: Run) -> Failure:
        """Return a failed run as it is written to a file."""
        error = run.failure
        text = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else str(error)
        return Failure(name_of(self.model), INTERPRETER, schedule, text, run.switches)


def explore(model: type[Model], bound: int) -> Report:
    """Try every schedule with at most `bound` interruptions."""
    start = time.perf_counter()
    with ready(model, bound) as explorer:
        count, failure = explorer.try_all()
    return Report(explorer.threads, bound, count, explorer.steps, time.perf_counter() - start, failure)


def replay(model: type[Model], schedule: Schedule) -> Failure | None:
    """Run by one schedule; return how it fails, if it does."""
    with ready(model, len(schedule)) as explorer:
        run = explorer.try_one(schedule)
        return None if run.failure is None else explorer.describe(schedule, run)


def name_of(model: type[Model]) -> str:
    """Return what tells a model from all others."""
    return f"{model.__module__.rpartition('.')[2]}.{model.__name__}"


@contextmanager
def ready(model: type[Model], bound: int) -> Iterator[Explorer]:
    """Give an explorer, with everything in place that makes runs the same every time."""
    explorer = Explorer(model, bound)
    modules = [thing for thing in model.traced if isinstance(thing, ModuleType)]
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        with doubled(modules, explorer.machine), watched(model.traced, explorer.machine.at_instruction):
            yield explorer
    finally:
        explorer.machine.close()
        gc.enable()
        gc.unfreeze()

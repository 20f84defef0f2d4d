"""One run of several threads, of which one goes on at a time, by a schedule that says where another takes over.

A schedule lists its deviations from the plainest one: `(step, choice)`. Steps count the places at which another thread
could take over. Without a deviation, the thread that runs goes on until it waits or ends; then the first that can go on
does. So a schedule is short, and a prefix of it is a schedule too.

Time stands still while any thread can go on. When all wait, it jumps to the first deadline, but never beyond the
patience of the model: who waits longer than that was forgotten, and it is reported.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import CodeType
from typing import Final, NamedTuple

type Schedule = tuple[tuple[int, int], ...]

MOST_STEPS: Final = 5_000
"""A run that is longer does not end: threads keep each other busy."""
DEADLINE_S: Final = 60.0
"""How long a run may take in reality: a thread that has really blocked never hands over."""


class Stuck(BaseException):
    """Raised where a thread waits for what can never come, so that it leaves."""


class NondeterminismError(Exception):
    """A schedule could not be followed: the model does something else than the last time."""


class Branch(NamedTuple):
    """Another choice that a run could have made."""

    step: int
    choice: int
    preemptions: int
    """Those of the whole schedule that ends with this choice."""


@dataclass(slots=True)
class Run:
    """What came of one schedule."""

    branches: list[Branch] = field(default_factory=list)
    """The choices not taken after the last deviation, within the bound."""
    failure: BaseException | str | None = None
    switches: list[tuple[int, str]] = field(default_factory=list)
    """Each change of the running thread, its step and a line of text."""
    steps: int = 0


class Worker:
    """A thread of the machine, used for one actor of each run."""

    def __init__(self, number: int) -> None:
        # PERF: a queue, as waiting for a lock yields forty times first on 3.13t, and so lets every other process run.
        self.baton: SimpleQueue[None] = SimpleQueue()
        self.job: Callable[[], None] | None = None
        self.thread = threading.Thread(target=self._work, name=f"thread {number}", daemon=True)
        self.thread.start()

    def end(self) -> None:
        """End the thread."""
        self.job = None
        self.baton.put(None)
        self.thread.join(DEADLINE_S)

    def _work(self) -> None:
        self.baton.get()
        while self.job is not None:
            self.job()
            self.baton.get()


class Actor:
    """One thread of one run."""

    def __init__(self, number: int, body: Callable[[], object], worker: Worker) -> None:
        self.number = number
        self.body = body
        self.worker = worker
        self.ident = worker.thread.ident
        self.finished = False
        self.ready: Callable[[], bool] | None = None
        """Tells whether what it waits for has come; `None` while it waits for nothing."""
        self.deadline: float | None = None
        self.timed_out = False
        self.at_end: list[Callable[[], object]] = []
        """Called in this thread when the body is over."""
        self.place: tuple[CodeType, int, bool] | None = None
        """The instruction it is at, and whether that is a call."""
        self.may_collect = True
        """Whether the garbage collector may run here: the interpreter starts it after calls, on entering a function and
        when it jumps backwards, nowhere else. Where an instruction is the first of its function that matters, or comes
        after a later one, one of the last two has happened."""

    def arrive(self, code: CodeType, offset: int, is_call: bool) -> None:
        """Note where it is."""
        before = self.place
        self.may_collect = before is None or before[2] or before[0] is not code or before[1] >= offset
        self.place = (code, offset, is_call)

    def can_go_on(self) -> bool:
        """Whether it could run now."""
        return not self.finished and (self.ready is None or self.ready())


class Machine:
    """Runs the threads of a model, again and again.

    Args:
        bound: how often, at most, a thread that could go on is interrupted in one schedule.
        patience_s: how long, in seconds of the machine, threads may have to wait in a run.
    """

    def __init__(self, bound: int, patience_s: float) -> None:
        self.bound = bound
        self.patience_s = patience_s
        self._workers: list[Worker] = []
        self._begin((), (), ())

    def _begin(
        self, bodies: Sequence[Callable[[], object]], finalisers: Sequence[Callable[[], object]], schedule: Schedule
    ) -> None:
        while len(self._workers) < len(bodies):
            self._workers.append(Worker(len(self._workers)))
        self.actors = [
            Actor(number, body, worker)
            for number, (body, worker) in enumerate(zip(bodies, self._workers, strict=False))
        ]
        self.running: Actor | None = None
        self.now = 0.0
        self.is_stuck = False
        self._finalisers = list(finalisers)
        self._plan = dict(schedule)
        self._last = max(self._plan, default=0)
        self._step = 0
        self._preemptions = 0
        self._run = Run()
        self._over: SimpleQueue[None] = SimpleQueue()

    def run(
        self,
        bodies: Sequence[Callable[[], object]],
        finalisers: Sequence[Callable[[], object]] = (),
        schedule: Schedule = (),
    ) -> Run:
        """Run threads by a schedule until all have ended.

        Args:
            bodies: one for each thread.
            finalisers: functions that may be called anywhere, as the garbage collector would, each once at most; which
                are called where, the schedule says. They count as interruptions.
            schedule: where to deviate from the plainest schedule.
        """
        self._begin(bodies, finalisers, schedule)
        for actor in self.actors:
            actor.worker.job = lambda actor=actor: self._live(actor)
        first = self._choose()
        if first is not None:
            self._wake(first)
            self._wait_for_the_end()
        self.running = None
        self._run.steps = self._step
        if self._run.failure is None and self._plan:
            raise NondeterminismError(f"the run was over before steps {sorted(self._plan)}")
        return self._run

    def _wait_for_the_end(self) -> None:
        try:
            self._over.get(timeout=DEADLINE_S)
        except Empty:
            self._workers.clear()  # They cannot be ended.
            raise TimeoutError(f"a thread does not come back; the last step was {self._where()}") from None

    def close(self) -> None:
        """End the threads."""
        while self._workers:
            self._workers.pop().end()

    def at_instruction(self, code: CodeType, offset: int, is_call: bool) -> None:
        """Be told, by any thread, that it is about to do something that others may notice."""
        actor = self.running
        if actor is not None and threading.get_ident() == actor.ident:
            actor.arrive(code, offset, is_call)
            self.pause()

    def pause(self) -> None:
        """Let another thread take over, if the schedule says so. Does nothing outside of a run."""
        actor = self.running
        if actor is None:
            return
        self._step += 1
        if self._step >= MOST_STEPS:
            self.is_stuck = True
            self._fail(f"the threads still ran after {MOST_STEPS} steps")
            raise Stuck
        choice = self._plan.pop(self._step, None)
        if choice is not None:
            self._preemptions += 1
            self._interrupt(actor, choice)
        elif self._step > self._last and self._preemptions < self.bound and self._run.failure is None:
            self._note(actor)

    def wait_until(self, ready: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait in the running thread, at most so long; return whether it came.

        Raises:
            Stuck: it never will.
        """
        actor = self.running
        if actor is None:
            raise RuntimeError("what sets a model up, or checks it, must not wait")
        if self.is_stuck:
            raise Stuck
        if ready():
            return True
        actor.ready = ready
        actor.deadline = None if timeout_s is None else self.now + timeout_s
        self._hand_over(actor, self._choose())
        timed_out, actor.timed_out = actor.timed_out, False
        actor.deadline = None
        if self.is_stuck:
            raise Stuck
        return not timed_out

    def _note(self, actor: Actor) -> None:
        """Note what could happen here instead."""
        cost = self._preemptions + 1
        for other in self.actors:
            if other is not actor and other.can_go_on():
                self._run.branches.append(Branch(self._step, other.number, cost))
        for number in range(len(self._finalisers) if actor.may_collect else 0):
            self._run.branches.append(Branch(self._step, len(self.actors) + number, cost))

    def _interrupt(self, actor: Actor, choice: int) -> None:
        if choice < len(self.actors):
            other = self.actors[choice]
            if other is actor or not other.can_go_on():
                raise NondeterminismError(f"thread {choice} could not take over at step {self._step}")
            self._hand_over(actor, other)
            return
        finaliser = self._finalisers.pop(choice - len(self.actors))
        self._run.switches.append((self._step, f"{self._where()}: a finaliser runs in thread {actor.number}"))
        finaliser()

    def _choose(self) -> Actor | None:
        """Return who goes on when the running thread cannot; `None` when all have ended."""
        able = [actor for actor in self.actors if actor.can_go_on()]
        if not able:
            return self._let_time_pass()
        self._step += 1
        choice = self._plan.pop(self._step, None)
        if choice is not None:
            if self.actors[choice] not in able:
                raise NondeterminismError(f"thread {choice} could not go on at step {self._step}")
            return self.actors[choice]
        if self._step > self._last and self._run.failure is None:
            for other in able[1:]:
                self._run.branches.append(Branch(self._step, other.number, self._preemptions))
        return able[0]

    def _let_time_pass(self) -> Actor | None:
        """Return whose time-out comes first, or who has to be told that it waits in vain."""
        waiting = [actor for actor in self.actors if not actor.finished]
        if not waiting:
            return None
        # Who waits without a limit comes last.
        first = min(waiting, key=lambda actor: math.inf if actor.deadline is None else actor.deadline)
        deadline = first.deadline
        if deadline is None or deadline > self.patience_s:
            self._fail(self._deadlock(waiting))
            self.is_stuck = True
        else:
            self.now = max(self.now, deadline)
            first.timed_out = True
        first.ready = None
        return first

    def _deadlock(self, waiting: list[Actor]) -> str:
        who = " and ".join(f"thread {actor.number}" for actor in waiting)
        return f"{who} waited at {self.now} s for what nobody does any more (patience: {self.patience_s} s)"

    def _hand_over(self, actor: Actor, other: Actor | None) -> None:
        assert other is not None, "a thread that waits has not ended"
        if other is not actor:
            self._wake(other)
            actor.worker.baton.get()

    def _wake(self, actor: Actor) -> None:
        before = "the beginning" if self.running is None else f"thread {self.running.number} at {self._where()}"
        self._run.switches.append((self._step, f"{before}: thread {actor.number} goes on"))
        actor.ready = None
        self.running = actor
        actor.worker.baton.put(None)

    def _live(self, actor: Actor) -> None:
        """Be one thread of the run, in a context of its own."""
        try:
            Context().run(actor.body)
            while actor.at_end:
                actor.at_end.pop()()
        except Stuck:
            pass
        except BaseException as exc:  # noqa: BLE001 - it is reported.
            self._fail(exc)
        actor.finished = True
        try:
            other = self._choose()
        except NondeterminismError as exc:
            self._fail(exc)
            other = next((other for other in self.actors if not other.finished), None)
        if other is None:
            self._over.put(None)
        else:
            self._wake(other)

    def _fail(self, failure: BaseException | str) -> None:
        if self._run.failure is None:
            self._run.failure = failure
            # Further lines may hold addresses, which are others the next time.
            text = failure if isinstance(failure, str) else f"{type(failure).__name__}: {failure}".partition("\n")[0]
            self._run.switches.append((self._step, f"{self._where()}: {text}"))

    def _where(self) -> str:
        if self.running is None or self.running.place is None:
            return "its beginning"
        code, offset, _ = self.running.place
        line = next((line for start, end, line in code.co_lines() if start <= offset < end), None)
        return f"{code.co_filename.rpartition('/')[2]}:{line} ({code.co_qualname})"

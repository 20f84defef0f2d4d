"""The counted lifespan by every schedule: one start-up for each period, before all that serves and shutdown after."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, ClassVar

import pytest
from stepping.doubles import Unlocked
from stepping.explorer import Model
from stepping.findings import Interleavings
from stepping.loops import drive
from stepping.machine import Machine
from stepping.points import Traced

from hawkapi.lifespan import _periods, manager
from hawkapi.lifespan._periods import Period, Periods, Stay
from hawkapi.lifespan.hooks import HookRegistry
from hawkapi.lifespan.manager import LifespanManager


class Server:
    """One loop of a server: starts the application, serves it for a while, and stops it."""

    def __init__(self, model: Serving) -> None:
        self.model = model
        self.sent: list[str] = []
        self.received = 0

    async def receive(self) -> MutableMapping[str, Any]:
        """Give the start event, and after some serving the shutdown event."""
        self.received += 1
        if self.received == 1:
            return {"type": "lifespan.startup"}
        self.model.machine.pause()
        self.model.see(self.sent)
        return {"type": "lifespan.shutdown"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Note an answer; serving begins with the first, if that is good."""
        self.sent.append(message["type"].removeprefix("lifespan."))
        self.model.see(self.sent)

    async def run(self) -> None:
        """Be one lifespan."""
        await self.model.manager.handle({"type": "lifespan"}, self.receive, self.send)
        self.model.answers.append(self.sent)


class Serving(Model):
    """Two loops start, serve and stop: what serves has been started, and no time passes."""

    title = "lifespan, two loops"
    traced: ClassVar[Sequence[Traced]] = (_periods, manager)
    failures = 0

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine)
        hooks = HookRegistry()
        hooks.on_startup(self.start)
        hooks.on_shutdown(self.stop)
        self.manager = LifespanManager(hooks)
        self.manager._periods = self.make()
        self.log: list[str] = []
        self.answers: list[list[str]] = []

    def make(self) -> Periods:
        """Return the periods under test."""
        return Periods()

    def threads(self) -> Sequence[Callable[[], object]]:
        """Start, serve, stop, in each of two loops."""
        return (self.serve, self.serve)

    def serve(self) -> None:
        """Run a server's loop."""
        drive(self.machine, Server(self).run)

    def start(self) -> None:
        """Be the start-up hook."""
        assert self.log[-1:] in ([], ["stopped"], ["failed"]), f"start-up after {self.log}"
        self.log.append("starting")
        self.machine.pause()
        if self.log.count("failed") < self.failures:
            self.log.append("failed")
            raise ZeroDivisionError
        self.log.append("started")

    def see(self, sent: list[str]) -> None:
        """Look whether what serves may."""
        if sent == ["startup.complete"]:
            assert self.log[-1] == "started", f"served after {self.log}"

    def stop(self) -> None:
        """Be the shutdown hook."""
        assert self.log[-1] == "started", f"shutdown after {self.log}"
        self.log.append("stopped")

    def check(self) -> None:
        """Each loop was served and has stopped; each period has ended."""
        good = ["startup.complete", "shutdown.complete"]
        assert self.answers == [good] * len(self.answers)
        periods = self.log.count("stopped")
        assert self.log == ["starting", "started", "stopped"] * periods
        assert (1 <= periods <= len(self.answers), self.manager.stays) == (True, [])


class InThreeLoops(Serving):
    """Three loops do."""

    title = "lifespan, three loops"
    bound = 1
    quick_bound = 0

    def threads(self) -> Sequence[Callable[[], object]]:
        """Start, serve, stop, in each of three loops."""
        return (self.serve,) * 3


class FailingOnce(Serving):
    """The first start-up fails, for all who waited for it; who comes later starts again."""

    title = "lifespan, a start-up that fails"
    failures = 1

    def check(self) -> None:
        """One or both failed, and what was started was stopped."""
        good, bad = ["startup.complete", "shutdown.complete"], ["startup.failed"]
        period = ["starting", "started", "stopped"]
        assert sorted(self.answers) in ([good, bad], [bad, bad])
        assert self.log == ["starting", "failed", *(period if good in self.answers else ())]
        assert self.manager.stays == []


class ServerThatIsLeft(Server):
    """A loop that is closed while it serves: the shutdown event never comes."""

    async def receive(self) -> MutableMapping[str, Any]:
        """Give the start event."""
        if self.received:
            await asyncio.get_running_loop().create_future()
        return await super().receive()


class Leaving(Serving):
    """One of the loops is closed without a shutdown: the other is served and stops, at most a second later."""

    title = "lifespan, a loop that is closed"
    patience_s = 1.0

    def threads(self) -> Sequence[Callable[[], object]]:
        """Start, serve, stop; start, serve, and be closed."""
        return (self.serve, lambda: drive(self.machine, self.leave))

    async def leave(self) -> None:
        """Start and serve, and end the loop."""
        # Kept, so that nothing is cleaned up before the end of the run.
        self.task = asyncio.create_task(ServerThatIsLeft(self).run())
        await asyncio.sleep(0)

    def start(self) -> None:
        """Be the start-up hook; the period before may have been left."""
        self.log.append("starting")
        self.machine.pause()
        self.log.append("started")

    def check(self) -> None:
        """One loop got all answers, whoever was first; no more was stopped than it had to."""
        assert self.answers == [["startup.complete", "shutdown.complete"]]
        left = ["starting", "started"]
        whole = [*left, "stopped"]
        assert self.log in (left, whole, [*left, *whole], [*whole, *left]), self.log
        assert self.manager.stays == []


class WithoutGuard(Serving):
    """Nothing keeps two apart that begin a period."""

    title = "lifespan without `_guard`"

    def make(self) -> Periods:
        """Return those whose lock excludes nobody."""
        periods = Periods()
        vars(periods)["_guard"] = Unlocked()
        return periods


class DoesNotClose(Periods):
    """Lets loops join while the owner shuts down."""

    async def wait_for_others(self, period: Period, deadline: float) -> list[Stay]:
        """Wait until nobody is there, and leave the door open."""
        while period.others:
            period.alone.clear()
            if period.others:
                await period.alone.wait()
        return []


class WithoutClosing(Serving):
    """Somebody joins between the last look and the shutdown."""

    title = "lifespan without `closing`"
    traced = (_periods, manager, DoesNotClose)

    def make(self) -> Periods:
        """Return the others."""
        return DoesNotClose()


class ClearsLate(Periods):
    """Forgets that the last of the others has gone while it looks."""

    async def wait_for_others(self, period: Period, deadline: float) -> list[Stay]:
        """Look, then clear."""
        while True:
            with self._guard:
                if not period.others:
                    period.closing = True
                    return []
            period.alone.clear()
            await period.alone.wait()


class WithoutClearingFirst(Serving):
    """The wake-up falls between the look and the wait."""

    title = "lifespan without clearing `alone` first"
    traced = (_periods, manager, ClearsLate)

    def make(self) -> Periods:
        """Return the others."""
        return ClearsLate()


class TrustsOthers(Periods):
    """Waits for loops without looking whether they are closed."""

    async def wait_for_others(self, period: Period, deadline: float) -> list[Stay]:
        """Wait until each has said that it goes."""
        while True:
            period.alone.clear()
            with self._guard:
                if not period.others:
                    period.closing = True
                    return []
            await period.alone.wait()


class WithoutPatrol(Leaving):
    """The owner waits for a loop that is closed."""

    title = "lifespan without looking for closed loops"
    traced = (_periods, manager, TrustsOthers)

    def make(self) -> Periods:
        """Return the others."""
        return TrustsOthers()


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Keep failed start-ups off the output."""
    caplog.set_level(logging.CRITICAL + 1, "hawkapi")


@pytest.mark.parametrize("model", [Serving, InThreeLoops, FailingOnce, Leaving])
def test_periods_start_once_by_every_schedule(model: type[Model], interleavings: Interleavings, quiet: None) -> None:
    """What serves has been started and not stopped, and everybody is answered."""
    interleavings.hold(model)


@pytest.mark.parametrize("model", [WithoutGuard, WithoutClosing, WithoutClearingFirst, WithoutPatrol])
def test_explorer_notices_a_missing_guard(model: type[Model], interleavings: Interleavings, quiet: None) -> None:
    """Each of them is needed."""
    interleavings.break_down(model)

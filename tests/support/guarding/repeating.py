"""A plugin for pytest that repeats tests until one fails or the time is over, and makes races in a module likelier.

`-p guarding.repeating --times N --at-most-s S --pause-in FILE --replaced FIRST-LAST --result FILE`

All tests run once, then all of them a second time, and so on. Races have a window of a few instructions, which threads
seldom meet; so in every second repetition each line of the module under test may be followed by a pause, in whatever
thread. A pause changes nothing that a correct program could notice.

Lines of that file may have been replaced. What comes of a replacement that is wrong by itself, an attribute that is not
there for example, is no race: it is noted when it is raised, as the tests may never see more than its consequences.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any, Final

import pytest

from guarding.table import STAND_INS

PAUSES_PER_LINE: Final = 0.03
LONGEST_PAUSE_S: Final = 0.0005
TOOL: Final = 4
"""A number that `sys.monitoring` leaves to whoever wants it."""
SECOND_TOOL: Final = 3
"""Another one."""
MISTAKES: Final = (AttributeError, ImportError, NameError, SyntaxError, TypeError)
"""What is raised by code that is wrong, whatever other threads do."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the four options."""
    group = parser.getgroup("repeating")
    group.addoption("--times", type=int, default=1, help="how often each test runs at most")
    group.addoption("--at-most-s", type=float, default=60.0, help="no test is begun after so many seconds")
    group.addoption("--pause-in", default="", help="a file of the package, in which threads pause now and then")
    group.addoption("--replaced", default="", help="the lines of that file that were replaced, as FIRST-LAST")
    group.addoption("--result", default="", help="a file to write what happened to, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to keep count."""
    config.pluginmanager.register(Repetitions(config), "repetitions")


class Pauses:
    """Lets threads pause at lines of one file, as long as it is switched on."""

    def __init__(self, file: Path) -> None:
        self._file = str(file)
        # Threads draw from it together; what they draw need not be any particular sequence.
        self._random = random.Random(file.name)  # noqa: S311 - it decides about pauses

    def switch(self, *, on: bool) -> None:
        """Begin or end."""
        monitoring = sys.monitoring
        if monitoring.get_tool(TOOL) is None:
            monitoring.use_tool_id(TOOL, "pauses")
            monitoring.register_callback(TOOL, monitoring.events.LINE, self._at_line)
        monitoring.set_events(TOOL, monitoring.events.LINE if on else monitoring.events.NO_EVENTS)

    def _at_line(self, code: CodeType, _: int) -> object:
        if code.co_filename != self._file:
            return sys.monitoring.DISABLE
        # Where a test steps through the lines itself, there is nothing to add.
        if sys.gettrace() is None and self._random.random() < PAUSES_PER_LINE:
            time.sleep(self._random.random() * LONGEST_PAUSE_S)
        return None


class Mistakes:
    """Notes what is raised by lines of one file that were replaced, or because of what stands in for their guard.

    Args:
        file: the file.
        lines: the first and the last of them.
    """

    def __init__(self, file: Path, lines: tuple[int, int]) -> None:
        self._file = str(file)
        self._first, self._last = lines
        self.seen: list[str] = []

    def watch(self) -> None:
        """Begin."""
        monitoring = sys.monitoring
        monitoring.use_tool_id(SECOND_TOOL, "mistakes")
        monitoring.register_callback(SECOND_TOOL, monitoring.events.RAISE, self._at_raise)
        monitoring.set_events(SECOND_TOOL, monitoring.events.RAISE)

    def end(self) -> None:
        """Leave nothing behind."""
        sys.monitoring.free_tool_id(SECOND_TOOL)

    def _at_raise(self, code: CodeType, offset: int, exc: BaseException) -> None:
        if code.co_filename != self._file or not isinstance(exc, MISTAKES):
            return
        line = next((line for start, end, line in code.co_lines() if start <= offset < end), None)
        in_replaced = line is not None and self._first <= line <= self._last
        if in_replaced or any(name in str(exc) for name in STAND_INS):
            self.seen.append(f"{type(exc).__name__}: {exc}")


class Repetitions:
    """Which repetition it is, and what has failed."""

    def __init__(self, config: pytest.Config) -> None:
        self._times: int = config.getoption("--times")
        self._result: str = config.getoption("--result")
        self._end = time.monotonic() + config.getoption("--at-most-s")
        file: str = config.getoption("--pause-in")
        self._pauses = Pauses(Path(file).resolve()) if file else None
        first, _, last = config.getoption("--replaced").partition("-")
        self._mistakes = Mistakes(Path(file).resolve(), (int(first), int(last))) if first else None
        if self._mistakes is not None:
            self._mistakes.watch()
        self._now = 0
        self._passed = 0
        self._failure: dict[str, Any] | None = None

    @pytest.fixture
    def nth_repetition(self, request: pytest.FixtureRequest) -> int:
        """The number of the repetition, from 1."""
        number: int = request.param
        return number

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Multiply every test."""
        metafunc.fixturenames.append("nth_repetition")
        metafunc.parametrize("nth_repetition", range(1, self._times + 1), indirect=True)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Go through all tests before the first one comes again."""
        items.sort(key=number_of)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Run one test of one repetition; stop when the time is over."""
        if time.monotonic() >= self._end:
            item.session.shouldstop = "the time is over"
            return (yield)
        number = number_of(item)
        if number != self._now:
            self._passed = self._now
            self._now = number
            self._write()
        if self._pauses is not None and number % 2 == 0:
            self._pauses.switch(on=True)
            try:
                return (yield)
            finally:
                self._pauses.switch(on=False)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the first failure."""
        if report.failed and self._failure is None:
            crash = getattr(report.longrepr, "reprcrash", None)
            message = crash.message if crash is not None else str(report.longrepr)
            self._failure = {"test": report.nodeid, "error": message.partition("\n")[0]}

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what happened."""
        if self._failure is None and not session.shouldstop:
            self._passed = self._now
        self._write(over=True)
        if self._mistakes is not None:
            self._mistakes.end()

    def _write(self, *, over: bool = False) -> None:
        if self._result:
            said = {
                "passed": self._passed,
                "repetition": self._now,
                "failure": self._failure,
                "over": over,
                "mistakes": self._mistakes.seen[:3] if self._mistakes is not None else [],
            }
            Path(self._result).write_text(json.dumps(said), "utf-8")


def number_of(item: pytest.Item) -> int:
    """Return the number of the repetition that an item belongs to; 1 for what cannot be repeated."""
    callspec = getattr(item, "callspec", None)
    return int(callspec.params.get("nth_repetition", 1)) if callspec is not None else 1

"""Interrupt an operation between two of its lines, to run there what another thread or a finaliser may run.

Races seldom happen by themselves. Code that takes no lock can be stopped at any line while something else runs to its
end; doing that at every line in turn tries every way in which two operations can meet with one switch between them.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

from loops import DEADLINE_S, run_in_threads


@contextmanager
def interrupted(module: ModuleType, interrupt: Callable[[int], object]) -> Iterator[list[str]]:
    """Call `interrupt(number)` before each line of `module` that this thread executes, counting from 0.

    Gives the name of each such line's function, growing. What `interrupt` itself executes is not interrupted.
    """
    lines: list[str] = []

    def trace(frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            lines.append(frame.f_code.co_name)
            interrupt(len(lines) - 1)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(before)


def at_line(number: int, action: Callable[[], object]) -> Callable[[int], object]:
    """Make an interrupt that performs an action once, at one line."""

    def interrupt(line: int) -> None:
        if line == number:
            action()

    return interrupt


def elsewhere[T](function: Callable[[], T]) -> T:
    """Call a function in another thread, and wait for it."""
    return run_in_threads(1, lambda _: function())[0]


class Parked:
    """An operation in a thread of its own that stands still before one of its lines, until it may go on."""

    def __init__(self, module: ModuleType, operation: Callable[[], object], line: int) -> None:
        self._module = module
        self._operation = operation
        self._line = line
        self.stood_still = False
        """Whether the operation has that line."""
        self._there = threading.Event()
        self._onwards = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._wait(self._there)

    def finish(self) -> None:
        """Let the operation go on, and wait for its end; once it has ended, do nothing."""
        self._onwards.set()
        self._thread.join(DEADLINE_S)

    def _run(self) -> None:
        try:
            with interrupted(self._module, at_line(self._line, self._stand_still)):
                self._operation()
        finally:
            self._there.set()

    def _stand_still(self) -> None:
        self.stood_still = True
        self._there.set()
        self._wait(self._onwards)

    @staticmethod
    def _wait(event: threading.Event) -> None:
        if not event.wait(DEADLINE_S):
            raise TimeoutError("the other operation did not come so far")


def for_every_line(scenario: Callable[[int], bool]) -> int:
    """Call `scenario(number)` with 0, 1, … until it says that there is no such line; return how many there are."""
    return next(number for number in itertools.count() if not scenario(number))

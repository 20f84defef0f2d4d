"""Interrupt an operation between two of its lines, to run there what another thread or a finaliser may run.

Races seldom happen by themselves. Code that takes no lock can be stopped at any line while something else runs to its
end; doing that at every line in turn tries every way in which two operations can meet with one switch between them.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

from loops import run_in_threads


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


def for_every_line(scenario: Callable[[int], bool]) -> int:
    """Call `scenario(number)` with 0, 1, … until it says that there is no such line; return how many there are."""
    return next(number for number in itertools.count() if not scenario(number))

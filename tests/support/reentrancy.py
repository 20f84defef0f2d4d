"""Call a function between any two lines of a module, as the garbage collector may call a finaliser."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any


@contextmanager
def interrupted_at_every_line(module: ModuleType, finaliser: Callable[[], None]) -> Iterator[list[int]]:
    """Call `finaliser` before each line of `module` that this thread executes; give the list of these lines.

    What `finaliser` itself executes is not interrupted. Collections cannot be provoked at a chosen place, traces can.
    """
    lines: list[int] = []

    def trace(frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line":
            lines.append(frame.f_lineno)
            finaliser()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(before)

"""Clocks for what is given one."""

from __future__ import annotations


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now

"""How a codec says that bytes or values do not fit a type."""

from __future__ import annotations

from typing import NamedTuple

from hawkapi.exceptions import HawkAPIError

ROOT = "$"
"""The place of a violation that concerns the whole value."""


class Violation(NamedTuple):
    """One thing that is wrong with a value."""

    place: str
    """Where: member names joined by `.`, list positions in brackets (`items[0].name`), or `$` for the whole value."""
    message: str
    """What was expected and what was there."""
    value: object = None
    """The text that was there, for values that arrive as text; otherwise `None`."""


def join_place(step: str, place: str) -> str:
    """Put a member name or a `[position]` in front of a place inside it."""
    if place == ROOT:
        return step
    return step + place if place.startswith("[") else f"{step}.{place}"


class CodecError(HawkAPIError, ValueError):
    """A value does not fit its type; `violations` holds every reason found, at least one."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(violations)
        self.violations = violations

    def __str__(self) -> str:
        # PERF: a request that does not fit is answered from the violations; hardly anybody reads the text.
        return "; ".join(f"{violation.place}: {violation.message}" for violation in self.violations)


class MalformedError(CodecError):
    """The bytes are not JSON at all, or go over a limit that holds whatever the type; one violation, at `$`."""

    def __init__(self, message: str) -> None:
        super().__init__([Violation(ROOT, message)])

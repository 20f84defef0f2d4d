"""`CommandError`: why a command cannot do what it was asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["CommandError", "suggestion"]


class CommandError(Exception):
    """One sentence for stderr.

    Args:
        message: what was wanted, what is in the way, what to do.
        details: lines that are printed before it, each ended: the traceback of a user's module.
        status: what the command exits with, default 1.
    """

    def __init__(self, message: str, *, details: str = "", status: int = 1) -> None:
        super().__init__(message)
        self.details = details
        self.status = status


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return the end of an error's sentence: what was probably meant, or nothing."""
    close = difflib.get_close_matches(wrong, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""

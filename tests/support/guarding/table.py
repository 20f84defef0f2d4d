"""The table of guards, `tests/guards/guards.toml`, and how one is taken out of the source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SHORTHANDS: Final = {
    "NO_LOCK": "__import__('hawkapi._threading', fromlist=['x']).NullThreadLock()",
    "ONE_FOR_ALL": "__import__('types').SimpleNamespace()",
}
"""What stands for no exclusion at all, and for storage that all threads share, in the replacements of the table."""
STAND_INS: Final = ("NullThreadLock",)
"""Their types, as messages name them, where it is a mistake that they lack a name; `threading.local` may, too."""


class TableError(Exception):
    """The table does not fit the source; the message says where."""


@dataclass(frozen=True)
class Guard:
    """One thing that keeps threads apart, and how it looks without."""

    name: str
    module: str
    """Its file, below the project's directory."""
    old: str
    """A piece of the file that is there exactly once."""
    new: str
    """What comes in its place when the guard is taken out."""
    tests: tuple[str, ...]
    """Who claims to notice, as pytest is told."""
    of: tuple[str, ...] = ()
    """The places that it guards, as `guarding.places` calls them."""
    stays: str = ""
    """Why it stays although no test notices; empty where one must."""

    def lines(self, source: str) -> tuple[int, int]:
        """Return the first and the last line of what comes in its place, in the source without it."""
        first = source[: source.index(self.old)].count("\n") + 1
        return first, first + self.replacement.count("\n")

    @property
    def replacement(self) -> str:
        """What comes in its place, written out."""
        new = self.new
        for short, long in SHORTHANDS.items():
            new = new.replace(short, long)
        return new

    def taken_out(self, source: str) -> str:
        """Return the source of the module without this guard.

        Raises:
            TableError: the piece is not there, or more than once.
        """
        found = source.count(self.old)
        if found != 1:
            raise TableError(f"{self.name}: {self.module} has the text to replace {found} times, not once:\n{self.old}")
        return source.replace(self.old, self.replacement)


@dataclass(frozen=True)
class Exempt:
    """Places without a row."""

    of: tuple[str, ...]
    why: str
    """What a test could not show, or which rows show it."""


def read_table(file: Path) -> list[Guard]:
    """Read the guards of a table, in its order.

    Raises:
        TableError: a guard lacks something or is there twice.
    """
    rows = tomllib.loads(file.read_text("utf-8"))["guard"]
    try:
        guards = [Guard(**{**row, "tests": tuple(row["tests"]), "of": tuple(row["of"])}) for row in rows]
    except (KeyError, TypeError) as exc:
        raise TableError(f"{file.name}: a guard needs name, module, of, old, new and tests ({exc})") from exc
    names = [guard.name for guard in guards]
    if len(set(names)) < len(names):
        raise TableError(f"{file.name}: two guards are called {max(names, key=names.count)!r}")
    return guards


def read_exempt(file: Path) -> list[Exempt]:
    """Read what a table says of places without a row."""
    return [Exempt(tuple(row["of"]), row["why"]) for row in tomllib.loads(file.read_text("utf-8"))["exempt"]]

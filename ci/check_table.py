"""What a set of checks found: one table with a row per check, then one sentence per failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OK = "ok"
FAILED = "FAIL"
NOT_APPLICABLE = "-"


@dataclass(frozen=True)
class Row:
    """One check's result. `problems` has an entry, maybe empty, for each column that the check looked at."""

    name: str
    sentence: str
    problems: Mapping[str, tuple[str, ...]]
    found: str = ""
    """What a check that passed has to tell; the table shows it at the end of the row."""

    def cell(self, column: str) -> str:
        """Return what the table shows in a column."""
        if column not in self.problems:
            return NOT_APPLICABLE
        return FAILED if self.problems[column] else OK

    @property
    def failed(self) -> bool:
        """Whether any column has a problem."""
        return any(self.problems.values())


def render(rows: Sequence[Row], columns: Mapping[str, str]) -> str:
    """Return the table, what the columns stand for, and every failure.

    Args:
        rows: in the order to show them.
        columns: heading to the full name (a file, an interpreter) that failures use.
    """
    width = max((len(row.name) for row in rows), default=0)
    lines = ["  ".join([" " * width, *columns])]
    for row in rows:
        cells = [row.cell(column).ljust(len(column)) for column in columns]
        lines.append("  ".join([row.name.ljust(width), *cells, row.found]).rstrip())
    lines.append("")
    lines += [f"{column}: {meaning}" for column, meaning in columns.items() if column != meaning]
    lines += _failures(rows, columns)
    return "\n".join(lines)


def _failures(rows: Sequence[Row], columns: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    for row in rows:
        if row.failed:
            lines += ["", f"FAIL {row.name}. {row.sentence}"]
            lines += [f"  {columns[column]}: {text}" for column in columns for text in row.problems.get(column, ())]
    return lines


def conclude(rows: Sequence[Row], columns: Mapping[str, str], subject: str) -> int:
    """Print the table and a closing line to stdout; return 1 when anything failed, else 0."""
    failed = [row.name for row in rows if row.failed]
    verdict = f"{len(failed)} failed ({', '.join(failed)})" if failed else "all passed"
    print(f"{render(rows, columns)}\n\n{subject}: {len(rows)} checks, {verdict}", flush=True)
    return 1 if failed else 0

"""What tests ask of an exploration, and the table of all that was explored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from stepping.explorer import INTERPRETER, Failure, Model, Report, explore, name_of, replay

type Row = Sequence[str]

TABLE: Final = pytest.StashKey[list[Row]]()
HEADINGS: Final = ("model", "threads", "bound", "longest", "schedules", "seconds", "outcome")


class Interleavings:
    """Explores models for tests.

    Args:
        table: where a row is added for each.
        directory: where failures are written to.
        exhaustive: within the full bound of each model, not the small one of the suite.
        replay: a failure's file; only its model runs, and only by its schedule.
    """

    def __init__(
        self, table: list[Row], directory: Path, *, exhaustive: bool = False, replay: Path | None = None
    ) -> None:
        self._table = table
        self._directory = directory
        self._is_exhaustive = exhaustive
        self._replay = None if replay is None else Failure.load(replay)

    def hold(self, model: type[Model]) -> None:
        """Fail if a schedule of the model fails, and leave a file that repeats it."""
        report = self._explore(model, model.bound if self._is_exhaustive else model.quick_bound)
        self._note(model, report, "holds" if report.failure is None else "FAILS")
        if report.failure is not None:
            path = self._save(report.failure)
            pytest.fail(f"{report.failure}\nTo repeat it: nox -s interleavings -- --replay {path}", pytrace=False)

    def break_down(self, model: type[Model]) -> None:
        """Fail if no schedule fails of a model that lacks a guard, or if one does not fail again from its file."""
        report = self._explore(model, model.bound)
        self._note(model, report, "MISSED" if report.failure is None else "found")
        if report.failure is None:
            pytest.fail(f"{name_of(model)}: all {report.schedules} schedules pass without the guard", pytrace=False)
        saved = Failure.load(self._save(report.failure))
        again = replay(model, saved.schedule)
        assert again is not None
        assert (again.schedule, again.switches) == (saved.schedule, saved.switches)

    def _explore(self, model: type[Model], bound: int) -> Report:
        saved = self._replay
        if saved is None:
            return explore(model, bound)
        if saved.model != name_of(model):
            pytest.skip(f"the file is about {saved.model}")
        if saved.interpreter != INTERPRETER:
            pytest.skip(f"the file is for {saved.interpreter}, this is {INTERPRETER}")
        return Report(0, len(saved.schedule), 1, 0, 0.0, replay(model, saved.schedule))

    def _note(self, model: type[Model], report: Report, outcome: str) -> None:
        numbers = (report.threads, report.bound, report.steps, report.schedules)
        self._table.append((model.title, *map(str, numbers), f"{report.seconds:.1f}", outcome))

    def _save(self, failure: Failure) -> Path:
        path = self._directory / f"{failure.model}.json"
        failure.save(path)
        return path


def as_lines(table: Sequence[Row]) -> list[str]:
    """Return a table as text, numbers to the right."""
    rows = [HEADINGS, *table]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:-1], widths[1:]), row[-1]]) for row in rows]

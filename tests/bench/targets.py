"""The project's performance targets, and whether a run meets them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contenders import PREDECESSOR
from grid import readable
from results import Data, cost, gain
from tables.growth import added
from tables.start import ABOVE, IMPORT
from workloads import ISSUE_ROWS

type Runs = Mapping[str, Mapping[str, Any]]
"""What the file of raw data holds, by build."""

WITH_GIL: Final = "3.13"


@dataclass(frozen=True)
class Verdict:
    """One target, and what a build reached."""

    measure: str
    target: str
    build: str
    figure: str
    """With the row that is furthest from the target, where there are several."""
    met: bool | None
    """`None` when this run did not measure it."""

    def as_text(self) -> str:
        """Return it in one line."""
        return f"{self.words:<13}{self.build:<6}{self.measure} ({self.target}): {self.figure}"

    @property
    def words(self) -> str:
        """Say whether it is met."""
        return "not measured" if self.met is None else "met" if self.met else "NOT MET"


@dataclass(frozen=True)
class Measured:
    """What one build has reached, as the targets ask for it."""

    build: str
    ours: Sequence[str]
    """Our columns, as most users run it first."""
    tables: Mapping[str, Data]

    def table(self, name: str) -> Data:
        """Return the data of a table, empty if it was not measured."""
        return self.tables.get(name, {})


@dataclass(frozen=True)
class Reached:
    """A figure of one of our columns."""

    value: float
    where: str = ""
    """The row, or the row and the peer, that it comes from."""

    def as_text(self) -> str:
        """Return it with its place."""
        return readable(self.value) + (f" ({self.where})" if self.where else "")


@dataclass(frozen=True)
class Target:
    """A limit on a figure."""

    measure: str
    limit: float
    reach: Callable[[Measured, str], Reached | None]
    """Returns what a column of ours has reached, `None` if that was not measured."""
    builds: Sequence[str] = (WITH_GIL, "3.13t")
    at_most: bool = False
    """Whether less is better."""

    @property
    def text(self) -> str:
        """What is asked for."""
        return f"{'≤' if self.at_most else '≥'} {self.limit:.3g}"

    def judge(self, measured: Measured) -> Verdict:
        """Judge the first column by the target; the figures of the others stand behind it."""
        reached = {name: found for name in measured.ours if (found := self.reach(measured, name)) is not None}
        if not reached:
            return Verdict(self.measure, self.text, measured.build, "-", None)
        (first, best), *others = reached.items()
        figure = f"{best.as_text()} {first}"
        if others:
            figure += "; " + ", ".join(f"{readable(each.value)} {name}" for name, each in others)
        met = best.value <= self.limit if self.at_most else best.value >= self.limit
        return Verdict(self.measure, self.text, measured.build, figure, met)


def peers(data: Data, ours: Sequence[str]) -> list[str]:
    """Return the columns of a table that are other frameworks', hawkapi 0.2.0 not among them."""
    names = dict.fromkeys(name for found in data.values() for name in found)
    return [name for name in names if name not in ours and name != PREDECESSOR]


def closest(data: Data, mine: str, others: Sequence[str], rows: Sequence[str] | None = None) -> Reached | None:
    """Return the smallest ratio of another's cost and ours: of the rows that both have."""
    ratios = {
        (cost(found[other]) / cost(found[mine]), f"{row}, {other}")
        for row, found in data.items()
        if mine in found and (rows is None or row in rows)
        for other in others
        if other in found
    }
    return Reached(*min(ratios)) if ratios else None


def predecessor(measured: Measured, name: str) -> Reached | None:
    """Return how many times more 0.2.0 costs, at least."""
    return closest(measured.table("requests"), name, [PREDECESSOR], ISSUE_ROWS)


def every_peer(table: str, rows: Sequence[str] | None = None) -> Callable[[Measured, str], Reached | None]:
    """Return what says how many times more the closest peer costs, on the row where it is closest."""

    def reach(measured: Measured, name: str) -> Reached | None:
        data = measured.table(table)
        return closest(data, name, peers(data, measured.ours), rows)

    return reach


def two_threads(measured: Measured, name: str) -> Reached | None:
    """Return the smallest part of the bare callable's gain at two threads."""
    data = measured.table("threads")
    gains = [(gain(found[name]), row) for row, found in data.items() if row.endswith(", 2 threads") and name in found]
    return Reached(*min(gains)) if gains else None


def granian(row: str) -> Callable[[Measured, str], Reached | None]:
    """Return what says how many times more requests are served than of the bare callable by ASGI."""

    def reach(measured: Measured, name: str) -> Reached | None:
        data = measured.table("served")
        mine, bare = data.get(row, {}).get(name), data.get("granian, ASGI", {}).get("bare")
        return Reached(statistics.median(mine) / statistics.median(bare)) if mine and bare else None

    return reach


def addition(row: str) -> Callable[[Measured, str], Reached | None]:
    """Return what says how much something adds, in units of the bare callable's cost."""

    def reach(measured: Measured, name: str) -> Reached | None:
        data = measured.table("additions")
        return Reached(added(data, row, name)) if name in data.get(row, {}) else None

    return reach


def start_ratio(row: str, peer: str) -> Callable[[Measured, str], Reached | None]:
    """Return what compares a figure of the start with a peer's."""

    def reach(measured: Measured, name: str) -> Reached | None:
        found = measured.table("start").get(row, {})
        if name not in found or peer not in found:
            return None
        return Reached(statistics.median(found[name]) / statistics.median(found[peer]))

    return reach


def interpreted_ratios(measured: Measured, name: str) -> dict[str, float]:
    """Return the cost of a compiled column ÷ that of the same interpreted, by row."""
    plain = name.removeprefix("compiled+")
    return {
        row: cost(found[name]) / cost(found[plain])
        for row, found in measured.table("requests").items()
        if plain != name and name in found and plain in found
    }


def slowest_compiled(measured: Measured, name: str) -> Reached | None:
    """Return the largest ratio of compiled and interpreted."""
    ratios = interpreted_ratios(measured, name)
    return Reached(*max((ratio, row) for row, ratio in ratios.items())) if ratios else None


def mean_compiled(measured: Measured, name: str) -> Reached | None:
    """Return the geometric mean of the ratios of compiled and interpreted."""
    ratios = interpreted_ratios(measured, name)
    if not ratios or min(ratios.values()) <= 0:
        return None
    return Reached(math.exp(statistics.mean(map(math.log, ratios.values()))))


def many_routes(measured: Measured, name: str) -> Reached | None:
    """Return the cost of a request with 10 000 routes ÷ that with 10."""
    data = measured.table("growth")
    few, many = data.get("routes: 10", {}).get(name), data.get("routes: 10000", {}).get(name)
    return Reached(cost(many) / cost(few)) if few and many else None


def document(measured: Measured, name: str) -> Reached | None:
    """Return the time of the document of 500 routes ÷ FastAPI's."""
    found = measured.table("document").get("500 routes", {})
    if name not in found or "fastapi" not in found:
        return None
    return Reached(statistics.median(found[name]) / statistics.median(found["fastapi"]))


GIL: Final = (WITH_GIL,)
FREE: Final = ("3.13t",)
TARGETS: Final = (
    Target("cost above bare: hawkapi 0.2.0 ÷ ours, each row of the issue", 3, predecessor, GIL),
    Target("cost above bare: every peer ÷ ours, every row", 1, every_peer("requests"), GIL),
    Target(
        "cost above bare: best installable peer ÷ ours, each row of the issue",
        3,
        every_peer("requests", ISSUE_ROWS),
        FREE,
    ),
    Target("gain of 2 threads: ours ÷ bare, every row", 0.93, two_threads, FREE),
    Target("served by granian: ours on RSGI ÷ bare on ASGI, json", 1.10, granian("granian, RSGI")),
    Target("served by granian: ours on ASGI ÷ bare on ASGI, json", 0.95, granian("granian, ASGI")),
    Target("an empty middleware ÷ bare", 0.5, addition("empty middleware"), at_most=True),
    Target("3 cached dependencies ÷ bare", 3, addition("3 cached dependencies"), at_most=True),
    Target("import hawkapi ÷ import starlette.applications", 1, start_ratio(IMPORT, "starlette"), at_most=True),
    Target("compiled ÷ interpreted, every row", 1, slowest_compiled, GIL, at_most=True),
    Target("compiled ÷ interpreted, geometric mean", 0.85, mean_compiled, GIL, at_most=True),
    Target("ten untuned workloads: every peer ÷ ours, every row", 1, every_peer("untuned")),
    Target("10 000 routes ÷ 10 routes", 1.2, many_routes, at_most=True),
    Target("memory of an idle app with 500 routes ÷ FastAPI's", 1 / 3, start_ratio(ABOVE, "fastapi"), at_most=True),
    Target("OpenAPI document of 500 routes ÷ FastAPI's", 1, document, at_most=True),
)
"""Those that a run can judge; each compiled module's own benchmark is beside the list of modules."""


def verdicts(runs: Runs) -> Iterator[Verdict]:
    """Judge every target on each of its builds that has been run."""
    for target in TARGETS:
        for build in target.builds:
            if build in runs:
                about = runs[build]["about"]
                ours = [name for name, facts in about.items() if facts["module"] == "ours"]
                yield target.judge(Measured(build, ours, runs[build]["tables"]))

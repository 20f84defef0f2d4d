"""What additions to an application cost, and how the cost of a request grows with its work; hawkapi alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contenders import ours
from grid import Grid
from grown import ADDITIONS, GROWN, SIZES
from plan import Plan
from results import Data, cost, cost_ratio, names_in
from rounds import costs
from tables.base import Table

ROUNDS: Final = 5
"""At most, of the curves: a body of 10 MB takes seconds."""
MODULE: Final = "growing"


def measure_additions(plan: Plan) -> Data:
    """Return pairs of costs with nothing, with an empty middleware, and with dependencies."""
    return costs(plan, ours(plan, MODULE), list(ADDITIONS), plan.rounds)


def measure_growth(plan: Plan) -> Data:
    """Return pairs of costs for each point of the curves."""
    return costs(plan, ours(plan, MODULE), list(GROWN), plan.fewer(ROUNDS))


def added(data: Data, row: str, name: str) -> float:
    """Return what a row costs more than nothing, as a part of the bare callable's cost."""
    return cost_ratio(data[row][name]) - cost_ratio(data["nothing"][name])


def addition_grids(data: Data) -> Sequence[Grid]:
    """Return what each addition costs, in units of the bare callable."""
    names = names_in(data)
    rows = {row: [added(data, row, name) for name in names] for row in data if row != "nothing"}
    return [Grid("additions", "cost ÷ bare", "added cost ÷ cost of the bare callable", names, rows)]


def growth_grids(data: Data) -> Sequence[Grid]:
    """Return one curve per kind of work: microseconds above the bare callable."""
    names = names_in(data)
    grids = []
    for kind, sizes in SIZES.items():
        found = {size: data[f"{kind}: {size}"] for size in sizes if f"{kind}: {size}" in data}
        rows = {str(size): [cost(each[name]) * 1e6 for name in names] for size, each in found.items()}
        title = {"KB": "KB of body, µs"}.get(kind, f"{kind}, µs")
        grids.append(Grid(f"growth-{kind}", title, "µs above bare", names, rows, line=True, logarithmic=kind == "KB"))
    return grids


ADDITIONS_TABLE = Table(
    "additions",
    "What middleware and dependencies add",
    "CPU time that an empty middleware, and a dependency with three cached dependencies of its own, add to a request, "
    "in units of the bare callable's whole time.",
    measure_additions,
    addition_grids,
)
GROWTH_TABLE = Table(
    "growth",
    "Cost as work grows",
    "Microseconds of CPU time of one request above the bare callable: with more routes, with more middleware that "
    "passes on, with more query parameters, and with larger validated bodies. Routes should cost nothing; the others "
    "should grow in proportion.",
    measure_growth,
    growth_grids,
)

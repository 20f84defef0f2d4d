"""What a request costs in-process: the rows that frameworks are tuned for, and ten that nothing was tuned for."""

from __future__ import annotations

from collections.abc import Sequence

from contenders import contenders
from drawn import DRAWN
from grid import Grid
from plan import Plan
from results import Data, cost_grid, names_in
from rounds import costs
from tables.base import Table
from workloads import TUNED


def measure_tuned(plan: Plan) -> Data:
    """Return pairs of costs for the rows of the first table."""
    return costs(plan, contenders(plan), list(TUNED), plan.rounds)


def measure_drawn(plan: Plan) -> Data:
    """Return pairs of costs for the rows of the second table."""
    return costs(plan, contenders(plan), list(DRAWN), plan.rounds)


def tuned_grids(data: Data) -> Sequence[Grid]:
    """Return the first table."""
    return [cost_grid(data, names_in(data), name="requests", title="cost above bare")]


def drawn_grids(data: Data) -> Sequence[Grid]:
    """Return the second table."""
    return [cost_grid(data, names_in(data), name="untuned", title="cost above bare")]


TUNED_TABLE = Table(
    "requests",
    "The cost of a request",
    "CPU time of one request without a server, above that of a bare ASGI function with the same answer, in units of "
    "the first column: 2 costs twice as much. All applications have ordinary handlers, and each is checked to call "
    "them. Frameworks without dependency injection have no figure in that row.",
    measure_tuned,
    tuned_grids,
)
DRAWN_TABLE = Table(
    "untuned",
    "Ten workloads that nothing was tuned for",
    "As above; routes and bodies are drawn from the seed of the run. A sync handler is one that may block, so it runs "
    "in a thread, by the framework's own means where it has some.",
    measure_drawn,
    drawn_grids,
)

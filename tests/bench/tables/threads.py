"""How much faster several threads with a loop each are than one, on builds without the GIL."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from contenders import contenders, running
from grid import Grid
from plan import Plan, is_free_threaded, say
from results import Data, gain, names_in
from rounds import interleave
from tables.base import Table
from workloads import THREAD_ROWS

ROUNDS: Final = 9
"""At most."""
LONGER: Final = 2.5
"""How many times longer than others a measurement is: by the clock, the start of a thread must not matter."""


def counts() -> list[int]:
    """Return the numbers of threads: 2, 4, 8, as long as there are processors for them."""
    return [count for count in (2, 4, 8, 16) if count <= (os.cpu_count() or 1)] or [2]


def measure(plan: Plan) -> Data:
    """Return pairs of gains by row and number of threads, nothing on builds with the GIL."""
    if not is_free_threaded():
        say("   threads run in turn on this build, so there is nothing to measure")
        return {}
    data: dict[str, dict[str, list[object]]] = {}
    with running(contenders(plan), plan.seed) as processes:
        rows = {process.contender.name: process.rows(THREAD_ROWS) for process in processes}
        for count in counts():
            command = {"threads": "", "count": count, "seconds": plan.seconds * LONGER}
            found = interleave(processes, rows, plan.fewer(ROUNDS), plan.seed, **command)
            for row, samples in found.items():
                data[f"{row}, {count} threads"] = {name: list(each) for name, each in samples.items()}
    return data


def grids(data: Data) -> Sequence[Grid]:
    """Return the gains as parts of the bare callable's."""
    if not data:
        return []
    names = names_in(data)
    rows = {row: [gain(found[name]) if name in found else None for name in names] for row, found in data.items()}
    first = {row: next(iter(found.values())) for row, found in data.items()}
    lead = {row: [f"{sorted(pair[0] for pair in pairs)[len(pairs) // 2]:.2f}"] for row, pairs in first.items()}
    unit = "gain ÷ gain of the bare callable"
    return [Grid("threads", "gain ÷ bare's gain", unit, names, rows, ("bare gains",), lead)]


TABLE = Table(
    "threads",
    "Threads",
    "How many times more requests several threads serve than one, each with an event loop and all with the same "
    "application, as a part of what the bare ASGI function gains in the same process; 1 is as good as it. By the "
    "clock, so the machine must be idle.",
    measure,
    grids,
)

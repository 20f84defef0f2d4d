"""What it takes to begin: import, memory of an idle application with 500 routes, time to the first byte."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from contenders import HERE, Contender, ContenderError, contenders
from drawn import VARIABLE
from grid import Grid
from plan import Plan, say
from results import Data, median_grid, names_in
from tables.base import Table

ROUNDS: Final = 9
"""At most; every measurement starts a process."""
PROBE: Final = HERE / "start_probe.py"
IMPORTED: Final = {
    "ours": "hawkapi",
    "hawkapi_0_2": "hawkapi",
    "starlette_app": "starlette.applications",
    "falcon_app": "falcon.asgi",
    "fastapi_app": "fastapi",
    "litestar_app": "litestar",
    "blacksheep_app": "blacksheep",
    "sanic_app": "sanic",
    "bare": "",
}
"""What an application imports of each first."""
IMPORT: Final = "import, ms"
FIRST_BYTE: Final = "first byte, ms"
PROCESS: Final = "process, MB"
ABOVE: Final = "above Python, MB"


def probe(contender: Contender, what: str, seed: int) -> Any:
    """Return what a new process of a contender has measured of itself.

    Raises:
        ContenderError: it failed.
    """
    subject = IMPORTED[contender.module] if what == "import" else contender.module
    command: list[str | Path] = [contender.python, PROBE, what, subject, *contender.paths]
    environment = contender.environment(**{VARIABLE: str(seed)})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ContenderError(f"{contender.name}: {what} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(plan: Plan) -> Data:
    """Return milliseconds and megabytes, one number for each round.

    The first round is not counted: it writes and reads what files there are into memory.
    """
    found = contenders(plan)
    nothing = Contender("bare", "bare", plan.python)
    order = random.Random(plan.seed)  # noqa: S311 - the same order every time is what is wanted
    data: dict[str, dict[str, list[float]]] = {row: {} for row in (IMPORT, FIRST_BYTE, PROCESS, ABOVE)}
    rounds = plan.fewer(ROUNDS)
    for number in range(rounds + 1):
        bare_mb = probe(nothing, "memory", plan.seed)
        for contender in order.sample(found, len(found)):
            values = {IMPORT: probe(contender, "import", plan.seed), FIRST_BYTE: probe(contender, "first", plan.seed)}
            memory = probe(contender, "memory", plan.seed)
            values |= {PROCESS: memory, ABOVE: memory - bare_mb}
            if number:
                for row, value in values.items():
                    data[row].setdefault(contender.name, []).append(value)
        say(f"   round {number} of {rounds}")
    return {row: {each.name: samples[each.name] for each in found} for row, samples in data.items()}


def grids(data: Data) -> Sequence[Grid]:
    """Return the times, and the memory."""
    names = names_in(data)
    times = {row: data[row] for row in (IMPORT, FIRST_BYTE) if row in data}
    sizes = {row: data[row] for row in (PROCESS, ABOVE) if row in data}
    return [
        median_grid(times, names, name="start-times", title="CPU time, ms", unit="ms of CPU time"),
        median_grid(sizes, names, name="start-memory", title="memory, MB", unit="MB"),
    ]


TABLE = Table(
    "start",
    "Import, memory and cold start",
    "Each figure is of processes of their own. Import is the CPU time of importing the framework; first byte is all "
    "CPU time from the start of the interpreter until an application with 500 routes has answered its first request. "
    "Memory is what a process with that application, idle, has for itself alone, and how much more that is than of "
    "one with the bare callable.",
    measure,
    grids,
)

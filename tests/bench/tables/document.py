"""What the first OpenAPI document of an application costs: 50 and 500 routes, and FastAPI's in the same run."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contenders import HERE, Contender, ContenderError, ours
from grid import Grid
from plan import Plan, say
from results import Data, median_grid, names_in
from tables.base import Table

SIZES: Final = (50, 500)
ROUNDS: Final = 3
PROBE: Final = HERE / "document_probe.py"


def probe(contender: Contender, kind: str, size: int) -> float:
    """Return what a new process has measured of itself, in milliseconds.

    Raises:
        ContenderError: it failed.
    """
    command: list[str | Path] = [contender.python, PROBE, contender.module, kind, str(size), *contender.paths]
    done = subprocess.run(command, env=contender.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ContenderError(f"{contender.name}: the document of {size} routes failed:\n{done.stderr}")
    return float(done.stdout)


def subjects(plan: Plan) -> list[tuple[str, Contender, str]]:
    """Return whose documents are compared: the column, the contender, and the kind of its classes."""
    mine = ours(plan, "hawkapi")
    found = [(each.name, each, "dataclass") for each in mine]
    if importlib.util.find_spec("pydantic") is not None:
        found.append((f"{mine[-1].name}, pydantic", mine[-1], "pydantic"))
    if "fastapi" in plan.peers:
        found.append(("fastapi", Contender("fastapi", "fastapi", plan.peers["fastapi"]), "pydantic"))
    return found


def measure(plan: Plan) -> Data:
    """Return milliseconds by number of routes."""
    found = subjects(plan)
    data: dict[str, dict[str, list[float]]] = {f"{size} routes": {} for size in SIZES}
    rounds = plan.fewer(ROUNDS)
    for number in range(1, rounds + 1):
        for size in SIZES:
            for name, contender, kind in found:
                data[f"{size} routes"].setdefault(name, []).append(probe(contender, kind, size))
        say(f"   round {number} of {rounds}")
    return data


def grids(data: Data) -> Sequence[Grid]:
    """Return the medians."""
    return [median_grid(data, names_in(data), name="document", title="CPU time, ms", unit="ms of CPU time")]


TABLE = Table(
    "document",
    "OpenAPI document",
    "Milliseconds of CPU time of the first document of an application. Every route has a body and a response of its "
    "own class with a nested one, a path, two query and one header parameter; ours are dataclasses, or pydantic "
    "models where the column says so.",
    measure,
    grids,
)

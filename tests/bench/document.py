"""What the first OpenAPI document of an application costs: 50 routes, 500 routes, and FastAPI's in the same run.

`python tests/bench/document.py [--peer PYTHON]`, where PYTHON has FastAPI; each number is the best of interleaved
rounds, each in a process of its own, of the CPU milliseconds that the document takes once the routes are there.
Every route has a body and a response of its own class with a nested one, a path, two query and one header parameter.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import Annotated, Any, Final

CHECKOUT: Final = Path(__file__).parent.parent.parent
SIZES: Final = (50, 500)
ROUNDS: Final = 3
MOST_FOR_TEN_TIMES_THE_ROUTES: Final = 12.0


def make_class(name: str, members: dict[str, Any], kind: str) -> Any:
    """Return a class with some members, as hawkapi's users and as FastAPI's write them."""
    if kind == "pydantic":
        return importlib.import_module("pydantic").create_model(name, **{key: (tp, ...) for key, tp in members.items()})
    return importlib.import_module("dataclasses").make_dataclass(name, list(members.items()))


def make_app(framework: str, kind: str, size: int) -> Any:
    """Return an application with a number of routes, no two of which share a class."""
    module = importlib.import_module(framework)
    app = module.HawkAPI() if framework == "hawkapi" else module.FastAPI()
    header, query = module.Header, module.Query
    for number in range(size):
        address = make_class(f"Address{number}", {"street": str, "city": str | None}, kind)
        item: Any = make_class(f"Item{number}", {"name": str, "price": float, "tags": list[str], "home": address}, kind)

        async def handler(item_id: int, item: Any, q: Any = None, limit: Any = 10, x_tenant: Any = "") -> Any: ...

        handler.__annotations__ = {
            "item_id": int,
            "item": item,
            "q": str | None,
            "limit": Annotated[int, query(ge=1, le=100)],
            "x_tenant": Annotated[str, header(description="Who.")],
            "return": types.GenericAlias(list, (item,)),
        }
        handler.__name__ = f"handler_{number}"
        app.post(f"/items{number}/{{item_id}}", tags=[f"tag{number % 10}"])(handler)
    return app


def measure(framework: str, kind: str, size: int) -> float:
    """Return the milliseconds of the first document of a new application."""
    make_app(framework, kind, 3).openapi()  # What is loaded once is not what is measured.
    app = make_app(framework, kind, size)
    begin = time.process_time()
    document = app.openapi()
    took_s = time.process_time() - begin
    if len(document["paths"]) != size:
        raise SystemExit(f"{framework}: {len(document['paths'])} paths instead of {size}")
    return took_s * 1000


def measure_apart(python: str, framework: str, kind: str, size: int) -> float:
    """Return what a process of its own has measured."""
    command = [python, str(Path(__file__)), "--measure", framework, kind, str(size)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return float(done.stdout)


def main() -> int:
    """Print the table; 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", metavar="PYTHON", help="an interpreter with FastAPI")
    parser.add_argument("--measure", nargs=3, metavar=("FRAMEWORK", "KIND", "SIZE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(measure(given.measure[0], given.measure[1], int(given.measure[2])))
        return 0
    contenders = [(sys.executable, "hawkapi", "dataclass")]
    if importlib.util.find_spec("pydantic") is not None:
        contenders.append((sys.executable, "hawkapi", "pydantic"))
    if given.peer:
        contenders.append((given.peer, "fastapi", "pydantic"))
    best: dict[tuple[str, str, str], dict[int, float]] = {who: {} for who in contenders}
    for _ in range(ROUNDS):
        for size in SIZES:
            for who in contenders:
                took = measure_apart(*who, size)
                best[who][size] = min(took, best[who].get(size, took))
    return report(best)


def report(best: dict[tuple[str, str, str], dict[int, float]]) -> int:
    """Print what was measured, and return 1 if hawkapi misses a target."""
    peer = next((times[SIZES[1]] for (_, framework, _), times in best.items() if framework == "fastapi"), None)
    missed = False
    for (_, framework, kind), times in best.items():
        few, many = times[SIZES[0]], times[SIZES[1]]
        line = f"{framework:8} {kind:10} {few:8.1f} ms {many:8.1f} ms  ratio {many / few:5.1f}"
        if framework == "hawkapi":
            is_slow = many / few > MOST_FOR_TEN_TIMES_THE_ROUTES or (peer is not None and many > peer)
            missed = missed or is_slow
            line += (f"  of FastAPI's {many / peer:4.2f}" if peer else "") + ("  MISSED" if is_slow else "")
        print(line)
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())

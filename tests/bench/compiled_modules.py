"""What compilation brings each module of the list in `pyproject.toml`: its own work, compiled and from its source.

    python tests/bench/compiled_modules.py COMPILED SOURCE [--rounds 15]

Both are directories that hold a `hawkapi`: one with extension modules, one without. Each is measured in a process of
its own, in turns, and a row is the median over the rounds of one divided by the other. A module belongs on the list at
0.7 or less; the tree, extraction, the resolver and the portable codec are on it in any case.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

type Work = Callable[[], object]

HERE = Path(__file__)
MOST = 0.7
HEADERS = [
    (b"host", b"127.0.0.1"),
    (b"user-agent", b"bench"),
    (b"accept", b"*/*"),
    (b"x-request-id", b"c2a1"),
    (b"content-type", b"application/json"),
    (b"content-length", b"37"),
]
SECONDS = 0.02
"""How long one measurement takes, about."""


@dataclass
class Item:
    """What the body workload sends."""

    name: str
    price: float
    count: int


def works() -> dict[str, Work]:
    """Return a call for each module that is mostly its own work."""
    import hawkapi.codec._portable as portable
    from hawkapi.codec import describe
    from hawkapi.codec._meta import Meta
    from hawkapi.codec._reader import FloatReader
    from hawkapi.codec._text import read_int
    from hawkapi.http._fields import first_field
    from hawkapi.http._query import parse_query

    def convert(annotation: Any, value: object) -> Work:
        read = portable.build_converter(describe(annotation))
        return lambda: read(value, False)

    encode, items = portable.build_encoder(), [Item("hat", 12.5, 3)] * 20
    floats = FloatReader()
    limited = Annotated[int, Meta(ge=1, le=10)]
    return {
        "hawkapi.codec._checks": convert(list[limited], [5] * 50),
        "hawkapi.codec._containers": convert(list[list[int]], [[1]] * 50),
        "hawkapi.codec._encoder": lambda: encode(items),
        "hawkapi.codec._objects": convert(list[Item], [{"name": "hat", "price": 12.5, "count": 3}] * 20),
        "hawkapi.codec._portable": convert(int, 5),
        "hawkapi.codec._reader": lambda: floats.read(12.5, [], False),
        "hawkapi.codec._text": lambda: read_int("12345"),
        "hawkapi.http._fields": lambda: first_field(HEADERS, b"content-type"),
        "hawkapi.http._query": lambda: parse_query(b"q=hawk&limit=5"),
        **request_works(),
    }


def request_works() -> dict[str, Work]:
    """Return the calls for the modules of the request path."""
    from hawkapi import HawkAPI
    from hawkapi._arguments import Arguments
    from hawkapi._results import ResultWriter
    from hawkapi.params._extract import PathArgument, TextArguments
    from hawkapi.routing._parse import parse_template
    from hawkapi.routing._tree import add, empty_table
    from hawkapi.routing.route import Route

    async def search(user_id: int) -> dict[str, object]:
        return {"user_id": user_id}

    app = HawkAPI()
    app.get("/users/{user_id:int}")(search)
    route: Route = next(route for route in app.routes if route.path.startswith("/users"))
    table = empty_table()
    for number in range(50):
        path = f"/users{number}/{{user_id:int}}"
        table = add(table, route, parse_template(path))
    path_argument = PathArgument("user_id", 0, 0, None)
    texts = TextArguments([path_argument] * 5, None, None, None)
    arguments = Arguments(1, texts, None)
    result = {"user_id": 42}
    writer = ResultWriter(route)
    found: list[object] = [0]
    return {
        "hawkapi._arguments": lambda: arguments.gather([42], b"", HEADERS, b""),
        "hawkapi._results": lambda: writer.messages(result, "GET", HEADERS),
        "hawkapi.params._extract": lambda: texts.fill(found, [42], b"", HEADERS, []),
        "hawkapi.routing._tree": lambda: table.find("GET", "/users7/42"),
    }


def measure(work: Work) -> float:
    """Return the nanoseconds of processor time of one call."""
    number, spent = 1, 0
    while spent < SECONDS * 1e9:
        number *= 2
        started = time.process_time_ns()
        for _ in range(number):
            work()
        spent = time.process_time_ns() - started
    return spent / number


def serve() -> int:
    """Measure each module named on stdin; one line of JSON in, one out."""
    known = works()
    for line in sys.stdin:
        print(json.dumps(measure(known[json.loads(line)])), flush=True)
    return 0


class Process:
    """A process that measures the package of one directory."""

    def __init__(self, directory: Path) -> None:
        environ = {**os.environ, "PYTHONPATH": str(directory.resolve()), "HAWKAPI_CODEC": "portable"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, HERE], env=environ, stdin=pipe, stdout=pipe, text=True)

    def ask(self, module: str) -> float:
        """Return what one call of a module's work takes."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(module) + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """Let the process end, and wait until it has."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


def main() -> int:
    """Print a row for each module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("compiled", type=Path)
    parser.add_argument("source", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    settings = tomllib.loads((HERE.parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    compiled, source = Process(options.compiled), Process(options.source)
    print(f"{'module':<32}{'compiled':>10}{'source':>10}{'ratio':>8}   ns, medians of {options.rounds} rounds")
    for entry in settings["tool"]["hawkapi"]["compiled"]:
        pairs = [(compiled.ask(entry["module"]), source.ask(entry["module"])) for _ in range(options.rounds)]
        ratio = statistics.median(one / other for one, other in pairs)
        ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
        print(f"{entry['module']:<32}{ours:>10.0f}{theirs:>10.0f}{ratio:>8.2f}{'' if ratio <= MOST else '   above'}")
    compiled.close()
    source.close()
    return 0


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) > 1 else serve())

"""What each middleware adds to a request, without a server, as a table in Markdown.

    PYTHONPATH=. python tests/bench/middleware_cost.py [--rounds 40] [--requests 300] [--only NAME]

The first row is what it costs to have middleware at all. The others are what each adds to an application that has an
empty one already, which is asked the same. Both, and the bare callable, are driven in turn, and a row shows medians, so
that a change of the machine's speed meets all alike. Times are of the CPU; of what waits, for Redis or for a file,
they are by the clock. `middleware_rows.py` says what is measured.

The issue's target is about the empty middleware: at most half of the bare callable's time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import importlib
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support"), str(HERE.parent.parent / "ci")]

import driver  # noqa: E402 - found through the path set above
from middleware_rows import Empty, Row, all_rows, make_app, make_bulkheads  # noqa: E402
from redis_servers import redis_server  # noqa: E402
from workloads import TUNED, Workload, make_scope  # noqa: E402

TARGET: Final = 0.5
WORKLOAD: Final = TUNED["json"]


class Silent:
    """A logger that writes nowhere."""

    def info(self, event: str) -> None:
        """Do nothing."""


class Cost(NamedTuple):
    """Seconds of one request: medians over the rounds."""

    added: float
    """By which the application with the middleware takes longer."""
    without: float
    """Of the application without it."""
    bare: float
    """Of the bare callable, to the request of the `json` row."""


async def compare(
    bare: Any, without: Any, having: Any, workload: Workload, rounds: int, requests: int, *, waits: bool = False
) -> Cost:
    """Return what a request to one application costs more than one to another."""
    clock = time.perf_counter if waits else time.process_time
    added, plain, bare_seconds = [], [], []
    for app in (without, having):
        await driver.drive(app, workload, driver.WARM_UP_REQUESTS)
    for _ in range(rounds):
        before = await driver.drive(without, workload, requests, clock)
        added.append(await driver.drive(having, workload, requests, clock) - before)
        plain.append(before)
        bare_seconds.append(await driver.drive(bare, WORKLOAD, requests))
    return Cost(statistics.median(added), statistics.median(plain), statistics.median(bare_seconds))


async def returning(app: Any, row: Row) -> Workload:
    """Return the request of a row, with what the answer to its first one told the client to bring."""
    if row.first is None:
        return row.workload
    cookies: dict[str, str] = {}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        for name, value in message.get("headers", ()):
            if name == b"set-cookie":
                cookies.update([value.decode().partition(";")[0].split("=", 1)])

    await app(make_scope(row.first), receive, send)
    if not cookies:
        raise SystemExit(f"{row.name} ({row.does}) has set no cookie; this row would measure nothing")
    fields = [("cookie", "; ".join(f"{name}={value}" for name, value in cookies.items()))]
    fields += [("x-csrf-token", value) for name, value in cookies.items() if name == "csrftoken"]
    headers = tuple((name.encode(), value.encode()) for name, value in fields)
    return replace(row.workload, headers=(*row.workload.headers, *headers))


async def measure(row: Row, bare: Any, redis_url: str | None, rounds: int, requests: int) -> Cost:
    """Return what the middleware of a row adds."""
    without = make_app((Empty, {}))
    having = make_app((Empty, {}), row.entry, bulkheads=make_bulkheads(redis_url))
    workload = await returning(having, row)
    requests = max(1, requests // 10) if row.waits or workload.path == "/page" else requests
    return await compare(bare, without, having, workload, rounds, requests, waits=row.waits)


def in_one_line(row: Row, cost: Cost, empty_request: float) -> str:
    """Return a row of the table."""
    does = f"{row.does}, by the clock" if row.waits else row.does
    return f"| `{row.name}` | {does} | {cost.added * 1e6:.1f} | {cost.added / empty_request:.2f} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 0 whatever the numbers are."""
    parser = argparse.ArgumentParser(description="Measure what each middleware adds to a request.")
    parser.add_argument("--rounds", type=int, default=40, help="interleaved rounds (default 40)")
    parser.add_argument("--requests", type=int, default=300, help="requests per round and application (default 300)")
    parser.add_argument("--only", help="the middleware of this name")
    parser.add_argument("--no-redis", action="store_true", help="leave out what needs a Redis server")
    options = parser.parse_args(arguments)
    importlib.import_module("structlog").configure(processors=[lambda *_: ""], logger_factory=lambda *_: Silent())
    sys.path.insert(0, str(HERE / "apps"))
    bare = importlib.import_module("bare").app
    gc.freeze()  # What is loaded by now is not garbage, and is not to be looked at in the middle of a row.
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = None if options.no_redis else stack.enter_context(redis_server(place)).url
        print_table(bare, place / "sessions", url, options)
    return 0


def print_table(bare: Any, directory: Path, redis_url: str | None, options: argparse.Namespace) -> None:
    """Measure and print all rows, and what has become of the target."""
    rounds, requests = options.rounds, options.requests
    print(f"{sys.version.split()[0]}: {rounds} rounds of {requests} requests\n")
    first = asyncio.run(compare(bare, make_app(), make_app((Empty, {})), WORKLOAD, rounds, requests))
    print("| Middleware | What it does here | µs | of an empty request |\n|---|---|---|---|")
    print(f"| none | a request and its answer, all of it | {first.without * 1e6:.1f} | 1.00 |")
    print(in_one_line(Row("any", "having middleware at all", (Empty, {})), first, first.without), flush=True)
    verdict = ""
    for row in all_rows(directory, redis_url):
        if options.only not in {None, row.name} or not row.is_possible:
            continue
        cost = asyncio.run(measure(row, bare, redis_url, rounds, requests))
        print(in_one_line(row, cost, first.without), flush=True)
        if row.name == "empty":
            ratio = cost.added / cost.bare
            met = "met" if ratio <= TARGET else "not met"
            verdict = f"\nempty middleware: {ratio:.2f} of the bare callable, target <= {TARGET}: {met}"
    print(verdict)


if __name__ == "__main__":
    raise SystemExit(main())

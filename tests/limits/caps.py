"""Send random requests to an application with all middleware, and fail when a table grows beyond its cap.

    PYTHONPATH=. python tests/limits/caps.py [--requests 1000000] [--threads 4] [--seed S]

No server: each thread calls the application in its own event loops, a new one after some hundred requests, ten requests
at a time. Paths, methods, addresses, header fields, cookies, queries and bodies are made up; some requests are left
early, some are WebSockets. Redis is away. At four moments, while the event loops still run, all tables are counted and
the memory is measured.

What it proves: no container that an object of hawkapi has is larger than its cap, no other one has grown, and once the
tables are full the process needs no more memory. What it does not prove: anything about time, or about a server.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "support")]

from crowd import crowded_app, tables  # noqa: E402 - found through the path set above
from crowd.growth import Mark, judge, report  # noqa: E402
from crowd.visitors import Visitors  # noqa: E402
from fuzzing.memory import MIB, usage  # noqa: E402

from hawkapi.types import ASGIApp  # noqa: E402

AT_ONCE: Final = 10
PER_LOOP: Final = 400
MARKS: Final = (0.01, 0.1, 0.25, 1.0)
"""Of all requests. At the third all tables are full, if there are a million."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Send the requests and print the table; 1 if something has grown too large."""
    options = parse(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    print(f"{sys.version.split()[0]}, GIL {gil()}: {options.requests} requests, {options.threads} threads, seed {seed}")
    # PERF: without the GIL a collection looks at all objects while every thread stands still.
    gc.set_threshold(50_000)
    app = crowded_app.make_app()
    crowd = tables.Crowd(options.threads, AT_ONCE)
    caps = tables.caps(crowd, len(app.routes) + 1)  # A mounted application counts as one route.
    marks, answers = run(crowded_app.outermost(app, crowded_app.make_foreign()), options, seed)
    print("answers: " + ", ".join(f"{name}: {count}" for name, count in sorted(answers.items())))
    report(marks, caps)
    faults = judge(marks, caps)
    print("\n".join(faults) if faults else "no table is beyond its cap, and memory is level")
    return 1 if faults else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Send random requests, and fail when a table outgrows its cap.")
    parser.add_argument("--requests", type=int, default=1_000_000, help="in all threads (default 1000000)")
    parser.add_argument("--threads", type=int, default=4, help="with an event loop each (default 4)")
    parser.add_argument("--seed", type=int, help="repeats the requests of a run; default random")
    options = parser.parse_args(arguments)
    if options.threads < 1 or options.requests < len(MARKS) * AT_ONCE * options.threads:
        parser.error(f"each thread, of one or more, sends at least {len(MARKS) * AT_ONCE} requests")
    return options


def gil() -> str:
    """Say whether the interpreter has it."""
    return "on" if getattr(sys, "_is_gil_enabled", lambda: True)() else "off"


def run(app: ASGIApp, options: argparse.Namespace, seed: int) -> tuple[list[Mark], Counter[str]]:
    """Send all requests; return what there was at the marks, and the answers."""
    started = time.perf_counter()
    share = options.requests // options.threads
    # Whole numbers of batches, each above the one before; what rounding takes away nobody misses.
    stops = [max(number, round(mark * share / AT_ONCE)) * AT_ONCE for number, mark in enumerate(MARKS, 1)]
    marks: list[Mark] = []

    def look() -> None:
        done = stops[len(marks)] * options.threads
        marks.append(Mark(done, tables.sizes(), usage(), time.perf_counter() - started))
        memory = marks[-1].memory.resident // MIB
        print(f"  {done} requests after {marks[-1].seconds:.0f} s, {memory} MiB", flush=True)

    # One thread looks, while the others wait with their loops.
    barrier = threading.Barrier(options.threads, action=look)
    crowds = [Visitors(app, Random(f"{seed}/{number}")) for number in range(options.threads)]  # noqa: S311 - it is no secret
    failures: list[BaseException] = []

    def work(visitors: Visitors) -> None:
        try:
            visit_in_loops(visitors, stops, barrier.wait)
        except BaseException as exc:  # noqa: BLE001 - whatever it is, the others must not wait for this thread
            failures.append(exc)
            barrier.abort()

    threads = [threading.Thread(target=work, args=(visitors,)) for visitors in crowds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return marks, sum((visitors.answers for visitors in crowds), Counter())


def visit_in_loops(visitors: Visitors, stops: Sequence[int], wait: Callable[[], object]) -> None:
    """Send requests up to the last stop, in one event loop after the other; wait at each stop."""

    async def visit(first: int) -> None:
        for start in range(first, min(first + PER_LOOP, stops[-1]), AT_ONCE):
            await asyncio.gather(*(visitors.visit(start + each) for each in range(AT_ONCE)))
            if start + AT_ONCE in stops:
                wait()

    for first in range(0, stops[-1], PER_LOOP):
        asyncio.run(visit(first))


if __name__ == "__main__":
    raise SystemExit(main())

"""Fuzz the application of `target_app.py` in this interpreter, with its codec.

    python tests/fuzz/run.py [--seconds 60] [--seed S] [--target NAME] [--case N] [--digests FILE]

What it proves: to each of the random requests the application gave one complete answer that HTTP and ASGI allow, no
exception came out of it, no status was the server's fault, the cutting of a body into chunks changed nothing, and
memory did not grow. With `--digests` the answers are written down for `everywhere.py`. What it does not prove: that the
answers are right; the rest of the suite is for that.

`--case N` gives one case and prints its answer. `--serve` reads cases from standard input, one in a line, and writes
their answers, for `everywhere.py`.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

from fuzzing.campaign import Campaign, Result, campaign, until  # noqa: E402 - found through the path set above
from fuzzing.cases import Case  # noqa: E402
from fuzzing.exchange import Budget  # noqa: E402
from fuzzing.memory import MemoryWatch  # noqa: E402
from fuzzing.targets import TARGETS, make_case  # noqa: E402
from fuzzing.watchdog import Watchdog  # noqa: E402

WATCHDOG_S = 90.0


def main() -> int:
    """Run what the command line says; 1 when a property did not hold."""
    options = arguments()
    targets = (options.target,) if options.target else tuple(TARGETS)
    # The failures that are looked for are in the answers; the log would only repeat them.
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="hawkapi-fuzz-") as scratch:
        app = importlib.import_module("target_app").make_app(Path(scratch))
        if options.serve:
            return serve(app)
        if options.case is not None:
            return repeat(app, options.seed, options.case, targets)
        return fuzz(app, options, targets)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Give random requests to an application in this process.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long, default 60")
    parser.add_argument("--seed", type=int, required=True, help="what the requests are made from")
    parser.add_argument("--target", choices=TARGETS, help="what the requests are about, default everything")
    parser.add_argument("--case", type=int, help="only the request with this number")
    parser.add_argument("--digests", type=Path, help="where to write what the answers were")
    parser.add_argument("--serve", action="store_true", help="answer the cases on standard input")
    return parser.parse_args()


def fuzz(app: Any, options: argparse.Namespace, targets: tuple[str, ...]) -> int:
    """Fuzz until the time is over and print what was found."""
    current: list[Any] = [0, Case()]

    def on_case(number: int, case: Case) -> None:
        current[:] = [number, case]
        watchdog.alive()

    def describe() -> str:
        return f"{current[1]}\n{repetition(options.seed, current[0], targets)}"

    with (
        Watchdog(WATCHDOG_S, describe) as watchdog,
        campaign(app, options.seed, targets, memory=MemoryWatch(), on_case=on_case) as running,
    ):
        result = running.run(until(options.seconds))
    if options.digests is not None:
        options.digests.write_bytes(result.digests)
    report(result, options.seed)
    return int(bool(result.failures or result.memory))


def report(result: Result, seed: int) -> None:
    """Print what a campaign found."""
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(result.statuses.items()))
    print(f"{result.requests} requests: {statuses}", flush=True)
    for failure in result.failures:
        print(f"\nFAILED {failure.violation.name}: {failure.violation.message}")
        print(f"smallest request found:\n{failure.smallest}")
        print(repetition(seed, failure.number, (failure.target,)))
    if result.memory:
        print(f"\nFAILED memory: {result.memory}")
    sys.stdout.flush()


def repetition(seed: int, number: int, targets: tuple[str, ...]) -> str:
    """Return the command that repeats a case."""
    target = targets[number % len(targets)]
    return f"repeat it with: nox -s fuzz -- --seed {seed} --target {target} --case {number}"


def repeat(app: Any, seed: int, number: int, targets: tuple[str, ...]) -> int:
    """Give one case and print everything."""
    with campaign(app, seed) as running:
        _, case = make_case(seed, number, targets)
        print(case)
        answer, found = running.judge(case)
    print(f"-> {answer.status}")
    for name, value in answer.headers:
        print(f"  {name!r}: {value!r}")
    print(f"  {answer.body[:2000]!r}")
    for violation in found:
        print(f"FAILED {violation.name}: {violation.message}")
    sys.stdout.flush()
    return int(bool(found))


def serve(app: Any) -> int:
    """Answer each case on standard input with a line."""
    with campaign(app, 0, budget=Budget(seconds=60)) as running:
        for line in sys.stdin:
            print(answer_line(running, Case.from_json(line)), flush=True)
    return 0


def answer_line(running: Campaign, case: Case) -> str:
    """Return an answer as a line."""
    return repr(running.answer(case).canonical())


if __name__ == "__main__":
    sys.exit(main())

"""Run the race tests again and again, on each interpreter in turn, and stop at the first failure.

    python ci/races.py [--times 20] [--first 1] --with TITLE PYTHON CODEC ...

They are part of the suite, where each runs once. Here every repetition is a process of its own with a seed of its own,
its number: it chooses the random numbers of the tests that draw some, and the hashes of strings. An interpreter with a
GIL passes it on every ten microseconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import suite
from console import CIError, exit_with
from project import PROJECT

MARK: Final = "mark.race"
SWITCH_INTERVAL_S: Final = "1e-5"
SLOWEST: Final = 10
LIMIT_S: Final = 900.0
"""For one repetition, which takes half a minute on an idle machine: after that something hangs."""


@dataclass(frozen=True)
class Target:
    """An interpreter with a codec."""

    title: str
    python: Path
    codec: str
    """Empty for the interpreter's own choice."""


def race_files(project: Path) -> list[str]:
    """Return the test files that have race tests; collecting all others takes longer than the races."""
    tests = project / "tests"
    files = (file for file in sorted(tests.rglob("test_*.py")) if tests / "ci" not in file.parents)
    return [str(file.relative_to(project)) for file in files if MARK in file.read_text("utf-8")]


def run_once(target: Target, seed: int, project: Path, slowest: dict[str, float]) -> suite.Outcome:
    """Run all race tests once and print a row of the table; note how long each takes at most.

    Raises:
        CIError: a test failed, none ran, or one hangs. The message says how to repeat the run.
    """
    arguments = ["-m", "race", "-x", *race_files(project)]
    run = suite.Run(target.title, target.python, arguments, tree=project, codec=target.codec)
    again = f"repeat it with: nox -s races -- --times 1 --first {seed}"
    with tempfile.TemporaryDirectory(prefix="hawkapi-races-") as scratch:
        report, output = Path(scratch, "report.xml"), Path(scratch, "output.txt")
        try:
            code = call(run.command(report), project, {**run.environment(), **variables_of(seed)}, output)
        except subprocess.TimeoutExpired:
            print(output.read_text("utf-8", errors="replace"), flush=True)
            raise CIError(f"{target.title}, seed {seed}: no end after {LIMIT_S:.0f} s; {again}") from None
        if code or not report.exists():
            print(output.read_text("utf-8", errors="replace"), flush=True)
        if not report.exists():
            raise CIError(f"{target.title}, seed {seed}: pytest wrote no report (exit code {code}); {again}")
        got = suite.read_report(target.title, code, report)
        note_slowest(report, slowest)
    print(f"{seed:>4}  {got.title:<28}{got.tests:>7}{got.failures:>8}{got.skipped:>9}{got.seconds:>9.1f}", flush=True)
    if code or not got.tests:
        raise CIError(f"{target.title}, seed {seed}: a race test failed; the output is above; {again}")
    return got


def call(command: Sequence[str], place: Path, environment: Mapping[str, str], output: Path) -> int:
    """Run a command with its output in a file; return its exit code."""
    with output.open("wb") as words:
        return subprocess.run(
            command, check=False, cwd=place, env=environment, stdout=words, stderr=subprocess.STDOUT, timeout=LIMIT_S
        ).returncode


def variables_of(seed: int) -> dict[str, str]:
    """Return what a repetition depends on, and where the Redis server is, if somebody said so."""
    return {
        **{name: value for name, value in os.environ.items() if name == "HAWKAPI_REDIS_SERVER"},
        "HAWKAPI_RACE_SEED": str(seed),
        "HAWKAPI_SWITCH_INTERVAL": SWITCH_INTERVAL_S,
        "PYTHONHASHSEED": str(seed),
    }


def note_slowest(report: Path, slowest: dict[str, float]) -> None:
    """Take over how long each test of a report took, where that is longer than before."""
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote the file just now
        name = f"{case.attrib['classname']}::{case.attrib['name']}"
        slowest[name] = max(slowest.get(name, 0.0), float(case.attrib["time"]))


def repeat(targets: Sequence[Target], seeds: Sequence[int], project: Path = PROJECT) -> None:
    """Make all repetitions, print their table, and the slowest tests at the end, also after a failure.

    Raises:
        CIError: one failed.
    """
    slowest: dict[str, float] = {}
    print(f"{'seed':>4}  {'interpreter':<28}{'tests':>7}{'failed':>8}{'skipped':>9}{'seconds':>9}", flush=True)
    try:
        for seed in seeds:
            for target in targets:
                run_once(target, seed, project, slowest)
    finally:
        for name, seconds in sorted(slowest.items(), key=lambda item: -item[1])[:SLOWEST]:
            print(f"{seconds:>8.2f} s at most  {name}")
    print(f"all race tests passed {len(seeds)} times in a row on each of {len(targets)} interpreters", flush=True)


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=20, help="repetitions, default 20")
    parser.add_argument("--first", type=int, default=1, help="the seed of the first one, default 1")
    parser.add_argument("--with", action="append", nargs=3, required=True, dest="targets", help="TITLE PYTHON CODEC")
    chosen = parser.parse_args()
    if chosen.times < 1:
        raise CIError(f"--times is {chosen.times}; the tests run at least once")
    targets = [Target(title, Path(python), codec) for title, python, codec in chosen.targets]
    repeat(targets, range(chosen.first, chosen.first + chosen.times))
    return 0


if __name__ == "__main__":
    sys.exit(exit_with(main))

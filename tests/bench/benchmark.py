"""Measures hawkapi beside other frameworks, on the build of the interpreter that runs it.

    nox -s bench -- [--only TABLE] [--quick] [--json FILE] [--rounds 15] [--milliseconds 20] [--seed 1]

Every contender is a process of its own with one application, and all answer the same requests, which is checked first.
A round drives each of them in turn, in an order drawn anew, so that a change of the machine's speed meets all alike;
the bare callable is driven in each of the processes, just before and after, and what a request costs above it is the
difference. A row shows the medians over the rounds. Only ratios mean anything. Nothing fails because a number is bad;
the last lines say which targets are met. The raw data go to a file, from which `page.py` makes docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from contenders import ContenderError, contenders, describe
from grid import as_text
from plan import Plan, add_options, build_name, make_plan, one_of, table
from results import Data, rounded
from tables import document, growth, rates, requests, served, start, threads
from tables.base import Table
from targets import verdicts

TABLES: Final[Sequence[Table]] = (
    requests.TUNED_TABLE,
    requests.DRAWN_TABLE,
    threads.TABLE,
    served.TABLE,
    start.TABLE,
    document.TABLE,
    rates.TRANSFERS_TABLE,
    rates.ECHO_TABLE,
    growth.ADDITIONS_TABLE,
    growth.GROWTH_TABLE,
)


def run(plan: Plan, wanted: Sequence[str], keep: Callable[[Mapping[str, Any]], object]) -> dict[str, Any]:
    """Measure tables, print and keep each when it is there, and return what a file holds of a build.

    A table that cannot be measured does not take the others with it: its name and the reason are in `failures`.

    Raises:
        ContenderError: an application does not start.
    """
    build = build_name()
    about = describe(contenders(plan), plan.seed)
    print(f"\n{build}: {plan.rounds} rounds of {plan.seconds * 1000:g} ms, seed {plan.seed}")
    for name, facts in about.items():
        print(f"  {name:<18}" + ", ".join(f"{key} {value}" for key, value in facts.items() if value != ""))
    sys.stdout.flush()
    settings = {"rounds": plan.rounds, "milliseconds": plan.seconds * 1000, "seed": plan.seed}
    content: dict[str, Any] = {"about": about, "settings": {}, "tables": {}, "failures": {}}
    for each in TABLES:
        if each.name not in wanted:
            continue
        try:
            with table(f"{each.name}, {build}"):
                content["tables"][each.name] = rounded(each.measure(plan))
        except ContenderError as exc:
            print(f"error: {exc}", file=sys.stderr)
            content["failures"][each.name] = str(exc)
            continue
        content["settings"][each.name] = settings
        report(each, content["tables"][each.name])
        keep(content)
    return content


def report(each: Table, data: Data) -> None:
    """Print a table."""
    print(f"\n{each.title}" + ("" if data else ": nothing was measured"))
    for grid in each.grids(data):
        print("\n".join(as_text(grid)))
    sys.stdout.flush()


def known(file: Path) -> dict[str, Any]:
    """Return what a file holds of earlier runs, nothing if it cannot be read."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return content
    return {}


def write_json(file: Path, build: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Put the raw data of a build into a file that may hold other builds' and other tables'; return all of it."""
    runs = known(file)
    before = runs.get(build, {})
    tables = {**before.get("tables", {}), **content["tables"]}
    about = {**before.get("about", {}), **content["about"]}
    settings = {**before.get("settings", {}), **content["settings"]}
    runs[build] = {"about": about, "settings": settings, "tables": tables}
    lines = [f"{json.dumps(name)}: {as_lines(each)}" for name, each in sorted(runs.items())]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return runs


def as_lines(run_of_build: Mapping[str, Any]) -> str:
    """Return a build's part of the file: a line for each row of each table, so that runs can be compared as text."""
    parts = [f'"{key}": {json.dumps(run_of_build[key])}' for key in ("about", "settings")]
    tables = []
    for name, data in run_of_build["tables"].items():
        rows = [f"{json.dumps(row)}: {json.dumps(found, separators=(',', ':'))}" for row, found in data.items()]
        tables.append(f"{json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n}")
    return "{\n" + ",\n".join([*parts, '"tables": {\n' + ",\n".join(tables) + "\n}"]) + "\n}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of this interpreter; 1 when an application cannot be measured, 0 whatever the numbers are."""
    parser = argparse.ArgumentParser(description="Measure hawkapi beside other frameworks.")
    names = [each.name for each in TABLES]
    add_options(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the raw data, one entry per build")
    parser.add_argument(
        "--only", type=one_of(names), action="append", metavar="TABLE", help=f"of {', '.join(names)}; may come again"
    )
    options = parser.parse_args(arguments)
    plan, build = make_plan(options), build_name()

    def keep(content: Mapping[str, Any]) -> None:
        if options.json:
            write_json(options.json, build, content)

    try:
        content = run(plan, options.only or names, keep)
    except ContenderError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    print(f"\nTargets, {build}")
    for verdict in verdicts({build: content}):
        print(verdict.as_text())
    return int(bool(content["failures"]))


if __name__ == "__main__":
    raise SystemExit(main())

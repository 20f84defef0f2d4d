"""Writes docs/benchmarks.md and its plots from raw data, so that no figure of the page was typed.

    nox -s bench_page -- [FILE]

FILE is what `nox -s bench -- --json FILE` has written; its content becomes tests/bench/results.json, of which a test
makes the page again. Without it, the page is written from that.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmark import TABLES
from contenders import CHECKOUT, HERE
from grid import Grid, as_markdown
from tables.base import Table
from targets import Runs, Verdict, verdicts

RESULTS: Final = HERE / "results.json"
DOCS: Final = CHECKOUT / "docs"
PICTURES: Final = "benchmarks"
MOST_BYTES: Final = 60_000
"""Of one picture."""

HEAD: Final = """\
# Benchmarks

<!-- Written by tests/bench/page.py: to change it, change that, and run nox -s bench_page. -->

Anyone can repeat this: `nox -s bench -- --json results.json` measures, on CPython 3.13 and on its free-threaded build,
and `nox -s bench_page -- results.json` writes this page. Every application is a process of its own, with ordinary
handlers in the recommended configuration of its framework. All get the same requests, in turn, in an order drawn anew
in every round, and have their answers checked first. Figures are medians over the rounds. Compare columns, not
machines: only the ratios mean anything.

Columns `msgspec` and `portable` are hawkapi with either codec, interpreted from the checkout, and `compiled+` is its
compiled wheel.
"""


def page(runs: Runs) -> str:
    """Return the text of the page."""
    parts = [HEAD, *settings(runs), "## Targets\n", *targets(verdicts(runs))]
    for table in TABLES:
        parts += section(table, runs)
    return "\n".join(parts).rstrip() + "\n"


def settings(runs: Runs) -> Iterator[str]:
    """Yield what was measured, and how long: tables may be of different runs."""
    for build, run in runs.items():
        found: dict[str, list[str]] = {}
        for name, how in run["settings"].items():
            text = f"{how['rounds']} rounds of {how['milliseconds']:g} ms of CPU time per application and row"
            found.setdefault(f"{text}, seed {how['seed']}", []).append(name)
        each = [f"{text} ({', '.join(names)})" if len(found) > 1 else text for text, names in found.items()]
        yield f"On {build}: {'; '.join([*each, ', '.join(versions(run['about']))])}.\n"


def versions(about: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the Python of a run, and the version of each framework."""
    yield f"Python {next(iter(about.values()))['python']}"
    found = {(key, facts[key]) for facts in about.values() for key in facts if key in NAMES or key == "hawkapi"}
    yield from (f"{name} {version}" for name, version in sorted(found))


NAMES: Final = frozenset({"starlette", "falcon", "fastapi", "litestar", "blacksheep", "sanic"})


def targets(found: Iterator[Verdict]) -> Iterator[str]:
    """Yield the table of targets."""
    yield "| Measure | Target | Build | | Figure |\n|---|---|---|---|---|"
    for each in found:
        words = f"**{each.words.lower()}**" if each.met is False else each.words
        yield f"| {each.measure} | {each.target} | {each.build} | {words} | {each.figure} |"
    yield ""


def section(table: Table, runs: Runs) -> Iterator[str]:
    """Yield what the page says of a table: what it is, and figures of every build that has some."""
    yield f"## {table.title}\n\n{table.about}\n"
    for build, grid in grids(table, runs):
        yield f"```{{image}} {picture(build, grid)}\n:alt: {grid.unit}, on {build}\n```\n"
        yield f"{build}: {grid.title}\n"
        yield "\n".join(as_markdown(grid)) + "\n"


def grids(table: Table, runs: Runs) -> Iterator[tuple[str, Grid]]:
    """Yield the grids of a table that have a figure, by build."""
    for build, run in runs.items():
        if table.name in run["tables"]:
            for grid in table.grids(run["tables"][table.name]):
                if grid.rows:
                    yield build, grid


def picture(build: str, grid: Grid) -> str:
    """Return where the plot of a grid is, as the page names it."""
    return f"{PICTURES}/{grid.name}-{build}.svg"


def write(runs: Runs, docs: Path, draw: Callable[[Grid], str]) -> None:
    """Write the page and its plots, and take away plots that it has no longer.

    Raises:
        ValueError: a plot is too large to be kept.
    """
    (docs / PICTURES).mkdir(exist_ok=True)
    drawn = {picture(build, grid): draw(grid) for table in TABLES for build, grid in grids(table, runs)}
    large = [name for name, content in drawn.items() if len(content) > MOST_BYTES]
    if large:
        raise ValueError(f"larger than {MOST_BYTES} bytes: {', '.join(large)}")
    for old in (docs / PICTURES).glob("*.svg"):
        old.unlink()
    for name, content in drawn.items():
        (docs / name).write_text(content, encoding="utf-8")
    (docs / "benchmarks.md").write_text(page(runs), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description="Write docs/benchmarks.md from raw data.")
    parser.add_argument("file", type=Path, nargs="?", default=RESULTS, help="default tests/bench/results.json")
    options = parser.parse_args(arguments)
    if not options.file.exists():
        print(f"error: there is no {options.file}; to have it: nox -s bench -- --json {options.file}", file=sys.stderr)
        return 1
    text = options.file.read_text(encoding="utf-8")
    from plots import draw  # Needs matplotlib, which is where pages are written and nowhere else.

    if options.file != RESULTS:
        RESULTS.write_text(text, encoding="utf-8")
    write(json.loads(text), DOCS, draw)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

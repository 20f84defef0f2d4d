"""Compares what requests cost now with the committed ratios, and fails when one is more than 25 % dearer.

    nox -s bench_check -- [--rounds 15] [--milliseconds 20] [--write]

A ratio is the cost of a request above the bare callable, divided by that one's cost in the same process and round, so
that it does not depend on how fast a machine is; the median of at least 15 interleaved pairs. A row that looks dearer
is measured once more, with twice as many pairs, and that says whether it is. `--write` commits to what is measured now.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from contenders import HERE, Contender, ContenderError, ours
from plan import Plan, add_options, build_name, make_plan, one_of, say
from results import Data, cost_ratio
from rounds import costs
from workloads import TUNED

COMMITTED: Final = HERE / "ratios.json"
LIMIT: Final = 1.25
LEAST_PAIRS: Final = 15

type Ratios = Mapping[str, Mapping[str, float]]
"""By contender and row."""


def ratios_of(data: Data) -> dict[str, dict[str, float]]:
    """Return the ratios of what was measured."""
    found: dict[str, dict[str, float]] = {}
    for row, by_name in data.items():
        for name, pairs in by_name.items():
            found.setdefault(name, {})[row] = round(cost_ratio(pairs), 3)
    return found


def dearer(now: Ratios, committed: Ratios) -> list[tuple[str, str]]:
    """Return the contenders and rows whose ratio has grown beyond the limit."""
    return [
        (name, row)
        for name, rows in now.items()
        for row, ratio in rows.items()
        if row in committed.get(name, {}) and ratio > committed[name][row] * LIMIT
    ]


def measure(plan: Plan, found: Sequence[Contender], rows: Sequence[str], rounds: int) -> dict[str, dict[str, float]]:
    """Return the ratios of contenders now.

    Raises:
        ContenderError: one cannot be measured.
    """
    return ratios_of(costs(plan, found, rows, rounds))


def check(
    plan: Plan,
    found: Sequence[Contender],
    committed: Ratios,
    rows: Sequence[str] = tuple(TUNED),
    *,
    measure: Callable[..., dict[str, dict[str, float]]] = measure,
) -> list[str]:
    """Return a line for each row that is dearer, and is so again when it is measured once more.

    Args:
        plan: how much is measured.
        found: whom.
        committed: what they are compared with.
        rows: default all.
        measure: gets a plan, contenders, rows and rounds; tests have one that does not measure.

    Raises:
        ContenderError: a contender cannot be measured, or nothing is committed that it could be compared with.
    """
    absent = [each.name for each in found if not committed.get(each.name)]
    if absent:
        raise ContenderError(
            f"{COMMITTED.name} has no ratios of {', '.join(absent)} on {build_name()}; add them with --write"
        )
    rounds = max(plan.rounds, LEAST_PAIRS)
    now = measure(plan, found, rows, rounds)
    report(now, committed)
    suspicious = dearer(now, committed)
    if not suspicious:
        return []
    say(f"   once more: {', '.join(f'{row} of {name}' for name, row in suspicious)}")
    names, dear = {name for name, _ in suspicious}, {row for _, row in suspicious}
    doubtful = [each for each in found if each.name in names]
    again = measure(plan, doubtful, [row for row in rows if row in dear], 2 * rounds)
    return [
        f"{row} of {name}: {again[name][row]:.2f} of the bare driver's cost, {committed[name][row]:.2f} was committed"
        for name, row in dearer(again, committed)
        if (name, row) in suspicious
    ]


def report(now: Ratios, committed: Ratios) -> None:
    """Print the ratios beside those committed."""
    print(f"\n{build_name()}: cost above bare ÷ bare, now and committed")
    for name, rows in now.items():
        for row, ratio in rows.items():
            then = committed.get(name, {}).get(row)
            change = f"{then:8.2f} {ratio / then:8.2f}x" if then else "       -"
            print(f"{name:<18}{row:<14}{ratio:8.2f}{change}")
    sys.stdout.flush()


def read(file: Path) -> dict[str, Any]:
    """Return what is committed, by build."""
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return content


def write(file: Path, now: Ratios) -> None:
    """Commit to the ratios of this build; what others have, and contenders that were not measured, stay."""
    content = read(file)
    build = build_name()
    content[build] = {**content.get(build, {}), **now}
    file.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 if a row is dearer than was committed, or if nothing can be said."""
    parser = argparse.ArgumentParser(description="Compare the cost of requests with the committed ratios.")
    add_options(parser)
    parser.add_argument("--write", action="store_true", help="commit to what is measured now")
    parser.add_argument(
        "--only", type=one_of([*TUNED]), action="append", metavar="ROW", help="one of the rows; may come again"
    )
    parser.add_argument("--ratios", type=Path, default=COMMITTED, metavar="FILE", help=f"default {COMMITTED.name}")
    options = parser.parse_args(arguments)
    plan, rows = make_plan(options), options.only or [*TUNED]
    try:
        if options.write:
            write(options.ratios, measure(plan, ours(plan), rows, max(plan.rounds, LEAST_PAIRS)))
            return 0
        failures = check(plan, ours(plan), read(options.ratios).get(build_name(), {}), rows)
    except ContenderError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    for failure in failures:
        print(f"DEARER  {failure}", file=sys.stderr)
    print(f"{build_name()}: {f'{len(failures)} rows are dearer' if failures else 'no row is dearer'}")
    return int(bool(failures))


if __name__ == "__main__":
    raise SystemExit(main())

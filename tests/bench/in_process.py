"""What a framework adds to a request, without a server: costs above a bare ASGI callable, in one interleaved run.

    nox -s bench -- [--rounds 15] [--requests 2000] [--seed 1] [--json FILE]

Every contender is a process of its own with one application, and all answer the same requests, which is checked first.
A round drives each of them in turn, in an order drawn anew, so that a change of the machine's speed meets all alike;
the bare callable is driven in each of the processes, just before and after, and what a request costs above it is the
difference. A row shows the medians over the rounds. Only ratios mean anything: such a cost divided by that of hawkapi,
and, on free-threaded builds, how much faster two threads with a loop each are than one, as a part of what the bare
callable gains. Nothing fails because a number is bad; the last lines say which targets are met.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from contenders import Contender, ContenderError, Process, contenders, is_free_threaded
from results import PEERS_TARGET, PREDECESSOR_TARGET, Data, Pair, cost_table, gain_table, judge
from workloads import ISSUE_ROWS, WORKLOADS


def rows_of(process: Process) -> list[str]:
    """Return the rows whose request an application answers.

    Raises:
        ContenderError: an answer is wrong.
    """
    rows = []
    for row in WORKLOADS:
        verdict = process.ask(check=row)
        if verdict not in {"right", "absent"}:
            raise ContenderError(f"{process.contender.name} gives a wrong answer to {row}: {verdict}")
        if verdict == "right":
            rows.append(row)
    return rows


def run_rounds(
    command: str, processes: Sequence[Process], rows: dict[str, list[str]], options: argparse.Namespace, rounds: int
) -> Data:
    """Give every process a command once per round and row; return the answers.

    Args:
        command: `measure` or `threads`.
        processes: whom to ask.
        rows: what each of them answers, by its name.
        options: has `requests` and `seed`.
        rounds: how often.
    """
    order = random.Random(options.seed)  # noqa: S311 - the same order every time is what is wanted
    wanted = ISSUE_ROWS if command == "threads" else tuple(WORKLOADS)
    data: dict[str, dict[str, list[Pair]]] = {row: {} for row in wanted}
    for _ in range(rounds):
        for row in wanted:
            for process in order.sample(processes, len(processes)):
                name = process.contender.name
                if row in rows[name]:
                    bare, app = process.ask(**{command: row, "requests": options.requests})
                    data[row].setdefault(name, []).append((bare, app))
    return data


def report(found: Sequence[Contender], costs: Data, gains: Data | None) -> None:
    """Print the tables, and which targets are met."""
    names = [contender.name for contender in found]
    print("\n".join(cost_table(costs, names)))
    if gains is not None:
        print()
        print("\n".join(gain_table(gains, names)))
    print()
    for contender in found:
        if contender.ours:
            targets = [PEERS_TARGET] if gains is not None else [PREDECESSOR_TARGET, PEERS_TARGET]
            print("\n".join(judge(target, costs, contender.name) for target in targets))
    sys.stdout.flush()


def write_json(file: Path, build: str, content: dict[str, Any]) -> None:
    """Put the raw data of a build into a file that may hold other builds' already."""
    known: dict[str, Any] = {}
    with contextlib.suppress(FileNotFoundError, ValueError):
        known = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**known, build: content}, indent=1) + "\n", encoding="utf-8")


def measure(found: Sequence[Contender], options: argparse.Namespace) -> None:
    """Start the contenders, measure them, and print and write what came out."""
    build = f"{sys.version_info[0]}.{sys.version_info[1]}{'t' if is_free_threaded() else ''}"
    with contextlib.ExitStack() as stack:
        processes = []
        for contender in found:
            processes.append(Process(contender))
            stack.callback(processes[-1].close)
        about = {process.contender.name: process.about for process in processes}
        rows = {process.contender.name: rows_of(process) for process in processes}
        print(f"\n{build}: {options.rounds} rounds of {options.requests} requests, seed {options.seed}")
        for name, facts in about.items():
            print(f"  {name:<18}" + ", ".join(f"{key} {value}" for key, value in facts.items() if value != ""))
        sys.stdout.flush()
        costs = run_rounds("measure", processes, rows, options, options.rounds)
        gains = None
        if is_free_threaded():
            gains = run_rounds("threads", processes, rows, options, max(3, options.rounds // 3))
    report(found, costs, gains)
    if options.json:
        settings = {"rounds": options.rounds, "requests": options.requests, "seed": options.seed}
        write_json(options.json, build, {"about": about, **settings, "seconds": costs, "gains": gains})


def at_least(smallest: int) -> Callable[[str], int]:
    """Return what reads a number of an option, at least as large as given."""

    def number(text: str) -> int:
        value = int(text)
        if value < smallest:
            raise ValueError
        return value

    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables of this interpreter; 1 when an application cannot be measured, 0 whatever the numbers are."""
    parser = argparse.ArgumentParser(description="Measure what frameworks add to a request, without a server.")
    parser.add_argument("--rounds", type=at_least(1), default=15, help="interleaved rounds (default 15)")
    parser.add_argument(
        "--requests", type=at_least(2), default=2000, help="requests per round and contender (default 2000)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the order within a round (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the raw data, one entry per build")
    parser.add_argument("--wheel", type=Path, metavar="PYTHON", help="an environment with a compiled wheel of ours")
    parser.add_argument("--predecessor", type=Path, metavar="PYTHON", help="an environment with hawkapi 0.2.0")
    options = parser.parse_args(arguments)
    found = contenders(Path(sys.executable), wheel=options.wheel, predecessor=options.predecessor)
    try:
        measure(found, options)
    except ContenderError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

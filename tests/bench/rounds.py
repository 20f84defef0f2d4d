"""Measures several applications in turn, so that a change of the machine's speed meets all alike."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

from contenders import Contender, Process, running
from plan import Plan, say
from results import Data

SAYS_EVERY: Final = 5
"""Rounds between lines of progress."""


def interleave(
    processes: Sequence[Process], rows: Mapping[str, Sequence[str]], rounds: int, seed: int, **command: object
) -> Data:
    """Give every process a command once per round and row; return the answers.

    Args:
        processes: whom to ask, each round in an order drawn anew.
        rows: what each of them answers, by its name.
        rounds: how often.
        seed: of the order.
        command: what to ask beside the row, which is the value of its first key.
    """
    order = random.Random(seed)  # noqa: S311 - the same order every time is what is wanted
    verb, *_ = command
    wanted = list(dict.fromkeys(row for found in rows.values() for row in found))
    data: dict[str, dict[str, list[Any]]] = {row: {} for row in wanted}
    for number in range(1, rounds + 1):
        for row in wanted:
            for process in order.sample(processes, len(processes)):
                name = process.contender.name
                if row in rows[name]:
                    data[row].setdefault(name, []).append(process.ask(**{**command, verb: row}))
        if number % SAYS_EVERY == 0 or number == rounds:
            say(f"   round {number} of {rounds}")
    # By name in the order of the contenders, not in that of the first round.
    names = [process.contender.name for process in processes]
    return {row: {name: found[name] for name in names if name in found} for row, found in data.items()}


def costs(plan: Plan, found: Sequence[Contender], wanted: Sequence[str], rounds: int) -> Data:
    """Return the CPU seconds of requests to some contenders, in pairs with those of the bare callable.

    Raises:
        ContenderError: a process does not start, or gives a wrong answer.
    """
    with running(found, plan.seed) as processes:
        rows = {process.contender.name: process.rows(wanted) for process in processes}
        return interleave(processes, rows, rounds, plan.seed, measure="", seconds=plan.seconds)

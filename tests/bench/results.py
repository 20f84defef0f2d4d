"""What the raw data of a run say: costs, ratios, and which targets are met."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workloads import ISSUE_ROWS

type Pair = tuple[float, float]
"""What was measured in one round, in one process: of the bare callable, and of the application."""

type Data = Mapping[str, Mapping[str, Sequence[Pair]]]
"""By row and contender; a contender without a row's route is not in that row."""

WIDTH: Final = 19


def cost(pairs: Sequence[Pair]) -> float:
    """Return the median over the rounds of what a request costs above the bare callable, in seconds."""
    return statistics.median(app - bare for bare, app in pairs)


def gain(pairs: Sequence[Pair]) -> float:
    """Return the gain of a second thread as a part of the bare callable's, the median over the rounds."""
    return statistics.median(app for _, app in pairs) / statistics.median(bare for bare, _ in pairs)


def cost_table(data: Data, names: Sequence[str]) -> list[str]:
    """Return the lines of the table of costs, in units of the first contender's."""
    first = names[0]
    lines = [f"{'cost above bare':<{WIDTH}}{'1 = in us':>10}{'bare in us':>11}" + _cells(names)]
    for row, found in data.items():
        unit = cost(found[first]) if first in found else None
        bare = statistics.median(bare for pairs in found.values() for bare, _ in pairs)
        cells = [f"{cost(found[name]) / unit:.2f}x" if unit and name in found else "-" for name in names]
        lines.append(f"{row:<{WIDTH}}{f'{unit * 1e6:.2f}' if unit else '-':>10}{bare * 1e6:>11.2f}" + _cells(cells))
    return lines


def gain_table(data: Data, names: Sequence[str]) -> list[str]:
    """Return the lines of the table of what a second thread gains, as a part of the bare callable's gain."""
    lines = [f"{'2nd thread / bare':<{WIDTH}}{'bare':>10}" + _cells(names)]
    for row, found in data.items():
        bare = statistics.median(bare for pairs in found.values() for bare, _ in pairs)
        cells = [f"{gain(found[name]):.2f}x" if name in found else "-" for name in names]
        lines.append(f"{row:<{WIDTH}}{bare:>9.2f}x" + _cells(cells))
    return lines


def _cells(texts: Sequence[str]) -> str:
    return "".join(f"{text:>18}" for text in texts)


@dataclass(frozen=True)
class Target:
    """A demand on the cost of a peer divided by ours."""

    text: str
    peer: Callable[[str], bool]
    """Says whether it is about the contender of a name."""

    row: Callable[[str], bool]
    at_least: float


def any_row(row: str) -> bool:
    """Say that a target is about every row."""
    return True


PREDECESSOR_TARGET: Final = Target(
    "0.2.0 costs at least 2 times as much on plaintext, json, path, query and body",
    lambda name: name == "0.2.0",
    lambda row: row in ISSUE_ROWS,
    2.0,
)
PEERS_TARGET: Final = Target(
    "ahead of starlette and falcon on every row", lambda name: name in {"starlette", "falcon"}, any_row, 1.0
)


def judge(target: Target, data: Data, ours: str) -> str:
    """Say in one line whether a contender of ours meets a target, and where it does not."""
    ratios = {
        (row, peer): cost(found[peer]) / cost(found[ours])
        for row, found in data.items()
        if target.row(row) and ours in found
        for peer in found
        if target.peer(peer)
    }
    absent = [row for row, found in data.items() if target.row(row) and ours not in found]
    short = [f"{row} {ratio:.2f}x {peer}" for (row, peer), ratio in ratios.items() if ratio < target.at_least]
    short += [f"{row} not there yet" for row in absent]
    if not ratios:
        return f"no data   {ours}: {target.text}"
    if short:
        return f"NOT MET   {ours}: {target.text}; {', '.join(short)}"
    return f"met       {ours}: {target.text}; the closest is {min(ratios.values()):.2f}x"

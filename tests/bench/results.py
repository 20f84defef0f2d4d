"""What the raw data of a run say: costs and gains, the medians over the rounds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from grid import Grid

type Sample = Any
"""What one round has found: a number, or a pair of numbers, that of the bare callable first."""

type Data = Mapping[str, Mapping[str, Sequence[Sample]]]
"""The samples by row and contender; a contender without a row's route is not in that row."""

DIGITS: Final = 5


def cost(pairs: Sequence[Sample]) -> float:
    """Return the median over the rounds of what a request costs above the bare callable, in seconds."""
    return float(statistics.median(app - bare for bare, app in pairs))


def bare(pairs: Sequence[Sample]) -> float:
    """Return the median of what the bare callable costs, in seconds."""
    return float(statistics.median(pair[0] for pair in pairs))


def cost_ratio(pairs: Sequence[Sample]) -> float:
    """Return what a request costs above the bare callable, as a part of that one's cost: the median over the rounds."""
    return float(statistics.median((app - bare) / bare for bare, app in pairs))


def gain(pairs: Sequence[Sample]) -> float:
    """Return the gain of further threads as a part of the bare callable's, the median over the rounds."""
    return float(statistics.median(app for _, app in pairs) / statistics.median(bare for bare, _ in pairs))


def names_in(data: Data) -> list[str]:
    """Return the names of all contenders, in the order in which they were measured."""
    return list(dict.fromkeys(name for found in data.values() for name in found))


def cost_grid(data: Data, names: Sequence[str], *, name: str, title: str) -> Grid:
    """Return the costs of contenders in units of the first one's, with its own and the bare callable's before them."""
    first = names[0]
    rows: dict[str, list[float | None]] = {}
    lead: dict[str, list[str]] = {}
    for row, found in data.items():
        unit = cost(found[first]) if first in found else None
        every = statistics.median(pair[0] for pairs in found.values() for pair in pairs)
        lead[row] = [f"{unit * 1e6:.2f}" if unit else "-", f"{every * 1e6:.2f}"]
        rows[row] = [cost(found[each]) / unit if unit and each in found else None for each in names]
    facts = (f"{first}, µs", "bare, µs")
    return Grid(name, title, f"cost above bare ÷ that of {first}", names, rows, facts, lead, logarithmic=True)


def median_grid(
    data: Data, names: Sequence[str], *, name: str, title: str, unit: str, logarithmic: bool = False
) -> Grid:
    """Return the medians of plain numbers."""
    rows = {
        row: [statistics.median(found[each]) if each in found else None for each in names]
        for row, found in data.items()
    }
    return Grid(name, title, unit, names, rows, logarithmic=logarithmic)


def rounded(data: Data) -> Data:
    """Return data with figures that have no more digits than mean something, which keeps files small."""
    return {
        row: {name: [_short(each) for each in samples] for name, samples in found.items()}
        for row, found in data.items()
    }


def _short(sample: Sample) -> Sample:
    if isinstance(sample, float):
        return float(f"{sample:.{DIGITS}g}")
    return [_short(each) for each in sample] if isinstance(sample, list | tuple) else sample

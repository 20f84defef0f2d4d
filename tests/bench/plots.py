"""Draws a grid as an SVG: groups of bars, or curves."""

from __future__ import annotations

import io
import re
from typing import Any, Final

import matplotlib as mpl
from grid import Grid
from matplotlib.figure import Figure

mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "hawkapi", "font.family": "sans-serif", "font.size": 9})

INCHES: Final = (8.0, 3.6)
WARM: Final = ("#b5521b", "#d9873d", "#e8b06e", "#f3d6ae")
"""Of our columns."""
COLD: Final = ("#4b5d67", "#1f77b4", "#6baed6", "#2ca02c", "#9467bd", "#c51b8a", "#17becf", "#a3a3a3")
"""Of the others."""


def draw(grid: Grid) -> str:
    """Return the picture of a grid: text stays text, and the same grid gives the same bytes."""
    figure = Figure(figsize=INCHES, layout="constrained")
    axes = figure.subplots()
    (_curves if grid.line else _bars)(axes, grid)
    if grid.logarithmic:
        axes.set_yscale("log")
    axes.set_ylabel(grid.unit)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=6, frameon=False)
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return smaller(file.getvalue())


def colors(grid: Grid) -> list[str]:
    """Return the colour of each column: warm for ours, which have a codec's name."""
    ours = [name for name in grid.columns if "msgspec" in name or "portable" in name]
    others = [name for name in grid.columns if name not in ours]
    return [
        WARM[ours.index(name) % len(WARM)] if name in ours else COLD[others.index(name) % len(COLD)]
        for name in grid.columns
    ]


def _bars(axes: Any, grid: Grid) -> None:
    width = 0.8 / len(grid.columns)
    for index, name in enumerate(grid.columns):
        points = [(place, figures[index]) for place, figures in enumerate(grid.rows.values())]
        known = [(place + width * (index + 0.5) - 0.4, figure) for place, figure in points if figure is not None]
        axes.bar(
            [place for place, _ in known], [figure for _, figure in known], width, label=name, color=colors(grid)[index]
        )
    axes.set_xticks(range(len(grid.rows)), [label.replace(" ", "\n") for label in grid.rows])


def _curves(axes: Any, grid: Grid) -> None:
    places = [float(row) for row in grid.rows]
    for index, name in enumerate(grid.columns):
        figures = [row[index] for row in grid.rows.values()]
        axes.plot(places, figures, marker="o", markersize=3, label=name, color=colors(grid)[index])
    if max(places) > 100 * max(1.0, min(places)):
        axes.set_xscale("log")
    axes.set_ylim(bottom=None if grid.logarithmic else 0)
    axes.set_xlabel(grid.title.partition(",")[0])


def smaller(svg: str) -> str:
    """Return a picture with coordinates of two digits behind the point, which no eye can tell from six."""
    start = svg.index("<svg")
    lines = [line.strip() for line in re.sub(r"(\d+\.\d\d)\d+", r"\1", svg[start:]).splitlines()]
    return "\n".join(line for line in lines if line) + "\n"

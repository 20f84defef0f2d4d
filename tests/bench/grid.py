"""A table of figures, and how it is printed: as text after a run, as Markdown in the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

NAME_WIDTH: Final = 24
CELL_WIDTH: Final = 20


@dataclass(frozen=True)
class Grid:
    """Rows and columns of figures of one kind, which a plot can be drawn of."""

    name: str
    """Of the plot's file."""
    title: str
    unit: str
    """What the figures are, for the axis of the plot."""
    columns: Sequence[str]
    rows: Mapping[str, Sequence[float | None]]
    """A figure for each column; `None` where there is none."""
    facts: Sequence[str] = ()
    """Headings of what stands before the figures, and is not drawn."""
    lead: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The facts of each row."""
    line: bool = False
    """Whether rows are the points of curves, named by numbers, and not groups of bars."""
    logarithmic: bool = False
    """Whether the axis of figures is; that of points always is."""
    suffix: str = ""
    """Behind each figure."""

    def cells(self, row: str) -> list[str]:
        """Return the texts of a row, facts first; `-` where there is no figure."""
        figures = [f"{readable(figure)}{self.suffix}" if figure is not None else "-" for figure in self.rows[row]]
        return [*self.lead.get(row, ()), *figures]


def readable(figure: float) -> str:
    """Return a figure with as many digits as mean something: three, and none behind the point from a hundred on."""
    if abs(figure) >= 100:
        return f"{figure:.0f}"
    return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"


def as_text(grid: Grid) -> list[str]:
    """Return the lines of a grid for a terminal."""
    head = [grid.title[: NAME_WIDTH - 1], *grid.facts, *grid.columns]
    rows = [[row, *grid.cells(row)] for row in grid.rows]
    return [
        f"{first:<{NAME_WIDTH}}" + "".join(f"{cell:>{CELL_WIDTH}}" for cell in cells) for first, *cells in [head, *rows]
    ]


def as_markdown(grid: Grid) -> list[str]:
    """Return the lines of a grid as a table in Markdown."""
    head = ["", *grid.facts, *grid.columns]
    rows = [[row, *grid.cells(row)] for row in grid.rows]
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]

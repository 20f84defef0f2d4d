"""What a table of the benchmark is: how it is measured, and which figures are made of that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grid import Grid
from plan import Plan
from results import Data


@dataclass(frozen=True)
class Table:
    """One table."""

    name: str
    """For `--only`, and in the file of raw data."""
    title: str
    about: str
    """What is measured and how, for the page."""
    measure: Callable[[Plan], Data]
    grids: Callable[[Data], Sequence[Grid]]

"""The page of the benchmark: it says what the raw data say, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import page
import pytest
from benchmark import TABLES

BARE = 1e-6
RUN: dict[str, Any] = {
    "about": {"msgspec": {"module": "ours", "python": "3.13.0"}, "falcon": {"module": "falcon_app", "falcon": "4.4"}},
    "settings": {"requests": {"rounds": 2, "milliseconds": 3, "seed": 7}},
    "tables": {
        "requests": {"json": {"msgspec": [[BARE, 3 * BARE]], "falcon": [[BARE, 9 * BARE]]}},
        "threads": {},
        "growth": {"routes: 10": {"msgspec": [[BARE, 2 * BARE]]}, "routes: 10000": {"msgspec": [[BARE, 3 * BARE]]}},
    },
}


def test_page_is_what_the_committed_data_say() -> None:
    """A figure that was typed, or a page that was not written again, is found; every plot is there, and no other."""
    if not (page.DOCS / "index.md").exists():
        pytest.skip("the checkout's documentation is not beside these tests")
    runs = json.loads(page.RESULTS.read_text(encoding="utf-8"))
    assert (page.DOCS / "benchmarks.md").read_text(encoding="utf-8") == page.page(runs)
    drawn = {page.picture(build, grid) for table in TABLES for build, grid in page.grids(table, runs)}
    assert drawn == {f"{page.PICTURES}/{file.name}" for file in (page.DOCS / page.PICTURES).iterdir()}


def test_page_has_figures_targets_and_settings() -> None:
    """Figures are ratios; a target that is missed is bold; builds and tables without data are left out."""
    text = page.page({"3.13": RUN})
    assert "On 3.13: 2 rounds of 3 ms of CPU time per application and row, seed 7; Python 3.13.0, falcon 4.4." in text
    assert "| json | 2.00 | 1.00 | 1.00 | 4.00 |" in text
    assert "| cost above bare: every peer ÷ ours, every row | ≥ 1 | 3.13 | met | 4.00 (json, falcon) msgspec |" in text
    assert "| 10 000 routes ÷ 10 routes | ≤ 1.2 | 3.13 | **not met** | 2.00 msgspec |" in text
    assert "| 3 cached dependencies ÷ bare | ≤ 3 | 3.13 | not measured | - |" in text
    assert "benchmarks/requests-3.13.svg" in text
    assert "3.13t.svg" not in text
    assert "threads-" not in text


def test_page_tells_tables_of_different_runs_apart() -> None:
    """One that was measured again, or only in a hurry, is said to be."""
    settings = {"requests": {"rounds": 15, "milliseconds": 20, "seed": 1}, "growth": QUICK, "threads": QUICK}
    text = page.page({"3.13": {**RUN, "settings": settings}})
    assert (
        "row, seed 1 (requests); 3 rounds of 3 ms of CPU time per application and row, seed 1 (growth, threads)" in text
    )


QUICK = {"rounds": 3, "milliseconds": 3, "seed": 1}


def test_write_makes_every_plot_anew(tmp_path: Path) -> None:
    """A plot that the page has no longer is taken away."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "old-3.13.svg").write_text("old")
    page.write({"3.13": RUN}, tmp_path, lambda grid: f"<svg>{grid.name}</svg>")
    assert {file.name: file.read_text() for file in (tmp_path / "benchmarks").iterdir()} == {
        "requests-3.13.svg": "<svg>requests</svg>",
        "growth-routes-3.13.svg": "<svg>growth-routes</svg>",
    }
    assert (tmp_path / "benchmarks.md").read_text(encoding="utf-8") == page.page({"3.13": RUN})


def test_write_refuses_a_plot_that_is_too_large(tmp_path: Path) -> None:
    """Nothing is written then."""
    with pytest.raises(ValueError, match=r"larger than 60000 bytes: benchmarks/requests-3.13.svg"):
        page.write({"3.13": RUN}, tmp_path, lambda grid: "x" * (60_001 if grid.name == "requests" else 1))
    assert not (tmp_path / "benchmarks.md").exists()


def test_page_without_data_says_how_to_have_some(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command is in the message."""
    assert page.main([str(tmp_path / "none.json")]) == 1
    assert "to have it: nox -s bench -- --json" in capsys.readouterr().err

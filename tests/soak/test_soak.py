"""The soak in short: a round of everything that `nox -s soak` does for minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from servers import can_serve
from soaking import grown_by, rounds, warm_up

ROUND_S = 2.0


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells about a process")
def test_everything_goes_wrong_at_once(tmp_path: Path) -> None:
    """After reloads, exceptions, time limits and clients that left, all counts are exact and nothing goes on."""
    if not can_serve("uvicorn"):
        pytest.skip("uvicorn is not installed")
    (seen,) = rounds(tmp_path, 0, threads=4, round_s=ROUND_S)
    reached = ("exceptions", "timeouts", "bodies left", "streams left", "entered", "reloads", "chats", "feeds")
    assert {what: seen.counts[what] > 0 for what in reached} == dict.fromkeys(reached, True)
    assert len(seen.resident) == len(seen.blocks) == seen.counts["rounds"] == 1


@pytest.mark.parametrize(
    ("figures", "growth"),
    [
        pytest.param([100], 0.0, id="one round"),
        pytest.param([100, 100, 100, 103, 103, 103], 0.03, id="grown"),
        pytest.param([100, 100, 101, 99, 90, 90], -0.1, id="shrunk"),
    ],
)
def test_growth_after_warming_up(figures: list[int], growth: float) -> None:
    """The last third of the rounds is compared with the first."""
    assert grown_by(figures) == pytest.approx(growth)


@pytest.mark.parametrize(
    ("threads", "rounds_that_warm_up"),
    [
        pytest.param([9], 0, id="one round"),
        pytest.param([9] * 8, 2, id="a quarter"),
        pytest.param([50, 70, 90, 94, 95, 100, 99, 100], 4, id="until the threads are there"),
        pytest.param([*range(50, 130)], 60, id="threads that never end"),
    ],
)
def test_rounds_that_warm_up(threads: list[int], rounds_that_warm_up: int) -> None:
    """They are a quarter, or more until nearly all threads have been started, but no more than three."""
    assert warm_up(threads) == rounds_that_warm_up

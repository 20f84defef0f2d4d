"""What the benchmark says about raw data: medians, ratios, and which targets are met."""

from __future__ import annotations

import pytest
from results import PEERS_TARGET, PREDECESSOR_TARGET, Data, cost, cost_table, gain, gain_table, judge
from workloads import ISSUE_ROWS

BARE = 1e-6


def of_costs(**costs: float) -> Data:
    """Return the data of one round on the issue's rows, with costs in microseconds by contender."""
    return {row: {name: [(BARE, BARE + each * 1e-6)] for name, each in costs.items()} for row in ISSUE_ROWS}


def test_cost_is_the_median_of_differences_within_a_round() -> None:
    """A round in which the machine was slow changes neither the others nor the result."""
    assert cost([(1.0, 3.0), (10.0, 30.0), (1.0, 4.0)]) == 3.0


def test_gain_is_a_part_of_what_the_bare_callable_gains() -> None:
    """A second thread that brings 1.5 times where 2 times are possible has brought three quarters."""
    assert gain([(2.0, 1.5), (2.0, 1.0), (2.0, 1.8)]) == 0.75


@pytest.mark.parametrize(
    ("peer", "verdict"),
    [(1.99, "NOT MET"), (2.01, "met"), (30.0, "met")],
    ids=["below", "just above", "far above"],
)
def test_judge_predecessor_at_its_limit(peer: float, verdict: str) -> None:
    """Twice the cost is asked for, and the closest ratio is shown."""
    data = of_costs(**{"ours": 1.0, "0.2.0": peer, "starlette": 0.1})
    line = judge(PREDECESSOR_TARGET, data, "ours")
    assert line.startswith(verdict)
    assert f"{peer:.2f}x" in line


def test_judge_names_rows_that_fall_short() -> None:
    """One row against one peer is enough to miss a target."""
    data = {**of_costs(ours=1.0, starlette=3.0, falcon=2.0), "404": {"ours": [(0.0, 2.0)], "falcon": [(0.0, 1.0)]}}
    line = judge(PEERS_TARGET, data, "ours")
    assert line.startswith("NOT MET")
    assert line.endswith("; 404 0.50x falcon")


def test_judge_counts_a_row_that_is_not_there_yet() -> None:
    """A row that only a peer can answer is not won."""
    data = {**of_costs(ours=1.0, falcon=2.0), "cookies": {"falcon": [(0.0, 1.0)]}}
    assert judge(PEERS_TARGET, data, "ours").endswith("cookies not there yet")


def test_judge_without_the_peer_claims_nothing() -> None:
    """A target about a contender that was not measured is neither met nor missed."""
    assert judge(PREDECESSOR_TARGET, of_costs(ours=1.0, falcon=9.0), "ours").startswith("no data")


def test_cost_table_is_in_units_of_the_first_contender() -> None:
    """Its own cost is shown once, in microseconds, beside the bare callable's."""
    lines = cost_table({"json": {"ours": [(BARE, 3e-6)], "falcon": [(BARE, 9e-6)]}}, ["ours", "falcon", "starlette"])
    assert lines[1].split() == ["json", "2.00", "1.00", "1.00x", "4.00x", "-"]


def test_cost_table_of_a_row_without_the_first_contender() -> None:
    """There is no unit, so there are no ratios."""
    lines = cost_table({"json": {"falcon": [(BARE, 9e-6)]}}, ["ours", "falcon"])
    assert lines[1].split() == ["json", "-", "1.00", "-", "-"]


def test_gain_table_shows_parts_of_the_bare_gain() -> None:
    """The bare callable's own gain stands in front."""
    lines = gain_table({"json": {"ours": [(1.8, 1.71)]}}, ["ours", "falcon"])
    assert lines[1].split() == ["json", "1.80x", "0.95x", "-"]

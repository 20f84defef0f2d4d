"""What the benchmark says about raw data: medians, ratios, and which targets are met."""

from __future__ import annotations

from typing import Any

import pytest
from grid import Grid, as_markdown, as_text, readable
from results import Data, bare, cost, cost_grid, cost_ratio, gain, median_grid, rounded
from targets import TARGETS, Measured, Target, Verdict, verdicts
from workloads import ISSUE_ROWS

BARE = 1e-6


def pairs(cost_us: float) -> list[tuple[float, float]]:
    """Return the data of one round with a cost."""
    return [(BARE, BARE + cost_us * 1e-6)]


def of_costs(**costs: float) -> Data:
    """Return the data of one round on the issue's rows, with costs in microseconds by contender."""
    return {row: {name: pairs(each) for name, each in costs.items()} for row in ISSUE_ROWS}


def target(part: str) -> Target:
    """Return the one target whose measure has some words."""
    [found] = [each for each in TARGETS if part in each.measure]
    return found


def judge(part: str, *ours: str, build: str = "3.13", **tables: Data) -> Verdict:
    """Judge tables by the one target whose measure has some words."""
    return target(part).judge(Measured(build, ours or ("ours",), tables))


def test_cost_is_the_median_of_differences_within_a_round() -> None:
    """A round in which the machine was slow changes neither the others nor the result."""
    samples = [(1.0, 3.0), (10.0, 30.0), (1.0, 4.0)]
    assert (cost(samples), bare(samples), cost_ratio(samples)) == (3.0, 1.0, 2.0)


def test_gain_is_a_part_of_what_the_bare_callable_gains() -> None:
    """A second thread that brings 1.5 times where 2 times are possible has brought three quarters."""
    assert gain([(2.0, 1.5), (2.0, 1.0), (2.0, 1.8)]) == 0.75


@pytest.mark.parametrize(
    ("peer", "met"), [(2.99, False), (3.01, True), (30.0, True)], ids=["below", "just above", "far above"]
)
def test_predecessor_at_its_limit(peer: float, met: bool) -> None:
    """Three times the cost is asked for; other frameworks are not asked."""
    data = of_costs(**{"ours": 1.0, "0.2.0": peer, "starlette": 0.1})
    verdict = judge("0.2.0 ÷ ours", requests=data)
    assert verdict.met is met
    assert verdict.figure.startswith(readable(peer))


def test_peers_are_judged_on_the_row_where_one_is_closest() -> None:
    """One row against one peer is enough to miss a target; 0.2.0 is no peer."""
    data = {**of_costs(ours=1.0, starlette=3.0, falcon=2.0), "404": {"ours": pairs(2.0), "falcon": pairs(1.0)}}
    data["json"] = {**data["json"], "0.2.0": pairs(0.1)}
    verdict = judge("cost above bare: every peer", requests=data)
    assert (verdict.met, verdict.figure) == (False, "0.50 (404, falcon) ours")


def test_first_column_decides_and_the_others_are_told() -> None:
    """Most users run the first one."""
    data = of_costs(**{"compiled+msgspec": 1.0, "portable": 4.0, "0.2.0": 4.0})
    verdict = judge("0.2.0 ÷ ours", "compiled+msgspec", "portable", requests=data)
    assert verdict.met
    assert verdict.figure.endswith("compiled+msgspec; 1.00 portable")


@pytest.mark.parametrize("each", TARGETS, ids=lambda each: each.measure)
def test_target_without_data_claims_nothing(each: Target) -> None:
    """What a run has not measured is neither met nor missed."""
    verdict = each.judge(Measured("3.13", ("ours",), {}))
    assert verdict.met is None
    assert verdict.as_text().startswith("not measured")


TABLES: list[tuple[str, dict[str, Any], str, bool]] = [
    ("gain of 2 threads", {"threads": {"json, 2 threads": {"ours": [(1.8, 1.7)]}}}, "0.94", True),
    ("gain of 2 threads", {"threads": {"json, 2 threads": {"ours": [(1.8, 1.6)]}}}, "0.89", False),
    ("on RSGI", {"served": {"granian, ASGI": {"bare": [10.0]}, "granian, RSGI": {"ours": [11.5]}}}, "1.15", True),
    ("ours on ASGI", {"served": {"granian, ASGI": {"bare": [10.0], "ours": [9.0]}}}, "0.90", False),
    ("import hawkapi", {"start": {"import, ms": {"ours": [20.0], "starlette": [30.0]}}}, "0.67", True),
    ("memory of an idle", {"start": {"above Python, MB": {"ours": [10.0], "fastapi": [20.0]}}}, "0.50", False),
    ("OpenAPI", {"document": {"500 routes": {"ours": [10.0], "fastapi": [40.0]}}}, "0.25", True),
    (
        "10 000 routes",
        {"growth": {"routes: 10": {"ours": pairs(2)}, "routes: 10000": {"ours": pairs(3)}}},
        "1.50",
        False,
    ),
    (
        "empty middleware",
        {"additions": {"nothing": {"ours": pairs(2)}, "empty middleware": {"ours": pairs(2.4)}}},
        "0.40",
        True,
    ),
]


@pytest.mark.parametrize(("part", "tables", "figure", "met"), TABLES, ids=[f"{each[0]}, {each[3]}" for each in TABLES])
def test_target_by_its_figure(part: str, tables: dict[str, Any], figure: str, met: bool) -> None:
    """Each is computed from its own table."""
    verdict = judge(part, **tables)
    assert (verdict.met, verdict.figure.split()[0]) == (met, figure)


def test_compiled_is_compared_with_the_same_codec() -> None:
    """The slowest row is named, and the mean is the geometric one."""
    data = {"a": {"compiled+x": pairs(1), "x": pairs(4)}, "b": {"compiled+x": pairs(2), "x": pairs(2)}}
    assert judge("interpreted, every row", "compiled+x", "x", requests=data).figure == "1.00 (b) compiled+x"
    assert judge("geometric mean", "compiled+x", "x", requests=data).figure == "0.50 compiled+x"


def test_verdicts_are_for_builds_that_were_run() -> None:
    """Ours are the columns whose application is `ours`."""
    run = {"about": {"a": {"module": "ours"}, "b": {"module": "bare"}}, "tables": {"requests": of_costs(a=1.0)}}
    found = list(verdicts({"3.13t": run}))
    assert {each.build for each in found} == {"3.13t"}
    assert all(each.met is None for each in found)


def test_cost_grid_is_in_units_of_the_first_contender() -> None:
    """Its own cost is shown once, in microseconds, beside the bare callable's; what is absent is a dash."""
    data = {"json": {"ours": pairs(2), "falcon": pairs(8)}, "404": {"falcon": pairs(8)}}
    grid = cost_grid(data, ["ours", "falcon", "starlette"], name="x", title="t")
    assert [line.split() for line in as_text(grid)[1:]] == [
        ["json", "2.00", "1.00", "1.00", "4.00", "-"],
        ["404", "-", "1.00", "-", "-", "-"],
    ]


def test_markdown_has_a_cell_for_every_column() -> None:
    """Facts stand before figures."""
    grid = Grid("x", "t", "u", ["a", "b"], {"r": [1.0, None]}, ["f"], {"r": ["7"]})
    assert as_markdown(grid) == ["|  | f | a | b |", "| --- | ---: | ---: | ---: |", "| r | 7 | 1.00 | - |"]


def test_median_grid_of_plain_numbers() -> None:
    """One slow round does not count."""
    grid = median_grid({"import": {"a": [1.0, 2.0, 90.0]}}, ["a", "b"], name="x", title="t", unit="u")
    assert grid.rows == {"import": [2.0, None]}


@pytest.mark.parametrize(("figure", "text"), [(0.123, "0.12"), (9.99, "9.99"), (12.34, "12.3"), (1234.5, "1234")])
def test_readable_has_three_digits(figure: float, text: str) -> None:
    """More would be noise."""
    assert readable(figure) == text


def test_rounded_keeps_the_shape() -> None:
    """Pairs and numbers are shortened to five digits, whole numbers stay."""
    assert rounded({"r": {"a": [(0.12345678, 2)], "b": [1234.5678]}}) == {"r": {"a": [[0.12346, 2]], "b": [1234.6]}}

"""The comparison with committed ratios: what it lets pass, and that it notices an application that got slower."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import check
import contenders
import pytest
from contenders import ContenderError
from plan import Plan, build_name
from workloads import TUNED

PYTHON = Path(sys.executable)
PLAN = Plan(PYTHON, rounds=check.LEAST_PAIRS, seconds=0.0005)
SLOWED = """\
from ours import *
from ours import app as fast

NAME = "World"


async def app(scope, receive, send):
    for _ in range(20_000):
        pass
    await fast(scope, receive, send)
"""


def test_ratios_are_of_the_bare_cost_in_the_same_round() -> None:
    """The median over rounds in which the machine was fast and slow."""
    data = {"json": {"ours": [(1.0, 4.0), (10.0, 40.0), (1.0, 9.0)]}, "path": {"ours": [(1.0, 2.0)]}}
    assert check.ratios_of(data) == {"ours": {"json": 3.0, "path": 1.0}}


@pytest.mark.parametrize(
    ("ratio", "found"),
    [(2.0, []), (2.5, []), (2.51, [("ours", "json")])],
    ids=["same", "at the limit", "above the limit"],
)
def test_dearer_at_its_limit(ratio: float, found: list[tuple[str, str]]) -> None:
    """A quarter more is let pass."""
    assert check.dearer({"ours": {"json": ratio}}, {"ours": {"json": 2.0}}) == found


def test_dearer_leaves_out_what_was_never_committed() -> None:
    """A new row, or a new contender, has nothing to be compared with."""
    assert check.dearer({"ours": {"new": 9.0}, "other": {"json": 9.0}}, {"ours": {"json": 1.0}}) == []


def test_slowed_application_is_found(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Compared with itself as it was, it is dearer, also the second time."""
    (tmp_path / "slowed.py").write_text(SLOWED)
    ours = contenders.ours(PLAN)[-1]
    rows = ["path", "query"]
    committed = check.measure(PLAN, [ours], rows, PLAN.rounds)
    slowed = replace(ours, module="slowed", paths=(*ours.paths, tmp_path))
    failures = check.check(PLAN, [slowed], committed, rows)
    assert [failure.split(":")[0] for failure in failures] == [f"{row} of {ours.name}" for row in rows]
    assert f"once more: path of {ours.name}, query of {ours.name}" in capfd.readouterr().err


def test_suspicion_that_a_second_look_takes_back() -> None:
    """A row that was dear once is measured again, by itself and with twice the pairs, and passes."""
    asked = []

    def measure(plan: Plan, found: object, rows: list[str], rounds: int) -> dict[str, dict[str, float]]:
        asked.append((rows, rounds))
        return {"ours": dict.fromkeys(rows, 9.0 if len(asked) == 1 else 1.0)}

    ours = contenders.Contender("ours", "ours", PYTHON)
    assert check.check(PLAN, [ours], {"ours": {"json": 1.0}}, ["path", "json"], measure=measure) == []
    assert asked == [(["path", "json"], 15), (["json"], 30)]


def test_nothing_committed_is_a_failure() -> None:
    """A contender without ratios would pass whatever it costs."""
    with pytest.raises(ContenderError, match=r"ratios.json has no ratios of ours on .*; add them with --write"):
        check.check(PLAN, [contenders.Contender("ours", "ours", PYTHON)], {})


def test_write_then_check_then_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was just written passes within ten times; ratios cut to a hundredth fail, with the remedy's figures."""
    file = tmp_path / "ratios.json"
    options = ["--ratios", str(file), "--milliseconds=1", "--only=plaintext"]
    assert check.main([*options, "--write"]) == 0
    written = json.loads(file.read_text())[build_name()]
    assert all(set(rows) == {"plaintext"} for rows in written.values())
    for factor, code in ((10, 0), (0.01, 1)):
        changed = {name: {row: ratio * factor for row, ratio in rows.items()} for name, rows in written.items()}
        file.write_text(json.dumps({build_name(): changed}))
        assert check.main(options) == code
    assert "DEARER  plaintext of " in capsys.readouterr().err


def test_committed_ratios_are_of_every_row() -> None:
    """Both builds are there, and a new row has to be added."""
    committed = check.read(check.COMMITTED)
    assert {"3.13", "3.13t"} <= set(committed)
    assert all(set(rows) == set(TUNED) for build in committed.values() for rows in build.values())

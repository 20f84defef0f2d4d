"""The repetitions of the race tests: what runs, with which seed, and how a failure ends them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import races
from console import CIError

TARGETS = [races.Target("one", Path(sys.executable), "portable"), races.Target("two", Path(sys.executable), "portable")]
INI = "[pytest]\nmarkers = race: x\naddopts = --import-mode=importlib\n"


def project_with(place: Path, body: str) -> Path:
    """Make a project with one race test, one test of another kind, and one about scripts."""
    tests = place / "tests"
    (tests / "ci").mkdir(parents=True)
    (place / "pytest.ini").write_text(INI)
    (tests / "test_it.py").write_text(f"import os, pytest, sys\n@pytest.mark.race\ndef test_race():\n    {body}\n")
    (tests / "test_other.py").write_text("raise AssertionError('this file is not to be collected')\n")
    (tests / "ci" / "test_races.py").write_text("# mentions mark.race\n")
    return place


def test_race_files_are_those_with_the_mark(tmp_path: Path) -> None:
    """What has no race test is not even collected, and neither are the tests of scripts."""
    assert races.race_files(project_with(tmp_path, "pass")) == [str(Path("tests", "test_it.py"))]


def test_every_repetition_has_a_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each interpreter runs with each seed in turn, and the table has a row for each."""
    body = f"open(r'{tmp_path / 'seen'}', 'a').write(os.environ['HAWKAPI_RACE_SEED'] + os.environ['PYTHONHASHSEED'])"
    races.repeat(TARGETS, [7, 8], project_with(tmp_path, body))
    assert (tmp_path / "seen").read_text() == "77778888"
    head, *rows, slowest, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["seed", "interpreter", "tests", "failed", "skipped", "seconds"]
    assert [row.split()[:5] for row in rows] == [
        ["7", "one", "1", "0", "0"],
        ["7", "two", "1", "0", "0"],
        ["8", "one", "1", "0", "0"],
        ["8", "two", "1", "0", "0"],
    ]
    assert slowest.endswith("s at most  tests.test_it::test_race")
    assert last == "all race tests passed 2 times in a row on each of 2 interpreters"


def test_first_failure_ends_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message has the seed and the command that repeats the run; what pytest printed stands before it."""
    project = project_with(tmp_path, "assert os.environ['HAWKAPI_RACE_SEED'] != '2'")
    again = "repeat it with: nox -s races -- --times 1 --first 2"
    with pytest.raises(CIError, match=f"one, seed 2: a race test failed; the output is above; {again}"):
        races.repeat(TARGETS[:1], [1, 2, 3], project)
    out = capsys.readouterr().out
    assert [row for row in out.splitlines() if row.split()[1:2] == ["one"]][-1].split()[:4] == ["2", "one", "1", "1"]
    assert "assert os.environ['HAWKAPI_RACE_SEED'] != '2'" in out


def test_suite_that_cannot_be_collected(tmp_path: Path) -> None:
    """Where there is nothing to run there is no success."""
    project = project_with(tmp_path, "pass")
    (project / "tests" / "test_it.py").write_text("# mark.race\n")
    with pytest.raises(CIError, match="seed 1: a race test failed"):
        races.repeat(TARGETS[:1], [1], project)

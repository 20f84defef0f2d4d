"""The suite runner: what it reads from reports, and what it takes for a failure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import suite
from console import CIError

REPORT = '<testsuites><testsuite errors="{errors}" failures="1" skipped="2" tests="9" time="1.5"/></testsuites>'


def outcome(*, exit_code: int = 0, tests: int = 3) -> suite.Outcome:
    return suite.Outcome("a run", exit_code, tests, 0, 0, 0.1)


def test_read_report_counts_errors_as_failures(tmp_path: Path) -> None:
    """A test that breaks outside its body has failed too."""
    report = tmp_path / "report.xml"
    report.write_text(REPORT.format(errors="3"))
    assert suite.read_report("a run", 1, report) == suite.Outcome("a run", 1, 9, 4, 2, 1.5)


@pytest.mark.parametrize(
    "text", ["", "<testsuites/>", "<testsuite tests='x'/>"], ids=["empty", "no suite", "no number"]
)
def test_read_report_that_is_none(tmp_path: Path, text: str) -> None:
    """A file of another form is named in the error."""
    report = tmp_path / "report.xml"
    report.write_text(text)
    with pytest.raises(CIError, match=r"report\.xml is not a JUnit report"):
        suite.read_report("a run", 0, report)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param([outcome()], 0, id="passed"),
        pytest.param([outcome(), outcome(exit_code=1)], 1, id="one failed"),
        pytest.param([outcome(exit_code=5, tests=0)], 1, id="no test collected"),
        pytest.param([outcome(tests=0)], 1, id="no test ran"),
        pytest.param([], 1, id="no run"),
    ],
)
def test_summarise_fails_unless_every_run_ran_tests(outcomes: list[suite.Outcome], expected: int) -> None:
    """Only runs that ran something and passed are a success."""
    assert suite.summarise(outcomes) == expected


def test_run_suite_counts_what_pytest_ran(tmp_path: Path) -> None:
    """The counts are those of the run, whose environment has the codec and the variables that were asked for."""
    (tmp_path / "test_it.py").write_text(
        "import os, pytest\n"
        "def test_codec(): assert (os.environ['HAWKAPI_CODEC'], os.environ['HAWKAPI_X']) == ('portable', 'y')\n"
        "def test_fails(): assert False\n"
        "@pytest.mark.skip(reason='x')\ndef test_skipped(): pass\n"
    )
    run = suite.Run("a run", Path(sys.executable), ["test_it.py"], tree=tmp_path, codec="portable")
    (got,) = suite.run_suites([run], variables={"HAWKAPI_X": "y"})
    assert (got.exit_code, got.tests, got.failures, got.skipped) == (1, 3, 1, 1)


def test_run_suite_that_cannot_start(tmp_path: Path) -> None:
    """Arguments that pytest refuses end the run with a message instead of a table."""
    with pytest.raises(CIError, match="pytest wrote no report"):
        suite.run_suites([suite.Run("a run", Path(sys.executable), ["--no-such-option"], tree=tmp_path)])


def test_copied_tests_are_without_the_package() -> None:
    """Nothing in the copy can be imported in place of an installed hawkapi."""
    with suite.copied_tests() as tree:
        assert (tree / "tests" / "conftest.py").exists()
        assert not (tree / "hawkapi").exists()
        assert not (tree / "tests" / "ci").exists()


def test_run_suite_with_coverage_leaves_data(tmp_path: Path) -> None:
    """Each run puts its data beside those of others, under names that do not clash."""
    pytest.importorskip("coverage")
    (tmp_path / "pyproject.toml").write_text("[tool.coverage.run]\nbranch = true\nparallel = true\n")
    (tmp_path / "test_it.py").write_text("def test_passes(): pass\n")
    data = tmp_path / "data"
    data.mkdir()
    run = suite.Run("a run", Path(sys.executable), ["test_it.py"], tree=tmp_path, coverage=data)
    assert [(got.exit_code, got.tests) for got in suite.run_suites([run, run])] == [(0, 1), (0, 1)]
    assert len(list(data.glob(".coverage.*"))) == 2


def test_runs_beside_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of two runs waits for the other one to begin; their outputs do not mix, and the outcomes are in order."""
    for name, other in (("one", "two"), ("two", "one")):
        (tmp_path / f"test_{name}.py").write_text(
            "import pathlib, time\n"
            f"def test_{name}():\n"
            f"    pathlib.Path('{name}').touch()\n"
            "    until = time.monotonic() + 60\n"
            f"    while not pathlib.Path('{other}').exists() and time.monotonic() < until: time.sleep(0.01)\n"
            f"    assert pathlib.Path('{other}').exists()\n"
        )
    runs = [suite.Run(name, Path(sys.executable), ["-v", f"test_{name}.py"], tree=tmp_path) for name in ("one", "two")]
    assert [(got.title, got.exit_code, got.tests) for got in suite.run_suites(runs, at_once=2)] == [
        ("one", 0, 1),
        ("two", 0, 1),
    ]
    out = capsys.readouterr().out
    first, _, second = out.removeprefix("== ").partition("== two" if out.startswith("== one") else "== one")
    assert ("1 passed" in first, "1 passed" in second) == (True, True)


def test_halves_are_one_run_together(tmp_path: Path) -> None:
    """Each test file is in one of them, the large ones apart; what has no tests is in none."""
    sizes = {"a/test_a.py": 40, "a/b/test_b.py": 20, "c/test_c.py": 50, "test_d.py": 15, "c/helper.py": 90, "e/e.py": 9}
    for name, size in sizes.items():
        file = tmp_path / "tests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#" * size)
    run = suite.Run("3.13", Path(sys.executable), ["-x"], tree=tmp_path, codec="portable")
    halves = suite.in_halves(run)
    assert [half.title for half in halves] == ["3.13, half 1", "3.13, half 2"]
    assert [half.arguments for half in halves] == [["-x", "tests/a"], ["-x", "tests/c", "tests/test_d.py"]]
    assert {half.codec for half in halves} == {"portable"}

"""Run the test suite with one interpreter and one codec, and say how many tests ran."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from console import CIError, say
from environments import clean_environment
from project import PROJECT


@dataclass(frozen=True)
class Outcome:
    """How one run of the suite went."""

    title: str
    exit_code: int
    tests: int
    failures: int
    skipped: int
    seconds: float


def run_suite(
    title: str,
    python: Path,
    arguments: Sequence[str],
    *,
    tree: Path = PROJECT,
    codec: str = "",
    installed: str = "",
    coverage: Path | None = None,
) -> Outcome:
    """Run pytest, its output going straight to the terminal.

    Args:
        title: how the run is called in the table.
        python: the interpreter of an environment with the suite's packages.
        arguments: for pytest.
        tree: the directory that holds `tests/`; a checkout, or a copy of its tests.
        codec: the value of `HAWKAPI_CODEC`, default none.
        installed: the kind of wheel (`compiled` or `pure`) that the suite must find imported from site-packages;
            default: the package of the checkout.
        coverage: a directory to put the data of coverage into, beside those of other runs; default: none are taken.

    Raises:
        CIError: pytest ended without saying what it ran.
    """
    say(f"== {title}")
    environ = clean_environment()
    if codec:
        environ["HAWKAPI_CODEC"] = codec
    if installed:
        environ["HAWKAPI_TEST_WHEEL"] = installed
    if coverage is not None:
        environ["COVERAGE_FILE"] = str(coverage / ".coverage")
    # `python -m pytest` would put the current directory first on the path; only a checkout's suite wants that.
    program = [str(python), "-m", "pytest"] if not installed else [str(python.with_name("pytest"))]
    if coverage is not None:
        program = [str(python), "-m", "coverage", "run", "-m", "pytest"]
    with tempfile.TemporaryDirectory(prefix="hawkapi-suite-") as scratch:
        report = Path(scratch, "report.xml")
        command = [*program, f"--junit-xml={report}", "-o", "junit_logging=no", "-p", "no:cacheprovider", "-q"]
        sys.stdout.flush()
        exit_code = subprocess.run([*command, *arguments], cwd=tree, env=environ, check=False).returncode
        if not report.exists():
            raise CIError(f"pytest wrote no report (exit code {exit_code}); its own words are above")
        return read_report(title, exit_code, report)


def read_report(title: str, exit_code: int, report: Path) -> Outcome:
    """Read the counts of a JUnit report.

    Raises:
        CIError: the file is not one.
    """
    try:
        suite = next(ET.parse(report).iter("testsuite"))  # noqa: S314 - pytest wrote the file just now
        count = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
        seconds = float(suite.attrib["time"])
    except (ET.ParseError, StopIteration, KeyError, ValueError) as exc:
        raise CIError(f"{report} is not a JUnit report ({exc}); run pytest by itself to see what it does") from exc
    return Outcome(title, exit_code, count["tests"], count["failures"] + count["errors"], count["skipped"], seconds)


def summarise(outcomes: Sequence[Outcome]) -> int:
    """Print a table of the runs; return 1 when one failed or ran no test, otherwise 0."""
    print(f"{'run':<44}{'tests':>7}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for outcome in outcomes:
        print(f"{outcome.title:<44}{outcome.tests:>7}{outcome.failures:>8}{outcome.skipped:>9}{outcome.seconds:>9.1f}")
    sys.stdout.flush()
    return int(not outcomes or any(outcome.exit_code or not outcome.tests for outcome in outcomes))


@contextmanager
def copied_tests() -> Iterator[Path]:
    """Give a directory with the tests and what they read, but without the package, so only an installed one is found.

    `tests/ci` stays behind: it tests the scripts of the checkout, not the wheel.
    """
    with tempfile.TemporaryDirectory(prefix="hawkapi-tests-") as scratch:
        tree = Path(scratch)
        ignore = shutil.ignore_patterns("__pycache__", ".*", "ci")
        shutil.copytree(PROJECT / "tests", tree / "tests", ignore=ignore)
        shutil.copytree(PROJECT / "docs", tree / "docs", ignore=ignore)
        shutil.copy(PROJECT / "pyproject.toml", tree)
        yield tree

"""Run the test suite, each time with one interpreter and one codec, and say how many tests ran."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from console import CIError, say
from environments import clean_environment
from project import PROJECT

PROGRESS_EVERY_S: Final = 30
PERCENT: Final = re.compile(r"\[ *(\d+%)\]$", re.MULTILINE)
"""How far pytest is, at the end of each line of dots."""


@dataclass(frozen=True)
class Outcome:
    """How one run of the suite went."""

    title: str
    exit_code: int
    tests: int
    failures: int
    skipped: int
    seconds: float


@dataclass(frozen=True)
class Run:
    """One run of pytest that is to be made."""

    title: str
    """How it is called in the table."""
    python: Path
    """The interpreter of an environment with the suite's packages."""
    arguments: Sequence[str]
    """For pytest."""
    tree: Path = PROJECT
    """The directory that holds `tests/`; a checkout, or a copy of its tests."""
    codec: str = ""
    """The value of `HAWKAPI_CODEC`, default none."""
    installed: str = ""
    """The kind of wheel (`compiled` or `pure`) that the suite must find imported from site-packages; default: the
    package of the checkout."""
    coverage: Path | None = None
    """A directory to put the data of coverage into, beside those of other runs; default: none are taken."""

    def environment(self) -> dict[str, str]:
        """Return the environment of its process."""
        environ = clean_environment()
        if self.codec:
            environ["HAWKAPI_CODEC"] = self.codec
        if self.installed:
            environ["HAWKAPI_TEST_WHEEL"] = self.installed
        if self.coverage is not None:
            environ["COVERAGE_FILE"] = str(self.coverage / ".coverage")
        return environ

    def command(self, report: Path) -> list[str]:
        """Return its command line, which has it write a report."""
        # `python -m pytest` would put the current directory first on the path; only a checkout's suite wants that.
        program = [str(self.python), "-m", "pytest"] if not self.installed else [str(self.python.with_name("pytest"))]
        if self.coverage is not None:
            program = [str(self.python), "-m", "coverage", "run", "-m", "pytest"]
        options = [f"--junit-xml={report}", "-o", "junit_logging=no", "-p", "no:cacheprovider", "-q"]
        return [*program, *options, *self.arguments]


def in_halves(run: Run) -> list[Run]:
    """Return a run of everything as two that take about as long each.

    Three runs on two processors would leave one of them idle for a third of the time. How long the tests of a directory
    take is guessed by the size of their files.
    """
    halves: tuple[list[str], list[str]] = ([], [])
    sizes = [0, 0]
    tests = run.tree / "tests"
    for size, place in sorted(((size_of_tests(path), path) for path in tests.iterdir()), reverse=True):
        if size:
            smaller = sizes.index(min(sizes))
            halves[smaller].append(str(place.relative_to(run.tree)))
            sizes[smaller] += size
    return [
        replace(run, title=f"{run.title}, half {number}", arguments=[*run.arguments, *sorted(places)])
        for number, places in enumerate(halves, 1)
    ]


def size_of_tests(place: Path) -> int:
    """Return how many bytes the test files of a directory have, or a test file itself; 0 if there are none."""
    files = place.rglob("test_*.py") if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.name.startswith("test_") and file.suffix == ".py")


def run_suites(
    runs: Sequence[Run], *, variables: Mapping[str, str] | None = None, at_once: int | None = None
) -> list[Outcome]:
    """Make runs of pytest beside each other, and print the whole output of each when it has ended.

    Much of a run is waiting, and all of it uses one processor, so one after the other would take twice as long.

    Args:
        runs: to be made.
        variables: environment variables to set in each.
        at_once: how many at a time, default one for each processor.

    Raises:
        CIError: pytest ended without saying what it ran.
    """
    # Protects stdout while an output is printed: several may end at once.
    printing = threading.Lock()
    with ThreadPoolExecutor(at_once or os.cpu_count() or 1) as threads:
        return list(threads.map(lambda run: run_suite(run, variables or {}, printing), runs))


def run_suite(run: Run, variables: Mapping[str, str], printing: threading.Lock) -> Outcome:
    """Make one run, saying every half minute how far it is.

    Raises:
        CIError: pytest ended without saying what it ran.
    """
    with tempfile.TemporaryDirectory(prefix="hawkapi-suite-") as scratch:
        report, output = Path(scratch, "report.xml"), Path(scratch, "output.txt")
        say(f"-> {run.title}")
        with output.open("wb") as words:
            process = subprocess.Popen(
                run.command(report),
                cwd=run.tree,
                env={**run.environment(), **variables},
                stdout=words,
                stderr=subprocess.STDOUT,
            )
            exit_code = _wait(process, run.title, output)
        with printing:
            print(f"== {run.title}")
            print(output.read_text("utf-8", errors="replace"), end="", flush=True)
        if not report.exists():
            raise CIError(f"{run.title}: pytest wrote no report (exit code {exit_code}); its own words are above")
        return read_report(run.title, exit_code, report)


def _wait(process: subprocess.Popen[bytes], title: str, output: Path) -> int:
    """Wait for a run of pytest, and return its exit code."""
    while True:
        try:
            return process.wait(PROGRESS_EVERY_S)
        except subprocess.TimeoutExpired:
            reached = PERCENT.findall(output.read_text("utf-8", errors="replace"))
            say(f"   {title}: {reached[-1] if reached else 'collecting'}")
        except BaseException:
            process.terminate()
            process.wait()
            raise


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

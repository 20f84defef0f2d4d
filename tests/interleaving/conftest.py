"""The exploration that all tests here share: within a small bound in the suite, within the full one on request.

`nox -s interleavings` prints how many schedules were tried, and repeats one of them with `-- --replay FILE`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from stepping.findings import TABLE, Interleavings, as_lines


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of these tests."""
    group = parser.getgroup("interleavings")
    group.addoption("--exhaustive", action="store_true", help="explore each model within its full bound")
    group.addoption("--replay", metavar="FILE", help="run the one schedule of this file, which a failure has written")


@pytest.fixture
def interleavings(pytestconfig: pytest.Config, tmp_path: Path) -> Interleavings:
    """Explore models."""
    table = pytestconfig.stash.setdefault(TABLE, [])
    replay = pytestconfig.getoption("--replay", default=None)
    return Interleavings(
        table,
        tmp_path,
        exhaustive=pytestconfig.getoption("--exhaustive", default=False),
        replay=None if replay is None else Path(replay),
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was explored, where that was asked for."""
    table = config.stash.get(TABLE, [])
    if table and config.getoption("--exhaustive", default=False):
        terminalreporter.section("schedules explored")
        for line in as_lines(table):
            terminalreporter.line(line)

"""The costs of middleware: all of them are measured, and stand in the catalogue."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from middleware_rows import BASE_ROWS, all_rows
from subprocesses import run_python

from hawkapi import ObservabilityMiddleware, middleware
from hawkapi.middleware import Middleware

HERE = Path(__file__).parent
CATALOGUE = HERE.parent.parent / "docs" / "guide" / "middleware-catalogue.md"


def exported() -> set[str]:
    """Return the names of all middleware that users can import."""
    found = {ObservabilityMiddleware.__name__, "Bulkhead"}
    for info in pkgutil.iter_modules(middleware.__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{middleware.__name__}.{info.name}")
            values = [getattr(module, name) for name in module.__all__]
            found.update(each.__name__ for each in values if isinstance(each, type) and issubclass(each, Middleware))
    return found - {"Middleware"}


def test_every_middleware_is_measured(tmp_path: Path) -> None:
    """A new one needs a row of the benchmark."""
    rows = all_rows(tmp_path / "sessions", "redis://localhost")
    assert {row.name for row in rows} - {row.name for row in BASE_ROWS} == exported()


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the checkout's documentation is not beside these tests")
def test_every_middleware_is_in_the_catalogue_with_its_cost() -> None:
    """Each has a row, and a figure for either build or the reason why there is none."""
    table = CATALOGUE.read_text(encoding="utf-8").partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:2] == "| "]
    assert rows[0][4:] == ["µs, 3.13", "µs, 3.13t"]
    costs = {re.findall(r"`(\w+)`", cells[0])[0]: cells[4:] for cells in rows[1:]}
    assert costs.keys() == exported()
    assert [
        each for each in costs.values() if not all(re.fullmatch(r"< 1|\d+(\.\d)?|no wheel", one) for one in each)
    ] == []


def test_run_without_redis() -> None:
    """Whatever the numbers are, it prints a row for each middleware that can be measured, and the verdict."""
    script = str(HERE / "middleware_cost.py")
    done = run_python(script, "--rounds", "1", "--requests", "1", "--no-redis")
    assert (done.returncode, done.stderr) == (0, "")
    for name in exported() - {"BrotliMiddleware", "ZstandardMiddleware"}:
        assert (f"| `{name}` |" in done.stdout) is not name.startswith("Redis"), name
    assert re.search(r"empty middleware: -?\d+\.\d\d of the bare callable, target <= 0.5: (not )?met", done.stdout)

"""The tests that the guide shows are green."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from subprocesses import environment

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "testing.py"


def test_example(tmp_path: Path) -> None:
    """A user's pytest passes every one of them, without warnings."""
    pytest.importorskip("anyio")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(tmp_path / "pytest.ini")]
    done = subprocess.run(
        [*command, str(EXAMPLE)], env=environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed" in done.stdout

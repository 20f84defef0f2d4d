"""The files beside this one are users' code: it has the types that they say, and the errors that they expect."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from subprocesses import environment

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
USER_CODE = [path for path in sorted(HERE.glob("*.py")) if not path.name.startswith("test_")]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="mypy is not installed here; nox -s types runs it"
)


def check(cache: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    """Run mypy with the project's settings."""
    settings = ["--config-file", str(PROJECT / "pyproject.toml"), "--cache-dir", str(cache), "--no-error-summary"]
    command = [sys.executable, "-m", "mypy", *settings, *map(str, files)]
    return subprocess.run(command, cwd=PROJECT, env=environment(), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep what mypy learns about the package from one test for the next."""
    return tmp_path_factory.mktemp("mypy")


def test_user_code_has_the_types_it_says(cache: Path) -> None:
    """Each `assert_type` holds, and each expected error is one: an ignore that nothing needs is an error too."""
    done = check(cache, *USER_CODE)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_an_error_that_does_not_come_is_noticed(cache: Path, tmp_path: Path) -> None:
    """The check above fails when a decorator starts to accept, or to give, anything."""
    file = tmp_path / "user.py"
    file.write_text(
        "from hawkapi import HawkAPI\n"
        "app = HawkAPI()\n"
        "@app.get('/')\n"
        "def read(number: int) -> int:\n"
        "    return number\n"
        "read(1)  # type: ignore[arg-type]\n"
        "read('1')\n"
    )
    done = check(cache, file)
    assert [line.split(": ")[0].rpartition(":")[2] for line in done.stdout.splitlines()] == ["6", "7"], done.stdout

"""Environments of the suite: made once, and made again when anything in them changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import environments
import pytest
from console import CIError


def test_make_gives_an_interpreter_that_is_used_again(tmp_path: Path) -> None:
    """The second call finds the first one's environment, as it was left."""
    python = environments.make(Path(sys.executable), [], tmp_path)
    (python.parent / "marker").touch()
    assert environments.make(Path(sys.executable), [], tmp_path) == python
    assert (python.parent / "marker").exists()
    where = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True)
    assert Path(where.stdout.strip()).parent == tmp_path


def test_make_again_when_a_wheel_changes(tmp_path: Path) -> None:
    """A wheel counts by its content: the same name with other bytes is another environment."""
    wheel = tmp_path / "x-1-py3-none-any.whl"
    wheel.write_bytes(b"one")
    first = environments._fingerprint(Path(sys.executable), [wheel])
    wheel.write_bytes(b"two")
    assert environments._fingerprint(Path(sys.executable), [wheel]) != first


def test_make_that_fails_leaves_nothing_to_use(tmp_path: Path) -> None:
    """An environment whose packages could not be installed is not found ready the next time."""
    broken = tmp_path / "broken-1-py3-none-any.whl"
    broken.write_bytes(b"no zip")
    with pytest.raises(CIError, match="broken-1"):
        environments.make(Path(sys.executable), [broken], tmp_path / "home")
    assert not list((tmp_path / "home").glob("*/ready"))

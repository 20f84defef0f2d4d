"""Runs Python in a process of its own, with the hawkapi that this process imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import hawkapi


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of this process with hawkapi's place on the path and some variables set."""
    place = str(Path(hawkapi.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": place, "PYTHONDONTWRITEBYTECODE": "1", **variables}


def run_python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the interpreter with warnings as errors and wait for it.

    Args:
        arguments: its command line, for example `-c` and a program.
        variables: environment variables to set.
    """
    command = [sys.executable, "-P", "-W", "error", *arguments]
    return subprocess.run(
        command, env=environment(**variables), capture_output=True, text=True, check=False, timeout=60
    )


def output_of(program: str, **variables: str) -> str:
    """Run a program and return what it printed; it must succeed."""
    done = run_python("-c", program, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()

"""How scripts run commands, and how they fail."""

from __future__ import annotations

import errno
import sys

import pytest
from console import CIError, exit_with, run, step


def test_run_returns_both_streams() -> None:
    """What a command prints to stdout and stderr comes back as one text."""
    done = run([sys.executable, "-c", "import sys; print('out'); sys.stdout.flush(); print('err', file=sys.stderr)"])
    assert done.stdout.splitlines() == ["out", "err"]


def test_run_of_a_command_that_fails() -> None:
    """The error holds the exit code and the last lines."""
    with pytest.raises(CIError, match=r"(?s)exit code 3 .*line 29") as caught:
        run([sys.executable, "-c", "[print('line', n) for n in range(30)]; raise SystemExit(3)"])
    assert "line 9\n" not in str(caught.value)


def test_run_of_a_missing_program() -> None:
    """The error names the program."""
    with pytest.raises(CIError, match="cannot start no-such-program"):
        run(["no-such-program"])


def test_run_that_takes_too_long() -> None:
    """A command that does not end is killed."""
    with pytest.raises(CIError, match=r"no answer after 0\.2 s"):
        run([sys.executable, "-c", "import threading; threading.Event().wait()"], timeout=0.2)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        pytest.param(CIError("this failed; do that"), 1, "error: this failed; do that\n", id="foreseen"),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device", "wheelhouse/x"),
            1,
            "error: No space left on device (wheelhouse/x); "
            "free some space or fix the permissions, then run this again\n",
            id="disk full",
        ),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device", "dist/x", None, "wheelhouse/x"),
            1,
            "error: No space left on device (wheelhouse/x); "
            "free some space or fix the permissions, then run this again\n",
            id="target disk full",
        ),
        pytest.param(KeyboardInterrupt(), 130, "interrupted\n", id="ctrl-c"),
    ],
)
def test_exit_with_prints_one_line(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure that a person can meet is one line on stderr and an exit code."""

    def body() -> None:
        raise error

    assert exit_with(body) == code
    assert capsys.readouterr().err == said


def test_exit_with_keeps_the_traceback_of_a_bug() -> None:
    """An error that nobody foresaw is not made into a message."""

    def body() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        exit_with(body)


def test_step_says_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    """A step that raises is reported as failed."""
    with pytest.raises(CIError), step("do it"):
        raise CIError("no")
    assert "failed after" in capsys.readouterr().err


def test_run_without_a_network() -> None:
    """What a package client says about the network is put first, as what to do."""
    program = "print('x: failed to lookup address information: Name or service not known'); raise SystemExit(1)"
    with pytest.raises(CIError, match=r"^the package index cannot be reached; check the network"):
        run([sys.executable, "-c", program])

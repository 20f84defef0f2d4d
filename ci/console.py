"""What the scripts of this directory print, and how they fail.

A failure a person can cause or meet is a `CIError` whose message says what failed and what to do next; `exit_with`
turns it into one line on stderr. Anything else is a bug in the script and keeps its traceback.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

TAIL_LINES: Final = 20
NO_NETWORK: Final = ("dns error", "name resolution", "Name or service not known", "Could not resolve host")
"""What pip, uv and apt print when there is no network."""


class CIError(Exception):
    """A step failed; the message says why and what to do next."""


def say(text: str) -> None:
    """Print one line of progress to stderr at once."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Print `text` when a step begins, and how long it took, in seconds, when it ends or fails."""
    say(f"-> {text}")
    started = time.monotonic()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        say(f"   {outcome} after {time.monotonic() - started:.1f} s: {text}")


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    quiet: bool = True,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return it with its output as text (stderr joined to stdout).

    Args:
        command: program and arguments; no shell is involved.
        cwd: directory to run in, default the current one.
        env: the whole environment, default this process's.
        quiet: keep the output back; otherwise it is printed to stderr once the command has ended.
        timeout: seconds after which the command is killed, default never.

    Raises:
        CIError: the program is missing, fails, or takes too long. The message holds the last lines it printed.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            check=False,
            cwd=cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except FileNotFoundError as exc:
        raise CIError(f"cannot start {words[0]}: {exc.strerror}; install it or put it on PATH") from exc
    except PermissionError as exc:
        raise CIError(f"cannot start {words[0]}: {exc.strerror}") from exc
    except subprocess.TimeoutExpired as exc:
        raise CIError(f"no answer after {timeout:g} s from: {' '.join(words)}") from exc
    if done.returncode != 0:
        tail = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-TAIL_LINES:])
        reason = f"exit code {done.returncode} from: {' '.join(words)}\n{tail}".rstrip()
        if any(sign in done.stdout for sign in NO_NETWORK):
            reason = f"the package index cannot be reached; check the network, or pip's and uv's settings\n    {reason}"
        raise CIError(reason)
    if not quiet:
        say(done.stdout.rstrip())
    return done


def exit_with(function: Callable[[], int | None]) -> int:
    """Call a script's body; a `CIError`, a full disk or Ctrl-C becomes one line on stderr and an exit code.

    Returns:
        0 or what the function returns; 1 after a failure; 130 after Ctrl-C.
    """
    try:
        return function() or 0
    except CIError as exc:
        say(f"error: {exc}")
    except OSError as exc:
        # Of a copy that fails the second name is the target, which is what is full.
        name = exc.filename2 or exc.filename
        place = f" ({name})" if name else ""
        say(f"error: {exc.strerror or exc}{place}; free some space or fix the permissions, then run this again")
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    return 1

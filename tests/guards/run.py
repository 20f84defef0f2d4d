"""Take one guard after the other out of a copy of the package, and see whether the tests that claim it notice.

    python tests/guards/run.py [--times 50] [--seconds 60] [--only TEXT] [--trust]

A guard is whatever keeps threads apart: a lock, an order of two steps, an operation that CPython makes atomic. The
table is `guards.toml`. Each guard's tests run first with it (`--trust` leaves that out), then without it, again and
again, in a process of their own on the interpreter that runs this, until one fails, the repetitions or the time are
over. A hang is noticed too, and so is a crash. `support/guarding/repeating.py` says how races are made likelier.

The exit code is 1 when nothing noticed a guard that the table does not excuse, or the tests failed with the guard.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
sys.path[:0] = [str(HERE.parent / "support")]

from guarding.repeating import MISTAKES  # noqa: E402 - found through the path set above
from guarding.table import Guard, TableError, read_table  # noqa: E402

TABLE: Final = HERE / "guards.toml"
HANG_S: Final = 40
"""A test that takes longer hangs: none takes a tenth of it with all guards in place."""
START_S: Final = 60.0
"""How long pytest may take besides: to start, to collect, to end."""
CONTROLS: Final = 2
"""Repetitions with the guard in place: one without pauses and one with."""
WRONG: Final = frozenset(
    name for kind in MISTAKES for name in (kind.__name__, *(sub.__name__ for sub in kind.__subclasses__()))
)
"""What a replacement that is wrong by itself raises, by name. No row may count it as noticed: a race that looks like a
mistake is shown by a test that asks for what the race breaks."""


@dataclass(frozen=True)
class Verdict:
    """What the tests said."""

    noticed: bool
    passed: int
    """Repetitions in which all tests passed."""
    how: str
    """What was seen in the repetition that followed."""

    def __str__(self) -> str:
        if not self.noticed:
            return f"not noticed in {self.passed}"
        return f"noticed in {self.passed + 1}"


@contextmanager
def copied_project() -> Iterator[Path]:
    """Give a directory with a copy of the package, its tests and what they read."""
    with tempfile.TemporaryDirectory(prefix="hawkapi-guards-") as scratch:
        tree = Path(scratch)
        for part in ("hawkapi", "tests", "docs", "ci"):
            shutil.copytree(PROJECT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__", ".*", "_build"))
        for file in ("pyproject.toml", "setup.py", "noxfile.py", "README.md"):
            shutil.copy(PROJECT / file, tree)
        yield tree


@contextmanager
def without(guard: Guard, tree: Path) -> Iterator[tuple[int, int]]:
    """Take a guard out of the copy for the length of a block; give the lines that come in its place."""
    file = tree / guard.module
    source = file.read_text("utf-8")
    file.write_text(guard.taken_out(source), "utf-8")
    forget_compiled(file)
    try:
        yield guard.lines(source)
    finally:
        file.write_text(source, "utf-8")
        forget_compiled(file)


def forget_compiled(file: Path) -> None:
    """Remove what was compiled from a file: its time stamp may be the same to the second."""
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink()


def try_tests(
    module: str,
    tests: Sequence[str],
    tree: Path,
    times: int,
    seconds: float,
    *,
    hang_s: float = HANG_S,
    replaced: tuple[int, int] | None = None,
) -> Verdict:
    """Run the tests that claim something of a module, on the copy as it is now, with the lines that were replaced."""
    result = tree / "result.json"
    result.unlink(missing_ok=True)
    log = tree / "output.txt"
    with log.open("wb") as words:
        process = subprocess.Popen(
            command(module, tests, times, seconds, result, hang_s, replaced),
            cwd=tree,
            env=environment(tree),
            stdout=words,
            stderr=words,
        )
        try:
            code = process.wait(seconds + hang_s + START_S)
        except BaseException as exc:
            process.kill()
            process.wait()
            if not isinstance(exc, subprocess.TimeoutExpired):
                raise
            code = None
    return verdict(result, code, log.read_text("utf-8", "replace"))


def command(
    module: str,
    tests: Sequence[str],
    times: int,
    seconds: float,
    result: Path,
    hang_s: float,
    replaced: tuple[int, int] | None,
) -> list[str]:
    """Return the command line of pytest."""
    hanging = ["-o", f"faulthandler_timeout={hang_s}", "-o", "faulthandler_exit_on_timeout=true"]
    options = ["--times", str(times), "--at-most-s", str(seconds), "--pause-in", module, "--result", str(result)]
    if replaced is not None:
        options += ["--replaced", f"{replaced[0]}-{replaced[1]}"]
    plugins = ["-p", "guarding.repeating", "-p", "no:cacheprovider"]
    return [sys.executable, "-m", "pytest", "-q", "-x", *plugins, *hanging, *options, *tests]


def environment(tree: Path) -> dict[str, str]:
    """Return the environment of pytest: that of this process, but with the helpers of the copy."""
    return {**os.environ, "PYTHONPATH": str(tree / "tests" / "support")}


def verdict(result: Path, code: int | None, output: str) -> Verdict:
    """Say what a run of pytest means.

    Args:
        result: the file that the plugin writes.
        code: the exit code, `None` where the process had to be killed.
        output: what pytest printed.

    Raises:
        TableError: it ran no test, or failed because the replacement is wrong by itself.
    """
    said = json.loads(result.read_text("utf-8")) if result.exists() else None
    if said is None or not said["repetition"]:
        raise TableError(f"pytest ran no test (exit code {code}):\n{output[-2000:]}")
    failure = said["failure"]
    mistakes = said["mistakes"]
    if failure is not None and failure["error"].startswith(tuple(WRONG)):
        mistakes.append(failure["error"])
    if mistakes:
        raise TableError(f"the replacement is wrong by itself: {'; '.join(mistakes)}")
    if failure is not None:
        return Verdict(True, said["passed"], f"{failure['test'].rpartition('::')[2]}: {failure['error']}")
    if not said["over"]:
        return Verdict(True, said["passed"], "hang" if "Timeout (" in output or code is None else f"crash ({code})")
    if code != 0 and not said["passed"] and "the time is over" not in output:
        raise TableError(f"pytest ended with {code}:\n{output[-2000:]}")
    return Verdict(False, said["passed"], "")


def try_guard(guard: Guard, tree: Path, arguments: argparse.Namespace) -> bool:
    """Try one guard and print its row; return whether it is as it must be."""
    started = time.monotonic()
    with without(guard, tree) as replaced:
        seen = try_tests(guard.module, guard.tests, tree, arguments.times, arguments.seconds, replaced=replaced)
    print(f"{guard.name:<72} {seen!s:<20} {time.monotonic() - started:>5.0f} s  {seen.how[:120]}", flush=True)
    if not seen.noticed and guard.stays:
        print(f"    it stays: {guard.stays}")
    if seen.noticed and guard.stays:
        print("    the table excuses it, but it was noticed: take the excuse out")
    return seen.noticed or bool(guard.stays)


def try_controls(guards: Sequence[Guard], tree: Path, seconds: float) -> list[str]:
    """Run all tests with all guards in place; return the modules in which that fails, and print what fails there."""
    failed = []
    for module in dict.fromkeys(guard.module for guard in guards):
        tests = dict.fromkeys(test for guard in guards if guard.module == module for test in guard.tests)
        seen = try_tests(module, [*tests], tree, CONTROLS, seconds)
        if seen.noticed:
            print(f"{module}: its tests fail with every guard in place: {seen.how}", flush=True)
            failed.append(module)
    return failed


def is_shown(guard: Guard, tree: Path, arguments: argparse.Namespace) -> bool:
    """Try one guard; say what is wrong with its row of the table, if something is."""
    try:
        return try_guard(guard, tree, arguments)
    except TableError as exc:
        print(f"{guard.name:<64} {exc}", flush=True)
        return False


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--times", type=int, default=50, help="repetitions at most")
    options.add_argument("--seconds", type=float, default=60.0, help="for the repetitions of one guard")
    options.add_argument("--only", nargs="*", default=[""], help="parts of names or modules of guards, default all")
    options.add_argument("--trust", action="store_true", help="do not run the tests with the guard first")
    chosen = options.parse_args(arguments)
    try:
        return run(chosen)
    except TableError as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 1


def run(chosen: argparse.Namespace) -> int:
    """Try the guards that were chosen; return 1 when one is not as it must be."""
    everything = read_table(TABLE)
    guards = [guard for guard in everything if any(text in f"{guard.name} {guard.module}" for text in chosen.only)]
    if not guards:
        raise TableError(f"no guard's name or module has {' or '.join(chosen.only)} in it")
    with copied_project() as tree:
        unreliable = [] if chosen.trust else try_controls(guards, tree, chosen.seconds)
        print(f"{'guard':<72} {'within repetitions':<20} {'time':>7}  what was seen", flush=True)
        hidden = [guard.name for guard in guards if not is_shown(guard, tree, chosen)]
    print(f"{len(guards)} guards, {len(guards) - len(hidden)} as they must be")
    for name in hidden:
        print(f"error: nothing shows what happens without: {name}", file=sys.stderr)
    for module in unreliable:
        print(f"error: with all guards in place tests fail: {module}", file=sys.stderr)
    return int(bool(hidden or unreliable))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

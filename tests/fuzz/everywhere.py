"""Fuzz on several interpreters with their codecs, one after the other, and compare what they answered.

    python tests/fuzz/everywhere.py [--seconds 60] [--seed S] [--target NAME] [--case N] --with TITLE PYTHON CODEC ...

What it proves, besides what `run.py` does for each: all configurations gave the same status, header fields and body to
each request that all of them got to. A difference is made small by asking both again, in processes of their own.
Strings are hashed differently in each process, so an answer that depends on the order of a set is found too.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "support")]

from fuzzing.cases import Case  # noqa: E402 - found through the path set above
from fuzzing.shrinking import shrink  # noqa: E402
from fuzzing.targets import TARGETS, make_case  # noqa: E402

DIGEST_SIZE = 8
MAX_DIFFERENCES = 5
MAX_ATTEMPTS = 600


@dataclass(frozen=True)
class Configuration:
    """An interpreter with a codec, and what it answered."""

    title: str
    python: str
    codec: str
    """Empty for the interpreter's own choice."""
    digests: bytes = b""

    @property
    def count(self) -> int:
        """How many cases it got to."""
        return len(self.digests) // DIGEST_SIZE

    def digest(self, number: int) -> bytes:
        """Return what stands for an answer."""
        return self.digests[number * DIGEST_SIZE : (number + 1) * DIGEST_SIZE]

    def command(self, *arguments: str) -> list[str]:
        """Return how `run.py` is called."""
        return [self.python, str(HERE / "run.py"), *arguments]

    def environment(self) -> dict[str, str]:
        """Return what it is called with: this checkout's package, or the one that is installed."""
        variables = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
        if self.codec:
            variables["HAWKAPI_CODEC"] = self.codec
        return variables


class Answerer:
    """A process that answers cases."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def answer(self, case: Case) -> str:
        """Return the answer to a case as a line.

        Raises:
            RuntimeError: the process has died of it.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the process has no pipes")
        stdin.write(case.to_json() + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"the process died of\n{case}")
        return line.rstrip("\n")


@contextmanager
def answerer(configuration: Configuration) -> Iterator[Answerer]:
    """Run `run.py --serve` and end it."""
    command = configuration.command("--serve", "--seed", "0")
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, env=configuration.environment(), encoding="utf-8"
    ) as process:
        try:
            yield Answerer(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.wait(30)


def differences(configurations: Sequence[Configuration]) -> list[tuple[int, int]]:
    """Return number of case and index of configuration, where one differs from the first; some of them."""
    found: list[tuple[int, int]] = []
    first = configurations[0]
    for index, other in enumerate(configurations[1:], 1):
        common = min(first.count, other.count)
        numbers = [number for number in range(common) if first.digest(number) != other.digest(number)]
        found += [(number, index) for number in numbers[:MAX_DIFFERENCES]]
    return found


def report(first: Configuration, other: Configuration, target: str, case: Case) -> bool:
    """Make a difference small and print it; return whether there is one."""
    with ExitStack() as stack:
        one = stack.enter_context(answerer(first))
        two = stack.enter_context(answerer(other))

        def differ(candidate: Case) -> bool:
            return one.answer(candidate) != two.answer(candidate)

        if not differ(case):
            return False
        smallest = shrink(case, differ, MAX_ATTEMPTS)
        print(f"\nDIFFERENT ({target}), smallest request found:\n{smallest}")
        print(f"{first.title}: {one.answer(smallest)[:2000]}\n{other.title}: {two.answer(smallest)[:2000]}")
        return True


def fuzz(configuration: Configuration, arguments: Sequence[str], digests: Path) -> tuple[int, Configuration]:
    """Run a campaign; return its exit code and the configuration with its digests."""
    print(f"\n== {configuration.title}", flush=True)
    command = configuration.command(*arguments, "--digests", str(digests))
    code = subprocess.run(command, env=configuration.environment(), check=False).returncode
    found = digests.read_bytes() if digests.exists() else b""
    return code, Configuration(configuration.title, configuration.python, configuration.codec, found)


def compare(configurations: Sequence[Configuration], seed: int, targets: tuple[str, ...]) -> int:
    """Compare what was answered; 1 when there is a difference."""
    found = differences(configurations)
    for number, index in found:
        target, case = make_case(seed, number, targets)
        if not report(configurations[0], configurations[index], target, case):
            print(f"\nDIFFERENT in the run, but equal when asked again, so it depends on more than its request\n{case}")
        print(f"repeat it with: nox -s fuzz -- --seed {seed} --target {target} --case {number}")
    common = min(configuration.count for configuration in configurations)
    print(f"\n{common} answers compared in {len(configurations)} configurations: {len(found) or 'no'} differences")
    return int(bool(found))


def repeat(configurations: Sequence[Configuration], arguments: Sequence[str], case: Case, target: str) -> int:
    """Give one case to each configuration; 1 when a property does not hold or the answers differ."""
    code = 0
    for configuration in configurations:
        print(f"\n== {configuration.title}", flush=True)
        command = configuration.command(*arguments)
        code |= int(subprocess.run(command, env=configuration.environment(), check=False).returncode != 0)
    for other in configurations[1:]:
        code |= int(report(configurations[0], other, target, case))
    return code


def main() -> int:
    """Fuzz and compare; 1 when something was found."""
    parser = argparse.ArgumentParser(description="Give the same random requests to several configurations.")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each configuration, default 60")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="default random")
    parser.add_argument("--target", choices=TARGETS, help="what the requests are about, default everything")
    parser.add_argument("--case", type=int, help="only the request with this number")
    parser.add_argument("--with", dest="configurations", nargs=3, action="append", required=True, metavar="WORD")
    options = parser.parse_args()
    configurations = [Configuration(*words) for words in options.configurations]
    targets = (options.target,) if options.target else tuple(TARGETS)
    arguments = ["--seed", str(options.seed), *(["--target", options.target] if options.target else [])]
    print(f"seed {options.seed}", flush=True)
    if options.case is not None:
        target, case = make_case(options.seed, options.case, targets)
        return repeat(configurations, [*arguments, "--case", str(options.case)], case, target)
    code = 0
    with tempfile.TemporaryDirectory(prefix="hawkapi-fuzz-") as scratch:
        arguments += ["--seconds", str(options.seconds)]
        done: list[Configuration] = []
        for index, configuration in enumerate(configurations):
            failed, answered = fuzz(configuration, arguments, Path(scratch, str(index)))
            code |= int(failed != 0)
            done.append(answered)
    return code | compare(done, options.seed, targets)


if __name__ == "__main__":
    sys.exit(main())

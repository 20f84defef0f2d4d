"""Compare what several interpreters and codecs answered to the same random requests.

    python tests/fuzz/compare.py --seed S [--target NAME] TITLE PYTHON CODEC DIGESTS  [TITLE PYTHON CODEC DIGESTS ...]

What it proves: all configurations gave the same status, header fields and body to each request that all of them got to.
A difference is made small by asking both again, in processes of their own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
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
    digests: bytes

    @property
    def count(self) -> int:
        """How many cases it got to."""
        return len(self.digests) // DIGEST_SIZE

    def digest(self, number: int) -> bytes:
        """Return what stands for an answer."""
        return self.digests[number * DIGEST_SIZE : (number + 1) * DIGEST_SIZE]


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
def answerer(python: str, codec: str) -> Iterator[Answerer]:
    """Run `run.py --serve` and end it."""
    environment = {**os.environ, "HAWKAPI_CODEC": codec}
    command = [python, str(HERE / "run.py"), "--serve", "--seed", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as process:
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


def report(first: Configuration, other: Configuration, target: str, case: Case) -> None:
    """Make a difference small and print it."""
    with ExitStack() as stack:
        one = stack.enter_context(answerer(first.python, first.codec))
        two = stack.enter_context(answerer(other.python, other.codec))

        def differ(candidate: Case) -> bool:
            return one.answer(candidate) != two.answer(candidate)

        if not differ(case):
            print(f"\nDIFFERENT in the run, but equal when asked again, so it depends on more than its request\n{case}")
            return
        smallest = shrink(case, differ, MAX_ATTEMPTS)
        print(f"\nDIFFERENT ({target}), smallest request found:\n{smallest}")
        print(f"{first.title}: {one.answer(smallest)[:2000]}\n{other.title}: {two.answer(smallest)[:2000]}")


def main() -> int:
    """Compare; 1 when there is a difference."""
    parser = argparse.ArgumentParser(description="Compare the answers of several configurations.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--target", choices=TARGETS)
    parser.add_argument("configurations", nargs="+", help="TITLE PYTHON CODEC DIGESTS, as often as needed")
    options = parser.parse_args()
    words = options.configurations
    if len(words) % 4:
        parser.error("each configuration is four words")
    configurations = [
        Configuration(title, python, codec, Path(digests).read_bytes())
        for title, python, codec, digests in zip(*[iter(words)] * 4, strict=True)
    ]
    targets = (options.target,) if options.target else tuple(TARGETS)
    found = differences(configurations)
    for number, index in found:
        target, case = make_case(options.seed, number, targets)
        report(configurations[0], configurations[index], target, case)
        print(f"repeat it with: nox -s fuzz -- --seed {options.seed} --target {target} --case {number}")
    common = min(configuration.count for configuration in configurations)
    print(f"{common} answers compared in {len(configurations)} configurations: {len(found) or 'no'} differences")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())

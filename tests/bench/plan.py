"""What a run of the benchmark is to do: which builds of what are where, and how much is measured."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

QUICK_ROUNDS: Final = 3
QUICK_MILLISECONDS: Final = 3


@dataclass(frozen=True)
class Plan:
    """A run on one build."""

    python: Path
    """An environment of this build with Starlette, Falcon and the servers; it runs the checkout, and is this process's.
    """
    wheel: Path | None = None
    """One in which a compiled wheel of ours is installed."""
    predecessor: Path | None = None
    """One in which hawkapi 0.2.0 is installed."""
    peers: Mapping[str, Path] = field(default_factory=dict)
    """Those of frameworks that live apart, by name."""
    wrk: Path | None = None
    """The program that asks servers; without it nothing is served."""
    rounds: int = 15
    seconds: float = 0.02
    """Of CPU time, which one measurement of one application takes about."""
    seed: int = 1
    """Of the order within a round, and of what is drawn."""

    def fewer(self, rounds: int) -> int:
        """Return a number of rounds for what takes longer, at most those of the run."""
        return min(rounds, self.rounds)


def build_name() -> str:
    """Return how the build of this interpreter is called: `3.13`, or `3.13t` without the GIL."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}{'t' if is_free_threaded() else ''}"


def is_free_threaded() -> bool:
    """Say whether this interpreter runs without the GIL."""
    return not getattr(sys, "_is_gil_enabled", lambda: True)()


def say(text: str) -> None:
    """Print a line of progress; results go to stdout, this does not."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def table(name: str) -> Iterator[None]:
    """Say that a table begins, and how many seconds it took."""
    say(f"-> {name}")
    started = time.monotonic()
    yield
    say(f"   {name}: {time.monotonic() - started:.0f} s")


def clean_environment(**variables: str) -> dict[str, str]:
    """Return the variables for a process that is measured: this process's paths and settings are not its own.

    Hashes of strings are alike in all of them, and always.
    """
    dropped = ("PYTHON", "HAWKAPI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "PYTHONHASHSEED": "0", **variables}


def at_least(smallest: int) -> Callable[[str], int]:
    """Return what reads a number of an option, at least as large as given."""

    def number(text: str) -> int:
        value = int(text)
        if value < smallest:
            raise ValueError
        return value

    return number


def peer(text: str) -> tuple[str, Path]:
    """Read `NAME=PYTHON`."""
    name, found, place = text.partition("=")
    if not found:
        raise ValueError
    return name, Path(place)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a parser read what a plan consists of."""
    parser.add_argument("--wheel", type=Path, metavar="PYTHON", help="an environment with a compiled wheel of ours")
    parser.add_argument("--predecessor", type=Path, metavar="PYTHON", help="an environment with hawkapi 0.2.0")
    parser.add_argument(
        "--peer", type=peer, action="append", default=[], metavar="NAME=PYTHON", help="one with another framework"
    )
    parser.add_argument("--wrk", type=Path, metavar="PROGRAM", help="wrk, which asks servers")
    parser.add_argument("--rounds", type=at_least(1), default=15, help="interleaved rounds (default 15)")
    parser.add_argument(
        "--milliseconds", type=at_least(1), default=20, help="of CPU time for one measurement (default 20)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the order and of what is drawn (default 1)")
    parser.add_argument("--quick", action="store_true", help="few and short rounds: a look, not a result")


def make_plan(options: argparse.Namespace) -> Plan:
    """Return the plan of options that were read."""
    rounds = min(options.rounds, QUICK_ROUNDS) if options.quick else options.rounds
    milliseconds = min(options.milliseconds, QUICK_MILLISECONDS) if options.quick else options.milliseconds
    return Plan(
        Path(sys.executable),
        options.wheel,
        options.predecessor,
        dict(options.peer),
        options.wrk,
        rounds,
        milliseconds / 1000,
        options.seed,
    )


def one_of(known: Sequence[str]) -> Callable[[str], str]:
    """Return what reads one of some names."""

    def name(text: str) -> str:
        if text not in known:
            raise argparse.ArgumentTypeError(f"there is no {text!r}; there are {', '.join(known)}")
        return text

    return name

"""Who is measured: each in a process of its own, which holds a framework and the bare callable."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from drawn import VARIABLE
from plan import Plan, clean_environment

HERE: Final = Path(__file__).parent
CHECKOUT: Final = HERE.parent.parent
TIMES_OUT_S: Final = 10

PREDECESSOR: Final = "0.2.0"
AT_HOME: Final = ("starlette", "falcon")
"""Peers that are installed where the checkout runs; the others live apart, for what they need may differ."""
APART: Final = ("fastapi", "litestar", "blacksheep", "sanic")


class ContenderError(Exception):
    """A process cannot be measured; the message says why."""


@dataclass(frozen=True)
class Contender:
    """One column of the tables."""

    name: str
    module: str
    """Of `apps/`."""

    python: Path
    codec: str = ""
    """The value of `HAWKAPI_CODEC`."""

    paths: tuple[Path, ...] = ()
    """Where the framework is, when it is not installed in the environment."""

    ours: bool = False

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the variables of its process."""
        return clean_environment(**({"HAWKAPI_CODEC": self.codec} if self.codec else {}), **variables)


def contenders(plan: Plan) -> list[Contender]:
    """Return who is measured, ourselves first, and first of all as most users run it."""
    found = ours(plan)
    if plan.predecessor is not None:
        found.append(Contender(PREDECESSOR, "hawkapi_0_2", plan.predecessor))
    found += [Contender(name, f"{name}_app", plan.python) for name in AT_HOME if importlib.util.find_spec(name)]
    return [*found, *(Contender(name, f"{name}_app", plan.peers[name]) for name in APART if name in plan.peers)]


def ours(plan: Plan, module: str = "ours") -> list[Contender]:
    """Return ourselves, compiled and from the checkout, with each codec that is there."""
    codecs = ["msgspec", "portable"] if importlib.util.find_spec("msgspec") else ["portable"]
    found: list[Contender] = []
    if plan.wheel is not None:
        found += [Contender(f"compiled+{codec}", module, plan.wheel, codec, ours=True) for codec in codecs]
    return found + [Contender(codec, module, plan.python, codec, (CHECKOUT,), ours=True) for codec in codecs]


class Process:
    """A running contender; one thread."""

    def __init__(self, contender: Contender, *, seed: int = 1) -> None:
        self.contender = contender
        command: list[str | Path] = [contender.python, HERE / "worker.py", contender.module, *contender.paths]
        self._process = subprocess.Popen(
            command,
            env=contender.environment(**{VARIABLE: str(seed)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.about: dict[str, Any] = self._read()

    def ask(self, **command: object) -> Any:
        """Send a command (see `worker.py`) and return its answer.

        Raises:
            ContenderError: the process has ended.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # Reading says it better.
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        return self._read()

    def rows(self, wanted: Sequence[str]) -> list[str]:
        """Return the rows among some whose request the application answers.

        Raises:
            ContenderError: an answer is wrong.
        """
        found = []
        for row in wanted:
            verdict = self.ask(check=row)
            if verdict not in {"right", "absent"}:
                raise ContenderError(f"{self.contender.name} gives a wrong answer to {row}: {verdict}")
            if verdict == "right":
                found.append(row)
        return found

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            code = self._process.returncode
            raise ContenderError(f"{self.contender.name}: its process ended with {code}; its own words are above")
        return json.loads(line)

    def close(self) -> None:
        """Let the process end, and wait until it has."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(TIMES_OUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


@contextlib.contextmanager
def running(found: Sequence[Contender], seed: int) -> Iterator[list[Process]]:
    """Give the processes of contenders, and let them end.

    Raises:
        ContenderError: one did not start.
    """
    with contextlib.ExitStack() as stack:
        processes: list[Process] = []
        for contender in found:
            processes.append(Process(contender, seed=seed))
            stack.callback(processes[-1].close)
        yield processes


def describe(found: Sequence[Contender], seed: int) -> Mapping[str, Any]:
    """Return what each contender says of itself: its Python, its framework's version, its codec."""
    with running(found, seed) as processes:
        return {process.contender.name: process.about for process in processes}

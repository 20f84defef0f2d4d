"""Who is measured: each in a process of its own, which holds a framework and the bare callable."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
CHECKOUT: Final = HERE.parent.parent
TIMES_OUT_S: Final = 10

PREDECESSOR: Final = "0.2.0"
PEERS: Final = {"starlette": "starlette_app", "falcon": "falcon_app"}


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


def contenders(python: Path, *, wheel: Path | None = None, predecessor: Path | None = None) -> list[Contender]:
    """Return who is measured, ourselves first, and first of all as most users run it.

    Args:
        python: an environment with the other frameworks; it runs the checkout too, and is this process's.
        wheel: an environment in which a compiled wheel of ours is installed.
        predecessor: an environment in which hawkapi 0.2.0 is installed.
    """
    codecs = ["msgspec", "portable"] if importlib.util.find_spec("msgspec") else ["portable"]
    found: list[Contender] = []
    if wheel is not None:
        found += [Contender(f"compiled+{codec}", "ours", wheel, codec, ours=True) for codec in codecs]
    found += [Contender(codec, "ours", python, codec, (CHECKOUT,), ours=True) for codec in codecs]
    if predecessor is not None:
        found.append(Contender(PREDECESSOR, "hawkapi_0_2", predecessor))
    found += [Contender(name, module, python) for name, module in PEERS.items() if importlib.util.find_spec(name)]
    return found


class Process:
    """A running contender; one thread."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        # The path and the settings of this process are not the contender's; hashes are alike in all of them and always.
        dropped = ("PYTHON", "HAWKAPI_")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        environ["PYTHONHASHSEED"] = "0"
        if contender.codec:
            environ["HAWKAPI_CODEC"] = contender.codec
        command: list[str | Path] = [contender.python, HERE / "worker.py", contender.module, *contender.paths]
        self._process = subprocess.Popen(
            command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
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


def is_free_threaded() -> bool:
    """Say whether this interpreter runs without the GIL."""
    return not getattr(sys, "_is_gil_enabled", lambda: True)()

"""An environment that has hawkapi from a wheelhouse, and what its interpreter says about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from console import run
from cpython import Build, Interpreter
from dist_set import PACKAGE, DistSet
from environments import clean_environment, python_in
from wheel_file import WheelFile

PROBE: Final = Path(__file__).with_name("install_probe.py")
EXTRAS: Final = {False: ("standard", "pydantic"), True: ("free-threaded",)}
"""What to install beside hawkapi, without and with free threading: everything optional that there are wheels of."""
GIL_CULPRIT: Final = re.compile(r"to load module '([^']+)'")


@dataclass(frozen=True)
class Target:
    """One way to install: an interpreter and the program that installs."""

    interpreter: Interpreter
    installer: str
    """`pip`, or the path of uv."""

    @property
    def column(self) -> str:
        """The heading in the table."""
        return f"{self.build.label} {Path(self.installer).stem}"

    @property
    def build(self) -> Build:
        """The build that is installed for; it must take its own kind of wheel."""
        return self.interpreter.build


@dataclass(frozen=True)
class Installed:
    """hawkapi in an environment of its own, outside any checkout. `home` is that environment."""

    target: Target
    home: Path
    dists: DistSet

    @classmethod
    def make(cls, target: Target, home: Path, dists: DistSet) -> Installed:
        """Install the package, offering the whole wheelhouse and no index.

        Raises:
            CIError: the installation fails.
        """
        made = cls(target, home, dists)
        if target.installer == "pip":
            run([target.interpreter.path, "-I", "-m", "venv", home], env=_environment())
        else:
            run(
                [target.installer, "venv", "--no-project", "--python", target.interpreter.path, home],
                env=_environment(),
            )
        # Without a cache, so that a wheel of the same name from an earlier build cannot come instead.
        offer = ["--no-cache-dir", "--no-index", "--find-links", str(dists.directory)]
        made.install(*offer, f"{PACKAGE}=={dists.sdist.version}")
        return made

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return python_in(self.home)

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables with nothing on PATH but this environment: no compiler in particular."""
        return {**_environment(), "PATH": str(self.python.parent)}

    @property
    def wheel(self) -> WheelFile | None:
        """The wheel that is meant for the target; None when the set has none."""
        return next((wheel for wheel in self.dists.wheels.values() if wheel.name.kind == self.target.build.kind), None)

    def install(self, *arguments: str) -> None:
        """Call the installer, which finds no compiler.

        Raises:
            CIError: it fails.
        """
        command: list[str | Path] = [self.target.installer, "pip", "install", "--python", self.python]
        if self.target.installer == "pip":
            command = [self.python, "-I", "-m", "pip", "install", "--disable-pip-version-check"]
        run([*command, "--quiet", *arguments], env=self.environment, cwd=self.home)

    @cached_property
    def alone(self) -> Report:
        """What the environment says with hawkapi alone; every warning is an error."""
        return self.probe("-W", "error")

    @cached_property
    def with_extras(self) -> Report:
        """What it says once everything optional is installed too, from the index.

        Raises:
            CIError: the extras cannot be installed.
        """
        extras = ",".join(EXTRAS[self.target.build.free_threaded])
        self.install("--find-links", str(self.dists.directory), f"{PACKAGE}[{extras}]=={self.dists.sdist.version}")
        return self.probe()

    def probe(self, *options: str) -> Report:
        """Import every module in a fresh interpreter with these options, in a directory that holds no source.

        Raises:
            CIError: the interpreter itself fails.
        """
        done = run([self.python, "-I", *options, PROBE, *modules_of(self.dists)], env=self.environment, cwd=self.home)
        return Report(json.loads(done.stdout.splitlines()[-1]))


@dataclass(frozen=True)
class Report:
    """What `install_probe.py` printed."""

    said: Mapping[str, Any]

    @property
    def modules(self) -> Mapping[str, Mapping[str, Any]]:
        """Module to `file`, `error`, `missing`, `switched_gil_on`, `notes`."""
        found: Mapping[str, Mapping[str, Any]] = self.said["modules"]
        return found

    def gil_culprits(self) -> list[str]:
        """Name each module whose import switched the GIL on, and the extension that it loaded when Python told."""
        culprits = []
        for name, module in self.modules.items():
            if module["switched_gil_on"]:
                loaded = GIL_CULPRIT.search(" ".join(module["notes"]))
                by = f" by loading {loaded[1]}" if loaded and loaded[1] != name else ""
                culprits.append(f"{name}{by}")
        return culprits


def modules_of(dists: DistSet) -> list[str]:
    """List every module of the package, from the source archive, except the programs (`__main__`)."""
    sources = [path.removesuffix(".py") for path in sorted(dists.sdist.package_files) if path.endswith(".py")]
    return [path.removesuffix("/__init__").replace("/", ".") for path in sources if not path.endswith("/__main__")]


def _environment() -> dict[str, str]:
    """Return this process's environment without what names a compiler or lets another Python's packages in."""
    return clean_environment("CC", "CXX")

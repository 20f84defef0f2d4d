"""hawkapi installed: from a wheelhouse or by name from an index, and what its interpreter then says about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import tools
from console import CIError, run
from cpython import Build, Interpreter
from dist_set import DistSet
from environments import clean_environment, python_in
from local_index import loopback_environment
from project import PACKAGE
from wheel_file import WheelFile, WheelName

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


def intended_wheel(build: Build, wheels: Sequence[str]) -> str:
    """Return the file name that an interpreter is meant to take: its own wheel, else the universal one.

    Raises:
        CIError: neither is among the wheels.
    """
    names = {name: WheelName.parse(name) for name in wheels}
    for name, parts in names.items():
        if (parts.pythons, parts.abis) == ((build.python_tag,), (build.kind,)):
            return name
    for name, parts in names.items():
        if parts.kind == "universal":
            return name
    raise CIError(
        f"no wheel is meant for {build.label} among: {', '.join(wheels) or 'none'}; build the universal wheel"
    )


def install_by_name(
    installer: str, interpreter: Interpreter, url: str, version: str, wheels: Sequence[str], scratch: Path
) -> str:
    """Install `hawkapi==version` from the index into a new environment and check what came.

    Args:
        installer: `pip` or `uv`.
        interpreter: whose environment it is.
        url: of the index, without `/simple/`.
        version: to ask for.
        wheels: names of all wheels on the index.
        scratch: a directory for the environment.

    Returns:
        The file that was taken and the state of the GIL.

    Raises:
        CIError: the installation fails, another file was taken, or the GIL is not in the state it should be in.
    """
    label = interpreter.build.label
    intended = intended_wheel(interpreter.build, wheels)
    python = _install(installer, interpreter, url, version, scratch / f"{installer}-{label}")
    seen = json.loads(run([python, "-I", "-W", "error", PROBE, PACKAGE], cwd=scratch).stdout)
    tags = re.findall(r"^Tag: (\S+)$", seen["wheel"], re.MULTILINE)
    if frozenset(tags) != WheelName.parse(intended).tags:
        raise CIError(f"{installer} on {label} took {', '.join(tags)} instead of {intended}")
    if error := seen["modules"][PACKAGE]["error"]:
        raise CIError(f"import {PACKAGE} fails on {label} after {installer} installed it: {error}")
    if seen["gil_at_end"] == interpreter.build.free_threaded:
        state = "on" if seen["gil_at_end"] else "off"
        raise CIError(f"the GIL is {state} on {label} after import {PACKAGE} ({intended})")
    return f"{intended}, GIL {'on' if seen['gil_at_end'] else 'off'}"


def _install(installer: str, interpreter: Interpreter, url: str, version: str, venv: Path) -> Path:
    environment = loopback_environment()
    python = python_in(venv)
    wanted = f"{PACKAGE}=={version}"
    options = ["--index-url", f"{url}/simple/", "--no-cache-dir", "--only-binary", ":all:", wanted]
    if installer == "uv":
        uv = tools.find("uv")
        run([uv, "venv", "--no-project", "--python", interpreter.path, venv], env=environment)
        run([uv, "pip", "install", "--python", python, *options], env=environment)
    else:
        run([interpreter.path, "-I", "-m", "venv", venv], env=environment)
        run([python, "-I", "-m", "pip", "install", "--disable-pip-version-check", *options], env=environment)
    return python


def check_choice(python: Path, build: Build, directory: Path, version: str, platform: str, scratch: Path) -> str:
    """Ask pip which file of a directory an interpreter that need not be here would take.

    Args:
        python: any interpreter that has pip.
        build: the interpreter asked about, for example 3.14t.
        directory: where the files are.
        version: to ask for.
        platform: one platform tag the interpreter accepts, for example `manylinux_2_28_x86_64`.
        scratch: a directory for what pip copies.

    Returns:
        The name of the file.

    Raises:
        CIError: pip finds nothing or takes another file than `intended_wheel` says.
    """
    offered = [
        path.name for path in directory.glob("*.whl") if {platform, "any"} & {*WheelName.parse(path.name).platforms}
    ]
    intended = intended_wheel(build, offered)
    target = scratch / f"choice-{build.label}"
    command: list[str | Path] = [python, "-I", "-m", "pip", "download", "--quiet", "--no-deps", "--no-index"]
    command += ["--find-links", directory, "--dest", target, "--only-binary", ":all:", "--implementation", "cp"]
    command += [
        "--python-version",
        build.version,
        "--abi",
        build.kind,
        "--platform",
        platform,
        f"{PACKAGE}=={version}",
    ]
    run([*command, "--disable-pip-version-check"], env=loopback_environment())
    taken = sorted(path.name for path in target.iterdir())
    if taken != [intended]:
        raise CIError(f"pip takes {', '.join(taken)} on {build.label} instead of {intended}")
    return intended

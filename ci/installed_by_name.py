"""Install a released version by name from an index, as a user does, and see which of its files was taken."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tools
from console import CIError, run
from local_index import loopback_environment
from wheel_file import WheelName

DISTRIBUTION: Final = "hawkapi"
LABEL: Final = re.compile(r"3\.(?P<minor>\d+)(?P<threads>t?)")
PROBE: Final = Path(__file__).with_name("install_probe.py")


@dataclass(frozen=True)
class Interpreter:
    """An interpreter to install for."""

    label: str
    """The version as people write it: `3.13`, `3.13t`."""
    path: Path

    @classmethod
    def parse(cls, text: str) -> Interpreter:
        """Read `3.13t=/path/to/python`, the form of the command line.

        Raises:
            argparse.ArgumentTypeError: it has another form.
        """
        label, _, path = text.partition("=")
        if not (LABEL.fullmatch(label) and path):
            raise argparse.ArgumentTypeError(f"{text!r} is not LABEL=PATH, for example 3.13t=/usr/bin/python3.13t")
        return cls(label, Path(path))

    @property
    def free_threaded(self) -> bool:
        """Whether it is a build of PEP 703, which must still run without the GIL after the import."""
        return self.label.endswith("t")


def intended_wheel(label: str, wheels: Sequence[str]) -> str:
    """Return the file name that an interpreter is meant to take: its own wheel, else the universal one.

    Raises:
        CIError: neither is among the wheels.
    """
    found = LABEL.fullmatch(label)
    if found is None:
        raise CIError(f"{label!r} is not a version such as 3.13 or 3.13t")
    python = f"cp3{found['minor']}"
    names = {name: WheelName.parse(name) for name in wheels}
    for name, parts in names.items():
        if (parts.pythons, parts.abis) == ((python,), (python + found["threads"],)):
            return name
    for name, parts in names.items():
        if parts.kind == "universal":
            return name
    raise CIError(f"no wheel is meant for {label} among: {', '.join(wheels) or 'none'}; build the universal wheel")


def check_install(
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
    intended = intended_wheel(interpreter.label, wheels)
    python = _install(installer, interpreter, url, version, scratch / f"{installer}-{interpreter.label}")
    seen = json.loads(run([python, "-I", "-W", "error", PROBE, DISTRIBUTION], cwd=scratch).stdout)
    tags = re.findall(r"^Tag: (\S+)$", seen["wheel"], re.MULTILINE)
    if frozenset(tags) != WheelName.parse(intended).tags:
        raise CIError(f"{installer} on {interpreter.label} took {', '.join(tags)} instead of {intended}")
    if error := seen["modules"][DISTRIBUTION]["error"]:
        raise CIError(f"import {DISTRIBUTION} fails on {interpreter.label} after {installer} installed it: {error}")
    if seen["gil_at_end"] == interpreter.free_threaded:
        state = "on" if seen["gil_at_end"] else "off"
        raise CIError(f"the GIL is {state} on {interpreter.label} after import {DISTRIBUTION} ({intended})")
    return f"{intended}, GIL {'on' if seen['gil_at_end'] else 'off'}"


def _install(installer: str, interpreter: Interpreter, url: str, version: str, venv: Path) -> Path:
    environment = loopback_environment()
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wanted = f"{DISTRIBUTION}=={version}"
    options = ["--index-url", f"{url}/simple/", "--no-cache-dir", "--only-binary", ":all:", wanted]
    if installer == "uv":
        uv = tools.find("uv")
        run([uv, "venv", "--no-project", "--python", interpreter.path, venv], env=environment)
        run([uv, "pip", "install", "--python", python, *options], env=environment)
    else:
        run([interpreter.path, "-I", "-m", "venv", venv], env=environment)
        run([python, "-I", "-m", "pip", "install", "--disable-pip-version-check", *options], env=environment)
    return python


def check_choice(python: Path, label: str, directory: Path, version: str, platform: str, scratch: Path) -> str:
    """Ask pip which file of a directory an interpreter that need not be here would take.

    Args:
        python: any interpreter that has pip.
        label: version of the interpreter asked about, for example `3.14t`.
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
    intended = intended_wheel(label, offered)
    target = scratch / f"choice-{label}"
    number = label.removesuffix("t")
    abi = f"cp{number.replace('.', '')}{'t' if label.endswith('t') else ''}"
    command: list[str | Path] = [python, "-I", "-m", "pip", "download", "--quiet", "--no-deps", "--no-index"]
    command += ["--find-links", directory, "--dest", target, "--only-binary", ":all:", "--implementation", "cp"]
    command += ["--python-version", number, "--abi", abi, "--platform", platform, f"{DISTRIBUTION}=={version}"]
    run([*command, "--disable-pip-version-check"], env=loopback_environment())
    taken = sorted(path.name for path in target.iterdir())
    if taken != [intended]:
        raise CIError(f"pip takes {', '.join(taken)} on {label} instead of {intended}")
    return intended

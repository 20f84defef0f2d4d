"""Install a released version by name from an index, as a user does, and see which of its files was taken."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import tools
from console import CIError, run
from cpython import Build, Interpreter
from environments import python_in
from local_index import loopback_environment
from wheel_file import WheelName

DISTRIBUTION: Final = "hawkapi"
PROBE: Final = Path(__file__).with_name("install_probe.py")


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
    label = interpreter.build.label
    intended = intended_wheel(interpreter.build, wheels)
    python = _install(installer, interpreter, url, version, scratch / f"{installer}-{label}")
    seen = json.loads(run([python, "-I", "-W", "error", PROBE, DISTRIBUTION], cwd=scratch).stdout)
    tags = re.findall(r"^Tag: (\S+)$", seen["wheel"], re.MULTILINE)
    if frozenset(tags) != WheelName.parse(intended).tags:
        raise CIError(f"{installer} on {label} took {', '.join(tags)} instead of {intended}")
    if error := seen["modules"][DISTRIBUTION]["error"]:
        raise CIError(f"import {DISTRIBUTION} fails on {label} after {installer} installed it: {error}")
    if seen["gil_at_end"] == interpreter.build.free_threaded:
        state = "on" if seen["gil_at_end"] else "off"
        raise CIError(f"the GIL is {state} on {label} after import {DISTRIBUTION} ({intended})")
    return f"{intended}, GIL {'on' if seen['gil_at_end'] else 'off'}"


def _install(installer: str, interpreter: Interpreter, url: str, version: str, venv: Path) -> Path:
    environment = loopback_environment()
    python = python_in(venv)
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
        f"{DISTRIBUTION}=={version}",
    ]
    run([*command, "--disable-pip-version-check"], env=loopback_environment())
    taken = sorted(path.name for path in target.iterdir())
    if taken != [intended]:
        raise CIError(f"pip takes {', '.join(taken)} on {build.label} instead of {intended}")
    return intended

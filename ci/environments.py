"""Virtual environments, and the environment variables of what runs in them.

The suite has one per interpreter and list of packages, made once and used again. Only wheels are installed there: on a
free-threaded build a package without one would start a compiler, or fail half-way.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import tools
from console import run, step


def python_in(home: Path) -> Path:
    """Return where the interpreter of a virtual environment is; its programs are beside it."""
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def clean_environment(*prefixes: str) -> dict[str, str]:
    """Return this process's environment without what leads Python to other packages or hawkapi to other settings.

    Args:
        prefixes: beginnings of the names of further variables to leave out.
    """
    dropped = ("PYTHON", "VIRTUAL_ENV", "CONDA_", "HAWKAPI_", *prefixes)
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


def make(python: Path, packages: Sequence[str | Path], home: Path) -> Path:
    """Return the interpreter of an environment that holds the packages, making it when it is not there yet.

    Args:
        python: the interpreter to make it from.
        packages: what pip would be given: requirements, or wheels, whose content tells one build from another.
        home: the directory that environments lie in, each named by a hash of what is in it.

    Raises:
        CIError: it cannot be made; the message holds the installer's last lines.
    """
    place = home / f"{python.name}-{_fingerprint(python, packages)}"
    ready = place / "ready"
    inside = python_in(place)
    if ready.exists():
        return inside
    shutil.rmtree(place, ignore_errors=True)
    uv = tools.look_for("uv")
    with step(f"make an environment of {python.name} with {len(packages)} packages"):
        if uv is not None:
            run([uv, "venv", "--quiet", "--python", python, place])
            install: list[str | Path] = [uv, "pip", "install", "--python", inside]
        else:
            run([python, "-m", "venv", place])
            install = [inside, "-m", "pip", "install"]
        if packages:
            run([*install, "--quiet", "--only-binary", ":all:", *packages])
    ready.touch()
    return inside


def _fingerprint(python: Path, packages: Sequence[str | Path]) -> str:
    digest = hashlib.sha256(os.fsencode(python.resolve()))
    for package in packages:
        digest.update(b"\0" + os.fsencode(package))
        if isinstance(package, Path):
            digest.update(package.read_bytes())
    return digest.hexdigest()[:16]

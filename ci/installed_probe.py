"""Run inside an environment: say which hawkapi is installed, and fail if it is not what an installed one must be.

Call it as `python -I -W error ci/installed_probe.py`, from any directory: -I keeps the checkout out of `sys.path`, -W
error makes a warning at import a failure. It needs nothing but the interpreter and hawkapi.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import sysconfig
from pathlib import Path

import hawkapi


def wheel_tags() -> list[str]:
    """Return the tags of the wheel that hawkapi was installed from."""
    header = importlib.metadata.distribution("hawkapi").read_text("WHEEL") or ""
    return [line.removeprefix("Tag: ") for line in header.splitlines() if line.startswith("Tag: ")]


def main() -> int:
    """Print one line of JSON: where the package is, its wheel's tags, whether the GIL is on after the import."""
    gil = not hasattr(sys, "_is_gil_enabled") or sys._is_gil_enabled()
    print(json.dumps({"file": hawkapi.__file__, "tags": wheel_tags(), "gil": gil}))
    if not Path(hawkapi.__file__).is_relative_to(sys.prefix):
        print(f"error: hawkapi comes from outside {sys.prefix}; install the wheel, and call with -I", file=sys.stderr)
        return 1
    if gil and sysconfig.get_config_var("Py_GIL_DISABLED"):
        print("error: the GIL is on after import hawkapi; hawkapi info names the module", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

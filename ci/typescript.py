"""Find the TypeScript compiler, or fetch it with npm into hawkapi's cache.

npm is asked as the user has configured it, so it takes what the user's registry has. Usage: `python ci/typescript.py`
prints the compiler's path, a script that node runs, on stdout; progress is on stderr.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from console import CIError, exit_with, run, step
from machine import Machine, exclusive, keep, workspace

VERSION: Final = "7.0.2"
SCRIPT: Final = "node_modules/typescript/bin/tsc"


def find(machine: Machine | None = None) -> Path:
    """Return the compiler of `VERSION`, fetching it if the cache has none.

    Raises:
        CIError: there is no node or no npm, or npm cannot fetch it; the message says what to do.
    """
    machine = machine or Machine.this()
    for program in ("node", "npm"):
        if machine.which(program) is None:
            raise CIError(f"there is no {program} on PATH; install Node.js 20 or later, which has both node and npm")
    place = machine.cache / "typescript" / VERSION
    with exclusive(machine.cache):
        if not (place / SCRIPT).exists():
            _fetch(place, machine)
    return place / SCRIPT


def _fetch(place: Path, machine: Machine) -> None:
    npm = machine.which("npm")
    assert npm is not None
    with step(f"fetch TypeScript {VERSION} with npm"), workspace(machine.cache) as work:
        home = work / "typescript"
        home.mkdir()
        options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save"]
        run([npm, "install", "--prefix", home, *options, f"typescript@{VERSION}"], env=machine.env, timeout=300)
        if not (home / SCRIPT).exists():
            raise CIError(f"npm installed no {SCRIPT}; try: npm install typescript@{VERSION}")
        keep(home, place)


def main() -> int:
    """Print the compiler's path."""
    print(find(), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

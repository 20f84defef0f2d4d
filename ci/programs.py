"""Find server programs that tests need, or fetch them from the distribution without installing anything.

A fetched program is `<cache>/programs/<release>/<name>/`: the packages it needs beyond what the machine has, unpacked
to `tree/`, and `run`, a script that starts it with their libraries.

Usage: `python ci/programs.py redis-server` prints one path per line on stdout; progress is on stderr.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from apt import Apt, configured, library_directories, of_release, unpack
from console import CIError, exit_with, run, step
from machine import Machine, exclusive, keep, workspace

PACKAGES: Final[Mapping[str, str]] = {"chromium": "chromium", "redis-server": "redis-server", "wrk": "wrk"}
"""The programs that can be fetched, and the Debian package that has each."""

STARTS_WITHIN_S: Final = 30
SAYS_USAGE: Final[Mapping[str, str]] = {"wrk": "Usage: wrk"}
"""The programs that end with an error after their version, and what they print then."""


def find(name: str, machine: Machine | None = None) -> Path:
    """Return a program that has been seen to start, fetching it if the machine has none.

    Raises:
        CIError: the program is none of `PACKAGES`, or there is none and none can be fetched.
    """
    machine = machine or Machine.this()
    return installed(name, machine) or _fetch_once(name, machine)


def installed(name: str, machine: Machine | None = None) -> Path | None:
    """Return a program that is on PATH, or that an earlier run fetched; nothing is fetched now.

    Raises:
        CIError: the program is none of `PACKAGES`.
    """
    if name not in PACKAGES:
        raise CIError(f"{name!r} is not a program that is known here; known are {', '.join(sorted(PACKAGES))}")
    machine = machine or Machine.this()
    fetched = _place(name, machine) / "run"
    candidates = [*machine.every(name), *([fetched] if fetched.exists() else [])]
    return next((path for path in candidates if _starts(path, name, machine)), None)


def _place(name: str, machine: Machine) -> Path:
    return machine.cache / "programs" / machine.distribution.label / name


def _starts(program: Path, name: str, machine: Machine) -> bool:
    try:
        _start(program, name, machine)
    except (CIError, OSError):
        return False
    return True


def _start(program: Path, name: str, machine: Machine) -> None:
    """Have a program say its version.

    Raises:
        CIError: it does not start.
    """
    try:
        run([program, "--version"], env=machine.env, timeout=STARTS_WITHIN_S)
    except CIError as exc:
        if name not in SAYS_USAGE or SAYS_USAGE[name] not in str(exc):
            raise


def _fetch_once(name: str, machine: Machine) -> Path:
    """Fetch a program, unless another process did while this one waited for its turn."""
    with exclusive(machine.cache):
        present = installed(name, machine)
        if present:
            return present
        try:
            with step(f"fetch {name} from the distribution's packages"), workspace(machine.cache) as work:
                return _fetch(name, machine, work)
        except CIError as exc:
            advice = f"install it so that it is on PATH, for example: apt-get install {PACKAGES[name]}"
            raise CIError(f"there is no {name} here, and it cannot be fetched: {exc}\n{advice}") from exc


def _fetch(name: str, machine: Machine, work: Path) -> Path:
    apt = Apt.on(machine, "binary", of_release(configured(machine), machine.distribution))
    packages = apt.download(apt.lacking([PACKAGES[name]]), work / "packages")
    unpack(packages, work / name / "tree", machine)
    starter = _write_starter(work / name, name)
    _start(starter, name, machine)
    return keep(work / name, _place(name, machine)) / "run"


def _write_starter(directory: Path, name: str) -> Path:
    """Write the script that starts the program in `tree/`; it finds that beside itself, so the directory can be moved.

    Raises:
        CIError: the packages hold no such program.
    """
    tree = directory / "tree"
    # The first is the program itself where `usr/bin` has a script that reads settings from the root: Chromium.
    places = (tree / "usr/lib" / name / name, tree / "usr/bin" / name, tree / "usr/sbin" / name)
    program = next((path for path in places if path.exists()), None)
    if program is None:
        raise CIError(f"the package {PACKAGES[name]} of this distribution holds no program {name}")
    libraries = ":".join(f"$here/{path.relative_to(directory)}" for path in _loader_path(tree))
    starter = directory / "run"
    starter.write_text(
        "#!/bin/sh\n"
        'here=$(CDPATH= cd -- "${0%/*}" && pwd)\n'
        f'LD_LIBRARY_PATH="{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}" '
        f'exec "$here/{program.relative_to(directory)}" "$@"\n'
    )
    starter.chmod(0o755)
    return starter


def _loader_path(tree: Path) -> list[Path]:
    """List where the loader finds the libraries of a tree.

    That includes directories that a package keeps for itself: its libraries name them by a RUNPATH that begins at the
    root of an installed system.
    """
    usual = library_directories(tree)
    own = {library.parent for directory in usual for library in directory.glob("*/lib*.so*")}
    return [*usual, *sorted(own.difference(usual))]


def main() -> int:
    """Print the path of each program named on the command line."""
    parser = argparse.ArgumentParser(description="Find or fetch server programs and print their paths.")
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"one of {', '.join(sorted(PACKAGES))}")
    options = parser.parse_args()
    for name in options.names:
        print(find(name), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

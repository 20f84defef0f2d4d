"""Find CPython interpreters by name, `3.13` (with the GIL) or `3.13t` (free-threaded), or make them.

Looked at in this order, and each candidate is run and examined before it counts:

1. the environment variable, `HAWKAPI_PYTHON_3_13` or `HAWKAPI_PYTHON_3_13T`: what it names is used or is an error;
2. PATH;
3. pyenv's versions;
4. what uv manages, and what an earlier run of this script made in the user's cache;
5. a download by uv, into that cache;
6. a build from the distribution's source package, in that cache (`cpython_source.py`).

Usage: `python ci/interpreters.py 3.13 3.13t` prints one path per line on stdout; progress is on stderr.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console import CIError, exit_with, run, say, step
from cpython import Build, UnusableError, examine
from cpython_source import build as build_from_source
from cpython_source import built
from machine import Machine, exclusive

UV_SILENCE_S: Final = 20
"""How long uv may go without a byte from the network before that is a no."""
UV_ANSWER_S: Final = 300
"""How long a download that does proceed may take; 30 MB at 100 kB/s."""


@dataclass(frozen=True)
class Finding:
    """What one look at one place gave."""

    source: str
    said: str
    python: Path | None = None
    """The executable to use, if what was found is usable."""


def find(name: str, machine: Machine | None = None, *, may_build: bool = True) -> Path:
    """Return a verified interpreter, downloading or building one if the machine has none.

    Args:
        name: such as `3.13` or `3.13t`.
        machine: where to look, default this machine.
        may_build: whether it may be built from source, which takes minutes.

    Raises:
        CIError: the name or the environment variable is wrong, or there is none and none can be made.
    """
    machine = machine or Machine.this()
    return installed(name, machine) or _make(Build.parse(name), machine, may_build)


def installed(name: str, machine: Machine | None = None) -> Path | None:
    """Return a verified interpreter that is already on the machine; steps 1 to 4, nothing is fetched.

    Raises:
        CIError: the name or the environment variable is wrong.
    """
    findings = search(Build.parse(name), machine or Machine.this())
    return next((finding.python for finding in findings if finding.python), None)


def search(wanted: Build, machine: Machine) -> Iterator[Finding]:
    """Look at one place after the other, as far as the caller follows.

    Raises:
        CIError: the environment variable is set to something else than what it is for.
    """
    yield _look_at_variable(wanted, machine)
    yield from _look_at("PATH", machine.every(wanted.program), wanted, machine)
    yield from _look_at("pyenv", _pyenv_versions(wanted, machine), wanted, machine)
    yield from _look_at("uv", _managed_by_uv(wanted, machine), wanted, machine)
    yield from _look_at("cache", [*_downloads(wanted, machine), *built(wanted, machine.cache)], wanted, machine)


def _look_at_variable(wanted: Build, machine: Machine) -> Finding:
    value = machine.env.get(wanted.variable)
    if not value:
        return Finding("variable", f"{wanted.variable} is not set")
    candidate = Path(value).expanduser()
    try:
        if not candidate.is_file():
            raise UnusableError("is not a file")
        return Finding("variable", f"{wanted.variable}={value}", examine(candidate, wanted, machine.env))
    except UnusableError as exc:
        message = f"{wanted.variable} has to name an executable of {wanted}, but {value} {exc}"
        raise CIError(f"{message}; correct the variable or unset it") from exc


def _look_at(source: str, candidates: Iterable[Path], wanted: Build, machine: Machine) -> Iterator[Finding]:
    nothing = True
    for candidate in candidates:
        nothing = False
        try:
            python = examine(candidate, wanted, machine.env)
            yield Finding(source, f"{candidate} is {wanted}", python)
        except UnusableError as exc:
            yield Finding(source, f"{candidate} {exc}")
    if nothing:
        yield Finding(source, f"no {wanted.program}")


def _pyenv_versions(wanted: Build, machine: Machine) -> list[Path]:
    """List pyenv's installations that have the program, the newest first; its shims are of no use here."""
    versions = Path(machine.env.get("PYENV_ROOT") or machine.home / ".pyenv") / "versions"
    return _newest_first(versions.glob(f"*/bin/python{wanted.version}"))


def _downloads(wanted: Build, machine: Machine) -> list[Path]:
    """List what uv downloaded for an earlier run of this script."""
    return _newest_first((machine.cache / "uv").glob(f"*/bin/{wanted.program}"))


def _newest_first(programs: Iterable[Path]) -> list[Path]:
    return sorted(programs, key=lambda path: [int(part) for part in re.findall(r"\d+", path.parts[-3])], reverse=True)


def _managed_by_uv(wanted: Build, machine: Machine) -> list[Path]:
    uv = _uv(machine)
    if uv is None:
        return []
    env = {**machine.env, "UV_PYTHON_PREFERENCE": "only-managed", "UV_PYTHON_DOWNLOADS": "never"}
    try:
        answer = run([uv, "python", "find", "--no-project", "--no-config", wanted.label], env=env, timeout=UV_SILENCE_S)
    except CIError:
        return []
    return [Path(line) for line in answer.stdout.splitlines()[-1:]]


def _uv(machine: Machine) -> Path | None:
    beside = shutil.which("uv", path=str(machine.scripts))
    return machine.which("uv") or (Path(beside) if beside else None)


def _make(wanted: Build, machine: Machine, may_build: bool) -> Path:
    """Download or build an interpreter, unless another process did while this one waited for its turn."""
    with exclusive(machine.cache):
        made = next((f.python for f in search(wanted, machine) if f.python), None) or _download(wanted, machine)
        if made:
            return made
        if not may_build:
            raise CIError(f"there is no {wanted} here, and building one was not allowed; {_advice(wanted)}")
        try:
            return build_from_source(wanted, machine)
        except CIError as exc:
            raise CIError(f"there is no {wanted} here, and none can be built: {exc}\n{_advice(wanted)}") from exc


def _advice(wanted: Build) -> str:
    return (
        f"set {wanted.variable} to one, or install uv where it can reach the network "
        f"(python ci/interpreters.py --list {wanted.label} shows what was looked at)"
    )


def _download(wanted: Build, machine: Machine) -> Path | None:
    """Ask uv for an interpreter; no is a normal answer."""
    uv = _uv(machine)
    if uv is None:
        return None
    settings = {
        "UV_PYTHON_INSTALL_DIR": str(machine.cache / "uv"),
        "UV_PYTHON_INSTALL_BIN": "0",
        "UV_HTTP_TIMEOUT": str(UV_SILENCE_S),
        "UV_HTTP_CONNECT_TIMEOUT": str(UV_SILENCE_S),
        "UV_HTTP_RETRIES": "0",
    }
    try:
        with step(f"{wanted.label}: ask uv for it"):
            command: list[str | Path] = [uv, "python", "install", "--no-config", wanted.label]
            run(command, env={**machine.env, **settings}, timeout=UV_ANSWER_S)
    except CIError as exc:
        say(f"   uv has none: {str(exc).splitlines()[-1].strip()}")
        return None
    findings = _look_at("uv", _downloads(wanted, machine), wanted, machine)
    return next((finding.python for finding in findings if finding.python), None)


def explain(name: str, machine: Machine) -> Iterator[str]:
    """Yield a line for every place looked at, and one for the interpreter that would be used."""
    chosen = None
    for finding in search(Build.parse(name), machine):
        chosen = chosen or finding.python
        yield f"{name:6}{finding.source:10}{finding.said}"
    yield f"{name:6}{'used':10}{chosen or 'none; uv would be asked for one, and then it would be built from source'}"


def main() -> int:
    """Print the path of each interpreter named on the command line."""
    parser = argparse.ArgumentParser(description="Find or make CPython interpreters and print their paths.")
    parser.add_argument("names", nargs="+", metavar="NAME", help="such as 3.13, or 3.13t for the free-threaded build")
    parser.add_argument("--list", action="store_true", help="print what each source has to offer, and fetch nothing")
    parser.add_argument("--no-build", action="store_true", help="do not build one from source")
    options = parser.parse_args()
    machine = Machine.this()
    for name in options.names:
        if options.list:
            print(*explain(name, machine), sep="\n")
        else:
            print(find(name, machine, may_build=not options.no_build), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

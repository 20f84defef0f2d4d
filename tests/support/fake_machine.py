"""A machine made of directories and small shell scripts, for tests of the scripts that look at machines."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from machine import Machine

SOURCES: Final = """\
Types: deb
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/test.gpg
"""

_INTERPRETER: Final = """\
case "$*" in
  *"-m venv"*) for last; do :; done; mkdir -p "$last/bin" && cp "$0" "$last/bin/python" ;;
  "-I -c"*) echo '{answer}' ;;
esac
"""

_APT_GET: Final = """\
state=$(dirname "$2"); shift 2
echo "$*" >> "$state/calls"
[ -e "$HOME/apt-fails" ] && {{ echo "E: no route to the mirror"; exit 100; }}
case "$1" in
  update) : > "$state/lists/mirror_Packages" ;;
  -s) echo "Inst libone1 [1.0] (1.1 Test:1 [amd64])"; echo "Inst libc6 (2.36 Test:1 [amd64])" ;;
  download) shift; for spec; do : > "${{spec%%=*}}.deb"; done ;;
  source) cp {files}/* . ;;
esac
"""


@dataclass(frozen=True)
class FakeMachine:
    """Directories below one, with what a test puts there; PATH holds the fake programs and a few basic tools."""

    directory: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def machine(self) -> Machine:
        """The description to pass to what is tested."""
        env = {"HOME": str(self.directory / "home"), "PATH": str(self.directory / "bin"), **self.variables}
        return Machine(env, root=self.directory / "root", scripts=self.directory / "scripts")

    def write(self, path: str, text: str) -> Path:
        """Write a file of the machine, such as `etc/os-release`."""
        place = self.directory / "root" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def program(self, name: str, script: str) -> Path:
        """Put a shell script on PATH, or at `name` if that is a path."""
        place = self.directory / "bin" / name
        return write_script(place, script)

    def debian(self, files: Path | None = None) -> None:
        """Make it a Debian 12 whose apt-get answers; `files` is what its source packages consist of."""
        self.write("etc/os-release", 'ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian 12"\n')
        self.write("etc/apt/sources.list.d/debian.sources", SOURCES)
        (self.directory / "home").mkdir(exist_ok=True)
        self.program("apt-get", _APT_GET.format(files=files))
        self.program("dpkg-deb", "exit 0")


def write_script(place: Path, script: str) -> Path:
    """Write an executable shell script that finds the system's tools whatever PATH it is given."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
    place.chmod(0o755)
    return place


def interpreter_script(place: Path, version: str = "3.13", *, free_threaded: bool = False, **answer: object) -> str:
    """Return a script that answers, at `place`, as a complete CPython would, except for the answers given."""
    complete = {
        "implementation": "CPython",
        "version": version,
        "free_threaded": free_threaded,
        "executable": str(place),
        "base": str(place),
        "lacking": [],
    }
    return _INTERPRETER.format(answer=json.dumps({**complete, **answer}))


def fake_interpreter(place: Path, version: str = "3.13", *, free_threaded: bool = False, **answer: object) -> Path:
    """Write such a script to its place."""
    return write_script(place, interpreter_script(place, version, free_threaded=free_threaded, **answer))

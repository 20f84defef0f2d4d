"""What a build must know about an interpreter: which wheel it makes, and how it compiles and links."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console import CIError, run

QUESTIONS: Final = """
import json, sys, sysconfig
json.dump({
    "version": "%d.%d" % sys.version_info[:2],
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "CC": sysconfig.get_config_var("CC") or "",
    "LDSHARED": sysconfig.get_config_var("LDSHARED") or "",
}, sys.stdout)
"""
LIBRARY_PLACE: Final = re.compile(r"-Wl,(-rpath|-rpath-link|-R)\b.*")


@dataclass(frozen=True)
class BuildInterpreter:
    """A CPython that builds wheels. `compiler` and `linker` are commands as it was built with, empty on Windows."""

    path: Path
    version: str
    free_threaded: bool
    compiler: str
    linker: str

    @classmethod
    def ask(cls, path: Path, label: str | None = None) -> BuildInterpreter:
        """Run an interpreter and read what it says about itself.

        Args:
            path: the program.
            label: what it is expected to be, such as `3.13` or `3.13t`; default whatever it is.

        Raises:
            CIError: it does not run, or is not what the label says.
        """
        answers = json.loads(run([path, "-I", "-c", QUESTIONS]).stdout)
        found = cls(path, answers["version"], answers["free_threaded"], answers["CC"], answers["LDSHARED"])
        if label not in {None, found.label}:
            raise CIError(f"{path} is Python {found.label}, not {label}; give the path of a {label}")
        return found

    @property
    def label(self) -> str:
        """The version as people write it: `3.13`, `3.13t`."""
        return self.version + ("t" if self.free_threaded else "")

    @property
    def kind(self) -> str:
        """The kind of wheel it makes, which is its ABI tag: `cp313`, `cp313t`."""
        return "cp" + self.label.replace(".", "")

    def require_compiler(self) -> None:
        """Find the C compiler that will be called.

        Raises:
            CIError: it is not on PATH.
        """
        command = shlex.split(os.environ.get("CC") or self.compiler)
        if command and shutil.which(command[0]) is None:
            remedy = (
                "run xcode-select --install"
                if sys.platform == "darwin"
                else "install gcc (Debian: apt-get install gcc)"
            )
            raise CIError(
                f"the {self.kind} wheel is compiled, and the C compiler {command[0]} is not on PATH; {remedy}"
            )

    def link_environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return `LDSHARED` without run-time library directories, which setuptools reads; empty when it has none.

        An interpreter built from source passes its own library directory on to every extension. That would publish a
        path of this machine, and make the bytes depend on it.
        """
        words = shlex.split(self.linker)
        kept = [word for word in words if not LIBRARY_PLACE.match(word)]
        if kept == words or "LDSHARED" in environ:
            return {}
        compiler, own = shlex.split(self.compiler), shlex.split(environ.get("CC", ""))
        if own and kept[: len(compiler)] == compiler:
            kept[: len(compiler)] = own
        return {"LDSHARED": shlex.join(kept)}


def parse_pythons(values: Sequence[str]) -> dict[str, Path]:
    """Read the command line's `3.13=PATH` arguments.

    Raises:
        CIError: one has another form.
    """
    pairs = [value.partition("=") for value in values]
    for label, _, path in pairs:
        if not re.fullmatch(r"3\.\d+t?", label) or not path:
            raise CIError(f"--python {label!r} is not of the form 3.13=PATH or 3.13t=PATH")
    return {label: Path(path) for label, _, path in pairs}

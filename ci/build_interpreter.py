"""What a build must know about an interpreter: which wheel it makes, and how it compiles and links."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console import CIError, run
from cpython import Build

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
    build: Build
    compiler: str
    linker: str

    @classmethod
    def ask(cls, path: Path, expected: Build | None = None) -> BuildInterpreter:
        """Run an interpreter and read what it says about itself.

        Args:
            path: the program.
            expected: what it should be, default whatever it is.

        Raises:
            CIError: it does not run, or is not what was expected.
        """
        answers = json.loads(run([path, "-I", "-c", QUESTIONS]).stdout)
        build = Build(answers["version"], answers["free_threaded"])
        if expected is not None and build != expected:
            raise CIError(f"{path} is Python {build.label}, not {expected.label}; give the path of a {expected.label}")
        return cls(path, build, answers["CC"], answers["LDSHARED"])

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
                f"the {self.build.kind} wheel is compiled, and the C compiler {command[0]} is not on PATH; {remedy}"
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

"""What a usable CPython is: the names interpreters go by here, and the examination each candidate has to pass."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from console import CIError
from environments import python_in

ANSWER_WITHIN_S: Final = 30
"""How long a candidate may take over one question; a start takes some 20 ms, on a cold disk a second."""
EXAMPLE_OPTION: Final = "for example 3.13t=/usr/bin/python3.13t"


@dataclass(frozen=True)
class ExtensionModule:
    """A standard module that CPython leaves out in silence when it is compiled without the library it needs."""

    name: str
    header: str
    libraries: tuple[str, ...]
    package: str
    """The Debian package that has the header."""


REQUIRED_MODULES: Final = (
    ExtensionModule("ssl", "openssl/ssl.h", ("ssl", "crypto"), "libssl-dev"),
    ExtensionModule("ctypes", "ffi.h", ("ffi",), "libffi-dev"),
    ExtensionModule("sqlite3", "sqlite3.h", ("sqlite3",), "libsqlite3-dev"),
    ExtensionModule("zlib", "zlib.h", ("z",), "zlib1g-dev"),
    ExtensionModule("bz2", "bzlib.h", ("bz2",), "libbz2-dev"),
    ExtensionModule("lzma", "lzma.h", ("lzma",), "liblzma-dev"),
)


@dataclass(frozen=True)
class Build:
    """A CPython as it is asked for: `3.13` has the GIL, `3.13t` is free-threaded."""

    version: str
    free_threaded: bool

    @classmethod
    def parse(cls, name: str) -> Build:
        """Read a name such as `3.13` or `3.13t`.

        Raises:
            CIError: it is not of that form, or names a free-threaded build of a version that had none.
        """
        match = re.fullmatch(r"3\.(0|[1-9]\d*)(t?)", name)
        if match is None:
            raise CIError(f"{name!r} names no interpreter; write 3.13, or 3.13t for the free-threaded build")
        if match[2] and int(match[1]) < 13:
            raise CIError(f"{name!r} names no interpreter: free-threaded builds began with 3.13t")
        return cls(f"3.{match[1]}", bool(match[2]))

    @property
    def label(self) -> str:
        """The version as people write it: `3.13`, `3.13t`."""
        return self.version + "t" * self.free_threaded

    @property
    def python_tag(self) -> str:
        """The interpreter's tag in the name of a wheel, which says nothing about threads: `cp313`."""
        return "cp" + self.version.replace(".", "")

    @property
    def kind(self) -> str:
        """The kind of wheel that is its own, which is its ABI tag: `cp313`, `cp313t`."""
        return self.python_tag + "t" * self.free_threaded

    @property
    def program(self) -> str:
        """The name of its executable: `python3.13t`."""
        return f"python{self.label}"

    @property
    def variable(self) -> str:
        """The environment variable that points to one: `HAWKAPI_PYTHON_3_13T`."""
        return f"HAWKAPI_PYTHON_{self.label.replace('.', '_').upper()}"

    def __str__(self) -> str:
        """Describe it for a message."""
        return f"CPython {self.version} {'without' if self.free_threaded else 'with'} the GIL"


@dataclass(frozen=True)
class Interpreter:
    """An executable and the build that it is said to be."""

    build: Build
    path: Path

    @classmethod
    def parse(cls, text: str) -> Interpreter:
        """Read `3.13t=/path/to/python`, as the command lines of the scripts have it.

        Raises:
            argparse.ArgumentTypeError: it has another form, or names no build.
        """
        label, _, path = text.partition("=")
        try:
            build = Build.parse(label)
        except CIError as exc:
            raise argparse.ArgumentTypeError(f"{text!r} is not LABEL=PATH, {EXAMPLE_OPTION} ({exc})") from exc
        if not path:
            raise argparse.ArgumentTypeError(f"{text!r} is not LABEL=PATH, {EXAMPLE_OPTION}")
        return cls(build, Path(path))


def add_python_option(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add `--python LABEL=PATH`, which may be repeated; the result is `interpreters`."""
    parser.add_argument(
        "--python",
        type=Interpreter.parse,
        action="append",
        default=None if required else [],
        required=required,
        dest="interpreters",
        metavar="LABEL=PATH",
        help=f"an interpreter, {EXAMPLE_OPTION} (repeatable)",
    )


class UnusableError(Exception):
    """A candidate is not what was asked for; the message says what it is instead, to follow its path."""

    def __init__(self, reason: str, lacking: Sequence[str] = ()) -> None:
        """Keep the names of the modules it lacks, where that is the reason."""
        super().__init__(reason)
        self.lacking = tuple(lacking)


_QUESTIONS: Final = """
import json, platform, sys, sysconfig
def lacks(name):
    try:
        __import__(name)
    except ImportError:
        return True
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": "%d.%d" % sys.version_info[:2],
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "executable": sys.executable,
    "base": getattr(sys, "_base_executable", sys.executable) if sys.prefix != sys.base_prefix else sys.executable,
    "lacking": [name for name in sys.argv[1:] if lacks(name)],
}))
"""


def examine(candidate: Path, wanted: Build, env: Mapping[str, str]) -> Path:
    """Run a candidate and return the executable to use.

    That is the interpreter's own path where the candidate is a shim, and the base interpreter where it is a virtual
    environment, so that an environment made from it does not depend on another one.

    Raises:
        UnusableError: it does not run, is another build, lacks a module, or cannot make a virtual environment.
    """
    answer = _ask(candidate, env)
    _compare(answer, wanted)
    _try_venv(candidate, env)
    base = Path(answer["base"])
    if answer["base"] == answer["executable"]:
        return base
    try:
        return examine(base, wanted, env)
    except UnusableError:
        return Path(answer["executable"])


def _ask(candidate: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Put the questions to a candidate; `-I` keeps variables and files of the user's out of its answers."""
    output = _answer([candidate, "-I", "-c", _QUESTIONS, *(module.name for module in REQUIRED_MODULES)], env)
    try:
        answer = json.loads(output)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not answer.get("executable"):
        raise UnusableError("does not answer as a Python interpreter")
    return answer


def _compare(answer: dict[str, Any], wanted: Build) -> None:
    if answer["implementation"] != "CPython":
        raise UnusableError(f"is {answer['implementation']}, not CPython")
    found = Build(answer["version"], answer["free_threaded"])
    if found != wanted:
        raise UnusableError(f"is {found}")
    if answer["lacking"]:
        raise UnusableError(f"lacks the module {', '.join(answer['lacking'])}", answer["lacking"])


def _try_venv(candidate: Path, env: Mapping[str, str]) -> None:
    """Make an environment and start its interpreter; pip is left out, since the tools that use one bring theirs."""
    with tempfile.TemporaryDirectory(prefix="hawkapi-venv-") as directory:
        try:
            _answer([candidate, "-I", "-m", "venv", "--without-pip", directory], env)
            _answer([python_in(Path(directory)), "-c", ""], env)
        except UnusableError as exc:
            raise UnusableError(f"cannot make a virtual environment ({exc})") from exc


def _answer(command: Sequence[str | Path], env: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command,
            env=env,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=ANSWER_WITHIN_S,
            check=False,
        )
    except (OSError, UnicodeDecodeError) as exc:
        raise UnusableError(f"cannot be run: {exc}") from exc
    except subprocess.TimeoutExpired as exc:
        raise UnusableError(f"does not answer within {ANSWER_WITHIN_S} s") from exc
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [""]
        # A shim begins with what is wrong, a traceback ends with it.
        why = lines[-1 if lines[0].startswith("Traceback") else 0]
        raise UnusableError(f"ends with exit code {done.returncode}: {why}".removesuffix(": "))
    return done.stdout

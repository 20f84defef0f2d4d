"""Miniature source archives and wheels, right in every respect until a test breaks one.

Nothing is built: the archives are put together from dictionaries, with code of its own, so that a mistake in `ci/`
does not hide itself.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import platform
import shutil
import struct
import subprocess
import sys
import sysconfig
import tarfile
import time
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

EPOCH = 1_700_000_000
VERSION = "1.2.3"
DIST_INFO = f"hawkapi-{VERSION}.dist-info"
MODULE = "hawkapi.routing._tree"
COMPILED = [{"module": MODULE, "reason": "is walked often"}]
ELF_MACHINES = {"x86_64": 62, "aarch64": 183}
MACHINE = platform.machine() if platform.machine() in ELF_MACHINES else "x86_64"
ELF = struct.pack("<4s3B9xHHI24xI3H6x", b"\x7fELF", 2, 1, 1, 3, ELF_MACHINES[MACHINE], 1, 0, 64, 56, 0)
"""The header of a shared library for `MACHINE`: 64 bytes."""
PLATFORMS = (f"manylinux2014_{MACHINE}", f"manylinux_2_17_{MACHINE}")
PYTHON = f"cp{sys.version_info.major}{sys.version_info.minor}"
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
LABEL = f"{sys.version_info.major}.{sys.version_info.minor}{'t' if FREE_THREADED else ''}"
"""What the running interpreter is called on the command lines of `ci/`."""

METADATA = f"""\
Metadata-Version: 2.4
Name: hawkapi
Version: {VERSION}
Summary: A miniature
License-File: LICENSE
Provides-Extra: msgspec
Requires-Dist: msgspec>=0.19; extra == "msgspec"

# hawkapi
""".encode()
PYPROJECT = f"""\
[build-system]
requires = []

[project]
name = "hawkapi"

[[tool.hawkapi.compiled]]
module = "{MODULE}"
reason = "is walked often"
"""
PACKAGE: dict[str, bytes] = {
    "hawkapi/__init__.py": f'"""A miniature."""\n\n__version__ = "{VERSION}"\n'.encode(),
    "hawkapi/py.typed": b"",
    "hawkapi/routing/__init__.py": b"",
    "hawkapi/routing/_tree.py": b"LEAVES = 0\n",
}


@dataclass
class MiniWheel:
    """A wheel in the making. Tests change any attribute; the file name and the WHEEL file follow unless overridden."""

    pythons: str
    abi: str
    platforms: tuple[str, ...]
    files: dict[str, bytes]
    purelib: bool = False
    filename: str | None = None
    """The whole file name, when it is to differ from the tags."""
    record: dict[str, bytes] = field(default_factory=dict)
    """Lies for RECORD: what it takes the hash and the size of, instead of the file."""
    unlisted: str | None = None
    """A file that RECORD leaves out."""
    repeated: dict[str, bytes] = field(default_factory=dict)
    """Files to pack after all others, whether they are there already or not, and not in RECORD."""
    more_header: str = ""
    """Further lines of the WHEEL file."""
    wheel_version: str = "1.0"
    own_hash: str = ""
    """The hash that RECORD has for itself."""
    prefix: bytes = b""
    """Bytes before the archive."""
    epoch: int = EPOCH
    mode: int = 0o100644

    @property
    def header(self) -> bytes:
        """The WHEEL file."""
        tags = "".join(f"Tag: {self.pythons}-{self.abi}-{each}\n" for each in self.platforms)
        purelib = str(self.purelib).lower()
        text = f"Wheel-Version: {self.wheel_version}\nRoot-Is-Purelib: {purelib}\n{tags}{self.more_header}"
        return text.encode()

    def write(self, directory: Path) -> Path:
        """Pack it and return its path."""
        name = self.filename or f"hawkapi-{VERSION}-{self.pythons}-{self.abi}-{'.'.join(self.platforms)}.whl"
        contents = {f"{DIST_INFO}/WHEEL": self.header, **self.files}
        contents[f"{DIST_INFO}/RECORD"] = self._record(contents)
        path = directory / name
        with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings(action="ignore"):
            for filename, data in [*contents.items(), *self.repeated.items()]:
                archive.writestr(self._member(filename), data)
        path.write_bytes(self.prefix + path.read_bytes())
        return path

    def _member(self, filename: str) -> zipfile.ZipInfo:
        member = zipfile.ZipInfo(filename, time.gmtime(self.epoch)[:6])
        member.create_system = 3
        member.external_attr = self.mode << 16
        return member

    def _record(self, contents: dict[str, bytes]) -> bytes:
        rows = []
        for filename, data in contents.items():
            if filename == self.unlisted:
                continue
            claimed = self.record.get(filename, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(claimed).digest()).decode().rstrip("=")
            rows.append(f"{filename},sha256={digest},{len(claimed)}\n")
        return "".join([*rows, f"{DIST_INFO}/RECORD,{self.own_hash},\n"]).encode(errors="surrogateescape")


@dataclass
class MiniSet:
    """A source archive and the three wheels of one machine."""

    version: str = VERSION
    """What the archive's name says."""
    source: dict[str, bytes] = field(default_factory=dict)
    """The archive's files, by path below its top directory."""
    wheels: dict[str, MiniWheel] = field(default_factory=dict)
    """Kind to wheel: `cp313`, `cp313t`, `universal`, whatever Python runs the tests."""
    epoch: int = EPOCH
    strangers: dict[str, bytes] = field(default_factory=dict)
    """Other files in the directory."""

    @classmethod
    def good(cls) -> MiniSet:
        """Return a set that passes every check."""
        generated = {f"{DIST_INFO}/METADATA": METADATA, f"{DIST_INFO}/top_level.txt": b"hawkapi\n"}
        generated |= {
            f"{DIST_INFO}/licenses/LICENSE": b"MIT\n",
            "hawkapi/_compiled.json": json.dumps(COMPILED).encode(),
        }
        suffix = f"cpython-313-{MACHINE}-linux-gnu.so"
        native = {f"{DIST_INFO}/top_level.txt": b"hawkapi\nhawkapi__mypyc\n"}
        native |= {f"hawkapi__mypyc.{suffix}": ELF, f"hawkapi/routing/_tree.{suffix}": ELF}
        wheels = {
            "cp313": MiniWheel("cp313", "cp313", PLATFORMS, {**PACKAGE, **generated, **native}),
            "cp313t": MiniWheel("cp313", "cp313t", PLATFORMS, {**PACKAGE, **generated}),
            "universal": MiniWheel("py3", "none", ("any",), {**PACKAGE, **generated}, purelib=True),
        }
        texts = {"PKG-INFO": METADATA, "pyproject.toml": PYPROJECT.encode(), "setup.py": b"", "LICENSE": b"MIT\n"}
        return cls(source={**texts, **PACKAGE}, wheels=wheels)

    @classmethod
    def for_this_python(cls) -> MiniSet:
        """Return a set whose one platform wheel is pure and may be installed by the Python that runs the tests.

        Its listed module is not compiled, so only a free-threaded build finds nothing wrong with it.
        """
        made = cls.good()
        pure = made.wheels.pop("cp313t")
        pure.pythons, pure.abi = PYTHON, LABEL.replace("3.", "cp3")
        pure.platforms = (sysconfig.get_platform().replace("-", "_").replace(".", "_"),)
        made.wheels = {pure.abi: pure, "universal": made.wheels["universal"]}
        return made

    def add_everywhere(self, name: str, data: bytes) -> None:
        """Put a file into the source archive and every wheel, or replace it there."""
        self.source[name] = data
        for wheel in self.wheels.values():
            wheel.files[name] = data

    def write(self, directory: Path) -> Path:
        """Write all files into a directory, made when it is missing, and return it."""
        directory.mkdir(parents=True, exist_ok=True)
        for wheel in self.wheels.values():
            wheel.write(directory)
        for name, data in self.strangers.items():
            (directory / name).write_bytes(data)
        write_sdist(directory / f"hawkapi-{self.version}.tar.gz", self.source, self.epoch)
        return directory


def write_sdist(path: Path, files: dict[str, bytes], epoch: int = EPOCH, *, top: str | None = None) -> Path:
    """Write a source archive in its normal form; `top` is the directory in it, default what the name demands."""
    root = top or path.name.removesuffix(".tar.gz")
    with tarfile.open(path, "w:gz") as archive:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(f"{root}/{name}")
            member.mtime, member.size, member.mode = epoch, len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return path


EXTENSION = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
static PyModuleDef_Slot slots[] = {
#if defined(Py_GIL_DISABLED) && GIL_NOT_USED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL}
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "NAME", NULL, 0, NULL, slots, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_NAME(void) { return PyModuleDef_Init(&module); }
"""


def cannot_compile() -> str | None:
    """Say why the running Python cannot compile an extension here; None when it can."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"the C compiler {compiler} is not on PATH"
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return None if headers.is_file() else f"{headers} is missing"


def compile_extension(name: str, directory: Path, *, needs_gil: bool, freestanding: bool = False) -> bytes:
    """Compile an empty extension module for the running Python and return its bytes.

    Args:
        name: the module's last name.
        directory: an existing one for the source and the result.
        needs_gil: leave out the declaration that it runs without the GIL, so that importing it switches the GIL on.
        freestanding: link it to no C library, so that it fits every Linux.
    """
    source, library = directory / f"{name}.c", directory / f"{name}.so"
    source.write_text(EXTENSION.replace("NAME", name), encoding="utf-8")
    compiler = (sysconfig.get_config_var("CC") or "cc").split()
    options = ["-nostdlib"] if freestanding else []
    options += ["-shared", "-fPIC", f"-DGIL_NOT_USED={int(not needs_gil)}", "-I", sysconfig.get_path("include")]
    subprocess.run([*compiler, *options, str(source), "-o", str(library)], check=True)
    return library.read_bytes()

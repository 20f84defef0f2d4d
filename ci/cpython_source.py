"""Build CPython from the distribution's source package, for machines that reach nothing but their package mirror.

The package's upstream archive is compiled as it is. The distribution's patches are left out on purpose: they change
where `pip` and `sysconfig` install things to suit a system-wide Python, and this one is private.

Nothing is installed on the machine. The result is `<cache>/interpreters/cpython-<version>-<digest of the flags>`;
libraries whose headers the machine lacks are unpacked to `<cache>/libraries/…`, where the interpreter goes on finding
them.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from apt import Apt, configured, for_source_code, library_directories, of_release, unpack
from console import TAIL_LINES, CIError, say, step
from cpython import REQUIRED_MODULES, Build, ExtensionModule, UnusableError, examine
from machine import Machine, keep, workspace

STABLE_SUITES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "debian": {"3.11": ("bookworm",), "3.13": ("trixie",)},
    "ubuntu": {"3.12": ("noble",), "3.13": ("questing", "plucky"), "3.14": ("resolute",)},
}
"""The released suites that have a CPython, by distribution identifier and version; the newest package is taken."""

FLAGS: Final = ("--with-ensurepip=install", "--disable-test-modules", "--without-static-libpython")
"""No profile-guided optimisation: it would take the build from three minutes to half an hour on two cores."""

PROGRESS_S: Final = 15
KEPT_VARIABLES: Final = ("HOME", "PATH", "TMPDIR")
"""All that a build sees of the environment: a stray CFLAGS or PYTHONHOME must not end up in a result that is kept."""


def configure_flags(wanted: Build) -> tuple[str, ...]:
    """Return the flags for configure, without the prefix."""
    return FLAGS + ("--disable-gil",) * wanted.free_threaded


def install_prefix(wanted: Build, version: str, cache: Path) -> Path:
    """Return where an interpreter of a full version, such as `3.13.5`, belongs; other flags have another place."""
    mark = "t" * wanted.free_threaded
    return cache / "interpreters" / f"cpython-{version}{mark}-{_digest(configure_flags(wanted))}"


def built(wanted: Build, cache: Path) -> list[Path]:
    """List the interpreters that an earlier run built with today's flags, the newest version first."""
    found = (cache / "interpreters").glob(install_prefix(wanted, f"{wanted.version}.*", cache).name)
    newest_first = sorted(
        found, key=lambda path: [int(part) for part in re.findall(r"\d+", path.name)[:3]], reverse=True
    )
    return [path / "bin" / wanted.program for path in newest_first]


def _digest(words: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:8]


def build(wanted: Build, machine: Machine) -> Path:
    """Build an interpreter and return its executable; takes about four minutes on two cores. Hold the cache's lock.

    Raises:
        CIError: the system is none that this works on, has no compiler, no source answers, or the build fails.
    """
    suites = find_suites(wanted, machine)
    compiler = find_compiler(machine)
    with workspace(machine.cache) as work:
        with step(f"{wanted.label}: fetch the source package from the distribution ({', '.join(suites)})"):
            version, tree = _fetch(wanted, suites, machine, work)
        own = Toolchain(machine, compiler)
        toolchain = replace(own, libraries=provide_libraries(own, own.lacks(), work))
        return _compile(wanted, version, tree, toolchain, work)


def find_suites(wanted: Build, machine: Machine) -> tuple[str, ...]:
    """Look up which suites of this machine's distribution have the version."""
    if not sys.platform.startswith("linux") or machine.which("apt-get") is None:
        raise CIError("building needs a Linux system with apt-get, for the source and its libraries")
    tables = [STABLE_SUITES[name] for name in machine.distribution.ids if name in STABLE_SUITES]
    if not tables or wanted.version not in tables[0]:
        label = machine.distribution.label
        raise CIError(f"no released suite is known to have CPython {wanted.version} for this system ({label})")
    return tables[0][wanted.version]


def find_compiler(machine: Machine) -> Path:
    """Return a C compiler that can build a program, which takes make and the C library's headers too."""
    compilers = filter(None, map(machine.which, ("cc", "gcc", "clang")))
    compiler = next((path for path in compilers if Toolchain(machine, path).can_build("stdio.h", ())), None)
    if compiler is None:
        raise CIError("no C compiler that works; install one, for example: apt-get install build-essential")
    if machine.which("make") is None:
        raise CIError("there is a C compiler but no make; install it, for example: apt-get install build-essential")
    return compiler


@dataclass(frozen=True)
class Toolchain:
    """A compiler, and a tree of libraries to use beside the machine's own."""

    machine: Machine
    compiler: Path
    libraries: Path | None = None

    @property
    def env(self) -> dict[str, str]:
        """The whole environment to compile in.

        The tree is named by variables of gcc, clang and ld and not by CPPFLAGS and LDFLAGS: those CPython records and
        hands on to every extension that is built with it, and the wheels would carry the path of somebody's cache.
        `pkg-config` is turned off, because the tree's files for it name the paths of an installed system.
        """
        env = {name: self.machine.env[name] for name in KEPT_VARIABLES if name in self.machine.env}
        env |= {"LC_ALL": "C", "CC": str(self.compiler)}
        if self.libraries is not None:
            include = self.libraries / "usr/include"
            directories = os.pathsep.join(map(str, library_directories(self.libraries)))
            env["CPATH"] = os.pathsep.join(map(str, [include, *include.glob("*-linux-*")]))
            env |= {"LIBRARY_PATH": directories, "LD_RUN_PATH": directories, "PKG_CONFIG": "false"}
        return env

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags for configure: OpenSSL alone is looked for in certain directories, and not where the compiler looks."""
        if self.libraries is None or not (self.libraries / "usr/include/openssl/ssl.h").exists():
            return ()
        return (f"--with-openssl={self.libraries / 'usr'}",)

    def can_build(self, header: str, libraries: Sequence[str]) -> bool:
        """Tell whether a program that includes the header and is linked to the libraries compiles."""
        program = f"#include <stdio.h>\n#include <{header}>\nint main(void) {{ return 0; }}\n"
        with tempfile.TemporaryDirectory(prefix="hawkapi-probe-") as directory:
            links = [f"-l{name}" for name in libraries]
            command = [str(self.compiler), "-xc", "-", f"-o{directory}/probe", *links]
            done = subprocess.run(command, input=program, env=self.env, capture_output=True, text=True, check=False)
        return done.returncode == 0

    def lacks(self) -> list[ExtensionModule]:
        """List the modules whose headers or libraries are not to be found."""
        return [module for module in REQUIRED_MODULES if not self.can_build(module.header, module.libraries)]


def _fetch(wanted: Build, suites: Sequence[str], machine: Machine, work: Path) -> tuple[str, Path]:
    """Download and unpack the upstream source; return its version and its tree."""
    sources = for_source_code(configured(machine), machine.distribution, suites)
    apt = Apt.on(machine, f"source-{'-'.join(suites)}", sources)
    files = apt.source(f"python{wanted.version}", work / "download")
    names = {path: re.fullmatch(r"[^_]+_(.+)\.orig\.tar\.\w+", path.name) for path in files}
    archive, name = next(((path, match) for path, match in names.items() if match), (None, None))
    if archive is None or name is None:
        raise CIError(
            f"the source package of CPython {wanted.version} has no upstream archive: {[p.name for p in files]}"
        )
    _extract(archive, work / "source")
    return name[1], next((work / "source").iterdir())


def _extract(archive: Path, into: Path) -> None:
    """Unpack an archive whose hash apt has checked against the signed lists.

    COMPAT: Python 3.11 before 3.11.4, Debian 12's among them, has no filters.
    """
    try:
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(into, filter="data")
            else:
                tar.extractall(into)  # noqa: S202 - see COMPAT above
    except tarfile.CompressionError as exc:
        raise CIError(
            f"this Python cannot unpack {archive.name} ({exc}); run the script with one that has lzma"
        ) from exc


def provide_libraries(toolchain: Toolchain, missing: Sequence[ExtensionModule], work: Path) -> Path | None:
    """Fetch the development packages of the modules given and unpack them; return the tree, or None if none is missing.

    Raises:
        CIError: a package cannot be had, or its module still cannot be built with it.
    """
    if not missing:
        return None
    machine = toolchain.machine
    packages = [module.package for module in missing]
    with step(f"fetch the headers this machine lacks: {', '.join(packages)}"):
        apt = Apt.on(machine, "binary", of_release(configured(machine), machine.distribution))
        specs = apt.lacking(packages)
        tree = machine.cache / "libraries" / f"{machine.distribution.label}-{_digest(specs)}"
        if not tree.exists():
            unpack(apt.download(specs, work / "packages"), work / "libraries", machine)
            keep(work / "libraries", tree)
    remaining = [module.package for module in replace(toolchain, libraries=tree).lacks()]
    if remaining:
        raise CIError(f"headers are missing and unpacking them did not help: apt-get install {' '.join(remaining)}")
    return tree


def _compile(wanted: Build, version: str, tree: Path, toolchain: Toolchain, work: Path) -> Path:
    """Configure, compile and install below the workspace, examine the result, and only then move it into place."""
    prefix = install_prefix(wanted, version, toolchain.machine.cache)
    log = toolchain.machine.cache / "logs" / f"{prefix.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    jobs = len(os.sched_getaffinity(0))
    for phase, command in {
        "configure": [str(tree / "configure"), f"--prefix={prefix}", *configure_flags(wanted), *toolchain.flags],
        "compile": ["make", f"-j{jobs}"],
        "install": ["make", "altinstall", f"DESTDIR={work / 'root'}"],
    }.items():
        with step(f"{wanted.label}: {phase} CPython {version} ({jobs} cores)"):
            _run_phase(f"{wanted.label}: {phase}", command, cwd=tree, env=toolchain.env, log=log)
    staged = work / "root" / prefix.relative_to("/")
    _check(staged / "bin" / wanted.program, wanted, toolchain.machine, log)
    return keep(staged, prefix) / "bin" / wanted.program


def _run_phase(title: str, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> None:
    """Run a long command with its output in the log, and say every 15 s that it is still at it."""
    started = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            while _is_running(process):
                say(f"   {title}, {time.monotonic() - started:.0f} s")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
    if process.returncode != 0:
        tail = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
        raise CIError(f"{title} failed with exit code {process.returncode}; the whole log is {log}\n{tail}")


def _is_running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(PROGRESS_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _check(python: Path, wanted: Build, machine: Machine, log: Path) -> None:
    try:
        examine(python, wanted, machine.env)
    except UnusableError as exc:
        packages = [module.package for module in REQUIRED_MODULES if module.name in exc.lacking]
        remedy = f"; install what it needs: apt-get install {' '.join(packages)}" if packages else ""
        raise CIError(f"the {wanted} just built {exc}{remedy}; the log is {log}") from exc

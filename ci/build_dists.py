"""Build the source archive and from it every wheel, check them, and only then put them into the wheelhouse.

The steps: copy the tracked files out of the checkout; make the sdist and normalise it; unpack it afresh for each wheel;
build; repair or retag; build all of it a second time and compare; check; publish. All of it happens in temporary
directories, so a read-only checkout will do, and a failure leaves the wheelhouse as it was.

Builds are isolated (PEP 517) and run by `uv build` when uv is at hand: it needs no environment of its own and shares
its cache between the builds. Without it, the `build` package does the same from a new environment of the interpreter;
pip could not, because it makes no sdists.

Why two builds give the same bytes: sources are unpacked from one normalised archive and compiled by relative names
without debug information; the linker is told of no directory of this machine; hashing and the umask are fixed; every
archive is rewritten in one form at the end. Its compression is the building Python's, so only builds with the same
Python and zlib are promised to agree on the archives' bytes.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import check_install
import check_wheels
import tools
from build_interpreter import BuildInterpreter
from console import CIError, exit_with, run, say, step
from cpython import Interpreter, add_python_option
from environments import clean_environment, python_in
from project import PACKAGE, PROJECT, project_version
from publishing import publish, require_usable
from repair_wheel import repair
from sdist import SdistFile, epoch_of_checkout, normalize
from source_tree import export, refuse_lost_files, unpack

PYPA_BUILD: Final = "build==1.6.1"


@dataclass(frozen=True)
class Workshop:
    """Where and how one set is built. `scratch` is an empty directory that only this build uses."""

    scratch: Path
    epoch: int
    uv: Path | None

    def make(self, what: str, tree: Path, interpreter: BuildInterpreter, *, platform_specific: bool) -> Path:
        """Run an isolated build of a directory and return the one file it makes.

        Args:
            what: `sdist` or `wheel`.
            tree: the source, in which the backend leaves files of its own.
            interpreter: runs the backend and decides the tags.
            platform_specific: False for the source archive and the universal wheel (`HAWKAPI_MYPYC=0`).

        Raises:
            CIError: the build fails.
        """
        out = Path(tempfile.mkdtemp(prefix=f"{what}-", dir=self.scratch))
        environ = clean_environment()
        environ |= interpreter.link_environment(environ)
        environ |= {
            "HAWKAPI_MYPYC": str(int(platform_specific)),
            # The order of a set of names depends on the hash seed, and could reach the generated C.
            "PYTHONHASHSEED": "0",
            "SOURCE_DATE_EPOCH": str(self.epoch),
            "TMPDIR": str(self.scratch),
        }
        run([*self._frontend(interpreter), f"--{what}", "-o", out, tree], env=environ)
        return next(path for path in out.iterdir() if path.name.endswith((".whl", ".tar.gz")))

    def _frontend(self, interpreter: BuildInterpreter) -> list[str | Path]:
        if self.uv is not None:
            return [self.uv, "build", "--python", interpreter.path]
        home = self.scratch / f"frontend-{interpreter.build.label}"
        python = python_in(home)
        if not home.exists():
            run([interpreter.path, "-m", "venv", home])
            run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PYPA_BUILD])
        return [python, "-m", "build"]


def build(source: Path, out: Path, pythons: Sequence[Interpreter], *, uv: Path | None) -> list[Path]:
    """Build the source archive, the universal wheel and one wheel per interpreter from a checkout.

    Args:
        source: the checkout; nothing is written into it.
        out: an empty directory for the finished files, made when it is missing.
        pythons: `3.13` makes the compiled wheel, `3.13t` the pure one for its ABI. When there are none the running
            interpreter makes the rest.
        uv: the program; None for the `build` package.

    Returns:
        The source archive, then the wheels.

    Raises:
        CIError: a step failed; the message says which and what to do.
    """
    epoch = epoch_of_checkout(source)
    interpreters = [BuildInterpreter.ask(python.path, python.build) for python in pythons]
    interpreters.sort(key=lambda interpreter: interpreter.build.free_threaded)
    for interpreter in interpreters:
        if not interpreter.build.free_threaded:
            interpreter.require_compiler()
    with tempfile.TemporaryDirectory(prefix=f"{PACKAGE}-build-") as scratch, _plain_umask():
        shop = Workshop(Path(scratch), epoch, uv)
        first = interpreters[0] if interpreters else BuildInterpreter.ask(Path(sys.executable))
        sdist = _build_sdist(source, shop, first, out)
        return [sdist, *_build_wheels(sdist, shop, interpreters, first, out)]


def _build_sdist(source: Path, shop: Workshop, interpreter: BuildInterpreter, out: Path) -> Path:
    with step("build the source archive"):
        tree = export(source, shop.scratch / "source")
        made = shop.make("sdist", tree, interpreter, platform_specific=False)
        normalize(made, shop.epoch)
        refuse_lost_files(tree, SdistFile(made))
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(made, out / made.name))


def _build_wheels(
    sdist: Path, shop: Workshop, interpreters: Sequence[BuildInterpreter], first: BuildInterpreter, out: Path
) -> list[Path]:
    finished: list[Path] = []
    for interpreter in interpreters:
        with step(f"build the {interpreter.build.kind} wheel"):
            tree = unpack(sdist, shop.scratch / interpreter.build.kind)
            made = shop.make("wheel", tree, interpreter, platform_specific=True)
            finished.append(repair(made, out, like=finished[0] if finished else None, epoch=shop.epoch))
    with step("build the universal wheel"):
        made = shop.make("wheel", unpack(sdist, shop.scratch / "universal"), first, platform_specific=False)
        finished.append(repair(made, out, epoch=shop.epoch))
    return finished


@contextlib.contextmanager
def _plain_umask() -> Iterator[None]:
    """Let built files be 0644 and 0755: setuptools copies modes from the file system into the archives."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def reproducible(source: Path, built: Sequence[Path], pythons: Sequence[Interpreter], *, uv: Path | None) -> None:
    """Build again in another directory, compare with what was built, and print the hashes.

    Raises:
        CIError: a file differs.
    """
    with tempfile.TemporaryDirectory(prefix=f"{PACKAGE}-again-") as other, step("build everything a second time"):
        again = {path.name: _sha256(path) for path in build(source, Path(other), pythons, uv=uv)}
    hashes = {path.name: _sha256(path) for path in built}
    for name, digest in hashes.items():
        outcome = "equal" if again.get(name) == digest else "DIFFERS"
        print(f"built twice, {outcome}: sha256 {digest} {name}", flush=True)
    different = sorted(name for name in hashes.keys() | again.keys() if hashes.get(name) != again.get(name))
    if different:
        raise CIError(f"two builds of one source differ in {', '.join(different)}; compare them with diffoscope")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_wheelhouse(source: Path, wheelhouse: Path, options: argparse.Namespace) -> int:
    """Build, compare, check and publish; return 1 when a check failed, and then publish nothing.

    Raises:
        CIError: a step failed, or the wheelhouse cannot be used.
    """
    version = project_version(source)
    require_usable(wheelhouse, version)
    pythons: list[Interpreter] = options.interpreters
    uv = options.uv or tools.look_for("uv")
    kinds = {python.build.kind for python in pythons} | {"universal"}
    paths = [python.path for python in pythons]
    settings = check_wheels.local_settings(frozenset(kinds), epoch_of_checkout(source), options, paths)
    with tempfile.TemporaryDirectory(prefix=f"{PACKAGE}-dist-") as staging:
        built = build(source, Path(staging), pythons, uv=uv)
        if not options.once:
            reproducible(source, built, pythons, uv=uv)
        failed = check_wheels.check_and_print(Path(staging), settings)
        if not failed and pythons and not options.no_install:
            failed = check_install.check_and_print(Path(staging), pythons, uv=tools.find("uv", uv))
        if not failed:
            published = publish(Path(staging), wheelhouse, version)
            say(f"{len(published)} files are in {wheelhouse}")
    return failed


def main() -> int:
    """Fill the directory that the command line names."""
    parser = argparse.ArgumentParser(description="Build, check and publish the source archive and its wheels.")
    parser.add_argument("out", type=Path, help="the wheelhouse; changed only after everything passed")
    parser.add_argument("--source", type=Path, default=PROJECT, help="the checkout (default: this one)")
    add_python_option(parser, required=False)
    parser.add_argument("--uv", type=Path, metavar="PATH", help="the program (default: beside Python, else on PATH)")
    parser.add_argument("--once", action="store_true", help="do not build a second time to compare")
    parser.add_argument("--no-install", action="store_true", help="leave out the checks that install the wheels")
    check_wheels.add_tool_options(parser)
    options = parser.parse_args()
    return make_wheelhouse(options.source.resolve(), options.out.resolve(), options)


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

"""The files a build starts from: what git tracks, with the content of the working tree."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import Final

from console import CIError, run, say
from project import PACKAGE
from sdist import SdistFile, read_members

NOT_FOR_BUILDS: Final = (".ci/", ".github/", "ci/", "docs/", "noxfile.py", "tests/", "wheelhouse/")
"""No build reads these, and of tests/ setuptools would take only `tests/test*.py` into the source archive."""


def tracked_files(checkout: Path) -> list[str]:
    """List the files that git tracks and that are still there, without those no build reads.

    Raises:
        CIError: git is missing or the directory is not a checkout.
    """
    names = _git(checkout, "ls-files", "-z").split("\0")
    return [name for name in names if name and not name.startswith(NOT_FOR_BUILDS) and (checkout / name).is_file()]


def export(checkout: Path, target: Path) -> Path:
    """Copy the tracked files into a new directory; say on stderr what the result does not share with HEAD.

    Raises:
        CIError: git is missing, or the directory is not a checkout with the project in it.
    """
    for name in tracked_files(checkout):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(checkout / name, copy)
    if not (target / "pyproject.toml").is_file():
        raise CIError(f"git tracks no pyproject.toml in {checkout}; give the root of a checkout of {PACKAGE}")
    changed = _git(
        checkout, "status", "--porcelain", "--untracked-files=no", "--", *_built_parts(checkout)
    ).splitlines()
    if changed:
        say(f"warning: {len(changed)} files differ from the last commit, and so will the wheels: {_few(changed)}")
    unknown = _git(checkout, "ls-files", "--others", "--exclude-standard", "--", PACKAGE).splitlines()
    if unknown:
        say(f"warning: git does not track these files, so they are not built: {_few(unknown)}")
    return target


def refuse_lost_files(tree: Path, sdist: SdistFile) -> None:
    """Compare the package in an exported tree with the source archive made from it.

    Raises:
        CIError: the archive lacks a file of the package.
    """
    package = {path.relative_to(tree).as_posix() for path in (tree / PACKAGE).rglob("*") if path.is_file()}
    lost = sorted(package - sdist.package_files)
    if lost:
        raise CIError(
            f"{sdist.path.name} lacks {_few(lost)}; add it to [tool.setuptools.package-data] in pyproject.toml"
        )


def unpack(sdist: Path, directory: Path) -> Path:
    """Unpack a source archive into an empty directory and return its one top directory.

    Raises:
        CIError: the archive is damaged or unsafe.
    """
    read_members(sdist)
    directory.mkdir(parents=True)
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(directory, filter="data")
        else:
            # Python before 3.11.4; read_members has refused what the filter would.
            archive.extractall(directory)  # noqa: S202
    return directory / sdist.name.removesuffix(".tar.gz")


def _built_parts(checkout: Path) -> list[str]:
    parts = sorted({name.partition("/")[0] for name in tracked_files(checkout)})
    return [*parts, PACKAGE]


def _git(checkout: Path, *words: str) -> str:
    return run(["git", "-C", checkout, "--no-optional-locks", *words]).stdout


def _few(lines: list[str], limit: int = 5) -> str:
    shown = ", ".join(line.strip() for line in lines[:limit])
    return shown if len(lines) <= limit else f"{shown} and {len(lines) - limit} more"

"""The directory that holds finished files of one version, changed only as a whole."""

from __future__ import annotations

import shutil
from pathlib import Path

from console import CIError
from project import PACKAGE


def require_usable(wheelhouse: Path, version: str) -> None:
    """See, before a build and without changing anything, that files of a version can be put into the directory.

    Raises:
        CIError: it cannot be written, or it holds something that is not of this project and version.
    """
    try:
        wheelhouse.mkdir(parents=True, exist_ok=True)
        probe = wheelhouse / ".probe.partial"
        probe.touch()
        probe.unlink()
    except OSError as exc:
        raise CIError(
            f"cannot write to {wheelhouse} ({exc.strerror}); make it writable or name another directory"
        ) from exc
    others = [path.name for path in _visible(wheelhouse) if not _is_of(version, path)]
    if others:
        raise CIError(
            f"{wheelhouse} holds files that are not {PACKAGE} {version}: {', '.join(others)}; "
            "installers would be offered both versions, so move or delete them first"
        )


def publish(staging: Path, wheelhouse: Path, version: str) -> list[Path]:
    """Move a finished set into the directory and take out what an earlier build of the same version left.

    Every file is copied beside its place first, so a full disk shows before anything is replaced.

    Args:
        staging: the directory of the finished files; names that begin with a dot are left out.
        wheelhouse: the directory to change.
        version: of the set.

    Returns:
        The files, in order of name.

    Raises:
        CIError: as `require_usable`, or the directory's disk is full.
    """
    require_usable(wheelhouse, version)
    finished = _visible(staging)
    copies = {wheelhouse / path.name: wheelhouse / f".{path.name}.partial" for path in finished}
    try:
        for path in finished:
            shutil.copyfile(path, copies[wheelhouse / path.name])
        for place, copy in copies.items():
            copy.replace(place)
    except OSError as exc:
        # Its own words name the file that was being read.
        raise CIError(
            f"cannot put the files into {wheelhouse} ({exc.strerror}); free some space there, then run this again"
        ) from exc
    finally:
        for leftover in wheelhouse.glob(".*.partial"):
            leftover.unlink()
    for path in _visible(wheelhouse):
        if path not in copies:
            path.unlink()
    return sorted(copies)


def _visible(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if not path.name.startswith("."))


def _is_of(version: str, path: Path) -> bool:
    return path.name == f"{PACKAGE}-{version}.tar.gz" or (
        path.name.startswith(f"{PACKAGE}-{version}-") and path.suffix == ".whl"
    )

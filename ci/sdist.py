"""A source archive: the moment it carries, its one normal form, and what is in it.

The moment is the last commit's, or `SOURCE_DATE_EPOCH`: seconds since 1970-01-01 UTC, as
https://reproducible-builds.org/specs/source-date-epoch/ defines it. Every archive of a build carries it.

setuptools leaves the file system's times, owners and order in an sdist, and gzip adds the time and a name. Here the
members are sorted, belong to nobody, carry one time and the modes 0644 or 0755, and the gzip header is empty. The
tar format is PAX, which PEP 517 asks for; with whole seconds and short ASCII names it needs no extension records.
"""

from __future__ import annotations

import copy
import gzip
import io
import os
import tarfile
import tomllib
import zlib
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from console import CIError, run
from project import PACKAGE


def epoch_from_environment() -> int | None:
    """Read `SOURCE_DATE_EPOCH`; None when it is unset or empty.

    Raises:
        CIError: it is not a whole number of seconds that is at least 0.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise CIError(f"SOURCE_DATE_EPOCH is {text!r}; set it to whole seconds since 1970, or unset it")
    return int(text)


def epoch_of_checkout(checkout: Path) -> int:
    """Return `SOURCE_DATE_EPOCH` when it is set, else the committer time of the checkout's last commit.

    Raises:
        CIError: the directory is not a git checkout with at least one commit.
    """
    given = epoch_from_environment()
    if given is not None:
        return given
    try:
        return int(run(["git", "-C", checkout, "log", "-1", "--format=%ct"]).stdout)
    except CIError as exc:
        raise CIError(
            f"no commit gives {checkout} a date; build from a git clone with a commit, or set SOURCE_DATE_EPOCH\n{exc}"
        ) from exc


def normalize(sdist: Path, epoch: int) -> None:
    """Rewrite a .tar.gz in place; doing it again changes nothing, and a failure leaves the old file.

    Args:
        sdist: the archive.
        epoch: the time of every member, in seconds since 1970.

    Raises:
        CIError: the archive is damaged, or holds something an sdist of ours must not: links, devices, absolute
            names, `..`, one name twice, or more than its one top directory.
    """
    data = _packed(read_members(sdist), epoch)
    partial = sdist.with_name(f".{sdist.name}.partial")
    try:
        partial.write_bytes(data)
        partial.chmod(0o644)
        partial.replace(sdist)
    finally:
        partial.unlink(missing_ok=True)


def read_members(sdist: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Return the archive's members with their bytes, each found safe; see `normalize` for what raises."""
    try:
        # All of it is unpacked first: tarfile stops at the tar's end, and would miss that the rest was cut off.
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(sdist.read_bytes()))) as archive:
            members = [(member, _bytes_of(archive, member)) for member in archive]
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as exc:
        raise CIError(f"{sdist.name} is not a readable .tar.gz archive ({exc}); build it again") from exc
    top = sdist.name.removesuffix(".tar.gz")
    seen: set[str] = set()
    for member, _ in members:
        reason = _objection(member, top, seen)
        if reason:
            raise CIError(
                f"{sdist.name} holds {member.name!r}, which {reason}; take it out of the source and build again"
            )
        seen.add(member.name)
    return members


def _bytes_of(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member) if member.isfile() else None
    return stream.read() if stream else b""


def _objection(member: tarfile.TarInfo, top: str, seen: set[str]) -> str | None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name:
        return "would be unpacked somewhere else"
    if not (member.isfile() or member.isdir()):
        return "is neither a file nor a directory"
    if path.parts[:1] != (top,):
        return f"is outside {top}/"
    if member.name in seen:
        return "is there twice"
    return None


def _packed(members: list[tuple[tarfile.TarInfo, bytes]], epoch: int) -> bytes:
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member, data in sorted(members, key=lambda pair: pair[0].name):
            archive.addfile(_plain(member, epoch), io.BytesIO(data))
    return buffer.getvalue()


def _plain(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    plain = copy.copy(member)
    plain.mtime = epoch
    plain.uid = plain.gid = 0
    plain.uname = plain.gname = ""
    plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    plain.pax_headers = {}
    return plain


class SdistFile:
    """A source archive: `contents` by path below its one top directory."""

    def __init__(self, path: Path) -> None:
        """Read the archive.

        Raises:
            CIError: it is damaged or holds something unsafe.
        """
        self.path = path
        members = read_members(path)
        self.members = [member for member, _ in members]
        self.contents = {
            member.name.partition("/")[2]: data for member, data in members if member.isfile() and "/" in member.name
        }

    @property
    def version(self) -> str:
        """The version in the file name."""
        return self.path.name.removesuffix(".tar.gz").rpartition("-")[2]

    @property
    def epoch(self) -> int:
        """The newest time of a member, in whole seconds since 1970; in the normal form all have the same."""
        return int(max(member.mtime for member in self.members))

    @property
    def package_files(self) -> frozenset[str]:
        """Every file of the package, as its wheels must have it."""
        return frozenset(name for name in self.contents if name.startswith(f"{PACKAGE}/"))

    @cached_property
    def project(self) -> dict[str, Any]:
        """The parsed pyproject.toml.

        Raises:
            CIError: it is missing or is not TOML.
        """
        try:
            return tomllib.loads(self.contents["pyproject.toml"].decode())
        except (KeyError, ValueError) as exc:
            raise CIError(f"{self.path.name} has no readable pyproject.toml ({exc}); build it again") from exc

    @property
    def declared(self) -> dict[str, Any]:
        """The [project] table of pyproject.toml; empty when there is none."""
        table = self.project.get("project")
        return table if isinstance(table, dict) else {}

    @property
    def compiled(self) -> list[dict[str, str]]:
        """The entries of `[tool.hawkapi.compiled]`, the one list there is.

        Raises:
            CIError: pyproject.toml has no such list.
        """
        try:
            entries: list[dict[str, str]] = self.project["tool"]["hawkapi"]["compiled"]
        except (KeyError, TypeError) as exc:
            raise CIError(f"{self.path.name} has no [tool.hawkapi.compiled] in its pyproject.toml") from exc
        return entries

    @property
    def compiled_modules(self) -> tuple[str, ...]:
        """Dotted names of the modules that are compiled."""
        return tuple(entry["module"] for entry in self.compiled)

"""Rewrite a source archive so that the same files always give the same bytes.

setuptools leaves the file system's times, owners and order in an sdist, and gzip adds the time and a name. Here the
members are sorted, belong to nobody, carry one time and the modes 0644 or 0755, and the gzip header is empty. The
tar format is PAX, which PEP 517 asks for; with whole seconds and short ASCII names it needs no extension records.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import io
import tarfile
import zlib
from pathlib import Path, PurePosixPath

import source_date
from console import CIError, exit_with


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


def main() -> int:
    """Normalise the archive that the command line names."""
    parser = argparse.ArgumentParser(description="Rewrite a source archive so that equal files give equal bytes.")
    parser.add_argument("sdist", type=Path, help="the .tar.gz file, rewritten in place")
    parser.add_argument("--epoch", type=int, help="seconds since 1970 (default: SOURCE_DATE_EPOCH)")
    arguments = parser.parse_args()
    epoch = arguments.epoch if arguments.epoch is not None else source_date.from_environment()
    if epoch is None:
        raise CIError("no time is given; set SOURCE_DATE_EPOCH or pass --epoch")
    normalize(arguments.sdist, epoch)
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

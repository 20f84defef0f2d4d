"""A wheel as a value: its name taken apart, its members read, its bytes written in one normal form.

Builders disagree about member order, times and modes (setuptools copies modes from the file system, so the umask
shows). Every wheel we keep therefore passes through `write_wheel`: sorted members with the dist-info last, one time,
modes 0644 and 0755 only, RECORD made anew. Retagging needs a new RECORD as well, so it is done here and not by
`wheel tags`; a build container then needs nothing but its Python.

SPEC: https://packaging.python.org/specifications/binary-distribution-format/ and .../platform-compatibility-tags/
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import itertools
import lzma
import re
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import Parser
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from console import CIError

UNIX: Final = 3
ZIP_BEGINS: Final = 315532800
"""1980-01-01 UTC in seconds since 1970: zip archives know no earlier time."""
ZIP_END_SIZE: Final = 22
"""The size in bytes of the record that ends a zip archive without a comment."""
UNREADABLE: Final = (
    zipfile.BadZipFile,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)
"""What zipfile raises for archives that are damaged, encrypted or packed by an unknown method."""
MACH_O: Final = {
    bytes.fromhex(magic) for magic in ("feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe", "bebafeca")
}
NATIVE_SUFFIXES: Final = (".so", ".pyd", ".dll", ".dylib", ".a", ".o", ".lib", ".exe")
VERSIONED_LIBRARY: Final = re.compile(r"\.so(\.\d+)+$")


@dataclass(frozen=True)
class WheelName:
    """The five or six parts of a wheel's file name, compressed tag sets taken apart and in the order given."""

    distribution: str
    version: str
    build: str
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]

    @classmethod
    def parse(cls, filename: str) -> WheelName:
        """Take a file name apart.

        Raises:
            CIError: it is not `name-version[-build]-python-abi-platform.whl`.
        """
        parts = filename.removesuffix(".whl").split("-")
        if not filename.endswith(".whl") or len(parts) not in {5, 6} or not all(parts):
            raise CIError(f"{filename} is not a wheel's name (name-version[-build]-python-abi-platform.whl); remove it")
        *build, pythons, abis, platforms = parts[2:]
        return cls(
            parts[0],
            parts[1],
            "".join(build),
            tuple(pythons.split(".")),
            tuple(abis.split(".")),
            tuple(platforms.split(".")),
        )

    @property
    def tags(self) -> frozenset[str]:
        """Every single tag that the name promises, as in the WHEEL file."""
        return frozenset("-".join(tag) for tag in itertools.product(self.pythons, self.abis, self.platforms))

    @property
    def kind(self) -> str:
        """`universal` for wheels of no ABI and any platform, else the ABI: `cp313`, `cp313t`."""
        return "universal" if (self.abis, self.platforms) == (("none",), ("any",)) else ".".join(self.abis)

    def __str__(self) -> str:
        sets = (".".join(part) for part in (self.pythons, self.abis, self.platforms))
        return "-".join([self.distribution, self.version, *filter(None, [self.build]), *sets]) + ".whl"


class WheelFile:
    """A wheel that was read into memory: `members` as the archive lists them, `contents` by name.

    `is_bare` says that there are no bytes before the archive or after it.
    """

    def __init__(self, path: Path) -> None:
        """Read the archive.

        Raises:
            CIError: the name is not a wheel's, or the archive is damaged.
        """
        self.path = path
        self.name = WheelName.parse(path.name)
        data = path.read_bytes()
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                self.members = archive.infolist()
                self.contents = {
                    member.filename: archive.read(member) for member in self.members if not member.is_dir()
                }
        except UNREADABLE as exc:
            raise CIError(f"{path.name} is not a readable zip archive ({exc}); build it again") from exc
        begins = min((member.header_offset for member in self.members), default=0)
        self.is_bare = begins == 0 and data[-ZIP_END_SIZE:].startswith(b"PK\5\6")

    @property
    def dist_info(self) -> str:
        """The name of the metadata directory that the file name demands, with no slash."""
        return f"{self.name.distribution}-{self.name.version}.dist-info"

    def dist_info_file(self, name: str) -> bytes:
        """Return a file of the metadata directory; empty when there is none."""
        return self.contents.get(f"{self.dist_info}/{name}", b"")

    @cached_property
    def header(self) -> Message:
        """The WHEEL file."""
        return Parser().parsestr(self.dist_info_file("WHEEL").decode(errors="replace"))

    @cached_property
    def metadata(self) -> Message:
        """The METADATA file."""
        return Parser().parsestr(self.dist_info_file("METADATA").decode(errors="replace"))

    @cached_property
    def record(self) -> list[list[str]]:
        """The rows of RECORD: path, hash, size in bytes.

        Raises:
            CIError: it is not UTF-8 or not CSV.
        """
        try:
            return list(csv.reader(io.StringIO(self.dist_info_file("RECORD").decode())))
        except (UnicodeDecodeError, csv.Error) as exc:
            raise CIError(f"RECORD of {self.path.name} is not readable ({exc}); build it again") from exc

    @cached_property
    def native_files(self) -> list[str]:
        """Names of the members that hold machine code, by their first bytes or by their suffix."""
        return [name for name, data in self.contents.items() if is_native(name, data)]


def is_native(name: str, data: bytes) -> bool:
    """Say whether a file is, or claims to be, machine code."""
    return (
        name.endswith(NATIVE_SUFFIXES) or VERSIONED_LIBRARY.search(name) is not None or native_format(data) is not None
    )


def native_format(data: bytes) -> str | None:
    """Name the format of machine code by its magic number; None when the bytes are something else."""
    if data.startswith(b"\x7fELF"):
        return "ELF"
    if data[:4] in MACH_O:
        return "Mach-O"
    if data.startswith(b"!<arch>\n"):
        return "static library"
    if data.startswith(b"MZ") and len(data) >= 64:
        (offset,) = struct.unpack_from("<I", data, 60)
        if data[offset : offset + 4] == b"PE\0\0":
            return "PE"
    return None


def record_hash(data: bytes) -> str:
    """Hash a file as RECORD writes it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def zip_time(epoch: int) -> tuple[int, int, int, int, int, int]:
    """Convert seconds since 1970 to a zip member's UTC time, which begins in 1980 and counts in steps of 2 s."""
    moment = time.gmtime(max(epoch, ZIP_BEGINS))
    return (moment.tm_year, moment.tm_mon, moment.tm_mday, moment.tm_hour, moment.tm_min, moment.tm_sec // 2 * 2)


def write_wheel(target: Path, contents: Mapping[str, bytes], epoch: int) -> None:
    """Write a wheel in its normal form, with a new RECORD, and put it in place at once.

    Args:
        target: the wheel to make or replace; its name decides where RECORD is.
        contents: every file but RECORD, which is ignored when given.
        epoch: the time of every member, in seconds since 1970.
    """
    name = WheelName.parse(target.name)
    dist_info = f"{name.distribution}-{name.version}.dist-info/"
    files = {path: data for path, data in contents.items() if path != f"{dist_info}RECORD"}
    ordered = sorted(files, key=lambda path: (path.startswith(dist_info), path))
    files[f"{dist_info}RECORD"] = _record(ordered, files, f"{dist_info}RECORD")
    partial = target.with_name(f".{target.name}.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in [*ordered, f"{dist_info}RECORD"]:
                archive.writestr(_member(path, files[path], epoch), files[path])
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _record(ordered: Iterable[str], files: Mapping[str, bytes], record_path: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([path, record_hash(files[path]), len(files[path])] for path in ordered)
    writer.writerow([record_path, "", ""])
    return text.getvalue().encode()


def _member(path: str, data: bytes, epoch: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(path, zip_time(epoch))
    member.create_system = UNIX
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = (stat.S_IFREG | (0o755 if is_native(path, data) else 0o644)) << 16
    return member


def rewrite(wheel: WheelFile, directory: Path, epoch: int, *, platforms: Iterable[str] | None = None) -> Path:
    """Write the wheel into `directory` in its normal form, for other platforms when they are given.

    Raises:
        CIError: the wheel holds a member with an unsafe name, or one name twice.
    """
    names = [member.filename for member in wheel.members]
    unsafe = [name for name in names if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts]
    if unsafe or len(set(names)) != len(names):
        raise CIError(
            f"{wheel.path.name} holds unsafe or repeated names ({', '.join(unsafe) or 'repeated'}); build it again"
        )
    name = wheel.name if platforms is None else replace(wheel.name, platforms=tuple(sorted(platforms)))
    header = f"{wheel.dist_info}/WHEEL"
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / str(name)
    write_wheel(target, {**wheel.contents, header: _header_with(wheel.contents[header], name.tags)}, epoch)
    return target


def _header_with(header: bytes, tags: Iterable[str]) -> bytes:
    kept = [line for line in header.decode().splitlines() if line.strip() and not line.startswith("Tag:")]
    return "".join(f"{line}\n" for line in [*kept, *(f"Tag: {tag}" for tag in sorted(tags))]).encode()

"""Source archives: their time and their normal form."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from console import CIError
from sdist import SdistFile, epoch_from_environment, normalize
from wheelmaker import EPOCH

NAME = "hawkapi-1.2.3.tar.gz"


def make_archive(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    """Write members as they are given, in that order, as an ordinary .tar.gz."""
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def member(name: str, *, mode: int = 0o600, kind: bytes = tarfile.REGTYPE, **attributes: object) -> tarfile.TarInfo:
    """Describe a member of somebody's archive."""
    made = tarfile.TarInfo(name)
    made.mode, made.type = mode, kind
    made.mtime, made.uid, made.gid, made.uname, made.gname = 1234567, 1000, 100, "someone", "users"
    for key, value in attributes.items():
        setattr(made, key, value)
    return made


def good_members() -> list[tuple[tarfile.TarInfo, bytes]]:
    """Return a directory, a program and a file in an order that is not sorted."""
    return [
        (member("hawkapi-1.2.3/z.py"), b"z"),
        (member("hawkapi-1.2.3/run", mode=0o770), b"#!"),
        (member("hawkapi-1.2.3", mode=0o700, kind=tarfile.DIRTYPE), b""),
    ]


def test_normalize_sorts_dates_and_disowns(tmp_path: Path) -> None:
    """Members are sorted, have the given time, no owner and a plain mode, and keep their bytes."""
    path = make_archive(tmp_path / NAME, good_members())

    normalize(path, EPOCH)

    with tarfile.open(path) as archive:
        found = [(each.name, each.mode) for each in archive]
        owners = {(each.mtime, each.uid, each.gid, each.uname, each.gname) for each in archive}
        program = archive.extractfile("hawkapi-1.2.3/run")
        assert program is not None
        assert program.read() == b"#!"
    assert found == [("hawkapi-1.2.3", 0o755), ("hawkapi-1.2.3/run", 0o755), ("hawkapi-1.2.3/z.py", 0o644)]
    assert owners == {(EPOCH, 0, 0, "", "")}


def test_normalize_gives_same_bytes_for_same_files(tmp_path: Path) -> None:
    """Order, times, owners and modes of the original, and the time of the run, leave no trace."""
    first = make_archive(tmp_path / NAME, good_members())
    other = [
        (member(each.name, mode=each.mode & 0o711, kind=each.type, mtime=9), data) for each, data in good_members()
    ]
    (tmp_path / "elsewhere").mkdir()
    second = make_archive(tmp_path / "elsewhere" / NAME, other[::-1])

    normalize(first, EPOCH)
    normalize(second, EPOCH)

    assert first.read_bytes() == second.read_bytes()


def test_normalize_twice_changes_nothing(tmp_path: Path) -> None:
    """The normal form of a normal archive is itself."""
    path = make_archive(tmp_path / NAME, good_members())
    normalize(path, EPOCH)
    once = path.read_bytes()

    normalize(path, EPOCH)

    assert path.read_bytes() == once


def test_normalize_leaves_gzip_header_empty(tmp_path: Path) -> None:
    """The gzip header has neither flags for a name nor a time."""
    path = make_archive(tmp_path / NAME, good_members())

    normalize(path, EPOCH)

    assert path.read_bytes()[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
    assert gzip.decompress(path.read_bytes())[257:263] == b"ustar\x00"


@pytest.mark.parametrize(
    ("unsafe", "reason"),
    [
        pytest.param(member("/etc/passwd"), "unpacked somewhere else", id="absolute"),
        pytest.param(member("hawkapi-1.2.3/../../x"), "unpacked somewhere else", id="parent"),
        pytest.param(member("hawkapi-1.2.3/a\\b"), "unpacked somewhere else", id="backslash"),
        pytest.param(
            member("hawkapi-1.2.3/l", kind=tarfile.SYMTYPE, linkname="x"), "neither a file", id="symbolic link"
        ),
        pytest.param(
            member("hawkapi-1.2.3/l", kind=tarfile.LNKTYPE, linkname="hawkapi-1.2.3/z.py"),
            "neither a file",
            id="hard link",
        ),
        pytest.param(member("hawkapi-1.2.3/p", kind=tarfile.FIFOTYPE), "neither a file", id="pipe"),
        pytest.param(member("other/z.py"), "is outside hawkapi-1.2.3/", id="second top directory"),
        pytest.param(member("hawkapi-1.2.3/z.py"), "is there twice", id="twice"),
    ],
)
def test_normalize_refuses_unsafe_member(tmp_path: Path, unsafe: tarfile.TarInfo, reason: str) -> None:
    """An archive with a member that no sdist of ours may have is refused by the member's name, and stays as it was."""
    path = make_archive(tmp_path / NAME, [*good_members(), (unsafe, b"")])
    before = path.read_bytes()

    with pytest.raises(CIError, match=reason):
        normalize(path, EPOCH)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("keep", [0, 20, -20], ids=["empty", "header only", "cut off"])
def test_normalize_refuses_damaged_archive(tmp_path: Path, keep: int) -> None:
    """A file that is no whole .tar.gz is refused in one sentence."""
    path = make_archive(tmp_path / NAME, good_members())
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(CIError, match=r"not a readable \.tar\.gz"):
        normalize(path, EPOCH)


@pytest.mark.parametrize(("value", "expected"), [("5", 5), ("", None), (None, None)], ids=["set", "empty", "not set"])
def test_time_is_read_from_environment(
    monkeypatch: pytest.MonkeyPatch, value: str | None, expected: int | None
) -> None:
    """`SOURCE_DATE_EPOCH` gives the time; empty is as good as not set."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if value is not None:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", value)

    assert epoch_from_environment() == expected


def test_time_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no number of seconds is quoted."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")

    with pytest.raises(CIError, match="SOURCE_DATE_EPOCH is 'today'"):
        epoch_from_environment()


def test_time_of_an_archive_is_that_of_its_members(tmp_path: Path) -> None:
    """A wheel that is built from the archive can carry the archive's time."""
    path = make_archive(tmp_path / NAME, good_members())
    normalize(path, EPOCH)

    assert SdistFile(path).epoch == EPOCH

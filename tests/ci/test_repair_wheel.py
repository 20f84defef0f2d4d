"""Wheels get the platform tags they may be published under, and one normal form."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from console import CIError
from repair_wheel import repair
from wheel_file import WheelFile, WheelName
from wheelmaker import DIST_INFO, ELF, EPOCH, MACHINE, PLATFORMS, VERSION, MiniSet, MiniWheel

LINUX = f"linux_{MACHINE}"
CONTAINER = ("AUDITWHEEL_PLAT", "AUDITWHEEL_POLICY", "AUDITWHEEL_ARCH")
FAKE_AUDITWHEEL = f"""#!{sys.executable}
import pathlib, shutil, sys
print(sys.argv)
target = pathlib.Path(sys.argv[-2], "hawkapi-{VERSION}-cp313-cp313-{".".join(PLATFORMS)}.whl")
shutil.copy(sys.argv[-1], target)
"""


@pytest.fixture(autouse=True)
def no_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run outside any build container, with no time set."""
    for name in (*CONTAINER, "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)


def built(kind: str, *platforms: str) -> MiniWheel:
    """Return a wheel as a build backend leaves it."""
    wheel = MiniSet.good().wheels[kind]
    if platforms:
        wheel.platforms = platforms
    return wheel


def auditwheel(directory: Path, body: str = FAKE_AUDITWHEEL) -> Path:
    """Write a stand-in for auditwheel: the last two arguments are the directory and the wheel."""
    path = directory / "auditwheel"
    path.write_text(body, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_pure_wheel_takes_tags_of_compiled_one(tmp_path: Path) -> None:
    """With `like`, the file name and the WHEEL file get that wheel's platforms and keep their own interpreter."""
    compiled = built("cp313").write(tmp_path)
    wheel = built("cp313t", LINUX).write(tmp_path)

    result = WheelFile(repair(wheel, tmp_path / "out", like=compiled))

    assert result.path.name == f"hawkapi-{VERSION}-cp313-cp313t-{'.'.join(PLATFORMS)}.whl"
    assert sorted(result.header.get_all("Tag", [])) == [f"cp313-cp313t-{each}" for each in PLATFORMS]
    assert result.header["Root-Is-Purelib"] == "false"


@pytest.mark.parametrize(
    ("variables", "platforms"),
    [
        ({"AUDITWHEEL_PLAT": f"manylinux_2_28_{MACHINE}"}, [f"manylinux_2_28_{MACHINE}"]),
        ({"AUDITWHEEL_PLAT": f"manylinux2014_{MACHINE}"}, list(PLATFORMS)),
        ({"AUDITWHEEL_PLAT": f"musllinux_1_2_{MACHINE}"}, [f"musllinux_1_2_{MACHINE}"]),
        ({"AUDITWHEEL_POLICY": "manylinux_2_34", "AUDITWHEEL_ARCH": MACHINE}, [f"manylinux_2_34_{MACHINE}"]),
    ],
    ids=["manylinux", "legacy name", "musllinux", "policy and architecture"],
)
def test_pure_wheel_takes_policy_of_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], platforms: list[str]
) -> None:
    """In a build container the pure wheel is for the container's policy, under both names where it has two."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    result = repair(built("cp313t", LINUX).write(tmp_path), tmp_path / "out")

    assert sorted(WheelName.parse(result.name).platforms) == platforms


def test_pure_wheel_without_any_hint_is_refused(tmp_path: Path) -> None:
    """Outside a container and without `like` nothing says which tags are right, so the message asks for them."""
    with pytest.raises(CIError, match="pass --like"):
        repair(built("cp313t", LINUX).write(tmp_path), tmp_path / "out")


@pytest.mark.parametrize(
    ("kind", "platform"),
    [("cp313t", "macosx_11_0_arm64"), ("cp313t", "win_amd64"), ("cp313", "win_amd64"), ("universal", "any")],
)
def test_wheel_keeps_right_tags(tmp_path: Path, kind: str, platform: str) -> None:
    """Where the builder's tag is publishable, also beside `like`, it stays."""
    like = built("cp313").write(tmp_path)
    wheel = built(kind, platform).write(tmp_path)

    assert repair(wheel, tmp_path / "out", like=like).name == wheel.name


def test_compiled_wheel_gets_tags_of_auditwheel(tmp_path: Path) -> None:
    """What auditwheel decides is the file name and the WHEEL file of the result."""
    wheel = built("cp313", LINUX)
    wheel.filename = None

    result = WheelFile(repair(wheel.write(tmp_path), tmp_path / "out", auditwheel=auditwheel(tmp_path)))

    assert result.name.platforms == PLATFORMS
    assert set(result.header.get_all("Tag", [])) == result.name.tags


def test_compiled_wheel_in_container_is_for_its_policy_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container auditwheel may not choose a wider policy, or the pure wheel would name another."""
    monkeypatch.setenv("AUDITWHEEL_PLAT", f"manylinux_2_28_{MACHINE}")
    strict = FAKE_AUDITWHEEL + "\nassert '--only-plat' in sys.argv\n"

    result = repair(built("cp313", LINUX).write(tmp_path), tmp_path / "out", auditwheel=auditwheel(tmp_path, strict))

    assert result.is_file()


def test_grafted_library_is_refused(tmp_path: Path) -> None:
    """A library that the repair copied into the wheel is named, and no wheel is left."""
    graft = f"""
import zipfile
with zipfile.ZipFile(target, "a") as archive:
    archive.writestr("hawkapi.libs/libssl-1234.so.3", {ELF!r})
"""
    tool = auditwheel(tmp_path, FAKE_AUDITWHEEL + graft)

    with pytest.raises(CIError, match=r"copied hawkapi\.libs/libssl-1234\.so\.3 into it"):
        repair(built("cp313", LINUX).write(tmp_path), tmp_path / "out", auditwheel=tool)

    assert not (tmp_path / "out").exists()


def test_failing_auditwheel_is_quoted(tmp_path: Path) -> None:
    """The message of a failing repair holds what auditwheel said."""
    tool = auditwheel(tmp_path, f"#!{sys.executable}\nimport sys\nsys.exit('too-recent versioned symbols')\n")

    with pytest.raises(CIError, match="too-recent versioned symbols"):
        repair(built("cp313", LINUX).write(tmp_path), tmp_path / "out", auditwheel=tool)


def test_repair_gives_same_bytes_for_same_files(tmp_path: Path) -> None:
    """Order, times and modes of the builder's archive leave no trace."""
    one, other = built("universal"), built("universal")
    other.files = dict(reversed(other.files.items()))
    other.epoch, other.mode = EPOCH + 1000, 0o100600
    (tmp_path / "b").mkdir()

    results = [
        repair(one.write(tmp_path), tmp_path / "one", epoch=EPOCH),
        repair(other.write(tmp_path / "b"), tmp_path / "two", epoch=EPOCH),
    ]

    assert results[0].read_bytes() == results[1].read_bytes()


def test_repair_writes_normal_form(tmp_path: Path) -> None:
    """Machine code is executable, other files are not, all have the build's time, and RECORD comes last."""
    wheel = built("cp313", "win_amd64")

    with zipfile.ZipFile(repair(wheel.write(tmp_path), tmp_path / "out", epoch=EPOCH)) as archive:
        members = archive.infolist()

    assert {each.date_time for each in members} == {(2023, 11, 14, 22, 13, 20)}
    assert {each.filename.endswith(".so"): each.external_attr >> 16 for each in members} == {
        True: 0o100755,
        False: 0o100644,
    }
    assert members[-1].filename == f"{DIST_INFO}/RECORD"


def test_time_before_zip_archives_becomes_their_first(tmp_path: Path) -> None:
    """SPEC: zip members cannot be older than 1980, so an older time is moved there."""
    result = repair(built("universal").write(tmp_path), tmp_path / "out", epoch=0)

    with zipfile.ZipFile(result) as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_wheel_with_repeated_member_is_refused(tmp_path: Path) -> None:
    """A wheel that holds one name twice cannot be rewritten without choosing, so it is refused."""
    wheel = built("universal")
    wheel.repeated = {"hawkapi/py.typed": b"other"}

    with pytest.raises(CIError, match="repeated names"):
        repair(wheel.write(tmp_path), tmp_path / "out")

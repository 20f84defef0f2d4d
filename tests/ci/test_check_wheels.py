"""The static checks: a good set passes, and each check names the wheel that was broken for it."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tools
from check_wheels import CHECKS, check, check_and_print
from console import CIError
from dist_set import DistSet
from set_claims import Settings
from wheeldefects import (
    SETTINGS,
    SUFFIX,
    another_command,
    change,
    damaged,
    drop,
    failures,
    linux_only,
    metadata,
    on_set,
    only_another_version,
    platforms,
    put,
    renamed,
    with_corrupt_deflate,
)
from wheelmaker import (
    DIST_INFO,
    ELF,
    EPOCH,
    MACHINE,
    METADATA,
    PLATFORMS,
    VERSION,
    MiniSet,
    cannot_compile,
    compile_extension,
)

CI = Path(__file__).parents[2] / "ci"
WITH_PROGRAMS = {"auditwheel", "twine"}
"""These ask a program; their tests are the last of this file."""
needs_compiler = pytest.mark.skipif(cannot_compile() is not None, reason=cannot_compile() or "")


DEFECTS = [
    pytest.param("complete", "set", "no cp313t wheel", on_set(lambda made: made.wheels.pop("cp313t")), id="missing"),
    pytest.param("complete", "set", "cp312", change("cp313t", pythons="cp312", abi="cp312t"), id="another kind"),
    pytest.param(
        "complete", "set", "notes.txt", on_set(lambda made: made.strangers.update({"notes.txt": b""})), id="stray"
    ),
    pytest.param(
        "same platforms",
        "set",
        "repair_wheel.py --like",
        change("cp313t", platforms=(f"manylinux_2_36_{MACHINE}",)),
        id="like",
    ),
    pytest.param(
        "tags",
        "cp313t",
        f"cp313-cp313t-manylinux_2_36_{MACHINE}",
        change("cp313t", filename=f"hawkapi-{VERSION}-cp313-cp313t-manylinux_2_36_{MACHINE}.whl"),
        id="wrong tag in the file name",
    ),
    pytest.param(
        "tags",
        "cp313t",
        "cp313t-cp313t",
        change("cp313t", filename=f"hawkapi-{VERSION}-cp313t-cp313t-manylinux2014_{MACHINE}.whl"),
        id="the tag that guides print",
    ),
    pytest.param("platforms", "cp313", f"linux_{MACHINE} is refused", linux_only, id="not repaired"),
    pytest.param("WHEEL file", "cp313t", "Root-Is-Purelib is true", change("cp313t", purelib=True), id="purelib"),
    pytest.param(
        "metadata",
        "cp313t",
        "'Summary: Anoth",
        put("cp313t", f"{DIST_INFO}/METADATA", METADATA.replace(b"A mini", b"Anothe")),
        id="METADATA differs",
    ),
    pytest.param("contents", "universal", "hawkapi/__init__.py", only_another_version, id="another __version__"),
    pytest.param(
        "version",
        "sdist",
        "None",
        on_set(lambda made: made.add_everywhere("hawkapi/__init__.py", b"")),
        id="no __version__",
    ),
    pytest.param(
        "shims",
        "cp313",
        "hawkapi.routing._tree",
        drop("cp313", f"hawkapi/routing/_tree.{SUFFIX}"),
        id="module without .so",
    ),
    pytest.param(
        "library", "cp313", "hawkapi__mypyc", drop("cp313", f"hawkapi__mypyc.{SUFFIX}"), id="no shared library"
    ),
    pytest.param(
        "native files", "cp313", "other__mypyc", put("cp313", f"other__mypyc.{SUFFIX}", ELF), id="second library"
    ),
    pytest.param(
        "native files", "cp313", "hawkapi/app", put("cp313", f"hawkapi/app.{SUFFIX}", ELF), id="unlisted module"
    ),
    pytest.param(
        "native files", "cp313", "libz", put("cp313", "hawkapi.libs/libz-1234.so.1", ELF), id="grafted library"
    ),
    pytest.param("native files", "cp313t", "_fast", put("cp313t", f"hawkapi/_fast.{SUFFIX}", ELF), id="smuggled .so"),
    pytest.param(
        "native files", "cp313t", "blob", put("cp313t", "hawkapi/blob", ELF), id="smuggled, ELF without suffix"
    ),
    pytest.param(
        "native files", "universal", "a.pyd", put("universal", "hawkapi/a.pyd", b""), id="smuggled, by suffix"
    ),
    pytest.param(
        "native files",
        "universal",
        "hawkapi/mac",
        put("universal", "hawkapi/mac", bytes.fromhex("cffaedfe")),
        id="Mach-O",
    ),
    pytest.param("top level", "cp313", "conftest.py", put("cp313", "conftest.py", b""), id="stray top-level file"),
    pytest.param("top level", "cp313", "tests/test_a.py", put("cp313", "tests/test_a.py", b""), id="tests"),
    pytest.param(
        "top level",
        "cp313t",
        ".data/purelib",
        put("cp313t", f"hawkapi-{VERSION}.data/purelib/a.py", b""),
        id="data directory",
    ),
    pytest.param("file list", "cp313t", "py.typed is missing", drop("cp313t", "hawkapi/py.typed"), id="missing file"),
    pytest.param(
        "file list", "cp313", "hawkapi/more.py", put("cp313", "hawkapi/more.py", b""), id="file from elsewhere"
    ),
    pytest.param(
        "file list",
        "sdist",
        "tests/test_a.py",
        on_set(lambda made: made.source.update({"tests/test_a.py": b""})),
        id="sdist",
    ),
    pytest.param("leftovers", "cp313", "_tree.c", put("cp313", "hawkapi/routing/_tree.c", b""), id="generated C"),
    pytest.param(
        "leftovers",
        "universal",
        "__pycache__",
        put("universal", "hawkapi/__pycache__/a.cpython-313.pyc", b""),
        id="byte code",
    ),
    pytest.param(
        "compiled list", "cp313t", "_compiled.json", put("cp313t", "hawkapi/_compiled.json", b"[]"), id="list"
    ),
    pytest.param(
        "RECORD",
        "cp313",
        "another hash or size for hawkapi/__init__.py",
        change("cp313", record={"hawkapi/__init__.py": b"x"}),
        id="wrong hash",
    ),
    pytest.param(
        "RECORD",
        "cp313",
        "does not list hawkapi/py.typed",
        change("cp313", unlisted="hawkapi/py.typed"),
        id="unlisted file",
    ),
    pytest.param(
        "RECORD",
        "cp313",
        "py.typed is in the archive 2 times",
        change("cp313", repeated={"hawkapi/py.typed": b""}),
        id="twice",
    ),
    pytest.param("times, modes", "cp313t", "is dated", change("cp313t", epoch=EPOCH + 60), id="another time"),
    pytest.param("times, modes", "cp313t", "100600", change("cp313t", mode=0o100600), id="mode of the umask"),
    pytest.param("times, modes", "cp313t", "120777", change("cp313t", mode=0o120777), id="symbolic link"),
    pytest.param(
        "times, modes", "sdist", "own time", on_set(lambda made: setattr(made, "epoch", 0)), id="sdist's time"
    ),
    pytest.param(
        "machine paths",
        "cp313",
        "/home/builder/",
        put("cp313", f"hawkapi__mypyc.{SUFFIX}", ELF + b"/home/builder/lib"),
        id="rpath",
    ),
    pytest.param(
        "contents", "cp313t", "routing/__init__.py", put("cp313t", "hawkapi/routing/__init__.py", b"1"), id="contents"
    ),
    pytest.param(
        "contents", "universal", "LICENSE", put("universal", f"{DIST_INFO}/licenses/LICENSE", b""), id="licence"
    ),
    pytest.param("names", "cp313t", "os:abort", another_command, id="another command"),
    pytest.param(
        "names", "cp313t", "says os", put("cp313t", f"{DIST_INFO}/top_level.txt", b"os\n"), id="top_level.txt"
    ),
    pytest.param("interpreter", "cp313t", "cp313t-cp313t", change("cp313t", pythons="cp313t"), id="cp313t twice"),
    pytest.param("interpreter", "universal", "py2-none", change("universal", pythons="py2"), id="Python 2"),
    pytest.param("interpreter", "cp313", "cp312-cp313", change("cp313", pythons="cp312"), id="another Python"),
    pytest.param("platforms", "cp313t", "foo is not", platforms("foo"), id="unknown platform"),
    pytest.param("platforms", "cp313t", "any is not", platforms("any"), id="ABI for any platform"),
    pytest.param("platforms", "cp313", "win_amd64", platforms(*PLATFORMS, "win_amd64"), id="two systems"),
    pytest.param(
        "platforms",
        "cp313",
        "not one known",
        platforms("manylinux_2_28_x86_64", "manylinux_2_28_aarch64"),
        id="two architectures",
    ),
    pytest.param(
        "machine code", "cp313", "no 64-bit", put("cp313", f"hawkapi__mypyc.{SUFFIX}", b""), id="empty library"
    ),
    pytest.param(
        "machine code",
        "cp313",
        "ELF for machine 8 where",
        put("cp313", f"hawkapi__mypyc.{SUFFIX}", ELF[:18] + b"\x08\0" + ELF[20:]),
        id="another architecture",
    ),
    pytest.param(
        "machine code",
        "cp313",
        "no 64-bit",
        put("cp313", f"hawkapi__mypyc.{SUFFIX}", ELF[:4] + b"\1" + ELF[5:]),
        id="32 bits",
    ),
    pytest.param(
        "machine code", "cp313", "truncated", put("cp313", f"hawkapi__mypyc.{SUFFIX}", ELF[:17]), id="truncated"
    ),
    pytest.param(
        "WHEEL file",
        "cp313",
        "Tag is 2 times",
        change("cp313", more_header=f"Tag: cp313-cp313-{PLATFORMS[0]}\n"),
        id="tag",
    ),
    pytest.param(
        "WHEEL file",
        "cp313",
        "Root-Is-Purelib is 2 times",
        change("cp313", more_header="Root-Is-Purelib: true\n"),
        id="purelib twice",
    ),
    pytest.param("WHEEL file", "cp313", "build number", change("cp313", more_header="Build: 1\n"), id="build line"),
    pytest.param(
        "WHEEL file",
        "universal",
        "build number",
        change("universal", filename=f"hawkapi-{VERSION}-1-py3-none-any.whl"),
        id="build tag",
    ),
    pytest.param("WHEEL file", "universal", "is 2.0", change("universal", wheel_version="2.0"), id="format 2"),
    pytest.param("RECORD", "cp313", "hash or size of itself", change("cp313", own_hash="sha256=x"), id="own hash"),
    pytest.param("RECORD", "cp313", "RECORD of", change("cp313", own_hash="\udcff"), id="RECORD is not UTF-8"),
    pytest.param("archive", "cp313", "directory", change("cp313", repeated={"hawkapi/x/": b"data"}), id="directory"),
    pytest.param("archive", "cp313t", "bytes before", change("cp313t", prefix=b"#!/bin/sh\n"), id="bytes before"),
    pytest.param("compiled list", "cp313t", "not JSON", put("cp313t", "hawkapi/_compiled.json", b"["), id="bad JSON"),
    pytest.param(
        "version",
        "sdist",
        "not Python",
        on_set(lambda made: made.add_everywhere("hawkapi/__init__.py", b"(\0")),
        id="broken __init__",
    ),
    pytest.param(
        "version",
        "sdist",
        "2 times",
        on_set(
            lambda made: made.add_everywhere(
                "hawkapi/__init__.py", f'__version__ = "{VERSION}"\n__version__ = ""'.encode()
            )
        ),
        id="two __version__",
    ),
    pytest.param("project", "cp313", "Name", metadata("Name: hawkapi", "Name: hawk"), id="another name"),
    pytest.param("project", "cp313", "Version", metadata("Summary:", "Version: 9\nSummary:"), id="two versions"),
    pytest.param(
        "project", "cp313", "Requires-Python", metadata("Summary:", "Requires-Python: >=4\nSummary:"), id="Pythons"
    ),
]


def test_good_set_passes(tmp_path: Path) -> None:
    """A set without a defect fails no check."""
    assert failures(MiniSet.good().write(tmp_path)) == {}


@pytest.mark.parametrize(("name", "column", "text", "defect"), DEFECTS)
def test_broken_set_fails_exactly_its_check(
    tmp_path: Path, name: str, column: str, text: str, defect: Callable[[MiniSet], None]
) -> None:
    """One defect is named by one check, in the column of the file that has it."""
    made = MiniSet.good()
    defect(made)

    found = failures(made.write(tmp_path))

    assert {check_name for check_name, _ in found} == {name}
    assert text in found[name, column]


@pytest.mark.parametrize(
    "suffix",
    [f"cpython-312-{MACHINE}-linux-gnu.so", f"cpython-313-{MACHINE}-linux-musl.so", "cp313-win_amd64.pyd"],
    ids=["another Python", "another C library", "another system"],
)
def test_extension_with_another_suffix_fails(tmp_path: Path, suffix: str) -> None:
    """An extension that the interpreter of the wheel would not import is a missing one and an unexpected one."""
    made = MiniSet.good()
    renamed("hawkapi/routing/_tree", suffix)(made)

    assert failures(made.write(tmp_path)).keys() == {("shims", "cp313"), ("native files", "cp313")}


@pytest.mark.parametrize("name", ["/etc/a", "../a", "hawkapi\\a.py", "hawkapi//a.py", "c:a"])
def test_unsafe_member_name_fails(tmp_path: Path, name: str) -> None:
    """A member that an unpacker may put elsewhere is named, whatever else is wrong with it."""
    made = MiniSet.good()
    made.wheels["cp313"].files[name] = b""

    assert repr(name) in failures(made.write(tmp_path))["archive", "cp313"]


@pytest.mark.parametrize(
    "data",
    [damaged(flag_bits=1), damaged(compress_type=77), with_corrupt_deflate()],
    ids=["encrypted", "unknown method", "corrupt"],
)
def test_damaged_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    """A wheel that cannot be unpacked is refused by name, not with a traceback."""
    made = MiniSet.good()
    made.strangers["hawkapi-9-py3-none-any.whl"] = data

    with pytest.raises(CIError, match=r"hawkapi-9-py3-none-any\.whl is not a readable zip archive"):
        DistSet(made.write(tmp_path))


@pytest.mark.parametrize(
    "requirement",
    [
        "msgspec>=0.19",
        'msgspec; python_version < "3.14"',
        "msgspec; extra == 'a' or python_version < '3.14'",
        "msgspec; python_version < '3' or os_name == 'nt' and extra == 'msgspec'",
        "msgspec; extra == 'undeclared'",
        "msgspec; extra == 'msgspec' and os_name == 'nt'",
        "msgspec; os_name != 'extra == \"msgspec\"'",
        "msgspec; (os_name == 'nt' or extra == 'msgspec')",
        "msgspec @ https://localhost/a;b and extra == 'msgspec'",
    ],
)
def test_requirement_outside_extras_fails(tmp_path: Path, requirement: str) -> None:
    """A requirement that an installation without extras has to meet is named in every wheel."""
    made = MiniSet.good()
    text = METADATA.replace(b"\n\n# hawkapi", f"\nRequires-Dist: {requirement}\n\n# hawkapi".encode())
    made.source["PKG-INFO"] = text
    for wheel in made.wheels.values():
        wheel.files[f"{DIST_INFO}/METADATA"] = text

    found = failures(made.write(tmp_path))

    assert found.keys() == {("no requirements", kind) for kind in ("cp313", "cp313t", "universal")}
    assert f"requires {requirement}" in found["no requirements", "cp313"]


@pytest.mark.parametrize(
    "marker",
    [
        'extra == "msgspec"',
        "extra == 'msgspec'",
        'python_version < "3.14" and extra == "msgspec"',
        '(os_name == "nt" or os_name == "posix") and extra == "msgspec"',
    ],
)
def test_requirement_of_extra_passes(tmp_path: Path, marker: str) -> None:
    """What only an extra asks for may be restricted further."""
    made = MiniSet.good()
    metadata('extra == "msgspec"', marker)(made)

    assert failures(made.write(tmp_path)) == {}


PE = b"MZ" + bytes(58) + struct.pack("<I4sH16xH", 64, b"PE\0\0", 0x8664, 0x2000)
MACH_O = struct.pack("<IIII", 0xFEEDFACF, 0x0100000C, 0, 8)


@pytest.mark.parametrize(
    ("platform", "suffix", "data", "expected"),
    [
        ("win_amd64", "cp313-win_amd64.pyd", PE, set()),
        ("win_arm64", "cp313-win_arm64.pyd", PE, {("machine code", "cp313")}),
        ("macosx_11_0_arm64", "cpython-313-darwin.so", MACH_O, set()),
        ("macosx_10_13_x86_64", "cpython-313-darwin.so", MACH_O, {("machine code", "cp313")}),
        ("macosx_11_0_arm64", "cpython-313-darwin.so", ELF, {("machine code", "cp313")}),
        (f"musllinux_1_2_{MACHINE}", f"cpython-313-{MACHINE}-linux-musl.so", ELF, set()),
    ],
)
def test_machine_code_must_be_for_platform(
    tmp_path: Path, platform: str, suffix: str, data: bytes, expected: set[tuple[str, str]]
) -> None:
    """Each system has its own suffix and format, and each architecture its number in the header."""
    made = MiniSet.good()
    platforms(platform)(made)
    for stem in ("hawkapi__mypyc", "hawkapi/routing/_tree"):
        renamed(stem, suffix)(made)
        made.wheels["cp313"].files[f"{stem}.{suffix}"] = data

    assert failures(made.write(tmp_path)).keys() == expected


@pytest.mark.parametrize(("tag", "fails"), [(f"v{VERSION}", False), (VERSION, True), ("v9.9.9", True)])
def test_release_tag_must_name_version(tmp_path: Path, tag: str, *, fails: bool) -> None:
    """The tag is `v` and the version; any other is named."""
    found = failures(MiniSet.good().write(tmp_path), Settings(tag=tag))

    assert (("one version", "set") in found) is fails


def test_wheel_of_another_version_fails(tmp_path: Path) -> None:
    """A wheel whose file name has another version than the source archive is named."""
    made = MiniSet.good()
    made.wheels["universal"].filename = "hawkapi-9.9.9-py3-none-any.whl"

    assert "hawkapi-9.9.9-py3-none-any.whl" in failures(made.write(tmp_path))["one version", "set"]


def test_every_check_has_a_broken_wheel() -> None:
    """No check goes without a test that makes it fail."""
    tested = {parameters.values[0] for parameters in DEFECTS} | {"no requirements", "one version"} | WITH_PROGRAMS

    assert tested == {item.name for item in CHECKS}


@pytest.mark.parametrize("sdists", [(), ("hawkapi-1.2.3.tar.gz", "hawkapi-1.2.4.tar.gz")], ids=["none", "two"])
def test_directory_without_exactly_one_sdist_is_refused(tmp_path: Path, sdists: tuple[str, ...]) -> None:
    """Without one source archive nothing can be compared, and the message says what is there."""
    for name in sdists:
        (tmp_path / name).touch()

    with pytest.raises(CIError, match="exactly one source archive"):
        DistSet(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("hawkapi-1.2.3-py3-none-any.whl", "not a readable zip"), ("hawkapi.whl", "not a wheel's name")],
    ids=["damaged", "misnamed"],
)
def test_unreadable_wheel_is_refused(tmp_path: Path, name: str, message: str) -> None:
    """A file that is no wheel is refused by name, not with a traceback."""
    made = MiniSet.good()
    made.wheels.clear()
    made.strangers[name] = b"PK"

    with pytest.raises(CIError, match=message):
        DistSet(made.write(tmp_path))


def test_table_shows_checks_columns_and_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failure gives exit code 1, a FAIL under the wheel's heading, and one sentence that names the file."""
    made = MiniSet.good()
    made.wheels["cp313t"].files["hawkapi/blob"] = ELF

    assert check_and_print(made.write(tmp_path), SETTINGS) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["sdist", "cp313", "cp313t", "universal", "set"]
    (row,) = (line.split() for line in lines if line.startswith("native files"))
    assert row == ["native", "files", "-", "ok", "FAIL", "ok", "-"]
    (sentence,) = (line for line in lines if "hawkapi/blob is machine code" in line)
    assert sentence.strip().startswith(made.wheels["cp313t"].write(tmp_path).name)


def program(path: Path, body: str) -> Path:
    """Write a Python program that can be called by its path."""
    path.write_text(f"#!{sys.executable}\n{body}", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_what_twine_refuses_fails(tmp_path: Path) -> None:
    """Each file is shown to twine, and what it prints about a refused one is in the failure."""
    script = "import sys\nif 'none-any' in sys.argv[-1]: sys.exit('no summary')\n"
    twine = program(tmp_path / "twine", script)

    found = failures(MiniSet.good().write(tmp_path / "dist"), Settings(twine=twine))

    assert found.keys() == {("twine", "universal")}
    assert "no summary" in found["twine", "universal"]


@pytest.mark.skipif(sys.platform != "linux", reason="auditwheel is for Linux")
@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        (f"manylinux2014_{MACHINE}.manylinux_2_17_{MACHINE}", set()),
        (f"manylinux_2_17_{MACHINE}.manylinux2014_{MACHINE}", set()),
        (f"manylinux_2_36_{MACHINE}", {("auditwheel", "cp313")}),
    ],
    ids=["same", "same set", "another"],
)
def test_platforms_are_compared_with_auditwheels(tmp_path: Path, platform: str, expected: set[tuple[str, str]]) -> None:
    """The compiled wheel must have the platform tags, as a set, that auditwheel gives it."""
    script = (
        "import sys, pathlib, shutil\n"
        f"shutil.copy(sys.argv[-1], pathlib.Path(sys.argv[-2], 'hawkapi-{VERSION}-cp313-cp313-{platform}.whl'))\n"
    )
    auditwheel = program(tmp_path / "auditwheel", script)

    found = failures(MiniSet.good().write(tmp_path / "dist"), Settings(auditwheel=auditwheel))

    assert found.keys() == expected


@pytest.mark.skipif(tools.look_for("auditwheel") is None, reason="auditwheel is not installed here")
@needs_compiler
@pytest.mark.parametrize(
    ("platform", "accepted"),
    [
        (f"manylinux_2_28_{MACHINE}", True),
        (f"manylinux_2_34_{MACHINE}", True),
        (f"musllinux_1_2_{MACHINE}", True),
        (f"musllinux_1_1_{MACHINE}", False),
        (f"manylinux_2_99_{MACHINE}", False),
    ],
    ids=["of a container", "of a newer container", "musl", "old musl", "unknown"],
)
def test_auditwheel_accepts_tags_of_a_container(tmp_path: Path, platform: str, accepted: bool) -> None:
    """A container's one tag is right although the wheel would run on older systems too; an unknown one is not."""
    made = MiniSet.good()
    suffix = SUFFIX.replace("gnu", "musl") if platform.startswith("musl") else SUFFIX
    for stem in ("hawkapi__mypyc", "hawkapi/routing/_tree"):
        del made.wheels["cp313"].files[f"{stem}.{SUFFIX}"]
        data = compile_extension("_tree", tmp_path, needs_gil=False, freestanding=True)
        made.wheels["cp313"].files[f"{stem}.{suffix}"] = data
    for kind in ("cp313", "cp313t"):
        made.wheels[kind].platforms = (platform,)

    found = failures(made.write(tmp_path / "dist"), Settings(auditwheel=tools.look_for("auditwheel")))

    assert found.keys() == (set() if accepted else {("auditwheel", "cp313")})


def test_macos_and_windows_wheels_are_not_audited(tmp_path: Path) -> None:
    """auditwheel is not asked about wheels of other systems."""
    made = MiniSet.good()
    for kind in ("cp313", "cp313t"):
        made.wheels[kind].platforms = ("win_amd64",)

    rows = check(DistSet(made.write(tmp_path / "dist")), Settings(auditwheel=tmp_path / "none"))

    assert [row.problems for row in rows if row.name == "auditwheel"] == [{}]


def test_missing_directory_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    """The command says what is missing in one line on stderr, without a traceback."""
    twine = program(tmp_path / "twine", "")
    command: list[str | Path] = [
        sys.executable,
        CI / "check_wheels.py",
        tmp_path / "none",
        "--twine",
        twine,
        "--auditwheel",
        twine,
    ]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "is not a directory; build the wheels first" in done.stderr

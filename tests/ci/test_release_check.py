"""The rehearsal of a release fails where the release would."""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

import expected_set
import pytest
import release_check
import source_tree
from check_table import conclude
from console import CIError
from cpython import Build, Interpreter
from dist_set import DistSet
from installed import intended_wheel
from project import PROJECT
from release_check import COLUMN, Rehearsal
from release_files import EPOCH, LOCAL_WHEELS, PYPROJECT, VERSION, make_release, make_sdist

IDENTIFIERS = ["cp313-manylinux_x86_64", "cp313t-manylinux_x86_64"]
EXPECTED = expected_set.expected_files(VERSION, IDENTIFIERS)


def accept() -> str:
    """Find nothing wrong."""
    return "fine"


def refuse(reason: str) -> str:
    """Find something wrong."""
    raise CIError(reason)


def test_rehearsal_goes_on_after_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """Each check has a line; a failure keeps no other check from running and is told in full at the end."""
    rehearsal = Rehearsal()
    rehearsal.check("first", "A is b.", refuse, "a is not b\n    see c")
    rehearsal.check("second one", "C is d.", accept)

    assert conclude(rehearsal.rows, {COLUMN: COLUMN}, "rehearsal") == 1

    assert capsys.readouterr().out.splitlines() == [
        "            here",
        "first       FAIL",
        "second one  ok    fine",
        "",
        "",
        "FAIL first. A is b.",
        "  here: a is not b",
        "    see c",
        "",
        "rehearsal: 2 checks, 1 failed (first)",
    ]


def test_stand_ins_are_a_whole_set(tmp_path: Path) -> None:
    """The local files under every expected name pass the check of the whole set."""
    dists = DistSet(make_release(tmp_path / "wheelhouse"))
    release_check.make_stand_ins(dists, EXPECTED, tmp_path / "whole")
    assert expected_set.check_set(tmp_path / "whole", EXPECTED) == "4 files, none missing, none extra"


def test_broken_sets_are_each_refused(tmp_path: Path) -> None:
    """A missing cp313t wheel, a cp314t wheel and an unknown file are refused, and the whole set stays whole."""
    dists = DistSet(make_release(tmp_path / "wheelhouse"))
    release_check.make_stand_ins(dists, EXPECTED, tmp_path / "whole")
    assert "stop it" in release_check.check_set_stops(tmp_path / "whole", EXPECTED, tmp_path)
    assert expected_set.check_set(tmp_path / "whole", EXPECTED)


def test_broken_set_that_is_accepted_is_noticed(tmp_path: Path) -> None:
    """If an extra file were expected, nothing would stop it, and that is what the check reports."""
    dists = DistSet(make_release(tmp_path / "wheelhouse"))
    generous = [*EXPECTED, *expected_set.expected_files(VERSION, ["cp314t-manylinux_x86_64"])[:1]]
    release_check.make_stand_ins(dists, generous, tmp_path / "whole")
    with pytest.raises(CIError, match=r"cp314t.* changed was accepted"):
        release_check.check_set_stops(tmp_path / "whole", EXPECTED, tmp_path)


def test_local_files_that_no_release_expects_are_named(tmp_path: Path) -> None:
    """A file of another name in the wheelhouse is named; files of other platforms are not asked for."""
    wheelhouse = make_release(tmp_path / "wheelhouse")
    assert release_check.check_local_files(DistSet(wheelhouse), EXPECTED) == "4 real files, all of them expected"
    shutil.copyfile(wheelhouse / LOCAL_WHEELS[1], wheelhouse / LOCAL_WHEELS[1].replace("cp313t", "cp314t"))
    with pytest.raises(CIError, match="cp314t"):
        release_check.check_local_files(DistSet(wheelhouse), EXPECTED)


@pytest.mark.parametrize(
    ("label", "intended"),
    [("3.13", LOCAL_WHEELS[0]), ("3.13t", LOCAL_WHEELS[1]), ("3.14t", LOCAL_WHEELS[2]), ("3.12", LOCAL_WHEELS[2])],
    ids=["3.13", "3.13t", "3.14t", "3.12"],
)
def test_intended_wheel_is_the_interpreters_own_or_the_universal_one(label: str, intended: str) -> None:
    """An interpreter takes its own wheel; one that has none takes py3-none-any."""
    assert intended_wheel(Build.parse(label), LOCAL_WHEELS) == intended


def test_intended_wheel_without_a_universal_one_says_so() -> None:
    """An interpreter that would find nothing is a failure."""
    with pytest.raises(CIError, match=r"no wheel is meant for 3\.14t"):
        intended_wheel(Build.parse("3.14t"), LOCAL_WHEELS[:2])


def test_interpreter_is_parsed_from_the_command_line() -> None:
    """A label and a path; the label says whether it is free-threaded."""
    assert Interpreter.parse("3.13t=/opt/python") == Interpreter(Build("3.13", free_threaded=True), Path("/opt/python"))
    assert [Interpreter.parse(f"{label}=p").build.free_threaded for label in ("3.13", "3.13t")] == [False, True]


@pytest.mark.parametrize(
    "text", ["/opt/python", "3.13t=", "cp313=/opt/python", "=/opt/python"], ids=["no label", "no path", "tag", "empty"]
)
def test_interpreter_in_another_form_is_refused(text: str) -> None:
    """Anything but LABEL=PATH is refused with an example."""
    with pytest.raises(argparse.ArgumentTypeError, match=r"for example 3\.13t="):
        Interpreter.parse(text)


def test_scripts_that_cibuildwheel_calls_exist() -> None:
    """What pyproject.toml tells cibuildwheel to run is in ci/."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    scripts = set(re.findall(r"\{project\}/(ci/\w+\.py)", text))
    assert "ci/repair_wheel.py" in scripts
    assert [name for name in sorted(scripts) if not (PROJECT / name).is_file()] == []


def test_unpack_keeps_the_times_of_the_sdist(tmp_path: Path) -> None:
    """A wheel built from the unpacked sdist can carry the sdist's time."""
    source = source_tree.unpack(make_sdist(tmp_path), tmp_path / "build")
    assert {path.name: int(path.stat().st_mtime) for path in source.iterdir()} == {
        "PKG-INFO": EPOCH,
        "pyproject.toml": EPOCH,
    }
    assert (source / "pyproject.toml").read_bytes() == PYPROJECT


def test_unpack_refuses_a_file_outside_the_sdist(tmp_path: Path) -> None:
    """An archive that would write elsewhere is not unpacked."""
    with pytest.raises(CIError, match="unpacked somewhere else"):
        source_tree.unpack(make_sdist(tmp_path, {"../../evil": b""}), tmp_path / "build")
    assert not (tmp_path / "build").exists()

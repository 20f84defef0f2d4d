"""A release is all of its files or nothing."""

from __future__ import annotations

from pathlib import Path

import expected_set
import pytest
import tools
from console import CIError
from project import PROJECT

IDENTIFIERS = [
    f"{python}-{platform}" for python in sorted(expected_set.INTERPRETERS) for platform in expected_set.RUNNERS
]
EXPECTED = expected_set.expected_files("1.2.3", IDENTIFIERS)
NAMES = [file.example for file in EXPECTED]


def test_expected_files_are_one_per_identifier_and_two_more() -> None:
    """32 identifiers, the universal wheel and the sdist make 34 files."""
    assert len(EXPECTED) == len({file.example for file in EXPECTED}) == 34
    assert NAMES[-2:] == ["hawkapi-1.2.3-py3-none-any.whl", "hawkapi-1.2.3.tar.gz"]


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("cp313-manylinux_x86_64", "hawkapi-1.2.3-cp313-cp313-manylinux_2_28_x86_64.whl"),
        ("cp313-manylinux_x86_64", "hawkapi-1.2.3-cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"),
        ("cp313t-musllinux_aarch64", "hawkapi-1.2.3-cp313-cp313t-musllinux_1_2_aarch64.whl"),
        ("cp314-macosx_arm64", "hawkapi-1.2.3-cp314-cp314-macosx_11_0_arm64.whl"),
        ("cp312-win_arm64", "hawkapi-1.2.3-cp312-cp312-win_arm64.whl"),
    ],
    ids=["manylinux", "two tags", "cp313t", "macOS", "Windows"],
)
def test_expected_file_matches_the_name_a_build_gives(identifier: str, name: str) -> None:
    """The platform's version is left to the build; several platform tags are one file."""
    (file, *_) = expected_set.expected_files("1.2.3", [identifier])
    assert file.pattern.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        "hawkapi-1.2.3-cp313-cp313t-manylinux_2_28_x86_64.whl",
        "hawkapi-1.2.3-cp313t-cp313t-manylinux_2_28_x86_64.whl",
        "hawkapi-1.2.3-cp313-cp313-linux_x86_64.whl",
        "hawkapi-1.2.3-cp313-cp313-musllinux_1_2_x86_64.whl",
        "hawkapi-1.2.3-cp313-cp313-manylinux_2_28_aarch64.whl",
        "hawkapi-1.2.3-cp313-cp313-manylinux_2_28_x86_64.manylinux_2_28_aarch64.whl",
        "hawkapi-1x2.3-cp313-cp313-manylinux_2_28_x86_64.whl",
        "hawkapi-1.2.3-1-cp313-cp313-manylinux_2_28_x86_64.whl",
    ],
    ids=["t", "tt", "not repaired", "other libc", "other machine", "second machine", "dot is a dot", "build number"],
)
def test_expected_file_matches_no_other_name(name: str) -> None:
    """Another interpreter, platform, machine or version is another file."""
    (file, *_) = expected_set.expected_files("1.2.3", ["cp313-manylinux_x86_64"])
    assert not file.pattern.fullmatch(name)


def test_expected_files_of_an_unknown_platform_say_what_to_do() -> None:
    """A platform that nobody described is not guessed."""
    with pytest.raises(CIError, match="teach PLATFORM_TAGS"):
        expected_set.expected_files("1.2.3", ["cp313-pyodide_wasm32"])


def test_set_problems_of_a_whole_set_is_empty() -> None:
    """The whole set has no problem, in any order."""
    assert expected_set.set_problems(reversed(NAMES), EXPECTED) == []


CP313T = "hawkapi-1.2.3-cp313-cp313t-manylinux_2_28_x86_64.whl"
CP314T = "hawkapi-1.2.3-cp314-cp314t-manylinux_2_28_x86_64.whl"
SECOND = "hawkapi-1.2.3-cp313-cp313t-manylinux_2_17_x86_64.whl"
UNREPAIRED = "hawkapi-1.2.3-cp313-cp313-linux_x86_64.whl"


@pytest.mark.parametrize(
    ("names", "problems"),
    [
        ([name for name in NAMES if name != CP313T], [f"missing: {CP313T} (cp313t-manylinux_x86_64)"]),
        (NAMES[:-1], ["missing: hawkapi-1.2.3.tar.gz (sdist)"]),
        ([*NAMES, "notes.txt"], ["extra: notes.txt"]),
        (
            [*NAMES, CP314T],
            [f"extra: {CP314T} (3.14t is meant to take py3-none-any until mypyc is measured there)"],
        ),
        ([*NAMES, UNREPAIRED], [f"extra: {UNREPAIRED} (not repaired: the index refuses linux_* tags)"]),
        ([*NAMES, SECOND], [f"2 files for cp313t-manylinux_x86_64: {SECOND}, {CP313T}"]),
        ([*NAMES, "hawkapi-1.2.2.tar.gz"], ["extra: hawkapi-1.2.2.tar.gz"]),
    ],
    ids=["missing wheel", "missing sdist", "stranger", "cp314t", "not repaired", "doubled", "other version"],
)
def test_set_problems_names_what_is_wrong(names: list[str], problems: list[str]) -> None:
    """One file too few or too many gives one sentence with its name."""
    assert expected_set.set_problems(names, EXPECTED) == problems


def test_check_set_stops_at_a_missing_file(tmp_path: Path) -> None:
    """A directory passes when it is whole, and not any more when a file goes."""
    for name in NAMES:
        (tmp_path / name).touch()
    assert expected_set.check_set(tmp_path, EXPECTED) == "34 files, none missing, none extra"
    (tmp_path / CP313T).unlink()
    with pytest.raises(CIError, match=r"publish nothing:\n +missing: .*cp313t"):
        expected_set.check_set(tmp_path, EXPECTED)


@pytest.mark.parametrize(
    ("identifiers", "problem"),
    [
        ([name for name in IDENTIFIERS if name != "cp313t-win_arm64"], "win_arm64: cp313t missing"),
        ([*IDENTIFIERS, "cp314t-win_arm64"], "win_arm64: cp314t is not meant to be released"),
        ([*IDENTIFIERS, "cp313-manylinux_i686"], "manylinux_i686: no runner is known"),
        (
            [name for name in IDENTIFIERS if "macosx" not in name],
            "macosx_x86_64, macosx_arm64: cp312, cp313, cp313t, cp314 missing",
        ),
    ],
    ids=["cp313t dropped", "cp314t added", "new machine", "platform dropped"],
)
def test_identifier_problems_names_a_changed_selection(identifiers: list[str], problem: str) -> None:
    """A change of the configuration that changes the release is noticed before anything is built."""
    (found,) = expected_set.identifier_problems(identifiers)
    assert found.startswith(problem)


def test_identifier_problems_of_the_released_selection_is_empty() -> None:
    """Every platform with the four interpreters is what is released."""
    assert expected_set.identifier_problems(IDENTIFIERS) == []


def test_build_matrix_gives_each_wheel_its_machine() -> None:
    """A job is a wheel and the runner it is built and tested on."""
    assert expected_set.build_matrix(["cp313t-musllinux_aarch64", "cp314-win_amd64"]) == {
        "include": [
            {"wheel": "cp313t-musllinux_aarch64", "runner": "ubuntu-24.04-arm"},
            {"wheel": "cp314-win_amd64", "runner": "windows-2025"},
        ]
    }


@pytest.mark.skipif(tools.look_for("cibuildwheel") is None, reason="cibuildwheel is not installed here")
def test_released_identifiers_of_this_checkout_are_the_matrix() -> None:
    """cibuildwheel selects cp313 and cp313t on every platform, and no cp314t."""
    assert sorted(expected_set.released_identifiers(PROJECT)) == sorted(IDENTIFIERS)

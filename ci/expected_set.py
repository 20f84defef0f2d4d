"""The files a release consists of, all or nothing.

cibuildwheel prints one identifier per wheel (`cp313t-musllinux_aarch64`); each stands for one file name up to the
platform's version, which only the build knows. With the universal wheel and the sdist that is the whole release.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tools
from console import CIError, exit_with, run
from project import PACKAGE, PROJECT, project_version

SYSTEMS: Final = ("linux", "macos", "windows")
INTERPRETERS: Final = frozenset({"cp312", "cp313", "cp313t", "cp314"})
IDENTIFIER: Final = re.compile(r"(?P<python>cp\d+)(?P<threads>t?)-(?P<family>[a-z]+)_(?P<machine>\w+)")

PLATFORM_TAGS: Final[Mapping[str, str]] = {
    "manylinux": r"manylinux(?:_\d+_\d+|\d+)_{machine}",
    "musllinux": r"musllinux_\d+_\d+_{machine}",
    "macosx": r"macosx_\d+_\d+_{machine}",
    "win": r"win_{machine}",
}
EXAMPLE_VERSIONS: Final[Mapping[str, str]] = {"manylinux": "_2_28", "musllinux": "_1_2", "macosx": "_11_0", "win": ""}

# Each wheel is built and tested on the machine it is for: nothing is emulated or cross-compiled.
RUNNERS: Final[Mapping[str, str]] = {
    "manylinux_x86_64": "ubuntu-24.04",
    "manylinux_aarch64": "ubuntu-24.04-arm",
    "musllinux_x86_64": "ubuntu-24.04",
    "musllinux_aarch64": "ubuntu-24.04-arm",
    "macosx_x86_64": "macos-15-intel",
    "macosx_arm64": "macos-15",
    "win_amd64": "windows-2025",
    "win_arm64": "windows-11-arm",
}


@dataclass(frozen=True)
class ExpectedFile:
    """One file of a release."""

    origin: str
    """The identifier of cibuildwheel, `universal` or `sdist`."""
    pattern: re.Pattern[str]
    """Matches the whole file name."""
    example: str
    """A file name that matches."""


def list_identifiers(project: Path) -> list[str]:
    """Ask cibuildwheel for the identifiers of every system and architecture.

    Raises:
        CIError: it fails or selects nothing for a system.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CIBW_")}
    cibuildwheel = tools.find("cibuildwheel")
    identifiers: list[str] = []
    for system in SYSTEMS:
        command: list[str | Path] = [
            cibuildwheel,
            "--print-build-identifiers",
            "--archs",
            "all",
            "--platform",
            system,
            project,
        ]
        lines = run(command, env=environment).stdout.split()
        selected = [line for line in lines if IDENTIFIER.fullmatch(line)]
        if not selected:
            raise CIError(f"cibuildwheel selects nothing for {system}; look at [tool.cibuildwheel] in pyproject.toml")
        identifiers += selected
    return identifiers


def identifier_problems(identifiers: Iterable[str]) -> list[str]:
    """Check that every platform gets the same released interpreters; return one sentence per difference."""
    by_platform: dict[str, set[str]] = {platform: set() for platform in RUNNERS}
    for identifier in identifiers:
        python, _, platform = identifier.partition("-")
        by_platform.setdefault(platform, set()).add(python)
    platforms: dict[str, list[str]] = {}
    for platform, pythons in by_platform.items():
        for problem in _selection_problems(platform, pythons):
            platforms.setdefault(problem, []).append(platform)
    return [f"{', '.join(names)}: {problem}" for problem, names in platforms.items()]


def _selection_problems(platform: str, pythons: Set[str]) -> Iterator[str]:
    if platform not in RUNNERS:
        yield "no runner is known; add one to RUNNERS, or leave it out of [tool.cibuildwheel]"
        return
    if missing := INTERPRETERS - pythons:
        yield f"{', '.join(sorted(missing))} missing; look at build and enable in [tool.cibuildwheel]"
    if extra := pythons - INTERPRETERS:
        yield f"{', '.join(sorted(extra))} is not meant to be released; look at build in [tool.cibuildwheel]"


def expected_files(version: str, identifiers: Iterable[str]) -> list[ExpectedFile]:
    """List the files of a release of `version`: one wheel per identifier, the universal wheel, the sdist."""
    stem = f"{PACKAGE}-{version}"
    files = [_expected_wheel(stem, identifier) for identifier in identifiers]
    for origin, name in (("universal", f"{stem}-py3-none-any.whl"), ("sdist", f"{stem}.tar.gz")):
        files.append(ExpectedFile(origin, re.compile(re.escape(name)), name))
    return files


def _expected_wheel(stem: str, identifier: str) -> ExpectedFile:
    found = IDENTIFIER.fullmatch(identifier)
    if found is None or found["family"] not in PLATFORM_TAGS:
        raise CIError(f"identifier {identifier!r} is unknown; teach PLATFORM_TAGS its platform")
    start = f"{stem}-{found['python']}-{found['python']}{found['threads']}-"
    family, machine = found["family"], found["machine"]
    tag = PLATFORM_TAGS[family].replace("{machine}", machine)
    pattern = re.compile(rf"{re.escape(start)}{tag}(?:\.{tag})*\.whl")
    return ExpectedFile(identifier, pattern, f"{start}{family}{EXAMPLE_VERSIONS[family]}_{machine}.whl")


def set_problems(names: Iterable[str], expected: Sequence[ExpectedFile]) -> list[str]:
    """Compare file names with a release; return one sentence per missing, doubled or extra file."""
    present = sorted(names)
    problems = []
    for file in expected:
        found = [name for name in present if file.pattern.fullmatch(name)]
        if not found:
            problems.append(f"missing: {file.example} ({file.origin})")
        if len(found) > 1:
            problems.append(f"{len(found)} files for {file.origin}: {', '.join(found)}")
    strangers = [name for name in present if not any(file.pattern.fullmatch(name) for file in expected)]
    return problems + [f"extra: {name}{_reason(name)}" for name in strangers]


def _reason(name: str) -> str:
    if "-cp314t-" in name:
        return " (3.14t is meant to take py3-none-any until mypyc is measured there)"
    if "-linux_" in name:
        return " (not repaired: the index refuses linux_* tags)"
    return ""


def check_set(directory: Path, expected: Sequence[ExpectedFile]) -> str:
    """Check that a directory holds one release and nothing else.

    Returns:
        How many files there are, in a few words.

    Raises:
        CIError: a file is missing, doubled or extra; the message names each.
    """
    problems = set_problems((path.name for path in directory.iterdir()), expected)
    if problems:
        raise CIError(
            f"{directory} is not a whole release, publish nothing:\n" + "\n".join(f"    {p}" for p in problems)
        )
    return f"{len(expected)} files, none missing, none extra"


def released_identifiers(project: Path) -> list[str]:
    """List the identifiers and make sure that they are the ones meant to be released.

    Raises:
        CIError: cibuildwheel fails, or its selection is not what `identifier_problems` wants.
    """
    identifiers = list_identifiers(project)
    if problems := identifier_problems(identifiers):
        raise CIError("; ".join(problems))
    return identifiers


def build_matrix(identifiers: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """Make the matrix of a GitHub workflow: one job per wheel, on the machine it is for."""
    return {"include": [{"wheel": name, "runner": RUNNERS[name.partition("-")[2]]} for name in identifiers]}


def _print_matrix(options: argparse.Namespace) -> None:
    text = json.dumps(build_matrix(released_identifiers(options.project)))
    print(text)
    if options.github_output is not None:
        with options.github_output.open("a", encoding="utf-8") as output:
            output.write(f"matrix={text}\n")


def _check(options: argparse.Namespace) -> None:
    identifiers = released_identifiers(options.project)
    expected = expected_files(project_version(options.project), identifiers)
    print(check_set(options.directory, expected))


def main() -> int:
    """Do what the command line names: `matrix` or `check`."""
    parser = argparse.ArgumentParser(description="Print the matrix of wheels, or check a directory against it.")
    parser.add_argument("--project", type=Path, default=PROJECT, help="checkout to read (default: this one)")
    commands = parser.add_subparsers(required=True)
    matrix = commands.add_parser("matrix", help="print the matrix of a GitHub workflow as JSON")
    matrix.add_argument("--github-output", type=Path, help="file to append matrix=... to")
    matrix.set_defaults(command=_print_matrix)
    check = commands.add_parser("check", help="check that a directory holds exactly one release")
    check.add_argument("directory", type=Path)
    check.set_defaults(command=_check)
    options = parser.parse_args()
    options.command(options)
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

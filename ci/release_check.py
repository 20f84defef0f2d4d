"""Rehearse a release without the network: everything but containers, other systems and signing.

The files of other platforms cannot be built here. Where the whole set is needed, the locally built wheels stand in
for them under the other names; the table says so. What is uploaded and installed is what was really built.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, ParamSpec

import changelog
import expected_set
import sbom
from check_table import Row, conclude
from console import CIError, exit_with, run, step
from cpython import Build, Interpreter, add_python_option
from dist_set import DistSet
from environments import python_in
from expected_set import ExpectedFile
from installed import check_choice, install_by_name
from local_index import check_refusal, local_index, upload
from project import PROJECT

INSTALLERS: Final = ("pip", "uv")
CHOICES: Final = ("3.12", "3.13", "3.13t", "3.14", "3.14t")
CHOICE_PLATFORM: Final = "manylinux_2_28_x86_64"

COLUMN: Final = "here"
P = ParamSpec("P")


class Rehearsal:
    """The checks, run one after another; a failure does not keep the others from running."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def check(self, name: str, sentence: str, function: Callable[P, str], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run one check: it returns what it found, or raises `CIError`; `sentence` is what it claims."""
        try:
            with step(name):
                self.rows.append(Row(name, sentence, {COLUMN: ()}, function(*args, **kwargs)))
        except CIError as exc:
            self.rows.append(Row(name, sentence, {COLUMN: (str(exc),)}))


def make_stand_ins(dists: DistSet, expected: Iterable[ExpectedFile], directory: Path) -> None:
    """Make a directory that looks like the whole release: local files under the names of all platforms.

    Raises:
        CIError: there is no local wheel to stand in.
    """
    directory.mkdir()
    if not dists.wheels:
        raise CIError(f"{dists.directory} holds no wheel; run: nox -s wheels")
    any_wheel = next(iter(dists.wheels.values())).path
    for file in expected:
        shutil.copyfile(dists.sdist.path if file.origin == "sdist" else any_wheel, directory / file.example)


def check_local_files(dists: DistSet, expected: Sequence[ExpectedFile]) -> str:
    """Check that what was built here would be part of the release."""
    names = [dists.sdist.path.name, *dists.wheels, *dists.strangers]
    extra = [text for text in expected_set.set_problems(names, expected) if not text.startswith("missing")]
    if extra:
        raise CIError("; ".join(extra))
    return f"{len(names)} real files, all of them expected"


def check_set_stops(whole: Path, expected: Sequence[ExpectedFile], scratch: Path) -> str:
    """Break the whole set in three ways and check that each is refused by name.

    Raises:
        CIError: a broken set was accepted, or the refusal does not name the file.
    """
    victim = next(file.example for file in expected if file.origin.startswith("cp313t-"))
    foreign = victim.replace("cp313-cp313t", "cp314-cp314t")
    for case, names in (("missing", (victim,)), ("extra", (foreign,)), ("unknown", ("notes.txt",))):
        broken = scratch / case
        shutil.copytree(whole, broken)
        for name in names:
            _toggle(broken / name)
        _expect_refusal(broken, expected, names)
    return "a missing cp313t, a cp314t and an unknown file each stop it"


def _toggle(path: Path) -> None:
    if path.exists():
        path.unlink()
    else:
        path.touch()


def _expect_refusal(broken: Path, expected: Sequence[ExpectedFile], names: Iterable[str]) -> None:
    try:
        expected_set.check_set(broken, expected)
    except CIError as exc:
        if all(name in str(exc) for name in names):
            return
        raise CIError(f"the set with {', '.join(names)} changed was refused for another reason: {exc}") from exc
    raise CIError(f"the set with {', '.join(names)} changed was accepted")


def check_sbom(dists: DistSet, scratch: Path) -> str:
    """Write the bill of materials, validate it, and check that a broken one is refused.

    Raises:
        CIError: it is not valid, or the validator accepts a broken one.
    """
    good, bad = scratch / "sbom.json", scratch / "broken.json"
    document = sbom.build_sbom(dists)
    good.write_text(json.dumps(document), encoding="utf-8")
    found = sbom.check_schema(good)
    document["metadata"]["component"]["type"] = "framwork"
    bad.write_text(json.dumps(document), encoding="utf-8")
    try:
        sbom.check_schema(bad)
    except CIError as exc:
        if "framwork" not in str(exc):
            raise
        return found
    raise CIError("the validator accepts an SBOM with an impossible component type; look at check-jsonschema")


def rehearse_set(rehearsal: Rehearsal, dists: DistSet, project: Path, scratch: Path) -> None:
    """Rehearse the decision whether all files are there, on the real identifiers and on stand-ins."""
    identifiers: list[str] = []

    def ask() -> str:
        identifiers.extend(expected_set.released_identifiers(project))
        return f"{len(identifiers)} wheels: {', '.join(sorted(expected_set.INTERPRETERS))}; no cp314t"

    rehearsal.check("matrix of cibuildwheel", "It selects the released interpreters.", ask)
    if not identifiers:
        return
    expected = expected_set.expected_files(dists.sdist.version, identifiers)
    whole = scratch / "whole"
    make_stand_ins(dists, expected, whole)
    rehearsal.check("local files", "What was built here is part of a release.", check_local_files, dists, expected)
    rehearsal.check("whole set (stand-ins)", "A whole set is accepted.", expected_set.check_set, whole, expected)
    rehearsal.check("broken sets (stand-ins)", "A broken set is refused.", check_set_stops, whole, expected, scratch)
    rehearse_choices(rehearsal, whole, dists.sdist.version, scratch)


def rehearse_choices(rehearsal: Rehearsal, whole: Path, version: str, scratch: Path) -> None:
    """Ask pip what each supported interpreter takes from the whole set, 3.14t above all."""
    python = python_in(scratch / "pip")
    run([sys.executable, "-m", "venv", scratch / "pip"])
    for label in CHOICES:
        name = f"pip's choice on {label} (stand-ins)"
        rehearsal.check(
            name,
            "It takes the intended wheel.",
            check_choice,
            python,
            Build.parse(label),
            whole,
            version,
            CHOICE_PLATFORM,
            scratch,
        )


def rehearse_index(rehearsal: Rehearsal, dists: DistSet, interpreters: Sequence[Interpreter], scratch: Path) -> None:
    """Upload the real files to a loopback index, install them by name, and try to replace them."""
    files = [dists.sdist.path, *(wheel.path for wheel in dists.wheels.values())]
    version, names = dists.sdist.version, list(dists.wheels)
    with local_index(scratch / "index") as url:
        rehearsal.check("upload with twine", "The index takes every file.", upload, url, files)
        for interpreter in interpreters:
            for installer in INSTALLERS:
                name = f"install by name: {installer}, {interpreter.build.label}"
                rehearsal.check(
                    name,
                    "The intended wheel comes and imports.",
                    install_by_name,
                    installer,
                    interpreter,
                    url,
                    version,
                    names,
                    scratch,
                )
        rehearsal.check(
            "second upload", "No file name is taken twice.", check_refusal, files, lambda file: upload(url, [file])
        )


def main() -> int:
    """Rehearse the release of the files that the command line names."""
    parser = argparse.ArgumentParser(description="Rehearse a release on this machine, without the network.")
    parser.add_argument("wheelhouse", type=Path, help="what nox -s wheels has built")
    add_python_option(parser, required=True)
    parser.add_argument("--project", type=Path, default=PROJECT, help="checkout to read (default: this one)")
    options = parser.parse_args()
    dists = DistSet(options.wheelhouse)
    rehearsal = Rehearsal()
    with tempfile.TemporaryDirectory(prefix="hawkapi-release-") as directory:
        scratch = Path(directory)
        rehearse_set(rehearsal, dists, options.project, scratch)
        rehearsal.check(
            "tag = version = changelog", "All three name one version.", changelog.check_versions, None, options.project
        )
        rehearsal.check("SBOM", "It is valid, and a broken one is refused.", check_sbom, dists, scratch)
        rehearse_index(rehearsal, dists, options.interpreters, scratch)
    return conclude(rehearsal.rows, {COLUMN: "this machine"}, "release rehearsal")


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

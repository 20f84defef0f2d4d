"""Check, without installing anything, every claim that the files of a build make by name and by metadata.

Prints a table with a row per check and a column per file, then each failure as one sentence. Exits with 1 on any.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import metadata_claims
import native_claims
import set_claims
import tools
import wheel_claims
from check_table import Row, conclude
from console import CIError, exit_with
from dist_set import DistSet
from sdist import epoch_from_environment
from set_claims import ONE_MACHINE, Context, Settings
from wheel_file import WheelFile

SET_COLUMN: Final = "set"
SDIST_COLUMN: Final = "sdist"


@dataclass(frozen=True)
class WheelCheck:
    """A claim about each wheel that it applies to."""

    name: str
    sentence: str
    function: Callable[[WheelFile, Context], Iterable[str]]
    applies: Callable[[WheelFile, Context], bool] = lambda _wheel, _context: True


@dataclass(frozen=True)
class SetCheck:
    """A claim about the files together, or about the source archive, as `column` says."""

    name: str
    sentence: str
    function: Callable[[Context], Iterable[str]]
    column: str = SET_COLUMN
    applies: Callable[[Context], bool] = lambda _context: True


def is_compiled(wheel: WheelFile, _context: Context) -> bool:
    """Say whether the name promises machine code: one interpreter's ABI, with the GIL."""
    return re.fullmatch(r"cp\d+", wheel.name.kind) is not None


def is_pure(wheel: WheelFile, context: Context) -> bool:
    """Say whether the name promises that there is no machine code."""
    return not is_compiled(wheel, context)


def is_auditable(wheel: WheelFile, context: Context) -> bool:
    """Say whether auditwheel is at hand and can judge the wheel on this machine."""
    return (
        is_compiled(wheel, context)
        and wheel_claims.is_for_this_machine(wheel)
        and context.settings.auditwheel is not None
    )


def has_epoch(context: Context) -> bool:
    """Say whether the time that the files must carry is known."""
    return context.settings.epoch is not None


def has_twine(context: Context) -> bool:
    """Say whether twine is at hand."""
    return context.settings.twine is not None


CHECKS: Final[tuple[WheelCheck | SetCheck, ...]] = (
    SetCheck(
        "complete", "Each kind of wheel is there once per platform, and nothing else is.", set_claims.set_is_complete
    ),
    SetCheck("one version", "All files and the tag name one version.", set_claims.files_share_version),
    SetCheck(
        "same platforms",
        "cp313 and cp313t are for the same platforms.",
        set_claims.pure_wheels_cover_compiled_platforms,
    ),
    WheelCheck("tags", "The file name's tags are the WHEEL file's.", wheel_claims.tags_agree),
    WheelCheck("interpreter", "The Python and ABI tags belong together.", wheel_claims.interpreter_is_valid),
    WheelCheck(
        "platforms", "The platform tags name one system and may be published.", wheel_claims.platforms_are_publishable
    ),
    WheelCheck(
        "auditwheel",
        "The platform tags are those that auditwheel computes.",
        wheel_claims.platforms_are_what_auditwheel_computes,
        is_auditable,
    ),
    WheelCheck("WHEEL file", "The WHEEL file fits the kind and repeats nothing.", wheel_claims.header_is_plain),
    WheelCheck("metadata", "METADATA is the source archive's PKG-INFO.", metadata_claims.metadata_is_the_sdists),
    WheelCheck(
        "project", "METADATA has pyproject.toml's name, version and Pythons.", metadata_claims.metadata_is_the_projects
    ),
    SetCheck("version", "__version__ has the file name's version.", set_claims.sdist_has_version, SDIST_COLUMN),
    WheelCheck("no requirements", "Nothing is required outside an extra.", metadata_claims.nothing_is_required),
    WheelCheck("shims", "Each listed module has one extension.", native_claims.modules_have_shims, is_compiled),
    WheelCheck("library", "mypyc's shared library is there once.", native_claims.shared_library_is_there, is_compiled),
    WheelCheck("native files", "No other machine code is there.", native_claims.native_files_are_expected, is_compiled),
    WheelCheck("native files", "A pure wheel has no machine code.", native_claims.pure_has_no_native_file, is_pure),
    WheelCheck("machine code", "Machine code is for the platform.", native_claims.code_is_for_platform, is_compiled),
    WheelCheck("top level", "Only the package and its dist-info are at the root.", wheel_claims.top_level_is_clean),
    WheelCheck("file list", "The files are those of the source archive.", wheel_claims.files_are_the_sdists),
    WheelCheck("contents", "The files' bytes are the source archive's.", wheel_claims.contents_are_the_sdists),
    WheelCheck("names", "Commands and importable names are the project's.", wheel_claims.installed_names_are_right),
    SetCheck("file list", "The archive holds what a build reads.", set_claims.sdist_has_only_sources, SDIST_COLUMN),
    WheelCheck("leftovers", "No build product or byte code is there.", wheel_claims.nothing_is_left_over),
    SetCheck("leftovers", "No build product or byte code is there.", set_claims.sdist_has_no_leftovers, SDIST_COLUMN),
    WheelCheck("compiled list", "_compiled.json is pyproject.toml's list.", wheel_claims.compiled_list_is_pyprojects),
    WheelCheck("archive", "The zip archive holds plain files alone.", wheel_claims.archive_is_plain),
    WheelCheck("RECORD", "RECORD lists every file once with its hash and size.", wheel_claims.record_is_right),
    WheelCheck("times, modes", "Members have the build's time and plain modes.", wheel_claims.members_are_normal),
    SetCheck(
        "times, modes", "Members are sorted, dated and nobody's.", set_claims.sdist_is_normal, SDIST_COLUMN, has_epoch
    ),
    WheelCheck(
        "machine paths", "Machine code names no directory of the builder.", native_claims.machine_is_not_mentioned
    ),
    WheelCheck(
        "twine",
        "`twine check --strict` passes.",
        wheel_claims.twine_accepts_wheel,
        lambda _wheel, context: has_twine(context),
    ),
    SetCheck("twine", "`twine check --strict` passes.", set_claims.twine_accepts_sdist, SDIST_COLUMN, has_twine),
)


def check(dists: DistSet, settings: Settings) -> list[Row]:
    """Run every check that applies; checks of one name share a row."""
    context = Context(dists, settings)
    rows: dict[str, dict[str, tuple[str, ...]]] = {}
    sentences: dict[str, str] = {}
    for item in CHECKS:
        cells = rows.setdefault(item.name, {})
        sentences.setdefault(item.name, item.sentence)
        if isinstance(item, SetCheck):
            if item.applies(context):
                cells[item.column] = _sentences(item.function, context)
        else:
            cells |= _problems_by_column(item, context)
    return [Row(name, sentences[name], cells) for name, cells in rows.items()]


def _problems_by_column(item: WheelCheck, context: Context) -> dict[str, tuple[str, ...]]:
    dists = context.dists
    wheels = {column: dists.wheel_of(column) for column in dists.columns if column != SDIST_COLUMN}
    return {
        column: _sentences(item.function, wheel, context)
        for column, wheel in wheels.items()
        if item.applies(wheel, context)
    }


def _sentences(function: Callable[..., Iterable[str]], *arguments: object) -> tuple[str, ...]:
    """Collect what a check yields; a part of a file that it cannot read is a breach as well."""
    try:
        return tuple(function(*arguments))
    except CIError as exc:
        return (str(exc),)


def check_and_print(directory: Path, settings: Settings) -> int:
    """Check a directory, print the table, and return 1 when anything failed, else 0.

    Raises:
        CIError: a file cannot be read at all, or there is not exactly one source archive.
    """
    dists = DistSet(directory)
    columns = {**dists.columns, SET_COLUMN: "all files together"}
    return conclude(check(dists, settings), columns, "wheel checks")


def private_paths(interpreters: Iterable[Path]) -> frozenset[str]:
    """Return the directories of this machine that no published file may mention: home, temporary files, Pythons."""
    prefixes = {str(path.resolve().parent.parent) for path in interpreters}
    places = {str(Path.home()), tempfile.gettempdir(), sys.base_prefix, *prefixes}
    return frozenset(place for place in places if len(Path(place).parts) > 1 and place not in {"/usr", "/usr/local"})


def add_tool_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the programs which have an opinion on wheels."""
    for name in ("twine", "auditwheel"):
        parser.add_argument(
            f"--{name}", type=Path, metavar="PATH", help="the program (default: beside Python, or on PATH)"
        )


def local_settings(
    kinds: frozenset[str], epoch: int | None, options: argparse.Namespace, interpreters: Iterable[Path] = ()
) -> Settings:
    """Return the settings for files that this machine built, with these interpreters.

    Raises:
        CIError: twine, or on Linux auditwheel, is missing.
    """
    return Settings(
        kinds=kinds,
        epoch=epoch,
        twine=tools.find("twine", options.twine),
        auditwheel=tools.find("auditwheel", options.auditwheel) if sys.platform == "linux" else None,
        private_paths=private_paths(interpreters),
    )


def main() -> int:
    """Check the directory that the command line names."""
    parser = argparse.ArgumentParser(description="Check the files of a build without installing them.")
    parser.add_argument("directory", type=Path, help="the directory with the source archive and its wheels")
    parser.add_argument(
        "--kinds", nargs="+", default=sorted(ONE_MACHINE), metavar="KIND", help="kinds of wheel that must be there"
    )
    parser.add_argument("--tag", help="the release tag, which must be v and the version")
    parser.add_argument(
        "--epoch", type=int, help="the time of all members (default: SOURCE_DATE_EPOCH, else unchecked)"
    )
    add_tool_options(parser)
    options = parser.parse_args()
    epoch = options.epoch if options.epoch is not None else epoch_from_environment()
    settings = replace(local_settings(frozenset(options.kinds), epoch, options), tag=options.tag)
    return check_and_print(options.directory, settings)


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

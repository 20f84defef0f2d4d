"""`hawkapi migrate`: the source of a FastAPI application as that of a hawkapi one."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hawkapi._migrate import migrate_file
from hawkapi.cli._errors import CommandError

DESCRIPTION: Final = (
    "Rewrite the Python files of a FastAPI application for hawkapi, in place or elsewhere; formatting and comments "
    "stay. What a person has to decide is listed on stderr."
)

SKIPPED: Final = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env"})
"""Directories with other people's code; hidden ones, and virtual environments of any name, are skipped too."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("path", type=Path, metavar="PATH", help="a Python file, or a directory with all below it")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write all files there and leave PATH as it is")
    parser.add_argument("--convert-models", action="store_true", help="make msgspec.Struct classes of pydantic models")
    parser.add_argument("--dry-run", action="store_true", help="print what would change as a diff, and write nothing")


def execute(options: argparse.Namespace) -> int:
    """Rewrite the files.

    Raises:
        CommandError: there is no such path, libcst is missing, or a file cannot be written.
    """
    path: Path = options.path
    if not path.exists():
        raise CommandError(f"{path} does not exist")
    files = [path] if path.is_file() else sorted(_python_files(path))
    if not files:
        _say(f"No Python files found under '{path}'.")
        return 0
    warnings = sum(_migrate(file, path if path.is_dir() else path.parent, options) for file in files)
    migrated = len(files)
    _say(f"Migrated {migrated} files, {warnings} warnings" + (" (dry-run)" if options.dry_run else ""))
    return 0


def _migrate(file: Path, base: Path, options: argparse.Namespace) -> int:
    """Rewrite one file, and return the number of warnings."""
    try:
        # newline="" keeps the ends of lines as they are.
        with file.open(encoding="utf-8", newline="") as stream:
            source = stream.read()
    except UnicodeDecodeError:
        if options.output is not None and not options.dry_run:
            _copy(file, options.output / file.relative_to(base))
        return _warn(file, ["it is not UTF-8, and is left as it is"])
    except OSError as exc:
        if file == options.path:
            raise CommandError(f"cannot read {file}: {exc.strerror}") from exc
        return _warn(file, [f"it cannot be read ({exc.strerror}), and is left as it is"])
    try:
        new, warnings = migrate_file(source, convert_models=options.convert_models)
    except ImportError as exc:
        raise CommandError(str(exc)) from exc
    name = file.relative_to(base)
    if options.dry_run:
        sys.stdout.write(_difference(source, new, name.as_posix()))
    elif options.output is not None:
        _write(options.output / name, new)
    elif new != source:
        _write(file, new)
    return _warn(file, warnings)


def _python_files(directory: Path) -> Iterator[Path]:
    """Yield the files below a directory; links to directories are not followed."""
    for place, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if _is_own(Path(place) / name)]
        yield from (Path(place) / name for name in files if name.endswith(".py"))


def _is_own(directory: Path) -> bool:
    """Whether a directory has code of the project, as far as its name and content say."""
    name = directory.name
    return not name.startswith(".") and name not in SKIPPED and not (directory / "pyvenv.cfg").exists()


def _difference(old: str, new: str, name: str) -> str:
    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{name}", f"b/{name}")
    # A last line without an end would run into the next file.
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except OSError as exc:
        raise CommandError(f"cannot write {file}: {exc.strerror}") from exc


def _copy(file: Path, to: Path) -> None:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(file.read_bytes())
    except OSError as exc:
        raise CommandError(f"cannot write {to}: {exc.strerror}") from exc


def _warn(file: Path, warnings: list[str]) -> int:
    for warning in warnings:
        print(f"  warn {file}: {warning}", file=sys.stderr)  # noqa: T201
    return len(warnings)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")

"""Which application a command means: from what was written on the command line to the object.

What may be written, `TARGET` in the help of each command::

    TARGET    = MODULE ":" ATTRIBUTE | MODULE | PLACE ":" ATTRIBUTE | PLACE | nothing
    MODULE    = name *("." name)                  as in an import statement
    PLACE     = a path to a Python file or to a directory
    ATTRIBUTE = name *("." name)                  looked up in the module

A target is split at its last colon. Without an attribute the module is searched, see `_application.py`. A directory,
and the current one where nothing is written, is searched for a module, see `CANDIDATES`.

The current directory, and the one that a file's modules are imported from, go to the front of `sys.path`, and stay
there: applications import when they serve, too, and child processes inherit the path.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hawkapi.cli._errors import CommandError

__all__ = ["Target", "can_be_found", "locate"]

CANDIDATES: Final = ("main.py", "app.py", "asgi.py", "api.py", "application.py")
"""The files of a directory that may hold its application, the likeliest first."""

SUBDIRECTORIES: Final = ("app", "src")
"""Where the application is looked for when the current directory has none of its own."""

_NAMES: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class Target:
    """Modules that may hold the application, and where they are imported from."""

    modules: tuple[str, ...]
    """The first that has an application counts; not empty."""
    attribute: str | None
    """The path of the application in the module, or `None`: it is searched for."""
    directory: Path
    """The modules' place on `sys.path`."""
    written: str
    """What the user wrote, or the directory that is searched where nothing was written."""

    def enter(self) -> None:
        """Put the directory, and the current one, to the front of `sys.path`, unless they are on it."""
        for place in (str(Path.cwd()), str(self.directory)):
            if place in sys.path:
                sys.path.remove(place)
            sys.path.insert(0, place)
        importlib.invalidate_caches()


def locate(written: str | None) -> Target:
    """Find out which modules a target means, without importing them.

    Raises:
        CommandError: it means none, or is not written as a target is; says what was looked for and where.
    """
    here = _here()
    if written is None:
        return _search(here, (here, *(here / name for name in SUBDIRECTORIES), *_projects(here / "src")))
    place, attribute = _split(written)
    if _is_path(place):
        return _from_path(Path(place), attribute, written)
    if not _NAMES.fullmatch(place):
        raise _invalid(written, "that is neither the name of a module nor a path")
    # A directory that is no package is importable too (PEP 420), but has no attributes.
    if (here / place).is_dir() and not (here / place / "__init__.py").is_file():
        return _from_path(here / place, attribute, written)
    if attribute is None and not can_be_found(place, here):
        raise _invalid(written, f"no module, file or directory of that name was found in {here} or on the Python path")
    if attribute is None and (here / place / "__init__.py").is_file():
        return _from_path(here / place, None, written)
    return Target((place,), attribute, here, written)


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise CommandError("the current directory was deleted; change to one that exists") from None


def _split(written: str) -> tuple[str, str | None]:
    """Return the place and the attribute; the colon of a Windows drive divides nothing."""
    place, colon, attribute = written.rpartition(":")
    if not colon or attribute.startswith(("/", "\\")):
        return written, None
    if not place or not _NAMES.fullmatch(attribute):
        raise _invalid(written, "a module's name goes before the colon, an attribute's behind it")
    return place, attribute


def _is_path(place: str) -> bool:
    if place.endswith(".py") or "/" in place or os.sep in place or place in {".", ".."}:
        return True
    # `my-shop` can only be a directory.
    return bool(place) and not _NAMES.fullmatch(place) and Path(place).is_dir()


def _from_path(path: Path, attribute: str | None, written: str) -> Target:
    full = Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow links, and imports do not.
    if full.is_dir():
        found = _search(full, (full,))
        return Target(found.modules, attribute, found.directory, written)
    if not full.is_file():
        hint = "; write a module with dots, a file with .py" if full.suffix != ".py" else ""
        raise CommandError(f"there is no file or directory {full}{hint}")
    module, directory = _as_module(full)
    return Target((module,), attribute, directory, written)


def _search(place: Path, directories: tuple[Path, ...]) -> Target:
    """Return the modules that may hold the application, of the first directory that has any."""
    for directory in directories:
        files = [directory / name for name in (*CANDIDATES, "__init__.py")]
        found = [_as_module(file) for file in files if file.is_file()]
        if found:
            return Target(tuple(module for module, _ in found), None, found[0][1], str(place))
    looked_in = ", ".join(_shown(directory, place) for directory in directories if directory.is_dir())
    raise CommandError(
        f"no application was found in {place}: none of {', '.join(CANDIDATES)} in {looked_in}. "
        "Name it: module:attribute"
    )


def _projects(source: Path) -> Iterator[Path]:
    """Yield the packages below `src`, where that layout is used."""
    if source.is_dir():
        yield from sorted(path.parent for path in source.glob("*/__init__.py"))


def _shown(directory: Path, place: Path) -> str:
    return "it" if directory == place else f"{directory.relative_to(place)}{os.sep}"


def _as_module(file: Path) -> tuple[str, Path]:
    """Return the name of a file's module and the directory that it is imported from: the first that is no package."""
    names = [] if file.name == "__init__.py" else [file.stem]
    directory = file.parent
    while (directory / "__init__.py").is_file():
        names.append(directory.name)
        directory = directory.parent
    return ".".join(reversed(names)), directory


def can_be_found(module: str, here: Path) -> bool:
    """Whether an import would find a module. The packages that contain it are imported on the way."""
    sys.path.insert(0, str(here))
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False
    except Exception:  # noqa: BLE001 - a package raised when it was imported: it is there, and loading says what it is.
        return True
    finally:
        sys.path.remove(str(here))


def _invalid(written: str, reason: str) -> CommandError:
    return CommandError(f"invalid app reference {written!r}: {reason}. Expected format: module:attribute")

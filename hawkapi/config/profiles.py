"""Profiles: which `.env` files count, and in which order."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from hawkapi.config.env import read_env_file
from hawkapi.config.errors import SettingsError

__all__ = ["load_profile_env"]

PROFILE_VARIABLE: Final = "HAWK_ENV"
DEFAULT_PROFILE: Final = "development"

# SECURITY: a profile becomes part of a file name; a path separator in it would name a file anywhere.
_PROFILE: Final = re.compile(r"[A-Za-z0-9_.-]+")


class Assigned(NamedTuple):
    """A value and where it was assigned."""

    value: str
    source: str
    """What errors name: the process environment, or a file and a line (`.env:3`)."""


class ProfileFiles(NamedTuple):
    """What the files of one profile assign."""

    names: tuple[str, ...]
    """The files, the one that counts least first; some may not exist."""
    values: dict[str, Assigned]

    def find(self, variable: str) -> Assigned | None:
        """Return what a variable is, in the process environment first."""
        value = os.environ.get(variable)
        return self.values.get(variable) if value is None else Assigned(value, "the process environment")


def load_profile_env(profile: str | None = None, base_dir: str | Path | None = None) -> dict[str, str]:
    """Return the variables that `.env` and `.env.<profile>` name.

    The file of the profile counts more than `.env`, and the process environment more than both. Variables that no file
    names are not in the result.

    Args:
        profile: default `HAWK_ENV`, or else `development`. Letters, digits, `_`, `.` and `-`.
        base_dir: where the files are, default the current directory.

    Raises:
        SettingsError: the profile has other characters in it.
        EnvFileError: a file cannot be read.
    """
    files = read_profile(profile, base_dir)
    return {name: os.environ.get(name, assigned.value) for name, assigned in files.values.items()}


def read_profile(profile: str | None, base_dir: str | Path | None) -> ProfileFiles:
    """Return what the files of a profile assign, and where; arguments and errors as of `load_profile_env`."""
    directory = Path() if base_dir is None else Path(base_dir)
    paths = (directory / ".env", directory / f".env.{choose_profile(profile)}")
    values: dict[str, Assigned] = {}
    for path in paths:
        for name, entry in read_env_file(path).items():
            values[name] = Assigned(entry.value, f"{path}:{entry.line}")
    return ProfileFiles(tuple(map(str, paths)), values)


def choose_profile(profile: str | None) -> str:
    """Return the profile to use; an empty one counts as not given."""
    chosen = profile or os.environ.get(PROFILE_VARIABLE) or DEFAULT_PROFILE
    if _PROFILE.fullmatch(chosen) is None:
        origin = "" if profile else f", from {PROFILE_VARIABLE} in the process environment,"
        raise SettingsError([f"profile {chosen!r}{origin} must be letters, digits, '_', '.' and '-'"])
    return chosen

"""The finished files of one build, read together: a source archive and its wheels."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from console import CIError
from sdist import SdistFile
from wheel_file import WheelFile


class DistSet:
    """A directory of finished files. Names that begin with a dot are not part of it."""

    def __init__(self, directory: Path) -> None:
        """Read every archive in the directory.

        Raises:
            CIError: there is no directory, not exactly one source archive in it, or a damaged archive.
        """
        if not directory.is_dir():
            raise CIError(f"{directory} is not a directory; build the wheels first")
        files = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
        sdists = [path for path in files if path.name.endswith(".tar.gz")]
        if len(sdists) != 1:
            found = ", ".join(path.name for path in sdists) or "none"
            raise CIError(f"{directory} must hold exactly one source archive, not {found}; empty it and build again")
        self.directory = directory
        self.sdist = SdistFile(sdists[0])
        self.wheels = {path.name: WheelFile(path) for path in files if path.suffix == ".whl"}
        self.strangers = [path.name for path in files if path not in sdists and path.suffix != ".whl"]

    @cached_property
    def columns(self) -> dict[str, str]:
        """Short heading to file name: the kind of wheel, with its first platform when a kind is there twice,
        or the whole file name when even that is there twice.
        """
        kinds = [wheel.name.kind for wheel in self.wheels.values()]
        headings = {"sdist": self.sdist.path.name}
        for filename, wheel in self.wheels.items():
            kind = wheel.name.kind
            heading = kind if kinds.count(kind) == 1 else f"{kind}-{wheel.name.platforms[0]}"
            headings[filename if heading in headings else heading] = filename
        return headings

    def wheel_of(self, column: str) -> WheelFile:
        """Return the wheel under a heading."""
        return self.wheels[self.columns[column]]

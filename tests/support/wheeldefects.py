"""Defects to give to a miniature set of archives, and the checks that find them.

Each function here returns a defect: a function that changes a good set in one respect.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from check_wheels import check
from dist_set import DistSet
from set_claims import Settings
from wheelmaker import DIST_INFO, EPOCH, MACHINE, METADATA, PYPROJECT, MiniSet

SETTINGS = Settings(epoch=EPOCH, private_paths=frozenset({"/home/builder"}))
SUFFIX = f"cpython-313-{MACHINE}-linux-gnu.so"


def failures(directory: Path, settings: Settings = SETTINGS) -> dict[tuple[str, str], str]:
    """Run all checks and return what failed: check and column to the sentences."""
    rows = check(DistSet(directory), settings)
    return {(row.name, column): " ".join(found) for row in rows for column, found in row.problems.items() if found}


def drop(kind: str, name: str) -> Callable[[MiniSet], None]:
    """Return a defect: a file is missing from a wheel."""

    def apply(made: MiniSet) -> None:
        del made.wheels[kind].files[name]

    return apply


def put(kind: str, name: str, data: bytes) -> Callable[[MiniSet], None]:
    """Return a defect: a file is in a wheel, or is another one there."""

    def apply(made: MiniSet) -> None:
        made.wheels[kind].files[name] = data

    return apply


def change(kind: str, **attributes: object) -> Callable[[MiniSet], None]:
    """Return a defect: something about a wheel itself."""

    def apply(made: MiniSet) -> None:
        for name, value in attributes.items():
            setattr(made.wheels[kind], name, value)

    return apply


def on_set(function: Callable[[MiniSet], object]) -> Callable[[MiniSet], None]:
    """Return a defect that is one expression on the whole set."""

    def apply(made: MiniSet) -> None:
        function(made)

    return apply


def linux_only(made: MiniSet) -> None:
    """Leave both platform wheels with the tag that no repair replaced."""
    for kind in ("cp313", "cp313t"):
        made.wheels[kind].platforms = (f"linux_{MACHINE}",)


def only_another_version(made: MiniSet) -> None:
    """Change `__version__` in one wheel."""
    made.wheels["universal"].files["hawkapi/__init__.py"] = b'__version__ = "9.9.9"\n'


def platforms(*names: str) -> Callable[[MiniSet], None]:
    """Return a defect: both platform wheels are for these platforms."""

    def apply(made: MiniSet) -> None:
        for kind in ("cp313", "cp313t"):
            made.wheels[kind].platforms = names

    return apply


def metadata(old: str, new: str) -> Callable[[MiniSet], None]:
    """Return a defect: METADATA and PKG-INFO have another text in one place."""

    def apply(made: MiniSet) -> None:
        changed = METADATA.replace(old.encode(), new.encode(), 1)
        made.source["PKG-INFO"] = changed
        for wheel in made.wheels.values():
            wheel.files[f"{DIST_INFO}/METADATA"] = changed

    return apply


def renamed(stem: str, suffix: str) -> Callable[[MiniSet], None]:
    """Return a defect: an extension module of the compiled wheel has another suffix."""

    def apply(made: MiniSet) -> None:
        files = made.wheels["cp313"].files
        files[f"{stem}.{suffix}"] = files.pop(f"{stem}.{SUFFIX}")

    return apply


def another_command(made: MiniSet) -> None:
    """Declare a command, and let one wheel's entry point be another."""
    made.source["pyproject.toml"] = PYPROJECT.replace(
        "[[tool", '[project.scripts]\nhawkapi = "hawkapi:main"\n\n[[tool', 1
    ).encode()
    for kind, wheel in made.wheels.items():
        target = "os:abort" if kind == "cp313t" else "hawkapi:main"
        wheel.files[f"{DIST_INFO}/entry_points.txt"] = f"[console_scripts]\nhawkapi = {target}\n".encode()


def damaged(**attributes: int) -> bytes:
    """Return a zip archive of one file whose headers say something else, such as `flag_bits` or `compress_type`."""
    offsets = {"flag_bits": (6, 8), "compress_type": (8, 10)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"a" * 99)
    data = bytearray(buffer.getvalue())
    for name, value in attributes.items():
        local, central = offsets[name]
        data[local] = data[data.index(b"PK\1\2") + central] = value
    return bytes(data)


def with_corrupt_deflate() -> bytes:
    """Return a zip archive of one file whose compressed bytes are none."""
    data = bytearray(damaged())
    data[31:34] = b"\xff\xff\xff"
    return bytes(data)

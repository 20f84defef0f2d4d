"""Small files that have the form of a release: enough for the scripts that read, upload and describe them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from wheel_file import WheelName, write_wheel

VERSION = "0.3.0"
EPOCH = 1_700_000_000
LOCAL_WHEELS = (
    f"hawkapi-{VERSION}-cp313-cp313-manylinux_2_28_x86_64.whl",
    f"hawkapi-{VERSION}-cp313-cp313t-manylinux_2_28_x86_64.whl",
    f"hawkapi-{VERSION}-py3-none-any.whl",
)
METADATA = f"""\
Metadata-Version: 2.4
Name: hawkapi
Version: {VERSION}
Summary: A web framework
License-Expression: MIT
Requires-Dist: msgspec>=0.19; extra == "standard"
Requires-Dist: granian>=2.7; extra == "standard"
Requires-Dist: granian<=2.7.9,>=2.7; python_version < "3.14" and extra == "free-threaded"
"""
PYPROJECT = b'[tool.hawkapi]\ncompiler = "mypy==2.4.1"\n'


def make_wheel(
    directory: Path, filename: str, *, metadata: str = METADATA, files: Mapping[str, bytes] | None = None
) -> Path:
    """Write a wheel with further files, default none; one for an interpreter with the GIL holds an extension module."""
    name = WheelName.parse(filename)
    tags = "".join(f"Tag: {tag}\n" for tag in sorted(name.tags))
    contents = {
        **(files or {}),
        "hawkapi/__init__.py": f'__version__ = "{VERSION}"\n'.encode(),
        f"hawkapi-{VERSION}.dist-info/METADATA": metadata.encode(),
        f"hawkapi-{VERSION}.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\n{tags}".encode(),
    }
    if name.kind not in {"universal", "cp313t"}:
        contents["hawkapi__mypyc.so"] = b"\x7fELF" + filename.encode()
    write_wheel(directory / filename, contents, EPOCH)
    return directory / filename


def make_sdist(directory: Path, files: Mapping[str, bytes] | None = None) -> Path:
    """Write a source archive with the given files, default pyproject.toml and PKG-INFO."""
    top = f"hawkapi-{VERSION}"
    path = directory / f"{top}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in (files or {"PKG-INFO": METADATA.encode(), "pyproject.toml": PYPROJECT}).items():
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size, member.mtime = len(data), EPOCH
            archive.addfile(member, io.BytesIO(data))
    return path


def make_release(directory: Path) -> Path:
    """Fill a directory with what `nox -s wheels` builds on one machine."""
    directory.mkdir(exist_ok=True)
    for filename in LOCAL_WHEELS:
        make_wheel(directory, filename)
    make_sdist(directory)
    return directory

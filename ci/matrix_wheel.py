"""Build one wheel of the matrix with cibuildwheel, from the sdist.

cibuildwheel must find `ci/` and `tests/` in its working directory, and neither is in the sdist; so the sdist is
unpacked inside the checkout, where the container sees both. The wheel carries the time that the sdist carries.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import tools
from console import CIError, exit_with, step
from project import PROJECT
from sdist import SdistFile
from source_tree import unpack

UNPACKED: Final = Path("build") / "matrix"


def build_wheel(sdist: Path, identifier: str, output: Path, project: Path, *, cibuildwheel: Path) -> None:
    """Build, repair and test the wheel of one identifier; cibuildwheel's output goes to ours.

    Raises:
        CIError: the archive cannot be read or cibuildwheel fails.
    """
    shutil.rmtree(project / UNPACKED, ignore_errors=True)
    source = unpack(sdist, project / UNPACKED)
    command: list[str | Path] = [cibuildwheel, "--only", identifier, "--output-dir", output.resolve()]
    command.append(source.relative_to(project))
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(SdistFile(sdist).epoch)}
    with step(f"build {identifier}"):
        done = subprocess.run(command, cwd=project, env=environment, check=False)
        if done.returncode != 0:
            raise CIError(f"cibuildwheel failed for {identifier} (exit code {done.returncode}); its last step is above")


def main() -> int:
    """Build the wheel that the command line names."""
    parser = argparse.ArgumentParser(description="Build one wheel of the matrix from the sdist.")
    parser.add_argument("directory", type=Path, help="where the sdist is, the only one")
    parser.add_argument("identifier", help="as cibuildwheel prints it, for example cp313t-manylinux_x86_64")
    parser.add_argument("output", type=Path, help="directory for the wheel")
    options = parser.parse_args()
    sdists = list(options.directory.glob("*.tar.gz"))
    if len(sdists) != 1:
        raise CIError(
            f"{options.directory} holds {len(sdists)} sdists instead of one; build it, or empty the directory"
        )
    cibuildwheel = tools.find("cibuildwheel")
    build_wheel(sdists[0], options.identifier, options.output, PROJECT, cibuildwheel=cibuildwheel)
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

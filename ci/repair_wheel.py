"""Give a freshly built wheel the platform tags it may be published under.

`nox -s wheels` calls it, and cibuildwheel does as `repair-wheel-command = "python {project}/ci/repair_wheel.py {wheel}
{dest_dir}"` (on macOS with `--archs {delocate_archs}`).

- Linux, with machine code: auditwheel reads which symbols it needs and chooses the tags. In a build container, which
  sets AUDITWHEEL_PLAT, exactly the container's policy is taken, so that the pure wheel below can name the same.
- Linux, pure (a free-threaded build): auditwheel refuses a wheel without ELF files and the index refuses `linux_*`.
  The wheel runs anywhere, so it takes the tags of the compiled one (`--like`) or the container's policy.
- macOS, with machine code: delocate checks it. Otherwise, and on Windows, the builder's own tag is right.
- `py3-none-any`: nothing to decide.

Whatever was decided, the result is written in the normal form of `wheel_file`.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import tools
from console import CIError, exit_with, run
from sdist import epoch_from_environment
from wheel_file import ZIP_BEGINS, WheelFile, WheelName, rewrite

LEGACY_ALIASES: Final = {
    "manylinux_2_5": "manylinux1",
    "manylinux_2_12": "manylinux2010",
    "manylinux_2_17": "manylinux2014",
}
"""SPEC: PEP 600. auditwheel writes both names of such a policy."""


def repair(
    wheel: Path,
    out: Path,
    *,
    like: Path | None = None,
    auditwheel: Path | None = None,
    archs: str | None = None,
    epoch: int | None = None,
) -> Path:
    """Write the publishable form of a wheel into a directory and return its path.

    Args:
        wheel: a wheel as the build backend made it; it is not changed.
        out: the directory, made when it is missing.
        like: for a pure Linux wheel, the compiled wheel whose platform tags it takes.
        auditwheel: the program, default the one beside this Python or on PATH.
        archs: for macOS, what `delocate-wheel --require-archs` takes.
        epoch: the time of all members in seconds since 1970, default SOURCE_DATE_EPOCH, else 1980.

    Raises:
        CIError: the tools refuse the wheel, add a library to it, or nothing says which tags a pure wheel takes.
    """
    source = WheelFile(wheel)
    moment = epoch if epoch is not None else epoch_from_environment() or ZIP_BEGINS
    with tempfile.TemporaryDirectory() as scratch:
        checked, platforms = source, None
        if source.native_files and _is_for(source.name, "linux", "manylinux", "musllinux"):
            program = tools.find("auditwheel", auditwheel)
            checked = audited(source, Path(scratch), program, exactly=os.environ.get("AUDITWHEEL_PLAT"))
        elif source.native_files and _is_for(source.name, "macosx"):
            checked = _delocated(source, Path(scratch), archs)
        elif _is_for(source.name, "linux"):
            platforms = _platforms_of_pure(source.name, like, os.environ)
        _refuse_new_libraries(source, checked)
        return rewrite(checked, out, moment, platforms=platforms)


def _is_for(name: WheelName, *systems: str) -> bool:
    return all(platform.startswith(systems) for platform in name.platforms)


def audited(wheel: WheelFile, scratch: Path, auditwheel: Path, *, exactly: str | None = None) -> WheelFile:
    """Let auditwheel write a wheel into an empty directory, with the tags it computes.

    Args:
        wheel: with machine code.
        scratch: the directory.
        auditwheel: the program.
        exactly: the one policy to name, such as `manylinux_2_28_x86_64`; default every one that the wheel fits.

    Raises:
        CIError: it refuses the wheel; the message holds its words.
    """
    policy = ["--plat", exactly, "--only-plat"] if exactly else ["--plat", "auto"]
    environment = tools.environment_with(auditwheel, *filter(None, [tools.look_for("patchelf")]))
    run([auditwheel, "repair", *policy, "--wheel-dir", scratch, wheel.path], env=environment)
    return _only_wheel_in(scratch)


def _delocated(wheel: WheelFile, scratch: Path, archs: str | None) -> WheelFile:
    required = ["--require-archs", archs] if archs else []
    run([tools.find("delocate-wheel"), *required, "--wheel-dir", scratch, wheel.path])
    return _only_wheel_in(scratch)


def _only_wheel_in(directory: Path) -> WheelFile:
    wheels = sorted(directory.glob("*.whl"))
    if len(wheels) != 1:
        raise CIError(
            f"the repair tool left {len(wheels)} wheels where one was expected; run it by hand and read its output"
        )
    return WheelFile(wheels[0])


def _refuse_new_libraries(before: WheelFile, after: WheelFile) -> None:
    added = sorted(set(after.native_files) - set(before.native_files))
    if added:
        raise CIError(
            f"repairing {before.path.name} copied {', '.join(added)} into it; the compiled modules may link "
            "to nothing but the C library, so find out which object pulls it in and drop that link"
        )


def _platforms_of_pure(name: WheelName, like: Path | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    if like is not None:
        return WheelName.parse(like.name).platforms
    architecture = environ.get("AUDITWHEEL_ARCH") or name.platforms[0].removeprefix("linux_")
    policy = environ.get("AUDITWHEEL_PLAT") or environ.get("AUDITWHEEL_POLICY", "")
    policy = policy.removesuffix(f"_{architecture}")
    if not re.match(r"(manylinux|musllinux)", policy):
        raise CIError(
            f"{name} is pure and nothing says which platform tags it takes; pass --like COMPILED_WHEEL "
            "(outside a build container AUDITWHEEL_PLAT is not set)"
        )
    return tuple(f"{alias}_{architecture}" for alias in _both_names(policy))


def _both_names(policy: str) -> list[str]:
    for modern, legacy in LEGACY_ALIASES.items():
        if policy in {modern, legacy}:
            return [modern, legacy]
    return [policy]


def main() -> int:
    """Repair the wheel that the command line names and print where the result is."""
    parser = argparse.ArgumentParser(description="Give a built wheel the platform tags it may be published under.")
    parser.add_argument("wheel", type=Path, help="the wheel as the build made it")
    parser.add_argument("out", type=Path, help="the directory for the result")
    parser.add_argument(
        "--like", type=Path, metavar="WHEEL", help="take this wheel's platform tags (pure Linux wheels)"
    )
    parser.add_argument(
        "--auditwheel", type=Path, metavar="PATH", help="the program (default: beside Python, else on PATH)"
    )
    parser.add_argument("--archs", help="architectures that macOS machine code must have, separated by commas")
    options = parser.parse_args()
    print(repair(options.wheel, options.out, like=options.like, auditwheel=options.auditwheel, archs=options.archs))
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

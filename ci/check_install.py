"""Install the wheels of a directory the ways users do, and check what they get.

pip and uv are each offered the whole directory by each interpreter, in environments of their own outside the checkout,
with no compiler on PATH. What other interpreters would take is asked of pip. Prints a table with a row per check and a
column per way to install, then each failure as one sentence. Exits with 1 on any.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import served_app
import tools
from check_table import Row, conclude
from console import CIError, exit_with, run, step
from cpython import Build, Interpreter, add_python_option
from dist_set import DistSet
from environments import python_in
from installed import EXTRAS, Installed, Target, check_choice
from project import PACKAGE

OTHERS: Final = "others"
OTHER_LABELS: Final = ("3.12", "3.14", "3.14t")
EXAMPLE: Final = Path(__file__).parent.parent / "docs" / "examples" / "hello.py"


@dataclass(frozen=True)
class InstallCheck:
    """A claim about each environment that it applies to."""

    name: str
    sentence: str
    function: Callable[[Installed], Iterable[str]]
    applies: Callable[[Installed], bool] = lambda _installed: True


def takes_its_wheel(installed: Installed) -> Iterator[str]:
    """Expect the interpreter's own wheel, by its WHEEL file, and no other package."""
    found, wanted = installed.alone.said["wheel"] or "", installed.wheel
    if wanted is None:
        yield f"there is no {installed.target.build.kind} wheel to take; build the set again with that interpreter"
    elif found.encode() != wanted.dist_info_file("WHEEL"):
        tags = ", ".join(re.findall(r"^Tag: (.*)$", found, re.MULTILINE))
        yield f"it took the wheel for {tags} instead of {wanted.path.name}; look at the tags of both"
    extra = set(installed.alone.said["distributions"]) - {PACKAGE, "pip", "setuptools", "wheel"}
    if extra:
        yield f"it installed {', '.join(sorted(extra))} too; nothing may be required outside an extra"


def modules_import(installed: Installed) -> Iterator[str]:
    """Expect every module to import without a warning; what needs an absent optional package may say so."""
    yield from _import_problems(installed.alone.modules, _packages_of_extras(installed, set()))


def modules_import_with_extras(installed: Installed) -> Iterator[str]:
    """Expect every module to import once the extras for this build are installed."""
    chosen = set(EXTRAS[installed.target.build.free_threaded])
    yield from _import_problems(installed.with_extras.modules, _packages_of_extras(installed, chosen))


def _import_problems(modules: Mapping[str, Mapping[str, object]], absent: set[str]) -> Iterator[str]:
    for name, module in modules.items():
        needs = str(module["missing"] or "").partition(".")[0]
        if module["error"] and needs not in absent:
            yield f"import {name}: {module['error']}"


def _packages_of_extras(installed: Installed, present: set[str]) -> set[str]:
    """Return the optional packages that no extra of `present` brings."""
    optional, brought = set(), set()
    requirements = installed.wheel.metadata.get_all("Requires-Dist", []) if installed.wheel else []
    for requirement in requirements:
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0].replace("-", "_")
        optional.add(name)
        if set(re.findall(r"extra == ['\"]([^'\"]+)", requirement)) & present:
            brought.add(name)
    return optional - brought


def modules_come_from_environment(installed: Installed) -> Iterator[str]:
    """Expect every module's file below the environment's site-packages."""
    prefix = Path(installed.alone.said["prefix"])
    for name, module in installed.alone.modules.items():
        place = Path(module["file"] or "")
        if module["error"] is None and not (place.is_relative_to(prefix) and "site-packages" in place.parts):
            yield f"{name} comes from {place}, not from {prefix}; something puts a checkout on the path"


def listed_modules_are_compiled(installed: Installed) -> Iterator[str]:
    """Expect each listed module to come from an extension with the GIL and from its source without."""
    for name in installed.dists.sdist.compiled_modules:
        file = str(installed.alone.modules.get(name, {}).get("file"))
        native = file.endswith((".so", ".pyd"))
        if native == installed.target.build.free_threaded or not (native or file.endswith(".py")):
            wanted = "its source" if installed.target.build.free_threaded else "its own extension module"
            yield f"{name} comes from {file}, not from {wanted}; check the wheel with check_wheels.py"


def gil_stays_off(installed: Installed) -> Iterator[str]:
    """Expect no import to switch the GIL on."""
    if installed.alone.said["gil_at_start"]:
        yield "the GIL is on before anything is imported; this is not a free-threaded build"
    for culprit in installed.alone.gil_culprits():
        yield f"import {culprit} switched the GIL on; that module must declare Py_mod_gil or stay out of this wheel"


def gil_stays_off_with_extras(installed: Installed) -> Iterator[str]:
    """Expect no import to switch the GIL on once the extras are installed."""
    for culprit in installed.with_extras.gil_culprits():
        yield f"import {culprit} switched the GIL on; hold that package out of the free-threaded extra"


def versions_agree(installed: Installed) -> Iterator[str]:
    """Expect `hawkapi.__version__` to be what the metadata say."""
    version, metadata = installed.alone.said["version"], installed.alone.said["metadata_version"]
    if version != metadata:
        yield f"{PACKAGE}.__version__ is {version} and the metadata say {metadata}; build again"


def info_answers(installed: Installed) -> Iterator[str]:
    """Expect `hawkapi info --json` to print one JSON object."""
    program = installed.python.with_name(PACKAGE)
    try:
        said = json.loads(run([program, "info", "--json"], env=installed.environment, cwd=installed.home).stdout)
    except (CIError, ValueError) as exc:
        yield f"`hawkapi info --json` fails: {exc}"
    else:
        if not isinstance(said, dict):
            yield "`hawkapi info --json` does not print an object"


def app_answers(installed: Installed) -> Iterator[str]:
    """Expect an application with a path, a query and a body route to answer over HTTP."""
    _ = installed.with_extras
    app = Path(shutil.copy(EXAMPLE, installed.home))
    yield from served_app.problems(installed.python, app, installed.environment, installed.home)


def is_free_threaded(installed: Installed) -> bool:
    """Say whether the GIL can be off."""
    return installed.target.build.free_threaded


def has_info(installed: Installed) -> bool:
    """Say whether the package has the command."""
    return f"{PACKAGE}/cli/info.py" in installed.dists.sdist.package_files


CHECKS: Final = (
    InstallCheck("takes its wheel", "The intended wheel is taken, and no other package.", takes_its_wheel),
    InstallCheck("imports", "Every module imports, with warnings as errors.", modules_import),
    InstallCheck("place", "Every module comes from site-packages.", modules_come_from_environment),
    InstallCheck("compiled modules", "Listed modules come from the right file.", listed_modules_are_compiled),
    InstallCheck("GIL off", "No import switches the GIL on.", gil_stays_off, is_free_threaded),
    InstallCheck("versions", "__version__ is the metadata's version.", versions_agree),
    InstallCheck("hawkapi info", "`hawkapi info --json` answers.", info_answers, has_info),
    InstallCheck("imports, extras", "Every module imports beside the extras.", modules_import_with_extras),
    InstallCheck("GIL off, extras", "No extra switches the GIL on.", gil_stays_off_with_extras, is_free_threaded),
    InstallCheck("HTTP", "An application answers over HTTP with uvicorn.", app_answers),
)
INSTALLS: Final = ("installs", "The whole directory is offered, without an index and without a compiler.")
CHOICE: Final = ("other interpreters", "Interpreters without a wheel of their own take the universal one.")


def check(
    dists: DistSet, targets: Sequence[Target], scratch: Path, checks: Sequence[InstallCheck] = CHECKS
) -> list[Row]:
    """Install once per target and run every check there.

    Args:
        dists: the files to offer.
        targets: the ways to install.
        scratch: a directory for the environments.
        checks: what to run in each.
    """
    sentences = dict([INSTALLS, *((item.name, item.sentence) for item in checks)])
    rows: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in sentences}
    for number, target in enumerate(targets):
        with step(f"install with {target.column} and check"):
            for name, problems in _check_target(target, dists, scratch / f"environment-{number}", checks):
                rows[name][target.column] = problems
    return [Row(name, sentences[name], cells) for name, cells in rows.items()]


def _check_target(
    target: Target, dists: DistSet, home: Path, checks: Sequence[InstallCheck]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    try:
        installed = Installed.make(target, home, dists)
    except CIError as exc:
        yield INSTALLS[0], (str(exc),)
        return
    yield INSTALLS[0], ()
    for item in checks:
        if item.applies(installed):
            yield item.name, _run_check(item, installed)


def _run_check(item: InstallCheck, installed: Installed) -> tuple[str, ...]:
    try:
        return tuple(item.function(installed))
    except CIError as exc:
        return (str(exc),)


def check_other_interpreters(dists: DistSet, pip: Path, scratch: Path) -> Row:
    """Ask pip which wheel interpreters would take that need not be here.

    Args:
        dists: the files to offer.
        pip: an interpreter that has pip.
        scratch: a directory for what pip copies.
    """
    platforms = sorted({platform for wheel in dists.wheels.values() for platform in wheel.name.platforms} - {"any"})
    asked = [(label, platform) for label in OTHER_LABELS for platform in platforms[:1]]
    # The same interpreters on musl, where the local wheels cannot run.
    musl = [re.sub(r"^manylinux(\d+|_\d+_\d+)_", "musllinux_1_2_", name) for name in platforms[:1]]
    asked += [(label, platform) for label in ("3.13", "3.13t") for platform in musl if platform.startswith("musllinux")]
    problems: list[str] = []
    for number, (label, platform) in enumerate(asked):
        try:
            check_choice(pip, Build.parse(label), dists.directory, dists.sdist.version, platform, scratch / str(number))
        except CIError as exc:
            problems.append(f"{label} on {platform}: {exc}")
    return Row(*CHOICE, {OTHERS: tuple(problems)})


def check_and_print(directory: Path, interpreters: Sequence[Interpreter], *, uv: Path) -> int:
    """Check a directory, print the table, and return 1 when anything failed, else 0.

    Args:
        directory: the source archive and its wheels.
        interpreters: at least one.
        uv: the program.

    Raises:
        CIError: the files cannot be read.
    """
    dists = DistSet(directory.resolve())
    targets = [Target(interpreter, installer) for interpreter in interpreters for installer in ("pip", str(uv))]
    with tempfile.TemporaryDirectory(prefix=f"{PACKAGE}-install-") as scratch:
        rows = check(dists, targets, Path(scratch))
        with step("ask pip what other interpreters would take"):
            pip = python_in(Path(scratch, "environment-0"))
            rows.append(check_other_interpreters(dists, pip, Path(scratch)))
    columns = {target.column: f"{Path(target.installer).stem} on {target.interpreter.path}" for target in targets}
    return conclude(rows, {**columns, OTHERS: "pip, asked for interpreters that need not be here"}, "install checks")


def main() -> int:
    """Check the directory that the command line names."""
    parser = argparse.ArgumentParser(description="Install the wheels of a directory and check what users get.")
    parser.add_argument("directory", type=Path, help="the directory with the source archive and its wheels")
    add_python_option(parser, required=True)
    parser.add_argument("--uv", type=Path, metavar="PATH", help="the program (default: beside Python, else on PATH)")
    options = parser.parse_args()
    return check_and_print(options.directory, options.interpreters, uv=tools.find("uv", options.uv))


if __name__ == "__main__":
    raise SystemExit(exit_with(main))

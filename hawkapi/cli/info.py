"""`hawkapi info`: everything that a report about the build, the GIL or the codec needs."""

from __future__ import annotations

import argparse
import importlib
import importlib.machinery
import importlib.metadata
import importlib.util
import json
import platform
import sys
import sysconfig
import tomllib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import hawkapi
import hawkapi.codec as codec
from hawkapi.cli._gil import BUILT_WITHOUT_GIL, gil_enabled

DESCRIPTION: Final = (
    "Print the interpreter, the state of the GIL, the installed wheel, the codec, the compiled modules and the "
    "optional packages."
)

OPTIONAL_PACKAGES: Final = ("granian", "msgspec", "pydantic", "uvicorn")
"""What stands beside hawkapi in an installation, and decides how it runs: a codec, servers, models."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.add_argument(
        "--import",
        dest="modules",
        metavar="MODULE",
        action="append",
        default=[],
        help="import a module too, and tell whether it switches the GIL on; may be given several times",
    )


def execute(options: argparse.Namespace) -> int:
    """Print the report, and return the exit status."""
    return run(as_json=options.json, modules=options.modules)


def run(*, as_json: bool, modules: Sequence[str]) -> int:
    """Print the report.

    Args:
        as_json: one JSON object instead of text.
        modules: further modules to import, to see whether one switches the GIL on.

    Returns:
        0, or 1 when one of `modules` cannot be imported.
    """
    report, failures = collect(modules)
    print(json.dumps(report, indent=2) if as_json else as_text(report))  # noqa: T201 - this is the command's output
    for failure in failures:
        print(f"hawkapi info: {failure}", file=sys.stderr)  # noqa: T201
    return 1 if failures else 0


def collect(modules: Sequence[str] = ()) -> tuple[dict[str, Any], list[str]]:
    """Return the report, and one sentence for each of `modules` that cannot be imported."""
    gil, failures = gil_report(modules)
    report = {
        "hawkapi": {
            "version": hawkapi.__version__,
            "file": hawkapi.__file__,
            "wheel": installed_wheel(),
            "codec": codec.CODEC,
            "compiled": compiled_modules(),
        },
        "python": {
            "version": sys.version,
            "implementation": platform.python_implementation(),
            "executable": sys.executable,
            "platform": sysconfig.get_platform(),
        },
        "gil": gil,
        "packages": {name: package_version(name) for name in OPTIONAL_PACKAGES},
    }
    return report, failures


def gil_report(modules: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Import what hawkapi may use, and `modules`, one by one, and watch the GIL."""
    at_start = gil_enabled()
    switched_on_by: str | None = None
    failures: list[str] = []
    for name in (*OPTIONAL_PACKAGES, *modules):
        before = gil_enabled()
        failure = import_quietly(name)
        if failure and name in modules:
            failures.append(failure)
        if not before and gil_enabled():
            switched_on_by = name
    if BUILT_WITHOUT_GIL and at_start:
        switched_on_by = "the start of the process (PYTHON_GIL=1 or -X gil=1), or a module imported before this command"
    report = {
        "build": "free-threaded (Py_GIL_DISABLED)" if BUILT_WITHOUT_GIL else "with the GIL",
        "enabled": gil_enabled(),
        "switched_on_by": switched_on_by,
    }
    return report, failures


def import_quietly(name: str) -> str | None:
    """Import a module; return what went wrong, if anything did."""
    try:
        with warnings.catch_warnings():
            # The interpreter warns when a module switches the GIL on; the report says it better.
            warnings.simplefilter("ignore")
            importlib.import_module(name)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - a stranger's module may raise anything at import
        return f"cannot import {name}: {type(exc).__name__}: {exc}"
    return None


def installed_wheel() -> dict[str, Any] | None:
    """Return the tags of the wheel that hawkapi was installed from, or `None` for a source checkout."""
    try:
        distribution = importlib.metadata.distribution("hawkapi")
    except importlib.metadata.PackageNotFoundError:
        return None
    lines = (distribution.read_text("WHEEL") or "").splitlines()
    tags = [line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")]
    direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    return {"tags": tags, "editable": bool(direct.get("dir_info", {}).get("editable", False))}


def compiled_modules() -> list[dict[str, Any]]:
    """Return each module of the list in `pyproject.toml`: whether it is compiled, and the file it comes from."""
    rows: list[dict[str, Any]] = []
    for name in listed_modules():
        spec = importlib.util.find_spec(name)
        origin = spec.origin if spec is not None else None
        compiled = origin is not None and origin.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES))
        rows.append({"module": name, "compiled": compiled, "file": origin})
    return rows


def listed_modules() -> list[str]:
    """Return the names in the list: from the file the wheel carries, or from a checkout's `pyproject.toml`."""
    package = Path(hawkapi.__file__).parent
    carried = package / "_compiled.json"
    if carried.exists():
        entries = json.loads(carried.read_text(encoding="utf-8"))
    else:
        settings = tomllib.loads((package.parent / "pyproject.toml").read_text(encoding="utf-8"))
        entries = settings["tool"]["hawkapi"]["compiled"]
    return [entry["module"] for entry in entries]


def package_version(name: str) -> str | None:
    """Return the installed version of a package, or `None`."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def as_text(report: dict[str, Any]) -> str:
    """Lay the report out for a person."""
    own, python, gil = report["hawkapi"], report["python"], report["gil"]
    wheel = own["wheel"]
    tags = "none, a source checkout" if wheel is None else ", ".join(wheel["tags"])
    rows = [
        ("hawkapi", own["version"]),
        ("file", own["file"]),
        ("wheel", f"{tags} (editable)" if wheel and wheel["editable"] else tags),
        ("codec", own["codec"]),
        ("python", f"{python['implementation']} {python['version']}"),
        ("executable", python["executable"]),
        ("platform", python["platform"]),
        ("GIL, build", gil["build"]),
        ("GIL, now", "on" if gil["enabled"] else "off"),
    ]
    if gil["switched_on_by"]:
        rows.append(("GIL, why on", gil["switched_on_by"]))
    rows += [
        (row["module"], f"{'compiled' if row['compiled'] else 'Python'}, {row['file']}") for row in own["compiled"]
    ]
    rows += [(name, version or "not installed") for name, version in report["packages"].items()]
    width = max(len(title) for title, _ in rows)
    return "\n".join(f"{title:<{width}}  {value}" for title, value in rows)

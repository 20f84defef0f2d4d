"""The rule about imports that switch the GIL on.

Only a free-threaded interpreter can tell, and only for the first module that does it: then the GIL is on. So where it
is on, the imports of the project are made again, one by one, in processes of their own: each ends at an import that has
switched it on, and the next one goes on behind it.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from hawkapi.cli._gil import BUILT_WITHOUT_GIL, gil_enabled
from hawkapi.doctor._project import Place, Project
from hawkapi.doctor.survey import Survey

__all__ = ["gil_switches", "import_until_switched", "switching"]

type Look = Iterator[tuple[Place, str, str]]
type Ask = Callable[[Sequence[str]], tuple[int, str | None] | None]
"""Imports modules in order; returns which one switched the GIL on, and the extension module that did, if known."""

TIMEOUT_S: Final = 120
FIX: Final = (
    "Take a version that declares that it can run without the GIL (Py_mod_gil), or do without; PYTHON_GIL=0 keeps it "
    "off, at that module's risk."
)

_PROGRAM: Final = """
import importlib, json, sys
given = json.load(sys.stdin)
sys.path[:] = given["path"]
from hawkapi.cli._gil import watch
for index, name in enumerate(given["modules"]):
    with watch() as gil:
        try:
            importlib.import_module(name)
        except BaseException:
            pass
    if gil.enabled:
        print(json.dumps([index, gil.culprit]), file=sys.__stdout__)
        break
"""


def gil_switches(survey: Survey) -> Look:
    """Find the imports of a project that switch the GIL on, where this interpreter can do without and has it on."""
    # `sys.flags.gil` is 1 where somebody asked for it when Python started (PYTHON_GIL=1 or -X gil=1).
    if BUILT_WITHOUT_GIL and gil_enabled() and getattr(sys.flags, "gil", None) != 1:
        yield from switching(survey.project)


def switching(project: Project, ask: Ask | None = None) -> Look:
    """Find the imports that switch the GIL on, each extension module once.

    Args:
        project: whose imports are made.
        ask: makes them, default in a new process.
    """
    ask = import_until_switched if ask is None else ask
    waiting = list(_imports(project).items())
    seen: set[str] = set()
    while waiting and (answer := ask([name for name, _ in waiting])) is not None:
        index, culprit = answer
        name, place = waiting[index]
        waiting = waiting[index + 1 :]
        if (culprit or name) in seen:
            continue
        seen.add(culprit or name)
        what = name if culprit in {None, name} else f"{name}, which loads {culprit},"
        yield place, f"Importing {what} switches the GIL on for the whole process: all threads take turns.", FIX
    if not seen:
        message = (
            "The GIL is on, and no import of the project switches it on by itself; `hawkapi info --import MODULE` "
            "tells whether a module does."
        )
        yield Place(None, text="the process"), message, FIX


def _imports(project: Project) -> dict[str, Place]:
    """Return what the modules of a project import from elsewhere, each with the first place, in order."""
    found: dict[str, Place] = {}
    for module in project.modules:
        for node in module.nodes:
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [module.origin(node)]
            for name in names:
                if name in sys.modules and name not in project.by_name and _is_foreign(name):
                    found.setdefault(name, module.place(node))
    return found


def _is_foreign(name: str) -> bool:
    top = name.partition(".")[0]
    return top not in sys.stdlib_module_names and top != "hawkapi"


def import_until_switched(modules: Sequence[str]) -> tuple[int, str | None] | None:
    """Import modules in a new process, up to the first that switches the GIL on.

    Returns:
        Its index, and the name of the extension module that did it; `None` when none of them does.
    """
    # The codec could switch it on before anything else does.
    environment = {**os.environ, "HAWKAPI_CODEC": "portable"}
    environment.pop("PYTHON_GIL", None)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input=json.dumps({"path": sys.path, "modules": list(modules)}),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    # What a module prints when it is imported comes before.
    lines = done.stdout.splitlines()
    if not lines or not lines[-1].startswith("["):
        return None
    index, culprit = json.loads(lines[-1])
    return index, culprit

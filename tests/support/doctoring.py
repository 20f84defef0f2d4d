"""Applications for the doctor: written to a file, imported, looked at, and forgotten."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from hawkapi.doctor import THREAD_RULES, Finding, run

BEGINNING = """\
from hawkapi import BackgroundTasks, Container, Depends, HawkAPI, Middleware, Request, Struct

app = HawkAPI()
"""
MARK = "# here"
"""What ends the lines of a source that a rule is to find."""


@contextmanager
def imported(directory: Path, files: dict[str, str], name: str) -> Iterator[ModuleType]:
    """Give a module that is imported from some files; afterwards none of them is loaded."""
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(textwrap.dedent(text), encoding="utf-8")
    before = set(sys.modules)
    sys.path.insert(0, str(directory))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(directory))
        places = {module: getattr(sys.modules[module], "__file__", None) for module in set(sys.modules) - before}
        for module, place in places.items():
            if place is not None and Path(place).is_relative_to(directory):
                del sys.modules[module]


def findings_in(directory: Path, files: dict[str, str], name: str = "patient") -> list[Finding]:
    """Return what the rules about threads find in `app` of a module, whose `clean_up` is then called."""
    with imported(directory, files, name) as module:
        try:
            return run(module.app, THREAD_RULES)
        finally:
            getattr(module, "clean_up", int)()


def lines_found(directory: Path, source: str, rule_id: str) -> list[int]:
    """Return the lines of a source, which has `app` already, that a rule finds."""
    found = findings_in(directory, {"patient.py": BEGINNING + textwrap.dedent(source)})
    failed = [each for each in found if "raised an exception" in each.message]
    assert not failed, failed
    return [int((each.location or "").rpartition(":")[2]) for each in found if each.rule_id == rule_id]


def lines_marked(source: str) -> list[int]:
    """Return the lines that a source expects to be found."""
    lines = (BEGINNING + textwrap.dedent(source)).splitlines()
    return [number for number, line in enumerate(lines, 1) if line.endswith(MARK)]

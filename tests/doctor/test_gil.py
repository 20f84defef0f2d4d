"""The rule about imports that switch the GIL on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from doctoring import imported

from hawkapi.doctor._project import Project
from hawkapi.doctor.rules._gil import import_until_switched, switching

type Ask = Callable[[Sequence[str]], tuple[int, str | None] | None]

FILES = {
    "site-packages/quick.py": "",
    "site-packages/slow/__init__.py": "",
    "site-packages/other.py": "",
    "patient.py": """
        import sys
        sys.path.insert(0, __file__.replace("patient.py", "site-packages"))
        import json
        import quick
        from slow import __name__ as name
        import helper, other
        sys.path.pop(0)
        from hawkapi import HawkAPI
        app = HawkAPI()
        """,
    "helper.py": "import slow",
}

SAYS = "switches the GIL on for the whole process: all threads take turns."


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Give a project that imports three packages of others, one of them twice."""
    with imported(tmp_path, FILES, "patient") as module:
        yield Project(module.app, [])


def answering(culprits: dict[str, str | None], asked: list[list[str]]) -> Ask:
    """Return what stands for the processes: modules, and who switched the GIL on when they were imported."""

    def ask(modules: Sequence[str]) -> tuple[int, str | None] | None:
        asked.append(list(modules))
        guilty = [index for index, name in enumerate(modules) if name in culprits]
        return (guilty[0], culprits[modules[guilty[0]]]) if guilty else None

    return ask


def test_every_import_is_found_once(project: Project) -> None:
    """Each extension module is reported at the first import that loads it; a process goes on behind the last."""
    asked: list[list[str]] = []
    found = list(switching(project, answering({"slow": "slow._core", "other": "slow._core", "quick": None}, asked)))
    assert [(Path(place.path or "").name, place.line, message) for place, message, _ in found] == [
        (
            "helper.py",
            1,
            f"Importing slow, which loads slow._core, {SAYS}",
        ),
        ("patient.py", 5, f"Importing quick {SAYS}"),
    ]
    assert asked == [["slow", "quick", "other"], ["quick", "other"], ["other"]]


def test_nobody_is_found(project: Project) -> None:
    """Where the GIL is on and no import of the project did it, that is said."""
    found = list(switching(project, answering({}, [])))
    assert [str(place) for place, _, _ in found] == ["the process"]


PRETENDING = "import sys\nsys._is_gil_enabled = lambda: False\n"
GUILTY = """
import sys, warnings
print("[hello]")
sys._is_gil_enabled = lambda: True
warnings.warn("The global interpreter lock (GIL) has been enabled to load module 'guilty._core', which", RuntimeWarning)
"""


def test_a_process_stops_at_the_import_that_switches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new process imports one module after the other, whatever they raise and print, and names who did it."""
    files = {"pretending": PRETENDING, "broken": "raise SystemExit", "guilty": GUILTY, "never": "1 / 0"}
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setenv("PYTHON_GIL", "0")
    assert import_until_switched(["pretending", "broken", "guilty", "never"]) == (2, "guilty._core")


def test_a_process_in_which_nothing_switches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no import switches the GIL on, nobody is named."""
    (tmp_path / "pretending.py").write_text(PRETENDING, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert import_until_switched(["pretending"]) is None

"""Which modules are an application's own."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType

import pytest
from doctoring import findings_in, imported

from hawkapi.doctor._project import Place, Project, SourceModule

APPLICATION = "from hawkapi import HawkAPI\napp = HawkAPI()\n"


def modules_of(directory: Path, files: dict[str, str], name: str) -> list[str]:
    """Return the modules that are read for `app` of a module."""
    with imported(directory, files, name) as module:
        return [each.name for each in Project(module.app, [route.handler for route in module.app.routes]).modules]


def test_modules_that_are_loaded(tmp_path: Path) -> None:
    """What the application has loaded is read, with and without packages; what it has not, is not."""
    files = {
        "patient/__init__.py": "",
        "patient/main.py": f"{APPLICATION}from patient.space import deep\nimport patient_settings",
        "patient/space/deep.py": "",
        "patient/scripts.py": "",
        "patient_settings.py": "",
        "test_patient.py": "",
    }
    assert modules_of(tmp_path, files, "patient.main") == [
        "patient",
        "patient.main",
        "patient.space.deep",
        "patient_settings",
    ]


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("site-packages", id="installed"),
        pytest.param("dist-packages", id="installed-by-the-system"),
        pytest.param("env/lib", id="virtual-environment"),
    ],
)
def test_modules_of_others(tmp_path: Path, place: str) -> None:
    """What is installed below the project, in a virtual environment of whatever name, is not read."""
    files = {
        "patient.py": f"import sys\nsys.path.insert(0, {str(tmp_path / place)!r})\nimport stranger\n"
        f"sys.path.pop(0)\n{APPLICATION}",
        f"{place}/stranger.py": "import asyncio\nlock = asyncio.Lock()",
        "env/pyvenv.cfg": "",
    }
    assert modules_of(tmp_path, files, "patient") == ["patient"]


def test_an_application_that_is_installed(tmp_path: Path) -> None:
    """An application that is installed is read all the same, its package and no other one."""
    files = {
        "patient/__init__.py": APPLICATION + "import patient.parts, stranger",
        "patient/parts.py": "",
        "stranger.py": "",
    }
    assert modules_of(tmp_path / "site-packages", files, "patient") == ["patient", "patient.parts"]


def test_an_application_from_a_factory(tmp_path: Path) -> None:
    """Where no module holds the application, the modules of its handlers tell what is its own."""
    files = {
        "patient.py": """
            import asyncio
            from hawkapi import HawkAPI
            def create_app():
                lock = asyncio.Lock()
                app = HawkAPI()
                @app.get("/")
                async def index() -> int:
                    async with lock:
                        return 1
                return app
            """
    }
    with imported(tmp_path, files, "patient") as module:
        app = module.create_app()
        names = [each.name for each in Project(app, [route.handler for route in app.routes]).modules]
    assert names == ["patient"]


def test_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    """A module whose source has been spoilt since it was loaded is passed over."""
    files = {"patient.py": APPLICATION + "import patient_part", "patient_part.py": "x = 1"}
    with imported(tmp_path, files, "patient") as module:
        (tmp_path / "patient_part.py").write_text("x = (", encoding="utf-8")
        names = [each.name for each in Project(module.app, []).modules]
    assert names == ["patient"]


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        pytest.param("x = 1  # doctor: ignore[DOC060]", {"DOC060"}, id="one"),
        pytest.param("x = 1  # doctor: ignore[DOC060, DOC061] on purpose", {"DOC060", "DOC061"}, id="two"),
        pytest.param("x = 1  # noqa, doctor: ignore", {"DOC060", "DOC061", "DOC062"}, id="all"),
        pytest.param("x = 1  # the doctor: ignored", set(), id="another-word"),
        pytest.param("x = 'doctor: ignore'", set(), id="no-comment"),
    ],
)
def test_comments_that_allow(text: str, allowed: set[str]) -> None:
    """A comment allows the rules that it names on its line, or all of them."""
    place = Place(Path("x.py"), 1, text)
    assert {rule for rule in ("DOC060", "DOC061", "DOC062") if place.allows(rule)} == allowed


@pytest.mark.parametrize("text", ["\x0c", "text = 'a\u2028b'"], ids=["form-feed", "line-separator"])
def test_lines_are_those_of_python(tmp_path: Path, text: str) -> None:
    """What ends a line for `str.splitlines` alone does not move the comments that allow."""
    source = f"import asyncio\n{text}\n{APPLICATION}lock = asyncio.Lock()  # doctor: ignore\n"
    assert findings_in(tmp_path, {"patient.py": source}, "patient") == []


def test_a_long_expression(tmp_path: Path) -> None:
    """A sum that is nested more deeply than Python calls does not keep the rest from being read."""
    long = " + ".join(["1"] * 2_000)
    source = f"import asyncio\n{APPLICATION}total = {long}\nlock = asyncio.Lock()\n"
    assert [each.rule_id for each in findings_in(tmp_path, {"patient.py": source}, "patient")] == ["DOC060"]


@pytest.mark.parametrize(
    ("first", "rest"),
    [("x", " + x"), ("x", " and x"), ("x", "[0]")],
    ids=["sum", "condition", "items"],
)
def test_a_long_expression_in_a_handler(tmp_path: Path, first: str, rest: str) -> None:
    """It keeps no rule from looking: what is found is what is found with a short one."""
    body = "    global total\n    if total is None:\n        total = {0}\n    total = {0}\n    kept.append({0})\n"
    source = "kept: list[int] = []\ntotal = None\n\n@app.get('/')\nasync def count(x: int) -> int:\n" + body

    def found(times: int) -> list[tuple[str, str | None]]:
        files = {"patient.py": APPLICATION + "\n" + source.format(first + rest * times)}
        return [(each.rule_id, each.location) for each in findings_in(tmp_path, files, "patient")]

    short = found(2)
    assert short
    assert found(2_500) == short


def test_a_long_chain_of_calls(tmp_path: Path) -> None:
    """It is nothing that is known, and keeps no rule from looking."""
    source = f"{APPLICATION}kept = []\n\n@app.get('/')\nasync def count(x: int) -> None:\n    kept.append(x)\n"
    files = {"patient.py": source + f"    x{'.conjugate()' * 1_200}\n"}
    found = [each.rule_id for each in findings_in(tmp_path, files, "patient")]
    assert found == [each.rule_id for each in findings_in(tmp_path, {"patient.py": source}, "patient")]


def test_a_file_that_has_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module whose `__file__` no file can have is nobody's source, and the others are read."""
    odd = ModuleType("odd")
    odd.__file__ = "a\0b.py"
    monkeypatch.setitem(sys.modules, "odd", odd)
    source = f"import asyncio\n{APPLICATION}lock = asyncio.Lock()\n"
    assert [each.rule_id for each in findings_in(tmp_path, {"patient.py": source}, "patient")] == ["DOC060"]


@pytest.mark.parametrize(
    ("statement", "name", "origin"),
    [
        pytest.param("from . import x", "a.b.c", "a.b", id="same-package"),
        pytest.param("from .d import x", "a.b.c", "a.b.d", id="module-of-it"),
        pytest.param("from ..d import x", "a.b.c", "a.d", id="one-up"),
        pytest.param("from d import x", "a.b.c", "d", id="absolute"),
    ],
)
def test_relative_imports(statement: str, name: str, origin: str) -> None:
    """A relative import is read as the module that it means."""
    tree = ast.parse(statement)
    node = tree.body[0]
    assert isinstance(node, ast.ImportFrom)
    assert SourceModule(name, Path("c.py"), tree, (), {}).origin(node) == origin


def test_places_are_relative_to_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file below the current directory is named from there, any other one whole."""
    files = {"patient.py": f"{APPLICATION}import asyncio\nlock = asyncio.Lock()\n"}
    outside = [each.location for each in findings_in(tmp_path, files, "patient")]
    monkeypatch.chdir(tmp_path)
    assert [each.location for each in findings_in(tmp_path, files, "patient")] == ["patient.py:4"]
    assert outside == [f"{tmp_path / 'patient.py'}:4"]

"""`hawkapi migrate`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hawkapi.cli import status_of

OLD = "from fastapi import FastAPI\napp = FastAPI()\n"
NEW = "from hawkapi import HawkAPI\napp = HawkAPI()\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a directory with code of the project and of others, the current one."""
    pytest.importorskip("libcst", reason="reads and writes the modules")
    for name in ("main.py", "shop/web.py", ".hidden/a.py", "venv/b.py", "own/c.py", "shop/__pycache__/d.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(OLD)
    (tmp_path / "own" / "pyvenv.cfg").touch()
    (tmp_path / "plain.py").write_bytes(b"x = 1\r\n")
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(directory: Path) -> dict[str, bytes]:
    """Return the files below a directory by their relative name."""
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*.py")}


def test_in_place(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The project's files are rewritten, others are left, and a second run changes nothing."""
    before = contents(tree)
    assert status_of(["migrate", "."]) == 0
    captured = capsys.readouterr()
    assert captured.out == "Migrated 4 files, 1 warnings\n"
    assert captured.err == "  warn latin.py: it is not UTF-8, and is left as it is\n"
    after = contents(tree)
    changed = {name for name in before if before[name] != after[name]}
    assert (changed, after["main.py"]) == ({"main.py", "shop/web.py"}, NEW.encode())
    assert status_of(["migrate", "."]) == 0
    assert contents(tree) == after


def test_output(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All files are written elsewhere, with their layout, and the old ones are left."""
    before = contents(tree)
    assert status_of(["migrate", ".", "--output", "../new"]) == 0
    assert contents(tree) == before
    assert contents(tree.parent / "new") == {
        "latin.py": b"x = '\xe9'\n",
        "main.py": NEW.encode(),
        "plain.py": b"x = 1\r\n",
        "shop/web.py": NEW.encode(),
    }


def test_dry_run(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What would change is printed as a diff, and nothing is written."""
    before = contents(tree)
    assert status_of(["migrate", "main.py", "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "--- a/main.py\n+++ b/main.py\n@@ -1,2 +1,2 @@\n-from fastapi import FastAPI\n-app = FastAPI()\n"
        "+from hawkapi import HawkAPI\n+app = HawkAPI()\nMigrated 1 files, 0 warnings (dry-run)\n"
    )
    assert contents(tree) == before


def test_convert_models(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--convert-models` reaches the files."""
    (tree / "main.py").write_text("from pydantic import BaseModel\nclass A(BaseModel):\n    a: int\n")
    assert status_of(["migrate", "main.py", "--convert-models"]) == 0
    assert (tree / "main.py").read_text() == "import msgspec\nclass A(msgspec.Struct):\n    a: int\n"


def test_file_that_cannot_be_read(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file among others is left with a warning; the only one is a failure."""
    (tree / "shop" / "gone.py").symlink_to("nothing")
    assert status_of(["migrate", "shop"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "Migrated 2 files, 1 warnings\n"
    assert captured.err.startswith("  warn shop/gone.py: it cannot be read (No such file")
    assert (tree / "shop" / "web.py").read_text() == NEW


def test_nothing_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory without Python files is no failure; one that does not exist is."""
    assert status_of(["migrate", str(tmp_path)]) == 0
    assert status_of(["migrate", str(tmp_path / "none")]) == 1
    captured = capsys.readouterr()
    assert captured.out == f"No Python files found under '{tmp_path}'.\n"
    assert captured.err == f"hawkapi: {tmp_path / 'none'} does not exist\n"


def test_without_libcst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where libcst is not installed, one line says how to get it."""
    (tmp_path / "main.py").write_text(OLD)
    monkeypatch.setitem(sys.modules, "libcst", None)
    assert status_of(["migrate", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "hawkapi: hawkapi migrate needs libcst: pip install 'hawkapi[migrate]'\n"

"""`hawkapi new` and `hawkapi init`."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from subprocesses import run_python

import hawkapi
from hawkapi._scaffold.templates import generate_project
from hawkapi.cli import status_of

FILES = {"main.py", "pyproject.toml", ".gitignore", "tests/__init__.py", "tests/test_main.py"}


def files(directory: Path) -> set[str]:
    """Return the names of the files below a directory."""
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("docker", "more"), [(False, set()), (True, {"Dockerfile", ".dockerignore"})], ids=["plain", "docker"]
)
def test_files(docker: bool, more: set[str], tmp_path: Path) -> None:
    """The project has these files, and its name where it belongs."""
    generate_project(tmp_path / "shop", name="My shop", docker=docker)
    assert files(tmp_path / "shop") == FILES | more
    project = tomllib.loads((tmp_path / "shop" / "pyproject.toml").read_text("utf-8"))["project"]
    assert (project["name"], project["dependencies"]) == ("my-shop", ["hawkapi[uvicorn]>=0.3"])
    main = (tmp_path / "shop" / "main.py").read_text("utf-8")
    for expected in ('title="My shop"', "container.singleton(", "Depends()", "CORSMiddleware", "RequestIDMiddleware"):
        assert expected in main


def test_tests_of_the_project(tmp_path: Path) -> None:
    """A new project passes its own tests, with warnings as errors."""
    generate_project(tmp_path, name="shop")
    done = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path))
    assert (done.returncode, "3 passed" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "--no-cache", "."],
        ["ruff", "format", "--no-cache", "--check", "."],
        ["mypy", "--cache-dir=/dev/null", "main.py"],
    ],
    ids=["lint", "format", "types"],
)
def test_checks_of_the_project(command: list[str], tmp_path: Path) -> None:
    """A new project passes the checks that it is configured for."""
    pytest.importorskip(command[0], reason="is not in every environment")
    generate_project(tmp_path, name="shop")
    whole = [sys.executable, "-m", *command]
    # mypy finds what is installed by itself, and does not want it named; a checkout it does not find.
    home = Path(hawkapi.__file__).parents[1]
    env = os.environ if home.name == "site-packages" else {**os.environ, "MYPYPATH": str(home)}
    done = subprocess.run(whole, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_tools_without_the_gil(tmp_path: Path) -> None:
    """What `.[dev]` asks for has wheels for 3.13t: mypy 1.18 is the last that needs no extension modules."""
    generate_project(tmp_path, name="shop")
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))["project"]
    assert "mypy>=1.15,<1.19" in project["optional-dependencies"]["dev"]


def test_container_file(tmp_path: Path) -> None:
    """The image has what the file copies, and runs `hawkapi run` with options that there are, not as root."""
    generate_project(tmp_path, name="shop", docker=True)
    lines = (tmp_path / "Dockerfile").read_text("utf-8").splitlines()
    assert "COPY pyproject.toml main.py ./" in lines
    assert "USER 10001" in lines
    assert lines[-1] == 'CMD ["hawkapi", "run", "main:app", "--host", "0.0.0.0", "--port", "8000"]'


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", 'a"b', "a'b", "a\nb", "1st", "a-", "é", "x" * 65, "HawkAPI", "pytest"], ids=repr
)
def test_name_that_is_none(name: str, tmp_path: Path) -> None:
    """A name that would mean something in a path or in the files is refused, and nothing is written."""
    with pytest.raises(ValueError, match="cannot be the name of a project"):
        generate_project(tmp_path / "new", name=name)
    assert list(tmp_path.iterdir()) == []


def test_file_that_exists(tmp_path: Path) -> None:
    """Nothing is overwritten, and nothing else is written then."""
    (tmp_path / "main.py").write_text("mine")
    with pytest.raises(FileExistsError, match="nothing was written"):
        generate_project(tmp_path, name="shop")
    assert files(tmp_path) == {"main.py"}
    assert (tmp_path / "main.py").read_text() == "mine"


def test_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`hawkapi new` writes into a directory of the project's name, which must not be there."""
    monkeypatch.chdir(tmp_path)
    assert status_of(["new", "shop", "--docker"]) == 0
    assert capsys.readouterr().out.startswith("Created shop. Next:\n  cd 'shop'\n")
    assert files(tmp_path / "shop") == {*FILES, "Dockerfile", ".dockerignore"}
    assert status_of(["new", "shop"]) == 1
    assert status_of(["new", "a/b"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "hawkapi: shop exists already: take another name, or remove it first",
        (
            "hawkapi: 'a/b' cannot be the name of a project: begin with a letter, then take letters, digits, and . _ - "
            "or spaces between them, 64 at most"
        ),
    ]


def test_init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`hawkapi init` writes the settings that are not there yet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("MINE=1\n")
    assert status_of(["init"]) == 0
    assert capsys.readouterr().out == "Already exists: .env\nCreated: .env.example\n"
    assert (tmp_path / ".env").read_text() == "MINE=1\n"
    example = (tmp_path / ".env.example").read_text()
    assert [line.partition("=")[0] for line in example.splitlines()] == ["DEBUG", "PORT", "DATABASE_URL", "SECRET_KEY"]
    (tmp_path / ".env").unlink()
    assert status_of(["init"]) == 0
    assert (tmp_path / ".env").read_text() == "".join(f"# {line}\n" for line in example.splitlines())

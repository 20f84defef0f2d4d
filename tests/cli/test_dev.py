"""`hawkapi dev`: what it asks uvicorn for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hawkapi import HawkAPI
from hawkapi.cli import status_of as main

type Write = Callable[[dict[str, str]], Path]
type Calls = list[tuple[tuple[Any, ...], dict[str, Any]]]

APP = "from hawkapi import HawkAPI\napp = HawkAPI()\n"
DEFAULTS = {"host": "127.0.0.1", "port": 8000, "reload": True}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Record the calls of `uvicorn.run`, which do nothing."""
    uvicorn = pytest.importorskip("uvicorn")
    recorded: Calls = []
    monkeypatch.setattr(uvicorn, "run", lambda *args, **options: recorded.append((args, options)))
    return recorded


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        pytest.param([], DEFAULTS, id="defaults"),
        pytest.param(
            ["--host", "0.0.0.0", "--port", "9000", "--no-reload"],  # noqa: S104 - nothing listens
            {"host": "0.0.0.0", "port": 9000, "reload": False},  # noqa: S104
            id="all",
        ),
        pytest.param(["--no-uvloop"], {**DEFAULTS, "loop": "asyncio"}, id="no-uvloop"),
        pytest.param(["--factory"], {**DEFAULTS, "factory": True}, id="factory"),
    ],
)
def test_options(arguments: list[str], options: dict[str, Any], project: Write, calls: Calls) -> None:
    """uvicorn gets exactly the options that were given, and those that always are."""
    project({"main.py": APP})
    assert main(["dev", "main:app", *arguments]) == 0
    assert calls == [(("main:app",), options)]


@pytest.mark.parametrize(
    ("files", "target", "reference", "more"),
    [
        pytest.param({"main.py": APP}, [], "main:app", {}, id="nothing"),
        pytest.param({"main.py": APP}, ["main.py"], "main:app", {}, id="file"),
        pytest.param({"main.py": "1 / 0"}, ["main:app"], "main:app", {}, id="broken-module-is-left-to-the-reloader"),
        pytest.param({"shop/web.py": APP}, ["shop/web.py"], "web:app", {}, id="file-below"),
        pytest.param(
            {"shop/main.py": "x = 1\n", "shop/app.py": APP},
            ["shop:app"],
            "app:app",
            {},
            id="second-file-of-a-directory",
        ),
        pytest.param(
            {"main.py": APP.replace("app =", "def create_app(): return")},
            ["main"],
            "main:create_app",
            {"factory": True},
            id="factory",
        ),
    ],
)
def test_target(
    files: dict[str, str], target: list[str], reference: str, more: dict[str, Any], project: Write, calls: Calls
) -> None:
    """Any target becomes one that the reloader's child process can import."""
    project(files)
    assert main(["dev", *target]) == 0
    assert calls == [((reference,), {**DEFAULTS, **more})]


def test_target_elsewhere(project: Write, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a project outside of the current directory are watched."""
    here = project({"web/main.py": APP, "other/readme": ""})
    monkeypatch.chdir(here / "other")
    assert main(["dev", "../web/main.py"]) == 0
    assert calls == [(("main:app",), {**DEFAULTS, "reload_dirs": [str(here / "web")]})]
    assert sys.path[0] == str(here / "web")


def test_module_that_is_not_there(project: Write, calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    """A module that is not there is said to be missing; the reloader may still find it."""
    here = project({})
    assert main(["dev", "shop:app"]) == 0
    assert calls == [(("shop:app",), DEFAULTS)]
    assert capsys.readouterr().err.splitlines() == [
        f"hawkapi: could not import module 'shop': there is none in {here} or on the Python path",
        "hawkapi: http://127.0.0.1:8000 (restarts when a file changes, Ctrl+C stops it)",
    ]


def test_no_application(project: Write, calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing can be found, nothing is served."""
    project({})
    assert main(["dev"]) == 1
    assert capsys.readouterr().err.startswith("hawkapi: no application was found in ")
    assert calls == []


def test_without_uvicorn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without uvicorn the extra is named."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["dev", "main:app"]) == 1
    assert capsys.readouterr().err == "hawkapi: hawkapi dev needs uvicorn: pip install 'hawkapi[uvicorn]'\n"


@pytest.mark.parametrize(("code", "status"), [(0, 0), (None, 0), (1, 1), (3, 1), ("stopped", 1)])
def test_end_of_the_server(code: object, status: int, project: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status is that of every command, whatever uvicorn exits with: 3 for a start that failed."""
    uvicorn = pytest.importorskip("uvicorn")

    def fail(*_: object, **__: object) -> None:
        raise SystemExit(code)

    project({"main.py": APP})
    monkeypatch.setattr(uvicorn, "run", fail)
    assert main(["dev", "main:app"]) == status


@pytest.mark.parametrize("before", [None, "0"], ids=["unset", "set"])
def test_debugging(before: str | None, project: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Applications made while the command serves show tracebacks; afterwards all is as it was."""
    uvicorn = pytest.importorskip("uvicorn")
    if before is None:
        monkeypatch.delenv("HAWKAPI_DEBUG", raising=False)
    else:
        monkeypatch.setenv("HAWKAPI_DEBUG", before)
    made: list[bool] = []
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: made.append(HawkAPI().debug))
    project({"main.py": APP})
    main(["dev", "main:app"])
    assert (made, HawkAPI().debug, os.environ.get("HAWKAPI_DEBUG")) == ([True], False, before)

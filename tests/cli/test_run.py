"""`hawkapi run`: its options, the choice of a server, and the GIL."""

from __future__ import annotations

import dataclasses
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from run_settings import SETTINGS

from hawkapi.cli import run
from hawkapi.cli import status_of as main
from hawkapi.cli._errors import CommandError
from hawkapi.cli._gil import GilWatch, gil_enabled, watch
from hawkapi.codec import CODEC

WARNING = (
    "The global interpreter lock (GIL) has been enabled to load module 'fast._core', which has not declared that it "
    "can run safely without the GIL."
)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--workers", "2", "--threads", "2"],
            "--workers and --threads exclude each other: processes, or threads of one process",
            id="workers-threads",
        ),
        pytest.param(["--ssl-keyfile", "key.pem"], "--ssl-keyfile needs --ssl-certfile", id="key-only"),
    ],
)
def test_options_that_exclude_each_other(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such a command line is wrong usage, whatever the application."""
    assert main(["run", "main:app", *arguments]) == 2
    assert capsys.readouterr().err == f"hawkapi: {message}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--port", "65536"], "argument --port: 65536 is not from 0 to 65535", id="port-above"),
        pytest.param(["--port", "-1"], "argument --port: -1 is not from 0 to 65535", id="port-below"),
        pytest.param(["--threads", "0"], "argument --threads: 0 is less than 1", id="no-threads"),
        pytest.param(["--workers", "x"], "argument --workers: 'x' is not a whole number", id="no-number"),
        pytest.param(["--thread", "2"], "unrecognized arguments: --thread 2; did you mean --threads?", id="misspelt"),
        pytest.param(["--reload"], "unrecognized arguments: --reload; hawkapi dev reloads", id="of-dev"),
        pytest.param(["--zzz"], "unrecognized arguments: --zzz", id="like-no-other"),
    ],
)
def test_options_that_are_wrong(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage exits with 2 and says in one line what is wrong."""
    with pytest.raises(SystemExit) as caught:
        main(["run", "main:app", *arguments])
    line = f"hawkapi run: error: {message} (usage: hawkapi run --help)\n"
    assert (caught.value.code, capsys.readouterr().err) == (2, line)


@pytest.mark.parametrize(
    ("wanted", "installed", "without_gil", "chosen"),
    [
        pytest.param("auto", {"granian", "uvicorn"}, False, "granian", id="both"),
        pytest.param("auto", {"granian", "uvicorn"}, True, "uvicorn", id="both-free-threaded"),
        pytest.param("auto", {"uvicorn"}, False, "uvicorn", id="only-uvicorn"),
        pytest.param("auto", {"granian"}, True, "granian", id="only-granian-free-threaded"),
        pytest.param("granian", {"granian", "uvicorn"}, True, "granian", id="wanted"),
    ],
)
def test_choice_of_a_server(wanted: str, installed: set[str], without_gil: bool, chosen: str) -> None:
    """granian comes first where it stops cleanly, uvicorn on free-threaded builds."""
    assert run.choose_server(wanted, installed.__contains__, free_threaded=without_gil) == chosen


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        pytest.param("auto", "no server is installed: pip install 'hawkapi[granian]' or 'hawkapi[uvicorn]'", id="auto"),
        pytest.param("granian", "granian is not installed: pip install 'hawkapi[granian]'", id="granian"),
        pytest.param("uvicorn", "uvicorn is not installed: pip install 'hawkapi[uvicorn]'", id="uvicorn"),
    ],
)
def test_no_server(wanted: str, message: str) -> None:
    """What is missing is named with the extra that has it."""
    with pytest.raises(CommandError) as caught:
        run.choose_server(wanted, lambda _: False)
    assert str(caught.value) == message


def test_watch_names_the_module_that_switched_the_gil_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter's warning is kept back, and the module that it names is the reason."""
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    with watch() as gil:
        warnings.warn(WARNING, RuntimeWarning, stacklevel=1)
        monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True)
    assert (gil.at_start, gil.enabled, gil.culprit) == (False, True, "fast._core")
    gil.free_threaded = True
    assert gil.reason() == (
        "importing fast._core switched it on, which does not declare that it can run without; PYTHON_GIL=0 keeps it "
        "off, at that module's risk"
    )


def test_watch_lets_other_warnings_through() -> None:
    """A warning of a user's module is shown as if nobody had watched."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with watch() as gil:
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert [(str(warning.message), warning.category) for warning in shown] == [("old", DeprecationWarning)]
    assert gil.culprit is None


@pytest.mark.parametrize(
    ("without_gil", "at_start", "reason"),
    [
        pytest.param(False, True, "this build of Python always has it", id="build"),
        pytest.param(
            True, True, "it was switched on when Python started (PYTHON_GIL=1 or -X gil=1)", id="from-the-start"
        ),
        pytest.param(
            True,
            False,
            "a module that was imported switched it on; `hawkapi info --import MODULE` tells whether it was one",
            id="silently",
        ),
    ],
)
def test_reason_why_the_gil_is_on(without_gil: bool, at_start: bool, reason: str) -> None:
    """The reason is told as far as it is known."""
    assert GilWatch(at_start=at_start, enabled=True, free_threaded=without_gil).reason() == reason


@pytest.mark.parametrize(
    ("enabled", "without_gil", "policy", "threads", "message"),
    [
        pytest.param(False, True, "refuse", 2, None, id="off"),
        pytest.param(True, True, "ignore", 2, None, id="ignored"),
        pytest.param(True, False, "refuse", 1, None, id="build-with-the-gil-one-thread"),
        pytest.param(
            True,
            True,
            "warn",
            1,
            "the GIL is on: it was switched on when Python started (PYTHON_GIL=1 or -X gil=1)",
            id="one-thread",
        ),
        pytest.param(
            True,
            False,
            "warn",
            2,
            "the GIL is on, so 2 threads take turns (--workers uses processes): this build of Python always has it",
            id="build-with-the-gil",
        ),
    ],
)
def test_gil_policy(
    enabled: bool,
    without_gil: bool,
    policy: str,
    threads: int,
    message: str | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A warning is one line on stderr; refusing is an error with the same words."""
    gil = GilWatch(at_start=True, enabled=enabled, free_threaded=without_gil)
    run.heed_gil(gil, policy, threads)
    assert capsys.readouterr().err == ("" if message is None else f"hawkapi: warning: {message}\n")
    if policy == "warn":
        with pytest.raises(CommandError) as caught:
            run.heed_gil(gil, "refuse", threads)
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        pytest.param({}, "http://127.0.0.1:8000 (uvicorn, 1 worker, ", id="plain"),
        pytest.param({"threads": 4, "host": "::1"}, "http://[::1]:8000 (uvicorn, 4 threads, ", id="threads"),
        pytest.param(
            {"workers": 4, "ssl_certfile": Path("cert.pem")},
            "https://127.0.0.1:8000 (uvicorn, 4 workers, ",
            id="workers-tls",
        ),
        pytest.param(
            {"unix_socket": Path("/run/shop.sock")}, "http+unix:///run/shop.sock (uvicorn, 1 worker, ", id="unix-socket"
        ),
    ],
)
def test_line(changes: dict[str, Any], line: str) -> None:
    """One line says what serves, where and how."""
    gil = "on" if gil_enabled() else "off"
    settings = dataclasses.replace(SETTINGS, **{"port": 8000, **changes})
    assert run.summary("uvicorn", settings) == f"{line}GIL {gil}, codec {CODEC})"

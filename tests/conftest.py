"""What every run of the suite makes sure of first."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import sysconfig
from pathlib import Path

import pytest
from rsgi import serve_everything_through_rsgi

import hawkapi
from hawkapi.cli.info import compiled_modules
from hawkapi.codec import CODEC

FREE_THREADED_BUILD = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def gil_is_on() -> bool:
    """Whether the GIL is on now; interpreters that cannot tell have one."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run choose how requests reach applications."""
    parser.addoption("--entry", choices=("asgi", "rsgi"), default="asgi", help="by which requests reach applications")


def pytest_configure(config: pytest.Config) -> None:
    """Stop at once when the package under test is not the one that is meant."""
    if "HAWKAPI_SWITCH_INTERVAL" in os.environ:
        # `nox -s races`: with a GIL, threads meet at more places the more often it is passed on.
        sys.setswitchinterval(float(os.environ["HAWKAPI_SWITCH_INTERVAL"]))
    if config.getoption("--entry") == "rsgi":
        serve_everything_through_rsgi()
    wheel = os.environ.get("HAWKAPI_TEST_WHEEL")
    home = Path(hawkapi.__file__).resolve()
    if wheel is not None:
        places = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
        if not any(place in home.parents for place in places):
            pytest.exit(f"hawkapi was imported from {home}, not from site-packages", returncode=3)
        compiled = [row["module"] for row in compiled_modules() if row["compiled"]]
        listed = [row["module"] for row in compiled_modules()]
        if compiled != (listed if wheel == "compiled" else []):
            pytest.exit(f"this is not the {wheel} wheel: compiled are {compiled or 'no modules'}", returncode=3)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, where requests go through RSGI, what is about ASGI; the reasons are in the report."""
    if config.getoption("--entry") == "rsgi":
        for item in items:
            marker = item.get_closest_marker("asgi_only")
            if marker is not None:
                item.add_marker(pytest.mark.skip(reason=f"through RSGI: {marker.args[0]}"))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is tested, where it came from, and in which state the interpreter is."""
    gil = "on" if gil_is_on() else "off"
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    return [
        f"hawkapi {hawkapi.__version__} from {Path(hawkapi.__file__).parent}",
        f"codec {CODEC}, GIL {gil}, {suffix}",
    ]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a free-threaded run in which some module switched the GIL on: it would have proved nothing."""
    if FREE_THREADED_BUILD and gil_is_on():
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        sys.stderr.write(
            "\nthe GIL was switched on during the run; `hawkapi info --import MODULE` tells by which module\n"
        )

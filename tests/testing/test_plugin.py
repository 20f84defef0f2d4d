"""The fixtures for users' own tests, in a run of pytest of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from subprocesses import environment

CONFTEST = """
import pytest
from hawkapi import HawkAPI

pytest_plugins = ["hawkapi.testing.plugin"]

@pytest.fixture
def app():
    app = HawkAPI()
    app.on_startup(lambda: setattr(app.state, "started", True))

    @app.get("/")
    async def started() -> bool:
        return "started" in app.state

    return app
"""

TESTS = """
def test_client(hawk_client):
    assert hawk_client.get("/").json() is False
    with hawk_client:
        assert hawk_client.get("/").json() is True

def test_hammer(hammer, app):
    assert hammer(app, "/", threads=2, rounds=2).requests == 4

def test_imports_are_not_collected():
    from hawkapi.testing import TestClient, TestResponse
"""


def test_fixtures(tmp_path: Path) -> None:
    """A project that lists the plugin and has an `app` fixture gets a client and `hammer`, without warnings."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_app.py").write_text(f"from hawkapi.testing import *\n{TESTS}")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
    ]
    done = subprocess.run([*command, str(tmp_path)], env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout

"""What the README promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from asgi import request

PROJECT = Path(__file__).parent.parent
README = PROJECT / "README.md"

pytestmark = pytest.mark.skipif(not README.exists(), reason="the checkout's README is not beside these tests")


def commands() -> list[str]:
    """Return the README's set-up commands, in order."""
    return re.findall(r"^python3 -m venv .*$", README.read_text(encoding="utf-8"), re.MULTILINE)


def test_readme_has_one_command_for_wheels_and_one_for_tests() -> None:
    """Each ends in the session that it is about."""
    assert [command.rsplit("bin/", 1)[1] for command in commands()] == ["nox -s wheels", "nox -s tests"]


def test_ci_runs_what_the_readme_says() -> None:
    """The landing script calls the README's test command, then its wheel command, to the letter."""
    script = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    wheels, tests = commands()
    assert [line for line in script.splitlines() if "nox" in line] == [tests, wheels]


def test_readme_application_answers_as_it_says() -> None:
    """The ten lines work."""
    source = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[0]
    names: dict[str, object] = {}
    exec(source, names)  # noqa: S102 - the README's own example
    reply = request(names["app"], "GET", "/hello/world?excited=true")
    assert (reply.status, reply.json()) == (200, {"message": "Hello, world!"})

"""What the README promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from asgi import request
from subprocesses import run_python

from hawkapi._scaffold.templates import generate_project

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


def test_readme_project_passes_its_tests(tmp_path: Path) -> None:
    """A new project with the README's database and test in it works."""
    _, application, test = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    generate_project(tmp_path, name="notes")
    for name, added in (("main.py", application), ("tests/test_main.py", test)):
        source = (tmp_path / name).read_text("utf-8")
        future = "from __future__ import annotations\n"
        imports, body = added.split("\n\n", 1)
        source = source.replace(future, future + imports + "\n", 1)
        (tmp_path / name).write_text(f"{source}\n{body}", encoding="utf-8")
    done = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path))
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout

"""`hawkapi doctor`."""

from __future__ import annotations

import io
import json
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from hawkapi.cli import status_of

type Write = Callable[[dict[str, str]], Path]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
BEGINNING = "import asyncio\nfrom hawkapi import HawkAPI, Request\napp = HawkAPI()\n"
ERROR = f"{BEGINNING}lock = asyncio.Lock()\n"
WARNING = f"{BEGINNING}@app.get('/')\nasync def index() -> int:\n    app.state.n += 1\n    return 1\n"
HINT = f"{BEGINNING}@app.get('/')\ndef index(request: Request) -> int:\n    request.state.n = 1\n    return 1\n"


@pytest.mark.parametrize(
    ("source", "summary", "status"),
    [
        pytest.param(BEGINNING, "0 errors, 0 warnings, 0 info · exit 0", 0, id="nothing"),
        pytest.param(HINT, "0 errors, 0 warnings, 1 info · exit 0", 0, id="info"),
        pytest.param(WARNING, "0 errors, 1 warnings, 0 info · exit 1", 1, id="warning"),
        pytest.param(ERROR, "1 errors, 0 warnings, 0 info · exit 2", 2, id="error"),
    ],
)
def test_exit_status(
    project: Write, capsys: pytest.CaptureFixture[str], source: str, summary: str, status: int
) -> None:
    """The findings are printed for a person, and the worst decides the exit status."""
    project({"main.py": source})
    assert status_of(["doctor", "--threads", "main:app"]) == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "hawkapi doctor — main:app"
    assert lines[-1] == f"Summary: {summary}"


def test_file_and_line(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """A finding names the file, from the current directory, and the line."""
    project({"main.py": ERROR})
    status_of(["doctor", "--threads"])
    assert "✖  DOC060  main.py:4" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("name", "printed", "status"),
    [
        pytest.param("risky_shop", "risky-shop-doctor.txt", 2, id="risky"),
        pytest.param("safe_shop", None, 0, id="safe"),
    ],
)
def test_the_examples_of_the_guide(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, printed: str | None, status: int
) -> None:
    """The page shows what the risky shop is told; the safe one is told nothing."""
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr(sys, "path", list(sys.path))
    try:
        assert status_of(["doctor", "--threads", f"{name}:app"]) == status
    finally:
        sys.modules.pop(name, None)
    text = capsys.readouterr().out
    assert text == (EXAMPLES / printed).read_text("utf-8") if printed else "No findings" in text


def test_json(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """`--format json` prints nothing but the JSON, and nothing on stderr."""
    project({"main.py": WARNING})
    assert status_of(["doctor", "--threads", "--format", "json"]) == 1
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report["summary"] == {"errors": 0, "warnings": 1, "info": 0, "total": 1}
    assert (report["findings"][0]["rule_id"], report["findings"][0]["location"]) == ("DOC063", "main.py:6")
    assert printed.err == ""


def test_an_output_that_is_not_utf_8(project: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stdout cannot say a marker, the report is printed with something else in its place."""
    project({"main.py": WARNING})
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding="ascii", write_through=True))
    assert status_of(["doctor", "--threads"]) == 1
    assert output.getvalue().splitlines()[2] == b"?  DOC063  main.py:6"


def test_json_of_an_application_that_prints(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """What a module prints when it is imported goes to stderr, so that stdout stays JSON."""
    project({"main.py": f"{BEGINNING}print('starting')\n"})
    assert status_of(["doctor", "--threads", "--format", "json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["summary"]["total"] == 0
    assert printed.err == "starting\n"


@pytest.mark.parametrize("option", ["--severity", "--min-severity"])
def test_severity(project: Write, capsys: pytest.CaptureFixture[str], option: str) -> None:
    """Findings below the severity that was asked for are not reported, and do not count."""
    project({"main.py": WARNING})
    assert status_of(["doctor", "--threads", "--offline", option, "error"]) == 0
    assert "No findings" in capsys.readouterr().out


def test_what_was_not_looked_for_is_said(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """An interpreter that always has the GIL says that it cannot tell who switches it on."""
    project({"main.py": BEGINNING})
    status_of(["doctor", "--threads"])
    note = "hawkapi: this interpreter always has the GIL, so imports that switch it on were not looked for (DOC070)\n"
    assert capsys.readouterr().err == ("" if sysconfig.get_config_var("Py_GIL_DISABLED") else note)


@pytest.mark.parametrize(
    ("source", "arguments", "message", "status"),
    [
        pytest.param(
            "async def app(scope, receive, send): ...",
            ["--threads"],
            "hawkapi: main:app is a function, whose parts hawkapi does not know\n",
            1,
            id="no-application-of-ours",
        ),
    ],
)
def test_errors(
    project: Write,
    capsys: pytest.CaptureFixture[str],
    source: str,
    arguments: list[str],
    message: str,
    status: int,
) -> None:
    """What cannot be done is said in one line."""
    project({"main.py": source})
    assert status_of(["doctor", *arguments]) == status
    assert capsys.readouterr().err == message


def test_rules_about_the_application(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--threads` the application is looked at as it is registered, and nothing is said on stderr."""
    project({"main.py": f"{BEGINNING}app.state.key = 'changeme'\nlock = asyncio.Lock()\n"})
    assert status_of(["doctor", "--offline", "--format", "json", "--severity", "warn", "main:app"]) == 2
    printed = capsys.readouterr()
    assert [each["rule_id"] for each in json.loads(printed.out)["findings"]] == ["DOC013", "DOC020"]
    assert printed.err == ""


def test_fix_keeps_the_json_whole(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """`--fix` says on stderr that it mends nothing; stdout is JSON all the same."""
    project({"main.py": BEGINNING})
    assert status_of(["doctor", "--offline", "--format", "json", "--fix", "--severity", "error"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["summary"]["total"] == 0
    assert printed.err == "hawkapi: nothing was mended; each finding says how to\n"

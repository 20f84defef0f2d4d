"""`hawkapi gen-client`."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hawkapi.cli import status_of as main

type Write = Callable[[dict[str, str]], Path]

SHOP = """
from hawkapi import HawkAPI

app = HawkAPI(title="Shop")

@app.get("/items/{item_id}")
async def read_item(item_id: int) -> dict[str, int]: ...

def make(): return app
"""
SPEC = {"openapi": "3.0.3", "info": {"title": "Other", "version": "1"}, "paths": {"/a": {"get": {"operationId": "a"}}}}


@pytest.mark.parametrize(
    ("arguments", "file", "text"),
    [
        pytest.param(
            ["python", "--app", "shop:app"], "client.py", "async def read_item(self, item_id: int)", id="python"
        ),
        pytest.param(["typescript", "--app", "shop:app"], "client.ts", "async readItem(params: {", id="typescript"),
        pytest.param(["--lang", "python", "--app", "shop:app"], "client.py", "import msgspec", id="lang"),
        pytest.param(["python", "--app", "shop:make", "--factory"], "client.py", "Client of Shop", id="factory"),
        pytest.param(["python", "--spec", "spec.json"], "client.py", "async def a(self) -> None", id="spec"),
        pytest.param(
            ["python", "--spec", "spec.json", "--models", "dataclass"], "client.py", "import dataclasses", id="models"
        ),
    ],
)
def test_client(project: Write, capsys: pytest.CaptureFixture[str], arguments: list[str], file: str, text: str) -> None:
    """The client is written into a directory that is made, and its absolute path printed."""
    place = project({"shop.py": SHOP, "spec.json": json.dumps(SPEC)})
    assert main(["gen-client", *arguments, "--out", "clients/new"]) == 0
    written = place / "clients" / "new" / file
    assert capsys.readouterr().out == f"{written.resolve()}\n"
    assert text in written.read_text("utf-8")


def test_yaml(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """YAML is read where PyYAML is, and asked for where it is not; statuses are numbers there."""
    project({"spec.yaml": "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        200: {}\n"})
    status = main(["gen-client", "python", "--spec", "spec.yaml", "--out", "."])
    if importlib.util.find_spec("yaml") is None:
        expected = "hawkapi: spec.yaml is YAML, for which PyYAML is needed: pip install 'hawkapi[yaml]'\n"
        assert (status, capsys.readouterr().err) == (1, expected)
    else:
        assert status == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--spec", "none.json"], "cannot read none.json: No such file or directory", id="no-file"),
        pytest.param(
            ["--spec", "broken.json"],
            "broken.json is no JSON: Expecting value: line 1 column 1 (char 0)",
            id="no-json",
        ),
        pytest.param(["--spec", "deep.json"], "deep.json is nested too deeply", id="deep"),
        pytest.param(
            ["--spec", "list.json"],
            "list.json is no OpenAPI document: it is no object with `openapi` and `paths`",
            id="no-document",
        ),
        pytest.param(
            ["--app", "bare:app"],
            "bare:app is a function, which has neither openapi() nor routes",
            id="other-app",
        ),
        pytest.param(
            ["--spec", "old.json"],
            "no client can be made of old.json: #/openapi: this is OpenAPI 2.9; clients are made of OpenAPI 3",
            id="old-document",
        ),
        pytest.param(["--spec", "spec.json"], "cannot make file: File exists", id="no-directory"),
    ],
)
def test_failure(project: Write, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    """One line says what is in the way, and the status is 1."""
    project(
        {
            "broken.json": "openapi: 3",
            "deep.json": "[" * 200_000,
            "list.json": "[]",
            "old.json": json.dumps({**SPEC, "openapi": "2.9"}),
            "spec.json": json.dumps(SPEC),
            "bare.py": "async def app(scope, receive, send): ...",
            "file": "",
        }
    )
    out = "file" if "spec.json" in arguments else "out"
    assert main(["gen-client", "python", *arguments, "--out", out]) == 1
    assert capsys.readouterr().err == f"hawkapi: {message}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--app", "shop:app", "--out", "x"], id="no-language"),
        pytest.param(["ruby", "--app", "shop:app", "--out", "x"], id="other-language"),
        pytest.param(["python", "--lang", "python", "--app", "shop:app", "--out", "x"], id="twice"),
        pytest.param(["python", "--out", "x"], id="no-source"),
        pytest.param(["python", "--app", "a:b", "--spec", "c", "--out", "x"], id="two-sources"),
        pytest.param(["python", "--app", "shop:app"], id="no-directory"),
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The status is 2, and one line says why."""
    with pytest.raises(SystemExit) as caught:
        main(["gen-client", *arguments])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("hawkapi gen-client: error: ")

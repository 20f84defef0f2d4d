"""`hawkapi check`, `diff`, `changelog` and `openapi`."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, override

import pytest

from hawkapi.cli import _reading
from hawkapi.cli import status_of as main

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

type Write = Callable[[dict[str, str]], Path]

OLD = """
from hawkapi import HawkAPI
app = HawkAPI(health_url=None, readyz_url=None, livez_url=None)

@app.get("/items", name="items")
def items(limit: int = 10) -> list[int]:
    "Return the items."
    return []

@app.get("/gone", name="gone")
def gone() -> int:
    "Return a number."
    return 1
"""
NEW = OLD.partition('@app.get("/gone"')[0].replace("limit: int = 10", "limit: int")
REPORT = (
    "BREAKING CHANGES (2):\n"
    "  - [GET] /items: Parameter 'limit' became required\n"
    "  - [GET] /gone: Path /gone was removed\n"
)


@pytest.fixture
def shop(project: Write) -> Path:
    """Two versions as modules, and as documents, and a module whose handler has no docstring."""
    here = project({"shop.py": OLD, "api.py": NEW, "application.py": OLD.replace('"Return the items."', "")})
    for name in ("shop", "api"):
        assert main(["openapi", f"{name}:app", "-o", f"{name}.json"]) == 0
    return here


@pytest.mark.parametrize("old", ["shop:app", "shop.json", "shop.py:app", "./shop.py"])
@pytest.mark.parametrize("new", ["api:app", "api.json"])
@pytest.mark.usefixtures("shop")
def test_diff(old: str, new: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Applications and documents are compared with one another; a breaking change is status 1."""
    assert main(["diff", old, new]) == 1
    assert capsys.readouterr().out == REPORT


@pytest.mark.usefixtures("shop")
def test_diff_without_breaking_changes(capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings are reported, but do not fail; nothing to report is said."""
    assert main(["diff", "shop:app", "shop.json"]) == 0
    assert capsys.readouterr().out == "No API changes detected.\n"
    documents: Iterator[dict[str, Any]] = (
        {"paths": {"/a": {"get": {"responses": {code: {} for code in codes}}}}} for codes in ("14", "1")
    )
    for name, document in zip(("a.json", "b.json"), documents, strict=True):
        Path(name).write_text(json.dumps(document), encoding="utf-8")
    assert main(["diff", "a.json", "b.json"]) == 0
    assert capsys.readouterr().out == "WARNINGS (1):\n  - [GET] /a: Response status 4 was removed\n"


@pytest.mark.usefixtures("shop")
def test_diff_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The changes are objects, and the status is the same."""
    assert main(["diff", "shop:app", "api:app", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)[1] == {
        "type": "path_removed",
        "severity": "breaking",
        "path": "/gone",
        "method": "get",
        "description": "Path /gone was removed",
        "old_value": None,
        "new_value": None,
    }


def test_diff_of_two_versions_of_one_module(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """An application of another directory has its own modules, and what it prints disturbs nothing."""
    files = {"main.py": f"from models import *\nprint('hello')\n{NEW}", "models.py": "x = 1"}
    project({**files, "before/main.py": f"from models import y\nprint('hello')\n{OLD}", "before/models.py": "y = 1"})
    assert main(["diff", "before/main.py:app", "main:app"]) == 1
    assert capsys.readouterr().out.removeprefix("hello\n") == REPORT
    assert main(["diff", "before", "before"]) == 0


def test_diff_with_a_broken_version(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """What the other interpreter says is said: its traceback, then one line."""
    here = project({"main.py": NEW, "before/main.py": "1 / 0"})
    assert main(["diff", "before/main.py:app", "main:app"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == (
        f"hawkapi: could not import module 'main': ZeroDivisionError: division by zero ({here}/before/main.py, line 1)"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "issues"),
    [
        pytest.param([], 1, 1, id="default"),
        pytest.param(["--severity", "info"], 1, 1, id="info"),
        pytest.param(["--severity", "warning"], 1, 1, id="warning"),
        pytest.param(["--severity", "error"], 0, 0, id="error"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_check(arguments: list[str], status: int, issues: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A handler without a docstring is a warning, which counts unless only errors do."""
    assert main(["check", "application:app", *arguments]) == status
    warning = (
        "WARNINGS (1):\n  [GET] /items: Operation is missing summary or description (operation-summary-required)\n\n"
        "Found 1 issue.\n"
    )
    assert capsys.readouterr().out == (warning if issues else "No issues found.\n")
    assert main(["check", "application:app", *arguments, "--format", "json"]) == status
    assert len(json.loads(capsys.readouterr().out)) == issues


@pytest.mark.usefixtures("shop")
def test_check_of_what_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    """It is said, and the status is 0; a document will do."""
    assert main(["check", "shop.json"]) == 0
    assert capsys.readouterr().out == "No issues found.\n"


@pytest.mark.usefixtures("shop")
def test_changelog(capsys: pytest.CaptureFixture[str]) -> None:
    """It goes to stdout or into a file, and its status is 0 whatever changed."""
    page = (
        "# Since 1\n\n## Breaking\n\n- **GET /items**: Parameter 'limit' became required\n"
        "- **GET /gone**: Path /gone was removed\n"
    )
    assert main(["changelog", "shop:app", "api:app", "--title", "Since 1"]) == 0
    assert capsys.readouterr().out == page
    assert main(["changelog", "shop:app", "api:app", "--title", "Since 1", "-o", "CHANGES.md"]) == 0
    assert capsys.readouterr().out == "Changelog written to CHANGES.md\n"
    assert Path("CHANGES.md").read_text(encoding="utf-8") == page
    assert main(["changelog", "shop:app", "shop:app"]) == 0
    assert capsys.readouterr().out == "# API Changelog\n\nNo changes detected.\n"


@pytest.mark.usefixtures("shop")
def test_openapi(capsys: pytest.CaptureFixture[str]) -> None:
    """The document is what the application serves."""
    assert main(["openapi", "shop:app"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["openapi"], list(document["paths"])) == ("3.1.0", ["/items", "/gone"])
    assert main(["openapi", "shop:app", "-o", "no/such/file"]) == 1
    assert capsys.readouterr().err == "hawkapi: cannot write no/such/file: No such file or directory\n"


@pytest.mark.usefixtures("shop")
def test_openapi_as_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    """YAML says the same, and is read again."""
    yaml = pytest.importorskip("yaml", reason="needs PyYAML")
    assert main(["openapi", "shop:app", "--format", "yaml", "-o", "shop.yaml"]) == 0
    document = json.loads(Path("shop.json").read_text("utf-8"))
    assert yaml.safe_load(Path("shop.yaml").read_text("utf-8")) == document
    assert main(["diff", "shop.yaml", "shop:app"]) == 0
    assert capsys.readouterr().out == "No API changes detected.\n"


def test_yaml_documents(project: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A status is a number in YAML; aliases to aliases are refused before they fill the memory."""
    pytest.importorskip("yaml", reason="needs PyYAML")
    monkeypatch.setattr(_reading, "MAX_NODES", 20_000)
    bomb = "openapi: 3.1.0\na: &a [1, 2]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    project(
        {
            "old.yaml": "paths: {/a: {get: {responses: {200: {description: a}}}}}",
            "new.json": '{"paths": {"/a": {"get": {"responses": {"200": {"description": "a"}}}}}}',
            "bomb.yaml": bomb,
            "bad.yml": "paths: [",
        }
    )
    assert main(["diff", "old.yaml", "new.json"]) == 0
    assert main(["check", "bomb.yaml"]) == 1
    assert main(["check", "bad.yml"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "hawkapi: bomb.yaml is no YAML: with its aliases it has more than 20000 values"
    assert second.startswith("hawkapi: bad.yml is no YAML: while parsing")


def test_yaml_without_pyyaml(
    project: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    project({"a.yaml": "paths: {}", "main.py": OLD})
    assert main(["check", "a.yaml"]) == 1
    assert main(["openapi", "main:app", "--format", "yaml"]) == 1
    assert capsys.readouterr().err == (
        "hawkapi: a.yaml is YAML, for which PyYAML is needed: pip install 'hawkapi[yaml]'\n"
        "hawkapi: PyYAML is needed for YAML: pip install 'hawkapi[yaml]'\n"
    )


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        pytest.param(
            "nowhere",
            "invalid app reference 'nowhere': no module, file or directory of that name was found in {here} or on the "
            "Python path. Expected format: module:attribute",
            id="no colon",
        ),
        pytest.param(
            "nowhere:app",
            "could not import module 'nowhere': there is no module 'nowhere' in {here} or on the Python path",
            id="no module",
        ),
        pytest.param("main:nothing", "module 'main' has no attribute 'nothing' ({here}/main.py)", id="no attribute"),
        pytest.param("main:number", "main:number is an int, which has neither openapi() nor routes", id="no routes"),
        pytest.param("main:make", "main:make() is an int, which has neither openapi() nor routes", id="bad factory"),
        pytest.param(
            "main:worse", "main:worse.openapi() failed: KeyError: 'x' ({here}/main.py, line 9)", id="failing document"
        ),
        pytest.param("main:wrong", "main:wrong.openapi() is no document, but an int", id="no document"),
        pytest.param("gone.json", "cannot read gone.json: No such file or directory", id="no file"),
        pytest.param(
            "list.json", "list.json is no OpenAPI document: it is no object with `openapi` and `paths`", id="list"
        ),
        pytest.param(
            "other.json", "other.json is no OpenAPI document: it is no object with `openapi` and `paths`", id="other"
        ),
        pytest.param("old.json", "old.json is a Swagger 2.0 document: convert it to OpenAPI 3 first", id="swagger"),
        pytest.param("bad.json", "bad.json is no JSON: Expecting value: line 1 column 1 (char 0)", id="no JSON"),
        pytest.param("ftp://x/a.json", "'ftp://x/a.json' cannot be read: only http:// and https:// are", id="ftp"),
        pytest.param("file:///a.json", "'file:///a.json' cannot be read: only http:// and https:// are", id="file"),
    ],
)
@pytest.mark.parametrize("command", ["check", "diff", "changelog", "openapi"])
def test_documents_that_cannot_be_had(
    command: str, reference: str, message: str, project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is one line on stderr, behind the traceback of the user's code if there is one, and status 1."""
    here = project(
        {
            "main.py": "number = 1\ndef make():\n    return 1\nclass Worse:\n    def __init__(self, do):\n"
            "        self.do = do\n    routes = ()\n    def openapi(self):\n        return self.do()\n"
            "worse = Worse(lambda: {}['x'])\nwrong = Worse(lambda: 5)\n",
            "list.json": "[]",
            "other.json": '{"name": "x"}',
            "old.json": '{"swagger": "2.0", "paths": {}}',
            "bad.json": "nothing",
            "good.json": '{"paths": {}}',
        }
    )
    arguments = [command, reference] if command in {"check", "openapi"} else [command, "good.json", reference]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    expected = message.format(here=here).replace("line 9)", "line 10)")
    assert captured.err.splitlines()[-1] == f"hawkapi: {expected}"


def test_what_has_routes_only(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """A router, and whatever else has them, gets a document; so does what a function returns."""
    project(
        {
            "main.py": OLD.replace("HawkAPI(health_url=None, readyz_url=None, livez_url=None)", "Router()").replace(
                "import HawkAPI", "import HawkAPI, Router"
            )
            + "\nclass Plain: pass\nplain = Plain()\nplain.routes = app.routes\ndef create(): return app\n"
        }
    )
    for name in ("app", "plain", "create"):
        assert main(["openapi", f"main:{name}"]) == 0
        assert list(json.loads(capsys.readouterr().out)["paths"]) == ["/items", "/gone"]


def test_openapi_of_events(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """`--asyncapi` asks for the other document, which not everything has."""
    project(
        {"main.py": "class A:\n    routes = ()\n    def asyncapi(self): return {'asyncapi': '3.0.0'}\na, b = A(), 1\n"}
    )
    assert main(["openapi", "main:a", "--asyncapi"]) == 0
    assert json.loads(capsys.readouterr().out) == {"asyncapi": "3.0.0"}
    assert main(["openapi", "main:b", "--asyncapi"]) == 1
    assert main(["openapi", "a.json", "--asyncapi"]) == 2
    assert capsys.readouterr().err == (
        "hawkapi: main:b is an int, which has neither openapi() nor routes\n"
        "hawkapi: --asyncapi needs an application, and a.json is a document\n"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "printed"),
    [
        pytest.param(["diff", "library-1.0.json", "library:app"], 1, "library-diff.txt", id="diff"),
        pytest.param(["check", "library:app"], 1, "library-check.txt", id="check"),
        pytest.param(["check", "library:app", "--severity", "error"], 0, None, id="check-errors"),
        pytest.param(
            ["changelog", "library-1.0.json", "library:app", "--title", "Library 2.0"],
            0,
            "library-changelog.txt",
            id="changelog",
        ),
    ],
)
@pytest.mark.usefixtures("project")
def test_guide(
    arguments: list[str],
    status: int,
    printed: str | None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page about governance shows what the commands print."""
    monkeypatch.chdir(EXAMPLES)
    assert main(arguments) == status
    expected = "No issues found.\n" if printed is None else (EXAMPLES / printed).read_text("utf-8")
    assert capsys.readouterr().out == expected


class Documents(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        status, headers, body = ANSWERS.get(self.path, (404, {}, b""))
        if self.path == "/private" and self.headers["authorization"] != "Basic YWRhOnMzOnQ=":
            status = 401
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/openapi.json": (200, {"Content-Type": "application/json"}, b'{"paths": {}}'),
    "/private": (200, {}, b'{"paths": {}}'),
    "/moved": (307, {"Location": "/openapi.json"}, b""),
    "/to-ftp": (302, {"Location": "ftp://127.0.0.1/a"}, b""),
    "/to-file": (302, {"Location": "file:///etc/passwd"}, b""),
    "/large": (200, {}, b" " * 300_000),
    "/short": (200, {"Content-Length": "100"}, b"{}"),
    "/again": (302, {"Location": "/again"}, b""),
}


@pytest.fixture
def server() -> Iterator[str]:
    """Serve documents on a port of this machine, and give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Documents) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()
        thread.join()


@pytest.mark.parametrize("address", ["{}/openapi.json", "{}/moved", "{}/private"])
def test_documents_at_addresses(address: str, server: str, capsys: pytest.CaptureFixture[str]) -> None:
    """They are fetched, also where a redirection leads, and with the credentials that the address holds."""
    assert main(["diff", address.format(server).replace("//", "//ada:s3%3At@"), f"{server}/openapi.json"]) == 0
    assert capsys.readouterr().out == "No API changes detected.\n"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        pytest.param("/nothing", "{url} answered 404, not with a document", id="status"),
        pytest.param("/to-ftp", "cannot read {url}: unknown url type: ftp", id="redirected to FTP"),
        pytest.param("/to-file", "{url} answered 302, not with a document", id="redirected to a file"),
        pytest.param("/again", "{url} answered 302, not with a document", id="redirected for ever"),
        pytest.param("/large", "cannot read {url}: it has more than 0 MiB", id="too large"),
        pytest.param("/short", "{url} is no OpenAPI document: it is no object with `openapi` and `paths`", id="short"),
    ],
)
def test_addresses_without_documents(
    path: str, message: str, server: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is one line, which shows no credentials of the address."""
    monkeypatch.setattr(_reading, "MAX_BYTES", 200_000)
    written = f"{server}{path}"
    assert main(["check", written.replace("http://", "http://ada:secret@")]) == 1
    assert capsys.readouterr().err == f"hawkapi: {message.format(url=written)}\n"


def test_address_where_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    """The reason is the system's."""
    assert main(["check", "http://127.0.0.1:1/a.json"]) == 1
    assert capsys.readouterr().err == "hawkapi: cannot read http://127.0.0.1:1/a.json: Connection refused\n"

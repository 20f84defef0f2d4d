"""Which application a target means."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hawkapi.cli import status_of as main
from hawkapi.cli._application import load, load_again
from hawkapi.cli._errors import CommandError

type Write = Callable[[dict[str, str]], Path]

APP = "from hawkapi import HawkAPI\napp = HawkAPI(title='found')\n"
FACTORY = "from hawkapi import HawkAPI\ndef create_app(debug=False): return HawkAPI(title='found')\n"


@pytest.mark.parametrize(
    ("files", "written", "reference"),
    [
        pytest.param({"main.py": APP}, "main:app", "main:app", id="module-attribute"),
        pytest.param({"main.py": APP}, "main", "main:app", id="module"),
        pytest.param({"main.py": APP}, "main.py", "main:app", id="file"),
        pytest.param({"main.py": APP}, "./main.py:app", "main:app", id="file-attribute"),
        pytest.param({"main.py": APP}, None, "main:app", id="nothing-main"),
        pytest.param({"app.py": APP}, None, "app:app", id="nothing-app"),
        pytest.param({"main.py": "x = 1\n", "app.py": APP}, None, "app:app", id="nothing-second-file"),
        pytest.param({"app/main.py": APP}, None, "main:app", id="nothing-directory-app"),
        pytest.param({"app/__init__.py": "", "app/main.py": APP}, None, "app.main:app", id="nothing-package-app"),
        pytest.param({"src/main.py": APP}, None, "main:app", id="nothing-src"),
        pytest.param(
            {"src/shop/__init__.py": "", "src/shop/api.py": APP}, None, "shop.api:app", id="nothing-src-package"
        ),
        pytest.param({"src/shop/__init__.py": APP}, None, "shop:app", id="nothing-src-package-itself"),
        pytest.param({"shop/main.py": APP}, "shop", "main:app", id="directory-by-name"),
        pytest.param({"shop/main.py": APP}, "shop/", "main:app", id="directory"),
        pytest.param({"shop/main.py": APP}, "shop:app", "main:app", id="directory-attribute"),
        pytest.param({"my-shop/main.py": APP}, "my-shop", "main:app", id="directory-that-is-no-name"),
        pytest.param({"my-shop/main.py": APP}, "my-shop:app", "main:app", id="directory-that-is-no-name-attribute"),
        pytest.param(
            {"shop/main.py": "x = 1\n", "shop/app.py": APP}, "shop:app", "app:app", id="directory-attribute-second-file"
        ),
        pytest.param({"shop/main.py": APP}, "shop.main:app", "shop.main:app", id="namespace-package"),
        pytest.param({"shop/__init__.py": "", "shop/app.py": APP}, "shop", "shop.app:app", id="package-by-name"),
        pytest.param({"shop/__init__.py": "", "shop/app.py": APP}, "./shop", "shop.app:app", id="package"),
        pytest.param({"shop/__init__.py": APP}, "shop:app", "shop:app", id="package-attribute"),
        pytest.param({"shop/__init__.py": "", "shop/web.py": APP}, "shop/web.py", "shop.web:app", id="file-in-package"),
        pytest.param({"shop/__init__.py": "", "shop/web.py": APP}, "shop.web", "shop.web:app", id="submodule"),
        pytest.param({"main.py": APP.replace("app =", "application =")}, "main", "main:application", id="application"),
        pytest.param({"main.py": APP.replace("app =", "api =")}, "main", "main:api", id="only-object"),
        pytest.param({"main.py": APP.replace("app =", "web = api =")}, "main", "main:api", id="only-object-two-names"),
        pytest.param({"main.py": FACTORY}, "main", "main:create_app", id="factory"),
        pytest.param({"main.py": FACTORY}, "main:create_app", "main:create_app", id="factory-attribute"),
        pytest.param(
            {"main.py": f"{APP}class box:\n    class inner:\n        thing = app\n"},
            "main:box.inner.thing",
            "main:box.inner.thing",
            id="attribute-path",
        ),
    ],
)
def test_target(files: dict[str, str], written: str | None, reference: str, project: Write) -> None:
    """What is written, or nothing, leads to the application, and another process finds it again."""
    project(files)
    loaded = load(written)
    assert (loaded.app.title, loaded.reference) == ("found", reference)
    assert loaded.from_factory is ("create_app" in reference)
    assert load_again(loaded.reference, factory=loaded.from_factory).title == "found"


@pytest.mark.parametrize(
    ("files", "written", "message"),
    [
        pytest.param(
            {},
            "main",
            "invalid app reference 'main': no module, file or directory of that name was found in {here} or on the "
            "Python path. Expected format: module:attribute",
            id="no-such-name",
        ),
        pytest.param(
            {},
            "main:app",
            "could not import module 'main': there is no module 'main' in {here} or on the Python path",
            id="no-such-module",
        ),
        pytest.param(
            {"shop/__init__.py": ""},
            "shop.web:app",
            "could not import module 'shop.web': there is no module 'shop.web' in {here} or on the Python path",
            id="no-such-submodule",
        ),
        pytest.param(
            {"main.py": APP},
            "main:ap",
            "module 'main' has no attribute 'ap'; did you mean app? ({here}/main.py)",
            id="no-such-attribute",
        ),
        pytest.param(
            {"shop/main.py": APP, "shop/app.py": "x = 1\n"},
            "shop:ap",
            "module 'main' has no attribute 'ap'; did you mean app? ({here}/shop/main.py)",
            id="no-such-attribute-in-a-directory",
        ),
        pytest.param(
            {"main.py": APP},
            "main:app.nothing",
            "'app' in module 'main' has no attribute 'nothing' ({here}/main.py)",
            id="no-such-attribute-of-attribute",
        ),
        pytest.param({}, "main.py", "there is no file or directory {here}/main.py", id="no-such-file"),
        pytest.param(
            {},
            "a/b:app",
            "there is no file or directory {here}/a/b; write a module with dots, a file with .py",
            id="slash-for-dot",
        ),
        pytest.param(
            {},
            "main:",
            "invalid app reference 'main:': a module's name goes before the colon, an attribute's behind it. "
            "Expected format: module:attribute",
            id="nothing-behind-the-colon",
        ),
        pytest.param(
            {},
            ":app",
            "invalid app reference ':app': a module's name goes before the colon, an attribute's behind it. "
            "Expected format: module:attribute",
            id="nothing-before-the-colon",
        ),
        pytest.param(
            {},
            "my app:app",
            "invalid app reference 'my app:app': that is neither the name of a module nor a path. "
            "Expected format: module:attribute",
            id="no-name",
        ),
        pytest.param(
            {"app/readme.txt": ""},
            None,
            "no application was found in {here}: none of main.py, app.py, asgi.py, api.py, application.py in it, app/. "
            "Name it: module:attribute",
            id="nothing-there",
        ),
        pytest.param(
            {"main.py": "x = 1\n", "app.py": "x = 1\n"},
            None,
            "no application was found in main or app (in {here}): there is neither one of the names app, application, "
            "create_app, make_app nor exactly one HawkAPI object. Name it: module:attribute",
            id="no-application",
        ),
        pytest.param(
            {"main.py": APP.replace("app =", "a = HawkAPI(); b =")},
            "main",
            "no application was found in main (in {here}): there is neither one of the names app, application, "
            "create_app, make_app nor exactly one HawkAPI object. Name it: module:attribute",
            id="two-applications",
        ),
        pytest.param({"main.py": "app = 5\n"}, "main:app", "main:app is no ASGI application, but an int", id="number"),
        pytest.param(
            {"main.py": "import json\n"},
            "main:json",
            "main:json is no ASGI application, but the module json",
            id="module",
        ),
        pytest.param(
            {"main.py": "def app(a, b): ...\n"},
            "main:app",
            "main:app is no ASGI application, but a function",
            id="wrong-arguments",
        ),
        pytest.param(
            {"main.py": "def create_app(): return 5\n"},
            "main",
            "main:create_app() did not return an ASGI application, but an int",
            id="factory-of-something-else",
        ),
        pytest.param(
            {"main.py": "async def create_app(): ...\n"},
            "main",
            "main:create_app() did not return an ASGI application, but a coroutine",
            id="asynchronous-factory",
        ),
    ],
)
def test_target_that_means_nothing(files: dict[str, str], written: str | None, message: str, project: Write) -> None:
    """The sentence says what was looked for, and where."""
    here = project(files)
    with pytest.raises(CommandError) as caught:
        load(written)
    assert (str(caught.value), caught.value.details) == (message.format(here=here), "")


@pytest.mark.skipif(sys.platform == "win32", reason="there a directory that somebody is in cannot be deleted")
@pytest.mark.parametrize("command", ["dev", "routes", "run"])
def test_current_directory_that_was_deleted(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not taken for something that is wrong with the output."""
    here = tmp_path / "gone"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    assert main([command, "main:app"]) == 1
    assert capsys.readouterr().err == "hawkapi: the current directory was deleted; change to one that exists\n"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        pytest.param(
            "x = 1\nx / 0\n", "ZeroDivisionError: division by zero ({here}/main.py, line 2)", "x / 0", id="error"
        ),
        pytest.param("def f(:\n", "SyntaxError: invalid syntax ({here}/main.py, line 1)", "def f(:", id="syntax"),
        pytest.param(
            "import nowhere_at_all\n",
            "ModuleNotFoundError: No module named 'nowhere_at_all' ({here}/main.py, line 1)",
            "import nowhere_at_all",
            id="missing-package",
        ),
        pytest.param("import sys\nsys.exit(4)\n", "SystemExit: 4 ({here}/main.py, line 2)", "sys.exit(4)", id="exit"),
    ],
)
def test_module_that_raises(text: str, message: str, line: str, project: Write) -> None:
    """The error names the place, and its details are the traceback from the user's first line on."""
    here = project({"main.py": text})
    with pytest.raises(CommandError) as caught:
        load("main:app")
    assert str(caught.value) == "could not import module 'main': " + message.format(here=here)
    assert line in caught.value.details
    assert "importlib" not in caught.value.details
    assert "hawkapi" not in caught.value.details


def test_factory_that_raises(project: Write) -> None:
    """A failing factory is reported as a failing module is."""
    here = project({"main.py": "def create_app():\n    raise LookupError('no settings')\n"})
    with pytest.raises(CommandError) as caught:
        load("main")
    assert str(caught.value) == f"main:create_app() failed: LookupError: no settings ({here}/main.py, line 2)"
    assert "raise LookupError('no settings')" in caught.value.details


def test_forced_factory(project: Write) -> None:
    """`--factory` has the attribute called whatever it looks like."""
    project({"main.py": "from hawkapi import HawkAPI\nasync def build(): ...\nclass Web(HawkAPI): ...\n"})
    assert type(load("main:Web", factory=True).app).__name__ == "Web"
    with pytest.raises(CommandError) as caught:
        load("main:build", factory=True)
    assert str(caught.value) == "main:build() did not return an ASGI application, but a coroutine"


def test_factory_that_needs_arguments(project: Write) -> None:
    """A factory is called without arguments; one that needs some fails."""
    project({"main.py": "def build(settings): ...\n"})
    with pytest.raises(CommandError) as caught:
        load("main:build", factory=True)
    assert str(caught.value) == (
        "main:build() failed: TypeError: build() missing 1 required positional argument: 'settings'"
    )


def test_other_applications(project: Write) -> None:
    """Any ASGI 3 application can be served: a coroutine function, an object, a decorated one."""
    project(
        {
            "main.py": "import functools\n"
            "async def function(scope, receive, send): ...\n"
            "class Thing:\n    async def __call__(self, *arguments): ...\n"
            "thing = Thing()\npartial = functools.partial(function)\n"
        }
    )
    for name in ("function", "thing", "partial"):
        assert load(f"main:{name}").from_factory is False


def test_path_of_imports(project: Write) -> None:
    """The directory of a file comes first on the path, the current one second, each once."""
    here = project({"web/main.py": APP})
    load("web/main.py")
    load("web/main.py")
    assert sys.path[:2] == [str(here / "web"), str(here)]
    assert sys.path.count(str(here)) == 1

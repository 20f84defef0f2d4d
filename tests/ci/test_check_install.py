"""The checks that install: a good wheel passes, and each check names what was broken for it.

Most environments here are made by unpacking a wheel, which is all that installing a pure wheel means; one test goes
through pip and uv.
"""

from __future__ import annotations

import importlib.util
import sys
import venv
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import tools
from check_install import CHECKS, InstallCheck, check, check_other_interpreters
from cpython import Build, Interpreter
from dist_set import DistSet
from environments import python_in
from installed import Installed, Target
from served_app import problems
from wheelmaker import (
    FREE_THREADED,
    LABEL,
    MODULE,
    MiniSet,
    cannot_compile,
    compile_extension,
)

EXTRAS = {"imports, extras", "GIL off, extras", "HTTP"}
"""These fetch packages from an index; what they call is tested here without one."""
OFFLINE = tuple(item for item in CHECKS if item.name not in EXTRAS)
TREE = MODULE.replace(".", "/")
OWN_WHEEL = LABEL.replace("3.", "cp3")
HERE = Interpreter(Build.parse(LABEL), Path(sys.executable))
needs_compiler = pytest.mark.skipif(cannot_compile() is not None, reason=cannot_compile() or "")
free_threaded = pytest.mark.skipif(not FREE_THREADED, reason="the GIL is always on in this build")


def make_good(scratch: Path) -> MiniSet:
    """Return a set whose own wheel is right for the Python that runs the tests, compiled when that has the GIL."""
    made = MiniSet.for_this_python()
    if not FREE_THREADED:
        reason = cannot_compile()
        if reason:
            pytest.skip(reason)
        data = compile_extension("_tree", scratch, needs_gil=False)
        made.wheels[OWN_WHEEL].files[f"{TREE}.so"] = data
    return made


def unpacked(made: MiniSet, scratch: Path, *, kind: str = OWN_WHEEL) -> Installed:
    """Make an environment with nothing but the wheel of a kind in it."""
    dists = DistSet(made.write(scratch / "dist"))
    home = scratch / "environment"
    venv.create(home, symlinks=True, with_pip=False)
    (packages,) = home.glob("lib/python3*/site-packages")
    wheel = next(wheel for wheel in dists.wheels.values() if wheel.name.kind == kind)
    with zipfile.ZipFile(wheel.path) as archive:
        archive.extractall(packages)
    return Installed(Target(HERE, "pip"), home, dists)


def failures(installed: Installed, checks: Iterable[InstallCheck] = OFFLINE) -> dict[str, str]:
    """Run checks in an environment and return what failed: check to the sentences."""
    found = {item.name: tuple(item.function(installed)) for item in checks if item.applies(installed)}
    return {name: " ".join(sentences) for name, sentences in found.items() if sentences}


def everywhere(name: str, data: str) -> Callable[[MiniSet], None]:
    """Return a defect: a file is added to, or replaced in, the source and all wheels."""
    return lambda made: made.add_everywhere(name, data.encode())


def other_version(made: MiniSet) -> None:
    """Let the package say another version at run time than its metadata do."""
    made.add_everywhere("hawkapi/__init__.py", b'__version__ = "9.9.9"\n')


def test_good_wheel_passes(tmp_path: Path) -> None:
    """An environment with a right wheel fails no check."""
    assert failures(unpacked(make_good(tmp_path), tmp_path)) == {}


DEFECTS = [
    pytest.param("imports", "ZeroDivisionError", everywhere("hawkapi/bad.py", "1 / 0\n"), id="error"),
    pytest.param("imports", "SystemExit", everywhere("hawkapi/bad.py", "raise SystemExit(0)\n"), id="exit"),
    pytest.param(
        "imports",
        "DeprecationWarning: old",
        everywhere("hawkapi/bad.py", "import warnings\nwarnings.warn('old', DeprecationWarning)\n"),
        id="warning",
    ),
    pytest.param(
        "imports", "No module named 'numpyx'", everywhere("hawkapi/bad.py", "import numpyx\n"), id="requirement"
    ),
    pytest.param("versions", "__version__ is 9.9.9", other_version, id="version"),
    pytest.param("hawkapi info", "cannot start", everywhere("hawkapi/cli/info.py", ""), id="no command"),
]


@pytest.mark.parametrize(("name", "text", "defect"), DEFECTS)
def test_broken_package_fails_exactly_its_check(
    tmp_path: Path, name: str, text: str, defect: Callable[[MiniSet], None]
) -> None:
    """One defect is named by one check."""
    made = make_good(tmp_path)
    defect(made)

    found = failures(unpacked(made, tmp_path))

    assert found.keys() == {name}
    assert text in found[name]


def test_every_check_has_a_broken_wheel() -> None:
    """No check goes without a test that makes it fail; those that fetch extras are made of parts tested here."""
    tested = {str(parameters.values[0]) for parameters in DEFECTS} | EXTRAS
    tested |= {"takes its wheel", "place", "compiled modules", "GIL off"}

    assert tested == {item.name for item in CHECKS}


def test_module_may_need_optional_package(tmp_path: Path) -> None:
    """A module that fails only for a package of an extra that is not installed is no failure."""
    made = make_good(tmp_path)
    made.add_everywhere("hawkapi/codec.py", b"import msgspec.json\n")

    assert failures(unpacked(made, tmp_path)) == {}


def test_main_modules_are_not_imported(tmp_path: Path) -> None:
    """`__main__` is a program: importing it would run it."""
    made = make_good(tmp_path)
    made.add_everywhere("hawkapi/__main__.py", b"raise SystemExit(3)\n")

    assert failures(unpacked(made, tmp_path)) == {}


def test_universal_wheel_instead_of_own_fails(tmp_path: Path) -> None:
    """When the installer took the universal wheel, both the tags that came and the file meant are named."""
    found = failures(unpacked(make_good(tmp_path), tmp_path, kind="universal"))

    assert "took the wheel for py3-none-any instead of" in found["takes its wheel"]
    assert found.keys() <= {"takes its wheel", "compiled modules"}


def test_further_package_fails(tmp_path: Path) -> None:
    """A package that came with hawkapi is named."""
    made = make_good(tmp_path)
    wheel = made.wheels[OWN_WHEEL]
    wheel.files["numpyx-1.dist-info/METADATA"] = b"Metadata-Version: 2.1\nName: numpyx\nVersion: 1\n"

    found = failures(unpacked(made, tmp_path))

    assert found.keys() == {"takes its wheel"}
    assert "installed numpyx too" in found["takes its wheel"]


def test_package_from_checkout_fails(tmp_path: Path) -> None:
    """A module that a path file brings in from another directory is named with its place."""
    made = make_good(tmp_path)
    installed = unpacked(made, tmp_path)
    (packages,) = installed.home.glob("lib/python3*/site-packages")
    (packages / "hawkapi").rename(tmp_path / "hawkapi")
    (packages / "checkout.pth").write_text(f"{tmp_path}\n", encoding="utf-8")

    found = failures(installed)

    assert found.keys() == {"place"}
    assert f"hawkapi comes from {tmp_path / 'hawkapi/__init__.py'}" in found["place"]


@pytest.mark.skipif(FREE_THREADED, reason="nothing is compiled for this build")
def test_listed_module_from_source_fails(tmp_path: Path) -> None:
    """With the GIL a listed module that loads from its source is named."""
    found = failures(unpacked(MiniSet.for_this_python(), tmp_path))

    assert found.keys() == {"compiled modules"}
    assert f"{MODULE} comes from" in found["compiled modules"]


@free_threaded
@needs_compiler
def test_listed_module_from_extension_fails(tmp_path: Path) -> None:
    """Without the GIL a listed module that loads from an extension is named."""
    made = make_good(tmp_path)
    made.wheels[OWN_WHEEL].files[f"{TREE}.so"] = compile_extension("_tree", tmp_path, needs_gil=False)

    assert failures(unpacked(made, tmp_path)).keys() == {"compiled modules"}


@free_threaded
@needs_compiler
def test_module_that_switches_gil_on_is_named(tmp_path: Path) -> None:
    """The check names the extension without Py_mod_gil, and the module of ours whose import loaded it."""
    made = make_good(tmp_path)
    wheel = made.wheels[OWN_WHEEL]
    wheel.files["hawkapi/_speed.so"] = compile_extension("_speed", tmp_path, needs_gil=True)
    made.add_everywhere("hawkapi/fast.py", b"import hawkapi._speed\n")

    found = failures(unpacked(made, tmp_path))

    assert "import hawkapi.fast by loading hawkapi._speed switched the GIL on" in found["GIL off"]
    # The interpreter also warns, which is an error here.
    assert found.keys() == {"GIL off", "imports"}


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_installers_take_own_wheel(tmp_path: Path, installer: str) -> None:
    """pip and uv, offered the whole set and no index, take the wheel of the running interpreter."""
    program = tools.look_for("uv") if installer == "uv" else Path("pip")
    if program is None:
        pytest.skip("uv is neither beside this Python nor on PATH")
    dists = DistSet(make_good(tmp_path).write(tmp_path / "dist"))
    target = Target(HERE, str(program))

    rows = check(dists, [target], tmp_path, OFFLINE)

    assert {row.name: row.problems for row in rows if row.failed} == {}
    assert all(row.cell(f"{LABEL} {installer}") == "ok" for row in rows if row.name in {"installs", "takes its wheel"})


def test_failing_installation_is_quoted(tmp_path: Path) -> None:
    """When nothing can be installed that is one failure with its reason, and no other check runs."""
    dists = DistSet(MiniSet.good().write(tmp_path / "dist"))

    rows = check(dists, [Target(Interpreter(HERE.build, tmp_path / "no-python"), "pip")], tmp_path, OFFLINE)

    assert [row.name for row in rows if row.problems] == ["installs"]
    assert "no-python" in rows[0].problems[f"{LABEL} pip"][0]


def test_other_interpreters_take_universal_wheel(tmp_path: Path) -> None:
    """Interpreters without a wheel get the universal one; without that, each one asked about is named."""
    made = MiniSet.good()
    python = Path(sys.executable)
    if importlib.util.find_spec("pip") is None:
        venv.create(tmp_path / "pip", symlinks=True, with_pip=True)
        python = python_in(tmp_path / "pip")

    good = check_other_interpreters(DistSet(made.write(tmp_path / "good")), python, tmp_path / "a")
    del made.wheels["universal"]
    bad = check_other_interpreters(DistSet(made.write(tmp_path / "bad")), python, tmp_path / "b")

    assert good.problems == {"others": ()}
    asked = [problem.partition(" on ")[0] for problem in bad.problems["others"]]
    assert asked == ["3.12", "3.14", "3.14t", "3.13", "3.13t"]


FAKE_UVICORN = """
import http.server, json
class Config:
    def __init__(self, app, **options):
        self.answer = __import__(app.partition(":")[0]).app
class Server:
    def __init__(self, config):
        self.config = config
    def run(self, sockets):
        answer = self.config.answer
        class Handler(http.server.BaseHTTPRequestHandler):
            def reply(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                data = json.dumps(answer(self.path, body)).encode()
                self.send_response(201 if body else 200)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            do_GET = do_POST = reply
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = sockets[0]
        server.serve_forever()
"""
RIGHT_APP = """
import json
def app(path, body):
    answers = {"/hello/world?excited=true": {"message": "Hello, world!"}, "/items/7?q=tea": {"item_id": 7, "q": "tea"}}
    return json.loads(body) if body else answers[path]
"""


@pytest.fixture
def serving_python(tmp_path: Path) -> Path:
    """Return an interpreter whose `uvicorn` is a stand-in that serves a plain function."""
    venv.create(tmp_path / "environment", symlinks=True, with_pip=False)
    (packages,) = tmp_path.glob("environment/lib/python3*/site-packages")
    (packages / "uvicorn.py").write_text(FAKE_UVICORN, encoding="utf-8")
    return python_in(tmp_path / "environment")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(RIGHT_APP, [], id="right"),
        pytest.param(RIGHT_APP.replace('": 7', '": 8'), ["GET /items/7?q=tea gave 200"], id="wrong answer"),
    ],
)
def test_served_application_is_asked(tmp_path: Path, serving_python: Path, source: str, expected: list[str]) -> None:
    """Each wrong answer of the application is a sentence; right ones are none."""
    app = tmp_path / "hello.py"
    app.write_text(source, encoding="utf-8")

    found = list(problems(serving_python, app, {}, tmp_path))

    assert [sentence.partition(" {")[0] for sentence in found] == expected


def test_application_that_does_not_load_is_quoted(tmp_path: Path, serving_python: Path) -> None:
    """When the server ends before it answers, the failure holds what it printed."""
    app = tmp_path / "hello.py"
    app.write_text("raise RuntimeError('no database')\n", encoding="utf-8")

    found = list(problems(serving_python, app, {}, tmp_path))

    assert len(found) == 3
    assert "RuntimeError: no database" in found[0]

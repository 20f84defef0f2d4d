"""`hawkapi info`: what a report needs."""

from __future__ import annotations

import json
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from subprocesses import run_python

import hawkapi
from hawkapi import codec
from hawkapi.cli import info

BUILT_WITHOUT_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
REPORT: dict[str, Any] = {
    "hawkapi": {
        "version": "1.2.3",
        "file": "/x/hawkapi/__init__.py",
        "wheel": {"tags": ["cp313-cp313t-linux_x86_64"], "editable": False},
        "codec": "portable",
        "compiled": [
            {"module": "hawkapi.a", "compiled": True, "file": "/x/hawkapi/a.so"},
            {"module": "hawkapi.bcd", "compiled": False, "file": "/x/hawkapi/bcd.py"},
        ],
    },
    "python": {"version": "3.13.0", "implementation": "CPython", "executable": "/x/python", "platform": "linux"},
    "gil": {"build": "free-threaded (Py_GIL_DISABLED)", "enabled": True, "switched_on_by": "msgspec"},
    "packages": {"granian": None, "uvicorn": "0.1"},
}
TEXT = """\
hawkapi      1.2.3
file         /x/hawkapi/__init__.py
wheel        cp313-cp313t-linux_x86_64
codec        portable
python       CPython 3.13.0
executable   /x/python
platform     linux
GIL, build   free-threaded (Py_GIL_DISABLED)
GIL, now     on
GIL, why on  msgspec
hawkapi.a    compiled, /x/hawkapi/a.so
hawkapi.bcd  Python, /x/hawkapi/bcd.py
granian      not installed
uvicorn      0.1"""


def test_text() -> None:
    """The text has one line per fact."""
    assert info.as_text(REPORT) == TEXT


@pytest.mark.parametrize(
    ("wheel", "line"),
    [
        pytest.param(None, "wheel        none, a source checkout", id="checkout"),
        pytest.param({"tags": ["a", "b"], "editable": False}, "wheel        a, b", id="two-tags"),
        pytest.param({"tags": ["a"], "editable": True}, "wheel        a (editable)", id="editable"),
    ],
)
def test_text_of_the_wheel(wheel: object, line: str) -> None:
    """The line of the wheel tells a checkout from an editable and from a proper installation."""
    text = info.as_text({**REPORT, "hawkapi": {**REPORT["hawkapi"], "wheel": wheel}})
    assert line in text.splitlines()


def test_text_without_a_reason() -> None:
    """Where nothing switched the GIL on, no line asks why."""
    gil = {"build": "with the GIL", "enabled": False, "switched_on_by": None}
    text = info.as_text({**REPORT, "gil": gil})
    assert "GIL, why on" not in text
    assert "GIL, now     off" in text


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints the same facts as one object."""
    assert info.run(as_json=True, modules=[]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["hawkapi"]["version"] == hawkapi.__version__
    assert report["hawkapi"]["file"] == hawkapi.__file__
    assert report["hawkapi"]["codec"] == codec.CODEC
    assert report["python"]["version"] == sys.version
    assert report["gil"]["build"].startswith("free-threaded") is BUILT_WITHOUT_GIL
    assert list(report["packages"]) == ["granian", "msgspec", "pydantic", "uvicorn"]


def test_compiled_modules() -> None:
    """Each listed module is reported with the file it is loaded from."""
    rows = info.compiled_modules()
    assert [row["module"] for row in rows] == info.listed_modules()
    for row in rows:
        assert Path(row["file"]).exists()
        assert row["compiled"] is not row["file"].endswith(".py")


def test_import_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """A module that was asked for and cannot be imported is named, and the status is 1."""
    assert info.run(as_json=True, modules=["no_such_module_anywhere"]) == 1
    message = "hawkapi info: cannot import no_such_module_anywhere: ModuleNotFoundError: No module named"
    assert message in capsys.readouterr().err


def test_import_of_a_further_module() -> None:
    """A module that was asked for is imported."""
    done = run_python("-c", PROGRAM, "info", "--json", "--import", "colorsys")
    assert done.stderr == "colorsys was imported\n"
    assert done.returncode == 0


PROGRAM = """
import sys
from hawkapi.cli import main
status = main()
print("colorsys was imported" if "colorsys" in sys.modules else "not", file=sys.stderr)
raise SystemExit(status)
"""


def test_gil_of_this_build() -> None:
    """The report says whether the GIL is on now; without a GIL nothing may have switched it on."""
    done = run_python("-c", "from hawkapi.cli import main; main(['info', '--json'])", HAWKAPI_CODEC="portable")
    gil = json.loads(done.stdout)["gil"]
    assert gil["switched_on_by"] is None or BUILT_WITHOUT_GIL
    assert gil["enabled"] is (not BUILT_WITHOUT_GIL or gil["switched_on_by"] is not None)


@pytest.mark.skipif(not BUILT_WITHOUT_GIL, reason="this build always has the GIL")
def test_gil_switched_on_from_outside() -> None:
    """A free-threaded build whose GIL was on from the start says so."""
    done = run_python("-c", "from hawkapi.cli import main; main(['info', '--json'])", PYTHON_GIL="1")
    gil = json.loads(done.stdout)["gil"]
    assert gil["enabled"] is True
    assert gil["switched_on_by"].startswith("the start of the process (PYTHON_GIL=1 or -X gil=1)")


def test_module_that_switches_the_gil_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The module during whose import the GIL came on is named."""
    module = tmp_path / "switches_the_gil_on.py"
    module.write_text("import sys; sys._is_gil_enabled = lambda: True")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    report, failures = info.gil_report(["json", "switches_the_gil_on"])
    assert (report["enabled"], report["switched_on_by"], failures) == (True, "switches_the_gil_on", [])


@pytest.mark.parametrize(
    ("direct_url", "editable"),
    [
        pytest.param(None, False, id="from-an-index"),
        pytest.param("{}", False, id="from-a-file"),
        pytest.param('{"dir_info":{"editable":true}}', True, id="editable"),
    ],
)
def test_installed_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, direct_url: str | None, editable: bool
) -> None:
    """The tags come from the WHEEL file of the installed distribution."""
    metadata = tmp_path / "hawkapi-9.9.9.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.4\nName: hawkapi\nVersion: 9.9.9\n")
    (metadata / "WHEEL").write_text("Wheel-Version: 1.0\nTag: cp313-cp313-a\nTag: cp313-cp313-b\n")
    if direct_url is not None:
        (metadata / "direct_url.json").write_text(direct_url)
    monkeypatch.syspath_prepend(tmp_path)
    assert info.installed_wheel() == {"tags": ["cp313-cp313-a", "cp313-cp313-b"], "editable": editable}


def test_package_version() -> None:
    """A package that is not installed has no version."""
    assert info.package_version("no-such-package-anywhere") is None
    assert info.package_version("pytest") == pytest.__version__

"""Which interpreter is found where, and why candidates are turned down; the interpreters are shell scripts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import interpreters
import pytest
from console import CIError
from cpython import Build, UnusableError, examine
from cpython_source import built, configure_flags, install_prefix
from fake_machine import FakeMachine, fake_interpreter, interpreter_script, write_script
from interpreters import explain, find, installed


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    """Give a machine with nothing on it."""
    return FakeMachine(tmp_path)


def put_on_path(fake: FakeMachine, name: str = "3.13") -> Path:
    """Put a usable interpreter of that name on PATH."""
    build = Build.parse(name)
    return fake_interpreter(fake.directory / "bin" / build.program, build.version, free_threaded=build.free_threaded)


def put_in_pyenv(fake: FakeMachine, version: str = "3.13.2", name: str = "3.13") -> Path:
    """Install a usable interpreter as pyenv does: a free-threaded one is there under both its names."""
    build = Build.parse(name)
    place = fake.directory / f"home/.pyenv/versions/{version}/bin/python{build.version}"
    return fake_interpreter(place, build.version, free_threaded=build.free_threaded)


def put_in_cache(fake: FakeMachine, name: str = "3.13", version: str = "3.13.5") -> Path:
    """Leave a usable interpreter where a build of today's flags would be."""
    build = Build.parse(name)
    place = install_prefix(build, version, fake.machine.cache) / "bin" / build.program
    return fake_interpreter(place, build.version, free_threaded=build.free_threaded)


def put_uv(fake: FakeMachine, python: Path, *, place: str = "bin/uv") -> None:
    """Install a uv that manages one interpreter."""
    write_script(fake.directory / place, f'[ "$2" = find ] && echo {python}')


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("3.13", Build("3.13", free_threaded=False), id="gil"),
        pytest.param("3.13t", Build("3.13", free_threaded=True), id="free-threaded"),
        pytest.param("3.9", Build("3.9", free_threaded=False), id="one-digit"),
        pytest.param("3.14t", Build("3.14", free_threaded=True), id="next"),
    ],
)
def test_name_of_a_build(name: str, expected: Build) -> None:
    """A name is read and written back as it was."""
    assert Build.parse(name) == expected
    assert Build.parse(name).label == name


@pytest.mark.parametrize("name", ["", "3", "3.", "4.1", "3.013", "3.13.1", "python3.13", "3.13T", "3.12t", "3.13t "])
def test_name_of_no_build(name: str, fake: FakeMachine) -> None:
    """What is not the name of a build is refused by all who take one."""
    with pytest.raises(CIError, match="names no interpreter"):
        find(name, fake.machine)
    with pytest.raises(CIError, match="names no interpreter"):
        installed(name, fake.machine)


@pytest.mark.parametrize(
    ("name", "variable"),
    [pytest.param("3.13", "HAWKAPI_PYTHON_3_13", id="gil"), pytest.param("3.13t", "HAWKAPI_PYTHON_3_13T", id="t")],
)
def test_variable_of_a_build(name: str, variable: str) -> None:
    """Each build has a variable of its own."""
    assert Build.parse(name).variable == variable


def test_this_interpreter_passes() -> None:
    """The real interpreter that runs the tests is usable, and its base is what is returned."""
    build = Build(f"3.{sys.version_info.minor}", free_threaded=bool(sys.abiflags.startswith("t")))
    python = examine(Path(sys.executable), build, os.environ)
    assert not (python.parent.parent / "pyvenv.cfg").exists()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param({"version": "3.12"}, "is CPython 3.12 with the GIL", id="older"),
        pytest.param({"free_threaded": True}, "is CPython 3.13 without the GIL", id="free-threaded"),
        pytest.param({"implementation": "PyPy"}, "is PyPy, not CPython", id="pypy"),
        pytest.param({"lacking": ["ssl", "lzma"]}, "lacks the module ssl, lzma", id="modules"),
        pytest.param({"executable": ""}, "does not answer as a Python", id="without-a-path"),
    ],
)
def test_candidate_with_a_wrong_answer(tmp_path: Path, answer: dict[str, object], reason: str) -> None:
    """An interpreter that is another one, or incomplete, is turned down with what it is."""
    script = interpreter_script(tmp_path / "python", **{"version": "3.13", "free_threaded": False, **answer})  # type: ignore[arg-type]  # a table
    with pytest.raises(UnusableError, match=reason):
        examine(write_script(tmp_path / "python", script), Build.parse("3.13"), {})


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(
            'echo "pyenv: python3.13: command not found" >&2\nexit 127', "code 127: pyenv: .* not found", id="shim"
        ),
        pytest.param("echo Traceback >&2\necho ImportError >&2\nexit 1", "code 1: ImportError", id="traceback"),
        pytest.param("exit 3", "exit code 3$", id="silent"),
        pytest.param("echo hello", "does not answer as a Python", id="another-program"),
        pytest.param("echo '[]'", "does not answer as a Python", id="another-json"),
    ],
)
def test_candidate_that_does_not_answer(tmp_path: Path, script: str, reason: str) -> None:
    """A program that fails or says something else is turned down with why."""
    with pytest.raises(UnusableError, match=reason):
        examine(write_script(tmp_path / "python", script), Build.parse("3.13"), {})


def test_candidate_that_cannot_start(tmp_path: Path) -> None:
    """A file the system cannot run is turned down."""
    (tmp_path / "python").write_text("")
    with pytest.raises(UnusableError, match="cannot be run"):
        examine(tmp_path / "python", Build.parse("3.13"), {})


def test_candidate_without_venv(tmp_path: Path) -> None:
    """An interpreter that answers well but cannot make environments is turned down."""
    script = interpreter_script(tmp_path / "python").replace("mkdir", "echo No module named venv >&2; exit 1; mkdir")
    with pytest.raises(UnusableError, match=r"cannot make a virtual environment .*No module named venv"):
        examine(write_script(tmp_path / "python", script), Build.parse("3.13"), {})


def test_candidate_is_a_shim(tmp_path: Path) -> None:
    """A shim that works gives way to the interpreter behind it."""
    real = fake_interpreter(tmp_path / "real/python")
    shim = write_script(tmp_path / "shim", f'exec {real} "$@"')
    assert examine(shim, Build.parse("3.13"), {}) == real


def test_candidate_is_a_virtual_environment(tmp_path: Path) -> None:
    """A virtual environment gives way to its base; where that is gone, it is used itself."""
    base = fake_interpreter(tmp_path / "base/python")
    environment = fake_interpreter(tmp_path / "venv/python", base=str(base))
    assert examine(environment, Build.parse("3.13"), {}) == base
    base.unlink()
    assert examine(environment, Build.parse("3.13"), {}) == environment


def test_variable_comes_first(fake: FakeMachine) -> None:
    """What the variable names is used although there is one on PATH."""
    put_on_path(fake)
    named = fake_interpreter(fake.directory / "elsewhere/python")
    fake.variables["HAWKAPI_PYTHON_3_13"] = str(named)
    assert installed("3.13", fake.machine) == named


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        pytest.param("3.12", "is CPython 3.12 with the GIL", id="another-version"),
        pytest.param(None, "is not a file", id="absent"),
    ],
)
def test_variable_that_is_wrong(fake: FakeMachine, version: str | None, reason: str) -> None:
    """The error names the variable, what it points to and what was wanted; there is no falling back."""
    put_on_path(fake, "3.13t")
    place = fake.directory / "named/python"
    if version:
        fake_interpreter(place, version)
    fake.variables["HAWKAPI_PYTHON_3_13T"] = str(place)
    message = f"HAWKAPI_PYTHON_3_13T has to name an executable of CPython 3.13 without the GIL, but {place} {reason}"
    with pytest.raises(CIError) as caught:
        installed("3.13t", fake.machine)
    assert str(caught.value) == f"{message}; correct the variable or unset it"


def test_variable_of_the_other_build(fake: FakeMachine) -> None:
    """The variable of 3.13t does not matter to 3.13."""
    fake.variables["HAWKAPI_PYTHON_3_13T"] = "/nonexistent"
    assert installed("3.13", fake.machine) is None


def test_sources_in_order(fake: FakeMachine) -> None:
    """PATH comes before pyenv, pyenv before uv, uv before the cache."""
    managed = fake_interpreter(fake.directory / "managed/python")
    put_uv(fake, managed)
    order = [put_on_path(fake), put_in_pyenv(fake), managed, put_in_cache(fake)]
    found = []
    for python in order:
        found.append(installed("3.13", fake.machine))
        python.unlink()
    assert found == order
    assert installed("3.13", fake.machine) is None


def test_path_with_a_shim_before_the_interpreter(fake: FakeMachine, tmp_path: Path) -> None:
    """A shim that fails hides neither what follows it on PATH nor pyenv's own versions."""
    write_script(tmp_path / "shims/python3.13", "exit 127")
    fake.variables["PATH"] = f"{tmp_path}/shims:{tmp_path}/bin"
    in_pyenv = put_in_pyenv(fake)
    assert installed("3.13", fake.machine) == in_pyenv
    on_path = put_on_path(fake)
    assert installed("3.13", fake.machine) == on_path


def test_pyenv_takes_the_newest_that_fits(fake: FakeMachine, tmp_path: Path) -> None:
    """Versions are compared as numbers; a free-threaded one is not taken for one with the GIL."""
    put_in_pyenv(fake, "3.13.9")
    newest = put_in_pyenv(fake, "3.13.10")
    free_threaded = put_in_pyenv(fake, "3.13.11t", "3.13t")
    assert installed("3.13", fake.machine) == newest
    assert installed("3.13t", fake.machine) == free_threaded
    fake.variables["PYENV_ROOT"] = str(tmp_path / "empty")
    assert installed("3.13", fake.machine) is None


def test_uv_beside_the_running_interpreter(fake: FakeMachine) -> None:
    """A uv of the environment that runs the script is asked although it is not on PATH."""
    managed = fake_interpreter(fake.directory / "managed/python")
    put_uv(fake, managed, place="scripts/uv")
    assert installed("3.13", fake.machine) == managed


def test_uv_that_fails(fake: FakeMachine) -> None:
    """A uv that knows of none, or is broken, is passed over."""
    fake.program("uv", "exit 2")
    cached = put_in_cache(fake)
    assert installed("3.13", fake.machine) == cached


def test_uv_downloads_into_the_cache(fake: FakeMachine) -> None:
    """What uv downloads goes to the cache, is verified, and is found without uv the next time."""
    place = fake.machine.cache / "uv/cpython-3.13.5/bin/python3.13"
    script = write_script(fake.directory / "prepared", interpreter_script(place))
    to = "$UV_PYTHON_INSTALL_DIR/cpython-3.13.5/bin"
    uv = fake.program("uv", f'[ "$2" = install ] && mkdir -p {to} && cp {script} {to}/python3.13')
    assert find("3.13", fake.machine) == place
    uv.unlink()
    assert installed("3.13", fake.machine) == place


def test_made_by_another_process_meanwhile(fake: FakeMachine) -> None:
    """Once it is this process's turn, what the other one made is used; here uv's second call plays the other one."""
    cached = put_in_cache(fake)
    hidden = cached.rename(fake.directory / "hidden")
    again = fake.directory / "again"
    fake.program("uv", f"[ -e {again} ] && [ -e {hidden} ] && mv {hidden} {cached}; : > {again}; exit 1")
    assert find("3.13", fake.machine, may_build=False) == cached


def test_cache_with_a_half_built_prefix(fake: FakeMachine) -> None:
    """A directory without an interpreter, and one whose interpreter does not run, count for nothing."""
    build = Build.parse("3.13t")
    (install_prefix(build, "3.13.7", fake.machine.cache) / "lib").mkdir(parents=True)
    write_script(install_prefix(build, "3.13.6", fake.machine.cache) / "bin/python3.13t", "exit 1")
    assert installed("3.13t", fake.machine) is None
    complete = put_in_cache(fake, "3.13t")
    assert installed("3.13t", fake.machine) == complete


def test_cache_keyed_by_flags_and_version(fake: FakeMachine) -> None:
    """Builds of other flags are not found, and the newest version comes first."""
    older, newest = put_in_cache(fake, "3.13t", "3.13.9"), put_in_cache(fake, "3.13t", "3.13.10")
    fake_interpreter(fake.machine.cache / "interpreters/cpython-3.13.11t-00000000/bin/python3.13t", free_threaded=True)
    assert "--disable-gil" in configure_flags(Build.parse("3.13t"))
    assert built(Build.parse("3.13t"), fake.machine.cache) == [newest, older]
    assert built(Build.parse("3.13"), fake.machine.cache) == []


def test_none_and_not_allowed_to_build(fake: FakeMachine) -> None:
    """The error says what to set or to install."""
    with pytest.raises(CIError, match=r"no CPython 3.13 without the GIL here.*set HAWKAPI_PYTHON_3_13T .* install uv"):
        find("3.13t", fake.machine, may_build=False)


def test_none_and_no_apt(fake: FakeMachine) -> None:
    """On a system without apt-get the error says so, and what to do instead."""
    with pytest.raises(CIError, match=r"needs a Linux system with apt-get(.|\n)*set HAWKAPI_PYTHON_3_13T "):
        find("3.13t", fake.machine)


def test_explanation_of_every_source(fake: FakeMachine) -> None:
    """Each source has a line that says what it has, and the last line is the interpreter that would be used."""
    fake.program("python3.13", "echo gone >&2; exit 127")
    python = put_in_pyenv(fake)
    assert list(explain("3.13", fake.machine)) == [
        "3.13  variable  HAWKAPI_PYTHON_3_13 is not set",
        f"3.13  PATH      {fake.directory}/bin/python3.13 ends with exit code 127: gone",
        f"3.13  pyenv     {python} is CPython 3.13 with the GIL",
        "3.13  uv        no python3.13",
        "3.13  cache     no python3.13",
        f"3.13  used      {python}",
    ]


def run_script(fake: FakeMachine, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a command on the fake machine."""
    command = [sys.executable, interpreters.__file__, *words]
    return subprocess.run(command, env=dict(fake.machine.env), capture_output=True, text=True, check=False)


def test_command_prints_paths_only(fake: FakeMachine) -> None:
    """Each name gives one line on stdout."""
    paths = [put_on_path(fake), put_on_path(fake, "3.13t")]
    done = run_script(fake, "3.13", "3.13t")
    assert (done.returncode, done.stdout, done.stderr) == (0, "".join(f"{path}\n" for path in paths), "")


def test_command_fails_in_one_line(fake: FakeMachine) -> None:
    """A failure is one line on stderr and exit code 1."""
    done = run_script(fake, "4.0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: '4.0' names no interpreter")
    assert done.stderr.count("\n") == 1


def test_command_lists_sources(fake: FakeMachine) -> None:
    """With --list the sources are explained, and having none is an answer and no failure."""
    fake.program("uv", "exit 1")
    done = run_script(fake, "--list", "3.13t")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("3.13t used      none; uv would be asked")

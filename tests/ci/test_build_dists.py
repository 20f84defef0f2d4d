"""The chain from a checkout to a filled wheelhouse, with a stand-in for the build frontend."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
from build_dists import build, reproducible
from build_interpreter import BuildInterpreter
from console import CIError
from cpython import Build, Interpreter
from project import project_version
from publishing import publish, require_usable
from sdist import SdistFile, epoch_of_checkout
from source_tree import export, refuse_lost_files
from wheelmaker import LABEL, PACKAGE, PYPROJECT, VERSION, MiniSet, write_sdist

CI = Path(__file__).parents[2] / "ci"
SUPPORT = Path(__file__).parents[1] / "support"
COMMIT_TIME = 1_600_000_000
FAKE_UV = f"""#!{sys.executable}
import os, pathlib, sys
sys.path.insert(0, {str(SUPPORT)!r})
from wheelmaker import MiniSet, write_sdist
kind, _, out, tree = sys.argv[-4:]
made = MiniSet.good()
if kind == "--sdist":
    files = dict(made.source)
    for path in pathlib.Path(tree, "hawkapi").rglob("*"):
        if path.is_file():
            files[path.relative_to(tree).as_posix()] = path.read_bytes()
    write_sdist(pathlib.Path(out, "hawkapi-1.2.3.tar.gz"), files, int(os.environ["SOURCE_DATE_EPOCH"]) - os.getpid())
else:
    assert pathlib.Path(tree).name == "hawkapi-1.2.3", tree
    wheel = made.wheels["universal"]
    SURPRISE
    wheel.epoch -= os.getpid() % 1000 * 2
    wheel.write(pathlib.Path(out))
"""
"""Makes the files of MiniSet with the times and the order of a real, careless build."""


def git(checkout: Path, *words: str) -> None:
    """Run git in a checkout as somebody, at one time."""
    identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    environment = {"GIT_COMMITTER_DATE": f"{COMMIT_TIME} +0000", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    command = ["git", "-C", str(checkout), *identity, *words]
    subprocess.run(command, check=True, capture_output=True, env=environment)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a committed checkout of the miniature project."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    root = tmp_path / "checkout"
    files = {**PACKAGE, "pyproject.toml": PYPROJECT.encode(), "tests/test_a.py": b"", "wheelhouse/.gitkeep": b""}
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    git(tmp_path, "init", "--quiet", str(root))
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "start")
    return root


def fake_uv(directory: Path, surprise: str = "pass") -> Path:
    """Write the stand-in; `surprise` is a statement that it executes before it packs a wheel."""
    path = directory / "uv"
    path.write_text(FAKE_UV.replace("SURPRISE", surprise), encoding="utf-8")
    path.chmod(0o755)
    return path


def contents(directory: Path) -> dict[str, bytes]:
    """Return every file of a directory with its bytes."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def test_build_leaves_checkout_alone(checkout: Path, tmp_path: Path) -> None:
    """The source archive and the universal wheel are made, and no file of the checkout changes or comes."""
    before = contents(checkout)

    built = build(checkout, tmp_path / "out", [], uv=fake_uv(tmp_path))

    assert [path.name for path in built] == [f"hawkapi-{VERSION}.tar.gz", f"hawkapi-{VERSION}-py3-none-any.whl"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {path.name for path in built}
    assert contents(checkout) == before


def test_second_build_is_equal_and_printed(checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two builds by a frontend whose archives differ in times give the same bytes, and the hashes are printed."""
    uv = fake_uv(tmp_path)

    reproducible(checkout, build(checkout, tmp_path / "out", [], uv=uv), [], uv=uv)

    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["built twice, equal"] * 2
    assert all(len(line.split()[4]) == 64 for line in lines)


def test_second_build_that_differs_is_named(checkout: Path, tmp_path: Path) -> None:
    """A file whose content changes from build to build is named."""
    uv = fake_uv(tmp_path, 'wheel.files["hawkapi/py.typed"] = str(os.getpid()).encode()')
    built = build(checkout, tmp_path / "out", [], uv=uv)

    with pytest.raises(CIError, match=r"differ in hawkapi-1\.2\.3-py3-none-any\.whl"):
        reproducible(checkout, built, [], uv=uv)


def test_failing_build_is_quoted(checkout: Path, tmp_path: Path) -> None:
    """The message of a failed build holds what the backend printed."""
    with pytest.raises(CIError, match="mypyc found an error"):
        build(checkout, tmp_path / "out", [], uv=fake_uv(tmp_path, 'sys.exit("mypyc found an error")'))


def test_interpreter_of_another_version_is_refused(checkout: Path, tmp_path: Path) -> None:
    """A path given for one version and leading to another is refused before anything is built."""
    with pytest.raises(CIError, match=rf"is Python {LABEL}, not 3\.99t"):
        build(
            checkout, tmp_path / "out", [Interpreter(Build.parse("3.99t"), Path(sys.executable))], uv=fake_uv(tmp_path)
        )


def test_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a C compiler the message says which program is missing and what to install."""
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    interpreter = BuildInterpreter(Path(sys.executable), Build("3.13", free_threaded=False), compiler="gcc", linker="")

    with pytest.raises(CIError, match=r"C compiler no-such-compiler is not on PATH; (install gcc|run xcode-select)"):
        interpreter.require_compiler()


@pytest.mark.parametrize(
    ("linker", "environ", "expected"),
    [
        ("gcc -shared -L/h/lib -Wl,-rpath,/h/lib", {}, {"LDSHARED": "gcc -shared -L/h/lib"}),
        ("gcc -shared -Wl,-rpath=/h/lib -O2", {"CC": "clang -m64"}, {"LDSHARED": "clang -m64 -shared -O2"}),
        ("gcc -shared -Wl,-z,now", {}, {}),
        ("gcc -shared -Wl,-rpath,/h/lib", {"LDSHARED": "ld"}, {}),
        ("", {}, {}),
    ],
    ids=["removed", "own compiler", "nothing to remove", "set by the user", "no linker"],
)
def test_linker_loses_library_directories(linker: str, environ: dict[str, str], expected: dict[str, str]) -> None:
    """Run-time library directories of the interpreter are taken out of its link command, and nothing else."""
    interpreter = BuildInterpreter(Path("python"), Build("3.13", free_threaded=False), compiler="gcc", linker=linker)

    assert interpreter.link_environment(environ) == expected


def test_running_interpreter_describes_itself() -> None:
    """The label and the kind of wheel come from the build of the interpreter, not from its run-time state."""
    found = BuildInterpreter.ask(Path(sys.executable), Build.parse(LABEL))

    assert (found.build.label, found.build.kind) == (LABEL, LABEL.replace("3.", "cp3"))


@pytest.mark.parametrize("value", ["3.13", "3.13=", "=/usr/bin/python", "t=/usr/bin/python", "4.0=/p"])
def test_malformed_python_argument_is_refused(value: str) -> None:
    """An argument that is not VERSION=PATH is refused with the form it should have."""
    with pytest.raises(argparse.ArgumentTypeError, match=r"is not LABEL=PATH, for example 3\.13t="):
        Interpreter.parse(value)


def test_export_takes_working_tree_and_warns(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Changes that are not committed are built, and said; untracked files are not built, and said; tests stay away."""
    (checkout / "hawkapi/py.typed").write_bytes(b"partial\n")
    (checkout / "hawkapi/new.py").touch()
    (checkout / "hawkapi/routing/__init__.py").unlink()

    tree = export(checkout, tmp_path / "tree")

    assert contents(tree).keys() == {*PACKAGE, "pyproject.toml"} - {"hawkapi/routing/__init__.py"}
    assert contents(tree)["hawkapi/py.typed"] == b"partial\n"
    printed = capsys.readouterr().err
    assert "2 files differ from the last commit" in printed
    assert "does not track these files, so they are not built: hawkapi/new.py" in printed


def test_export_of_clean_checkout_is_silent(checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is said about a checkout that is as committed."""
    export(checkout, tmp_path / "tree")

    assert capsys.readouterr().err == ""


def test_export_outside_a_checkout_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory without git is refused with git's own words."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "plain").mkdir()

    with pytest.raises(CIError, match="not a git repository"):
        export(tmp_path / "plain", tmp_path / "tree")


def test_file_lost_by_sdist_is_named(tmp_path: Path) -> None:
    """A file of the package that the source archive lacks is named: no later check could miss it."""
    (tmp_path / "tree/hawkapi").mkdir(parents=True)
    (tmp_path / "tree/hawkapi/data.json").touch()
    sdist = SdistFile(write_sdist(tmp_path / f"hawkapi-{VERSION}.tar.gz", PACKAGE))

    with pytest.raises(CIError, match=r"lacks hawkapi/data\.json"):
        refuse_lost_files(tmp_path / "tree", sdist)


def test_time_is_last_commits(checkout: Path) -> None:
    """Without SOURCE_DATE_EPOCH the build has the time of the last commit."""
    assert epoch_of_checkout(checkout) == COMMIT_TIME


def test_time_from_environment_wins(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH is taken as it is."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "12")

    assert epoch_of_checkout(checkout) == 12


def test_version_is_read_without_import(checkout: Path) -> None:
    """The version of a checkout is the text that `__version__` is assigned."""
    assert project_version(checkout) == VERSION


def test_publish_replaces_files_of_same_version(tmp_path: Path) -> None:
    """The new set takes the place of the old one; what an earlier build left besides goes; dotfiles stay."""
    house = tmp_path / "wheelhouse"
    staging = MiniSet.good().write(tmp_path / "staging")
    house.mkdir()
    for name in (".gitkeep", f"hawkapi-{VERSION}-cp313-cp313-linux_x86_64.whl", f"hawkapi-{VERSION}.tar.gz"):
        (house / name).write_bytes(b"old")

    published = publish(staging, house, VERSION)

    assert contents(house) == {**contents(staging), ".gitkeep": b"old"}
    assert published == sorted(house / path.name for path in staging.iterdir())


@pytest.mark.parametrize("name", ["hawkapi-1.2.30.tar.gz", "hawkapi-1.2.4-py3-none-any.whl", "notes.txt"])
def test_publish_refuses_dirty_wheelhouse(tmp_path: Path, name: str) -> None:
    """A file that is not of this version is named with what to do, and nothing changes."""
    house = tmp_path / "wheelhouse"
    staging = MiniSet.good().write(tmp_path / "staging")
    house.mkdir()
    (house / name).write_bytes(b"old")

    with pytest.raises(CIError, match=rf"{name}; .*move or delete them first"):
        publish(staging, house, VERSION)

    assert contents(house) == {name: b"old"}


def test_interrupted_publish_leaves_wheelhouse(tmp_path: Path) -> None:
    """When the last file cannot be copied, no file has been replaced and no part of one is left."""
    house = tmp_path / "wheelhouse"
    publish(MiniSet.good().write(tmp_path / "first"), house, VERSION)
    before = contents(house)
    newer = MiniSet.good()
    newer.add_everywhere("hawkapi/py.typed", b"partial\n")
    staging = newer.write(tmp_path / "second")
    (staging / f"hawkapi-{VERSION}-zz-unreadable.whl").symlink_to(tmp_path / "nowhere")

    with pytest.raises(CIError, match=rf"cannot put the files into {house} \(No such file"):
        publish(staging, house, VERSION)

    assert contents(house) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_full_wheelhouse_is_named(tmp_path: Path) -> None:
    """When the wheelhouse cannot take a whole file the message names the wheelhouse, and nothing of it is left."""
    house = tmp_path / "wheelhouse"
    staging = tmp_path / "staging"
    staging.mkdir()
    (staging / f"hawkapi-{VERSION}.tar.gz").write_bytes(bytes(100_000))
    code = (
        "import pathlib, resource, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from publishing import publish\n"
        "from console import exit_with\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        f"sys.exit(exit_with(lambda: publish(*map(pathlib.Path, sys.argv[2:]), {VERSION!r}) and 0))\n"
    )

    done = subprocess.run([sys.executable, "-c", code, CI, staging, house], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"cannot put the files into {house} (File too large); free some space there" in done.stderr
    assert contents(house) == {}


def test_unusable_wheelhouse_is_refused_before_a_build(tmp_path: Path) -> None:
    """A place that cannot be written is refused in one sentence that names it."""
    (tmp_path / "file").touch()

    with pytest.raises(CIError, match=r"cannot write to .*file/wheelhouse .*; make it writable"):
        require_usable(tmp_path / "file" / "wheelhouse", VERSION)


def test_command_refuses_dirty_wheelhouse_in_one_line(checkout: Path) -> None:
    """The command fails at once, with one line and without a build, when the wheelhouse holds another version."""
    (checkout / "wheelhouse/hawkapi-9.9.9.tar.gz").touch()
    command: list[str | Path] = [sys.executable, CI / "build_dists.py", checkout / "wheelhouse", "--source", checkout]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "hawkapi-9.9.9.tar.gz" in line

"""The build of CPython, step by step, with a source package, a compiler and a make that are shell scripts."""

from __future__ import annotations

import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from console import CIError
from cpython import REQUIRED_MODULES, Build
from cpython_source import Toolchain, build, built, find_compiler, find_suites, install_prefix, provide_libraries
from fake_machine import FakeMachine, interpreter_script, write_script
from interpreters import find
from machine import workspace

FREE_THREADED = Build("3.13", free_threaded=True)

MAKE = """\
echo "make $*; CFLAGS=$CFLAGS"
case "$1" in altinstall)
  to="${{2#DESTDIR=}}$(cat prefix)/bin"
  mkdir -p "$to" && cp {python} "$to/python3.13t"
esac
"""


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    """Give a Debian machine on which a build of CPython 3.13.5t succeeds."""
    fake = FakeMachine(tmp_path)
    fake.debian(source_package(tmp_path))
    fake.program("cc", "exit 0")
    place = install_prefix(FREE_THREADED, "3.13.5", fake.machine.cache) / "bin/python3.13t"
    python = write_script(tmp_path / "prepared", interpreter_script(place, free_threaded=True))
    fake.program("make", MAKE.format(python=python))
    return fake


def source_package(directory: Path) -> Path:
    """Make a source package whose configure notes the prefix; return the directory of its files."""
    tree = directory / "upstream/Python-3.13.5"
    write_script(tree / "configure", 'echo "configure $*"; printf %s "${1#--prefix=}" > prefix')
    files = directory / "files"
    files.mkdir()
    with tarfile.open(files / "python3.13_3.13.5.orig.tar.gz", "w:gz") as tar:
        tar.add(tree, tree.name)
    (files / "python3.13_3.13.5-2.debian.tar.xz").write_text("the distribution's patches")
    (files / "python3.13_3.13.5-2.dsc").write_text("")
    return files


def contents(fake: FakeMachine) -> list[str]:
    """List the names in the cache."""
    return sorted(path.name for path in fake.machine.cache.iterdir())


def test_build_of_a_free_threaded_interpreter(fake: FakeMachine) -> None:
    """The interpreter is installed below the cache under its version and flags; the log is kept, the rest is not."""
    fake.variables["CFLAGS"] = "-march=native"
    prefix = install_prefix(FREE_THREADED, "3.13.5", fake.machine.cache)
    assert build(FREE_THREADED, fake.machine) == prefix / "bin/python3.13t"
    assert built(FREE_THREADED, fake.machine.cache) == [prefix / "bin/python3.13t"]
    assert contents(fake) == ["apt", "interpreters", "logs"]
    log = (fake.machine.cache / "logs" / f"{prefix.name}.log").read_text().splitlines()
    flags = "--with-ensurepip=install --disable-test-modules --without-static-libpython --disable-gil"
    assert log[0] == f"configure --prefix={prefix} {flags}"
    assert log[2] == f"make altinstall DESTDIR={fake.machine.cache / 'work' / 'root'}; CFLAGS="


def test_build_asks_for_the_suite_that_has_it(fake: FakeMachine) -> None:
    """The machine's mirror is asked for source packages of another suite, with the machine's key."""
    build(FREE_THREADED, fake.machine)
    written = (fake.machine.cache / "apt/source-trixie/sources.list.d/hawkapi.sources").read_text()
    assert written == (
        "Types: deb-src\nURIs: http://mirror.test/debian\nSuites: trixie\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/test.gpg\n"
    )


def test_build_wanted_by_two_at_once(fake: FakeMachine) -> None:
    """Whoever comes second waits and takes what the first one built."""
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: find("3.13t", fake.machine), range(2)))
    assert paths == [install_prefix(FREE_THREADED, "3.13.5", fake.machine.cache) / "bin/python3.13t"] * 2
    calls = (fake.machine.cache / "apt/source-trixie/calls").read_text().splitlines()
    assert calls == ["update", "source --download-only --only-source python3.13"]


@pytest.mark.parametrize("phase", ["-j", "altinstall"])
def test_build_that_fails(fake: FakeMachine, phase: str) -> None:
    """The error names the log and ends with its last lines, and no interpreter is left behind."""
    fake.program("make", f'echo "it broke"; case "$1" in {phase}*) exit 2; esac')
    with pytest.raises(CIError, match=r"(?s)exit code 2; the whole log is .*/logs/cpython-3.13.5t.*\.log\n.*it broke$"):
        build(FREE_THREADED, fake.machine)
    assert contents(fake) == ["apt", "logs"]


def test_build_that_lacks_modules(fake: FakeMachine) -> None:
    """An interpreter compiled without ssl is an error that names the package, and is not kept."""
    script = interpreter_script(Path("/p"), free_threaded=True, lacking=["ssl"])
    fake.program("make", MAKE.format(python=write_script(fake.directory / "incomplete", script)))
    with pytest.raises(
        CIError, match="lacks the module ssl; install what it needs: apt-get install libssl-dev; the log"
    ):
        build(FREE_THREADED, fake.machine)
    assert contents(fake) == ["apt", "logs"]


def test_build_of_a_package_without_upstream_archive(fake: FakeMachine) -> None:
    """A source package that has no upstream archive is an error that lists what it has."""
    (fake.directory / "files/python3.13_3.13.5.orig.tar.gz").unlink()
    with pytest.raises(CIError, match=r"has no upstream archive: \['python3.13_3.13.5-2.debian.tar.xz'"):
        build(FREE_THREADED, fake.machine)


@pytest.mark.parametrize(
    ("release", "version", "expected"),
    [
        pytest.param("ID=debian", "3.13", ("trixie",), id="debian"),
        pytest.param("ID=raspbian\nID_LIKE=debian", "3.13", ("trixie",), id="like-debian"),
        pytest.param("ID=ubuntu\nID_LIKE=debian", "3.12", ("noble",), id="ubuntu"),
    ],
)
def test_suites_of_a_distribution(fake: FakeMachine, release: str, version: str, expected: tuple[str, ...]) -> None:
    """The table of the distribution itself counts, else of the first it is like."""
    fake.write("etc/os-release", release)
    assert find_suites(Build(version, free_threaded=False), fake.machine) == expected


@pytest.mark.parametrize(
    ("release", "version"),
    [pytest.param("ID=debian", "3.12", id="version"), pytest.param("ID=alpine", "3.13", id="distribution")],
)
def test_suites_unknown(fake: FakeMachine, release: str, version: str) -> None:
    """A version that no suite has, or another distribution, is an error that names both."""
    fake.write("etc/os-release", release)
    with pytest.raises(CIError, match=rf"CPython {version} for this system \({release.removeprefix('ID=')}\)"):
        find_suites(Build(version, free_threaded=False), fake.machine)


def test_compiler_that_works(fake: FakeMachine) -> None:
    """A compiler that cannot build a program is passed over."""
    fake.program("cc", "exit 1")
    clang = fake.program("clang", "exit 0")
    assert find_compiler(fake.machine) == clang


@pytest.mark.parametrize(
    ("absent", "message"),
    [pytest.param("cc", "no C compiler that works", id="cc"), pytest.param("make", "but no make", id="make")],
)
def test_compiler_absent(fake: FakeMachine, absent: str, message: str) -> None:
    """The error names the package to install."""
    (fake.directory / "bin" / absent).unlink()
    with pytest.raises(CIError, match=f"{message}.*build-essential"):
        find_compiler(fake.machine)


def test_libraries_that_are_all_there(fake: FakeMachine) -> None:
    """Nothing is fetched for a machine that has every header."""
    own = Toolchain(fake.machine, fake.directory / "bin/cc")
    assert own.lacks() == []
    assert provide_libraries(own, own.lacks(), fake.directory) is None
    assert set(own.env) == {"CC", "HOME", "LC_ALL", "PATH"}


def test_libraries_that_are_missing(fake: FakeMachine) -> None:
    """Packages for missing headers are unpacked to the cache, and compiler and linker are told where."""
    fake.program("cc", 'case " $* " in *" -lssl "*|*" -lz "*) [ -d "$CPATH" ]; esac')
    fake.program("dpkg-deb", 'mkdir -p "$3/usr/include" "$3/usr/lib/x86_64-linux-gnu"')
    own = Toolchain(fake.machine, fake.directory / "bin/cc")
    assert [module.package for module in own.lacks()] == ["libssl-dev", "zlib1g-dev"]
    with workspace(fake.machine.cache) as work:
        tree = provide_libraries(own, own.lacks(), work)
    assert tree is not None
    env = Toolchain(own.machine, own.compiler, tree).env
    assert tree.parent == fake.machine.cache / "libraries"
    assert env["CPATH"] == f"{tree}/usr/include"
    assert env["LD_RUN_PATH"] == env["LIBRARY_PATH"] == f"{tree}/usr/lib/x86_64-linux-gnu:{tree}/usr/lib"
    calls = (fake.machine.cache / "apt/binary/calls").read_text().splitlines()
    assert calls[-1] == "download libone1=1.1 libssl-dev zlib1g-dev"


@pytest.mark.parametrize("header", ["openssl/ssl.h", "ffi.h"])
def test_libraries_with_openssl_are_named_to_configure(fake: FakeMachine, header: str) -> None:
    """Configure is told of a tree that has OpenSSL, which it would not find by the compiler's variables."""
    place = fake.directory / "tree/usr/include" / header
    place.parent.mkdir(parents=True)
    place.write_text("")
    toolchain = Toolchain(fake.machine, fake.directory / "bin/cc", fake.directory / "tree")
    expected = (f"--with-openssl={fake.directory}/tree/usr",) if "openssl" in header else ()
    assert toolchain.flags == expected


def test_libraries_that_do_not_help(fake: FakeMachine) -> None:
    """When the unpacked packages change nothing, the error names what to install."""
    fake.program("cc", 'case " $* " in *" -llzma "*) exit 1; esac')
    own = Toolchain(fake.machine, fake.directory / "bin/cc")
    with (
        pytest.raises(CIError, match="did not help: apt-get install liblzma-dev"),
        workspace(fake.machine.cache) as work,
    ):
        provide_libraries(own, own.lacks(), work)


def test_required_modules_are_those_promised() -> None:
    """The modules that a usable interpreter must have are the documented ones."""
    assert [module.name for module in REQUIRED_MODULES] == ["ssl", "ctypes", "sqlite3", "zlib", "bz2", "lzma"]

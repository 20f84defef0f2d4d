"""Server programs on PATH, in the cache, and fetched by an apt-get that is a shell script."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from console import CIError
from fake_machine import FakeMachine, write_script
from programs import find, installed

UNPACK = """\
mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu/pulseaudio"
touch "$3/usr/lib/x86_64-linux-gnu/pulseaudio/libpulsecommon-16.1.so"
printf '#!/bin/sh\\necho "$LD_LIBRARY_PATH" "$@"\\n' > "$3/usr/bin/redis-server"
chmod +x "$3/usr/bin/redis-server"
"""


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    """Give a Debian machine whose packages all hold a program that prints its library path and arguments."""
    fake = FakeMachine(tmp_path)
    fake.debian()
    fake.program("dpkg-deb", UNPACK)
    return fake


def test_program_on_path(fake: FakeMachine) -> None:
    """A program of the machine is used as it is."""
    program = fake.program("redis-server", "")
    assert installed("redis-server", fake.machine) == program
    assert find("redis-server", fake.machine) == program


def test_program_on_path_that_does_not_start(fake: FakeMachine) -> None:
    """A program that cannot even tell its version is passed over."""
    fake.program("redis-server", "exit 127")
    assert installed("redis-server", fake.machine) is None


def test_program_that_ends_with_its_usage(fake: FakeMachine) -> None:
    """wrk tells its version and then fails for want of a URL; any other failure is one."""
    program = fake.program("wrk", "echo wrk 4.1.0; echo 'Usage: wrk <options> <url>'; exit 1")
    assert installed("wrk", fake.machine) == program
    fake.program("wrk", "echo error while loading shared libraries; exit 127")
    assert installed("wrk", fake.machine) is None


def test_program_fetched_once(fake: FakeMachine) -> None:
    """A fetched program is below the cache and found without apt the next time; it starts with all its libraries."""
    place = fake.machine.cache / "programs/debian-bookworm/redis-server"
    assert installed("redis-server", fake.machine) is None
    assert find("redis-server", fake.machine) == place / "run"
    (fake.directory / "bin/apt-get").unlink()
    assert find("redis-server", fake.machine) == place / "run"
    libraries = ":".join(
        f"{place}/tree/usr/lib{directory}" for directory in ("/x86_64-linux-gnu", "", "/x86_64-linux-gnu/pulseaudio")
    )
    done = subprocess.run(
        [place / "run", "--port", "a b"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=True
    )
    assert done.stdout.decode() == f"{libraries} --port a b\n"


def test_program_behind_a_script_that_needs_an_installation(fake: FakeMachine) -> None:
    """The program itself is started, not the script of its package that reads settings below /etc."""
    fake.program(
        "dpkg-deb",
        'mkdir -p "$3/usr/bin" "$3/usr/lib/chromium"\n'
        "printf '#!/bin/sh\\n. /nowhere/chromium.d/settings\\n' > \"$3/usr/bin/chromium\"\n"
        'printf \'#!/bin/sh\\necho itself "$@"\\n\' > "$3/usr/lib/chromium/chromium"\n'
        'chmod +x "$3/usr/bin/chromium" "$3/usr/lib/chromium/chromium"\n',
    )
    starter = find("chromium", fake.machine)
    done = subprocess.run([starter, "--headless"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=True)
    assert done.stdout == b"itself --headless\n"


def test_program_fetched_with_its_missing_libraries(fake: FakeMachine) -> None:
    """What apt would install is downloaded, in those versions."""
    find("redis-server", fake.machine)
    calls = (fake.machine.cache / "apt/binary/calls").read_text().splitlines()
    assert calls == [
        "update",
        "-s install --no-install-recommends redis-server",
        "download libone1=1.1 redis-server",
    ]


@pytest.mark.parametrize(
    ("unpack", "reason"),
    [
        pytest.param("exit 2", "exit code 2 from: dpkg-deb", id="cannot-unpack"),
        pytest.param("exit 0", "holds no program redis-server", id="no-such-file"),
        pytest.param(UNPACK.replace("echo", "exit 1; echo"), "exit code 1 from: .*--version", id="does-not-start"),
    ],
)
def test_program_that_cannot_be_fetched(fake: FakeMachine, unpack: str, reason: str) -> None:
    """The error says what failed and how to go on, and the cache holds no part of the program."""
    fake.program("dpkg-deb", unpack)
    with pytest.raises(CIError, match=rf"(?s)there is no redis-server here.*{reason}.*apt-get install redis-server"):
        find("redis-server", fake.machine)
    assert sorted(path.name for path in fake.machine.cache.iterdir()) == ["apt", "lock"]


def test_program_broken_in_the_cache(fake: FakeMachine) -> None:
    """A fetched program that no longer starts is fetched again."""
    starter = find("redis-server", fake.machine)
    write_script(starter, "exit 127")
    assert find("redis-server", fake.machine) == starter
    assert installed("redis-server", fake.machine) == starter


def test_program_unknown(fake: FakeMachine) -> None:
    """A name that stands for no package is refused with the known ones."""
    with pytest.raises(CIError, match="known are chromium, redis-server, wrk"):
        find("memcached", fake.machine)

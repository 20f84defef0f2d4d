"""The environment, the cache and its lock."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from fake_machine import write_script
from machine import Distribution, Machine, exclusive, keep, workspace


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "ID=debian\nVERSION_CODENAME=bookworm\n", Distribution(("debian",), frozenset({"bookworm"})), id="own"
        ),
        pytest.param(
            "# Mint\nID=\"linuxmint\"\nID_LIKE='ubuntu debian'\nVERSION_CODENAME=xia\nUBUNTU_CODENAME=noble\n",
            Distribution(("linuxmint", "ubuntu", "debian"), frozenset({"xia", "noble"})),
            id="derived-and-quoted",
        ),
        pytest.param('PRETTY_NAME="Somebody\'s Linux"\n', Distribution(), id="nothing-known"),
    ],
)
def test_distribution_of_os_release(text: str, expected: Distribution) -> None:
    """Identifiers keep their order, and every codename counts."""
    assert Distribution.from_os_release(text) == expected


def test_distribution_without_os_release(tmp_path: Path) -> None:
    """A system that does not describe itself is of no known distribution."""
    assert Machine({}, root=tmp_path).distribution == Distribution()


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        pytest.param({"HOME": "/h"}, "/h/.cache/hawkapi", id="unset"),
        pytest.param({"HOME": "/h", "XDG_CACHE_HOME": "/c"}, "/c/hawkapi", id="absolute"),
        pytest.param({"HOME": "/h", "XDG_CACHE_HOME": "c"}, "/h/.cache/hawkapi", id="relative"),
        pytest.param({"HOME": "/h", "XDG_CACHE_HOME": ""}, "/h/.cache/hawkapi", id="empty"),
    ],
)
def test_cache_of_environment(env: dict[str, str], expected: str) -> None:
    """The XDG variable decides when it is absolute; otherwise the home directory does."""
    assert Machine(env).cache == Path(expected)


def test_every_program_on_path(tmp_path: Path) -> None:
    """All executable files of the name are given in PATH's order; what is not executable or has no place is not."""
    first, second = (write_script(tmp_path / name / "tool", "") for name in ("a", "b"))
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/tool").write_text("")
    machine = Machine({"PATH": f"{tmp_path}/plain:{tmp_path}/absent::{second.parent}:{first.parent}"})
    assert list(machine.every("tool")) == [second, first]


def test_lock_while_held_and_after(tmp_path: Path) -> None:
    """Nobody else gets the lock while it is held, and anybody does afterwards."""
    with exclusive(tmp_path), (tmp_path / "lock").open() as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with (tmp_path / "lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_lock_released_by_failure(tmp_path: Path) -> None:
    """A failing holder does not keep the lock."""
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path):
        raise ZeroDivisionError
    with exclusive(tmp_path), workspace(tmp_path) as work:
        assert work.is_dir()


def test_workspace_after_a_killed_process(tmp_path: Path) -> None:
    """What a killed process left is gone at the next start, and nothing remains at the end."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work/half-built").write_text("")
    with workspace(tmp_path) as work:
        assert list(work.iterdir()) == []
        (work / "more").write_text("")
    assert list(tmp_path.iterdir()) == []


def test_publish_replaces_what_is_there(tmp_path: Path) -> None:
    """The new directory takes the place of an unusable older one as a whole."""
    final = tmp_path / "programs/tool"
    final.mkdir(parents=True)
    (final / "old").write_text("")
    with workspace(tmp_path) as work:
        (work / "tool").mkdir()
        (work / "tool/new").write_text("")
        assert keep(work / "tool", final) == final
    assert [path.name for path in final.iterdir()] == ["new"]

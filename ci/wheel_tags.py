"""What a wheel's tags promise: which interpreter and ABI, which family of systems, which architecture.

Only what this project publishes is known here. A tag that nobody decided on is refused, even where an installer
somewhere would take it.

SPEC: https://packaging.python.org/specifications/platform-compatibility-tags/
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

PLATFORMS: Final = tuple(
    (family, re.compile(pattern))
    for family, pattern in (
        ("manylinux", r"manylinux(?:_\d+_\d+|1|2010|2014)_(x86_64|aarch64)"),
        ("musllinux", r"musllinux_\d+_\d+_(x86_64|aarch64)"),
        ("linux", r"linux_(x86_64|aarch64)"),
        ("macosx", r"macosx_\d+_\d+_(x86_64|arm64)"),
        ("win", r"win_(amd64|arm64)"),
    )
)


@dataclass(frozen=True)
class System:
    """The family of systems and the architecture that a platform tag names."""

    family: str
    architecture: str

    @classmethod
    def parse(cls, platform: str) -> System | None:
        """Read one platform tag; None when it is not a known one."""
        for family, pattern in PLATFORMS:
            if found := pattern.fullmatch(platform):
                return cls(family, found[1])
        return None

    def extension_suffix(self, abi: str) -> str:
        """Return how the file name of an extension module for this ABI, such as `cp313`, ends."""
        if self.family == "win":
            return f".{abi}-win_{self.architecture}.pyd"
        if self.family == "macosx":
            return f".cpython-{abi.removeprefix('cp')}-darwin.so"
        library = "musl" if self.family == "musllinux" else "gnu"
        return f".cpython-{abi.removeprefix('cp')}-{self.architecture}-linux-{library}.so"

    @property
    def machine_code(self) -> str:
        """The format and architecture of its extension modules, as `machine_code.describe` says them."""
        name = {"win": "PE", "macosx": "Mach-O"}.get(self.family, "ELF")
        return f"{name} {self.architecture}"


def common_system(platforms: Collection[str]) -> System | None:
    """Return the one system of all platform tags; None when one is unknown or they are of several."""
    systems = {System.parse(platform) for platform in platforms}
    return systems.pop() if len(systems) == 1 else None


def is_interpreter(python: str, abi: str) -> bool:
    """Say whether the tags are `py3-none`, `cp313-cp313` or the free-threaded `cp313-cp313t`, of any minor version."""
    return (python, abi) == ("py3", "none") or (
        re.fullmatch(r"cp3\d+", python) is not None and abi in {python, f"{python}t"}
    )

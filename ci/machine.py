"""The machine a script runs on: its environment, its distribution, and hawkapi's cache of what the machine lacks.

Everything that scripts make and keep is below `Machine.cache`. It is filled by one process at a time (`exclusive`), in
a `workspace`, and moved into place whole (`keep`): what is found there is complete, whatever was interrupted before.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from console import say


@dataclass(frozen=True)
class Distribution:
    """What `os-release` says about the system."""

    ids: tuple[str, ...] = ()
    """The distribution's own identifier, then those it is like: `("linuxmint", "ubuntu", "debian")`."""
    codenames: frozenset[str] = frozenset()
    """Names of the installed release, its own and those of the distributions it derives from."""

    @classmethod
    def from_os_release(cls, text: str) -> Distribution:
        """Read the shell-like assignments of an `os-release` file."""
        fields = dict(word.partition("=")[::2] for word in shlex.split(text, comments=True))
        ids = (fields.get("ID", ""), *fields.get("ID_LIKE", "").split())
        codenames = (fields.get(f"{prefix}_CODENAME", "") for prefix in ("VERSION", "UBUNTU", "DEBIAN"))
        return cls(tuple(filter(None, ids)), frozenset(filter(None, codenames)))

    @property
    def label(self) -> str:
        """A name for directories that hold this release's binaries: `debian-bookworm`."""
        return "-".join([*self.ids[:1], *sorted(self.codenames)]) or "unknown"


@dataclass(frozen=True)
class Machine:
    """Where to look for things; tests build one from directories of theirs."""

    env: Mapping[str, str]
    """The whole environment, for look-ups and for the programs that are started."""
    root: Path = Path("/")
    """The directory that holds `etc/`."""
    scripts: Path = field(default_factory=lambda: Path(sys.executable).parent)
    """The directory of the running interpreter, where tools of its environment are."""

    @classmethod
    def this(cls) -> Machine:
        """Describe the machine this process runs on."""
        return cls(dict(os.environ))

    @property
    def home(self) -> Path:
        """The user's home directory."""
        return Path(self.env["HOME"]) if self.env.get("HOME") else Path.home()

    @property
    def cache(self) -> Path:
        """Hawkapi's part of the user's cache.

        SPEC: a relative `XDG_CACHE_HOME` counts as unset (XDG Base Directory Specification 0.8).
        """
        base = Path(self.env.get("XDG_CACHE_HOME", ""))
        return (base if base.is_absolute() else self.home / ".cache") / "hawkapi"

    @property
    def distribution(self) -> Distribution:
        """The system's own description of itself; empty where there is none."""
        try:
            return Distribution.from_os_release((self.root / "etc/os-release").read_text())
        except FileNotFoundError:
            return Distribution()

    def every(self, program: str) -> Iterator[Path]:
        """Yield each executable file of that name on PATH, in its order."""
        for directory in self.env.get("PATH", "").split(os.pathsep):
            found = shutil.which(program, path=directory) if directory else None
            if found:
                yield Path(found)

    def which(self, program: str) -> Path | None:
        """Return the first executable file of that name on PATH."""
        return next(self.every(program), None)


@contextlib.contextmanager
def exclusive(cache: Path) -> Iterator[None]:
    """Hold the cache's lock; another process that wants to fill the cache waits until this one has finished.

    THREADS: the kernel drops the lock with the process, so a killed one leaves nothing to clean up.
    """
    cache.mkdir(parents=True, exist_ok=True)
    # COMPAT: Windows has no fcntl. Nothing is built there, and uv guards its downloads itself.
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with (cache / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"-> waiting for the process that holds {file.name}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def workspace(cache: Path) -> Iterator[Path]:
    """Give an empty directory inside the cache and remove it at the end.

    Call it with the lock held: what a killed process left there is then nobody's, and is removed first.
    """
    work = cache / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def keep(staged: Path, final: Path) -> Path:
    """Move a finished directory from the workspace to its place in the cache, in one step, and return the place."""
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.exists():
        final.rename(staged.with_name(f"{staged.name}.replaced"))
    return staged.rename(final)

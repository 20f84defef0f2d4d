"""The claims that a set of finished files makes as a whole, and those of its source archive.

A function yields a sentence per breach: the fact, then what to do. `check_wheels` holds the table of them.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console import CIError, run
from dist_set import DistSet
from project import PACKAGE, assigned_version
from wheel_file import WheelFile

ONE_MACHINE: Final = frozenset({"cp313", "cp313t", "universal"})
SDIST_TOP: Final = frozenset({"LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg", "setup.py"})
LEFTOVER_SUFFIXES: Final = (".pyc", ".pyo", ".c", ".h", ".cpp", ".orig", ".rej")


@dataclass(frozen=True)
class Settings:
    """What the checks cannot read from the files themselves; a None leaves the checks that need it out."""

    kinds: frozenset[str] = ONE_MACHINE
    """The kinds of wheel that must be there, and no others."""
    tag: str | None = None
    """The release tag: `v` and the version."""
    epoch: int | None = None
    """The time every member must carry, in seconds since 1970."""
    twine: Path | None = None
    auditwheel: Path | None = None
    private_paths: frozenset[str] = frozenset()
    """Directories of the building machine, which no published file may mention."""


@dataclass(frozen=True)
class Context:
    """What every check is given beside its wheel."""

    dists: DistSet
    settings: Settings

    @property
    def version(self) -> str:
        """The version all files must have: the source archive's."""
        return self.dists.sdist.version


def set_is_complete(context: Context) -> Iterator[str]:
    """Expect each kind, one wheel per kind and platform, and no other file."""
    wheels = context.dists.wheels.values()
    kinds = {wheel.name.kind for wheel in wheels}
    for missing in sorted(context.settings.kinds - kinds):
        yield f"there is no {missing} wheel; build the set again with that interpreter"
    for wheel in wheels:
        if wheel.name.kind not in context.settings.kinds:
            yield f"{wheel.path.name} is of a kind that is not published; remove it"
    counts = Counter((wheel.name.kind, frozenset(wheel.name.platforms)) for wheel in wheels)
    for (kind, platforms), count in counts.items():
        if count > 1:
            yield f"{count} {kind} wheels are for {'.'.join(sorted(platforms))}; remove all but one"
    for stranger in context.dists.strangers:
        yield f"{stranger} is neither a wheel nor the source archive; remove it"


def files_share_version(context: Context) -> Iterator[str]:
    """Expect one project and version in all file names, and in the release tag."""
    for filename, wheel in context.dists.wheels.items():
        if (wheel.name.distribution, wheel.name.version) != (PACKAGE, context.version):
            yield f"{filename} is not {PACKAGE} {context.version}; empty the directory and build again"
    if context.settings.tag not in {None, f"v{context.version}"}:
        yield f"the tag {context.settings.tag} does not name {context.version}; make them agree before the release"


def pure_wheels_cover_compiled_platforms(context: Context) -> Iterator[str]:
    """Expect cp313 and cp313t wheels for the same platforms, as sets."""
    platforms: dict[str, set[frozenset[str]]] = {"cp313": set(), "cp313t": set()}
    for wheel in context.dists.wheels.values():
        if wheel.name.kind in platforms:
            platforms[wheel.name.kind].add(frozenset(platforms_inside(wheel)))
    for kind, other in (("cp313", "cp313t"), ("cp313t", "cp313")):
        if platforms[kind] and platforms[other]:
            for tags in platforms[kind] - platforms[other]:
                wanted = ".".join(sorted(tags))
                yield f"the {kind} wheel is for {wanted} and no {other} wheel is; use repair_wheel.py --like"


def platforms_inside(wheel: WheelFile) -> set[str]:
    """Return the platforms that the WHEEL file names, whatever the file name says."""
    return {tag.rpartition("-")[2] for tag in wheel.header.get_all("Tag", [])}


def sdist_has_only_sources(context: Context) -> Iterator[str]:
    """Expect the package, its egg-info and the files a build reads."""
    for name in context.dists.sdist.contents:
        top = name.partition("/")[0]
        if top not in {PACKAGE, f"{PACKAGE}.egg-info"} and name not in SDIST_TOP:
            yield f"{name} is not part of the source of a build; keep it out of the archive"


def sdist_has_no_leftovers(context: Context) -> Iterator[str]:
    """Expect no byte code, generated C or patch remains."""
    for name in context.dists.sdist.contents:
        if name.endswith(LEFTOVER_SUFFIXES):
            yield f"{name} is left over from a build; delete it from the source"


def sdist_is_normal(context: Context) -> Iterator[str]:
    """Expect sorted members of one time that belong to nobody."""
    members = context.dists.sdist.members
    if [member.name for member in members] != sorted(member.name for member in members):
        yield "the members are not sorted; build it again"
    for member in members:
        found = (member.mtime, member.uid, member.gid, member.uname, member.gname)
        if found != (context.settings.epoch, 0, 0, "", "") or member.mode not in {0o644, 0o755}:
            yield f"{member.name} has its own time, owner or mode; build it again with SOURCE_DATE_EPOCH set"
            return


def sdist_has_version(context: Context) -> Iterator[str]:
    """Expect `__version__` to be assigned once, and to be the version in the archive's name."""
    source = context.dists.sdist.contents.get(f"{PACKAGE}/__init__.py", b"")
    try:
        found, names = assigned_version(source), _names_bound(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        yield f"{PACKAGE}/__init__.py is not Python ({exc}); build from the tagged source"
        return
    if found != context.version:
        yield f"{PACKAGE}.__version__ is {found!r} and the file name says {context.version}; build from the tag"
    if names["__version__"] > 1:
        yield f"{PACKAGE}.__version__ is assigned {names['__version__']} times; keep one assignment"


def _names_bound(source: bytes) -> Counter[str]:
    """Count how often each name is assigned or imported, anywhere in a module."""
    nodes = list(ast.walk(ast.parse(source)))
    assigned = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return Counter(assigned + [node.asname or node.name for node in nodes if isinstance(node, ast.alias)])


def twine_accepts_sdist(context: Context) -> Iterator[str]:
    """Expect `twine check --strict` to pass."""
    yield from twine_problems(context.settings.twine, context.dists.sdist.path)


def twine_problems(twine: Path | None, path: Path) -> Iterator[str]:
    """Yield what twine finds wrong with a file."""
    try:
        if twine is not None:
            run([twine, "--no-color", "check", "--strict", path])
    except CIError as exc:
        yield f"twine refuses it: {exc}"

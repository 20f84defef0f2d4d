"""Every static claim that one wheel makes, as one small function each.

A function yields a sentence per breach: the fact, then what to do. The checks do not overlap: one defect is named
once, by the check whose subject it is, so a test can demand that exactly that check fails. `check_wheels` holds the
table of them.
"""

from __future__ import annotations

import itertools
import json
import platform
import re
import stat
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from console import CIError
from project import PACKAGE
from repair_wheel import audited
from set_claims import LEFTOVER_SUFFIXES, Context, platforms_inside, twine_problems, version_problems
from wheel_file import WheelFile, record_hash, zip_time

SHARED_LIBRARY: Final = f"{PACKAGE}__mypyc"
COMPILED_LIST: Final = f"{PACKAGE}/_compiled.json"


def tags_agree(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect the file name's tags, expanded, to be the WHEEL file's."""
    inside = set(wheel.header.get_all("Tag", []))
    for tag in sorted(inside ^ wheel.name.tags):
        place, other = ("WHEEL file", "file name") if tag in inside else ("file name", "WHEEL file")
        yield f"the tag {tag} is in the {place} but not in the {other}; never rename a wheel, retag it"


def purelib_is_right(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect `Root-Is-Purelib: true` in the universal wheel and false in platform wheels."""
    wanted = "true" if wheel.name.kind == "universal" else "false"
    found = wheel.header.get("Root-Is-Purelib")
    if found != wanted:
        yield f"Root-Is-Purelib is {found} where {wanted} is right; look at HawkAPIDistribution in setup.py"


def platforms_are_publishable(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect no `linux_*`, which the index refuses, and no `any` beside an ABI."""
    for name in sorted(platforms_inside(wheel)):
        if name.startswith("linux_"):
            yield f"{name} is refused by the index; run repair_wheel.py"
        elif (name == "any") != (wheel.name.kind == "universal"):
            yield f"the platform {name} does not fit the kind {wheel.name.kind}; build the wheel again"


def platforms_are_what_auditwheel_computes(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect auditwheel to give the wheel exactly the tags it has."""
    auditwheel = context.settings.auditwheel
    if auditwheel is None:
        return
    with tempfile.TemporaryDirectory() as scratch:
        try:
            computed = audited(wheel, Path(scratch), auditwheel, exactly=_only_policy(wheel))
        except CIError as exc:
            yield f"auditwheel does not accept it: {exc}"
            return
    if set(computed.name.platforms) != set(wheel.name.platforms):
        wanted = ".".join(sorted(computed.name.platforms))
        yield f"auditwheel computes {wanted}; run repair_wheel.py on the wheel as it was built"


def _only_policy(wheel: WheelFile) -> str | None:
    """Return the one glibc policy that the name has: a build container's, which may be narrower than the wheel needs.

    COMPAT: on a glibc machine auditwheel 6 accepts no name of a musl policy, but finds it by itself.
    """
    platforms = wheel.name.platforms
    return platforms[0] if len(platforms) == 1 and platforms[0].startswith("manylinux") else None


def is_for_this_machine(wheel: WheelFile) -> bool:
    """Say whether all platforms are Linux on this machine's architecture, which auditwheel can judge here."""
    return all(
        name.startswith(("manylinux", "musllinux")) and name.endswith(f"_{platform.machine()}")
        for name in wheel.name.platforms
    )


def metadata_is_the_sdists(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect the METADATA of every wheel to be, byte for byte, the PKG-INFO of the source archive."""
    metadata, wanted = wheel.dist_info_file("METADATA"), context.dists.sdist.contents.get("PKG-INFO", b"")
    if metadata != wanted:
        yield (
            f"METADATA differs from PKG-INFO from {_first_difference(metadata, wanted)!r} on; installers read any one "
            "wheel's METADATA for all, so nothing in it may depend on the interpreter"
        )


def _first_difference(ours: bytes, theirs: bytes) -> str:
    lines = itertools.zip_longest(ours.splitlines(keepends=True), theirs.splitlines(keepends=True), fillvalue=b"")
    return next(mine for mine, other in lines if mine != other).decode(errors="replace")


def version_is_one(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect `hawkapi.__version__` and METADATA to have the file name's version."""
    yield from version_problems(wheel.contents, wheel.name.version)
    if wheel.metadata["Version"] != wheel.name.version:
        yield f"METADATA has version {wheel.metadata['Version']} and the file name {wheel.name.version}; build again"


def nothing_is_required(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect every requirement to belong to an extra."""
    for requirement in wheel.metadata.get_all("Requires-Dist", []):
        marker = requirement.partition(";")[2]
        if not re.search(r"\bextra\s*==", marker) or re.search(r"\bor\b", marker):
            yield f"it requires {requirement}; what 3.13t cannot install must not be required, so move it to an extra"


def modules_have_shims(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect one extension module, for this wheel's interpreter, per listed module."""
    for module in context.dists.sdist.compiled_modules:
        shims = _extensions_named(wheel, module.replace(".", "/"))
        if len(shims) != 1:
            found = ", ".join(shims) or "none"
            yield f"{module} is listed as compiled and has {found} for {wheel.name.kind}; read what mypyc printed"


def shared_library_is_there(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect mypyc's one shared library at the root."""
    if len(_extensions_named(wheel, SHARED_LIBRARY)) != 1:
        yield f"there is no one {SHARED_LIBRARY} for {wheel.name.kind} at the root; look at group_name in setup.py"


def native_files_are_expected(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect no machine code but the shims and the shared library."""
    stems = [SHARED_LIBRARY, *(module.replace(".", "/") for module in context.dists.sdist.compiled_modules)]
    expected = {name for stem in stems for name in _extensions_named(wheel, stem)}
    for name in sorted(set(wheel.native_files) - expected):
        yield f"{name} is machine code that nothing lists; list the module in pyproject.toml or find what added it"


def pure_has_no_native_file(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect no machine code at all, by first bytes and by suffix."""
    for name in wheel.native_files:
        yield f"{name} is machine code in a wheel that is pure by its name; build it from an unpacked source archive"


def _extensions_named(wheel: WheelFile, stem: str) -> list[str]:
    kind = re.escape(wheel.name.kind)
    digits = re.escape(wheel.name.kind.removeprefix("cp"))
    suffix = rf"\.(cpython-{digits}(-[\w-]+)?\.so|{kind}-\w+\.pyd)"
    return [name for name in wheel.native_files if re.fullmatch(re.escape(stem) + suffix, name)]


def top_level_is_clean(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect the package and the dist-info; machine code has its own checks."""
    for name in wheel.contents:
        if name.partition("/")[0] not in {PACKAGE, wheel.dist_info} and name not in wheel.native_files:
            yield f"{name} is outside {PACKAGE}/ and {wheel.dist_info}/; look at [tool.setuptools] in pyproject.toml"


def files_are_the_sdists(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect exactly the package files of the source archive, the list of compiled modules and the usual dist-info."""
    expected = context.dists.sdist.package_files | {COMPILED_LIST} | _dist_info_files(wheel, context)
    present = {name for name in wheel.contents if name.partition("/")[0] in {PACKAGE, wheel.dist_info}}
    for name in sorted(expected - present):
        yield f"{name} is missing; look at [tool.setuptools.package-data] in pyproject.toml"
    for name in sorted(present - expected - set(wheel.native_files)):
        if not name.endswith(LEFTOVER_SUFFIXES):
            yield f"{name} is not in the source archive; build from an unpacked archive"


def _dist_info_files(wheel: WheelFile, context: Context) -> set[str]:
    names = {"METADATA", "WHEEL", "RECORD", "top_level.txt"}
    names |= {f"licenses/{path}" for path in wheel.metadata.get_all("License-File", [])}
    if context.dists.sdist.project["project"].get("scripts"):
        names.add("entry_points.txt")
    return {f"{wheel.dist_info}/{name}" for name in names}


def nothing_is_left_over(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect no byte code, generated C or patch remains."""
    for name in wheel.contents:
        if name.endswith(LEFTOVER_SUFFIXES):
            yield f"{name} is left over from a build; delete it from the source and build again"


def compiled_list_is_pyprojects(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect `_compiled.json`, which `hawkapi info` reads, to say what pyproject.toml says."""
    wanted = context.dists.sdist.project["tool"]["hawkapi"]["compiled"]
    if COMPILED_LIST in wheel.contents and json.loads(wheel.contents[COMPILED_LIST]) != wanted:
        yield f"{COMPILED_LIST} differs from [tool.hawkapi.compiled]; build again"


def record_is_right(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect every member once, with its hash and size."""
    record = f"{wheel.dist_info}/RECORD"
    counts = Counter(member.filename for member in wheel.members if not member.is_dir())
    rows = {row[0]: row for row in wheel.record if row}
    yield from (f"{name} is in the archive {count} times; build again" for name, count in counts.items() if count > 1)
    yield from (f"RECORD does not list {name}; build again" for name in sorted(set(counts) - set(rows)))
    yield from (f"RECORD lists {name}, which is not there; build again" for name in sorted(set(rows) - set(counts)))
    if len(rows) != len(wheel.record):
        yield "RECORD lists a file twice; build again"
    for name, data in wheel.contents.items():
        if name in rows and name != record and rows[name][1:] != [record_hash(data), str(len(data))]:
            yield f"RECORD has another hash or size for {name}; it was changed after packing, so build again"


def members_are_normal(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect one time, regular files, and the modes 0644 and 0755."""
    for member in wheel.members:
        mode = member.external_attr >> 16
        if context.settings.epoch is not None and member.date_time != zip_time(context.settings.epoch):
            yield f"{member.filename} is dated {member.date_time}; run repair_wheel.py with SOURCE_DATE_EPOCH set"
        if stat.S_IFMT(mode) != stat.S_IFREG or stat.S_IMODE(mode) not in {0o644, 0o755}:
            yield f"{member.filename} has the mode {mode:o}; run repair_wheel.py"


def machine_is_not_mentioned(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect no directory of the building machine in machine code."""
    for name in wheel.native_files:
        found = [path for path in context.settings.private_paths if f"{path}/".encode() in wheel.contents[name]]
        if found:
            place = max(found, key=len)
            yield f"{name} contains {place}/; keep that directory out of the compiler's and linker's options"


def twine_accepts_wheel(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect `twine check --strict` to pass."""
    yield from twine_problems(context.settings.twine, wheel.path)

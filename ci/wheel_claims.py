"""Every static claim that one wheel makes, as one small function each.

A function yields a sentence per breach: the fact, then what to do. The checks do not overlap: one defect is named
once, by the check whose subject it is, so a test can demand that exactly that check fails. `check_wheels` holds the
table of them; those about METADATA and about machine code are in `metadata_claims` and `native_claims`.
"""

from __future__ import annotations

import configparser
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
from native_claims import SHARED_LIBRARY
from project import PACKAGE
from repair_wheel import audited
from set_claims import LEFTOVER_SUFFIXES, Context, platforms_inside, twine_problems
from wheel_file import WheelFile, record_hash, zip_time
from wheel_tags import common_system, is_interpreter

COMPILED_LIST: Final = f"{PACKAGE}/_compiled.json"


def tags_agree(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect the file name's tags, expanded, to be the WHEEL file's."""
    inside = set(wheel.header.get_all("Tag", []))
    for tag in sorted(inside ^ wheel.name.tags):
        place, other = ("WHEEL file", "file name") if tag in inside else ("file name", "WHEEL file")
        yield f"the tag {tag} is in the {place} but not in the {other}; never rename a wheel, retag it"


def header_is_plain(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect a WHEEL file of format 1, every line once, `Root-Is-Purelib` after the kind, and no build number."""
    if re.fullmatch(r"1\.\d+", wheel.header.get("Wheel-Version", "")) is None:
        yield f"Wheel-Version is {wheel.header.get('Wheel-Version')}, which no installer knows; build again"
    wanted = "true" if wheel.name.kind == "universal" else "false"
    found = wheel.header.get("Root-Is-Purelib")
    if found != wanted:
        yield f"Root-Is-Purelib is {found} where {wanted} is right; look at HawkAPIDistribution in setup.py"
    lines = Counter((key, value if key == "Tag" else "") for key, value in wheel.header.items())
    yield from (
        f"{key} is {count} times in the WHEEL file; build again" for (key, _), count in lines.items() if count > 1
    )
    if wheel.name.build or "Build" in wheel.header:
        yield "it has a build number, which would win over the other wheels of its version; make a new version instead"


def interpreter_is_valid(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect one interpreter and ABI: `py3-none`, `cp313-cp313` or `cp313-cp313t`, of any minor version."""
    pairs = sorted({tuple(tag.split("-")[:2]) for tag in wheel.header.get_all("Tag", [])})
    if len(pairs) != 1 or len(pairs[0]) != 2 or not is_interpreter(*pairs[0]):
        found = ", ".join("-".join(pair) for pair in pairs) or "none"
        yield f"its interpreter and ABI are {found}; py3-none, cp313-cp313 and cp313-cp313t (not cp313t) are the forms"


def platforms_are_publishable(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect platforms of one known family and architecture, no `linux_*`, and `any` in the universal wheel alone."""
    names = sorted(platforms_inside(wheel))
    if wheel.name.kind == "universal" and names == ["any"]:
        return
    system = common_system(names)
    if system is None:
        yield f"{'.'.join(names) or 'nothing'} is not one known system and architecture; retag it, or build it again"
    elif wheel.name.kind == "universal":
        yield f"the platform {'.'.join(names)} does not fit the kind {wheel.name.kind}; build the wheel again"
    elif system.family == "linux":
        yield f"{'.'.join(names)} is refused by the index; run repair_wheel.py"


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


def contents_are_the_sdists(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect the bytes of every package file and licence to be the source archive's."""
    source = context.dists.sdist
    pairs = {name: name for name in source.package_files}
    pairs |= {f"{wheel.dist_info}/licenses/{name}": name for name in wheel.metadata.get_all("License-File", [])}
    for name, original in sorted(pairs.items()):
        if name in wheel.contents and wheel.contents[name] != source.contents.get(original):
            yield f"{name} has other contents than in the source archive; build from an unpacked archive"


def installed_names_are_right(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect the commands that pyproject.toml declares, and as importable names the package and its library."""
    scripts = context.dists.sdist.declared.get("scripts")
    found = _entry_points(wheel.dist_info_file("entry_points.txt").decode(errors="replace"))
    if found != ({"console_scripts": scripts} if scripts else {}):
        yield f"entry_points.txt says {found}; look at [project.scripts] in pyproject.toml"
    wanted = {PACKAGE} if re.fullmatch(r"cp\d+", wheel.name.kind) is None else {PACKAGE, SHARED_LIBRARY}
    names = wheel.dist_info_file("top_level.txt").decode(errors="replace").split()
    if f"{wheel.dist_info}/top_level.txt" in wheel.contents and sorted(names) != sorted(wanted):
        yield f"top_level.txt says {', '.join(names) or 'nothing'}; look at [tool.setuptools] in pyproject.toml"


def _entry_points(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, default_section="")
    parser.optionxform = str  # type: ignore[method-assign, assignment]  # the documented way to keep the case of names
    try:
        parser.read_string(text)
    except configparser.Error as exc:
        raise CIError(f"entry_points.txt is damaged ({exc.message}); build again") from exc
    return {section: dict(parser[section]) for section in parser.sections()}


def _dist_info_files(wheel: WheelFile, context: Context) -> set[str]:
    names = {"METADATA", "WHEEL", "RECORD", "top_level.txt"}
    names |= {f"licenses/{path}" for path in wheel.metadata.get_all("License-File", [])}
    if context.dists.sdist.declared.get("scripts"):
        names.add("entry_points.txt")
    return {f"{wheel.dist_info}/{name}" for name in names}


def nothing_is_left_over(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect no byte code, generated C or patch remains."""
    for name in wheel.contents:
        if name.endswith(LEFTOVER_SUFFIXES):
            yield f"{name} is left over from a build; delete it from the source and build again"


def compiled_list_is_pyprojects(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect `_compiled.json`, which `hawkapi info` reads, to say what pyproject.toml says."""
    try:
        found = json.loads(wheel.contents.get(COMPILED_LIST, b"null"))
    except (ValueError, RecursionError) as exc:
        yield f"{COMPILED_LIST} is not JSON ({exc}); build again"
        return
    if COMPILED_LIST in wheel.contents and found != context.dists.sdist.compiled:
        yield f"{COMPILED_LIST} differs from [tool.hawkapi.compiled]; build again"


def archive_is_plain(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect files alone, by names that every unpacker understands alike, and nothing around the archive."""
    for member in wheel.members:
        name = member.orig_filename
        parts = name.split("/")
        if name.endswith("/"):
            yield f"{name} is a directory or claims to be one, which RECORD cannot hold; run repair_wheel.py"
        elif {"", ".", ".."} & set(parts) or re.search(r"[\\:\0]", name):
            yield f"{name!r} would be unpacked under another name or somewhere else; build again"
    if not wheel.is_bare:
        yield "there are bytes before or after the zip archive; build again"


def record_is_right(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect every member once, with its hash and size."""
    record = f"{wheel.dist_info}/RECORD"
    counts = Counter(member.filename for member in wheel.members if not member.is_dir())
    rows = {row[0]: row for row in wheel.record if row}
    yield from (f"{name} is in the archive {count} times; build again" for name, count in counts.items() if count > 1)
    yield from (f"RECORD does not list {name}; build again" for name in sorted(set(counts) - set(rows)))
    yield from (f"RECORD lists {name}, which is not there; build again" for name in sorted(set(rows) - set(counts)))
    if rows.get(record, ["", "", ""])[1:] != ["", ""]:
        yield "RECORD has a hash or size of itself, which nothing can have; build again"
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


def twine_accepts_wheel(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect `twine check --strict` to pass."""
    yield from twine_problems(context.settings.twine, wheel.path)

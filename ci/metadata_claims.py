"""The claims about a wheel's METADATA, as one small function each; see `wheel_claims` for how they are written."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator

from project import PACKAGE
from set_claims import Context
from wheel_file import WheelFile


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


def metadata_is_the_projects(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect the name, the file name's version and pyproject.toml's Python versions, each once."""
    pythons = context.dists.sdist.declared.get("requires-python")
    wanted = {"Name": [PACKAGE], "Version": [wheel.name.version], "Requires-Python": [pythons] if pythons else []}
    for field, values in wanted.items():
        found = wheel.metadata.get_all(field, [])
        if list(map(_specifiers, found)) != list(map(_specifiers, values)):
            yield f"METADATA has {field} {found} where {values} is right; build again from the tagged source"


def _specifiers(text: str) -> set[str]:
    """Take a version range apart: builders write its parts in an order of their own."""
    return {part.strip() for part in text.split(",")}


def nothing_is_required(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect every requirement to belong to an extra that METADATA declares."""
    extras = wheel.metadata.get_all("Provides-Extra", [])
    for requirement in wheel.metadata.get_all("Requires-Dist", []):
        if not _is_of_extra(requirement, extras):
            yield f"it requires {requirement}; what 3.13t cannot install must not be required, so move it to an extra"


def _is_of_extra(requirement: str, extras: Collection[str]) -> bool:
    """Say whether the marker is `extra == "name"`, alone or after an `and` that all the rest of it is subject to."""
    project, _, marker = requirement.partition(";")
    tokens = re.findall(r"\"[^\"]*\"|'[^']*'|[()]|[^\s()\"']+", marker)
    *rest, field, operator, name = ["and", *tokens] if len(tokens) >= 3 else [""] * 4
    return (
        "@" not in project
        and (field, operator) == ("extra", "==")
        and name[1:-1] in extras
        and rest[-1] == "and"
        and _is_conjunction(rest)
    )


def _is_conjunction(tokens: Collection[str]) -> bool:
    """Say whether the parentheses match and no `or` is outside of them."""
    depth = 0
    for word in tokens:
        depth += (word == "(") - (word == ")")
        if depth < 0 or (depth == 0 and word == "or"):
            return False
    return depth == 0

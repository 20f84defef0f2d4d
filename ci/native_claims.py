"""The claims about a wheel's machine code, as one small function each; see `wheel_claims` for how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import machine_code
from project import PACKAGE
from set_claims import Context
from wheel_file import WheelFile
from wheel_tags import common_system

SHARED_LIBRARY: Final = f"{PACKAGE}__mypyc"


def modules_have_shims(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect one extension module, for this wheel's interpreter and platform, per listed module."""
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
    for name in sorted(set(wheel.native_files) - _expected(wheel, context)):
        yield f"{name} is machine code that nothing lists; list the module in pyproject.toml or find what added it"


def code_is_for_platform(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect the headers of the shims and the shared library to be of the platform tags' format and architecture."""
    system = common_system(wheel.name.platforms)
    for name in sorted(_expected(wheel, context)) if system else ():
        found = machine_code.describe(wheel.contents[name])
        if system and found != system.machine_code:
            yield f"{name} is {found} where {system.machine_code} is right; build it on the platform it is for"


def pure_has_no_native_file(wheel: WheelFile, _context: Context) -> Iterator[str]:
    """Expect no machine code at all, by first bytes and by suffix."""
    for name in wheel.native_files:
        yield f"{name} is machine code in a wheel that is pure by its name; build it from an unpacked source archive"


def machine_is_not_mentioned(wheel: WheelFile, context: Context) -> Iterator[str]:
    """Expect no directory of the building machine in machine code."""
    for name in wheel.native_files:
        found = [path for path in context.settings.private_paths if f"{path}/".encode() in wheel.contents[name]]
        if found:
            place = max(found, key=len)
            yield f"{name} contains {place}/; keep that directory out of the compiler's and linker's options"


def _expected(wheel: WheelFile, context: Context) -> set[str]:
    stems = [SHARED_LIBRARY, *(module.replace(".", "/") for module in context.dists.sdist.compiled_modules)]
    return {name for stem in stems for name in _extensions_named(wheel, stem)}


def _extensions_named(wheel: WheelFile, stem: str) -> list[str]:
    """Return the extension modules of that name; of any system when the platform tags, checked elsewhere, name none."""
    system = common_system(wheel.name.platforms)
    suffix = re.escape(system.extension_suffix(wheel.name.kind)) if system else r"\.[\w.-]+\.(so|pyd)"
    return [name for name in wheel.native_files if re.fullmatch(re.escape(stem) + suffix, name)]

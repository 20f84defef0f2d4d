"""What the header of a shared library says: its format and the architecture it runs on.

SPEC: the ELF header of the System V ABI (https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html), the
`mach_header_64` of Mach-O, and https://learn.microsoft.com/windows/win32/debug/pe-format
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

ELF_64_LITTLE: Final = b"\x7fELF\x02\x01\x01"
ELF_DYNAMIC: Final = 3
ELF_MACHINES: Final[Mapping[int, str]] = {62: "x86_64", 183: "aarch64"}
MACH_O_64: Final = bytes.fromhex("cffaedfe")
MACH_O_LIBRARIES: Final = {6, 8}
"""MH_DYLIB and MH_BUNDLE; Python's build makes the latter."""
MACH_O_MACHINES: Final[Mapping[int, str]] = {0x01000007: "x86_64", 0x0100000C: "arm64"}
PE_IS_DLL: Final = 0x2000
PE_MACHINES: Final[Mapping[int, str]] = {0x8664: "amd64", 0xAA64: "arm64"}


def describe(data: bytes) -> str:
    """Name the format and architecture of a shared library, such as `ELF x86_64`, as platform tags spell them.

    Anything else, a program or an archive too, is `no 64-bit shared library`.
    """
    try:
        return _elf(data) or _mach_o(data) or _pe(data) or "no 64-bit shared library"
    except struct.error:
        return "a truncated file"


def _elf(data: bytes) -> str | None:
    if not data.startswith(ELF_64_LITTLE):
        return None
    kind, machine = struct.unpack_from("<HH", data, 16)
    (header_size,) = struct.unpack_from("<H", data, 52)
    if kind != ELF_DYNAMIC or not 64 <= header_size <= len(data):
        return None
    return f"ELF {ELF_MACHINES.get(machine, f'for machine {machine}')}"


def _mach_o(data: bytes) -> str | None:
    if not data.startswith(MACH_O_64):
        return None
    machine, _, kind = struct.unpack_from("<III", data, 4)
    return f"Mach-O {MACH_O_MACHINES.get(machine, f'for machine {machine:#x}')}" if kind in MACH_O_LIBRARIES else None


def _pe(data: bytes) -> str | None:
    if not data.startswith(b"MZ"):
        return None
    (offset,) = struct.unpack_from("<I", data, 60)
    signature, machine = struct.unpack_from("<4sH", data, offset)
    (characteristics,) = struct.unpack_from("<H", data, offset + 22)
    if signature != b"PE\0\0" or not characteristics & PE_IS_DLL:
        return None
    return f"PE {PE_MACHINES.get(machine, f'for machine {machine:#x}')}"

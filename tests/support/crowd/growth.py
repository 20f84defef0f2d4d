"""What has grown while a crowd asked, as a table, and what of that is too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from fuzzing.memory import MIB, Usage

from crowd.tables import MAY_CHANGE, Sizes

MAX_BLOCKS: Final = 50_000
"""Blocks of memory that may be added after the third mark, besides those of entries that tables have got meanwhile: one
block that is kept of every fifteenth request would be more."""

BLOCKS_PER_ENTRY: Final = 10
"""At most: a table of one route fills later than that of all."""

MAX_GROWTH: Final = 64 * MIB
"""Bytes of memory that may be added meanwhile, whoever has them."""


class Mark(NamedTuple):
    """What there was after so many requests."""

    requests: int
    sizes: Sizes
    memory: Usage
    seconds: float


def report(marks: Sequence[Mark], caps: Mapping[str, int]) -> None:
    """Print the table."""
    width = max(len(name) for name in caps) + 2
    print(f"{'table':<{width}}{'cap':>10}" + "".join(f"{mark.requests:>12}" for mark in marks))
    for name, cap in caps.items():
        print(f"{name:<{width}}{cap:>10}" + "".join(f"{mark.sizes.largest.get(name, 0):>12}" for mark in marks))
    others = sorted(marks[-1].sizes.largest.keys() - caps.keys())
    print(
        f"{f'the other {len(others)}, largest':<{width}}{'':>10}"
        + "".join(f"{largest(mark, others):>12}" for mark in marks)
    )
    print(f"{'memory, MiB':<{width}}{'':>10}" + "".join(f"{mark.memory.resident // MIB:>12}" for mark in marks))
    print(f"{'blocks of memory':<{width}}{'':>10}" + "".join(f"{mark.memory.blocks:>12}" for mark in marks))


def largest(mark: Mark, names: Sequence[str]) -> int:
    """Return the size of the largest of some tables."""
    return max((mark.sizes.largest.get(name, 0) for name in names), default=0)


def judge(marks: Sequence[Mark], caps: Mapping[str, int]) -> list[str]:
    """Say what has grown too large, a sentence each."""
    faults = []
    for name in sorted({name for mark in marks for name in mark.sizes.largest}):
        sizes = [mark.sizes.largest.get(name, 0) for mark in marks]
        if name in caps and max(sizes) > caps[name]:
            faults.append(f"{name} had {max(sizes)} entries; its cap is {caps[name]}")
        if name not in caps and max(sizes) > sizes[0] + MAY_CHANGE:
            faults.append(
                f"{name} has grown from {sizes[0]} to {max(sizes)} entries; give it a cap, and name it in caps()"
            )
    return faults + judge_memory(marks[-2], marks[-1])


def judge_memory(full: Mark, last: Mark) -> list[str]:
    """Say what memory has grown too much, a sentence each."""
    faults = []
    entries = last.sizes.entries - full.sizes.entries
    blocks = last.memory.blocks - full.memory.blocks
    allowed = MAX_BLOCKS + max(0, entries) * BLOCKS_PER_ENTRY
    if blocks > allowed:
        faults.append(f"{blocks} blocks of memory were added after {full.requests} requests; at most {allowed} may be")
    grown = last.memory.resident - full.memory.resident
    if grown > MAX_GROWTH:
        allowed_mib = MAX_GROWTH // MIB
        faults.append(f"{grown // MIB} MiB were added after {full.requests} requests; at most {allowed_mib} may be")
    return faults

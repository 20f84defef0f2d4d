"""`MemoryWatch`: whether a long run needs ever more memory."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

MIB: Final = 1024 * 1024


class Usage(NamedTuple):
    """What a process has at a moment."""

    blocks: int
    """Blocks of memory that Python objects hold."""
    resident: int
    """Bytes of memory."""


def usage() -> Usage:
    """Return what this process has, after collecting garbage."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return Usage(sys.getallocatedblocks(), pages * 4096)


class MemoryWatch:
    """Compares the memory at two moments of a run, both after caches have filled.

    Args:
        measure: gives the usage; tests give another.
        blocks_per_request: how many may stay on average; one object that is kept per request is one or more.
        least_blocks: below this nothing is said, whatever the number of requests: caches of a bounded size fill late.
        resident: bytes that may be added.
    """

    def __init__(
        self,
        measure: Callable[[], Usage] = usage,
        *,
        blocks_per_request: float = 0.2,
        least_blocks: int = 20_000,
        resident: int = 64 * MIB,
    ) -> None:
        self._measure = measure
        self._blocks_per_request = blocks_per_request
        self._least_blocks = least_blocks
        self._resident = resident
        self._begin: tuple[int, Usage] | None = None

    def begin(self, requests: int) -> None:
        """Take the first measurement, after so many requests."""
        self._begin = (requests, self._measure())

    def judge(self, requests: int) -> str | None:
        """Take the second, and say what is wrong."""
        if self._begin is None:
            return None
        before, first = self._begin
        last = self._measure()
        blocks = last.blocks - first.blocks
        count = requests - before
        if blocks > max(self._least_blocks, self._blocks_per_request * count):
            return f"{blocks} more blocks of memory after {count} more requests"
        if last.resident - first.resident > self._resident:
            return f"{(last.resident - first.resident) // MIB} MiB more memory after {count} more requests"
        return None

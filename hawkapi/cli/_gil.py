"""Who switched the GIL on: importing one extension module that is not made for free threading is enough (PEP 703)."""

from __future__ import annotations

import re
import sys
import sysconfig
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

__all__ = ["BUILT_WITHOUT_GIL", "GilWatch", "gil_enabled", "watch"]

BUILT_WITHOUT_GIL: Final = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
_WARNING: Final = r"The global interpreter lock \(GIL\) has been enabled to load module '([^']*)'"


def gil_enabled() -> bool:
    """Whether the GIL is on now; an interpreter that cannot tell has one."""
    probe = getattr(sys, "_is_gil_enabled", None)
    return True if probe is None else bool(probe())


@dataclass
class GilWatch:
    """What `watch` has found when its block has ended."""

    at_start: bool = field(default_factory=gil_enabled)
    enabled: bool = field(default_factory=gil_enabled)
    """Whether the GIL is on when the block has ended."""
    culprit: str | None = None
    """The extension module whose import switched the GIL on, when the interpreter told."""
    free_threaded: bool = BUILT_WITHOUT_GIL
    """Whether this build can do without a GIL."""

    def reason(self) -> str:
        """Return why the GIL is on, for a sentence after "the GIL is on: "."""
        if not self.free_threaded:
            return "this build of Python always has it"
        if self.at_start:
            return "it was switched on when Python started (PYTHON_GIL=1 or -X gil=1)"
        if self.culprit is None:
            return "a module that was imported switched it on; `hawkapi info --import MODULE` tells whether it was one"
        return (
            f"importing {self.culprit} switched it on, which does not declare that it can run without; "
            "PYTHON_GIL=0 keeps it off, at that module's risk"
        )


@contextmanager
def watch() -> Generator[GilWatch]:
    """Watch the imports of a block. The interpreter's own warning is kept back; all others come through, afterwards."""
    found = GilWatch()
    recorded: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as recorded:
            # Also where warnings are errors: an import that fails would not show which module it was.
            warnings.filterwarnings("always", message=_WARNING, category=RuntimeWarning)
            yield found
    finally:
        found.enabled = gil_enabled()
        for warning in recorded:
            match = re.match(_WARNING, str(warning.message))
            if match is None:
                warnings.showwarning(
                    warning.message, warning.category, warning.filename, warning.lineno, warning.file, warning.line
                )
            elif found.culprit is None:
                found.culprit = match[1]

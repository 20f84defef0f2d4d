"""`UNSET`: the value of a member that was not there, which `None` cannot say."""

from __future__ import annotations

import enum
from typing import Final


class UnsetType(enum.Enum):
    """The type of `UNSET`; a union with it makes a member one that may be left out."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = UnsetType.UNSET
"""Set by a reader where a member was absent, and left out by a writer."""

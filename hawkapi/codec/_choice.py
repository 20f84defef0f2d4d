"""Which codec stands behind the seam, decided once, when this module is imported."""

from __future__ import annotations

import importlib
import os
from typing import Final


def _choose() -> str:
    """Return the name of the codec to use.

    Raises:
        ImportError: `HAWKAPI_CODEC` names a codec that does not exist or cannot be imported.
    """
    wanted = os.environ.get("HAWKAPI_CODEC", "")
    if wanted not in {"", "portable", "msgspec"}:
        raise ImportError(f"HAWKAPI_CODEC is {wanted!r}: set it to portable or msgspec, or unset it")
    if wanted == "portable":
        return "portable"
    try:
        importlib.import_module("msgspec")
    except ImportError as exc:
        if wanted:
            raise ImportError("HAWKAPI_CODEC=msgspec, but msgspec cannot be imported: pip install msgspec") from exc
        return "portable"
    return "msgspec"


CODEC: Final = _choose()
"""The codec in use: `portable` or `msgspec`."""

"""Which codec stands behind the seam, decided once, when this module is imported."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import PurePath
from typing import Final


def _choose() -> str:
    """Return the name of the codec to use.

    Raises:
        ImportError: `HAWKAPI_CODEC` names a codec that does not exist or cannot be imported.
    """
    wanted = os.environ.get("HAWKAPI_CODEC", "")
    if wanted not in {"", "portable", "msgspec"}:
        raise _refusal(f"HAWKAPI_CODEC is {wanted!r}: set it to portable or msgspec, or unset it")
    if wanted == "portable":
        return "portable"
    try:
        importlib.import_module("msgspec")
    except ImportError as exc:
        if wanted:
            raise _refusal("HAWKAPI_CODEC=msgspec, but msgspec cannot be imported: pip install msgspec") from exc
        return "portable"
    return "msgspec"


def _refusal(message: str) -> BaseException:
    """Return what to raise: for the `hawkapi` command the end of the process with one line, else an `ImportError`.

    The command is a function of the package, whose import fails before the command could catch anything.
    """
    program = PurePath(sys.argv[0]).stem if sys.argv else ""
    as_module = program == "-m" and any(word.split(".")[0] == "hawkapi" for word in sys.orig_argv)
    if as_module or program in {"hawkapi", "hawkapi-script"}:
        return SystemExit(f"hawkapi: {message}")
    return ImportError(message)


CODEC: Final = _choose()
"""The codec in use: `portable` or `msgspec`."""

"""Optional packages: imported where they are needed, with one line that says how to get what is missing."""

from __future__ import annotations

import importlib
from typing import Any


def load_optional(module: str, *, needed_by: str, package: str, extra: str) -> Any:
    """Import a module of an optional package.

    Args:
        module: its name.
        needed_by: what needs it, for the message.
        package: what it is called on the package index.
        extra: of hawkapi, which has the package.

    Raises:
        ImportError: it cannot be imported; the reason is the cause.
    """
    try:
        return importlib.import_module(module)
    except ImportError as exc:
        message = f"{needed_by} needs {package}: pip install 'hawkapi[{extra}]'"
        raise ImportError(message, name=module) from exc

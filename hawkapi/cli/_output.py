"""What commands make: on stdout, or in a file."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from hawkapi.cli._errors import CommandError

__all__ = ["as_json", "as_yaml", "write"]


def write(text: str, output: Path | None) -> None:
    """Write text to stdout or into a file, which it replaces.

    Raises:
        CommandError: the file cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as exc:
        raise CommandError(f"cannot write {output}: {exc.strerror}") from exc


def as_json(value: Any) -> str:
    """Return a value as indented JSON; what JSON has no form for is its text."""
    return json.dumps(value, indent=2, default=str) + "\n"


def as_yaml(value: Any) -> str:
    """Return a value as YAML, in its own order.

    Raises:
        CommandError: PyYAML is not installed.
    """
    try:
        yaml = importlib.import_module("yaml")  # An extra, whose types are in a package of their own.
    except ImportError:
        raise CommandError("PyYAML is needed for YAML: pip install 'hawkapi[yaml]'") from None
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    return text

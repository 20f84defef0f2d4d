"""The project: where its checkout is, what it is called, and the version that its source says."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

from console import CIError

PROJECT: Final = Path(__file__).resolve().parent.parent
"""The checkout these scripts are in."""
PACKAGE: Final = "hawkapi"
"""The name of the package, of the distribution and of the command."""


def project_version(project: Path) -> str:
    """Read `__version__` of a checkout's package without importing it.

    Raises:
        CIError: there is no package, or it has no such line.
    """
    source = project / PACKAGE / "__init__.py"
    version = assigned_version(source.read_bytes()) if source.is_file() else None
    if version is None:
        raise CIError(f'{source} has no line __version__ = "..."; it is the one place of the version')
    return version


def assigned_version(source: bytes) -> str | None:
    """Read the text assigned to `__version__` without running the module; None when there is none."""
    for statement in ast.parse(source).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        value = getattr(statement, "value", None)
        if "__version__" in names and isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None

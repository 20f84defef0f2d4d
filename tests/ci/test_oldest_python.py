"""The scripts run on the oldest Python that may run nox, which is older than the package's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent
SCRIPTS = [*sorted((PROJECT / "ci").glob("*.py")), PROJECT / "noxfile.py"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_is_python_3_11(script: Path) -> None:
    """Syntax of a later version would stop `nox` itself."""
    ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 11))


def test_later_syntax_is_noticed() -> None:
    """The check above can fail."""
    with pytest.raises(SyntaxError):
        ast.parse("def f[T](x: T) -> T: ...", feature_version=(3, 11))

"""Public names: `__all__` says what there is, and everything public is in it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import types
from pathlib import Path

import pytest

import hawkapi

PACKAGE = Path(hawkapi.__file__).parent
MODULES = sorted(["hawkapi", *(module.name for module in pkgutil.walk_packages([str(PACKAGE)], "hawkapi."))])
IMPORTABLE = [name for name in MODULES if not name.endswith("__main__") and "_msgspec" not in name]
PUBLIC = [name for name in IMPORTABLE if "._" not in name]


def test_root_names() -> None:
    """The root offers each name that it lists, loading it when it is asked for, and no other."""
    assert [name for name in hawkapi.__all__ if getattr(hawkapi, name, None) is None] == []
    assert set(hawkapi.__all__) <= set(dir(hawkapi))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = hawkapi.nothing  # type: ignore[attr-defined]


def test_version() -> None:
    """The version has the form of a release or of a pre-release (PEP 440)."""
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+|\.dev\d+)?", hawkapi.__version__)


@pytest.mark.parametrize("name", PUBLIC)
def test_all_names_exist(name: str) -> None:
    """Every name in `__all__` exists, once."""
    module = importlib.import_module(name)
    listed = list(getattr(module, "__all__", ()))
    assert [entry for entry in listed if not hasattr(module, entry)] == []
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("name", [name for name in PUBLIC if hasattr(importlib.import_module(name), "__all__")])
def test_errors_are_public(name: str) -> None:
    """Every error that a public module defines can be caught by its public name."""
    module = importlib.import_module(name)
    errors = [
        entry
        for entry, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, BaseException) and value.__module__ == name
    ]
    assert [entry for entry in errors if not entry.startswith("_") and entry not in module.__all__] == []


@pytest.mark.parametrize("name", IMPORTABLE)
def test_module_explains_itself(name: str) -> None:
    """Every module says in its first lines what it is for; a compiled one only in its source."""
    path = PACKAGE.joinpath(*name.split(".")[1:])
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "hawkapi"])
def test_public_names_have_docstrings(name: str) -> None:
    """Every public class and function has a summary, ending in a full stop."""
    module = importlib.import_module(name)
    for entry in getattr(module, "__all__", ()):
        value = getattr(module, entry)
        if isinstance(value, type | types.FunctionType) and value.__module__.startswith("hawkapi"):
            summary = (value.__doc__ or "").strip().partition("\n\n")[0]
            assert summary.endswith((".", ":")), f"{name}.{entry}"

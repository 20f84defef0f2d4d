"""The modules of an application's own project, as source and as they are loaded.

Only modules that the application has loaded are read: what it does not import, its scripts and tests, does not serve.
Its own are those beside or below the module that has the application or one of its handlers; what is installed, in
`site-packages` or anywhere in a virtual environment, belongs to somebody else, and so does the standard library.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import sysconfig
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

__all__ = ["Place", "Project", "SourceModule"]

INSTALLED: Final = frozenset({"site-packages", "dist-packages", "node_modules"})
STANDARD_LIBRARY: Final = tuple(
    dict.fromkeys(str(Path(sysconfig.get_path(name), "")) + os.sep for name in ("stdlib", "platstdlib"))
)
IGNORE: Final = re.compile(r"#.*\bdoctor:\s*ignore\b(?:\[([\w, ]+)\])?")
"""A comment that allows what is on its line: `# doctor: ignore[DOC063]`, or all of it without the brackets."""

type FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a source, or no line of any. Immutable."""

    path: Path | None
    line: int = 0
    text: str = ""
    """The line itself."""

    def __str__(self) -> str:
        if self.path is None:
            return self.text
        path = self.path
        if path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        return f"{path}:{self.line}"

    @property
    def order(self) -> tuple[str, int]:
        """What places are sorted by."""
        return str(self.path), self.line

    def allows(self, rule_id: str) -> bool:
        """Whether a comment on the line says that a rule need not report it."""
        found = IGNORE.search(self.text) if self.path is not None else None
        return found is not None and (found[1] is None or rule_id in re.findall(r"\w+", found[1]))


@dataclass(frozen=True, eq=False)
class SourceModule:
    """One module that has been read. Immutable, but for what is worked out when it is asked for."""

    name: str
    path: Path
    tree: ast.Module
    lines: tuple[str, ...]
    namespace: Mapping[str, Any]
    """Its globals, as they are."""

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of the source."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
        """The node that each node is in."""
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @cached_property
    def imported(self) -> Mapping[str, str]:
        """What each name means that is imported anywhere in the module: `{"np": "numpy", "Lock": "asyncio.Lock"}`."""
        return {
            alias.asname or alias.name.partition(".")[0]: whole
            for node in self.nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias, whole in self._aliases(node)
        }

    @cached_property
    def classes(self) -> Mapping[str, ast.ClassDef]:
        """The definitions of its classes by name, the last one where there are several of a name."""
        return {node.name: node for node in self.nodes if isinstance(node, ast.ClassDef)}

    def _aliases(self, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[ast.alias, str]]:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                yield alias, f"{self.origin(node)}.{alias.name}"
            else:
                yield alias, alias.name if alias.asname else alias.name.partition(".")[0]

    def origin(self, node: ast.ImportFrom) -> str:
        """Return the module that a statement imports from, relative ones resolved."""
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        base = package[: len(package) - node.level + 1]
        return ".".join([*base, node.module] if node.module else base)

    def place(self, node: ast.AST | int) -> Place:
        """Return the line that a node begins on."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return Place(self.path, line, self.lines[line - 1] if 0 < line <= len(self.lines) else "")


class Project:
    """The modules of an application's own project.

    Args:
        app: the application.
        parts: its handlers and whatever else shows which modules are its own.
    """

    def __init__(self, app: object, parts: Iterable[object]) -> None:
        loaded = dict(_files())
        holders = [name for name in loaded if any(value is app for value in list(vars(sys.modules[name]).values()))]
        seeds = {name for name in map(_module_name, parts) if name in loaded and not _is_installed(loaded[name])}
        self.roots = frozenset(_root_of(name, loaded[name]) for name in {*holders, *seeds})
        packages = {name.partition(".")[0] for name in holders if _is_installed(loaded[name])}
        self.modules = tuple(
            module
            for name, path in sorted(loaded.items())
            if name.partition(".")[0] in packages or self._is_inside(path)
            if (module := _read(name, path)) is not None
        )
        self.by_name: Mapping[str, SourceModule] = {module.name: module for module in self.modules}
        self.by_file: Mapping[str, SourceModule] = {str(module.path): module for module in self.modules}

    def _is_inside(self, path: Path) -> bool:
        return not _is_installed(path) and any(path.is_relative_to(root) for root in self.roots)

    def is_own(self, value: object) -> bool:
        """Whether a class or a function is defined in one of the modules."""
        return getattr(value, "__module__", None) in self.by_name

    def module_of(self, value: object) -> SourceModule | None:
        """Return the module that defines a class or a function."""
        return self.by_name.get(getattr(value, "__module__", None) or "")

    def class_node(self, cls: type) -> ast.ClassDef | None:
        """Return the definition of a class."""
        module = self.module_of(cls)
        return None if module is None else module.classes.get(cls.__name__)


def written(node: ast.AST) -> str:
    """Return the source of an expression; an ellipsis for one that is nested more deeply than Python calls."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return "..."


def _files() -> Iterator[tuple[str, Path]]:
    """Yield the loaded modules that have a Python source, the standard library's and hawkapi's left out."""
    seen: set[Path] = set()
    # `__main__` last: under `python -m` it may be a module that also has a name.
    for name, module in sorted(sys.modules.copy().items(), key=lambda item: item[0] == "__main__"):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.endswith(".py") or name.partition(".")[0] == "hawkapi":
            continue
        # What wrote a NUL there is no loader of files: no path has one.
        if "\0" in file or _is_of_standard_library(file):
            continue
        path = Path(file).resolve()
        if path not in seen:
            seen.add(path)
            yield name, path


def _is_of_standard_library(file: str) -> bool:
    return file.startswith(STANDARD_LIBRARY) and not INSTALLED.intersection(Path(file).parts)


def _module_name(part: object) -> str | None:
    found = getattr(part, "__module__", None)
    return found if isinstance(found, str) else None


def _is_installed(path: Path) -> bool:
    return bool(INSTALLED.intersection(path.parts)) or any((parent / "pyvenv.cfg").is_file() for parent in path.parents)


def _root_of(name: str, path: Path) -> Path:
    """Return the directory that a module's import begins in."""
    depth = name.count(".") + (path.name == "__init__.py")
    return path.parents[min(depth, len(path.parents) - 1)]


def _read(name: str, path: Path) -> SourceModule | None:
    try:
        with tokenize.open(path) as file:
            text = file.read()
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return None  # It was loaded, so it has changed since, or something else than Python wrote it.
    # `str.splitlines` would also split where Python does not: at a form feed, or at U+2028 in a literal.
    return SourceModule(name, path, tree, tuple(text.split("\n")), vars(sys.modules[name]))

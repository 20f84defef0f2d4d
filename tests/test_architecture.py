"""The tree is the architecture: which module may import which, read from the source."""

from __future__ import annotations

import ast
import graphlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from subprocesses import output_of

import hawkapi
from hawkapi.cli.info import listed_modules

PACKAGE = Path(hawkapi.__file__).parent
SOURCES = {
    ".".join(("hawkapi", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
LAYERS = {
    0: {
        "types",
        "exceptions",
        "status",
        "_callables",
        "_lock_statistics",
        "_optional",
        "_threading",
        "_cross_loop",
        "_once",
        "_workers",
    },
    1: {"codec", "http"},
    2: {"requests", "responses", "uploads", "websocket", "background", "pagination"},
    3: {"routing", "params", "di", "serialization", "_html_pages"},
    4: {
        "middleware",
        "security",
        "openapi",
        "observability",
        "config",
        "flags",
        "graphql",
        "grpc",
        "lifespan",
        "plugins",
        "staticfiles",
        "validation",
    },
    5: {
        "app",
        "debug_page",
        "_arguments",
        "_binding",
        "_dispatch",
        "_documents",
        "_failures",
        "_forms",
        "_middleware_chain",
        "_documentation_pages",
        "_permissions",
        "_plan",
        "_resolution",
        "_results",
        "_rsgi",
        "_serving",
        "_snapshot",
        "_websocket_dispatch",
    },
    6: {"_migrate", "_scaffold", "cli", "doctor", "testing", "__main__"},
}
ROOT = "hawkapi"
SIDEWAYS = {
    ("params", "routing"),
    ("params", "di"),
    ("routing", "di"),
    ("websocket", "requests"),
    ("observability", "middleware"),
}
"""Beside the layers: the signature of a handler is read together with its path template and its `Depends`; a WebSocket
is a connection as a request is; what tells of requests is middleware."""


def part_of(module: str) -> str:
    """Return the part of the package that a module belongs to: a subpackage, or a module at the top."""
    return module.split(".")[1] if "." in module else ROOT


def layer_of(part: str) -> int:
    """Return the layer of a part; the root, which gathers names, is above the application."""
    if part == ROOT:
        return 6
    return next(layer for layer, parts in LAYERS.items() if part in parts)


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run at import: those in functions do not, nor those for type checkers."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for field in ("body", "orelse", "finalbody", "handlers"):
            inner = getattr(node, field, [])
            yield from statements([child for child in inner if isinstance(child, ast.stmt)])
            for handler in inner:
                if isinstance(handler, ast.ExceptHandler):
                    yield from statements(handler.body)


def imports_of(module: str) -> set[str]:
    """Return the modules of hawkapi that a module imports; `from package import module` counts as the module."""
    found: set[str] = set()
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    for node in statements(tree.body):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import in line {node.lineno}"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in SOURCES else str(node.module))
    return {name for name in found if name in SOURCES and name != module}


@pytest.mark.parametrize("module", SOURCES)
def test_every_module_has_a_layer(module: str) -> None:
    """A new part of the package is given its place here first."""
    part = part_of(module)
    assert part == ROOT or any(part in parts for parts in LAYERS.values())


@pytest.mark.parametrize("module", SOURCES)
def test_imports_point_down(module: str) -> None:
    """A module imports from its own part or from a lower layer."""
    own = part_of(module)
    for imported in imports_of(module):
        other = part_of(imported)
        if own in {ROOT, other} or (own, other) in SIDEWAYS:
            continue
        if layer_of(own) == layer_of(other) in {0, 5, 6}:
            continue  # Foundation, composition and edges are layers of single modules that know each other.
        assert layer_of(other) < layer_of(own), f"{module} imports {imported}"


@pytest.mark.parametrize("module", [name for name in SOURCES if part_of(name) not in {ROOT, "cli", "__main__"}])
def test_nothing_imports_the_root(module: str) -> None:
    """No module below the edges imports from the root, also not in a function: that is how cycles begin."""
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.module != ROOT, f"{module}, line {node.lineno}"
        elif isinstance(node, ast.Import):
            assert ROOT not in {alias.name for alias in node.names}, f"{module}, line {node.lineno}"


def test_no_cycles() -> None:
    """Imports have an order."""
    graphlib.TopologicalSorter({module: imports_of(module) for module in SOURCES}).prepare()


@pytest.mark.parametrize("module", [name for name in SOURCES if part_of(name) in {"codec", "http", "types", "status"}])
def test_no_io_at_the_bottom(module: str) -> None:
    """What turns bytes into values imports neither event loops nor sockets itself."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    assert not names & {"asyncio", "socket", "ssl", "threading"}


LOOP_BOUND = {"Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Queue", "Barrier", "LifoQueue"}


@pytest.mark.parametrize("module", SOURCES)
def test_no_primitive_of_asyncio(module: str) -> None:
    """What belongs to one event loop is nowhere in the package: an application outlives its loops."""
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "asyncio":
            assert node.attr not in LOOP_BOUND, f"{module}, line {node.lineno}"
        elif isinstance(node, ast.ImportFrom) and node.module == "asyncio":
            assert not {alias.name for alias in node.names} & LOOP_BOUND, f"{module}, line {node.lineno}"


@pytest.mark.parametrize(
    "unwanted",
    [
        "hawkapi.cli",
        "hawkapi.testing",
        "hawkapi.openapi",
        "hawkapi.security",
        "hawkapi.grpc",
        "hawkapi.doctor",
        "grpc",
        "msgspec",
        "pydantic",
        "uvicorn",
        "granian",
        "redis",
        "argparse",
    ],
)
def test_import_is_lean(unwanted: str) -> None:
    """`import hawkapi` loads neither edges nor optional packages."""
    assert unwanted not in loaded_modules()


_loaded: list[str] = []


def loaded_modules() -> list[str]:
    """Return what a new process has loaded after `import hawkapi`; asked once."""
    if not _loaded:
        program = "import sys; before = set(sys.modules); import hawkapi; print(*(set(sys.modules) - before))"
        _loaded.extend(output_of(program, HAWKAPI_CODEC="portable").split())
    return _loaded


def test_import_leaves_the_gil_off() -> None:
    """Where there is no GIL, hawkapi does not switch it on."""
    program = "import sys, hawkapi; print(getattr(sys, '_is_gil_enabled', lambda: True)())"
    expected = output_of("import sys; print(getattr(sys, '_is_gil_enabled', lambda: True)())")
    assert output_of(program, HAWKAPI_CODEC="portable") == expected


def test_compiled_modules_exist() -> None:
    """The list of compiled modules names modules that exist, each once."""
    listed = listed_modules()
    assert sorted(set(listed)) == sorted(listed)
    for name in listed:
        assert name in SOURCES
        assert importlib.util.find_spec(name) is not None


@pytest.mark.parametrize("module", listed_modules())
def test_compiled_modules_keep_to_the_rules(module: str) -> None:
    """A compiled module has no coroutines, generators, nested functions or star arguments, and final classes only."""
    bases = {"Reader"}
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Yield | ast.YieldFrom | ast.Await | ast.Lambda)
        if isinstance(node, ast.FunctionDef):
            assert node.args.vararg is None
            assert node.args.kwarg is None
            assert not any(isinstance(inner, ast.FunctionDef) for inner in ast.walk(node) if inner is not node)
        if isinstance(node, ast.ClassDef) and node.name not in bases:
            assert "final" in {ast.unparse(decorator) for decorator in node.decorator_list}, node.name


def test_sources_are_those_of_the_package_under_test() -> None:
    """The sources that are read here are those that are imported."""
    assert Path(sys.modules["hawkapi"].__file__ or "").samefile(SOURCES[ROOT])


def test_every_error_is_drawn() -> None:
    """The module docstring of `exceptions` shows the errors of the whole package, wherever they are."""
    bases = {
        node.name: {ast.unparse(base) for base in node.bases}
        for module in SOURCES
        for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    errors = {"HawkAPIError"}
    while more := {name for name, given in bases.items() if given & errors} - errors:
        errors |= more
    drawn = importlib.import_module("hawkapi.exceptions").__doc__ or ""
    # Nobody outside ever sees these two.
    missing = {name for name in errors if not re.search(rf"── {name}\b", drawn)}
    assert missing == {"HandshakeRefusedError", "StartupError"}

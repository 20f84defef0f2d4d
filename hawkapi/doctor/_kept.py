"""What lives as long as the application: everything that its modules, classes, state and middleware hold on to.

The walk begins at the globals of the project's modules, `app.state`, the middleware, the handlers and what surrounds
them, and goes through built-in collections and instances of the project's own classes. Objects of libraries are looked
at, and not into. It reads what is stored and runs nothing of the application.
"""

from __future__ import annotations

import ast
import threading
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, cast

from hawkapi.app import HawkAPI
from hawkapi.doctor._functions import Function, Functions, own_nodes
from hawkapi.doctor._known import TABLES, class_of, matches
from hawkapi.doctor._project import Place, Project, SourceModule, written
from hawkapi.requests import State
from hawkapi.requests.state import values_of
from hawkapi.routing.middleware_entry import MiddlewareEntry

__all__ = ["Found", "Kept"]

MOST_ITEMS: Final = 1_000
"""Of a collection; a larger one holds data."""
MOST_DEPTH: Final = 12
COLLECTIONS: Final[tuple[Any, ...]] = (list, tuple, set, frozenset, deque)


type Locate = Callable[[], tuple[Place, str]]
"""Returns where something was set, and the expression that made it, as far as that is known."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object that lives as long as the application."""

    value: Any
    where: str
    """Who keeps it, for the end of a sentence."""
    locate: Locate
    """PERF: called for what is bound to a loop or a thread, which is next to nothing of what is walked through."""
    depth: int = 0


class Kept:
    """What an application keeps.

    Args:
        apps: the application, and those that are mounted in it.
        project: its modules.
        functions: of these.
        parts: what else it keeps: handlers, dependencies, middleware.
    """

    def __init__(
        self, apps: Sequence[HawkAPI], project: Project, functions: Functions, parts: Iterable[object]
    ) -> None:
        self._project = project
        self._functions = functions
        self._seen: set[int] = {id(None)}
        self._alive: list[Any] = []
        """Keeps the ids in `_seen` taken."""
        self.instances: dict[type, Any] = {}
        """One instance of each of the project's classes that has some."""
        self.found: list[Found] = []
        """What belongs to an event loop or to a thread."""
        for root in self._roots(apps, parts):
            self._walk(root)

    def _roots(self, apps: Sequence[HawkAPI], parts: Iterable[object]) -> Iterator[Found]:
        for module in self._project.modules:
            # What is imported is found in the module that it comes from.
            for name, value in list(module.namespace.items()):
                if not (name.startswith("__") or name in module.imported):
                    yield self._assigned(value, module, name, f"a global of module {module.name}")
        for app in apps:
            for name, value in list(values_of(app.state).items()):
                yield self._in_state(name, value)
        for part in parts:
            home = self._project.module_of(part) or self._project.module_of(type(part))
            if home is not None:
                yield Found(part, "the application", partial(self._locate_part, home, part))

    def _locate_part(self, home: SourceModule, part: object) -> tuple[Place, str]:
        function = self._functions.of(part) if callable(part) else None
        node = self._project.class_node(part if isinstance(part, type) else type(part))
        return home.place(function.node if function is not None else node or 1), ""

    def _assigned(self, value: Any, module: SourceModule, name: str, where: str) -> Found:
        return Found(value, where, lambda: located(module, assignment(module.tree.body, name)))

    def _in_state(self, name: str, value: Any) -> Found:
        where = f"app.state.{name}"

        def locate() -> tuple[Place, str]:
            for module in self._project.modules:
                node = next(_assignments(module.nodes, f"state.{name}", ending=True), None)
                if node is not None:
                    return located(module, node)
            return Place(None, text=where), ""

        return Found(value, where, locate)

    def _walk(self, root: Found) -> None:
        waiting = deque([root])
        while waiting:
            found = waiting.popleft()
            if id(found.value) in self._seen or found.depth > MOST_DEPTH:
                continue
            self._seen.add(id(found.value))
            self._alive.append(found.value)
            waiting.extend(replace(child, depth=found.depth + 1) for child in self._children(found))

    def _children(self, found: Found) -> Iterator[Found]:
        value, cls = found.value, class_of(found.value)
        contents = _contents(value)
        if any(matches(value, table) for table in TABLES):
            self.found.append(found)
        elif contents is not None:
            yield from _all(found, contents)
        elif isinstance(value, types.FunctionType):
            yield from self._of_function(value, found)
        elif isinstance(value, type):
            yield from self._of_class(cast("type[Any]", value))
        # Of a `threading.local` each thread has its own, and so does each event loop.
        elif self._project.is_own(cls) and not issubclass(cls, threading.local):
            self.instances.setdefault(cls, value)
            yield from self._of_instance(value, found)

    def _of_function(self, value: types.FunctionType, found: Found) -> Iterator[Found]:
        wrapped = getattr(value, "__wrapped__", None)
        if callable(wrapped):
            yield replace(found, value=wrapped)
        function = self._functions.of(value)
        if function is None:
            return  # Of a library.
        module, node = function.module, function.node
        defaults = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
        default = Found(None, f"a default of {value.__qualname__}()", lambda: (module.place(node), ""))
        yield from _all(default, defaults)
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            try:
                content = cell.cell_contents
            except ValueError:
                continue  # It is empty yet.
            where = f"what surrounds {value.__qualname__}()"
            yield Found(content, where, partial(_locate_around, function, name))

    def _of_class(self, cls: type) -> Iterator[Found]:
        module, node = self._project.module_of(cls), self._project.class_node(cls)
        if module is None or node is None:
            return
        for name, value in list(vars(cls).items()):
            if name.startswith("__") or isinstance(value, types.MemberDescriptorType | types.GetSetDescriptorType):
                continue
            where = f"an attribute of class {cls.__name__}, which all its instances share"
            yield Found(getattr(value, "__func__", value), where, partial(_locate_in_class, module, node, name))

    def _of_instance(self, value: Any, found: Found) -> Iterator[Found]:
        cls = class_of(value)
        where = f"an attribute of a {cls.__name__} that is kept as {found.where}"
        if found.where.startswith("an attribute of a"):
            where = f"an attribute of a {cls.__name__} that is kept"
        for name, content in [*dict(getattr(value, "__dict__", {})).items(), *_slots_of(value)]:
            yield Found(content, where, partial(self._locate_attribute, cls, name, found))

    def _locate_attribute(self, cls: type, name: str, found: Found) -> tuple[Place, str]:
        """Return where a class or one of its bases sets an attribute, or else where the instance comes from."""
        for base in cls.__mro__:
            module, node = self._project.module_of(base), self._project.class_node(base)
            if module is None or node is None:
                continue
            made = next(_assignments(ast.walk(node), f"self.{name}"), None) or assignment(node.body, name)
            if made is not None:
                return located(module, made)
        return found.locate()


def located(module: SourceModule, node: Assignment | None) -> tuple[Place, str]:
    """Return the place of an assignment, and what is assigned; the beginning of the module where there is none."""
    return module.place(node or 1), written(node.value) if node is not None and node.value is not None else ""


def _locate_in_class(module: SourceModule, node: ast.ClassDef, name: str) -> tuple[Place, str]:
    made = assignment(node.body, name)
    return located(module, made) if made is not None else (module.place(node), "")


def _locate_around(function: Function, name: str) -> tuple[Place, str]:
    """Return where a variable is set that a nested function uses."""
    outer = function.outer
    while outer is not None:
        made = assignment(outer.node.body, name)
        if made is not None:
            return located(outer.module, made)
        outer = outer.outer
    return function.module.place(function.node), ""


def _slots_of(value: Any) -> Iterator[tuple[str, Any]]:
    for base in class_of(value).__mro__:
        for name, descriptor in list(vars(base).items()):
            if isinstance(descriptor, types.MemberDescriptorType):
                try:
                    yield name, descriptor.__get__(value)
                except AttributeError:
                    continue  # It is not set.


def _contents(value: Any) -> list[Any] | None:
    """Return what a collection, or something like one, holds; `None` for anything else."""
    if isinstance(value, State):
        return list(values_of(value).values())
    if isinstance(value, MiddlewareEntry):
        return [value.cls, *value.kwargs.values()]
    if isinstance(value, types.MethodType):
        return [value.__self__, value.__func__]
    cls = class_of(value)
    if issubclass(cls, partial):
        return [value.func, *value.args, *value.keywords.values()]
    if issubclass(cls, dict):
        return list(dict[Any, Any].values(value))
    # Not `list(value)`: a class of the application's may have an `__iter__` of its own, which would run.
    base = next((base for base in COLLECTIONS if issubclass(cls, base)), None)
    return None if base is None else list(base.__iter__(value))


type Assignment = ast.Assign | ast.AnnAssign


def assignment(body: Iterable[ast.AST], name: str) -> Assignment | None:
    """Return the first statement in a body that sets a name, functions and classes in it left out."""
    return next(_assignments(own_nodes(body), name), None)


def _assignments(nodes: Iterable[ast.AST], target: str, *, ending: bool = False) -> Iterator[Assignment]:
    """Yield the statements that set a target, or one that ends like it; those that call something first."""
    found = [
        node
        for node in nodes
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for each in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for text in [written(each)]
        if text == target or (ending and text.endswith(f".{target}"))
    ]
    yield from sorted(found, key=lambda node: not isinstance(node.value, ast.Call))


def _all(found: Found, values: list[Any]) -> Iterator[Found]:
    if len(values) <= MOST_ITEMS:
        yield from (replace(found, value=value) for value in values)

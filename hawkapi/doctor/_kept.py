"""What lives as long as the application: everything that its modules, classes, state and middleware hold on to.

The walk begins at the globals of the project's modules, `app.state`, the middleware, the handlers and what surrounds
them, and goes through built-in collections and instances of the project's own classes. Objects of libraries are looked
at, and not into. It reads what is stored and runs nothing of the application.
"""

from __future__ import annotations

import ast
import functools
import inspect
import threading
import types
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from hawkapi.app import HawkAPI
from hawkapi.doctor._functions import Functions, own_nodes
from hawkapi.doctor._known import TABLES, class_of, matches
from hawkapi.doctor._project import Place, Project, SourceModule
from hawkapi.requests import State
from hawkapi.requests.state import values_of
from hawkapi.routing.middleware_entry import MiddlewareEntry

__all__ = ["Found", "Kept"]

MOST_ITEMS: Final = 1_000
"""Of a collection; a larger one holds data."""
MOST_DEPTH: Final = 12


@dataclass(frozen=True, slots=True)
class Found:
    """An object that lives as long as the application."""

    value: Any
    where: str
    """Who keeps it, for the end of a sentence."""
    place: Place
    source: str = ""
    """The expression that made it, where that is known."""
    depth: int = 0


class Kept:
    """What an application keeps.

    Args:
        app: the application.
        project: its modules.
        functions: of these.
        parts: what else it keeps: handlers, dependencies, middleware.
    """

    def __init__(self, app: HawkAPI, project: Project, functions: Functions, parts: Iterable[object]) -> None:
        self._project = project
        self._functions = functions
        self._seen: set[int] = {id(app), id(None)}
        self._alive: list[Any] = []
        """Keeps the ids in `_seen` taken."""
        self.instances: dict[type, Any] = {}
        """One instance of each of the project's classes that has some."""
        self.found: list[Found] = []
        """What belongs to an event loop or to a thread."""
        for root in self._roots(app, parts):
            self._walk(root)

    def _roots(self, app: HawkAPI, parts: Iterable[object]) -> Iterator[Found]:
        for module in self._project.modules:
            # What is imported is found in the module that it comes from.
            for name, value in list(module.namespace.items()):
                if not (name.startswith("__") or name in module.imported):
                    yield self._assigned(value, module, name, f"a global of module {module.name}")
        for name, value in list(values_of(app.state).items()):
            yield self._in_state(name, value)
        for part in parts:
            home = self._project.module_of(part) or self._project.module_of(type(part))
            if home is not None:
                yield Found(part, "the application", home.place(self._line_of(part)))

    def _line_of(self, part: object) -> int:
        function = self._functions.of(part) if callable(part) else None
        if function is not None:
            return function.node.lineno
        node = self._project.class_node(part if isinstance(part, type) else type(part))
        return node.lineno if node is not None else 1

    def _assigned(self, value: Any, module: SourceModule, name: str, where: str) -> Found:
        node = assignment(module.tree.body, name)
        place = module.place(node or 1)
        return Found(value, where, place, ast.unparse(node.value) if node is not None and node.value else "")

    def _in_state(self, name: str, value: Any) -> Found:
        where = f"app.state.{name}"
        for module in self._project.modules:
            node = next((each for each in _assignments(ast.walk(module.tree), f"state.{name}", ending=True)), None)
            if node is not None:
                return Found(value, where, module.place(node), ast.unparse(node.value) if node.value else "")
        return Found(value, where, Place(None, text=where))

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
        place = found.place if function is None else function.module.place(function.node)
        defaults = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
        yield from _all(Found(None, f"a default of {value.__qualname__}()", place), defaults)
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            try:
                content = cell.cell_contents
            except ValueError:
                continue  # It is empty yet.
            where = f"what surrounds {value.__qualname__}()"
            outer = function.outer if function is not None else None
            node = assignment(outer.node.body, name) if outer is not None else None
            if outer is None or node is None:
                yield Found(content, where, place)
            else:
                yield Found(content, where, outer.module.place(node), ast.unparse(node.value) if node.value else "")

    def _of_class(self, cls: type) -> Iterator[Found]:
        module, node = self._project.module_of(cls), self._project.class_node(cls)
        if module is None or node is None:
            return
        for name, value in list(vars(cls).items()):
            if name.startswith("__") or isinstance(value, types.MemberDescriptorType | types.GetSetDescriptorType):
                continue
            inner = getattr(value, "__func__", value)
            made = assignment(node.body, name)
            where = f"an attribute of class {cls.__name__}, which all its instances share"
            source = ast.unparse(made.value) if made is not None and made.value else ""
            yield Found(inner, where, module.place(made or node), source)

    def _of_instance(self, value: Any, found: Found) -> Iterator[Found]:
        cls = class_of(value)
        stored = dict(getattr(value, "__dict__", {}))
        for base in cls.__mro__:
            for name in inspect.getattr_static(base, "__slots__", ()):
                descriptor = vars(base).get(name)
                if isinstance(descriptor, types.MemberDescriptorType):
                    try:
                        stored[name] = descriptor.__get__(value)
                    except AttributeError:
                        continue
        for name, content in stored.items():
            place, source = self._set_in(cls, name) or (found.place, "")
            where = f"an attribute of a {cls.__name__} that is kept as {found.where}"
            if found.where.startswith("an attribute of a"):
                where = f"an attribute of a {cls.__name__} that is kept"
            yield Found(content, where, place, source)

    def _set_in(self, cls: type, name: str) -> tuple[Place, str] | None:
        """Return where a class or one of its bases sets an attribute of its instances, and to what."""
        for base in cls.__mro__:
            module, node = self._project.module_of(base), self._project.class_node(base)
            if module is None or node is None:
                continue
            made = next(_assignments(ast.walk(node), f"self.{name}"), None) or assignment(node.body, name)
            if made is not None:
                return module.place(made), ast.unparse(made.value) if made.value else ""
        return None


def _contents(value: Any) -> list[Any] | None:
    """Return what a collection, or something like one, holds; `None` for anything else."""
    if isinstance(value, State):
        return list(values_of(value).values())
    if isinstance(value, MiddlewareEntry):
        return [value.cls, *value.kwargs.values()]
    if isinstance(value, types.MethodType):
        return [value.__self__, value.__func__]
    cls = class_of(value)
    if issubclass(cls, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if issubclass(cls, dict):
        return list(dict[Any, Any].values(value))
    return list(value) if issubclass(cls, list | tuple | set | frozenset | deque) else None


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
        for text in [ast.unparse(each)]
        if text == target or (ending and text.endswith(f".{target}"))
    ]
    yield from sorted(found, key=lambda node: not isinstance(node.value, ast.Call))


def _all(found: Found, values: list[Any]) -> Iterator[Found]:
    if len(values) <= MOST_ITEMS:
        yield from (replace(found, value=value) for value in values)

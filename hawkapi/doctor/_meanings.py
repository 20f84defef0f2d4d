"""What an expression in a function means, as far as that can be told without running anything.

Names are looked up in the loaded module, attributes as they are stored: no property, `__getattr__` or other code of the
application runs. What cannot be told is `UNKNOWN`, and no rule judges it.
"""

from __future__ import annotations

import ast
import builtins
import enum
import inspect
import types
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hawkapi.app import HawkAPI
from hawkapi.di.depends import Dependency
from hawkapi.doctor._functions import Function, Functions
from hawkapi.doctor._known import dotted_name
from hawkapi.doctor._project import SourceModule, written
from hawkapi.requests.connection import HTTPConnection
from hawkapi.requests.state import State, values_of

__all__ = ["UNKNOWN", "InstanceOf", "Meanings", "Unknown", "Use", "chain_of", "look_up", "names_at_top"]


class Unknown(enum.Enum):
    """What cannot be told."""

    UNKNOWN = 0


UNKNOWN: Final = Unknown.UNKNOWN
WRAPPERS: Final[tuple[Any, ...]] = (staticmethod, classmethod, types.MethodType)


MAX_STEPS: Final = 100
"""Attributes and calls in one expression: more than anybody writes by hand."""


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """Some instance of a class, not known which."""

    cls: type[Any]
    shared: bool = False
    """Whether it is one that all requests use."""


@dataclass(frozen=True, slots=True)
class Use:
    """A function as it is called: on what, if it is a method, and what it was made from."""

    function: Function
    cls: type[Any] | None = None
    """Of its first parameter, where it is a method."""
    shared: bool = False
    """Whether that is an object which all requests use."""
    instance: Any = field(default=UNKNOWN, compare=False)
    """The object, where it is known."""
    live: Any = field(default=None, compare=False)
    """The function itself, where it is known: it has what surrounds it."""


def chain_of(node: ast.expr) -> list[ast.expr]:
    """Return an expression and what it is taken from, the outermost first: `a.b[c]`, `a.b`, `a`."""
    chain = [node]
    while isinstance(chain[-1], ast.Attribute | ast.Subscript):
        chain.append(chain[-1].value)
    return chain


class Meanings:
    """Tells what expressions mean.

    Args:
        app: what `request.app` is.
        singletons: the classes that a container makes one instance of, for all requests.
        functions: of the project.
    """

    def __init__(self, app: HawkAPI, singletons: Collection[type], functions: Functions) -> None:
        self._app = app
        self._singletons = singletons
        self._functions = functions

    def of(self, node: ast.expr, use: Use) -> Any:
        """Return what an expression is, an `InstanceOf` its class, or `UNKNOWN`."""
        # Not recursive: a chain of calls may be longer than Python calls deeply. One that long is nothing known, and to
        # follow it for each of its calls would take the square of its length.
        steps: list[ast.Attribute | ast.Call] = []
        while isinstance(node, ast.Attribute | ast.Call):
            if len(steps) == MAX_STEPS:
                return UNKNOWN
            steps.append(node)
            node = node.value if isinstance(node, ast.Attribute) else node.func
        value = self._of_name(node.id, use) if isinstance(node, ast.Name) else UNKNOWN
        for step in reversed(steps):
            if isinstance(step, ast.Attribute):
                value = self._attribute(value, step.attr)
            else:
                value = InstanceOf(value) if isinstance(value, type) else UNKNOWN
        return value

    def _of_name(self, name: str, use: Use) -> Any:
        function = use.function
        if name in function.locals:
            if name == function.first_parameter and use.cls is not None:
                return InstanceOf(use.cls, use.shared) if use.instance is UNKNOWN else use.instance
            parameter = function.parameters.get(name)
            return UNKNOWN if parameter is None else self._of_parameter(parameter, function)
        outer = function.outer
        while outer is not None:
            if name == outer.first_parameter and use.cls is not None:
                return self._of_name(name, replace(use, function=outer))
            if name in outer.locals:
                return _from_closure(name, use.live)
            outer = outer.outer
        return look_up(name, function.module)

    def _of_parameter(self, parameter: ast.arg, function: Function) -> Any:
        cls = annotated_class(parameter.annotation, function.module)
        if cls is None:
            return InstanceOf(HTTPConnection) if parameter.arg in {"request", "websocket"} else UNKNOWN
        if issubclass(cls, HawkAPI):
            return self._app
        given = self._given(parameter, function)
        return InstanceOf(cls, cls in self._singletons) if given is UNKNOWN else given

    def _given(self, parameter: ast.arg, function: Function) -> Any:
        """Return the object that `Depends(function)` gives all requests, where it is known, or else its class."""
        provider = next(_providers(parameter, function), None)
        found = self._functions.of(provider) if callable(provider) else None
        if found is None:
            return UNKNOWN
        if hasattr(provider, "cache_clear"):
            cls = annotated_class(parameter.annotation, function.module)
            return UNKNOWN if cls is None else InstanceOf(cls, shared=True)
        given = [
            node.value for node in found.nodes if isinstance(node, ast.Return | ast.Yield) and node.value is not None
        ]
        value = self.of(given[0], Use(found)) if len(given) == 1 else UNKNOWN
        # What it makes itself is the request's own.
        return value if not isinstance(value, InstanceOf) or value.shared else UNKNOWN

    def _attribute(self, base: Any, name: str) -> Any:
        if base is UNKNOWN:
            return UNKNOWN
        if isinstance(base, InstanceOf):
            if issubclass(base.cls, HTTPConnection):
                return self._app if name == "app" else UNKNOWN
            found = inspect.getattr_static(base.cls, name, UNKNOWN)
            return _unwrapped(found) if callable(_unwrapped(found)) else UNKNOWN
        if isinstance(base, State):
            return values_of(base).get(name, UNKNOWN)
        return stored(base, name)

    def called(self, node: ast.expr, use: Use) -> Iterator[tuple[Any, InstanceOf | None, Any]]:
        """Yield the functions that a reference to something callable may run.

        Each comes with what it is a method of, `None` if it is none, and with the object where that is known.
        """
        value = self.of(node, use)
        if isinstance(value, type):
            yield from ((stored(value, name), InstanceOf(value), UNKNOWN) for name in ("__init__", "__post_init__"))
        elif isinstance(node, ast.Attribute):
            base = self.of(node.value, use)
            if isinstance(base, InstanceOf):
                yield value, base, UNKNOWN
            elif base is UNKNOWN or isinstance(base, types.ModuleType):
                yield value, None, UNKNOWN
            else:
                yield value, InstanceOf(base if isinstance(base, type) else type(base), shared=True), base
        elif value is not UNKNOWN:
            yield value, None, UNKNOWN

    def names_of(self, node: ast.expr, use: Use) -> list[str]:
        """Return the whole names that something is known by: where it is defined, and how it is imported."""
        value = self.of(node, use)
        names = [dotted_name(value)] if callable(value) and not isinstance(value, InstanceOf | Unknown) else []
        if isinstance(node, ast.Attribute):
            names += [f"{base}.{node.attr}" for base in self.names_of(node.value, use)]
        elif isinstance(node, ast.Name) and node.id in use.function.module.imported:
            names.append(use.function.module.imported[node.id])
        return [name for name in names if name is not None]


def names_at_top(node: ast.expr, module: SourceModule) -> list[str]:
    """Return the whole names that something outside of functions is known by."""
    if isinstance(node, ast.Attribute):
        return [f"{base}.{node.attr}" for base in names_at_top(node.value, module)]
    if not isinstance(node, ast.Name):
        return []
    names = [dotted_name(look_up(node.id, module)), module.imported.get(node.id)]
    return [name for name in names if name is not None]


def look_up(name: str, module: SourceModule) -> Any:
    """Return what a name means at the top of a module."""
    if name in module.namespace:
        return module.namespace[name]
    return getattr(builtins, name, UNKNOWN)


def stored(value: Any, name: str) -> Any:
    """Return an attribute as it is stored, a method as its function, without running any code of the object's class."""
    if isinstance(value, types.ModuleType):
        return vars(value).get(name, UNKNOWN)
    found = inspect.getattr_static(value, name, UNKNOWN)
    if isinstance(found, types.MemberDescriptorType) and not isinstance(value, type):
        try:
            return found.__get__(value)
        except AttributeError:
            return UNKNOWN
    return UNKNOWN if isinstance(found, property) else _unwrapped(found)


def annotated_class(annotation: ast.expr | None, module: SourceModule) -> type[Any] | None:
    """Return the class that an annotation names, in `Annotated`, quoted or optional as it may be."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return None
    if isinstance(annotation, ast.Subscript):
        inner = annotation.slice
        return annotated_class(inner.elts[0] if isinstance(inner, ast.Tuple) else inner, module)
    if isinstance(annotation, ast.BinOp):
        return annotated_class(annotation.left, module)
    value: Any = UNKNOWN
    if isinstance(annotation, ast.Name):
        value = look_up(annotation.id, module)
    elif isinstance(annotation, ast.Attribute) and isinstance(annotation.value, ast.Name):
        value = stored(look_up(annotation.value.id, module), annotation.attr)
    # `type Db = Annotated[Database, Depends(open_database)]`, and the same without `type`.
    value = getattr(value, "__value__", value)
    value = getattr(value, "__origin__", value)
    return value if isinstance(value, type) else None


def _from_closure(name: str, live: Any) -> Any:
    code, closure = getattr(live, "__code__", None), getattr(live, "__closure__", None)
    if code is None or not closure or name not in code.co_freevars:
        return UNKNOWN
    try:
        return closure[code.co_freevars.index(name)].cell_contents
    except ValueError:
        return UNKNOWN  # It is empty yet.


def _unwrapped(found: Any) -> Any:
    return found.__func__ if isinstance(found, WRAPPERS) else found


def _providers(parameter: ast.arg, function: Function) -> Iterator[Any]:
    """Yield what a parameter's `Depends(...)` calls: in its annotation, behind the name of that, or as its default."""
    for node in [parameter.annotation, _default_of(parameter, function.node.args)]:
        for part in ast.walk(node) if node is not None else ():
            if isinstance(part, ast.Call) and written(part.func).rpartition(".")[2] == "Depends" and part.args:
                yield look_up(part.args[0].id, function.module) if isinstance(part.args[0], ast.Name) else UNKNOWN
            elif isinstance(part, ast.Name):
                # `Db = Annotated[Database, Depends(open_database)]`, and the same with `type`.
                alias = look_up(part.id, function.module)
                marked = getattr(getattr(alias, "__value__", alias), "__metadata__", ())
                yield from (each.dependency for each in marked if isinstance(each, Dependency))


def _default_of(parameter: ast.arg, given: ast.arguments) -> ast.expr | None:
    positional = [*given.posonlyargs, *given.args]
    with_default = positional[len(positional) - len(given.defaults) :]
    return dict(zip([*with_default, *given.kwonlyargs], [*given.defaults, *given.kw_defaults], strict=True)).get(
        parameter
    )

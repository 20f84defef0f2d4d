"""What of the things that a function changes is shared by all requests, and the changes themselves."""

from __future__ import annotations

import ast
import contextvars
import threading
import types
from collections.abc import Iterable, Iterator
from typing import Any

from hawkapi.app import HawkAPI
from hawkapi.doctor._functions import Function, Functions
from hawkapi.doctor._meanings import UNKNOWN, InstanceOf, Meanings, Unknown, Use, chain_of, look_up
from hawkapi.doctor._project import Project, written
from hawkapi.doctor._request_code import RequestCode
from hawkapi.requests.connection import HTTPConnection

__all__ = ["Sharing", "targets_of"]


class Sharing:
    """Tells what all requests share.

    Args:
        app: the application.
        project: its modules.
        functions: of these.
        meanings: of the expressions in them.
        request_code: the functions that run for requests.
    """

    def __init__(
        self, app: HawkAPI, project: Project, functions: Functions, meanings: Meanings, request_code: RequestCode
    ) -> None:
        self._app = app
        self._project = project
        self._meanings = meanings
        self._request_code = request_code
        self._lifespan_names = {*app.state, *_yielded_names(functions, request_code)}
        """What each request finds in `request.state`: the same objects as every other request."""

    def owner_of_target(self, target: ast.expr, use: Use) -> str | None:
        """Return what all requests share that an assignment to a target changes, in words; `None` for nothing."""
        if isinstance(target, ast.Attribute | ast.Subscript):
            return self.owner_of(target.value, use)
        if isinstance(target, ast.Name) and target.id in use.function.declared:
            return self.owner_of(target, use)
        return None

    def owner_of(self, node: ast.expr, use: Use) -> str | None:
        """Return what all requests share that an expression is, or is a part of, in words; `None` if it is not."""
        chain = chain_of(node)
        root = chain[-1]
        if not isinstance(root, ast.Name) or any(_is_split(self._meanings.of(each, use)) for each in chain):
            return None
        function: Function | None = use.function
        while function is not None:
            if root.id in function.locals:
                return self._of_local(root, node, use, function)
            function = function.outer
        return self._of_global(root.id, len(chain) > 1, use)

    def _of_local(self, root: ast.Name, node: ast.expr, use: Use, function: Function) -> str | None:
        if root.id == function.first_parameter and use.cls is not None:
            is_class = any(written(each) == "classmethod" for each in function.node.decorator_list)
            if is_class or function.node.name == "__init_subclass__":
                return f"class {use.cls.__name__}"
            return f"the {use.cls.__name__} that all requests use" if use.shared else None
        if root.id not in function.parameters and function is not use.function:
            return None if self._request_code.runs(function) else f"a variable of {function.node.name}()"
        value = self._meanings.of(root, use)
        if value is UNKNOWN:
            return None
        if value is self._app:
            return "the application"
        if not isinstance(value, InstanceOf):
            return f"the {type(value).__name__} that all requests use"
        if issubclass(value.cls, HTTPConnection):
            return self._of_request(written(node))
        return f"the {value.cls.__name__} that all requests use" if value.shared else None

    def _of_request(self, text: str) -> str | None:
        _, *names = text.replace("[", ".").split(".")
        if names[:1] == ["app"]:
            return "the application"
        if names[:1] == ["state"] and names[1:] and names[1] in self._lifespan_names:
            return f"what start-up put into state.{names[1]}"
        return None

    def _of_global(self, name: str, has_more: bool, use: Use) -> str | None:
        value: Any = look_up(name, use.function.module)
        if isinstance(value, types.ModuleType):
            return f"module {value.__name__}" if value.__name__ in self._project.by_name else None
        if isinstance(value, Unknown) and name not in use.function.declared:
            return None
        if isinstance(value, HawkAPI) and has_more:
            return "the application"
        return f"class {name}" if isinstance(value, type) else f"the global {name}"


def _is_split(value: Any) -> bool:
    """Whether each thread or each context has a value of its own."""
    if isinstance(value, InstanceOf):
        return issubclass(value.cls, threading.local)
    return isinstance(value, threading.local | contextvars.ContextVar)


def _yielded_names(functions: Functions, request_code: RequestCode) -> Iterator[str]:
    """Yield the keys of the mappings that generators other than those of requests yield: lifespans among them."""
    for function in functions.all:
        if request_code.runs(function):
            continue
        for node in function.nodes:
            if isinstance(node, ast.Yield) and isinstance(node.value, ast.Dict):
                keys = (key.value for key in node.value.keys if isinstance(key, ast.Constant))
                yield from (key for key in keys if isinstance(key, str))


def targets_of(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.AST]]:
    """Yield what plain assignments set, each with its statement; `setattr(a, "b", c)` sets `a.b`."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from ((each, node) for each in _flat(target))
        elif isinstance(node, ast.NamedExpr) or (isinstance(node, ast.AnnAssign) and node.value is not None):
            yield node.target, node
        elif isinstance(node, ast.Call) and (named := named_attribute(node, "setattr", 3)) is not None:
            yield named, node


def named_attribute(call: ast.Call, function: str, count: int) -> ast.Attribute | None:
    """Return the attribute that a call of `getattr` or its like names by a text."""
    if not isinstance(call.func, ast.Name) or call.func.id != function or len(call.args) < count:
        return None
    name = call.args[1]
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return None
    return ast.copy_location(ast.Attribute(call.args[0], name.value, ast.Load()), call)


def _flat(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _flat(element)
    else:
        yield target

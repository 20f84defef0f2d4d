"""The functions of a project's sources, and which of them a live function was made from."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import Any, Final

from hawkapi._callables import unwrap_callable
from hawkapi.doctor._project import FunctionNode, SourceModule, written

__all__ = ["Function", "Functions", "own_nodes"]

LOCKISH: Final = ("lock", "mutex", "guard", "sem", "exclusive", "synchronized", "transaction", "cond")
"""What names of context managers and methods have in them that let one thread in at a time."""


@dataclass(frozen=True, eq=False)
class Function:
    """One function of a source. Immutable, but for what is worked out when it is asked for."""

    module: SourceModule
    node: FunctionNode
    owner: ast.ClassDef | None
    """The class that it is a method of."""
    outer: Function | None
    """The function that it is defined in."""

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """What runs when it is called: its body, without the bodies of functions and classes in it."""
        return tuple(own_nodes(self.node.body))

    @cached_property
    def parameters(self) -> Mapping[str, ast.arg]:
        """Its parameters by name, in order."""
        given = self.node.args
        every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        return {parameter.arg: parameter for parameter in every if parameter is not None}

    @cached_property
    def declared(self) -> frozenset[str]:
        """The names that it declares `global` or `nonlocal`."""
        return frozenset(
            name for node in self.nodes if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names
        )

    @cached_property
    def locals(self) -> frozenset[str]:
        """The names that belong to one call."""
        return frozenset({*self.parameters, *(name for node in self.nodes for name in _bound(node))} - self.declared)

    @property
    def is_async(self) -> bool:
        """Whether it is a coroutine function or an async generator."""
        return isinstance(self.node, ast.AsyncFunctionDef)

    @cached_property
    def first_parameter(self) -> str | None:
        """What a method calls its instance or class, `None` for what has neither."""
        decorators = {written(decorator) for decorator in self.node.decorator_list}
        if self.owner is None or "staticmethod" in decorators:
            return None
        return next(iter(self.parameters), None)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node of the body is in, from the inside, up to the function."""
        parent = self.module.parents.get(node)
        while parent is not None and parent is not self.node:
            yield parent
            parent = self.module.parents.get(parent)

    def is_guarded(self, node: ast.AST) -> bool:
        """Whether a node is run by one thread at a time: in a `with` of a lock, or after the `acquire()` of one."""
        return self._takes_a_lock or any(
            _is_lock(item.context_expr)
            for parent in self.around(node)
            if isinstance(parent, ast.With | ast.AsyncWith)
            for item in parent.items
        )

    @cached_property
    def _takes_a_lock(self) -> bool:
        decorators = [written(decorator).lower() for decorator in self.node.decorator_list]
        if any(word in text for text in decorators for word in LOCKISH):
            return True
        called = (node.func for node in self.nodes if isinstance(node, ast.Call))
        return any(isinstance(func, ast.Attribute) and func.attr == "acquire" for func in called)


def own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield nodes and what is in them, without the bodies of functions and classes, which run elsewhere."""
    # Not recursive: a long sum or chain of calls is nested more deeply than Python calls.
    waiting = [*body][::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting += [*ast.iter_child_nodes(node)][::-1]


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):  # Of a lambda.
        yield node.arg
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name.partition(".")[0]) for alias in node.names)
    elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name


def _is_lock(manager: ast.expr) -> bool:
    """Whether a context manager lets one in at a time: one that is kept, or the call of something named so."""
    text = written(manager).lower()
    return not isinstance(manager, ast.Call) or any(word in text for word in LOCKISH)


class Functions:
    """All functions of some modules."""

    def __init__(self, modules: Iterable[SourceModule]) -> None:
        self.all = tuple(found for module in modules for found in _of(module))
        self._by_line: dict[tuple[str, int, str], Function] = {}
        for function in self.all:
            first = min([function.node, *function.node.decorator_list], key=lambda node: node.lineno)
            self._by_line[str(function.module.path), first.lineno, function.node.name] = function
        self._files: dict[str, str] = {}
        """Names of files, and what they are without links."""
        self.by_node: Mapping[ast.AST, Function] = {function.node: function for function in self.all}

    def of(self, live: Any) -> Function | None:
        """Return the function that something live was made from, whatever is around it; `None` if it is elsewhere."""
        code = getattr(unwrap_callable(live), "__code__", None)
        if not isinstance(code, CodeType):
            return None
        file = self._files.get(code.co_filename)
        if file is None:
            file = self._files[code.co_filename] = str(Path(code.co_filename).resolve())
        return self._by_line.get((file, code.co_firstlineno, code.co_name))

    def methods(self, owner: ast.ClassDef) -> list[Function]:
        """Return the methods of a class in the order of the source."""
        return [self.by_node[node] for node in owner.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _of(module: SourceModule) -> Iterator[Function]:
    waiting: list[tuple[Iterable[ast.AST], ast.ClassDef | None, Function | None]] = [(module.tree.body, None, None)]
    while waiting:
        body, owner, outer = waiting.pop()
        for node in own_nodes(body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                function = Function(module, node, owner, outer)
                yield function
                waiting.append((ast.iter_child_nodes(node), None, function))
            elif isinstance(node, ast.ClassDef):
                waiting.append((ast.iter_child_nodes(node), node, outer))

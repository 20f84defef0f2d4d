"""What the names in a function stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from shared_state.expressions import DISPLAYS, FUNCTIONS, Function, is_container, last, outer_type, pairs


class Frame:
    """A function that is being read."""

    def __init__(self, name: str, me: str, node: Function | ast.Lambda | None) -> None:
        self.name = name
        self.me = me
        self.bound: set[str] = set()
        self.fresh: set[str] = set()
        self.stale: set[str] = set()
        """Names that also stand for something that others may have."""
        self.containers: set[str] = set()
        self.types: dict[str, set[str]] = {}
        self.alias: dict[str, ast.Attribute] = {}
        if node is not None:
            arguments = node.args
            everyone = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            everyone += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
            self.bound |= {one.arg for one in everyone}
            self.types = {one.arg: outer_type(one.annotation) for one in everyone if one.annotation}


def own_nodes(function: Function | ast.Lambda) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of the functions in it."""
    body = function.body if isinstance(function.body, list) else [function.body]
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            todo += ast.iter_child_nodes(node)


def bind(frame: Frame, node: ast.AST) -> None:
    """Note a name that a function binds, and what to."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        frame.bound.add(node.id)
    elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        frame.bound.add(node.name)
    if isinstance(node, ast.NamedExpr):
        learn(frame, node.target, node.value)
    elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        for target, value in pairs(node):
            if isinstance(target, ast.Name):
                learn(frame, target, value)
                if isinstance(node, ast.AnnAssign):
                    frame.types[target.id] = outer_type(node.annotation)
        if isinstance(node, ast.Assign):
            chained(frame, node)


def chained(frame: Frame, node: ast.Assign) -> None:
    """Note that in `x = self.y = z` the name stands for the attribute."""
    names = {target.id for target in node.targets if isinstance(target, ast.Name)}
    if any(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
        frame.stale |= names
    attribute = next((target for target in node.targets if isinstance(target, ast.Attribute)), None)
    if attribute is not None:
        frame.alias |= dict.fromkeys(names, attribute)


def learn(frame: Frame, target: ast.Name, value: ast.expr) -> None:
    if isinstance(value, ast.Await):
        value = value.value
    if is_container(value):
        frame.containers.add(target.id)
    names = {part.id for part in ast.walk(value) if isinstance(part, ast.Name)}
    if isinstance(value, ast.Attribute) and not names & {target.id, *frame.alias}:
        frame.alias[target.id] = value
    elif isinstance(value, ast.Call):
        name = last(value.func)
        frame.types.setdefault(target.id, set()).add(name)
        if name in {"cls", "copy", "__new__", "replace"} or name.lstrip("_")[:1].isupper():
            frame.fresh.add(target.id)
        else:
            frame.stale.add(target.id)
    elif not isinstance(value, DISPLAYS | ast.Constant):
        frame.stale.add(target.id)

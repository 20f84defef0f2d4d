"""What expressions say of the objects that they make or name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from shared_state.names import ASYNCIO, CONTAINERS, LOOP_CALLS, PRIMITIVES

type Function = ast.FunctionDef | ast.AsyncFunctionDef

FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
DISPLAYS: Final = ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp


def words(node: ast.AST | None) -> set[str]:
    """Return every name in an expression, those in quoted annotations included."""
    names: set[str] = set()
    for part in ast.walk(node) if node is not None else ():
        if isinstance(part, ast.Name):
            names.add(part.id)
        elif isinstance(part, ast.Attribute):
            names.add(part.attr)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
            names.add(part.value)
    return names


def last(node: ast.AST) -> str:
    """Return the last part of a dotted name, of what is subscribed or called too; else nothing."""
    if isinstance(node, ast.Subscript | ast.Call):
        return last(node.value if isinstance(node, ast.Subscript) else node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def owner_module(call: ast.Call) -> str:
    """Return what stands before the last dot of what is called."""
    return last(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def outer_type(annotation: ast.AST | None) -> set[str]:
    """Return the classes that an annotation allows, without those that they hold."""
    if annotation is None:
        return set()
    if isinstance(annotation, ast.BinOp):
        return outer_type(annotation.left) | outer_type(annotation.right)
    if isinstance(annotation, ast.Subscript) and last(annotation.value) in {"Final", "ClassVar", "Annotated"}:
        inner = annotation.slice
        return outer_type(inner.elts[0] if isinstance(inner, ast.Tuple) else inner)
    name = last(annotation)
    return {name} if name else set()


def is_container(value: ast.AST | None) -> bool:
    """Return whether an expression makes something that holds others and can be changed."""
    if isinstance(value, ast.IfExp):
        return is_container(value.body) or is_container(value.orelse)
    if isinstance(value, ast.BoolOp):
        return any(map(is_container, value.values))
    if isinstance(value, ast.Call):
        if last(value.func) == "field":
            return any(word.arg == "default_factory" and last(word.value) in CONTAINERS for word in value.keywords)
        return last(value.func) in CONTAINERS and not owner_module(value)[:1].isupper()
    return isinstance(value, DISPLAYS)


def primitive(value: ast.AST | None) -> str:
    """Return the kind of primitive that an expression makes, or nothing."""
    calls = [part for part in ast.walk(value) if isinstance(part, ast.Call)] if value is not None else []
    for call in calls:
        name = last(call.func)
        if name in LOOP_CALLS or (owner_module(call) == "asyncio" and name in ASYNCIO):
            return "asyncio"
        if name in PRIMITIVES and name not in CONTAINERS:
            return PRIMITIVES[name]
    return ""


def first_argument(function: Function) -> str:
    """Return the name of a method's object."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    return arguments[0].arg if arguments else ""


def is_static(function: Function) -> bool:
    """Return whether a method has no object."""
    return any(last(decorator) == "staticmethod" for decorator in function.decorator_list)


def pairs(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the targets of an assignment, each with its value where a tuple is assigned to a tuple."""
    value = node.value
    assert value is not None
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            yield from zip(target.elts, value.elts, strict=True)
        elif isinstance(target, ast.Tuple):
            yield from ((element, value) for element in target.elts)
        else:
            yield target, value

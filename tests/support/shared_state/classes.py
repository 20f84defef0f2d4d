"""What classes say of their attributes."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from shared_state.expressions import (
    FUNCTIONS,
    Function,
    first_argument,
    is_container,
    last,
    outer_type,
    pairs,
    primitive,
    words,
)
from shared_state.names import MAKERS


class Field:
    """What a class says of one of its attributes."""

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.is_container = False
        self.kinds: set[str] = set()


class Class:
    """What is known of a class."""

    def __init__(self, module: str, node: ast.ClassDef) -> None:
        self.module = module
        self.name = node.name
        self.node = node
        self.bases = {name for base in node.bases for name in words(base)}
        self.fields: defaultdict[str, Field] = defaultdict(Field)
        self.makers = set(MAKERS)


def read_fields(one: Class) -> None:
    """Note the attributes of a class: those of its body, and those that its makers set."""
    for node in one.node.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            field = one.fields[node.target.id]
            field.types |= outer_type(node.annotation)
            field.is_container |= is_container(node.value)
    one.makers |= helpers_of_makers(one.node)
    for function in methods(one.node):
        if function.name in one.makers:
            read_maker(one, function)


def methods(node: ast.ClassDef) -> Iterator[Function]:
    """Yield the methods of a class."""
    yield from (part for part in node.body if isinstance(part, FUNCTIONS))


def helpers_of_makers(node: ast.ClassDef) -> set[str]:
    """Return the private methods that only the makers of the same class mention."""
    helpers = set(MAKERS)
    private = {function.name for function in methods(node) if function.name.startswith("_")} - helpers
    mentions = {function.name: mentioned(function) for function in methods(node)}
    called = {function.name: called_by(function) for function in methods(node)}
    while True:
        # What is handed out instead of called may be called at any time.
        outside = {name for method in mentions for name in mentions[method] if method not in helpers}
        outside |= {name for method in helpers & mentions.keys() for name in mentions[method] - called[method]}
        inside = {name for method in helpers & called.keys() for name in called[method]}
        more = (private & inside) - outside - helpers
        if not more:
            return helpers
        helpers |= more


def mentioned(function: Function) -> set[str]:
    """Return the names of the attributes that a function reads."""
    return {part.attr for part in ast.walk(function) if isinstance(part, ast.Attribute)}


def called_by(function: Function) -> set[str]:
    """Return the names of those that it only calls."""
    calls = [part.func for part in ast.walk(function) if isinstance(part, ast.Call)]
    direct = [func for func in calls if isinstance(func, ast.Attribute)]
    handed_out = [
        part
        for part in ast.walk(function)
        if isinstance(part, ast.Attribute) and not any(part is one for one in direct)
    ]
    return {func.attr for func in direct} - {part.attr for part in handed_out}


def read_maker(one: Class, function: Function) -> None:
    annotations = {a.arg: a.annotation for a in (*function.args.args, *function.args.kwonlyargs)}
    me = first_argument(function)
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        for target, value in pairs(node):
            if not (isinstance(target, ast.Attribute) and last(target.value) == me):
                continue
            field = one.fields[target.attr]
            if isinstance(node, ast.AnnAssign):
                field.types |= outer_type(node.annotation)
            if isinstance(value, ast.Name) and value.id in annotations:
                field.types |= outer_type(annotations[value.id])
            if isinstance(value, ast.Call):
                field.types.add(last(value.func))
            field.is_container |= is_container(value)
            field.kinds |= {primitive(value)} - {""}

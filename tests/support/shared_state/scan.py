"""Finds in the source what threads could share and change.

It reads, and runs nothing. What it knows of types is what annotations and constructor calls say; an attribute of an
object that it cannot name belongs to every class of the module, or else of what it imports, that has one of that name.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable

from shared_state.classes import Class, read_fields
from shared_state.expressions import is_container, last, pairs, primitive, words
from shared_state.names import CONTAINERS, HARMLESS, MUTABLE_TYPES
from shared_state.reader import Found, Reader, State, Touch

__all__ = ["Found", "State", "scan"]


def scan(sources: dict[str, str]) -> Found:
    """Return what threads could share and change in modules, given by name and text."""
    trees = {module: ast.parse(text) for module, text in sources.items()}
    classes: dict[str, list[Class]] = defaultdict(list)
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                classes[node.name].append(Class(module, node))
    for group in classes.values():
        for one in group:
            read_fields(one)
    found: Found = defaultdict(State)
    touches: list[Touch] = []
    for module, tree in trees.items():
        reader = Reader(module, tree, classes, found)
        reader.visit(tree)
        touches += reader.touches
    report_fields(classes, found)
    report_touches(touches, classes, found)
    for module, tree in trees.items():
        report_module(module, tree, classes, found)
    return {key: state for key, state in found.items() if state.kinds}


def report_fields(classes: dict[str, list[Class]], found: Found) -> None:
    """Report the primitives that objects keep."""
    for group in classes.values():
        for one in group:
            for name, field in one.fields.items():
                found[one.module, f"{one.name}.{name}"].kinds |= field.kinds


def report_touches(touches: Iterable[Touch], classes: dict[str, list[Class]], found: Found) -> None:
    """Report the attributes that are written or changed after their object was made."""
    reads = {
        (touch.module, owner, touch.attribute, touch.function)
        for touch in touches
        if touch.how == "read"
        for owner in touch.owners
    }
    tested = {
        (touch.module, owner, touch.attribute, touch.function)
        for touch in touches
        if touch.how == "read" and touch.tests
        for owner in touch.owners
    }
    for touch in touches:
        if touch.how == "read":
            continue
        for owner in touch.owners:
            one = home_of(owner, touch, classes)
            if one is not None and touch.module == one.module and touch.function in one.makers:
                continue
            if touch.how == "change" and one is not None and not holds_others(one, touch.attribute, classes):
                continue
            module, label = (one.module if one else touch.module), f"{owner}.{touch.attribute}"
            state = found[module, label]
            state.kinds.add("attribute" if touch.how == "write" else "container")
            state.writers.append(touch)
            key = (touch.module, owner, touch.attribute, touch.function)
            if key in reads and not touch.guards:
                kind = "lazy" if touch.how == "write" and key in tested else "check-then-set"
                state.unguarded[kind].add(touch.function)


def home_of(owner: str, touch: Touch, classes: dict[str, list[Class]]) -> Class | None:
    """Return the class of that name, that of the same module before others."""
    group = classes.get(owner, [])
    for module in (touch.module, touch.imports.get(owner)):
        for one in group:
            if one.module == module:
                return one
    return group[0] if group else None


def holds_others(one: Class, attribute: str, classes: dict[str, list[Class]]) -> bool:
    """Return whether an attribute is a container, as far as is known from a class and its bases."""
    family = [one, *(base for name in one.bases for base in classes.get(name, []))]
    fields = [each.fields[attribute] for each in family if attribute in each.fields]
    types = {name for field in fields for name in field.types}
    return any(field.is_container for field in fields) or bool(types & (CONTAINERS | MUTABLE_TYPES)) or not types


def is_table(name: str, call: ast.Call) -> bool:
    """Return whether a name that is a constant by its spelling gets a dict of names with one value."""
    return last(call.func) == "fromkeys" and name.isupper()


def report_module(module: str, tree: ast.Module, classes: dict[str, list[Class]], found: Found) -> None:
    """Report the names of a module that hold what can be changed."""
    stateful = {label.partition(".")[0] for (_, label), state in found.items() if state.kinds}
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        for target, value in pairs(node):
            name = last(target)
            state = found[module, name]
            if kind := primitive(value):
                state.kinds.add(kind)
            elif is_container(value):
                final = isinstance(node, ast.AnnAssign) and "Final" in words(node.annotation)
                if not (final or name.isupper() or name == "__all__"):
                    state.kinds.add("module state")
            elif isinstance(value, ast.Call) and not is_table(name, value):
                called = last(value.func)
                if called in stateful or (called not in HARMLESS and called not in classes):
                    state.kinds.add("module state")

"""Rules about what request code changes that all requests share."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from hawkapi.doctor._functions import own_nodes
from hawkapi.doctor._project import Place, written
from hawkapi.doctor._request_code import Reached
from hawkapi.doctor._sharing import named_attribute, targets_of
from hawkapi.doctor.survey import Survey

type Look = Iterator[tuple[Place, str, str]]
"""Places, what is wrong there, and what to do about it."""

LOCK_FIX: Final = "Do both under one threading.Lock, and await nothing while it is held."
CHANGES_SIZE: Final = frozenset({"add", "clear", "discard", "pop", "popitem", "remove", "setdefault", "update"})
VIEWS: Final = frozenset({"items", "keys", "values"})
MISSING: Final = frozenset({"AttributeError", "KeyError", "LookupError", "NameError"})


def lost_updates(survey: Survey) -> Look:
    """Find reads and writes of shared values that another thread may come between."""
    for reached in _unguarded(survey):
        for target, node in _updates(reached):
            owner = survey.sharing.owner_of_target(target, reached.use)
            if owner is not None and not reached.function.is_guarded(node):
                text = written(target)
                message = (
                    f"{reached.function.node.name}() reads {text} and writes it back without a lock, in {owner}: two "
                    "threads that do so at once lose one of the changes."
                )
                yield reached.function.module.place(node), message, LOCK_FIX


def late_settings(survey: Survey) -> Look:
    """Find shared values that are looked at, and set because of what was seen."""
    for reached in _unguarded(survey):
        updated = {id(node) for _, node in _updates(reached)}
        for seen, region in _decisions(reached):
            for target, node in targets_of(region):
                owner = survey.sharing.owner_of_target(target, reached.use)
                text = _key(target)
                if owner is None or text not in seen or id(node) in updated or reached.function.is_guarded(node):
                    continue
                message = (
                    f"{reached.function.node.name}() looks at {text} and then sets it without a lock, in {owner}: two "
                    "threads may see the same, and both set it."
                )
                fix = f"{LOCK_FIX} Or have start-up make it, or a container's singleton, or dict.setdefault."
                yield reached.function.module.place(node), message, fix


def changing_loops(survey: Survey) -> Look:
    """Find loops over shared dicts and sets to which requests add."""
    changed = {
        id(value): text
        for reached in survey.request_code
        for text, value in _resized(survey, reached)
        if issubclass(type(value), dict | set)
    }
    for reached in _unguarded(survey):
        for node in reached.function.nodes:
            if not isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
                continue
            base = _iterated(node.iter)
            if id(survey.meanings.of(base, reached.use)) in changed and not reached.function.is_guarded(node):
                message = (
                    f"{reached.function.node.name}() goes through {written(base)} while other requests may change "
                    "its size, which raises RuntimeError."
                )
                fix = f"Go through a copy, as in `for ... in list({written(node.iter)})`, made under the lock."
                yield reached.function.module.place(node.iter), message, fix


def _unguarded(survey: Survey) -> Iterator[Reached]:
    return (reached for reached in survey.request_code if not reached.guarded)


def _updates(reached: Reached) -> Iterator[tuple[ast.expr, ast.AST]]:
    """Yield what statements read and write back, each with its statement."""
    for node in reached.function.nodes:
        if isinstance(node, ast.AugAssign):
            yield node.target, node
        elif isinstance(node, ast.Assign) and not isinstance(node.value, ast.BoolOp | ast.IfExp):
            yield from ((target, node) for target in node.targets if _reads(node.value, target))


def _reads(value: ast.expr, target: ast.expr) -> bool:
    """Whether an expression reads what a target is; an item, also by `get`."""
    if not isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
        return False
    text, kind = written(target), type(target)
    # Only what could be the target is written out: a sum of thousands would be, again and again, for each of its parts.
    return any(type(part) is kind and written(part) == text for part in map(_item_of, ast.walk(value)))


def _item_of(node: ast.AST) -> ast.AST:
    """Return `a[b]` for `a.get(b)`, anything else as it is."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        return ast.Subscript(node.func.value, node.args[0], ast.Load())
    return node


def _decisions(reached: Reached) -> Iterator[tuple[frozenset[str], Iterable[ast.AST]]]:
    """Yield what is looked at, and what runs because of it."""
    function = reached.function
    aliases = _aliases(function.nodes)
    for node in function.nodes:
        if isinstance(node, ast.If):
            region = [*node.body, *node.orelse]
            if isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break):
                region += _following(node, function.module.parents)
            yield _seen(node.test, aliases), list(own_nodes(region))
        elif isinstance(node, ast.Try) and any(_catches_missing(handler) for handler in node.handlers):
            region = [statement for handler in node.handlers for statement in handler.body]
            yield _seen(ast.Module(node.body, []), {}), list(own_nodes(region))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BoolOp | ast.IfExp):
            # `x = x or make()`; `x = make() if x is None else x`
            yield _seen(node.value, aliases), [node]


def _aliases(nodes: Iterable[ast.AST]) -> Mapping[str, ast.expr]:
    """Return what local names that are set once stand for, where that is a look at something."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return {name: values[0] for name, values in found.items() if _is_look(values[0])}


def _is_look(value: ast.expr) -> bool:
    """Whether an expression is a value as it is stored: `a.b`, `a[b]`, `a.get(b)`, `getattr(a, "b", None)`."""
    if isinstance(value, ast.Call):
        is_get = isinstance(value.func, ast.Attribute) and value.func.attr == "get"
        return is_get or named_attribute(value, "getattr", 2) is not None
    return isinstance(value, ast.Attribute | ast.Subscript | ast.Name)


def _seen(test: ast.AST, aliases: Mapping[str, ast.expr]) -> frozenset[str]:
    """Return the names, attributes and collections that an expression reads, as they are written."""
    seen: set[str] = set()
    for node in ast.walk(test):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            seen.add(written(node))
            if isinstance(node, ast.Name) and node.id in aliases:
                seen |= _seen(aliases[node.id], {})
        elif isinstance(node, ast.Call):
            named = named_attribute(node, "hasattr", 2) or named_attribute(node, "getattr", 2)
            if named is not None:
                seen.add(written(named))
    return frozenset(seen)


def _key(target: ast.expr) -> str:
    return written(target.value if isinstance(target, ast.Subscript) else target)


def _following(node: ast.stmt, parents: Mapping[ast.AST, ast.AST]) -> list[ast.stmt]:
    """Return the statements of the same block that come after one."""
    blocks: list[Any] = [value for _, value in ast.iter_fields(parents[node]) if isinstance(value, list)]
    behind: list[list[ast.stmt]] = [block[block.index(node) + 1 :] for block in blocks if node in block]
    return behind[0]


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and any(
        isinstance(node, ast.Name) and node.id in MISSING for node in ast.walk(handler.type)
    )


def _resized(survey: Survey, reached: Reached) -> Iterator[tuple[str, object]]:
    """Yield the collections that a function may change the size of."""
    for node in reached.function.nodes:
        base: ast.expr | None = None
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            base = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES_SIZE:
            base = node.func.value
        if base is not None:
            yield written(base), survey.meanings.of(base, reached.use)


def _iterated(node: ast.expr) -> ast.expr:
    """Return the collection behind `collection.items()` and its like."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in VIEWS:
        return node.func.value
    return node

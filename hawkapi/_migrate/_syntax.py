"""Small questions about libcst's nodes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import libcst as cst


def dotted(node: cst.BaseExpression | None) -> str | None:
    """Return a name with dots as text; `None`: the node is something else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        front = dotted(node.value)
        return None if front is None else f"{front}.{node.attr.value}"
    return None


def name_node(text: str) -> cst.Name | cst.Attribute:
    """Return the node of a name with dots."""
    front, _, last = text.rpartition(".")
    return cst.Attribute(value=name_node(front), attr=cst.Name(last)) if front else cst.Name(last)


def text_of(node: cst.BaseExpression | None) -> str | None:
    """Return the value of a literal text; `None`: the node is something else."""
    if isinstance(node, cst.SimpleString):
        value = node.evaluated_value
        return value if isinstance(value, str) else None
    return None


def keyword(call: cst.Call, name: str) -> cst.Arg | None:
    """Return a keyword argument of a call."""
    return next((arg for arg in call.args if arg.keyword is not None and arg.keyword.value == name), None)


def positional(call: cst.Call) -> list[cst.Arg]:
    """Return the arguments by position, without `*others`."""
    return [arg for arg in call.args if arg.keyword is None and not arg.star]


def named(arg: cst.Arg, name: str) -> cst.Arg:
    """Return an argument with a keyword, written as `name=value`."""
    bare = cst.SimpleWhitespace("")
    return arg.with_changes(keyword=cst.Name(name), equal=cst.AssignEqual(bare, bare))


def with_argument(call: cst.Call, name: str, value: cst.BaseExpression) -> cst.Call:
    """Return a call with one keyword argument more, before `**others` and laid out as the last one is."""
    added = named(cst.Arg(value), name)
    if not call.args:
        return call.with_changes(args=[added])
    last = call.args[-1]
    if last.star == "**":
        index = len(call.args) - 1
        return call.with_changes(args=[*call.args[:index], added.with_changes(comma=_comma()), last])
    between = call.args[0].comma if len(call.args) > 1 else _comma()
    if isinstance(last.comma, cst.Comma):
        between = _comma() if len(call.args) == 1 else between
        added = added.with_changes(comma=last.comma)
    added = added.with_changes(whitespace_after_arg=last.whitespace_after_arg)
    previous = last.with_changes(comma=between, whitespace_after_arg=cst.SimpleWhitespace(""))
    return call.with_changes(args=[*call.args[:-1], previous, added])


def _comma() -> cst.Comma:
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def parameters(node: cst.FunctionDef) -> list[cst.Param]:
    """Return the parameters of a function, without stars."""
    return [*node.params.posonly_params, *node.params.params, *node.params.kwonly_params]


def names_in(node: cst.CSTNode | None) -> set[str]:
    """Return the plain names in a piece of code."""
    if node is None:
        return set()
    found = {node.value} if isinstance(node, cst.Name) else set[str]()
    for child in node.children:
        found |= names_in(child)
    return found


def statements(body: Iterable[cst.CSTNode]) -> Iterable[cst.BaseSmallStatement]:
    """Yield the small statements of a block, also of one that stands behind its colon."""
    for line in body:
        if isinstance(line, cst.SimpleStatementLine):
            yield from line.body
        elif isinstance(line, cst.BaseSmallStatement):  # `def f(): ...`
            yield line


def is_placeholder(body: Sequence[cst.BaseSmallStatement]) -> bool:
    """Whether a body says nothing: `pass`, `...` or only a docstring."""
    for statement in body:
        if isinstance(statement, cst.Pass):
            continue
        if isinstance(statement, cst.Expr) and isinstance(
            statement.value, cst.Ellipsis | cst.SimpleString | cst.ConcatenatedString
        ):
            continue
        return False
    return True

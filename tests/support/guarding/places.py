"""Where the package keeps threads apart: what needs a row in the table of guards.

A place is `module: Object`, as the audit's page names it: each lock and other primitive, each object whose guard is an
operation that CPython makes atomic, and whatever a comment with `THREADS:` stands above. Where that is no attribute or
global name, it is the function around it.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Mapping
from typing import Final

from shared_state.page import claims

PRIMITIVES: Final = frozenset({"lock", "cross-loop", "sharded", "thread-owned"})
TAG: Final = "THREADS:"
THE_MODULE: Final = "the module"


def guarded_places(sources: Mapping[str, str], page: str) -> set[str]:
    """Return all places of a package.

    Args:
        sources: the text of every module by its name.
        page: the page of the audit.
    """
    audited = {
        place_of(claim.module, claim.object)
        for claim in claims(page)
        if claim.kinds.keys() & PRIMITIVES or claim.row.cells["Guard"].startswith("atomic")
    }
    commented = {place_of(module, name) for module, text in sources.items() for name in commented_names(text)}
    return audited | commented


def place_of(module: str, name: str) -> str:
    """Return what a place is called."""
    return f"{module.removeprefix('hawkapi.')}: {name}"


def commented_names(text: str) -> Iterator[str]:
    """Yield what the comments with the tag stand above, or, in the docstring of an attribute, below."""
    statements = sorted(named_statements(ast.parse(text), ()), key=lambda each: each[0].lineno)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING) and TAG in token.string:
            yield subject(token, statements)


def subject(token: tokenize.TokenInfo, statements: list[tuple[ast.stmt, str]]) -> str:
    """Return what a comment stands above, or a docstring below."""
    line = token.start[0]
    if token.type == tokenize.COMMENT:
        return next((name for node, name in statements if node.lineno > line), THE_MODULE)
    before = [name for node, name in statements if node.lineno < line]
    return before[-1] if before else THE_MODULE


def named_statements(tree: ast.AST, around: tuple[str, ...]) -> Iterator[tuple[ast.stmt, str]]:
    """Yield all statements, each with the name of what it assigns, else with that of what is around it."""
    for node in ast.iter_child_nodes(tree):
        inner = around
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner = (*around, node.name)
        if isinstance(node, ast.stmt):
            yield node, ".".join(inner) if inner != around else assigned(node, around)
        yield from named_statements(node, inner)


def assigned(node: ast.stmt, around: tuple[str, ...]) -> str:
    """Return the name of the attribute or the global name that a statement assigns, else that of what is around it."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    for target in targets:
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            return ".".join((*around[:1], target.attr))
        if isinstance(target, ast.Name) and not around:
            return target.id
    return ".".join(around) or THE_MODULE

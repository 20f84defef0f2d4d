"""Import statements: each name is imported from where it is in hawkapi."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from hawkapi._migrate._names import RENAMED, home_of, remedy, target_module
from hawkapi._migrate._syntax import dotted, name_node

type Warn = Callable[[str], None]


def rewrite_from(node: cst.ImportFrom, warn: Warn) -> list[cst.ImportFrom]:
    """Return a statement for each module of hawkapi that the names are in; the first has the layout of the old one."""
    module = None if node.relative else dotted(node.module)
    target = None if module is None else target_module(module)
    if target is None:
        return [node]
    if isinstance(node.names, cst.ImportStar):
        return [node.with_changes(module=name_node(target))]
    homes: dict[str, list[cst.ImportAlias]] = {}
    for alias in node.names:
        name = RENAMED.get(str(dotted(alias.name)), str(dotted(alias.name)))
        home = home_of(target, name)
        if home is None:
            warn(f"{target} has no {name}{remedy(name)}")
        homes.setdefault(home or target, []).append(alias.with_changes(name=cst.Name(name)))
    if len(homes) == 1:
        ((home, aliases),) = homes.items()
        return [node.with_changes(module=name_node(home), names=aliases)]
    first = target if target in homes else next(iter(homes))
    kept = _without_last_comma(node, homes.pop(first))
    return [
        node.with_changes(module=name_node(first), names=kept),
        *(cst.ImportFrom(module=name_node(home), names=_plain(aliases)) for home, aliases in homes.items()),
    ]


def rewrite_import(node: cst.Import) -> cst.Import:
    """Return `import fastapi.x as y` for hawkapi."""
    names: list[cst.ImportAlias] = []
    for alias in node.names:
        target = target_module(str(dotted(alias.name))) if str(dotted(alias.name)).startswith("fastapi") else None
        names.append(alias if target is None else alias.with_changes(name=name_node(target)))
    return node.with_changes(names=names)


def _without_last_comma(node: cst.ImportFrom, aliases: list[cst.ImportAlias]) -> list[cst.ImportAlias]:
    if isinstance(node.names, cst.ImportStar):
        return aliases
    return [*aliases[:-1], aliases[-1].with_changes(comma=node.names[-1].comma)]


def _plain(aliases: list[cst.ImportAlias]) -> list[cst.ImportAlias]:
    space = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    return [
        *(alias.with_changes(comma=space) for alias in aliases[:-1]),
        aliases[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT),
    ]

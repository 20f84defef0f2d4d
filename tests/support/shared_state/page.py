"""Reads the tables of the page that accounts for what threads share, and compares them with what the source has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from shared_state.scan import Found, State

STATE: Final = ("Module", "Object", "Kind", "Who writes, who reads", "Guard", "Test")
OWNED: Final = ("Module", "Objects", "Owner", "Why nobody else")
WITHOUT: Final = ("Package", "Modules without either")
PUBLIC: Final = ("Names", "Life", "What it means", "Test")

GUARDS: Final = ("lock", "atomic", "one store", "one owner", "build", "itself", "context", "constant")
"""How a guard begins, in words that the page explains."""
LIVES: Final = ("immutable", "thread-safe", "loop-bound", "request-bound", "built first")
OWNERS: Final = ("request", "connection", "call", "task", "thread", "loop", "import", "client")

IN_FUNCTIONS: Final = frozenset({"lazy", "check-then-set"})
"""Kinds that the functions which do it belong to."""

_CODE = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """A row of a table: its cells by the names of the columns."""

    cells: dict[str, str]

    def codes(self, column: str) -> list[str]:
        """Return what a cell has between backticks."""
        return _CODE.findall(self.cells[column])


def rows(page: str, header: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of all tables that have a header."""
    reading = False
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if tuple(cells) == header:
            reading = True
        elif not cells:
            reading = False
        elif reading and not set("".join(cells)) <= set("-: "):
            yield Row(dict(zip(header, cells, strict=True)))


def full_name(module: str) -> str:
    """Return the whole name of a module that the page calls by its name in the package."""
    return module if module == "hawkapi" else f"hawkapi.{module}"


class Claim(NamedTuple):
    """What a row says of one object."""

    module: str
    object: str
    row: Row

    @property
    def kinds(self) -> dict[str, set[str]]:
        """The kinds, each with the functions named after it."""
        found: dict[str, set[str]] = {}
        for part in self.row.cells["Kind"].split(";"):
            found[part.split("`")[0].removesuffix(" in ").strip()] = set(_CODE.findall(part))
        return found

    @property
    def lock(self) -> str | None:
        """The lock that every writer holds, if the guard is one."""
        guard = self.row.cells["Guard"]
        return self.row.codes("Guard")[0].rpartition(".")[2] if guard.startswith("lock") else None

    @property
    def held_for(self) -> set[str]:
        """The functions that are called with the lock held."""
        _, _, rest = self.row.cells["Guard"].partition("held for")
        return set(_CODE.findall(rest.partition(";")[0]))


def claims(page: str) -> list[Claim]:
    """Return what the page says of each object with state."""
    return [
        Claim(full_name(row.codes("Module")[0]), name, row) for row in rows(page, STATE) for name in row.codes("Object")
    ]


def owned(page: str) -> set[tuple[str, str]]:
    """Return the classes and functions, by module, whose objects have one owner."""
    return {(full_name(row.codes("Module")[0]), name) for row in rows(page, OWNED) for name in row.codes("Objects")}


def owners_of(key: tuple[str, str]) -> set[tuple[str, str]]:
    """Return the class, and the function, that state belongs to."""
    module, label = key
    place, colon, _ = label.partition(":")
    return {(module, place.partition(".")[0])} | ({(module, place)} if colon else set())


def expected_kinds(state: State, claim: Claim) -> dict[str, set[str]]:
    """Return the kinds that a row must give, with functions where they belong to some.

    Of what is written with a lock held, it must say for which functions a caller holds it, and not how they write.
    """
    kinds = {kind: set[str]() for kind in state.kinds}
    if claim.lock is None:
        kinds |= {kind: set(functions) for kind, functions in state.unguarded.items() if functions}
    return kinds


def unguarded_writers(state: State, claim: Claim) -> set[str]:
    """Return the functions that write without the lock which a row promises."""
    return {writer.function for writer in state.writers if claim.lock not in writer.guards}


def complaints(found: Found, page: str) -> Iterator[str]:
    """Yield what is wrong with the page, as sentences that say what to do."""
    stated = {(claim.module, claim.object): claim for claim in claims(page)}
    with_owner = owned(page)
    needed = {key: state for key, state in found.items() if not is_owned(key, state, with_owner)}
    for key in sorted(needed.keys() - stated.keys()):
        kinds = ", ".join(sorted(needed[key].kinds | needed[key].unguarded.keys()))
        yield f"{key[0]}: {key[1]} ({kinds}) is shared by threads and the page has no row for it"
    for key in sorted(stated.keys() - needed.keys()):
        yield f"{key[0]}: {key[1]} has a row and is nothing that threads share; take the row out"
    both = sorted(stated.keys() & needed.keys())
    for key in both:
        yield from complaints_of(needed[key], stated[key])
    by_row: dict[int, list[tuple[str, str]]] = {}
    for key in both:
        by_row.setdefault(id(stated[key].row.cells), []).append(key)
    for keys in by_row.values():
        yield from wrong_kinds([needed[key] for key in keys], stated[keys[0]])
    used = {owner for key in found for owner in owners_of(key)}
    for module, name in sorted(with_owner - used):
        yield f"{module}: {name} has one owner, says the page, and holds nothing that changes; take it out"


def is_owned(key: tuple[str, str], state: State, with_owner: set[tuple[str, str]]) -> bool:
    """Return whether the page says that state has one owner; a lock never has."""
    if state.kinds & {"lock", "cross-loop", "module state"} or (":" not in key[1] and "class state" in state.kinds):
        return False
    return bool(owners_of(key) & with_owner)


def complaints_of(state: State, claim: Claim) -> Iterator[str]:
    """Yield what is wrong with the guard that a row gives an object."""
    place = f"{claim.module}: {claim.object}"
    if not claim.row.cells["Guard"].startswith(GUARDS):
        yield f"{place} has the guard {claim.row.cells['Guard']!r}; it begins with one of {', '.join(GUARDS)}"
    if claim.lock is not None and unguarded_writers(state, claim) != claim.held_for:
        without = ", ".join(sorted(unguarded_writers(state, claim))) or "nobody"
        yield f"{place} is written without {claim.lock} in the same function by {without}; the row says otherwise"


def wrong_kinds(states: list[State], claim: Claim) -> Iterator[str]:
    """Yield what is wrong with the kinds that a row gives its objects together."""
    expected: dict[str, set[str]] = {}
    for state in states:
        for kind, functions in expected_kinds(state, claim).items():
            expected.setdefault(kind, set()).update(functions)
    if expected != claim.kinds:
        objects = claim.row.cells["Object"]
        yield f"{claim.module}: {objects} is {describe(expected)}; the row says {describe(claim.kinds)}"


def describe(kinds: dict[str, set[str]]) -> str:
    """Return kinds as the page has them."""
    return "; ".join(
        kind + (" in " + ", ".join(f"`{name}`" for name in sorted(names)) if names else "")
        for kind, names in sorted(kinds.items())
    )


def missing_tests(tests: Iterable[str], root: Path) -> Iterator[str]:
    """Yield the tests, given as `file.py::function` below a directory, that do not exist."""
    known: dict[str, set[str]] = {}
    for test in tests:
        file, _, function = test.partition("::")
        if file not in known:
            path = root / file
            tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
            known[file] = {
                node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
        if function not in known[file]:
            yield test

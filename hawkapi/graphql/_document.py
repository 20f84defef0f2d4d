"""What is asked for in a GraphQL document: its operations, and how deeply each selects.

SPEC: GraphQL, October 2021, sections 2 (language) and appendix B (grammar). Read here is what decides which operation
runs and how deep it goes; values, types and directives are passed over as a whole, and the executor validates them.

SECURITY: what this does not understand is refused, so an executor never runs a document that was read otherwise here.
No function calls itself, so a client cannot exhaust the stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, cast, final

__all__ = ["Document", "GraphQLSyntaxError", "Operation", "OperationKind", "read_document"]

type OperationKind = Literal["query", "mutation", "subscription"]

OPERATION_KINDS: Final = frozenset({"query", "mutation", "subscription"})

_TOKEN: Final = re.compile(
    r"""
      (?:[\ufeff\t\x20\n\r,]++|\#[^\n\r]*+)++                               # ignored
    | (?P<name>[_A-Za-z][_0-9A-Za-z]*)
    | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![_0-9A-Za-z.]))
    | (?P<text>\"{3}(?:[^"\\]++|\\(?:\"{3})?+|"(?!""))*+\"{3}
             | "(?!"")(?:[^"\\\n\r]++|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]++\}))*+")
    | (?P<punctuator>\.\.\.|[!$&()\[\]{}:=@|])
    """,
    re.VERBOSE,
)
"""One token, or what stands between tokens (section 2.1). A name also ends where a number would begin.

SECURITY: what can be long is taken whole and never given back, or a text would take 200 times its size in memory.
"""

_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


class GraphQLSyntaxError(ValueError):
    """A document is none that can be executed; the message says why, and where."""


class Operation(NamedTuple):
    """An operation of a document."""

    kind: OperationKind
    name: str | None
    depth: int
    """Fields within fields, with those of the fragments that it spreads: `{ a { b } }` has 2."""


@final
class Document:
    """The operations of a document. Immutable after `read_document`."""

    def __init__(self, operations: list[Operation]) -> None:
        self.operations = operations

    def select(self, name: str | None) -> Operation:
        """Return the operation that an executor runs (section 6.1).

        Raises:
            GraphQLSyntaxError: there is none of that name, or no name and not just one operation.
        """
        if name is not None:
            for operation in self.operations:
                if operation.name == name:
                    return operation
            raise GraphQLSyntaxError(f"there is no operation {name!r} in the document")
        if len(self.operations) != 1:
            raise GraphQLSyntaxError("the document has several operations; name one as operationName")
        return self.operations[0]


class _Token(NamedTuple):
    kind: str | None
    """The group of `_TOKEN`; `None` at the end of the document."""
    text: str
    position: int


class _Body:
    """A selection set of an operation or a fragment."""

    __slots__ = ("depth", "spreads")

    def __init__(self) -> None:
        self.depth = 0
        """Of its fields, without the fragments that it spreads."""
        self.spreads: dict[str, int] = {}
        """The fragments that it spreads, with the greatest number of fields around each."""


def read_document(text: str, max_tokens: int | None = None) -> Document:
    """Read a document.

    Args:
        text: the document.
        max_tokens: names, numbers, texts and punctuators that it may have, default any number.

    Raises:
        GraphQLSyntaxError: it cannot be executed: it has an error, too many tokens, no operation, two of the same name,
            a fragment that spreads itself, or one that is not there.
    """
    operations, fragments = _Reader(text, max_tokens).read()
    names = [name for _, name, _ in operations]
    if not operations:
        raise GraphQLSyntaxError("the document has no operation")
    if len(names) > 1 and (None in names or len(set(names)) < len(names)):
        raise GraphQLSyntaxError("each of several operations in a document has a name of its own")
    depths = _fragment_depths(fragments)
    return Document([Operation(kind, name, _whole_depth(body, depths)) for kind, name, body in operations])


def _fragment_depths(fragments: dict[str, _Body]) -> dict[str, int]:
    """Return how deep each fragment goes, with those that it spreads (section 5.5.2.2: none spreads itself)."""
    depths: dict[str, int] = {}
    for root, body in fragments.items():
        # Those that are being measured, each with what it spreads that has not been looked at.
        below = {root: iter(body.spreads)} if root not in depths else {}
        while below:
            name, spreads = next(reversed(below.items()))
            spread = next((spread for spread in spreads if spread not in depths), None)
            if spread is None:
                depths[name] = _whole_depth(fragments[name], depths)
                del below[name]
            elif spread in below:
                raise GraphQLSyntaxError(f"the fragment {spread!r} spreads itself")
            elif spread not in fragments:
                raise GraphQLSyntaxError(f"there is no fragment {spread!r} in the document")
            else:
                below[spread] = iter(fragments[spread].spreads)
    return depths


def _whole_depth(body: _Body, depths: dict[str, int]) -> int:
    deepest = body.depth
    for name, around in body.spreads.items():
        if name not in depths:
            raise GraphQLSyntaxError(f"there is no fragment {name!r} in the document")
        deepest = max(deepest, around + depths[name])
    return deepest


class _Reader:
    """Reads one document from its beginning to its end."""

    def __init__(self, text: str, max_tokens: int | None) -> None:
        self._tokens = _tokens(text)
        self._max_tokens = max_tokens
        self._taken = 0
        self._next = next(self._tokens)

    def read(self) -> tuple[list[tuple[OperationKind, str | None, _Body]], dict[str, _Body]]:
        """Return the operations, and the fragments by name."""
        operations: list[tuple[OperationKind, str | None, _Body]] = []
        fragments: dict[str, _Body] = {}
        while self._next.kind is not None:
            if self._next.kind == "text":
                self._take()  # A description, which later editions allow here.
            keyword = self._next.text
            if keyword == "{":
                operations.append(("query", None, self._selection_set()))
            elif keyword in OPERATION_KINDS:
                self._take()
                name = self._take().text if self._next.kind == "name" else None
                self._pass_arguments()
                self._pass_directives()
                operations.append((cast("OperationKind", keyword), name, self._selection_set()))
            elif keyword == "fragment":
                self._read_fragment(fragments)
            else:
                self._refuse("an operation or a fragment")
        return operations, fragments

    def _read_fragment(self, fragments: dict[str, _Body]) -> None:
        self._take()
        if self._next.text == "on":
            self._refuse("the name of a fragment")
        name = self._take_name()
        if self._next.text != "on":
            self._refuse("'on'")
        self._take()
        self._take_name()
        self._pass_directives()
        if name in fragments:
            raise GraphQLSyntaxError(f"there are two fragments {name!r} in the document")
        fragments[name] = self._selection_set()

    def _selection_set(self) -> _Body:
        """Read a selection set to its end, with those within it."""
        body = _Body()
        # For each set that is open, how many fields are around what it selects.
        around: list[int] = []
        inside = 0
        while True:
            if self._next.text != "{":
                self._refuse("'{'")
            self._take()
            around.append(inside)
            inside = self._selections(body, around)
            if not around:
                return body

    def _selections(self, body: _Body, around: list[int]) -> int:
        """Read selections up to the beginning of the next set, or the end of the outermost one.

        Returns:
            How many fields are around what the next set selects.
        """
        is_empty = True
        while around:
            token = self._next
            if token.text == "}" and not is_empty:
                self._take()
                around.pop()
            elif token.text == "...":
                self._take()
                if not self._take_spread(body, around[-1]):
                    return around[-1]
            elif token.kind == "name":
                body.depth = max(body.depth, around[-1] + 1)
                self._take_field()
                if self._next.text == "{":
                    return around[-1] + 1
            else:
                self._refuse("a field or '...'")
            is_empty = False
        return 0

    def _take_field(self) -> None:
        self._take()
        if self._next.text == ":":
            self._take()
            self._take_name()
        self._pass_arguments()
        self._pass_directives()

    def _take_spread(self, body: _Body, around: int) -> bool:
        """Read what follows `...`; whether it is a fragment's name, and no set of its own follows."""
        if self._next.kind == "name" and self._next.text != "on":
            name = self._take().text
            body.spreads[name] = max(around, body.spreads.get(name, 0))
            self._pass_directives()
            return True
        if self._next.text == "on":
            self._take()
            self._take_name()
        self._pass_directives()
        if self._next.text != "{":
            self._refuse("'{'")
        return False

    def _pass_arguments(self) -> None:
        """Pass over everything in parentheses, if some are next."""
        if self._next.text != "(":
            return
        expected: list[str] = []
        while True:
            token = self._take()
            if token.kind is None:
                self._refuse("')'", token)
            if token.kind != "punctuator":
                continue
            if token.text in _CLOSING:
                expected.append(_CLOSING[token.text])
            elif token.text in {")", "]", "}"}:
                if token.text != expected.pop():
                    self._refuse("the other bracket of the pair", token)
                if not expected:
                    return

    def _pass_directives(self) -> None:
        while self._next.text == "@":
            self._take()
            self._take_name()
            self._pass_arguments()

    def _take_name(self) -> str:
        if self._next.kind != "name":
            self._refuse("a name")
        return self._take().text

    def _take(self) -> _Token:
        token = self._next
        if token.kind is not None:
            self._taken += 1
            if self._max_tokens is not None and self._taken > self._max_tokens:
                raise GraphQLSyntaxError(f"the document has more than {self._max_tokens} tokens")
            self._next = next(self._tokens)
        return token

    def _refuse(self, expected: str, token: _Token | None = None) -> None:
        found = token or self._next
        what = "the end" if found.kind is None else found.text[:20]
        raise GraphQLSyntaxError(f"the document has {what!r} at character {found.position}, not {expected}")


def _tokens(text: str) -> Iterator[_Token]:
    """Yield the tokens of a text, and one more for its end.

    Raises:
        GraphQLSyntaxError: at a character that begins none.
    """
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise GraphQLSyntaxError(f"the document has {text[position]!r} at character {position}")
        if match.lastgroup is not None:
            yield _Token(match.lastgroup, match[0], position)
        position = match.end()
    yield _Token(None, "", position)

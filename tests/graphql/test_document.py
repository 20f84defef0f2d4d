"""Reading GraphQL documents, compared with what an executor's own parser makes of them."""

from __future__ import annotations

import random
import re
import tracemalloc
from typing import Any

import graphql
import pytest

from hawkapi.graphql._document import Document, GraphQLSyntaxError, Operation, read_document


@pytest.mark.parametrize(
    ("text", "operations"),
    [
        pytest.param("{ a }", [("query", None, 1)], id="anonymous"),
        pytest.param("query Q { a { b { c } } d }", [("query", "Q", 3)], id="nested"),
        pytest.param("mutation M($x: Int = 1) @live { a(x: $x) { b } }", [("mutation", "M", 2)], id="variables"),
        pytest.param("subscription { a }", [("subscription", None, 1)], id="subscription"),
        pytest.param(
            "query A { a } mutation B { b { c } }", [("query", "A", 1), ("mutation", "B", 2)], id="several operations"
        ),
        pytest.param('query Q { a(s: "#") } mutation M { x }', [("query", "Q", 1), ("mutation", "M", 1)], id="hash"),
        pytest.param("{ a # } mutation M { x }\n b }", [("query", None, 1)], id="comment"),
        pytest.param('{ a(s: """ " \\""" } { """) { b } }', [("query", None, 2)], id="block text"),
        pytest.param('{ a(s: "\\" } {") { b } }', [("query", None, 2)], id="escapes"),
        pytest.param("{ mutation query { on fragment } }", [("query", None, 2)], id="keywords as fields"),
        pytest.param("{ b: a(o: {x: [{y: 1}]}) { c } }", [("query", None, 2)], id="alias and objects"),
        pytest.param("{ a { ... { b } ... on T { c { d } } } }", [("query", None, 3)], id="inline fragments"),
        pytest.param("{ a { ...F } } fragment F on T { b { c } }", [("query", None, 3)], id="fragment"),
        pytest.param(
            "{ ...F a { ...G } } fragment F on T { ...G } fragment G on T { b }",
            [("query", None, 2)],
            id="fragments of fragments",
        ),
        pytest.param("\ufeff query\tQ,{,a,}\r\n", [("query", "Q", 1)], id="ignored characters"),
        pytest.param('"What it is for." query Q { a }', [("query", "Q", 1)], id="description"),
        pytest.param("query query { a }", [("query", "query", 1)], id="name that is a keyword"),
        pytest.param("{ ...F @include(if: true) } fragment F on T @x { a }", [("query", None, 1)], id="directives"),
    ],
)
def test_operations(text: str, operations: list[tuple[Any, ...]]) -> None:
    """Each has its kind, its name and its depth."""
    assert read_document(text).operations == [Operation(*operation) for operation in operations]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "the document has no operation", id="empty"),
        pytest.param("fragment F on T { a }", "the document has no operation", id="fragments only"),
        pytest.param("{ }", "the document has '}' at character 2, not a field or '...'", id="nothing selected"),
        pytest.param("{ a", "the document has 'the end' at character 3, not a field or '...'", id="not closed"),
        pytest.param("{ a(x: 1 }", "the document has '}' at character 9, not the other bracket of the pair", id="pair"),
        pytest.param("{ a(x: 1", "the document has 'the end' at character 8, not ')'", id="arguments not closed"),
        pytest.param("{ a } }", "the document has '}' at character 6, not an operation or a fragment", id="too much"),
        pytest.param("type T { a: Int }", "the document has 'type' at character 0, not an operation or a fragment"),
        pytest.param('{ a(s: "b) }', "the document has '\"' at character 7", id="text not closed"),
        pytest.param('{ a(s: """b) }', "the document has '\"' at character 7", id="block text not closed"),
        pytest.param('{ a(s: """ \\""") }', "the document has '\"' at character 7", id="block text ends escaped"),
        pytest.param("{ a(x: 01) }", "the document has '0' at character 7", id="number"),
        pytest.param("{ a; }", "the document has ';' at character 3", id="character"),
        pytest.param(
            "{ a } { b }", "each of several operations in a document has a name of its own", id="two nameless"
        ),
        pytest.param("query A { a } query A { b }", "each of several operations", id="same name"),
        pytest.param("{ ...F }", "there is no fragment 'F' in the document", id="no fragment"),
        pytest.param("{ a } fragment F on T { ...G }", "there is no fragment 'G' in the document", id="none inside"),
        pytest.param("{ ...F } fragment F on T { ...F }", "the fragment 'F' spreads itself", id="cycle of one"),
        pytest.param(
            "{ ...F } fragment F on T { ...G } fragment G on T { a { ...F } }", "the fragment 'F' spreads", id="cycle"
        ),
        pytest.param(
            "{ ...F } fragment F on T { a } fragment F on T { b }", "there are two fragments 'F'", id="two fragments"
        ),
        pytest.param("{ ...F } fragment on on T { a }", "not the name of a fragment", id="fragment called on"),
        pytest.param("{ a } fragment F T { a }", "not 'on'", id="fragment without a type"),
        pytest.param("{ ... on T }", "not '{'", id="inline fragment without a set"),
        pytest.param("query", "the document has 'the end' at character 5, not '{'", id="keyword only"),
        pytest.param("{ a: }", "not a name", id="alias only"),
    ],
)
def test_document_that_cannot_be_executed(text: str, message: str) -> None:
    """It is refused, and the message says where."""
    with pytest.raises(GraphQLSyntaxError) as caught:
        read_document(text)
    assert message in str(caught.value)


def test_selecting_an_operation() -> None:
    """It is that of the name, or the only one."""
    several = read_document("query A { a } mutation B { b }")
    assert several.select("B").kind == "mutation"
    for document, name in ((several, None), (several, "C"), (read_document("{ a }"), "A")):
        with pytest.raises(GraphQLSyntaxError):
            document.select(name)


def test_tokens_are_limited() -> None:
    """A document may have as many as were said, and none more."""
    assert read_document("{ a }", max_tokens=3).operations
    with pytest.raises(GraphQLSyntaxError, match="more than 3 tokens"):
        read_document("{ a b }", max_tokens=3)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{a" * 20_000 + "}" * 20_000, id="sets"),
        pytest.param("{a(x:" + "[" * 20_000 + "]" * 20_000 + ")}", id="lists"),
        pytest.param(
            "{...F0}" + "".join(f"fragment F{n} on T{{...F{n + 1}}}" for n in range(5000)) + "fragment F5000 on T{a}",
            id="fragments",
        ),
        pytest.param("{" + "...{" * 20_000 + "a" + "}" * 20_001, id="inline fragments"),
    ],
)
def test_deep_documents(text: str) -> None:
    """They are read without exhausting the stack."""
    assert len(read_document(text).operations) == 1


@pytest.mark.parametrize("piece", ["x", "\\n", '\\"x'], ids=repr)
@pytest.mark.parametrize("quotes", ['"', '"""'])
def test_long_texts(piece: str, quotes: str) -> None:
    """They are read without keeping anything for each character."""
    text = "{a(s:" + quotes + piece * 300_000 + quotes + ")}"
    tracemalloc.start()
    try:
        assert len(read_document(text).operations) == 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * len(text)


PIECES = (
    *("{", "}", "(", ")", "[", "]", ":", "...", "@", "$x", "!", "=", "|", "&", "#", "\n", ",", '"', '"""', "\\"),
    *("query", "mutation", "subscription", "fragment", "on", "F", "G", "a", "b", "1", "-1.5e3", "true", "null"),
    *(
        "{ a }",
        "{ a { b } }",
        "...F",
        "fragment F on T { a }",
        '"x"',
        "(x: 1)",
        "query Q",
        "mutation M",
        "@d(y: {z: 1})",
    ),
)


def test_nothing_is_read_otherwise_than_by_an_executor() -> None:
    """Of random documents, all that graphql-core parses and this accepts have the same operations, equally deep."""
    seed = random.SystemRandom().getrandbits(32)
    chooser = random.Random(seed)  # noqa: S311 - documents, not secrets
    compared = 0
    for _ in range(6_000):
        text = " ".join(chooser.choices(PIECES, k=chooser.randint(1, 14)))
        if chooser.random() < 0.5:
            text = 'query Q { a(s: "#") ' + text + " }"
        theirs, ours = parsed_by_executor(text), read_or_none(text)
        if theirs is None or ours is None:
            # What an executor would run is refused for a reason that it would find as well. (graphql-core takes a set
            # that selects nothing, which the grammar does not have.)
            refused_by_both = theirs is None or bool(graphql.validate(SCHEMA, graphql.parse(text)))
            assert refused_by_both or NOTHING_SELECTED.search(text), (seed, text)
            continue
        assert [operation[:2] for operation in ours.operations] == theirs, (seed, text)
        compared += 1
    assert compared > 100


NOTHING_SELECTED = re.compile(r"\{(?:[\s,]|#[^\n]*\n)*\}")
SCHEMA = graphql.build_schema("type Query { a: Int } type T { a: Int }")


def read_or_none(text: str) -> Document | None:
    """Return a document, if it is accepted."""
    try:
        return read_document(text)
    except GraphQLSyntaxError:
        return None


def parsed_by_executor(text: str) -> list[tuple[str, str | None]] | None:
    """Return the operations that graphql-core finds, if it parses the text."""
    try:
        document = graphql.parse(text)
    except graphql.GraphQLSyntaxError:
        return None
    return [
        (node.operation.value, node.name.value if node.name else None)
        for node in document.definitions
        if isinstance(node, graphql.OperationDefinitionNode)
    ]

"""Documents may be anybody's: comparing, checking and reporting raise nothing and end, whatever stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_documents import NULL, NUMBER, TEXT, answer, body, document, members, query

from hawkapi.openapi import detect_breaking_changes, format_report, generate_changelog
from hawkapi.openapi.linter import format_lint_report, lint


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"paths": None},
        {"paths": {"/a": None}},
        {"paths": {"/a": {"post": None}}},
        document({"responses": None, "parameters": None, "requestBody": None}),
        document(answer({"$ref": "#/components/schemas/Gone"})),
        document(answer({"$ref": "#/components/schemas/A"}), {"A": {"$ref": "#/components/schemas/A"}}),
        document(answer(True)),
    ],
    ids=["empty", "no paths", "no item", "no operation", "no members", "dangling", "circle", "boolean"],
)
def test_documents_that_are_not_complete(spec: dict[str, Any]) -> None:
    """They are compared as far as they go."""
    assert detect_breaking_changes(spec, spec) == []
    detect_breaking_changes(spec, document(answer(TEXT)))
    detect_breaking_changes(document(answer(TEXT)), spec)


@pytest.mark.parametrize("junk", [[], "", 7, True, None, [[]], {"": []}, {1: 2}, [1, None]], ids=repr)
def test_documents_with_junk_anywhere(junk: Any) -> None:
    """Whatever stands where something else belongs, nothing is raised."""
    schema: dict[str, Any] = {
        **members(("a",), a={"anyOf": [TEXT, NUMBER]}, b={"type": "array", "items": NUMBER, "maxItems": 3}),
        "allOf": [{"enum": [1], "minimum": 1, "pattern": "a", "format": "b", "multipleOf": 2}],
        "prefixItems": [TEXT],
        "additionalProperties": TEXT,
    }
    good = {
        **document({**query(schema), **body({"$ref": "#/components/schemas/A"}), **answer(schema)}, {"A": schema}),
        "security": [{"A": ["a"]}],
    }
    for bad in replaced(good, junk):
        assert detect_breaking_changes(bad, bad) == []
        for changes in (detect_breaking_changes(good, bad), detect_breaking_changes(bad, good)):
            assert format_report(changes)
            assert generate_changelog(changes)
        format_lint_report(lint(bad))


def replaced(value: Any, junk: Any) -> Iterator[Any]:
    """Yield copies of a value with each part of it, one at a time, being something else."""
    yield junk
    if isinstance(value, dict):
        for name, item in value.items():
            for other in replaced(item, junk):
                yield {**value, name: other}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for other in replaced(item, junk):
                yield [*value[:index], other, *value[index + 1 :]]


def test_schemas_nested_without_end() -> None:
    """What is nested deeper than anybody reads, and what contains itself as an object, ends."""
    deep: dict[str, Any] = TEXT
    for _ in range(5_000):
        deep = {"type": "array", "items": {"anyOf": [deep, {"allOf": [deep, NULL]}, members(a=TEXT)]}}
    circle: dict[str, Any] = members()
    circle["properties"]["again"] = circle
    circle["enum"] = [circle]
    for schema in (deep, circle):
        assert detect_breaking_changes(document(body(schema)), document(body(schema))) == []
        assert detect_breaking_changes(document(body(schema)), document(body(NUMBER)))


def test_alternatives_that_refer_to_one_another_are_compared_in_bounded_time() -> None:
    """Twenty components, each of which may be any: not every way through them is walked."""
    everyone = {"anyOf": [{"$ref": f"#/components/schemas/S{index}"} for index in range(20)]}
    schemas = {
        f"S{index}": {"type": "object", "properties": {f"m{index}": NUMBER, "next": everyone}} for index in range(20)
    }
    changed = {**schemas, "S7": members(m7=TEXT, next=everyone)}
    changes = detect_breaking_changes(document(body(everyone), schemas), document(body(everyone), changed))
    assert [change.description for change in changes] == ["Request field 'm7': 'integer' -> 'string'"]

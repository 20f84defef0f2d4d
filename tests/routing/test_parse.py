"""Path templates: what they are taken apart into, and what has no meaning."""

from __future__ import annotations

import pytest

from hawkapi.exceptions import InvalidPathError
from hawkapi.routing._parse import join_paths, parse_template


@pytest.mark.parametrize(
    ("prefix", "path", "joined"),
    [
        pytest.param("", "", "/", id="nothing"),
        pytest.param("", "/", "/", id="root"),
        pytest.param("", "a", "/a", id="without-slash"),
        pytest.param("", "/a/", "/a", id="trailing-slash"),
        pytest.param("/api", "", "/api", id="prefix-only"),
        pytest.param("/api", "/", "/api", id="prefix-and-root"),
        pytest.param("api/", "a/b", "/api/a/b", id="both-without-leading-slash"),
        pytest.param("/api/v1/", "//a//", "/api/v1/a", id="several-slashes-around"),
    ],
)
def test_join_paths(prefix: str, path: str, joined: str) -> None:
    """Slashes around a prefix and a path mean nothing."""
    assert join_paths(prefix, path) == joined


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        pytest.param("/", [], id="root"),
        pytest.param("/a/b.json", ["a", "b.json"], id="literals"),
        pytest.param("/{x}", [("x", "str")], id="default-type"),
        pytest.param("/a/{x_1:int}/b", ["a", ("x_1", "int"), "b"], id="typed"),
        pytest.param("/{é}", [("é", "str")], id="unicode-name"),
        pytest.param("/a/{rest:path}/", ["a", ("rest", "path")], id="rest"),
    ],
)
def test_parse_template(path: str, segments: list[object]) -> None:
    """A template becomes its literals and its parameters with their types."""
    parsed = parse_template(path).segments
    assert [part if isinstance(part, str) else (part.name, part.converter.name) for part in parsed] == segments


@pytest.mark.parametrize(
    ("path", "message"),
    [
        pytest.param("/f{id}.json", r"segment 'f\{id\}.json' must be a literal or", id="parameter-inside-segment"),
        pytest.param("/{bad-name}", r"segment '\{bad-name\}' must be", id="name-is-no-identifier"),
        pytest.param("/{}", r"segment '\{\}' must be", id="no-name"),
        pytest.param("/{x", r"segment '\{x' must be", id="open-brace"),
        pytest.param("/x}", r"segment 'x\}' must be", id="closing-brace"),
        pytest.param("/{{x}}", r"segment '\{\{x\}\}' must be", id="doubled-braces"),
        pytest.param("/}{", r"segment '\}\{' must be", id="braces-the-wrong-way"),
        pytest.param("/{x:date}", "Unknown path parameter type 'date'", id="unknown-type"),
        pytest.param("/{x}/{x}", "two parameters named 'x'", id="duplicate-name"),
        pytest.param("/{x:path}/a", r"\{x:path\} takes the rest and must come last", id="rest-before-the-end"),
        pytest.param("/a//b", "has an empty segment; remove the doubled slash", id="empty-segment"),
    ],
)
def test_parse_template_without_meaning(path: str, message: str) -> None:
    """A template that could never match sensibly is refused, and the part is named."""
    with pytest.raises(InvalidPathError, match=message):
        parse_template(path)

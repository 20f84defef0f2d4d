"""The route table against a matcher that tries every route."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hawkapi.exceptions import RouteConflictError
from hawkapi.routing._parse import Parameter, Template, parse_template
from hawkapi.routing._tree import Table, add, copy_table, empty_table
from hawkapi.routing.route import Route

METHODS = ["GET", "POST", "PUT"]
LITERALS = ["a", "b", "1", "2.5"]


async def handler() -> None:
    """Stand for any handler."""


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Make a path template of up to four segments, perhaps with a rest at its end."""
    segments = draw(st.lists(st.sampled_from([*LITERALS, "a", "{:str}", "{:str}", "{:int}", "{:float}"]), max_size=4))
    if draw(st.booleans()) and len(segments) < 3:
        segments.append("{:path}")
    return "/" + "/".join(segment.replace("{", f"{{p{index}") for index, segment in enumerate(segments))


ROUTES = st.lists(st.tuples(templates(), st.sets(st.sampled_from(METHODS), min_size=1)), max_size=25)
PATHS = st.lists(st.sampled_from([*LITERALS, "x", "", "-3"]), max_size=6).map(lambda parts: "/" + "/".join(parts))


def naive_match(template: Template, path: str) -> list[Any] | None:
    """Return the values of a template's parameters, or `None` when a path does not match it."""
    stripped = path[:-1] if path.endswith("/") and path != "/" else path
    parts = [] if stripped == "/" else stripped[1:].split("/")
    values: list[Any] = []
    for index, segment in enumerate(template.segments):
        if index >= len(parts):
            return None
        if isinstance(segment, str):
            if segment != parts[index]:
                return None
            continue
        if not parts[index]:
            return None
        if segment.converter.takes_rest:
            return [*values, "/".join(path[1:].split("/")[index:])]
        value = segment.converter.convert(parts[index]) if segment.converter.convert else parts[index]
        if value is None:
            return None
        values.append(value)
    return values if len(parts) == len(template.segments) else None


def literalness(template: Template) -> list[bool]:
    """Order templates: at the first difference the literal segment comes first."""
    return [isinstance(segment, Parameter) for segment in template.segments]


def naive_find(accepted: list[Route], method: str, path: str) -> tuple[str, list[Any]] | None:
    """Return the most literal route that matches, with its values."""
    matches = []
    for route in accepted:
        template = parse_template(route.path)
        values = naive_match(template, path)
        if values is not None and method in route.methods:
            matches.append((literalness(template), route.path, values))
    return min(matches)[1:] if matches else None


def naive_allowed(accepted: list[Route], path: str) -> set[str]:
    """Return the methods of every route that matches."""
    matching = [route for route in accepted if naive_match(parse_template(route.path), path) is not None]
    return {method for route in matching for method in route.methods}


def found(table: Table, method: str, path: str) -> tuple[str, list[Any]] | None:
    """Return what the table finds, in the form of the naive matcher."""
    match = table.find(method, path)
    return None if match is None else (match[0].route.path, match[1])


@settings(max_examples=200, deadline=None, database=None)
@given(routes=ROUTES, paths=st.lists(PATHS, min_size=1, max_size=10))
def test_table_finds_what_a_naive_matcher_finds(routes: list[tuple[str, set[str]]], paths: list[str]) -> None:
    """Table and copies, of every generation, answer as trying every route would."""
    table, copy = empty_table(), None
    accepted: list[Route] = []
    for path, methods in routes:
        route = Route(parse_template(path).path, handler, frozenset(methods), name=path)
        try:
            table = add(table, route, parse_template(path))
        except RouteConflictError:
            continue
        accepted.append(route)
        copy = copy_table(table, copy)
    for path in paths:
        for version in (table, copy_table(table, copy)):
            assert version.allowed(path) == naive_allowed(accepted, path)
            for method in METHODS:
                assert found(version, method, path) == naive_find(accepted, method, path)


@settings(max_examples=100, deadline=None, database=None)
@given(path=st.text(max_size=20))
def test_any_text_is_a_path(path: str) -> None:
    """Whatever a client asks for, looking it up raises nothing."""
    table = empty_table()
    for template in ("/", "/a", "/{x:int}/b", "/{x:int}", "/f/{rest:path}"):
        table = add(table, Route(template, handler, frozenset({"GET"}), name=template), parse_template(template))
    match = table.find("GET", path)
    assert (match is not None) is ("GET" in table.allowed(path))

"""The route table against a matcher that tries every route."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from hypothesis import given, settings
from hypothesis import strategies as st

from hawkapi.exceptions import RouteConflictError
from hawkapi.routing._parse import Parameter, Template, parse_template
from hawkapi.routing._tree import Table, add, add_mount, copy_table, empty_table, remove, remove_mount
from hawkapi.routing.errors import URLPathError
from hawkapi.routing.mounts import Mount
from hawkapi.routing.route import Route
from hawkapi.routing.router import Router

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


MOUNTS = st.lists(st.sampled_from(["", "/a", "/a/b", "/a/b/1", "/ab", "/b", "/1"]), unique=True, max_size=5)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "add", "remove"]), st.integers(0, 60)), max_size=60)


@settings(max_examples=150, deadline=None, database=None)
@given(
    routes=st.lists(st.tuples(templates(), st.sampled_from(METHODS)), min_size=1, max_size=12),
    steps=STEPS,
    lag=st.integers(1, 50),
    paths=st.lists(PATHS, min_size=1, max_size=8),
)
def test_removal_leaves_what_was_never_registered(
    routes: list[tuple[str, str]], steps: list[tuple[str, int]], lag: int, paths: list[str]
) -> None:
    """After any additions and removals a table, and a copy that is refreshed now and then, has what is left."""
    known = [Route(parse_template(path).path, handler, frozenset({method}), name=path) for path, method in routes]
    table, copy = empty_table(), copy_table(empty_table(), None)
    left: list[Route] = []
    for number, (step, which) in enumerate(steps):
        route = known[which % len(known)]
        template = parse_template(route.path)
        if step == "add" and route not in left:
            try:
                table = add(table, route, template)
            except RouteConflictError:
                continue
            left.append(route)
        elif step == "remove" and route in left:
            table = remove(table, next(item for item in left if item == route), template)
            left.remove(route)
        if number % lag == 0:
            copy = copy_table(table, copy)
    for path in paths:
        for version in (table, copy_table(table, copy)):
            assert version.allowed(path) == naive_allowed(left, path)
            for method in METHODS:
                assert found(version, method, path) == naive_find(left, method, path)
    for route in left:
        table = remove(table, route, parse_template(route.path))
    assert (table.whole.size, table.root.literals.size, table.root.below) == (0, 0, None)


@settings(max_examples=100, deadline=None, database=None)
@given(keys=st.lists(st.integers(0, 400), max_size=300), lag=st.integers(1, 60))
def test_large_tables_grow_and_shrink(keys: list[int], lag: int) -> None:
    """Adding what is absent and removing what is there, many times, table and copies hold exactly what is left."""
    table = copy = empty_table()
    copy = copy_table(table, None)
    left: dict[int, Route] = {}
    for number, key in enumerate(keys):
        path = f"/{key}" if key % 2 else f"/p/{key}/{{x}}"
        if key in left:
            table = remove(table, left.pop(key), parse_template(path))
        else:
            left[key] = Route(path, handler, frozenset({"GET"}), name=path)
            table = add(table, left[key], parse_template(path))
        if number % lag == 0:
            copy = copy_table(table, copy)
    copy = copy_table(table, copy)
    for version in (table, copy):
        for key in range(401):
            path = f"/{key}" if key % 2 else f"/p/{key}/{{x}}"
            assert found(version, "GET", path.replace("{x}", "v")) == (
                (path, [] if key % 2 else ["v"]) if key in left else None
            )
    assert sum(key % 2 for key in left) == table.whole.size == copy.whole.size
    assert set(copy.whole.base) | set(copy.whole.recent) == set(table.whole.base) | set(table.whole.recent)


@settings(max_examples=150, deadline=None, database=None)
@given(mounts=MOUNTS, removed=MOUNTS, paths=st.lists(PATHS, min_size=1, max_size=10))
def test_mounts_as_a_naive_matcher_finds_them(mounts: list[str], removed: list[str], paths: list[str]) -> None:
    """Of all mounts that a path is, or is below of, the longest is found."""
    table, copy = empty_table(), copy_table(empty_table(), None)
    for mount in mounts:
        table = add_mount(table, Mount(mount, handler))
        copy = copy_table(table, copy)
    left = set(mounts) - set(removed)
    for mount in set(mounts) & set(removed):
        table = remove_mount(table, Mount(mount, handler))
    for version in (table, copy_table(table, copy)):
        for path in paths:
            answer = version.find_mount(path)
            fitting = [mount for mount in left if f"{path}/".startswith(f"{mount}/")]
            assert (answer.path if answer else None) == max(fitting, key=len, default=None)


SEGMENT_TEXT = st.text("a1. %+?#~!:é日\U0001f600\n\0", min_size=1, max_size=5)


@settings(max_examples=200, deadline=None, database=None)
@given(
    text=SEGMENT_TEXT,
    number=st.integers(),
    real=st.floats(allow_nan=False, allow_infinity=False),
    rest=st.lists(SEGMENT_TEXT, min_size=1, max_size=3).map("/".join),
)
def test_path_of_a_route_finds_the_route(text: str, number: int, real: float, rest: str) -> None:
    """What `url_path_for` makes leads, decoded as a server does, to the same values."""
    router = Router()
    router.get("/a/{text}/{number:int}/{real:float}/{rest:path}", name="all")(handler)
    params = {"text": text, "number": number, "real": real, "rest": rest}
    try:
        path = router.url_path_for("all", **params)
    except URLPathError:
        assert {".", ".."} & {text, *rest.split("/")}
        return
    assert path.isascii()
    match = router.tree.lookup(unquote(path), "GET")
    assert match is not None
    assert match.params == params


@settings(max_examples=100, deadline=None, database=None)
@given(path=st.text(max_size=20))
def test_any_text_is_a_path(path: str) -> None:
    """Whatever a client asks for, looking it up raises nothing."""
    table = empty_table()
    for template in ("/", "/a", "/{x:int}/b", "/{x:int}", "/f/{rest:path}"):
        table = add(table, Route(template, handler, frozenset({"GET"}), name=template), parse_template(template))
    match = table.find("GET", path)
    assert (match is not None) is ("GET" in table.allowed(path))

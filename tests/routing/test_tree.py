"""The route table: what matches, what wins, and what two generations share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from hawkapi.exceptions import RouteConflictError
from hawkapi.routing._parse import parse_template
from hawkapi.routing._tree import Endpoint, Table, add, copy_table, empty_table
from hawkapi.routing.route import Route

UUID_TEXT = "12345678-1234-5678-1234-567812345678"


async def handler() -> None:
    """Stand for any handler."""


def make_route(path: str, *methods: str) -> Route:
    """Return a route that is called like its path."""
    return Route(parse_template(path).path, handler, frozenset(methods or {"GET"}), name=path)


def extend(table: Table, *routes: str) -> Table:
    """Add routes, each a path with perhaps a method in front, one generation each."""
    for text in routes:
        method, _, path = text.rpartition(" ")
        table = add(table, make_route(path, method or "GET"), parse_template(path))
    return table


def found(table: Table, method: str, path: str) -> tuple[str, list[object]] | None:
    """Return the template that answers a request, and its values."""
    match = table.find(method, path)
    return None if match is None else (match[0].route.path, match[1])


def endpoint_at(table: Table, path: str) -> Endpoint:
    """Return the endpoint that answers GET at a path."""
    match = table.find("GET", path)
    assert match is not None
    return match[0]


MATCHES: list[Any] = [
    pytest.param(["/"], "/", ("/", []), id="root"),
    pytest.param(["/"], "//", ("/", []), id="root-trailing-slash"),
    pytest.param(["/a"], "/a", ("/a", []), id="literal"),
    pytest.param(["/a"], "/a/", ("/a", []), id="literal-trailing-slash"),
    pytest.param(["/a"], "/a//", None, id="literal-two-trailing-slashes"),
    pytest.param(["/a"], "/A", None, id="case-sensitive"),
    pytest.param(["/a/b"], "/a", None, id="too-short"),
    pytest.param(["/a"], "/a/b", None, id="too-long"),
    pytest.param(["/a/b"], "/a//b", None, id="literal-empty-segment"),
    pytest.param(["/a"], "a", None, id="without-leading-slash"),
    pytest.param(["/{x}"], "*", None, id="asterisk-form"),
    pytest.param(["/{x}"], "", None, id="empty-path"),
    pytest.param(["/{x}"], "/", None, id="parameter-takes-no-empty-segment"),
    pytest.param(["/a/{x}"], "/a//", None, id="parameter-takes-no-empty-last-segment"),
    pytest.param(["/{x}/b"], "//b", None, id="parameter-takes-no-empty-first-segment"),
    pytest.param(["/a/{x}"], "/a/b", ("/a/{x}", ["b"]), id="parameter"),
    pytest.param(["/a/{x}"], "/a/b/", ("/a/{x}", ["b"]), id="parameter-trailing-slash"),
    pytest.param(["/a/{x}"], "/a/é ü", ("/a/{x}", ["é ü"]), id="parameter-text-as-it-is"),
    pytest.param(["/{x}/{y}"], "/1/2", ("/{x}/{y}", ["1", "2"]), id="values-in-order"),
    pytest.param(["/a/{x}", "/a/b"], "/a/b", ("/a/b", []), id="literal-wins-over-parameter"),
    pytest.param(["/{x}/b", "/a/{y}"], "/a/b", ("/a/{y}", ["b"]), id="first-literal-wins"),
    pytest.param(["/a/{x}/c", "/a/b/d"], "/a/b/c", ("/a/{x}/c", ["b"]), id="back-from-whole-literal"),
    pytest.param(["/a/b/{z}/d", "/a/{x}/c/e"], "/a/b/c/e", ("/a/{x}/c/e", ["b"]), id="back-drops-values"),
    pytest.param(["/f/{x:path}"], "/f/a", ("/f/{x:path}", ["a"]), id="rest-one-segment"),
    pytest.param(["/f/{x:path}"], "/f/a/b//c", ("/f/{x:path}", ["a/b//c"]), id="rest-keeps-slashes"),
    pytest.param(["/f/{x:path}"], "/f/a/", ("/f/{x:path}", ["a/"]), id="rest-keeps-trailing-slash"),
    pytest.param(["/f/{x:path}"], "/f/", None, id="rest-is-not-empty"),
    pytest.param(["/f/{x:path}"], "/f", None, id="rest-is-not-absent"),
    pytest.param(["/{x:path}"], "/a/b", ("/{x:path}", ["a/b"]), id="rest-at-root"),
    pytest.param(["/f/{x:path}", "/f/a/b"], "/f/a/b", ("/f/a/b", []), id="literal-wins-over-rest"),
    pytest.param(["/f/{x:path}", "/f/a/{y}/c"], "/f/a/b/d", ("/f/{x:path}", ["a/b/d"]), id="back-to-rest"),
    pytest.param(["/{x:int}"], "/-7", ("/{x:int}", [-7]), id="int"),
    pytest.param(["/{x:int}"], "/7.0", None, id="int-mismatch"),
    pytest.param(["/{x:float}"], "/7", ("/{x:float}", [7.0]), id="float"),
    pytest.param(["/{x:float}"], "/inf", None, id="float-mismatch"),
    pytest.param(["/{x:uuid}"], f"/{UUID_TEXT}", ("/{x:uuid}", [UUID(UUID_TEXT)]), id="uuid"),
    pytest.param(["/{x:uuid}"], f"/{{{UUID_TEXT}}}", None, id="uuid-mismatch"),
    pytest.param(["/{x:int}"], "/0", ("/{x:int}", [0]), id="falsy-value-is-a-value"),
]


@pytest.mark.parametrize(("routes", "path", "expected"), MATCHES)
def test_find(routes: list[str], path: str, expected: object) -> None:
    """A path finds the most literal template that matches it, and the values of its parameters."""
    assert found(extend(empty_table(), *routes), "GET", path) == expected


@pytest.mark.parametrize(("routes", "path", "expected"), MATCHES)
def test_find_in_copy(routes: list[str], path: str, expected: object) -> None:
    """A thread's own copy of a table answers as the table does."""
    assert found(copy_table(extend(empty_table(), *routes), None), "GET", path) == expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        pytest.param("GET", "/a/me", ("/a/me", []), id="literal-has-method"),
        pytest.param("POST", "/a/me", ("/a/{x}", ["me"]), id="parameter-has-method"),
        pytest.param("PUT", "/a/me", ("/{p:path}", ["a/me"]), id="rest-has-method"),
        pytest.param("PATCH", "/a/me", None, id="none-has-method"),
        pytest.param("get", "/a/me", None, id="methods-are-upper-case"),
    ],
)
def test_find_goes_on_after_wrong_method(method: str, path: str, expected: object) -> None:
    """A template that matches under another method is a dead end."""
    table = extend(empty_table(), "GET /a/me", "POST /a/{x}", "PUT /{p:path}")
    assert found(table, method, path) == expected


def test_find_forgets_the_values_of_a_dead_end() -> None:
    """What a rest of the wrong method had matched is not among the values of the route that answers."""
    table = extend(empty_table(), "GET /{p:path}", "POST /a/{x:path}", "POST /b/{x:int}/{y}")
    assert found(table, "GET", "/a/b/c") == ("/{p:path}", ["a/b/c"])
    assert found(table, "GET", "/b/1/c") == ("/{p:path}", ["b/1/c"])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/a/me", {"GET", "POST", "PUT"}, id="literal-parameter-and-rest"),
        pytest.param("/a/me/", {"GET", "POST", "PUT"}, id="trailing-slash"),
        pytest.param("/a/you", {"POST", "PUT"}, id="parameter-and-rest"),
        pytest.param("/n/1", {"DELETE", "PUT"}, id="converter-matches"),
        pytest.param("/n/x", {"PUT"}, id="converter-refuses"),
        pytest.param("/", set(), id="root"),
        pytest.param("/a//", {"PUT"}, id="empty-segment"),
        pytest.param("", set(), id="empty-path"),
    ],
)
def test_allowed(path: str, expected: set[str]) -> None:
    """The allowed methods are those of every template that matches."""
    table = extend(empty_table(), "GET /a/me", "POST /a/{x}", "PUT /{p:path}", "DELETE /n/{i:int}")
    assert table.allowed(path) == expected


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        pytest.param(["/a", "/a/"], r"^Route conflict: GET /a \(/a/\) is already answered by /a \(/a\)", id="literal"),
        pytest.param(["/{x}", "/{y}"], r"^Route conflict: GET /\{y\} .* by /\{x\} ", id="other-name"),
        pytest.param(["/{x:path}", "/{y:path}"], r"^Route conflict: GET ", id="rest"),
        pytest.param(["/{x}", "PUT /{x:int}"], r"^Route conflict: .*one position takes one type", id="other-type"),
        pytest.param(["/{x:int}/a", "/{x:float}/b"], r"^Route conflict: .*\{x:int\}", id="other-type-in-the-middle"),
    ],
)
def test_add_conflict(routes: list[str], message: str) -> None:
    """A route that another one already answers, or contradicts, is refused, and both are named."""
    table = extend(empty_table(), routes[0])
    with pytest.raises(RouteConflictError, match=message):
        extend(table, routes[1])


def test_add_other_parameter_name_for_other_method() -> None:
    """Routes may name a parameter at one position differently; each finds its own name."""
    table = extend(empty_table(), "GET /{x}", "PUT /{y}")
    match = table.find("PUT", "/1")
    assert match is not None
    assert (match[0].names, match[1]) == (("y",), ["1"])


def test_add_one_route_for_several_methods_shares_the_endpoint() -> None:
    """A route with two methods has one endpoint, so one plan."""
    table = add(empty_table(), make_route("/a", "GET", "HEAD"), parse_template("/a"))
    copy = copy_table(table, None)
    for version in (table, copy):
        match = version.find("HEAD", "/a")
        assert match is not None
        assert match[0] is endpoint_at(version, "/a")


@pytest.mark.parametrize("path", ["/a", "/b/{x}", "/b/c/{x}", "/{x:path}"])
def test_add_leaves_the_old_table_as_it_was(path: str) -> None:
    """A table never changes, whatever is added to it."""
    old = extend(empty_table(), "/b", "/b/{x}/c")
    new = extend(old, path)
    probe = path.replace("{x}", "1").replace("{x:path}", "q")
    assert found(old, "GET", probe) is None
    assert found(new, "GET", probe) is not None
    assert found(new, "GET", "/b/1/c") == ("/b/{x}/c", ["1"])


def test_add_many_literals() -> None:
    """Every one of many templates is found, in the table and in a copy brought up to date at each step."""
    table, copy = empty_table(), None
    paths = [f"/static/{number}" for number in range(150)] + [f"/{{x}}/{number}" for number in range(150)]
    for path in paths:
        table = extend(table, path)
        copy = copy_table(table, copy)
    assert copy is not None
    for path in paths:
        probe = path.replace("{x}", "v")
        assert endpoint_at(table, probe).route.path == endpoint_at(copy, probe).route.path == path
    assert table.find("GET", "/v/150") is None


def test_copy_is_the_previous_one_when_nothing_changed() -> None:
    """A refresh to the same generation makes nothing."""
    table = extend(empty_table(), "/a")
    copy = copy_table(table, None)
    assert copy is not table
    assert copy_table(table, copy) is copy


def test_copy_takes_over_unchanged_nodes_and_their_plans() -> None:
    """After a registration only the nodes on its path are copied anew; all plans stay."""
    table = extend(empty_table(), "/a", "/b/{x}", "/c/{x}/d")
    copy = copy_table(table, None)
    kept = [endpoint_at(copy, path) for path in ("/a", "/b/1", "/c/1/d")]
    for endpoint in kept:
        endpoint.plan = object()
    node = copy.root.literals.get("b")
    newer = copy_table(extend(table, "/c/{x}/e"), copy)
    assert newer.whole is copy.whole
    assert newer.root is not copy.root
    assert newer.root.literals.get("b") is node
    assert [endpoint_at(newer, path) for path in ("/a", "/b/1", "/c/1/d")] == kept
    assert endpoint_at(newer, "/c/1/e").plan is None


@pytest.mark.parametrize("step", [1, 7, 40], ids=["each-change", "some-at-once", "more-than-is-remembered"])
def test_copy_takes_over_nodes_while_the_table_grows(step: int) -> None:
    """However many changes a refresh brings, what was there before keeps its copy."""
    table = extend(empty_table(), "/first", "/first/{x}")
    copy = copy_table(table, None)
    kept = [endpoint_at(copy, path) for path in ("/first", "/first/1")]
    for start in range(0, 200, step):
        table = extend(table, *(f"/{number}" for number in range(start, start + step)))
        copy = copy_table(table, copy)
        assert [endpoint_at(copy, path) for path in ("/first", "/first/1")] == kept


def test_copy_takes_over_methods_beside_a_new_one() -> None:
    """A second method at a path does not make a new endpoint for the first."""
    table = extend(empty_table(), "GET /a")
    copy = copy_table(table, None)
    newer = copy_table(extend(table, "POST /a"), copy)
    assert endpoint_at(newer, "/a") is endpoint_at(copy, "/a")


def test_copy_shares_no_container_with_the_original() -> None:
    """Threads without the GIL would contend for what a copy shares with the original."""
    table = extend(empty_table(), "/a", "/b/{x}")
    copy = copy_table(table, None)
    assert copy.root is not table.root
    assert copy.whole.base is not table.whole.base
    assert copy.whole.recent is not table.whole.recent
    assert endpoint_at(copy, "/b/1") is not endpoint_at(table, "/b/1")

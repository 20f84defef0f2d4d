"""Including, removing and replacing: what a router does to the routes of another, in one step."""

from __future__ import annotations

from typing import Any

import pytest
from apps import NO_PROBES, hello, two_routes
from asgi import request

from hawkapi import HawkAPI
from hawkapi.di.depends import Dependency
from hawkapi.exceptions import InvalidPathError, RouteConflictError
from hawkapi.middleware import MiddlewareEntry
from hawkapi.routing import Route, Router, VersionRouter
from hawkapi.routing.errors import RouteNotFoundError


class Scoped(Dependency):
    """Stand for a dependency that asks for scopes."""

    def __init__(self, *scopes: str) -> None:
        super().__init__(hello)
        self.scopes = list(scopes)


class A:
    """Stand for a middleware class."""


OUTER, INNER, OWN = Scoped("o", "x"), Scoped(), Scoped("r", "x")


def router_with(*paths: str, **options: Any) -> Router:
    """Return a router with a route for GET at each path, called like the path."""
    router = Router(**options)
    for path in paths:
        router.add_route(path, hello, methods=["GET"], name=path)
    return router


def paths_of(router: Router) -> list[str]:
    """Return the paths of a router's routes in order."""
    return [route.path for route in router.routes]


def test_include_puts_its_own_first() -> None:
    """Prefix, tags and dependencies of the outer router stand in front; scopes are united."""
    outer = Router(prefix="/outer", tags=["o"], dependencies=[OUTER])
    inner = Router(prefix="/inner", tags=["i"], dependencies=[INNER])
    inner.add_route("/x", hello, methods=["GET"], tags=["r"], dependencies=[OWN])
    outer.include_router(inner)
    (route,) = outer.routes
    assert (route.path, route.tags) == ("/outer/inner/x", ["o", "i", "r"])
    assert (route.dependencies, route.required_scopes) == ((OUTER, INNER, OWN), ("o", "r", "x"))
    assert paths_of(inner) == ["/inner/x"]


def test_include_adds_what_it_is_given() -> None:
    """Prefix, tags and dependencies of the inclusion stand between those of the two routers."""
    outer = Router(prefix="/outer", tags=["o"], dependencies=[OUTER])
    inner = Router(prefix="/inner", tags=["i"], dependencies=[INNER])
    inner.add_route("/x", hello, methods=["GET"])
    inner.mount("/files", hello)
    outer.include_router(inner, prefix="/one/", tags=["t"], dependencies=[OWN])
    outer.include_router(inner, prefix="two")
    assert paths_of(outer) == ["/outer/one/inner/x", "/outer/two/inner/x"]
    assert [mount.path for mount in outer.mounts] == ["/outer/one/inner/files", "/outer/two/inner/files"]
    assert (outer.routes[0].tags, outer.routes[0].dependencies) == (["o", "t", "i"], (OUTER, OWN, INNER))


def test_include_refuses_one_text_as_tags() -> None:
    """The letters of a text are no tags."""
    with pytest.raises(TypeError, match="not the text 'admin'"):
        Router().include_router(Router(), tags="admin")


def test_include_preserves_everything_else() -> None:
    """No other field of a route changes."""
    router = Router()
    given = router.add_route(
        "/x",
        hello,
        methods=["PUT"],
        name="n",
        status_code=202,
        response_model=list[int],
        response_model_exclude_none=True,
        response_model_exclude_unset=True,
        response_model_exclude_defaults=True,
        summary="s",
        description="d",
        include_in_schema=False,
        deprecated=True,
        sunset="later",
        deprecation_link="https://example.org/",
        permissions=["p"],
        middleware=[(A, {"n": 1})],
    )
    outer = Router()
    outer.include_router(router)
    assert outer.routes == [given]
    assert given.middleware == (MiddlewareEntry(A, {"n": 1}),)


def test_include_copies_what_is_there() -> None:
    """What a router gets after it was included is not seen."""
    app, router = HawkAPI(**NO_PROBES), router_with("/a")
    app.include_router(router)
    router.get("/b")(hello)
    assert (paths_of(app), request(app, "GET", "/a").status, request(app, "GET", "/b").status) == (["/a"], 200, 404)


def test_include_is_all_or_nothing() -> None:
    """One conflict, and nothing of the router is included; nothing is published."""
    app = HawkAPI(**NO_PROBES)
    app.get("/c")(hello)
    generation = app._publication.generation
    with pytest.raises(RouteConflictError, match=r"^Route conflict: GET /c "):
        app.include_router(router_with("/a", "/b/{x}", "/c"))
    assert (paths_of(app), app._publication.generation) == (["/c"], generation)
    assert [request(app, "GET", path).status for path in ("/a", "/b/1")] == [404, 404]


def test_include_is_one_publication() -> None:
    """However many routes a router has, requests see them appear at once."""
    app = HawkAPI(**NO_PROBES)
    generation = app._publication.generation
    app.include_router(router_with("/a", "/b", "/c"))
    assert app._publication.generation == generation + 1


def test_include_twice_is_a_conflict() -> None:
    """The same routes twice contradict each other."""
    app, router = HawkAPI(**NO_PROBES), router_with("/a")
    app.include_router(router)
    with pytest.raises(ValueError, match=r"^Route conflict"):
        app.include_router(router)


@pytest.mark.parametrize(
    ("router", "error", "message"),
    [
        pytest.param("no router", TypeError, "a router is needed, not 'no router'", id="no-router"),
        pytest.param(router_with("/{x}/{y}"), InvalidPathError, "two parameters named 'x'", id="same-parameter"),
    ],
)
def test_include_refused(router: Any, error: type[Exception], message: str) -> None:
    """What cannot be included is refused with the reason."""
    outer = Router(prefix="/p/{x}")
    with pytest.raises(error, match=message):
        outer.include_router(router)
    assert outer.routes == []


def test_include_itself() -> None:
    """A router below itself would have no end."""
    router = router_with("/a")
    with pytest.raises(ValueError, match="cannot include itself"):
        router.include_router(router)


def test_include_refuses_what_cannot_be_served() -> None:
    """A handler that a router takes and the application cannot serve is refused there, and nothing is included."""

    async def handler(value: type[Any]) -> None:
        """Ask for something nobody can give."""

    router = router_with("/a")
    router.get("/b")(handler)
    app = HawkAPI(**NO_PROBES)
    with pytest.raises(TypeError, match="GET /b"):
        app.include_router(router)
    assert app.routes == []


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        pytest.param("/b", ["/api/a", "/api/c/{x}"], id="path-as-registered"),
        pytest.param("/api/b/", ["/api/a", "/api/c/{x}"], id="whole-path"),
        pytest.param("/c/{x}", ["/api/a", "/api/b"], id="template"),
        pytest.param("bee", ["/api/a", "/api/c/{x}"], id="name"),
    ],
)
def test_remove_route(wanted: str, left: list[str]) -> None:
    """A route is removed by its path or its name, and returned."""
    app = HawkAPI(prefix="/api", **NO_PROBES)
    for path, name in [("/a", "ay"), ("/b", "bee"), ("/c/{x}", "sea")]:
        app.add_route(path, hello_any, methods=["GET"], name=name)
    gone = app.remove_route(wanted)
    assert (paths_of(app), [type(route) for route in gone]) == (left, [Route])
    assert request(app, "GET", gone[0].path.replace("{x}", "1")).status == 404
    assert app.add_route(gone[0].path.removeprefix("/api"), hello_any, methods=["GET"]).path == gone[0].path


async def hello_any(x: str = "") -> str:
    """Answer anything."""
    return x


def test_remove_route_itself() -> None:
    """A route object, or one that is equal to it, stands for itself alone."""
    app = two_routes()
    get, put = app.routes
    assert app.remove_route(get) == [get]
    assert app.remove_route(Route(**{name: getattr(put, name) for name in Route.__slots__})) == [put]
    assert app.routes == []


def test_remove_route_path_takes_all_methods() -> None:
    """Every route with exactly this path goes; one that names its parameter differently stays."""
    app = HawkAPI(**NO_PROBES)
    for method, path in [("GET", "/{x}"), ("PUT", "/{x}"), ("POST", "/{y}")]:
        app.add_route(path, hello, methods=[method])
    assert len(app.remove_route("/{x}")) == 2
    assert [(route.path, *route.methods) for route in app.routes] == [("/{y}", "POST")]


@pytest.mark.parametrize(
    ("methods", "left"),
    [
        pytest.param(["get"], {"PUT", "POST"}, id="get-and-head"),
        pytest.param({"HEAD"}, {"GET", "PUT", "POST"}, id="head-alone"),
        pytest.param(["PUT", "DELETE"], {"GET", "HEAD", "POST"}, id="one-of-two"),
    ],
)
def test_remove_route_methods(methods: Any, left: set[str]) -> None:
    """A route goes on answering the methods that were not taken from it."""
    app = HawkAPI(**NO_PROBES)
    app.add_route("/a", hello, methods=["GET", "PUT", "POST"])
    app.remove_route("/a", methods)
    assert [route.methods for route in app.routes] == [left]
    assert app.tree.find_allowed_methods("/a") == left


@pytest.mark.parametrize(
    ("wanted", "methods", "message"),
    [
        pytest.param("/b", None, "there is no route '/b' to remove$", id="path"),
        pytest.param("bee", None, "there is no route 'bee' to remove$", id="name"),
        pytest.param("/a", ["PUT"], "there is no route '/a' to remove for PUT$", id="method"),
        pytest.param(Route("/a", hello, frozenset({"GET"})), None, "there is no route Route", id="other-route"),
    ],
)
def test_remove_route_not_there(wanted: Any, methods: Any, message: str) -> None:
    """What is not there cannot be removed."""
    app = router_with("/a")
    with pytest.raises(RouteNotFoundError, match=message):
        app.remove_route(wanted, methods)
    assert paths_of(app) == ["/a"]


def test_remove_route_frees_the_position_for_another_type() -> None:
    """When the last route with a parameter has gone, its position may take another type."""
    app = HawkAPI(**NO_PROBES)
    app.add_route("/a/{x}/b", hello, methods=["GET"])
    app.remove_route("/a/{x}/b")
    app.add_route("/a/{x:int}", hello, methods=["GET"])
    assert [request(app, "GET", path).status for path in ("/a/1", "/a/q", "/a/1/b")] == [200, 404, 404]


def test_replace_router() -> None:
    """The new router's routes come where the old one's were: same prefix, tags and place in the order."""
    app = HawkAPI(prefix="/app", **NO_PROBES)
    app.get("/first")(hello)
    old, new = router_with("/a", "/b", prefix="/old"), router_with("/b", "/c", prefix="/new", tags=["n"])
    app.include_router(old)
    app.get("/last")(hello)
    generation = app._publication.generation
    app.replace_router(old, new)
    assert paths_of(app) == ["/app/first", "/app/new/b", "/app/new/c", "/app/last"]
    assert (app.routes[1].tags, app._publication.generation) == (["n"], generation + 1)
    assert [request(app, "GET", path).status for path in ("/app/old/a", "/app/new/c")] == [404, 200]
    app.replace_router(new, old)
    assert paths_of(app) == ["/app/first", "/app/old/a", "/app/old/b", "/app/last"]


def test_replace_router_wherever_it_was_included() -> None:
    """Routers that included it, and mounts in it, count too."""
    app, middle, old, new = HawkAPI(**NO_PROBES), Router(prefix="/m", tags=["m"]), router_with("/a"), router_with("/b")
    old.mount("/files", hello)
    new.mount("/images", hello)
    middle.include_router(old)
    middle.get("/own")(hello)
    versions = VersionRouter("v1")
    versions.include_router(old)
    for router in (middle, versions, old):
        app.include_router(router)
    app.replace_router(old, new)
    assert paths_of(app) == ["/m/b", "/v1/b", "/b", "/m/own"]
    assert [mount.path for mount in app.mounts] == ["/m/images", "/v1/images", "/images"]
    assert (app.routes[0].tags, app.routes[1].version) == (["m"], "v1")
    assert paths_of(middle) == ["/m/a", "/m/own"]


def test_replace_router_that_was_empty() -> None:
    """A router that had no routes when it was included has its place."""
    app, old = HawkAPI(prefix="/p", **NO_PROBES), Router()
    app.include_router(old)
    app.replace_router(old, router_with("/a"))
    assert paths_of(app) == ["/p/a"]


def test_replace_router_by_itself() -> None:
    """A router that has got new routes may take its own place: that is how they are seen."""
    app, router = HawkAPI(**NO_PROBES), router_with("/a")
    app.include_router(router)
    router.get("/b")(hello)
    app.replace_router(router, router)
    assert paths_of(app) == ["/a", "/b"]


def test_replace_router_is_all_or_nothing() -> None:
    """A conflict with what stays leaves everything as it was."""
    app, old = HawkAPI(**NO_PROBES), router_with("/a", "/b")
    app.include_router(old)
    app.get("/c")(hello)
    with pytest.raises(RouteConflictError):
        app.replace_router(old, router_with("/d", "/c"))
    assert paths_of(app) == ["/a", "/b", "/c"]
    app.replace_router(old, router_with("/b"))
    assert paths_of(app) == ["/b", "/c"]


def test_replace_router_that_is_not_there() -> None:
    """What was not included, or was replaced, has no place."""
    app, old, new = HawkAPI(**NO_PROBES), router_with("/a"), router_with("/b")
    app.include_router(old)
    app.replace_router(old, new)
    with pytest.raises(RouteNotFoundError, match="was not included, or has been replaced"):
        app.replace_router(old, new)
    with pytest.raises(TypeError, match="a router is needed"):
        app.replace_router(new, None)  # type: ignore[arg-type]


def test_replace_router_included_in_itself_indirectly() -> None:
    """Of places inside one another the outer one counts."""
    first, second = router_with("/a"), router_with("/b", prefix="/s")
    second.include_router(first)
    first.include_router(second)
    app = HawkAPI(**NO_PROBES)
    app.include_router(first)
    assert paths_of(app) == ["/a", "/s/b", "/s/a"]
    app.replace_router(first, router_with("/c"))
    assert paths_of(app) == ["/c"]

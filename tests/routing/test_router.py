"""Registration: what a route becomes, and what is refused."""

from __future__ import annotations

import functools
from collections.abc import Set
from typing import Any, assert_type

import pytest
from apps import NO_PROBES

from hawkapi import HawkAPI
from hawkapi.exceptions import RouteConflictError
from hawkapi.routing.router import Router


async def read_thing() -> None:
    """Stand for any handler."""


class Callable:
    """A handler without a `__name__`."""

    async def __call__(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize(
    ("decorator", "methods", "status"),
    [
        pytest.param("get", {"GET", "HEAD"}, 200, id="get"),
        pytest.param("post", {"POST"}, 201, id="post"),
        pytest.param("put", {"PUT"}, 200, id="put"),
        pytest.param("patch", {"PATCH"}, 200, id="patch"),
        pytest.param("delete", {"DELETE"}, 204, id="delete"),
    ],
)
def test_decorator(decorator: str, methods: Set[str], status: int) -> None:
    """A decorator registers its method with its usual status and returns the handler untouched."""
    router = Router(prefix="/api/")
    assert getattr(router, decorator)("things/")(read_thing) is read_thing
    (route,) = router.routes
    assert (route.path, route.handler, route.methods) == ("/api/things", read_thing, methods)
    assert (route.name, route.status_code) == ("read_thing", status)


def test_decorator_keeps_the_type() -> None:
    """To a type checker a decorated handler is what it was: it can be called with its own arguments."""

    @Router().get("/{number:int}")
    def double(number: int) -> list[int]:
        """Answer a number twice."""
        return [number, number]

    assert assert_type(double(2), list[int]) == [2, 2]


def test_decorator_options() -> None:
    """Name and status may be given."""
    router = Router()
    router.post("/", status_code=202, name="accept")(read_thing)
    (route,) = router.routes
    assert (route.name, route.status_code) == ("accept", 202)


@pytest.mark.parametrize(
    ("given", "registered"),
    [
        pytest.param(["get"], {"GET", "HEAD"}, id="get-brings-head"),
        pytest.param({"Post", "OPTIONS"}, {"POST", "OPTIONS"}, id="upper-case"),
        pytest.param(("purge",), {"PURGE"}, id="extension-method"),
    ],
)
def test_add_route_methods(given: Any, registered: set[str]) -> None:
    """Methods are stored in upper case, with HEAD beside GET."""
    assert Router().add_route("/", read_thing, methods=given).methods == registered


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        pytest.param([], "at least one HTTP method", id="none"),
        pytest.param("GET", "must be a collection of names, not the string 'GET'", id="string"),
        pytest.param([""], "'' is not an HTTP method", id="empty"),
        pytest.param(["GE T"], "'GE T' is not an HTTP method: a token", id="space"),
        pytest.param(["É"], "is not an HTTP method", id="not-ascii"),
    ],
)
def test_add_route_bad_methods(methods: Any, message: str) -> None:
    """What is not a set of method tokens is refused."""
    with pytest.raises(ValueError, match=message):
        Router().add_route("/", read_thing, methods=methods)


@pytest.mark.parametrize(("status", "accepted"), [(199, False), (200, True), (599, True), (600, False)])
def test_add_route_status(status: int, accepted: bool) -> None:
    """The status of a final response is between 200 and 599."""
    if accepted:
        assert Router().add_route("/", read_thing, methods=["GET"], status_code=status).status_code == status
    else:
        with pytest.raises(ValueError, match=f"status_code is {status}"):
            Router().add_route("/", read_thing, methods=["GET"], status_code=status)


@pytest.mark.parametrize(
    ("handler", "name"),
    [
        pytest.param(read_thing, "read_thing", id="function"),
        pytest.param(Callable(), "Callable", id="object"),
        pytest.param(functools.partial(read_thing), "partial", id="partial"),
    ],
)
def test_add_route_name(handler: Any, name: str) -> None:
    """A route without a given name is called like its handler, or like the handler's class."""
    assert Router().add_route("/", handler, methods=["GET"]).name == name


def test_add_route_refused_changes_nothing() -> None:
    """A refused route is in neither the list nor the table."""
    app = HawkAPI(**NO_PROBES)
    app.get("/a")(read_thing)
    with pytest.raises(RouteConflictError, match="Route conflict: GET /a "):
        app.add_route("/a/", read_thing, methods=["PUT", "GET"])
    assert [route.path for route in app.routes] == ["/a"]
    assert app.add_route("/a/", read_thing, methods=["PUT"]).methods == {"PUT"}


def test_routes_is_a_new_list() -> None:
    """Changing the list of routes does not change the router."""
    router = Router()
    router.get("/")(read_thing)
    router.routes.clear()
    assert len(router.routes) == 1


@pytest.mark.parametrize(("prefix", "path"), [("/api", "/api/x"), ("api/", "/api/x"), ("", "/x"), ("/", "/x")])
def test_prefix(prefix: str, path: str) -> None:
    """A prefix stands in front of every path, whatever slashes it was written with."""
    assert Router(prefix=prefix).add_route("x", read_thing, methods=["GET"]).path == path

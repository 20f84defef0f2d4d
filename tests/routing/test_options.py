"""Route options: how they arrive on the route, and what is refused."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import pytest

from hawkapi.di.depends import Dependency
from hawkapi.middleware import MiddlewareEntry
from hawkapi.routing import Route, Router
from hawkapi.routing.middleware_entry import read_middleware
from hawkapi.routing.options import RouteOptions


async def read_thing() -> dict[str, int]:
    """Stand for any handler."""
    return {}


class Scoped(Dependency):
    """Stand for a dependency that asks for scopes."""

    def __init__(self, *scopes: str) -> None:
        super().__init__(read_thing)
        self.scopes = list(scopes)


class A:
    """Stand for a middleware class."""


FIELDS = [
    ("path", "/"),
    ("handler", read_thing),
    ("methods", frozenset({"PUT"})),
    ("name", None),
    ("status_code", 200),
    ("response_model", None),
    ("response_model_exclude_none", False),
    ("response_model_exclude_unset", False),
    ("response_model_exclude_defaults", False),
    ("tags", []),
    ("summary", None),
    ("description", None),
    ("include_in_schema", True),
    ("deprecated", False),
    ("sunset", None),
    ("deprecation_link", None),
    ("version", None),
    ("permissions", None),
    ("middleware", None),
    ("dependencies", ()),
    ("required_scopes", ()),
    ("responses", {}),
    ("sends", Any),
    ("callbacks", {}),
    ("openapi_extra", {}),
]


def test_route_fields() -> None:
    """A route has its fields in order, with defaults for all but the first three."""
    route = Route("/", read_thing, frozenset({"PUT"}))
    assert [(name, getattr(route, name)) for name in Route.__slots__] == FIELDS


OPTIONS: RouteOptions = {
    "name": "thing",
    "response_model": list[int],
    "response_model_exclude_none": True,
    "response_model_exclude_unset": True,
    "response_model_exclude_defaults": True,
    "tags": ["t"],
    "summary": "S",
    "description": "D",
    "include_in_schema": False,
    "deprecated": True,
    "sunset": "Sat, 31 Dec 2039 23:59:59 GMT",
    "deprecation_link": "https://example.org/",
    "permissions": ["p"],
    "responses": {404: {"description": "Gone."}},
    "sends": int,
    "callbacks": {"{$request.body#/url}": ()},
    "openapi_extra": {"x-a": 1},
}


@pytest.mark.parametrize("decorator", ["get", "post", "put", "patch", "delete", "head", "options", "trace", "route"])
def test_options_arrive(decorator: str) -> None:
    """Every decorator hands every option on, and returns the handler."""
    router = Router()
    dependency = Scoped("b", "a")
    register = getattr(router, decorator)(
        "/x", status_code=299, version="v1", middleware=[A, (A, {"n": 1})], dependencies=[dependency], **OPTIONS
    )
    assert register(read_thing) is read_thing
    (route,) = router.routes
    assert {name: getattr(route, name) for name in OPTIONS} == OPTIONS
    assert (route.path, route.version, route.status_code) == ("/v1/x", "v1", 299)
    assert route.middleware == (MiddlewareEntry(A), MiddlewareEntry(A, {"n": 1}))
    assert (route.dependencies, route.required_scopes) == ((dependency,), ("a", "b"))
    assert set(OPTIONS) | {"version", "middleware", "dependencies"} == set(RouteOptions.__optional_keys__)


@pytest.mark.parametrize(
    ("decorator", "methods"),
    [
        pytest.param("head", {"HEAD"}, id="head"),
        pytest.param("options", {"OPTIONS"}, id="options"),
        pytest.param("trace", {"TRACE"}, id="trace"),
        pytest.param("route", {"GET", "HEAD"}, id="route"),
        pytest.param("api_route", {"GET", "HEAD"}, id="api-route"),
    ],
)
def test_further_decorators(decorator: str, methods: Set[str]) -> None:
    """The decorators beside those of the common methods answer 200."""
    router = Router()
    getattr(router, decorator)("/")(read_thing)
    assert (router.routes[0].methods, router.routes[0].status_code) == (methods, 200)


def test_route_with_methods() -> None:
    """One decorator may register several methods."""
    router = Router()
    router.route("/", methods=["post", "PUT"])(read_thing)
    assert router.routes[0].methods == {"POST", "PUT"}


def test_response_model_is_inferred_unless_given() -> None:
    """Left out, it comes from the annotation; `None` switches that off; anything else is taken."""
    router = Router()
    routes = [
        router.add_route("/inferred", read_thing, methods=["GET"]),
        router.add_route("/none", read_thing, methods=["GET"], response_model=None),
        router.add_route("/given", read_thing, methods=["GET"], response_model=list[str]),
    ]
    assert [route.response_model for route in routes] == [dict[str, int], None, list[str]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"respone_model": None}, "is not .*; did you mean 'response_model'", id="unknown"),
        pytest.param({"colour": 1}, "'colour' is not an option of a route$", id="unlike-any"),
        pytest.param({"operation_id": "a"}, "'operation_id' is not .*; write name=...", id="of-fastapi"),
        pytest.param({"tags": "admin"}, "tags must be a list of texts, not the text 'admin'", id="tags"),
        pytest.param({"responses": [404]}, r"responses= is a mapping, not \[404\]; write {404: ", id="responses"),
        pytest.param(
            {"openapi_extra": ["x-a"]}, r"openapi_extra= is a mapping, not \['x-a'\]; write ", id="openapi_extra"
        ),
        pytest.param({"permissions": "admin"}, "permissions must be a list of texts", id="permissions"),
        pytest.param({"middleware": [1]}, "middleware 1 is neither a class nor a pair", id="middleware-number"),
        pytest.param({"middleware": [(A, 1)]}, "is neither a class nor a pair", id="middleware-bad-arguments"),
        pytest.param({"middleware": [(A, {}, {})]}, "is neither a class nor a pair", id="middleware-triple"),
    ],
)
def test_options_refused(options: Any, message: str) -> None:
    """An option that means nothing is refused, and nothing is registered."""
    router = Router()
    with pytest.raises(TypeError, match=message):
        router.get("/", **options)(read_thing)
    assert router.routes == []


def test_read_middleware_takes_entries() -> None:
    """An entry is taken as it is; no middleware at all is `None`."""
    entry = MiddlewareEntry(A, {"n": 1})
    assert read_middleware([entry]) == (entry,)
    assert read_middleware([]) is read_middleware(None) is None


def test_options_are_copied() -> None:
    """A list that is changed later changes no route."""
    tags, permissions, keywords = ["t"], ["p"], {"n": 1}
    router = Router(tags=tags)
    route = router.add_route(
        "/", read_thing, methods=["GET"], tags=tags, permissions=permissions, middleware=[(A, keywords)]
    )
    tags.append("u")
    permissions.append("q")
    keywords["n"] = 2
    assert (route.tags, route.permissions, route.middleware) == (["t", "t"], ["p"], (MiddlewareEntry(A, {"n": 1}),))

"""Versions: where they stand in a path."""

from __future__ import annotations

import pytest

from hawkapi.di import Depends
from hawkapi.routing import Controller, Router, VersionRouter
from hawkapi.routing.controllers import get


async def handler() -> None:
    """Stand for any handler."""


@pytest.mark.parametrize(
    ("version", "path"), [("v2", "/v2/api/users"), ("/v2/", "/v2/api/users"), ("a/b", "/a/b/api/users")]
)
def test_version_stands_before_the_prefix(version: str, path: str) -> None:
    """A route's version is in front of its router's prefix; the route keeps the text that was given."""
    route = Router(prefix="/api").add_route("/users", handler, methods=["GET"], version=version)
    assert (route.path, route.version) == (path, version)


def test_version_stays_behind_the_prefix_of_an_outer_router() -> None:
    """Inclusion puts its prefix in front of the version."""
    root, api = Router(prefix="/root"), Router(prefix="/api")
    api.add_route("/users", handler, methods=["GET"], version="v2")
    root.include_router(api)
    assert [(route.path, route.version) for route in root.routes] == [("/root/v2/api/users", "v2")]


GUARD = Depends(handler)


def test_version_router() -> None:
    """Every route gets the version, unless it has its own; so do mounts."""
    router = VersionRouter("/v1", prefix="/api", tags=["t"], dependencies=[GUARD])
    router.get("/users")(handler)
    router.get("/users", version="v2")(handler)
    router.mount("/files", handler)
    assert [(route.path, route.version) for route in router.routes] == [
        ("/v1/api/users", "/v1"),
        ("/v2/api/users", "v2"),
    ]
    assert [mount.path for mount in router.mounts] == ["/v1/api/files"]
    assert (router.version, router.routes[0].tags, router.routes[0].dependencies) == ("/v1", ["t"], (GUARD,))


def test_version_router_with_controller() -> None:
    """A controller's methods get the version too."""

    class Users(Controller):
        prefix = "/users"

        @get("/{user_id}")
        async def read(self, user_id: str) -> None:
            """Stand for any method."""

    router = VersionRouter("v1", prefix="/api")
    router.include_controller(Users)
    assert [(route.path, route.version) for route in router.routes] == [("/v1/api/users/{user_id}", "v1")]


def test_version_router_includes() -> None:
    """Included routes without a version get it; those with one keep theirs behind the prefix."""
    plain, outer = Router(prefix="/p"), VersionRouter("v1", prefix="/api")
    plain.get("/a")(handler)
    plain.get("/b", version="v0")(handler)
    outer.include_router(plain)
    assert [(route.path, route.version) for route in outer.routes] == [("/v1/api/p/a", "v1"), ("/api/v0/p/b", "v0")]


def test_same_path_in_two_versions() -> None:
    """Versions keep equal paths apart."""
    router = Router()
    for version in ("v1", "v2"):
        router.add_route("/a", handler, methods=["GET"], version=version)
    assert [route.path for route in router.routes] == ["/v1/a", "/v2/a"]


@pytest.mark.parametrize("version", ["", "/"])
def test_empty_version(version: str) -> None:
    """A version without a segment is refused, in both places."""
    with pytest.raises(ValueError, match="is empty; use a Router instead"):
        VersionRouter(version)
    with pytest.raises(ValueError, match="is empty; leave it out instead"):
        Router().add_route("/", handler, methods=["GET"], version=version)

"""The matcher of a router."""

from __future__ import annotations

import pytest
from apps import NO_PROBES, hello
from asgi import request

from hawkapi import HawkAPI, Route
from hawkapi.exceptions import RouteConflictError
from hawkapi.routing import Router


def test_insert_and_lookup() -> None:
    """A route that was put in is found with its values by name, under every method and with any slashes."""
    tree = Router(prefix="/ignored").tree
    route = Route("/items/{item_id:int}/{part}", hello, frozenset({"GET"}), name="item")
    tree.insert(route)
    match = tree.lookup("/items/5/x/", "get")
    assert match is not None
    assert (match.route.path, match.params) == ("/items/{item_id:int}/{part}", {"item_id": 5, "part": "x"})
    assert [item.name for item in tree.routes] == ["item"]
    assert tree.lookup("/items/x/x", "GET") is None
    assert tree.lookup("/items/5/x", "PUT") is None
    assert tree.find_allowed_methods("/items/5/x") == frozenset({"GET", "HEAD"})
    assert tree.find_allowed_methods("/other") == frozenset()


def test_tree_shows_the_newest_state() -> None:
    """A tree that was taken before a registration knows it."""
    router = Router()
    tree = router.tree
    router.get("/a")(hello)
    assert tree.lookup("/a", "HEAD") is not None
    router.remove_route("/a")
    assert tree.lookup("/a", "HEAD") is None


def test_insert_into_an_application_is_served() -> None:
    """What is put into an application's tree answers requests, and is checked as any other route."""
    app = HawkAPI(prefix="/api", **NO_PROBES)
    app.tree.insert(Route("a/", hello, frozenset({"get"}), name="a"))
    assert request(app, "GET", "/a").status == 200
    assert app.routes[0].path == "/a"
    with pytest.raises(RouteConflictError):
        app.tree.insert(Route("/a", hello, frozenset({"GET"}), name="b"))

"""From names and values back to paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from apps import hello

from hawkapi import HawkAPI
from hawkapi.routing import Router
from hawkapi.routing.errors import RouteNotFoundError, URLPathError

UUID_TEXT = "12345678-1234-5678-1234-567812345678"


@pytest.mark.parametrize(
    ("template", "params", "path"),
    [
        pytest.param("/", {}, "/", id="root"),
        pytest.param("/a/b", {}, "/a/b", id="literals"),
        pytest.param("/é b", {}, "/%C3%A9%20b", id="literal-encoded"),
        pytest.param("/{x}", {"x": "a b?#%/é".replace("/", "")}, "/a%20b%3F%23%25%C3%A9", id="str-encoded"),
        pytest.param("/{x}", {"x": "a:@!$&'()*+,;=-._~"}, "/a:@!$&'()*+,;=-._~", id="str-not-encoded"),
        pytest.param("/{x}/{y}", {"y": 2, "x": 1}, "/1/2", id="order"),
        pytest.param("/{x:int}", {"x": -5}, "/-5", id="int"),
        pytest.param("/{x:int}", {"x": "007"}, "/007", id="int-as-text"),
        pytest.param("/{x:float}", {"x": 1e-7}, "/1e-07", id="float"),
        pytest.param("/{x:uuid}", {"x": UUID(UUID_TEXT)}, f"/{UUID_TEXT}", id="uuid"),
        pytest.param("/f/{x:path}", {"x": "a/b c/"}, "/f/a/b%20c/", id="path"),
    ],
)
def test_url_path_for(template: str, params: dict[str, Any], path: str) -> None:
    """Values are written as the route reads them, and percent-encoded."""
    router = Router()
    router.add_route(template, hello, methods=["GET"], name="thing")
    assert router.url_path_for("thing", **params) == path


@pytest.mark.parametrize(
    ("template", "params", "message"),
    [
        pytest.param("/{x}/{y}", {"x": 1}, "'/{x}/{y}' needs a value for 'y'", id="missing"),
        pytest.param("/{x}", {"x": 1, "z": 2}, "'/{x}' has no parameter 'z'", id="unknown"),
        pytest.param("/{x}", {"x": ""}, "'x' of type str cannot be ''", id="str-empty"),
        pytest.param("/{x}", {"x": "a/b"}, "'x' of type str cannot be 'a/b'", id="str-slash"),
        pytest.param("/{x}", {"x": None}, "'x' of type str cannot be None", id="none"),
        pytest.param("/{x}", {"x": ".."}, "'..' cannot be sent in a path: clients resolve", id="str-dots"),
        pytest.param("/{x}", {"x": "\udc80"}, "cannot be sent in a path", id="str-half-surrogate"),
        pytest.param("/{x:int}", {"x": True}, "'x' of type int cannot be True", id="int-bool"),
        pytest.param("/{x:int}", {"x": 1.5}, "'x' of type int cannot be 1.5", id="int-float"),
        pytest.param("/{x:float}", {"x": float("nan")}, "'x' of type float cannot be nan", id="float-nan"),
        pytest.param("/{x:uuid}", {"x": "1"}, "'x' of type uuid cannot be '1'", id="uuid"),
        pytest.param("/{x:path}", {"x": ""}, "'x' of type path cannot be ''", id="path-empty"),
        pytest.param(
            "/{x:path}", {"x": "a/../b"}, "'a/../b' cannot be sent in a path: clients resolve", id="path-dots"
        ),
    ],
)
def test_url_path_for_unfit(template: str, params: dict[str, Any], message: str) -> None:
    """A path that the route would not be found by is refused, and the parameter is named."""
    router = Router()
    router.add_route(template, hello, methods=["GET"], name="thing")
    with pytest.raises(URLPathError) as caught:
        router.url_path_for("thing", **params)
    assert message in str(caught.value)


def test_url_path_for_unknown_name() -> None:
    """Nothing has the name."""
    with pytest.raises(RouteNotFoundError, match="no route and no mount is called 'thing'"):
        Router().url_path_for("thing")


def test_url_path_for_several_with_one_name() -> None:
    """The first whose parameters fit is taken, also after others have gone."""
    router = Router()
    for path in ("/a", "/b", "/c/{x}"):
        router.add_route(path, hello, methods=["GET"], name="thing")
    assert [router.url_path_for("thing"), router.url_path_for("thing", x=1)] == ["/a", "/c/1"]
    router.remove_route("/a")
    assert router.url_path_for("thing") == "/b"
    router.remove_route("thing")
    with pytest.raises(RouteNotFoundError):
        router.url_path_for("thing")


def test_url_path_for_parameter_called_name() -> None:
    """A path may have a parameter with the name of the method's own."""
    router = Router()
    router.get("/{name}")(hello)
    assert router.url_path_for("hello", name="x") == "/x"


def test_url_path_for_included_route() -> None:
    """The path has everything that stands in front of it, and follows a replacement."""
    app, old, new = HawkAPI(prefix="/app"), Router(prefix="/old"), Router(prefix="/new")
    for router in (old, new):
        router.get("/{x}")(hello)
    app.include_router(old)
    assert app.url_path_for("hello", x=1) == "/app/old/1"
    app.replace_router(old, new)
    assert app.url_path_for("hello", x=1) == "/app/new/1"


def mounted() -> HawkAPI:
    """Return an application with a mount for a file server and one for another application."""
    app, inner = HawkAPI(), HawkAPI()
    inner.get("/items/{x:int}")(hello)
    app.mount("/static é", hello, name="static")
    app.mount("/anonymous", hello)
    app.mount("/", inner, name="inner")
    return app


@pytest.mark.parametrize(
    ("name", "params", "path"),
    [
        pytest.param("static", {"path": "/css/a b.css"}, "/static%20%C3%A9/css/a%20b.css", id="mount"),
        pytest.param("inner", {"path": "x"}, "/x", id="root-mount"),
        pytest.param("inner:hello", {"x": 1}, "/items/1", id="route-in-a-mount"),
    ],
)
def test_url_path_for_mounts(name: str, params: dict[str, Any], path: str) -> None:
    """A mount has a name, and the routes of its application one below it."""
    assert mounted().url_path_for(name, **params) == path


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        pytest.param(lambda app: app.url_path_for("static"), URLPathError, id="no-path"),
        pytest.param(lambda app: app.url_path_for("static", path="../x"), URLPathError, id="dots"),
        pytest.param(lambda app: app.url_path_for("static:hello"), RouteNotFoundError, id="no-routes-inside"),
        pytest.param(lambda app: app.url_path_for("inner:other"), RouteNotFoundError, id="unknown-inside"),
        pytest.param(lambda app: app.url_path_for("inner:hello"), URLPathError, id="parameter-inside"),
    ],
)
def test_url_path_for_mounts_refused(ask: Callable[[HawkAPI], str], error: type[Exception]) -> None:
    """What is missing is said as for routes."""
    with pytest.raises(error):
        ask(mounted())

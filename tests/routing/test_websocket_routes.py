"""Routes of WebSockets: placed, included, replaced and removed as those of HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from apps import hello
from websockets_asgi import ACCEPT, close, converse, text

from hawkapi import HawkAPI, Route, Router, VersionRouter, WebSocket
from hawkapi.exceptions import InvalidPathError, RouteConflictError
from hawkapi.routing.errors import RouteNotFoundError
from hawkapi.routing.route import WebSocketRoute

UNKNOWN = [{"type": "websocket.close", "code": 4004}]


async def tell(ws: WebSocket) -> None:
    """Send the path's parameters."""
    await ws.accept()
    await ws.send_json(ws.path_params)


async def other(ws: WebSocket) -> None:
    """Send something else."""
    await ws.accept()
    await ws.send_text("other")


def told(app: Any, target: str) -> str | None:
    """Return the text that a WebSocket sends, or `None` where there is none."""
    sent = converse(app, target)
    if sent == UNKNOWN:
        return None
    assert (sent[0], sent[2]) == (ACCEPT, close())
    answer: str = sent[1]["text"]
    return answer


@pytest.mark.parametrize(
    ("template", "target", "answer"),
    [
        pytest.param("/ws", "/ws", "{}", id="literal"),
        pytest.param("/ws", "/ws/", "{}", id="slash-is-ignored"),
        pytest.param("/ws/", "/ws", "{}", id="slash-in-the-template"),
        pytest.param("/ws", "/WS", None, id="case"),
        pytest.param("/{x}", "/a", '{"x":"a"}', id="parameter"),
        pytest.param("/{x:int}", "/5", '{"x":5}', id="int"),
        pytest.param("/{x:int}", "/a", None, id="not-an-int"),
        pytest.param("/f/{x:path}", "/f/a/b", '{"x":"a/b"}', id="rest"),
    ],
)
def test_matching(template: str, target: str, answer: str | None) -> None:
    """WebSockets are matched as requests are."""
    app = HawkAPI()
    app.websocket(template)(tell)
    assert told(app, target) == answer


def test_same_path_twice() -> None:
    """A second handler for the same path is refused; one of HTTP is not."""
    app = HawkAPI()
    app.websocket("/ws")(tell)
    app.get("/ws")(hello)
    with pytest.raises(ValueError, match=r"^Route conflict: WEBSOCKET /ws \(other\) is already answered by /ws \(tell"):
        app.websocket("/ws/")(other)
    assert told(app, "/ws") == "{}"


@pytest.mark.parametrize("path", ["/{x:what}", "/{x}/{x}", "/a{x}"])
def test_path_without_meaning(path: str) -> None:
    """A template that has no meaning is refused."""
    with pytest.raises(InvalidPathError):
        HawkAPI().websocket(path)(tell)


@pytest.mark.parametrize("path", [None, tell])
def test_path_is_missing(path: Any) -> None:
    """A decorator without its path says what to write."""
    with pytest.raises(TypeError, match=r"write @app.websocket\('/path'\)"):
        HawkAPI().websocket(path)


def test_option_that_is_unknown() -> None:
    """An option that WebSockets do not have is refused."""
    with pytest.raises(TypeError, match="'status_code' is not an option of a route"):
        HawkAPI().websocket("/", status_code=200)(tell)  # type: ignore[call-arg]


def test_prefixes_and_versions() -> None:
    """Prefixes, versions and names reach a WebSocket as they do a route of HTTP."""
    inner = Router(prefix="/chat")
    inner.websocket("/{room}", name="room")(tell)
    versioned = VersionRouter("v2", prefix="/api")
    versioned.websocket("/ws")(tell)
    versioned.include_router(inner)
    app = HawkAPI(prefix="/root")
    app.include_router(versioned)
    app.websocket("/own", version="v3")(tell)
    paths = ["/root/v2/api/ws", "/root/v2/api/chat/{room}", "/v3/root/own"]
    assert [route.path for route in app.websocket_routes] == paths
    assert told(app, "/root/v2/api/chat/x") == '{"room":"x"}'
    assert app.url_path_for("room", room="a b") == "/root/v2/api/chat/a%20b"


def test_routes_of_both_kinds() -> None:
    """Each list has its own kind, in order of registration."""
    app = HawkAPI(health_url=None, readyz_url=None, livez_url=None, openapi_url=None)
    route = app.add_websocket_route("/b", tell, max_message_size=5)
    app.get("/a")(hello)
    app.websocket("/a")(tell)
    assert isinstance(route, WebSocketRoute)
    assert isinstance(route, Route)
    assert (route.max_message_size, route.methods, route.name) == (5, frozenset({"WEBSOCKET"}), "tell")
    assert ([r.path for r in app.routes], [r.path for r in app.websocket_routes]) == (["/a"], ["/b", "/a"])
    assert app.tree.find_allowed_methods("/a") == {"GET", "HEAD"}
    assert app.tree.lookup("/b", "WEBSOCKET") is None


def test_decorator_returns_the_handler() -> None:
    """The decorated function stays as it was."""
    assert HawkAPI().websocket("/")(tell) is tell


def test_replace_router() -> None:
    """The WebSockets of a router are replaced with its routes, and those of the application stay."""
    old, new = Router(prefix="/r"), Router(prefix="/r")
    old.websocket("/ws")(tell)
    old.websocket("/gone")(tell)
    new.websocket("/ws")(other)
    app = HawkAPI()
    app.websocket("/own")(tell)
    app.include_router(old)
    app.replace_router(old, new)
    assert [told(app, target) for target in ("/r/ws", "/r/gone", "/own")] == ["other", None, "{}"]


def test_include_router_twice() -> None:
    """Including a router again contradicts what is there."""
    router = Router()
    router.websocket("/ws")(tell)
    app = HawkAPI()
    app.include_router(router)
    with pytest.raises(RouteConflictError):
        app.include_router(router)


@pytest.mark.parametrize(
    ("what", "methods", "http", "socket"),
    [
        pytest.param("/x", None, False, False, id="path"),
        pytest.param("/x", ["GET"], False, True, id="method"),
        pytest.param("/x", ["websocket"], True, False, id="websocket"),
        pytest.param("tell", None, True, False, id="name"),
    ],
)
def test_remove_route(what: str, methods: list[str] | None, http: bool, socket: bool) -> None:
    """A WebSocket is removed by its path, its name, or the word that stands for its method."""
    app = HawkAPI()
    app.get("/x")(hello)
    app.websocket("/x")(tell)
    app.remove_route(what, methods)
    assert (app.tree.lookup("/x", "GET") is not None, told(app, "/x") is not None) == (http, socket)


def test_remove_route_by_itself() -> None:
    """A route that was registered can be given back, once."""
    app = HawkAPI()
    route = app.add_websocket_route("/{x}", tell)
    assert app.remove_route(route) == [route]
    assert converse(app, "/x") == UNKNOWN
    with pytest.raises(RouteNotFoundError):
        app.remove_route(route)
    app.websocket("/{x}")(other)
    assert converse(app, "/x")[1] == text("other")

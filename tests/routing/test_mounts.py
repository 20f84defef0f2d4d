"""Mounts: who answers, and what a mounted application is told about where it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apps import hello
from asgi import Reply, http_scope, request

from hawkapi import HawkAPI
from hawkapi.exceptions import InvalidPathError, RouteConflictError
from hawkapi.routing import Router
from hawkapi.routing.errors import RouteNotFoundError
from hawkapi.routing.mounts import Mount, route_path


class Echo:
    """An ASGI application that answers what it was told about the path."""

    def __init__(self, name: str = "echo") -> None:
        self.name = name

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer name, `root_path` and `path`, separated by bars."""
        body = f"{self.name}|{scope['root_path']}|{scope['path']}|{scope['raw_path'].decode()}"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body.encode()})


def told(reply: Reply) -> list[str]:
    """Return what an `Echo` answered, without `raw_path`."""
    assert reply.status == 200
    return reply.body.decode().split("|")[:3]


@pytest.mark.asgi_only("there is no raw path")
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param("/m", ["echo", "/m", "/"], id="exact"),
        pytest.param("/m/", ["echo", "/m", "/"], id="with-slash"),
        pytest.param("/m/x", ["echo", "/m", "/x"], id="below"),
        pytest.param("/m/x/", ["echo", "/m", "/x/"], id="trailing-slash-is-kept"),
        pytest.param("/m//x", ["echo", "/m", "//x"], id="doubled-slash-is-kept"),
        pytest.param("/m/m/x", ["echo", "/m", "/m/x"], id="own-path-again"),
    ],
)
def test_mount_is_told_the_rest(target: str, expected: list[str]) -> None:
    """`path` is what is left, `root_path` what was taken off, `raw_path` stays."""
    app = HawkAPI()
    app.mount("/m/", Echo())
    reply = request(app, "GET", target)
    assert (told(reply), reply.body.decode().split("|")[3]) == (expected, target)


@pytest.mark.parametrize("target", ["/mx", "/", "/M/x"])
def test_mount_takes_only_what_is_below(target: str) -> None:
    """A path that only begins with the same letters is not a mount's."""
    app = HawkAPI()
    app.mount("/m", Echo())
    assert request(app, "GET", target).status == 404


@pytest.mark.asgi_only("there is no raw path")
def test_longest_mount_wins() -> None:
    """Whatever the order of registration, the mount with the longest path answers; the root takes the rest."""
    app = HawkAPI()
    for path in ("/a", "/", "/a/b/c", "/a/b"):
        app.mount(path, Echo(path))
    asked = ["/a", "/a/b", "/a/b/c/d", "/a/bc", "/b", "/"]
    assert [told(request(app, "GET", target)) for target in asked] == [
        ["/a", "/a", "/"],
        ["/a/b", "/a/b", "/"],
        ["/a/b/c", "/a/b/c", "/d"],
        ["/a", "/a", "/bc"],
        ["/", "", "/b"],
        ["/", "", "/"],
    ]


@pytest.mark.asgi_only("there is no raw path")
def test_routes_win_over_mounts() -> None:
    """A mount answers what no route does, a method that the path's routes lack included."""
    app = HawkAPI()
    app.mount("/", Echo())
    app.get("/x/{y}")(hello)
    assert request(app, "GET", "/x/1").json() == {"hello": "world"}
    assert told(request(app, "POST", "/x/1")) == ["echo", "", "/x/1"]


@pytest.mark.asgi_only("there is no raw path")
def test_mount_below_a_servers_root_path() -> None:
    """The mount's path comes after that of the server, whether or not `path` holds it."""
    app = HawkAPI()
    app.mount("/m", Echo())
    assert told(request(app, "GET", "/api/m/x", root_path="/api")) == ["echo", "/api/m", "/x"]
    assert told(request(app, "GET", "/m/x", root_path="/api")) == ["echo", "/api/m", "/x"]


@pytest.mark.asgi_only("there is no raw path")
@pytest.mark.parametrize("root_path", ["", "/m", "/api"])
@pytest.mark.parametrize("target", ["/m/x", "/m/m/x", "/m/m/m/x"])
def test_nested_applications_take_each_path_off_once(target: str, root_path: str) -> None:
    """An application of ours under `/m`, itself below `/m`, does not take its own path for the mount's."""
    inner, outer = HawkAPI(), HawkAPI()
    inner.mount("/m", Echo("inner"))
    inner.get("/x")(hello)
    outer.mount("/m", inner)
    reply = request(outer, "GET", root_path + target, root_path=root_path)
    if target == "/m/x":
        assert reply.json() == {"hello": "world"}
    else:
        assert told(reply) == ["inner", f"{root_path}/m/m", target.removeprefix("/m/m")]


def test_foreign_mount_between_two_of_ours() -> None:
    """An application that adds to `root_path` and leaves `path` whole, as the specification has it, is understood."""
    inner, outer = HawkAPI(), HawkAPI()
    inner.get("/x")(hello)

    async def middle(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, "root_path": scope["root_path"] + "/n"}, receive, send)

    outer.mount("/m", middle)
    assert request(outer, "GET", "/m/n/x").json() == {"hello": "world"}


@pytest.mark.asgi_only("there is no raw path")
def test_mount_leaves_the_outer_scope() -> None:
    """The mounted application gets a scope of its own, with itself as `app`."""
    outer, inner, seen = HawkAPI(), HawkAPI(), []

    async def keep(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope, receive, send)
        seen.append(scope)

    inner.get("/x")(hello)
    outer.mount("/m", keep)
    scope = http_scope("GET", "/m/x")

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        return None

    asyncio.run(outer(scope, receive, send))
    assert (scope["path"], scope["root_path"], scope["app"]) == ("/m/x", "", outer)
    assert (seen[0]["path"], seen[0]["root_path"], seen[0]["app"]) == ("/x", "/m", inner)


def test_mount_gets_websockets() -> None:
    """A WebSocket connection below a mount is the mounted application's."""
    app, seen = HawkAPI(), []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["type"], scope["path"], scope["root_path"], await receive()))
        await send({"type": "websocket.close", "code": 1000})

    async def scenario() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await app({"type": "websocket", "path": "/ws/chat"}, receive, send)
        await app({"type": "websocket", "path": "/other"}, receive, send)
        return sent

    app.mount("/ws", inner)
    closes = asyncio.run(scenario())
    assert [message["code"] for message in closes] == [1000, 4004]
    assert seen == [("websocket", "/chat", "/ws", {"type": "websocket.connect"})]
    assert app._publication.running_requests == 0


def test_error_of_a_mounted_application_reaches_the_server() -> None:
    """What a mounted application raises is not answered for it; the request is no longer counted."""
    app = HawkAPI()

    async def fail(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("inner")

    app.mount("/m", fail)
    with pytest.raises(RuntimeError, match="inner"):
        request(app, "GET", "/m")
    assert app._publication.running_requests == 0


@pytest.mark.parametrize(("path", "mounted"), [("/", ""), ("", ""), ("m", "/m"), ("/m/", "/m"), ("/a/b", "/a/b")])
def test_mount_path_is_normalised(path: str, mounted: str) -> None:
    """Slashes around the path of a mount mean nothing; the root is empty."""
    router = Router()
    router.mount(path, Echo())
    assert [mount.path for mount in router.mounts] == [mounted]


def test_mount_twice_is_a_conflict() -> None:
    """Two applications at one path contradict each other."""
    app = HawkAPI()
    app.mount("/m", Echo())
    with pytest.raises(RouteConflictError, match=r"^Route conflict: an application is already mounted at /m"):
        app.mount("/m/", Echo())
    assert len(app.mounts) == 1


@pytest.mark.parametrize(
    ("path", "app", "error", "message"),
    [
        pytest.param("/{x}", Echo(), ValueError, "the path has parameters", id="parameters"),
        pytest.param("/a//b", Echo(), InvalidPathError, "empty segment", id="empty-segment"),
        pytest.param(Echo(), "/a", TypeError, "a mount needs a path, not <", id="swapped"),
        pytest.param("/a", None, TypeError, "a mount needs an ASGI application, not None", id="no-application"),
    ],
)
def test_mount_refused(path: Any, app: Any, error: type[Exception], message: str) -> None:
    """What could not be served is refused at once."""
    with pytest.raises(error, match=message):
        HawkAPI().mount(path, app)


def test_unmount() -> None:
    """A mount is gone for the next request, by the path it was given or has."""
    app = HawkAPI(prefix="/api")
    app.mount("/m", Echo())
    app.mount("/n", Echo())
    app.unmount("/m")
    app.unmount("/api/n")
    assert (app.mounts, request(app, "GET", "/api/m").status) == ([], 404)
    with pytest.raises(RouteNotFoundError, match="nothing is mounted at '/m'"):
        app.unmount("/m")


@pytest.mark.asgi_only("there is no raw path")
def test_mounts_are_included_with_the_prefix() -> None:
    """A router's mounts come with it, below both prefixes."""
    app, router = HawkAPI(prefix="/app"), Router(prefix="/r")
    router.mount("/m", Echo())
    app.include_router(router)
    assert told(request(app, "GET", "/app/r/m/x")) == ["echo", "/app/r/m", "/x"]


def test_many_slashes_cost_little() -> None:
    """Of a long path only what is no longer than the longest mount is looked up."""
    app = HawkAPI()
    app.mount("/m", Echo())
    mount = app._table.find_mount("/m" + "/" * 1_000_000)
    assert mount is not None
    assert mount.path == "/m"
    assert app._table.find_mount("/" * 1_000_000) is None


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        pytest.param({"path": "/x"}, "/x", id="no-root-path"),
        pytest.param({"path": "/a/x", "root_path": "/a/"}, "/x", id="root-path-with-slash"),
        pytest.param({"path": "/a", "root_path": "/a"}, "/", id="root-itself"),
        pytest.param({"path": "/ax", "root_path": "/a"}, "/ax", id="only-whole-segments"),
        pytest.param({"path": "/a/x", "root_path": "/"}, "/a/x", id="root-path-slash"),
        pytest.param({"path": "/\udc80"}, "/" + "\ufffd" * 3, id="half-surrogate"),
    ],
)
def test_route_path(scope: dict[str, Any], path: str) -> None:
    """Routes are matched below `root_path`, where the path holds it."""
    assert route_path(scope) == path


def test_mount_copy_is_equal() -> None:
    """A thread's own copy of a mount says the same."""
    mount = Mount("/m", Echo(), "name", strip_path=False)
    assert mount.copy() == mount
    assert mount.copy() is not mount

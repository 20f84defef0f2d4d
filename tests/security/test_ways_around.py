"""Ways around a guard: other methods, spellings of paths, places, kinds of connections, and routes that change."""

from __future__ import annotations

import itertools

import pytest

from hawkapi import (
    Controller,
    Depends,
    HawkAPI,
    HTTPBearer,
    PermissionPolicy,
    Router,
    TestClient,
    WebSocket,
    get,
    override,
)
from hawkapi.requests.connection import HTTPConnection
from hawkapi.testing import WebSocketDenied
from hawkapi.websocket import WebSocketDisconnect

bearer = HTTPBearer()
SECRET = "for who may"  # noqa: S105 - an answer


async def granted(connection: HTTPConnection) -> list[str]:
    """Return the permissions that the client says it has."""
    return connection.headers.get("x-may", "").split()


async def secret() -> str:
    """Answer what is guarded."""
    return SECRET


async def live(ws: WebSocket) -> None:
    """Tell what is guarded."""
    await ws.accept()
    await ws.send_text(SECRET)


class Reports(Controller):
    prefix = "/reports"

    @get("/", permissions=["read"])
    def read(self) -> str:
        """Answer what is guarded, in a worker thread."""
        return SECRET


class MoreReports(Reports):
    prefix = "/more-reports"


def guarded() -> HawkAPI:
    """Return an application with guarded routes of every kind, and with mounts that have a policy and have none."""
    app, attended, unattended = HawkAPI(), HawkAPI(), HawkAPI()
    for each in (app, attended, unattended):
        each.get("/secret", permissions=["read"])(secret)
        each.websocket("/live", permissions=["read"])(live)
    app.permission_policy = attended.permission_policy = PermissionPolicy(granted)
    app.get("/items/{item}", permissions=["read"])(secret)
    app.get("/secret", version="v2", permissions=["read"])(secret)
    app.add_route("/all", secret, methods=["GET", "POST", "OPTIONS", "TRACE", "PROPFIND"], permissions=["read"])
    inner, outer = Router(prefix="/inner", dependencies=[Depends(bearer)]), Router(prefix="/outer")
    inner.get("/secret")(secret)
    inner.websocket("/live")(live)
    outer.include_router(inner)
    app.include_router(outer)
    app.include_controller(Reports)
    app.include_controller(MoreReports)
    attended.mount("/deeper", unattended)
    app.mount("/attended", attended)
    app.mount("/unattended", unattended)
    return app


PATHS = {
    "/secret": 403,
    "/secret/": 403,
    "/secret?permissions=read&x-may=read": 403,
    "/%73ecret": 403,
    "/secret%2f": 403,
    "//secret": 404,
    "/./secret": 404,
    "/x/../secret": 404,
    "/%2e/secret": 404,
    "/SECRET": 404,
    "/secret;x": 404,
    "/secret%00": 404,
    "/secret%20": 404,
    "/items/secret": 403,
    "/items/..": 403,
    "/items/%2e%2e": 403,
    "/v2/secret": 403,
    "/v2/secret/": 403,
    "/all": 403,
    "/outer/inner/secret": 401,
    "/outer/inner/secret/": 401,
    "/inner/secret": 404,
    "/reports": 403,
    "/more-reports/": 403,
    "/attended/secret": 403,
    "/attended//secret": 404,
    "//attended/secret": 404,
    "/attended/deeper/secret": 500,
    "/attended/../secret": 404,
    "/unattended/secret": 500,
}
"""Where a client without credentials asks, and the status of its answer to `GET`."""


@pytest.mark.parametrize("path", PATHS)
def test_http(path: str) -> None:
    """No spelling of a path, and no method, comes past a guard; a path of no route stays one."""
    client = TestClient(guarded())
    spoofed = {
        "x-http-method-override": "GET",
        "x-original-url": "/healthz",
        "x-rewrite-url": "/healthz",
        "x-forwarded-prefix": "/healthz",
        "x-forwarded-for": "127.0.0.1",
    }
    for method, headers in itertools.product(("GET", "HEAD", "get"), ({}, spoofed)):
        assert client.request(method, path, headers=headers).status_code == PATHS[path]
    for method in ("POST", "OPTIONS", "TRACE", "PROPFIND", "CONNECT", "BREW"):
        answer = client.request(method, path)
        assert (SECRET in answer.text, answer.status_code in {200, 201}) == (False, False)


def test_who_may_comes_in() -> None:
    """The same paths are open to who has what they ask for, so that their refusal is the guard's."""
    client = TestClient(guarded(), headers={"x-may": "read", "authorization": "Bearer a"})
    open_to = {path for path in PATHS if client.get(path).status_code == 200}
    assert open_to == {path for path, status in PATHS.items() if status in {401, 403}}


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("/live", 4003),
        ("/live/", 4003),
        ("/%6cive", 4003),
        ("/outer/inner/live", 401),
        ("/attended/live", 4003),
        ("/attended/deeper/live", 4003),
        ("/unattended/live", 4003),
        ("//live", 404),
        ("/secret", 404),
    ],
)
def test_websocket(path: str, end: int) -> None:
    """Nor does a WebSocket, wherever it is; a route for requests is none for WebSockets."""
    client = TestClient(guarded())
    with pytest.raises(WebSocketDisconnect) as caught, client.websocket_connect(path):
        pass
    error = caught.value
    assert (error.response.status_code if isinstance(error, WebSocketDenied) else error.code) == end
    assert client.get("/live").status_code == 404


def test_route_that_is_made_again() -> None:
    """A route that takes the place of a removed one has the guard that it was given, and nothing of the other."""
    app = HawkAPI()
    app.permission_policy = PermissionPolicy(granted)
    client = TestClient(app)
    found = []
    for permissions in (["read"], None, ["read"]):
        app.get("/secret", permissions=permissions)(secret)
        found.append([client.request(method, "/secret").status_code for method in ("GET", "HEAD")])
        app.remove_route("/secret")
        assert client.get("/secret").status_code == 404
    assert found == [[403, 403], [200, 200], [403, 403]]


def test_router_that_is_replaced() -> None:
    """Routes of a router that takes the place of another one are guarded by its dependencies."""
    app, open_router, closed = HawkAPI(), Router(), Router(dependencies=[Depends(bearer)])
    open_router.get("/secret")(secret)
    closed.get("/secret")(secret)
    app.include_router(open_router)
    client = TestClient(app)
    assert client.get("/secret").status_code == 200
    app.replace_router(open_router, closed)
    assert client.get("/secret").status_code == 401


def test_override_ends_with_its_block() -> None:
    """A guard that a test has replaced is back when the test is over, and stays for clients of its own."""
    app = HawkAPI(dependencies=[Depends(bearer)])
    app.get("/secret")(secret)
    client = TestClient(app)
    with override(app, bearer, lambda: None):
        assert client.get("/secret").status_code == 200
    assert client.get("/secret").status_code == 401
    assert TestClient(app, overrides={bearer: lambda: None}).get("/secret").status_code == 200
    assert client.get("/secret").status_code == 401

"""Finding a route, as a client sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apps import JSON, TYPES, VARY, app_with, assert_problem, hello, length, two_routes
from asgi import request

from hawkapi import HawkAPI


def test_route_found() -> None:
    """A handler's result is sent as JSON with the route's status."""
    reply = request(two_routes(), "GET", "/things/?ignored=1")
    assert (reply.status, reply.body) == (200, b'{"hello":"world"}')
    assert reply.headers == [JSON, length(reply.body), VARY]


def test_no_route() -> None:
    """404 names method and path."""
    body = f'{{"type":"{TYPES}not-found","title":"Not Found","status":404,"detail":"No route matches GET /a/b"}}'
    assert_problem(request(two_routes(), "GET", "/a/b"), 404, body)


def test_wrong_method() -> None:
    """405 lists the methods of every route at the path, in `Allow` too."""
    detail = "Method POST not allowed. Allowed: GET, HEAD, PUT"
    body = f'{{"type":"{TYPES}method-not-allowed","title":"Method Not Allowed","status":405,"detail":"{detail}"}}'
    assert_problem(request(two_routes(), "POST", "/things"), 405, body, (b"allow", b"GET, HEAD, PUT"))


def test_wrong_method_other_route_has_it() -> None:
    """The right path with the wrong method goes on to the next route that matches."""
    assert request(two_routes(), "PUT", "/things").status == 200


@pytest.mark.parametrize("target", ["/nothing/here", "/things"])
def test_head_of_a_problem(target: str) -> None:
    """A problem document has no body under HEAD, but the length it would have."""
    app = HawkAPI()
    app.post("/things")(hello)
    head, get = request(app, "HEAD", target), request(app, "GET", target)
    assert head.body == b""
    assert abs(int(head.header("content-length") or 0) - len(get.body)) <= len("HEAD") - len("GET")


def test_options() -> None:
    """OPTIONS without a handler of its own is answered with 204 and `Allow`."""
    reply = request(two_routes(), "OPTIONS", "/things")
    assert (reply.status, reply.headers, reply.body) == (204, [(b"allow", b"GET, HEAD, OPTIONS, PUT")], b"")


def test_options_with_handler() -> None:
    """A handler registered for OPTIONS is called."""
    reply = request(app_with(hello, method="OPTIONS"), "OPTIONS", "/")
    assert (reply.status, reply.body) == (200, b'{"hello":"world"}')


def test_options_elsewhere() -> None:
    """OPTIONS at a path without routes is 404."""
    assert request(two_routes(), "OPTIONS", "/a/b").status == 404


def test_head() -> None:
    """HEAD runs the GET handler and sends what GET sends, without the body."""
    app = two_routes()
    head, get = request(app, "HEAD", "/things"), request(app, "GET", "/things")
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


@pytest.mark.parametrize(
    ("path", "root_path", "status"),
    [
        pytest.param("/things", "", 200, id="none"),
        pytest.param("/api/things", "/api", 200, id="stripped"),
        pytest.param("/things", "/api", 200, id="not-in-the-path"),
        pytest.param("/apithings", "/api", 405, id="only-whole-segments"),
        pytest.param("/api", "/api", 201, id="root-itself"),
        pytest.param("/api/", "/api", 201, id="root-with-slash"),
    ],
)
def test_root_path(path: str, root_path: str, status: int) -> None:
    """Routes are matched below the `root_path` of a server, whether or not the path holds it."""
    app = two_routes()
    app.add_route("/", hello, methods=["GET"], status_code=201)
    assert request(app, "GET", path, root_path=root_path).status == status


@pytest.mark.asgi_only("it is about an ASGI scope")
def test_scope_without_optional_keys() -> None:
    """A server need not send `root_path` and `query_string`."""

    async def scenario() -> int:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request"}

        scope = {"type": "http", "method": "GET", "path": "/"}
        await app_with(optional_number)(scope, receive, send)
        assert scope["app"]
        return int(sent[0]["status"])

    assert asyncio.run(scenario()) == 200


async def optional_number(number: int = 1) -> int:
    """Answer a query value."""
    return number


def test_prefix() -> None:
    """The app's prefix stands in front of every path."""
    app = app_with(hello, "/things", prefix="/api")
    assert [request(app, "GET", path).status for path in ("/api/things", "/things")] == [200, 404]

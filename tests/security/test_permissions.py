"""Permissions: who may call a route, and what happens when nobody can say."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable
from typing import Annotated, Any

import pytest
from apps import TYPES, assert_problem
from asgi import request
from websockets_asgi import ACCEPT, DENIAL, close, converse

from hawkapi import (
    Depends,
    HawkAPI,
    Header,
    HTTPException,
    PermissionPolicy,
    Request,
    Route,
    Router,
    WebSocket,
)
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.requests.connection import HTTPConnection


async def granted(request: HTTPConnection) -> set[str]:
    """Return the permissions that the client says it has."""
    return set(request.headers.get("x-may", "").split())


async def hello() -> str:
    """Answer anything."""
    return "hello"


def guarded(policy: PermissionPolicy | None, *permissions: str, handler: Any = hello) -> HawkAPI:
    """Return an application with a route that needs permissions."""
    app = HawkAPI()
    app.get("/", permissions=list(permissions))(handler)
    app.permission_policy = policy
    return app


def status(app: HawkAPI, may: str = "", method: str = "GET", path: str = "/") -> int:
    """Return the status of a request by a client that has permissions."""
    return request(app, method, path, headers={"x-may": may}).status


@pytest.mark.parametrize(
    ("mode", "may", "detail"),
    [
        ("all", "a b c", None),
        ("all", "b a", None),
        ("all", "a", "Insufficient permissions. Missing: b"),
        ("all", "", "Insufficient permissions. Missing: a, b"),
        ("any", "b", None),
        ("any", "c", "Insufficient permissions"),
        ("any", "", "Insufficient permissions"),
    ],
)
def test_modes(mode: Any, may: str, detail: str | None) -> None:
    """All permissions of a route are needed, or any, and what is missing is said in order."""
    reply = request(guarded(PermissionPolicy(granted, mode=mode), "b", "a"), "GET", "/", headers={"x-may": may})
    if detail is None:
        assert (reply.status, reply.json()) == (200, "hello")
        return
    assert_problem(reply, 403, f'{{"type":"{TYPES}http","title":"Forbidden","status":403,"detail":"{detail}"}}')


def test_refusal_of_ones_own() -> None:
    """Status and detail are the policy's, and it need not say what is missing."""
    policy = PermissionPolicy(granted, error_status=404, error_detail="Nothing here", show_missing=False)
    reply = request(guarded(policy, "a"), "GET", "/")
    assert (reply.status, reply.json()["detail"]) == (404, "Nothing here")


def test_refusal_with_a_challenge() -> None:
    """A 401 has a challenge, which is the policy's to say."""
    challenge = 'Bearer realm="notes"'
    policy = PermissionPolicy(granted, error_status=401, error_headers={"WWW-Authenticate": challenge})
    reply = request(guarded(policy, "a"), "GET", "/")
    assert (reply.status, reply.header("www-authenticate")) == (401, challenge)


def test_no_policy(caplog: pytest.LogCaptureFixture) -> None:
    """What nobody can decide is closed, and the log says what to do."""
    reply = request(guarded(None, "a"), "GET", "/", headers={"x-may": "a"})
    assert (reply.status, reply.json()["detail"]) == (500, "Permissions cannot be checked")
    (record,) = caplog.records
    assert record.getMessage().endswith("but there is nobody to ask: set app.permission_policy")


def test_policy_may_change() -> None:
    """A policy counts from when it is set, for the routes before it too, and without one they are closed again."""
    app = guarded(PermissionPolicy(granted), "a")
    assert status(app, "a") == 200
    app.permission_policy = PermissionPolicy(granted, error_status=401)
    assert status(app) == 401
    app.permission_policy = None
    assert status(app, "a") == 500


def test_policy_that_is_none() -> None:
    """What cannot decide is not taken for a policy."""
    with pytest.raises(TypeError, match="permission_policy is a PermissionPolicy or None"):
        HawkAPI().permission_policy = granted  # type: ignore[assignment]


@pytest.mark.parametrize("permissions", [None, []])
def test_route_without_permissions(permissions: list[str] | None) -> None:
    """A route that asks for none does not ask the policy."""

    async def resolver(request: Request) -> set[str]:
        raise AssertionError

    app = HawkAPI()
    app.permission_policy = PermissionPolicy(resolver)
    app.get("/", permissions=permissions)(hello)
    assert status(app) == 200


def test_permissions_come_first() -> None:
    """The policy is asked before guards, before parameters are judged, and before the body is read."""
    called: list[str] = []

    def guard() -> None:
        called.append("guard")

    async def handler(n: int, body: dict[str, int], found: None = Depends(guard)) -> str:
        return "ok"

    app = HawkAPI(dependencies=[Depends(guard)])
    app.post("/", permissions=["a"])(handler)
    app.permission_policy = PermissionPolicy(granted)

    reply = request(app, "POST", "/?n=x", chunks=[])
    assert (reply.status, called) == (403, [])
    assert request(app, "POST", "/?n=1", body=b"{}", headers={"x-may": "a"}).json() == "ok"


RESOLVED = [
    pytest.param(["a"], 200, id="list"),
    pytest.param(("a", "a"), 200, id="tuple"),
    pytest.param(frozenset("a"), 200, id="frozenset"),
    pytest.param({"a": 1}, 200, id="dict"),
    pytest.param([], 403, id="none"),
    pytest.param("a", 500, id="text"),
    pytest.param(b"a", 500, id="bytes"),
    pytest.param(None, 500, id="nothing"),
    pytest.param(True, 500, id="no-iterable"),
]


@pytest.mark.parametrize(("result", "expected"), RESOLVED)
@pytest.mark.parametrize("is_async", [True, False])
def test_what_a_resolver_returns(result: Any, expected: int, is_async: bool) -> None:
    """Any iterable is a set of permissions; a text, whose letters are none, is a fault."""

    async def resolve(request: Request) -> Iterable[str]:
        found: Iterable[str] = result
        return found

    policy = PermissionPolicy(resolve if is_async else lambda _: result)
    assert status(guarded(policy, "a")) == expected


def test_plain_resolver() -> None:
    """A plain function runs in a worker thread, and what it returns may be awaited."""
    threads: list[str] = []

    def resolve(request: Request) -> Any:
        threads.append(threading.current_thread().name)
        return granted(request)

    app = guarded(PermissionPolicy(resolve), "a")
    assert [status(app, "a"), status(app, "b")] == [200, 403]
    assert [name.startswith("hawkapi-worker") for name in threads] == [True, True]


@pytest.mark.parametrize(("exc", "expected"), [(HTTPException(401), 401), (ValueError("secret"), 500)])
def test_resolver_that_raises(exc: Exception, expected: int) -> None:
    """An HTTP exception is the answer, anything else a fault that clients see nothing of."""

    async def resolve(request: Request) -> set[str]:
        raise exc

    reply = request(guarded(PermissionPolicy(resolve), "a"), "GET", "/")
    assert reply.status == expected
    assert b"secret" not in reply.body


def test_resolver_reads_the_request() -> None:
    """It gets the request that the handler gets, and may read the body before it."""
    seen: list[Request] = []

    async def resolve(request: Request) -> list[str]:
        seen.append(request)
        found: list[str] = await request.json()
        return found

    async def handler(request: Request, body: list[str]) -> list[str]:
        seen.append(request)
        return body

    app = HawkAPI()
    app.post("/", permissions=["a"])(handler)
    app.permission_policy = PermissionPolicy(resolve)
    assert request(app, "POST", "/", body=b'["a"]').json() == ["a"]
    assert seen[0] is seen[1]


def test_permissions_below_routers() -> None:
    """A route keeps its permissions wherever its router is included, and asks the application it is part of."""
    inner, outer = Router(prefix="/inner"), Router(prefix="/outer")
    inner.get("/", permissions=["a"])(hello)
    outer.include_router(inner)
    apps = [HawkAPI(), HawkAPI()]
    for app, error in zip(apps, (401, 402), strict=True):
        app.include_router(outer)
        app.permission_policy = PermissionPolicy(granted, error_status=error)
    assert [status(app, path="/outer/inner") for app in apps] == [401, 402]
    assert [status(app, "a", path="/outer/inner") for app in apps] == [200, 200]


def test_permissions_behind_middleware() -> None:
    """Middleware around the application or the route takes nothing of a route's permissions away."""

    class Through:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self.app(scope, receive, send)

    app = HawkAPI()
    app.get("/", permissions=["a"], middleware=[Through])(hello)
    app.add_middleware(Through)
    app.permission_policy = PermissionPolicy(granted)
    assert [status(app), status(app, "a")] == [403, 200]


def test_permissions_of_a_route_that_loses_a_method() -> None:
    """What is left of a route when one of its methods is removed is guarded as before."""
    app = HawkAPI()
    app.add_route("/", hello, methods=["GET", "POST"], permissions=["a"])
    app.permission_policy = PermissionPolicy(granted)
    app.remove_route("/", methods=["POST"])
    assert [status(app), status(app, "a"), status(app, "a", "POST")] == [403, 200, 405]


def test_permissions_that_a_plugin_adds() -> None:
    """A plugin may put a route behind permissions."""

    class Locked:
        def on_route_registered(self, route: Route) -> Route:
            return Route(path=route.path, handler=route.handler, methods=route.methods, permissions=["a"])

    app = HawkAPI()
    app.add_plugin(Locked())
    app.get("/")(hello)
    app.permission_policy = PermissionPolicy(granted)
    assert [status(app), status(app, "a")] == [403, 200]


def test_head_is_guarded() -> None:
    """`HEAD` asks for the same permissions as `GET`."""
    assert status(guarded(PermissionPolicy(granted), "a"), method="HEAD") == 403


async def accept(ws: WebSocket, x_token: Annotated[int, Header()] = 0) -> None:
    """Accept and return."""
    await ws.accept()


@pytest.mark.parametrize("extensions", [{}, DENIAL])
def test_websocket(extensions: dict[str, Any]) -> None:
    """A client without the permissions of a WebSocket is closed with 4003 before it is accepted."""
    app = HawkAPI()
    app.websocket("/ws", permissions=["a"])(accept)
    app.permission_policy = PermissionPolicy(granted)
    refused = [close(4003, "Insufficient permissions. Missing: a")]
    headers = [("x-token", "none")]
    assert converse(app, "/ws", headers=headers, extensions=extensions) == refused
    assert converse(app, "/ws", headers=[("x-may", "a")], extensions=extensions) == [ACCEPT, close()]


def test_websocket_without_policy(caplog: pytest.LogCaptureFixture) -> None:
    """Without a policy it is closed to everyone."""
    app = HawkAPI()
    app.websocket("/ws", permissions=["a"])(accept)
    assert converse(app, "/ws", headers=[("x-may", "a")]) == [close(4003, "Permissions cannot be checked")]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_websocket_whose_resolver_fails(caplog: pytest.LogCaptureFixture) -> None:
    """A fault of the resolver closes it as a fault of a handler does, and is logged."""

    def resolve(connection: HTTPConnection) -> list[str]:
        raise ValueError

    app = HawkAPI()
    app.websocket("/ws", permissions=["a"])(accept)
    app.permission_policy = PermissionPolicy(resolve)
    assert converse(app, "/ws") == [close(1011)]
    assert len(caplog.records) == 1


def test_check_by_hand() -> None:
    """A policy can be asked without an application, by coroutine functions and plain ones."""

    async def check(policy: PermissionPolicy) -> None:
        await policy.check(None, ["a"])
        await policy.check(None, [])
        with pytest.raises(HTTPException) as caught:
            await policy.check(None, ["b", "a", "c"])
        assert (caught.value.status_code, caught.value.detail) == (403, "Insufficient permissions. Missing: b, c")

    async def resolve(request: None) -> list[str]:
        return ["a"]

    asyncio.run(check(PermissionPolicy(resolve)))
    asyncio.run(check(PermissionPolicy(lambda _: ["a"])))


def test_check_of_one_text() -> None:
    """A text is no list of permissions: whoever may do "a" may not, in the mode "any", do "admin"."""
    with pytest.raises(TypeError, match=r"permissions are a list of texts; write \['admin'\]"):
        asyncio.run(PermissionPolicy(lambda _: ["a"], mode="any").check(None, "admin"))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"mode": "some"}, ValueError, "mode must be 'all' or 'any'"),
        ({"error_status": 200}, ValueError, "status_code is 200; it must be a number from 400"),
        ({"resolver": {"a"}}, TypeError, "PermissionPolicy needs a function"),
    ],
    ids=["mode", "status", "resolver"],
)
def test_policy_of_no_use(options: dict[str, Any], error: type[Exception], message: str) -> None:
    """A policy that could not work says so when it is made."""
    with pytest.raises(error, match=message):
        PermissionPolicy(**{"resolver": granted, **options})


def test_plan_without_guard() -> None:
    """A route with permissions cannot be served by what has nobody to ask."""
    from hawkapi._plan import check_route

    route = Route(path="/", handler=hello, methods=frozenset({"GET"}), permissions=["a"])
    with pytest.raises(UnsupportedTypeError, match="permissions= need an application that asks its policy"):
        check_route(route, lambda _: False)

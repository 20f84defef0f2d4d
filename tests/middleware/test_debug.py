"""`DebugMiddleware`: the routes and what they have been doing."""

from __future__ import annotations

from apps import NO_PROBES, hello
from asgi import request

from hawkapi import HawkAPI, HTTPException
from hawkapi.middleware import DebugMiddleware


async def fail(number: int) -> None:
    """Fail, or refuse."""
    if number == 1:
        raise ZeroDivisionError
    raise HTTPException(409)


def make(**options: object) -> HawkAPI:
    """Return an application with two routes behind the middleware."""
    app = HawkAPI(**NO_PROBES)
    app.get("/hello", name="greet")(hello)
    app.get("/fail/{number}", deprecated=True)(fail)
    app.mount("/m", HawkAPI())
    app.add_middleware(DebugMiddleware, **options)
    return app


def test_routes() -> None:
    """Each has its path, methods, name and whether it is deprecated."""
    assert request(make(enabled=True), "GET", "/_debug/routes").json() == [
        {"path": "/hello", "methods": ["GET", "HEAD"], "name": "greet", "deprecated": False},
        {"path": "/fail/{number}", "methods": ["GET", "HEAD"], "name": "fail", "deprecated": True},
    ]


def test_statistics() -> None:
    """Requests are counted by route, those that no route takes together; a failure is 500 or more."""
    moments = iter(number / 1000 for number in range(100))
    app = make(enabled=True, prefix="/inside", clock=lambda: next(moments))
    for target in ("/hello", "/fail/1", "/fail/2", "/nowhere", "/elsewhere", "/m/a", "/m/b"):
        request(app, "GET", target)
    assert request(app, "GET", "/inside/stats").json() == {
        "/hello": {"count": 1, "avg_latency_ms": 1.0, "errors": 0},
        "/fail/{number}": {"count": 2, "avg_latency_ms": 1.0, "errors": 1},
        "<unmatched>": {"count": 2, "avg_latency_ms": 1.0, "errors": 0},
        "/m": {"count": 2, "avg_latency_ms": 1.0, "errors": 0},
    }


def test_middleware_of_one_route() -> None:
    """It counts that route."""
    app = HawkAPI(**NO_PROBES)
    app.get("/a/{b}", middleware=[(DebugMiddleware, {"enabled": True, "prefix": "/a"})])(hello)
    request(app, "GET", "/a/x")
    assert list(request(app, "GET", "/a/stats").json()) == ["/a/{b}"]


def test_root_path() -> None:
    """Below the path of a proxy the pages are where the routes are."""
    app = make(enabled=True)
    replies = [request(app, "GET", f"/api/_debug/{page}", root_path="/api") for page in ("routes", "stats")]
    assert [reply.status for reply in replies] == [200, 200]


def test_disabled() -> None:
    """By default there is nothing to see."""
    app = make()
    assert [request(app, "GET", f"/_debug/{page}").status for page in ("routes", "stats")] == [404, 404]

"""Plain ASGI middleware around the application and around single routes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apps import NO_PROBES, app_with, hello
from asgi import call, request

from hawkapi import HawkAPI, HTTPException, MiddlewareEntry, PlainTextResponse, Response


class Tag:
    """Adds its name to a field of the response, and counts its requests."""

    made = 0

    def __init__(self, app: Any, name: str = "tag") -> None:
        Tag.made += 1
        self.app = app
        self.name = name
        self.count = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.count += 1

        async def tagged(message: Any) -> None:
            if message["type"] == "http.response.start":
                field = (b"x-tag", f"{self.name}{self.count}".encode())
                message = {**message, "headers": [field, *message["headers"]]}
            await send(message)

        await self.app(scope, receive, tagged)


class Deny:
    """Answers everything itself."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("denied", status_code=403)(scope, receive, send)


class Fail:
    """Fails before or after the response has begun."""

    def __init__(self, app: Any, after: bool = False) -> None:
        self.app = app
        self.after = after

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.after:
            await self.app(scope, receive, send)
        raise HTTPException(418)


def tags(app: HawkAPI, target: str = "/") -> list[str]:
    """Return what the tagging middleware added, the outermost first."""
    reply = request(app, "GET", target)
    return [value.decode() for name, value in reply.headers if name == b"x-tag"]


@pytest.mark.thread_unsafe(reason="counts the instances of a class of this module")
def test_first_added_is_outermost_and_made_once() -> None:
    """Middleware runs in the order in which it was added, and keeps its state from request to request."""
    app = app_with(hello)
    made = Tag.made
    app.add_middleware(Tag, name="a")
    app.add_middleware(Tag, name="b")
    assert tags(app) == ["a1", "b1"]
    app.add_middleware(Tag, name="c")
    assert tags(app) == ["a2", "b2", "c1"]
    assert tags(app, "/nowhere") == ["a3", "b3", "c2"]
    assert Tag.made - made == 3


def test_route_middleware_is_made_once_for_its_route() -> None:
    """A route's middleware runs for that route only, inside the application's, and keeps its state."""
    app = HawkAPI()
    app.get("/a", middleware=[Tag, (Tag, {"name": "second"}), MiddlewareEntry(Tag, {"name": "third"})])(hello)
    app.get("/b")(hello)
    app.add_middleware(Tag, name="app")
    assert tags(app, "/a") == ["app1", "tag1", "second1", "third1"]
    assert tags(app, "/b") == ["app2"]
    assert tags(app, "/a") == ["app3", "tag2", "second2", "third2"]


@pytest.mark.parametrize("whole", [True, False])
def test_short_circuit(whole: bool) -> None:
    """A middleware may answer by itself; the handler is not called then."""
    called: list[int] = []

    async def handler() -> None:
        """Be called."""
        called.append(1)

    app = HawkAPI()
    app.get("/", middleware=None if whole else [Deny])(handler)
    if whole:
        app.add_middleware(Deny)
    assert (request(app, "GET", "/").status, called) == (403, [])


def test_exception_in_middleware_becomes_a_response() -> None:
    """What a middleware raises before a response has begun is answered as elsewhere, exception handlers included."""
    app = app_with(hello)
    app.add_middleware(Fail)
    assert request(app, "GET", "/").status == 418

    @app.exception_handler(418)
    async def teapot(request: Any, exc: Any) -> Response:
        return PlainTextResponse("short and stout", status_code=418)

    assert request(app, "GET", "/").body == b"short and stout"


def test_exception_after_the_response_has_begun_reaches_the_server() -> None:
    """Two responses cannot be sent; the server has to end the connection."""
    app = app_with(hello)
    app.add_middleware(Fail, after=True)
    with pytest.raises(HTTPException):
        request(app, "GET", "/")


def test_handler_failure_passes_through_middleware_as_a_response() -> None:
    """Middleware sees the response to an exception of the handler, not the exception."""

    async def handler() -> None:
        """Fail."""
        raise HTTPException(409)

    app = HawkAPI()
    app.get("/", middleware=[(Tag, {"name": "route"})])(handler)
    app.add_middleware(Tag, name="app")
    assert (tags(app), request(app, "GET", "/").status) == (["app1", "route1"], 409)


def test_middleware_added_while_a_request_runs() -> None:
    """A request keeps the chain that it began with."""
    app = HawkAPI()
    begun, going_on = asyncio.Event(), asyncio.Event()

    class Wait:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            begun.set()
            await going_on.wait()
            await self.app(scope, receive, send)

    app.get("/")(hello)
    app.add_middleware(Wait)

    async def scenario() -> tuple[bool, bool]:
        first = asyncio.create_task(call(app, "GET", "/"))
        await begun.wait()
        app.add_middleware(Tag)
        going_on.set()
        replies = [await first, await call(app, "GET", "/")]
        return tuple(any(name == b"x-tag" for name, _ in reply.headers) for reply in replies)  # type: ignore[return-value]

    assert asyncio.run(scenario()) == (False, True)


@pytest.mark.parametrize(
    ("middleware", "kwargs", "reason"),
    [
        (Tag, {"unknown": 1}, "middleware Tag cannot be made: .*unknown"),
        (lambda _: None, {}, "is no ASGI application: None cannot be called"),
    ],
)
def test_middleware_that_cannot_be_made(middleware: Any, kwargs: dict[str, Any], reason: str) -> None:
    """What cannot be made or called is refused when it is added, and nothing is changed."""
    app = app_with(hello, **NO_PROBES)
    with pytest.raises(TypeError, match=reason):
        app.add_middleware(middleware, **kwargs)
    with pytest.raises(TypeError, match=reason):
        app.get("/other", middleware=[(middleware, kwargs)])(hello)
    assert (request(app, "GET", "/").status, len(app.routes)) == (200, 1)


def test_middleware_stays_when_a_method_is_removed() -> None:
    """A route that loses one of its methods is still inside its middleware, which may be what guards it."""
    app = HawkAPI()
    app.add_route("/", hello, methods=["GET", "POST"], middleware=[Deny])
    app.remove_route("/", ["POST"])
    assert [request(app, method, "/").status for method in ("GET", "POST")] == [403, 405]

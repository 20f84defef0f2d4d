"""Plugins: what they are told, and what they may change."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from apps import hello
from asgi import call, request
from lifespans import COMPLETE, run_events

from hawkapi import Controller, HawkAPI, HTTPException, Plugin, Request, Response, Route, Router, StreamingResponse, get
from hawkapi.exceptions import RouteConflictError, UnsupportedTypeError
from hawkapi.plugins import spec_to_publish
from hawkapi.routing.mounts import Mount


class Recorder(Plugin):
    """Writes down what it is told."""

    def __init__(self, events: list[Any], name: str = "") -> None:
        self.events = events
        self.name = name

    def on_route_registered(self, route: Route) -> Route:
        self.events.append(f"{self.name}{route.path}")
        return route

    def on_mount_registered(self, mount: Mount) -> None:
        self.events.append(f"{self.name}mount {mount.path}")

    def on_exception(self, request: Request, exc: Exception) -> None:
        self.events.append((f"{self.name}{request.path}", repr(exc)))


def app_with(*plugins: object) -> HawkAPI:
    """Return an app with plugins."""
    app = HawkAPI()
    for plugin in plugins:
        app.add_plugin(plugin)
    return app


def router_with(path: str) -> Router:
    """Return a router with one route."""
    router = Router()
    router.get(path)(hello)
    return router


def test_defaults_change_nothing() -> None:
    """The base returns what it is given, or nothing."""
    plugin = Plugin()
    route = router_with("/").routes[0]
    spec: dict[str, Any] = {}
    assert plugin.on_route_registered(route) is route
    assert plugin.on_schema_generated(spec) is spec
    assert (plugin.on_startup(), plugin.on_shutdown()) == (None, None)


def test_plugins_are_listed() -> None:
    """`app.plugins` has them in order; nobody can change it from outside."""
    first, second = Plugin(), Plugin()
    assert app_with(first, second).plugins == (first, second)
    assert HawkAPI().plugins == ()


@pytest.mark.parametrize(
    ("plugin", "message"),
    [(Plugin, r"write add_plugin\(Plugin\(...\)\)"), (None, "needs an object, not None")],
    ids=["class", "none"],
)
def test_what_is_no_plugin(plugin: object, message: str) -> None:
    """A class is refused with what to write instead."""
    with pytest.raises(TypeError, match=message):
        HawkAPI().add_plugin(plugin)


class Items(Controller):
    """Has one route."""

    prefix = "/controlled"

    @get("/")
    async def read(self) -> str:
        return "item"


@pytest.mark.parametrize(
    ("register", "told"),
    [
        pytest.param(lambda app: app.get("/a")(hello), ["/a"], id="decorator"),
        pytest.param(lambda app: app.add_route("/a", hello, methods=["PUT"]), ["/a"], id="add_route"),
        pytest.param(lambda app: app.include_router(router_with("/r")), ["/r"], id="router"),
        pytest.param(lambda app: app.include_controller(Items), ["/controlled"], id="controller"),
        pytest.param(lambda app: app.tree.insert(router_with("/t").routes[0]), ["/t"], id="tree"),
        pytest.param(lambda app: app.mount("/m", HawkAPI()), ["mount /m"], id="mount"),
    ],
)
def test_every_route_is_told_once(register: Callable[[HawkAPI], Any], told: list[str]) -> None:
    """Wherever a route comes from, each plugin sees it once, with its whole path, in the order of plugins."""
    events: list[Any] = []
    register(app_with(Recorder(events, "1 "), Recorder(events, "2 ")))
    assert events == [f"{name}{what}" for what in told for name in ("1 ", "2 ")]


def test_mounts_of_an_included_router_are_told() -> None:
    """They come after the routes, with the prefix."""
    events: list[Any] = []
    router = Router(prefix="/r")
    router.get("/a")(hello)
    router.mount("/m", HawkAPI())
    app_with(Recorder(events)).include_router(router)
    assert events == ["/r/a", "mount /r/m"]


def test_replacing_a_router_tells_of_the_new_routes() -> None:
    """Every place that the old router had is told, and nothing else."""
    events: list[Any] = []
    app, old = HawkAPI(), router_with("/old")
    app.include_router(old)
    app.add_plugin(Recorder(events))
    app.replace_router(old, router_with("/new"))
    assert events == ["/new"]


def test_replacing_beside_another_inclusion_tells_once() -> None:
    """A replacement that has to look again, because something was included meanwhile, tells nobody twice."""
    events: list[Any] = []
    app, old = HawkAPI(), router_with("/old")
    app.include_router(old)

    class Includer(Recorder):
        def on_route_registered(self, route: Route) -> Route:
            if not self.events:
                app.add_plugin(Recorder([]))
                self.events.append("first")
                app.include_router(router_with("/meanwhile"))
            return super().on_route_registered(route)

    app.add_plugin(Includer(events))
    app.replace_router(old, router_with("/new"))
    assert events == ["first", "/meanwhile", "/new"]
    assert [route.path for route in app.routes if route.handler is hello] == ["/new", "/meanwhile"]


def test_returned_route_is_registered() -> None:
    """Each plugin gets what the one before it returned; what the last one returns is served."""

    class Below(Plugin):
        def __init__(self, prefix: str) -> None:
            self.prefix = prefix

        def on_route_registered(self, route: Route) -> Route:
            return dataclasses.replace(route, path=f"{self.prefix}{route.path}/", methods=frozenset({"post"}))

    app = app_with(Below("b"), Below("/a/"))
    route = app.add_route("/x", hello, methods=["GET"])
    assert (route.path, route.methods) == ("/a/b/x", frozenset({"POST"}))
    assert [request(app, method, "/a/b/x").status for method in ("POST", "GET")] == [200, 405]


class Teapot:
    """Middleware that answers everything."""

    def __init__(self, app: Any) -> None:
        """Take the application, and forget it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await Response(status_code=418)(scope, receive, send)


def test_returned_route_brings_its_middleware() -> None:
    """Middleware that a plugin puts around a route runs, also when the path is written in another way."""

    class Guard(Plugin):
        def on_route_registered(self, route: Route) -> Route:
            return dataclasses.replace(route, path="x/", middleware=(Teapot,))  # type: ignore[arg-type]

    app = app_with(Guard())
    app.get("/")(hello)
    assert request(app, "GET", "/x").status == 418


def test_returned_route_that_cannot_be_served() -> None:
    """What a plugin makes of a route is checked as if a user had written it."""

    def generator() -> Iterator[str]:
        yield "never"

    class Wrong(Plugin):
        def on_route_registered(self, route: Route) -> Route:
            return dataclasses.replace(route, handler=generator)

    app = app_with(Wrong())
    with pytest.raises(UnsupportedTypeError, match="a generator as handler is not supported"):
        app.get("/")(hello)
    assert request(app, "GET", "/").status == 404


def test_one_route_returned_for_all_is_refused() -> None:
    """A plugin that returns the same route again and again cannot register it twice."""
    same = router_with("/same").routes[0]

    class Same(Plugin):
        def on_route_registered(self, route: Route) -> Route:
            return same

    app = app_with(Same())
    app.get("/a")(hello)
    with pytest.raises(RouteConflictError):
        app.get("/b")(hello)
    assert request(app, "GET", "/same").status == 200


def test_none_keeps_the_route() -> None:
    """A hook that returns nothing only looks."""

    class Looking:
        def on_route_registered(self, route: Route) -> None:
            """See it."""

    app = app_with(Looking())
    app.get("/")(hello)
    assert request(app, "GET", "/").status == 200


@pytest.mark.parametrize("hook", ["plain", "coroutine"])
def test_route_hook_that_returns_something_else(hook: str) -> None:
    """Neither a route nor nothing is refused, and nothing is registered."""

    class Plain:
        def on_route_registered(self, route: Route) -> str:
            return route.path

    class Asynchronous:
        async def on_route_registered(self, route: Route) -> Route:
            return route

    app = app_with(Plain() if hook == "plain" else Asynchronous())
    with pytest.raises(TypeError, match=r"\.on_route_registered returned .*; return a Route, or None to keep"):
        app.get("/")(hello)
    assert request(app, "GET", "/").status == 404


def test_hook_that_raises_refuses_everything() -> None:
    """What a hook raises reaches the caller; of several routes not even those before it are registered."""

    class NoSecrets(Plugin):
        def on_route_registered(self, route: Route) -> None:
            if route.path == "/secret":
                raise ValueError("no secrets")

        def on_mount_registered(self, mount: Mount) -> None:
            raise ValueError("no mounts")

        def on_middleware_added(self, cls: Any, kwargs: Any) -> None:
            raise ValueError("no middleware")

    app, router = app_with(NoSecrets()), Router()
    router.get("/open")(hello)
    router.get("/secret")(hello)
    with pytest.raises(ValueError, match="no secrets"):
        app.include_router(router)
    with pytest.raises(ValueError, match="no mounts"):
        app.mount("/m", HawkAPI())
    with pytest.raises(ValueError, match="no middleware"):
        app.add_middleware(Teapot)
    assert [request(app, "GET", path).status for path in ("/open", "/secret", "/m/x")] == [404] * 3
    assert app.mounts == []


def test_middleware_is_told_to_all() -> None:
    """Each plugin gets the class and a dict of its arguments that is its own to change."""
    events: list[Any] = []

    class Told:
        def on_middleware_added(self, cls: Any, kwargs: dict[str, Any]) -> None:
            events.append((cls, kwargs))
            kwargs.clear()

    class Named(Teapot):
        def __init__(self, app: Any, name: str) -> None:
            assert name == "x"

    app = app_with(Told(), Told())
    app.add_middleware(Named, name="x")
    assert [cls for cls, _ in events] == [Named, Named]


def test_specification_is_chained() -> None:
    """Each plugin gets what the one before it returned; nothing keeps it, anything else is refused."""

    class Titled(Plugin):
        def __init__(self, title: Any) -> None:
            self.title = title

        def on_schema_generated(self, spec: dict[str, Any]) -> Any:
            return {**spec, "titles": [*spec["titles"], self.title]}

    class Changing:
        def on_schema_generated(self, spec: dict[str, Any]) -> None:
            spec["titles"].append("changed")

    class Wrong(Plugin):
        def on_schema_generated(self, spec: dict[str, Any]) -> Any:
            return "spec"

    plugins = [Titled("1"), object(), Changing(), Titled("2")]
    assert spec_to_publish(plugins, {"titles": []}) == {"titles": ["1", "changed", "2"]}
    with pytest.raises(TypeError, match=r"Wrong\.on_schema_generated returned 'spec'; return a dict, or None"):
        spec_to_publish([Wrong()], {})


class Lost(Exception):
    """Nothing expects it."""


def failing_app(*plugins: object) -> HawkAPI:
    """Return an app whose routes fail in every way."""
    app = app_with(*plugins)

    @app.get("/lost")
    async def lost() -> None:
        raise Lost("here")

    @app.get("/handled")
    async def handled() -> None:
        raise KeyError("k")

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418)

    @app.get("/number")
    async def number(value: int) -> None:
        """Want a number."""

    @app.get("/handler-fails")
    async def handler_fails() -> None:
        raise LookupError("l")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"begun"
            raise Lost("midway")

        return StreamingResponse(chunks())

    @app.exception_handler(KeyError)
    async def answer(request: Request, exc: KeyError) -> Response:
        return Response(status_code=409)

    @app.exception_handler(LookupError)
    async def fail(request: Request, exc: LookupError) -> Response:
        raise Lost("in the handler")

    return app


@pytest.mark.parametrize(
    ("target", "status", "told"),
    [
        pytest.param("/lost", 500, ["Lost('here')"], id="unhandled"),
        pytest.param("/handled", 409, ["KeyError('k')"], id="handled"),
        pytest.param("/handler-fails", 500, ["LookupError('l')", "Lost('in the handler')"], id="handler-fails"),
        pytest.param("/teapot", 418, [], id="http-exception"),
        pytest.param("/number?value=x", 400, [], id="validation"),
        pytest.param("/nowhere", 404, [], id="not-found"),
    ],
)
def test_failures_are_told(target: str, status: int, told: list[str]) -> None:
    """Every plugin sees what nothing expected, before it is handled; answers are no failures."""
    events: list[Any] = []
    app = failing_app(Recorder([]), Recorder(events))
    events.clear()
    assert request(app, "GET", target).status == status
    assert events == [(target.partition("?")[0], text) for text in told]


def test_failure_after_the_response_has_begun_is_told() -> None:
    """A stream that breaks off is seen, once, and reaches the server."""
    events: list[Any] = []
    app = failing_app(Recorder(events))
    events.clear()
    with pytest.raises(Lost, match="midway"):
        request(app, "GET", "/stream")
    assert events == [("/stream", "Lost('midway')")]


def test_failure_of_middleware_is_told() -> None:
    """What raises around handlers is seen too."""
    events: list[Any] = []

    class Broken:
        def __init__(self, app: Any) -> None:
            """Take the application, and forget it."""

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            raise Lost("in middleware")

    app = app_with(Recorder(events))
    app.add_middleware(Broken)
    assert request(app, "GET", "/").status == 500
    assert events == [("/", "Lost('in middleware')")]


def test_plugin_that_fails_at_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, the next plugin is told, async ones are awaited, and the client gets its answer."""
    events: list[Any] = []

    class Failing(Plugin):
        def on_exception(self, request: Request, exc: Exception) -> None:
            raise RuntimeError("plugin")

    class Asynchronous(Plugin):
        async def on_exception(self, request: Request, exc: Exception) -> None:
            await asyncio.sleep(0)
            events.append(str(exc))

    app = failing_app(Failing(), object(), Asynchronous())
    assert request(app, "GET", "/lost").status == 500
    assert events == ["here"]
    assert caplog.messages == [
        "Failing.on_exception failed".replace("Failing", Failing.__qualname__),
        *caplog.messages[1:],
    ]
    assert len(caplog.messages) == 2


class Service(Plugin):
    """Starts and stops, plainly or not."""

    def __init__(self, events: list[str], name: str, fails: bool = False) -> None:
        self.events = events
        self.name = name
        self.fails = fails

    async def on_startup(self) -> None:
        if self.fails:
            raise OSError(self.name)
        self.events.append(f"start {self.name}")

    def on_shutdown(self) -> None:
        self.events.append(f"stop {self.name}")


def test_start_up_and_shutdown_surround_the_hooks() -> None:
    """Plugins start before the hooks, and stop after them, the last added first."""
    events: list[str] = []
    app = app_with(Service(events, "1"), object(), Service(events, "2"))
    app.on_startup(lambda: events.append("hook"))
    app.on_shutdown(lambda: events.append("hook"))
    assert asyncio.run(run_events(app)) == COMPLETE
    assert events == ["start 1", "start 2", "hook", "hook", "stop 2", "stop 1"]


def test_plugin_that_cannot_start() -> None:
    """The start fails, and only the plugins that had started are stopped."""
    events: list[str] = []
    app = app_with(Service(events, "1"), Service(events, "2", fails=True), Service(events, "3"))
    app.on_shutdown(lambda: events.append("hook"))
    assert asyncio.run(run_events(app)) == [{"type": "lifespan.startup.failed", "message": "2"}]
    assert events == ["start 1", "stop 1"]


def test_plugins_added_from_many_threads() -> None:
    """None is lost."""
    app = HawkAPI()
    barrier = threading.Barrier(4)

    def add() -> None:
        barrier.wait(30)
        for _ in range(50):
            app.add_plugin(Plugin())

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(app.plugins)) == 200


def test_requests_of_other_tasks_see_plugins_at_once() -> None:
    """A plugin that is added while requests run sees the next failure."""
    events: list[Any] = []

    async def main() -> None:
        app = failing_app()
        assert (await call(app, "GET", "/lost")).status == 500
        app.add_plugin(Recorder(events))
        assert (await call(app, "GET", "/lost")).status == 500

    asyncio.run(main())
    assert events == [("/lost", "Lost('here')")]

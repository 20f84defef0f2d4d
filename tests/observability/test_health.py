"""Health probes: what they answer, and how they stand beside routes of users."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from apps import JSON, NO_PROBES, hello
from asgi import call, request
from lifespans import run_events

from hawkapi import HawkAPI, Response, Router
from hawkapi.exceptions import RouteConflictError
from hawkapi.observability.health import ReadinessCheck


def not_ready(detail: str, name: str = "check") -> dict[str, Any]:
    """Return the answer of an app with one check that fails."""
    return {"status": "not_ready", "checks": {name: {"ok": False, "detail": detail}}}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/healthz", b'{"status":"ok"}'),
        ("/livez", b'{"status":"alive"}'),
        ("/readyz", b'{"status":"ready","checks":{}}'),
    ],
)
def test_probes(path: str, body: bytes) -> None:
    """They answer 200 and JSON, and to HEAD the same without the body."""
    app = HawkAPI()
    reply = request(app, "GET", path)
    assert (reply.status, reply.body) == (200, body)
    assert JSON in reply.headers
    head = request(app, "HEAD", path)
    assert (head.status, head.body, head.headers) == (200, b"", reply.headers)


def test_routes_of_the_probes() -> None:
    """They are listed, below the app's prefix and with its tags, but are not part of the API's description."""
    app = HawkAPI(prefix="/api", tags=["all"], openapi_url=None)
    assert [(route.path, route.name, route.tags, route.include_in_schema) for route in app.routes] == [
        ("/api/healthz", "hawkapi.healthz", ["all"], False),
        ("/api/readyz", "hawkapi.readyz", ["all"], False),
        ("/api/livez", "hawkapi.livez", ["all"], False),
    ]
    assert [request(app, "GET", path).status for path in ("/api/healthz", "/healthz")] == [200, 404]


def test_probes_elsewhere_and_nowhere() -> None:
    """Each has the path that it is given, or none."""
    app = HawkAPI(health_url="/up", readyz_url=None, livez_url="")
    assert [request(app, "GET", path).status for path in ("/up", "/healthz", "/readyz", "/livez", "/")] == [
        200,
        404,
        404,
        404,
        404,
    ]
    assert HawkAPI(**NO_PROBES).routes == []


def test_serverless_keeps_the_probes() -> None:
    """It is about the pages of the API's description."""
    app = HawkAPI(serverless=True)
    assert (app.serverless, request(app, "GET", "/healthz").status) == (True, 200)
    assert HawkAPI().serverless is False


def test_two_probes_at_one_path() -> None:
    """They contradict each other."""
    with pytest.raises(RouteConflictError, match="Route conflict: GET /up"):
        HawkAPI(health_url="/up", livez_url="/up")


async def mine() -> dict[str, str]:
    """Answer in the user's own way."""
    return {"status": "mine"}


async def mounted(scope: Any, receive: Any, send: Any) -> None:
    """Answer below a mount."""
    await Response(b'{"status":"mine"}', media_type="application/json")(scope, receive, send)


def router_with_probe() -> Router:
    """Return a router with a route at the path of a probe."""
    router = Router()
    router.get("/healthz/")(mine)
    return router


@pytest.mark.parametrize(
    "register",
    [
        pytest.param(lambda app: app.get("/healthz")(mine), id="decorator"),
        pytest.param(lambda app: app.add_route("healthz/", mine, methods=["GET", "POST"]), id="add_route"),
        pytest.param(lambda app: app.include_router(router_with_probe()), id="router"),
        pytest.param(lambda app: app.mount("/healthz", mounted), id="mount"),
    ],
)
def test_own_route_takes_the_place_of_a_probe(register: Callable[[HawkAPI], Any]) -> None:
    """What users register at the path of a probe answers there, and the other probes stay."""
    app = HawkAPI()
    register(app)
    assert request(app, "GET", "/healthz").json() == {"status": "mine"}
    assert request(app, "GET", "/livez").json() == {"status": "alive"}
    assert [route.name for route in app.routes if route.path == "/healthz" and route.handler is not mine] == []


def test_own_route_of_another_method_stands_beside_a_probe() -> None:
    """Only what answers GET or HEAD there takes its place."""
    app = HawkAPI()
    app.post("/healthz")(mine)
    assert request(app, "GET", "/healthz").json() == {"status": "ok"}
    assert request(app, "POST", "/healthz").json() == {"status": "mine"}


def test_two_own_routes_at_the_path_of_a_probe_conflict() -> None:
    """A probe gives way once; after that the path is like any other."""
    app = HawkAPI()
    app.get("/healthz")(mine)
    with pytest.raises(RouteConflictError):
        app.get("/healthz")(hello)
    assert request(app, "GET", "/healthz").json() == {"status": "mine"}
    app.remove_route("/healthz")
    assert request(app, "GET", "/healthz").status == 404


def test_refused_route_leaves_the_probe() -> None:
    """A change that is refused changes nothing, the probe included."""
    app = HawkAPI()
    router = router_with_probe()
    router.get("/a")(hello)
    app.get("/a")(hello)
    with pytest.raises(RouteConflictError):
        app.include_router(router)
    assert request(app, "GET", "/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("methods", [None, ["HEAD"]], ids=["all", "head"])
def test_probe_that_was_removed(methods: list[str] | None) -> None:
    """Probes can be removed like other routes, or one method of them, and their paths used."""
    app = HawkAPI()
    app.remove_route("/healthz", methods)
    app.add_route("/healthz", mine, methods=["HEAD"])
    assert request(app, "HEAD", "/healthz").status == 200
    assert request(app, "GET", "/healthz").status == (405 if methods is None else 200)


async def async_true() -> bool:
    """Be ready."""
    return True


async def async_pair() -> tuple[bool, str]:
    """Be ready, and say so."""
    return True, "3 connections"


def plain_true() -> bool:
    """Be ready, in a worker thread."""
    assert threading.current_thread().name.startswith("hawkapi-worker-check_")
    return True


async def async_false() -> bool:
    """Be not ready."""
    return False


def plain_pair() -> tuple[bool, str]:
    """Be not ready, and say why."""
    return False, "no connection"


async def async_raise() -> bool:
    """Fail."""
    raise OSError("no database")


def plain_raise() -> bool:
    """Fail without a word, in a worker thread."""
    raise LookupError


async def own_timeout() -> bool:
    """Fail as if time were over."""
    raise TimeoutError("the database's own")


async def cancel_itself() -> bool:
    """Be cancelled by somebody else."""
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    future.cancel()
    return await future


async def nothing() -> None:
    """Forget to return."""


def wrapped() -> Any:
    """Return the coroutine of another check."""
    return async_pair()


@pytest.mark.parametrize(
    ("check", "ok", "detail"),
    [
        (async_true, True, ""),
        (async_pair, True, "3 connections"),
        (plain_true, True, ""),
        (wrapped, True, "3 connections"),
        (async_false, False, ""),
        (plain_pair, False, "no connection"),
        (async_raise, False, "no database"),
        (plain_raise, False, "LookupError"),
        (own_timeout, False, "the database's own"),
        (cancel_itself, False, "the check was cancelled"),
        (nothing, False, "the check returned NoneType; return True or False, alone or with a text"),
        (lambda: (True, "\ud800"), True, "?"),
        (lambda: (True, None), True, "None"),
        (lambda: (1, "x"), False, "the check returned tuple; return True or False, alone or with a text"),
        (lambda: (True, "a", "b"), False, "the check returned tuple; return True or False, alone or with a text"),
    ],
)
def test_readiness_check(check: Any, ok: bool, detail: str) -> None:
    """A check is plain or async, answers with or without a text, and a failure of its own is an answer too."""
    app = HawkAPI()
    assert app.readiness_check("check")(check) is check
    reply = request(app, "GET", "/readyz")
    assert reply.status == (200 if ok else 503)
    status = "ready" if ok else "not_ready"
    assert reply.json() == {"status": status, "checks": {"check": {"ok": ok, "detail": detail}}}


def test_failing_check_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The answer has the text of the exception, the log its traceback."""
    app = HawkAPI()
    app.readiness_check("check")(async_raise)
    request(app, "GET", "/readyz")
    (record,) = caplog.records
    assert (record.name, record.levelname, record.getMessage()) == (
        "hawkapi",
        "WARNING",
        "readiness check 'check' failed",
    )
    assert record.exc_info is not None


def test_checks_run_at_the_same_time() -> None:
    """They wait for each other here; the answer has them in order of registration, and one failure is enough."""

    async def main() -> Any:
        app = HawkAPI()
        first_runs, second_runs = asyncio.Event(), asyncio.Event()

        @app.readiness_check("first")
        async def first() -> bool:
            first_runs.set()
            return await second_runs.wait()

        @app.readiness_check("second")
        async def second() -> bool:
            await first_runs.wait()
            second_runs.set()
            return False

        return (await call(app, "GET", "/readyz")).json()

    assert asyncio.run(main()) == {
        "status": "not_ready",
        "checks": {"first": {"ok": True, "detail": ""}, "second": {"ok": False, "detail": ""}},
    }


def test_check_without_an_answer_in_time() -> None:
    """It has failed; the others are not affected."""
    app = HawkAPI()

    @app.readiness_check("slow", timeout_s=0.01)
    async def slow() -> bool:
        return await asyncio.Event().wait()

    app.readiness_check("fast")(async_true)
    reply = request(app, "GET", "/readyz")
    assert (reply.status, reply.json()["checks"]) == (
        503,
        {"slow": {"ok": False, "detail": "no answer within 0.01 s"}, "fast": {"ok": True, "detail": ""}},
    )


def test_plain_check_that_hangs_does_not_take_every_thread() -> None:
    """After some runs that do not end no further one is begun, until they do."""
    go_on = threading.Event()
    app = HawkAPI()
    calls: list[str] = []

    @app.readiness_check("check", timeout_s=0.01)
    def hang() -> bool:
        calls.append("run")
        return go_on.wait(30)

    async def main() -> list[Any]:
        late = not_ready("no answer within 0.01 s")
        while (reply := (await call(app, "GET", "/readyz")).json()) == late:
            assert len(calls) <= 3
        return [reply, (await call(app, "GET", "/readyz")).json()]

    try:
        assert asyncio.run(main()) == [not_ready("3 earlier runs of this check have not ended")] * 2
    finally:
        go_on.set()
    assert calls == ["run"] * 3


@pytest.mark.parametrize(
    ("register", "error", "message"),
    [
        (
            lambda app: app.readiness_check(async_true),
            TypeError,
            r'write @app\.readiness_check\("database"\), not <func',
        ),
        (lambda app: app.readiness_check("c")(5), TypeError, r"readiness_check\('c'\) needs a function, not 5"),
        (lambda app: app.readiness_check("c", timeout_s=0), ValueError, "timeout_s is 0; it is a number of seconds"),
        (lambda app: app.readiness_check("old")(async_true), ValueError, "there is a readiness check 'old' already"),
    ],
    ids=["no-name", "no-function", "no-time", "same-name"],
)
def test_readiness_check_that_is_refused(
    register: Callable[[HawkAPI], Any], error: type[Exception], message: str
) -> None:
    """What could never work is refused where it is written."""
    app = HawkAPI()
    app.readiness_check("old")(async_true)
    with pytest.raises(error, match=message):
        register(app)


def test_not_ready_during_start_up_and_shutdown() -> None:
    """While the application starts or stops it should get no requests, whatever checks say."""
    replies: list[Any] = []
    app = HawkAPI()
    app.readiness_check("check")(async_true)

    @app.on_startup
    @app.on_shutdown
    async def probe() -> None:
        reply = await call(app, "GET", "/readyz")
        replies.append((reply.status, reply.json()))

    asyncio.run(run_events(app, probe))
    ready = {"status": "ready", "checks": {"check": {"ok": True, "detail": ""}}}
    assert replies == [
        (503, not_ready("starting up", "lifespan")),
        (200, ready),
        (503, not_ready("shutting down", "lifespan")),
    ]


def test_checks_of_one_application_are_its_own() -> None:
    """Another application has none of them."""
    app = HawkAPI()
    app.readiness_check("check")(async_false)
    assert request(HawkAPI(), "GET", "/readyz").status == 200


@pytest.mark.race
def test_checks_from_many_threads_are_all_kept() -> None:
    """Of checks that several threads register at once none is lost."""
    app = HawkAPI()
    barrier = threading.Barrier(4)

    def register(index: int) -> None:
        barrier.wait(30)
        for number in range(10):
            app.readiness_check(f"{index}.{number}")(async_true)

    threads = [threading.Thread(target=register, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checks = request(app, "GET", "/readyz").json()["checks"]
    assert set(checks) == {f"{index}.{number}" for index in range(4) for number in range(10)}


def test_check_keeps_what_it_is() -> None:
    """Its name and time are at hand."""
    check = ReadinessCheck("database", async_true, 2.0)
    assert (check.name, check.timeout_s) == ("database", 2.0)

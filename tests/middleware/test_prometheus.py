"""`PrometheusMiddleware`: what it counts, by which labels."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apps import NO_PROBES, hello
from asgi import call, http_scope, request

from hawkapi import HawkAPI, HTTPException, PrometheusMiddleware, Response, TestClient, WebSocket

prometheus = pytest.importorskip("prometheus_client", reason="it is optional")


async def by_number(number: int) -> None:
    """Fail, or refuse, or answer."""
    if number == 1:
        raise ZeroDivisionError
    if number == 2:
        raise HTTPException(409)


def make(registry: Any = None, **options: Any) -> HawkAPI:
    """Return an application with two routes and a mount behind the middleware."""
    app = HawkAPI(**NO_PROBES)
    app.get("/hello")(hello)
    app.get("/numbers/{number}")(by_number)
    app.mount("/m", HawkAPI())
    app.add_middleware(PrometheusMiddleware, registry=registry, **options)
    return app


def counts(registry: Any) -> dict[tuple[str, str, str], float]:
    """Return the counter's values by method, path and status."""
    return {
        (sample.labels["method"], sample.labels["path"], sample.labels["status"]): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "http_requests_total"
    }


def test_labels() -> None:
    """Routes are told apart by their template; what no route takes is one, and so are methods that nobody knows."""
    registry = prometheus.CollectorRegistry()
    app = make(registry)
    for target in ("/hello", "/numbers/1", "/numbers/2", "/numbers/3", "/numbers/4", "/a", "/b", "/m/a", "/m/b"):
        request(app, "GET", target)
    for method in ("POST", "BREW", "WHIP"):
        request(app, method, "/hello")
    assert counts(registry) == {
        ("GET", "/hello", "200"): 1,
        ("GET", "/numbers/{number}", "500"): 1,
        ("GET", "/numbers/{number}", "409"): 1,
        ("GET", "/numbers/{number}", "204"): 2,
        ("GET", "<unmatched>", "404"): 2,
        ("GET", "/m", "404"): 2,
        ("POST", "<unmatched>", "405"): 1,
        ("_OTHER", "<unmatched>", "405"): 2,
    }


def test_report() -> None:
    """The text has all three metrics; asking for it is not counted, with whatever method."""
    moments = iter([0.0, 0.02])
    app = make(clock=lambda: next(moments))
    request(app, "GET", "/hello")
    replies = [request(app, method, "/metrics") for method in ("GET", "POST", "GET")]
    assert [reply.status for reply in replies] == [200, 200, 200]
    assert replies[0].header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    assert replies[0].body == replies[2].body
    lines = replies[0].body.decode().splitlines()
    assert 'http_requests_total{method="GET",path="/hello",status="200"} 1.0' in lines
    assert 'http_request_duration_seconds_sum{method="GET",path="/hello"} 0.02' in lines
    assert 'http_request_duration_seconds_bucket{le="0.025",method="GET",path="/hello"} 1.0' in lines
    assert 'http_requests_in_progress{method="GET"} 0.0' in lines


def test_report_to_head() -> None:
    """It has no body."""
    assert request(make(), "HEAD", "/metrics").body == b""


def test_report_elsewhere() -> None:
    """It is where it is wanted, also below the path of a server."""
    app = make(metrics_path="/inside/numbers")
    assert request(app, "GET", "/inside/numbers").status == 200
    assert request(app, "GET", "/api/inside/numbers", root_path="/api").status == 200
    assert request(app, "GET", "/metrics").status == 404


def test_requests_in_progress() -> None:
    """A request is one of them until its response is complete."""
    seen: list[float] = []
    registry = prometheus.CollectorRegistry()

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(registry.get_sample_value("http_requests_in_progress", {"method": "GET"}))
        await Response(b"")(scope, receive, send)

    request(PrometheusMiddleware(inner, registry=registry), "GET", "/")
    seen.append(registry.get_sample_value("http_requests_in_progress", {"method": "GET"}))
    assert seen == [1, 0]


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        pytest.param(ZeroDivisionError(), "500", id="error"),
        pytest.param(HTTPException(418), "418", id="answer"),
        pytest.param(asyncio.CancelledError(), "499", id="cancelled"),
        pytest.param(KeyboardInterrupt(), "500", id="interrupt"),
        pytest.param(None, "500", id="no-response"),
    ],
)
def test_without_response(raised: BaseException | None, status: str) -> None:
    """A request that ends without a response is counted by what the client gets of it, and the exception goes on."""
    registry = prometheus.CollectorRegistry()

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        if raised is not None:
            raise raised

    async def main() -> BaseException | None:
        try:
            await call(PrometheusMiddleware(inner, registry=registry), "GET", "/")
        except BaseException as exc:  # noqa: BLE001 - it is compared
            return exc
        return None

    assert asyncio.run(main()) is raised
    assert counts(registry) == {("GET", "/", status): 1}
    assert registry.get_sample_value("http_requests_in_progress", {"method": "GET"}) == 0


@pytest.mark.parametrize(
    ("raised", "status"),
    [(ZeroDivisionError(), "500"), (HTTPException(409), "200"), (asyncio.CancelledError(), "200")],
    ids=["error", "answer", "cancelled"],
)
def test_response_that_is_broken_off(raised: BaseException, status: str) -> None:
    """An error makes it an error; a client who goes does not."""
    registry = prometheus.CollectorRegistry()

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise raised

    async def main() -> None:
        with pytest.raises(type(raised)):
            await call(PrometheusMiddleware(inner, registry=registry), "GET", "/")

    asyncio.run(main())
    assert counts(registry) == {("GET", "/", status): 1}


def test_request_that_is_destroyed() -> None:
    """It is counted by whoever comes next, because the library's locks may be held where it is destroyed."""
    registry = prometheus.CollectorRegistry()
    waiting: list[Any] = []

    class Forever:
        def __await__(self) -> Any:
            yield self

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await Forever()

    async def nothing(*_: Any) -> Any:
        return {}

    app = PrometheusMiddleware(inner, registry=registry)
    request_of_a_dead_loop: Any = app(http_scope("GET", "/"), nothing, nothing)
    waiting.append(request_of_a_dead_loop.send(None))
    request_of_a_dead_loop.close()
    assert counts(registry) == {}
    assert b'http_requests_total{method="GET",path="/",status="499"} 1.0' in request(app, "GET", "/metrics").body
    assert registry.get_sample_value("http_requests_in_progress", {"method": "GET"}) == 0


def test_routes_of_one_registry() -> None:
    """Middleware of several routes counts together, and for the application's too."""
    registry = prometheus.CollectorRegistry()
    app = HawkAPI(**NO_PROBES)
    for path in ("/a/{name}", "/b"):
        app.get(path, middleware=[(PrometheusMiddleware, {"registry": registry})])(hello)
    for target in ("/a/1", "/a/2", "/b", "/metrics"):
        request(app, "GET", target)
    assert counts(registry) == {("GET", "/a/{name}", "200"): 2, ("GET", "/b", "200"): 1}


def test_private_registry() -> None:
    """By default two applications count apart, and not in the library's own registry."""
    first, second = make(), make()
    request(first, "GET", "/hello")
    assert b"/hello" in request(first, "GET", "/metrics").body
    assert b"/hello" not in request(second, "GET", "/metrics").body
    assert prometheus.REGISTRY.get_sample_value("http_requests_in_progress", {"method": "GET"}) is None


def test_registry_with_the_names_of_others() -> None:
    """It is refused when the middleware is added."""
    registry = prometheus.CollectorRegistry()
    prometheus.Gauge("http_requests_in_progress", "Somebody's.", registry=registry)
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        HawkAPI().add_middleware(PrometheusMiddleware, registry=registry)


def test_made_up_paths_around_an_application_from_elsewhere() -> None:
    """No more than a thousand paths are told apart where nobody knows the routes."""
    registry = prometheus.CollectorRegistry()
    app = PrometheusMiddleware(Response(b""), registry=registry)

    async def main() -> None:
        for number in range(1100):
            await call(app, "GET", f"/{number}")

    asyncio.run(main())
    found = counts(registry)
    assert (len(found), found["GET", "<unmatched>", "200"]) == (1001, 100)


def test_websocket() -> None:
    """It passes, and is not counted."""
    app = HawkAPI()
    registry = prometheus.CollectorRegistry()
    app.add_middleware(PrometheusMiddleware, registry=registry)

    @app.websocket("/ws")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")

    with TestClient(app) as client, client.websocket_connect("/ws") as socket:
        assert socket.receive_text() == "hello"
    assert counts(registry) == {}


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of `add_middleware` says how to install it."""
    monkeypatch.setitem(__import__("sys").modules, "prometheus_client", None)
    with pytest.raises(ImportError, match=r"^PrometheusMiddleware needs prometheus_client: pip install 'hawkapi\[met"):
        HawkAPI().add_middleware(PrometheusMiddleware)

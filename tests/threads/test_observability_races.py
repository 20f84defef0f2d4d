"""What is counted and told of requests, under eight threads with a loop each: exact, and of one's own request."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from asgi import call
from loops import run_in_loops, run_in_threads
from subprocesses import output_of

from hawkapi import HawkAPI, HTTPException, ObservabilityConfig, PrometheusMiddleware, StructuredLoggingMiddleware
from hawkapi.observability import InMemoryMetrics
from hawkapi.observability.tracing import get_tracer

THREADS = 8
REQUESTS = 60


def make(**options: Any) -> HawkAPI:
    """Return an application whose route answers, refuses and fails in turn."""
    app = HawkAPI(**options)

    @app.get("/numbers/{number}")
    async def by_number(number: int) -> int:
        await asyncio.sleep(0)
        if number % 3 == 1:
            raise HTTPException(409)
        if number % 3 == 2:
            raise ZeroDivisionError
        return number

    return app


async def ask(app: Any, thread: int) -> None:
    """Send requests, ten at a time."""
    for start in range(0, REQUESTS, 10):
        await asyncio.gather(
            *(
                call(app, "GET", f"/numbers/{number}", headers={"x-request-id": f"{thread}-{number}"})
                for number in range(start, start + 10)
            )
        )


@pytest.mark.race
def test_prometheus_counts_every_request() -> None:
    """The counts are those of the requests, and nobody is left in progress."""
    prometheus = pytest.importorskip("prometheus_client", reason="it is optional")
    registry = prometheus.CollectorRegistry()
    app = make()
    app.add_middleware(PrometheusMiddleware, registry=registry)
    run_in_loops(THREADS, lambda index: ask(app, index))

    def value(name: str, **labels: str) -> float:
        sample: float = registry.get_sample_value(name, {"method": "GET", **labels})
        return sample

    path = "/numbers/{number}"
    counted = {status: value("http_requests_total", path=path, status=status) for status in ("200", "409", "500")}
    assert counted == dict.fromkeys(("200", "409", "500"), THREADS * REQUESTS / 3)
    assert value("http_request_duration_seconds_count", path=path) == THREADS * REQUESTS
    assert value("http_requests_in_progress") == 0
    lines = asyncio.run(call(app, "GET", "/metrics")).body.decode().splitlines()
    for status in ("200", "409", "500"):
        assert f'http_requests_total{{method="GET",path="{path}",status="{status}"}} {THREADS * REQUESTS / 3}' in lines


PROCESS = """
import asyncio, threading
from hawkapi import HawkAPI, PrometheusMiddleware, TestClient
app = HawkAPI()
app.add_middleware(PrometheusMiddleware)
@app.get("/items/{item}")
async def item(item: int) -> int:
    return item
def ask():
    client = TestClient(app)
    for number in range(25):
        client.get(f"/items/{number}")
threads = [threading.Thread(target=ask) for _ in range(THREADS)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(TestClient(app).get("/metrics").text)
"""
PROCESSES = 4


@pytest.mark.race
def test_processes_count_together(tmp_path: Path) -> None:
    """With a directory for it, any process answers with the counts of all."""
    pytest.importorskip("prometheus_client", reason="it is optional")

    def run(threads: int) -> str:
        return output_of(f"THREADS = {threads}\n{PROCESS}", PROMETHEUS_MULTIPROC_DIR=str(tmp_path))

    run_in_threads(PROCESSES, lambda _: run(threads=THREADS), deadline_s=300)
    lines = run(threads=1).splitlines()
    total = 25.0 * (PROCESSES * THREADS + 1)
    assert f'http_requests_total{{method="GET",path="/items/{{item}}",status="200"}} {total}' in lines
    assert f'http_request_duration_seconds_count{{method="GET",path="/items/{{item}}"}} {total}' in lines
    assert 'http_requests_in_progress{method="GET"} 0.0' in lines


@pytest.mark.race
def test_middleware_of_one_registry_made_at_the_same_time() -> None:
    """All share its metrics; none is refused."""
    prometheus = pytest.importorskip("prometheus_client", reason="it is optional")
    registry = prometheus.CollectorRegistry()
    made = run_in_threads(THREADS, lambda _: PrometheusMiddleware(make(), registry=registry))
    assert len({id(each._collectors) for each in made}) == 1


@pytest.mark.race
def test_own_counts_are_exact() -> None:
    """Those of the application are those of the requests too."""
    app = make(observability=ObservabilityConfig(enable_logging=False))
    run_in_loops(THREADS, lambda index: ask(app, index))
    assert app.metrics is not None
    assert (app.metrics.request_count, app.metrics.error_count) == (THREADS * REQUESTS, THREADS * REQUESTS // 3)


@pytest.mark.race
def test_durations_stay_bounded() -> None:
    """Threads that cut the list of durations at the same time neither lose its newest nor let it grow."""
    metrics = InMemoryMetrics()

    def record(_: int) -> list[float]:
        means = []
        for number in range(9_000):
            metrics.record_request("GET", "/", 200, 0.25)
            if number % 1_000 == 0:
                means.append(metrics.avg_duration_ms)
        return means

    means = run_in_threads(THREADS, record)
    assert {mean for each in means for mean in each} == {250.0}
    assert metrics.request_count == THREADS * 9_000
    assert 10_000 <= len(metrics._durations) <= 20_000 + THREADS


@pytest.mark.race
def test_events_are_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Each request has one event, in a line of its own, with its own id."""
    structlog = pytest.importorskip("structlog", reason="it is optional")
    structlog.reset_defaults()
    try:
        app = make()
        app.add_middleware(StructuredLoggingMiddleware)
        run_in_loops(THREADS, lambda index: ask(app, index))
    finally:
        structlog.reset_defaults()
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert Counter(f"/numbers/{event['request_id'].partition('-')[2]}" == event["path"] for event in events) == {
        True: THREADS * REQUESTS
    }
    assert len({event["request_id"] for event in events}) == THREADS * REQUESTS


@pytest.mark.race
def test_spans_are_those_of_their_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request has one span, in the trace of its own caller, and its handler sees that as the current one."""
    trace = pytest.importorskip("opentelemetry.trace", reason="it is optional")
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="it is optional")
    provider = sdk.TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    get_tracer.cache_clear()
    app = HawkAPI(observability=ObservabilityConfig(enable_logging=False))

    @app.get("/")
    async def current() -> str:
        await asyncio.sleep(0)
        return f"{trace.get_current_span().get_span_context().trace_id:032x}"

    async def main(thread: int) -> list[tuple[str, Any]]:
        async def one(number: int) -> tuple[str, Any]:
            trace_id = f"{thread + 1:08x}{number + 1:024x}"
            headers = {"traceparent": f"00-{trace_id}-{1:016x}-01"}
            return trace_id, (await call(app, "GET", "/", headers=headers)).json()

        return await asyncio.gather(*(one(number) for number in range(REQUESTS)))

    try:
        told = [pair for pairs in run_in_loops(THREADS, main) for pair in pairs]
    finally:
        get_tracer.cache_clear()
    assert [seen for _, seen in told] == [sent for sent, _ in told]

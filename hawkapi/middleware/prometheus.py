"""`PrometheusMiddleware`: what was asked of an application, in numbers that Prometheus collects."""

from __future__ import annotations

import importlib
import os
import time
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, final

from hawkapi._optional import load_optional
from hawkapi._threading import named_lock
from hawkapi._workers import run_in_worker
from hawkapi.middleware._route_keys import RouteKeys
from hawkapi.middleware._watching import ResponseWatch, known_method
from hawkapi.middleware.base import Middleware
from hawkapi.responses.base import Response
from hawkapi.routing.mounts import route_path
from hawkapi.types import ASGIApp, Receive, Scope, Send

__all__ = ["PrometheusMiddleware"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Of the text format, which every collector reads; the library's newest name for it is not as old."""


DIRECTORY_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which the library keeps its values in files that the processes of a server share."""


class Collectors(NamedTuple):
    """The three metrics; a registry takes each name once."""

    requests: Any
    durations: Any
    in_progress: Any


class Ended(NamedTuple):
    """A request that has ended, as its labels."""

    method: str
    path: str
    status: int
    seconds: float


@final
class Registered:
    """Which metrics a registry has, so that middleware of several routes may share one. Thread-safe."""

    def __init__(self) -> None:
        # Protects the table, from the look for a registry until its metrics are in; making them calls nothing of the
        # user's. It does not cover the metrics, which have locks of their own.
        self._lock = named_lock("prometheus")
        self._collectors: weakref.WeakKeyDictionary[Any, Collectors] = weakref.WeakKeyDictionary()

    def collectors_of(self, prometheus: Any, registry: Any) -> Collectors:
        """Return the metrics of a registry, made at the first time.

        Raises:
            ValueError: it has others of these names.
        """
        with self._lock:
            found = self._collectors.get(registry)
            if found is None:
                found = self._collectors[registry] = make_collectors(prometheus, registry)
            return found


REGISTERED: Final = Registered()


def make_collectors(prometheus: Any, registry: Any) -> Collectors:
    """Put the three metrics into a registry."""
    return Collectors(
        prometheus.Counter(
            "http_requests_total", "Requests that have ended.", ["method", "path", "status"], registry=registry
        ),
        prometheus.Histogram(
            "http_request_duration_seconds",
            "From the arrival of a request to the end of its response.",
            ["method", "path"],
            registry=registry,
        ),
        prometheus.Gauge(
            "http_requests_in_progress",
            "Requests that are being answered.",
            ["method"],
            registry=registry,
            multiprocess_mode="livesum",
        ),
    )


def registry_of(prometheus: Any, multiprocess: Any) -> Any:
    """Return a registry with the values of all processes."""
    registry = prometheus.CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return registry


class PrometheusMiddleware(Middleware):
    """Count requests, and answer `metrics_path` with the counts, in the text format of Prometheus.

    There are the counter `http_requests_total` by `method`, `path` and `status`, the histogram
    `http_request_duration_seconds` by `method` and `path`, and the gauge `http_requests_in_progress` by `method`.
    `path` is the template of the route, `<unmatched>` for what no route takes; methods that nobody knows are `_OTHER`;
    `status` is 499 where the client left before there was a response. So there are as many series as the application
    has routes, whatever clients send. Requests for `metrics_path` are not counted. WebSockets pass.

    Processes count each for itself, unless the environment variable PROMETHEUS_MULTIPROC_DIR names a directory, empty
    when the server starts: then each answers with the counts of all.

    SECURITY: whoever may ask for `metrics_path` reads all of it; let only the collector through.

    Args:
        app: the next application.
        metrics_path: default `/metrics`.
        registry: a `prometheus_client.CollectorRegistry`, default one of its own. Middleware of one registry counts
            together.
        clock: seconds from any moment on, default `time.perf_counter`.

    Raises:
        ImportError: `prometheus_client` is not installed; it is in the extra `metrics`.
        ValueError: the registry has other metrics of these names.

    Thread-safe; the counts are exact.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics_path: str = "/metrics",
        registry: Any = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(app)
        who = "PrometheusMiddleware"
        prometheus = load_optional("prometheus_client", needed_by=who, package="prometheus_client", extra="metrics")
        self.registry: Any = prometheus.CollectorRegistry() if registry is None else registry
        """What is counted, for code that wants it elsewhere."""
        self._metrics_path = metrics_path
        self._as_text: Callable[[Any], bytes] = prometheus.generate_latest
        self._all_processes: Callable[[], Any] | None = None
        if DIRECTORY_VARIABLE in os.environ:
            multiprocess: Any = importlib.import_module("prometheus_client.multiprocess")
            self._all_processes = lambda: registry_of(prometheus, multiprocess)
        self._collectors = REGISTERED.collectors_of(prometheus, self.registry)
        self._clock = clock
        self._keys = RouteKeys()
        # THREADS: relies on `append` and `popleft` of a deque being atomic. Requests whose coroutine was destroyed,
        # with their loop for example: the garbage collector may do that in a thread that holds a lock of the library's,
        # and would wait for itself if it counted. Whoever comes next does; there is at most one for each such request.
        self._destroyed: deque[Ended] = deque()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            return self.app(scope, receive, send)
        if route_path(scope) == self._metrics_path:
            return self._report(scope, receive, send)
        return self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = known_method(scope["method"]), self._keys.key_of(scope)
        self._count_destroyed()
        watch, started = ResponseWatch(send), self._clock()
        self._collectors.in_progress.labels(method).inc()
        try:
            await self.app(scope, receive, watch.send)
        except BaseException as exc:
            ended = Ended(method, path, watch.outcome(scope, exc), self._clock() - started)
            if isinstance(exc, GeneratorExit):
                self._destroyed.append(ended)
            else:
                self._count(ended)
            raise
        self._count(Ended(method, path, watch.outcome(scope, None), self._clock() - started))

    def _count(self, ended: Ended) -> None:
        self._collectors.in_progress.labels(ended.method).dec()
        self._collectors.durations.labels(ended.method, ended.path).observe(ended.seconds)
        self._collectors.requests.labels(ended.method, ended.path, str(ended.status)).inc()

    def _count_destroyed(self) -> None:
        while self._destroyed:
            try:
                ended = self._destroyed.popleft()
            except IndexError:  # Another thread has counted the last one.
                return
            self._count(ended)

    async def _report(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._count_destroyed()
        # In a worker thread: the library reads a file of each process, or formats what there is for milliseconds.
        text = await run_in_worker(scope, self._text)
        await Response(text, headers={"content-type": CONTENT_TYPE})(scope, receive, send)

    def _text(self) -> bytes:
        return self._as_text(self.registry if self._all_processes is None else self._all_processes())

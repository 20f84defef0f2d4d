"""What `middleware_cost.py` measures: each middleware of the catalogue, where it does what it is there for."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workloads import JSON, Workload

from hawkapi import HawkAPI, ObservabilityConfig, ObservabilityMiddleware, Request, middleware
from hawkapi.middleware import Middleware
from hawkapi.middleware.brotli import BrotliMiddleware
from hawkapi.middleware.bulkhead import Bulkhead
from hawkapi.middleware.bulkhead_redis import RedisBulkheadBackend
from hawkapi.middleware.circuit_breaker_redis import RedisCircuitBreakerMiddleware
from hawkapi.middleware.rate_limit_redis import RedisRateLimitMiddleware
from hawkapi.middleware.session_redis import RedisSessionStore
from hawkapi.middleware.session_stores import FileSessionStore, MemorySessionStore
from hawkapi.middleware.zstandard import ZstandardMiddleware
from hawkapi.types import Receive, Scope, Send

type Entry = tuple[Any, dict[str, Any]]

EMPTY: Final = Workload("GET", "/json")
VISIT: Final = Workload("GET", "/visit")
LARGE: Final = 16 * 1024
"""Bytes of the body that is compressed, about."""
MANY: Final = 1e9
"""Requests per second that no row gets to."""


class Empty(Middleware):
    """Overrides nothing."""


class Plain(Middleware):
    """Passes on, in a `__call__` of its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Before(Middleware):
    """Has a hook that does nothing."""

    async def before_request(self, request: Request) -> None:
        """Do nothing."""


class After(Middleware):
    """Has a hook that does nothing."""

    async def after_response(self, request: Request, response: Any) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    """As the catalogue has it."""
    does: str
    """What it does in each of the requests."""
    entry: Entry
    workload: Workload = EMPTY
    first: Workload | None = None
    """A request whose answer has cookies that the others bring again, and a token for `x-csrf-token`."""
    waits: bool = False
    """Whether it waits for something else, so that CPU time would not tell."""
    packages: tuple[str, ...] = ()
    """One of these must be there."""

    @property
    def is_possible(self) -> bool:
        """Whether what it needs is installed."""
        return not self.packages or any(importlib.util.find_spec(name) is not None for name in self.packages)


def make_app(*entries: Entry, bulkheads: dict[str, Bulkhead] | None = None) -> HawkAPI:
    """Return the application that is measured, in some middleware."""
    app = HawkAPI()
    numbers = itertools.count()
    page = [{"id": number, "name": f"item {number}", "price": number / 4} for number in range(LARGE // 40)]

    @app.get("/json")
    async def as_json() -> dict[str, str]:
        return {"message": "Hello, World!"}

    @app.post("/json", status_code=200)
    async def post_json() -> dict[str, str]:
        return {"message": "Hello, World!"}

    @app.get("/page")
    async def as_page() -> list[dict[str, Any]]:
        return page

    @app.get("/visit")
    async def visit(request: Request) -> dict[str, str]:
        request.scope.setdefault("session", {})["visits"] = next(numbers)
        return {"message": "Hello, World!"}

    @app.get("/bulkheads/{name}")
    async def limited(name: str) -> dict[str, str]:
        if bulkheads is not None:
            async with bulkheads[name]:
                pass
        return {"message": "Hello, World!"}

    for cls, options in entries:
        app.add_middleware(cls, **options)
    return app


def asking(*fields: tuple[str, str], path: str = "/json") -> Workload:
    """Return a request with some header fields."""
    return Workload("GET", path, headers=tuple((name.encode(), value.encode()) for name, value in fields))


BASE_ROWS: Final = (
    Row("empty", "overrides nothing", (Empty, {})),
    Row("__call__", "passes on, in a `__call__` of its own", (Plain, {})),
    Row("before_request", "a hook that does nothing", (Before, {})),
    Row("after_response", "a hook that does nothing", (After, {})),
)
"""What middleware of one's own costs at least."""

OBSERVED: Final = ObservabilityConfig(log_level="WARNING")


def plain_rows() -> list[Row]:
    """Return the rows that need nothing else to run."""
    proxied = asking(("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https"))
    origin = asking(("origin", "https://a.example"))
    csrf: Entry = (middleware.CSRFMiddleware, {"secret": "measured"})
    post = Workload("POST", "/json", body=b"{}", headers=JSON)
    return [
        Row(
            "TrustedProxyMiddleware",
            "reads `X-Forwarded-For` and `-Proto` of a proxy",
            (middleware.TrustedProxyMiddleware, {"trusted_proxies": ["127.0.0.1"]}),
            proxied,
        ),
        Row(
            "TrustedHostMiddleware",
            "finds the host in its list",
            (middleware.TrustedHostMiddleware, {"allowed_hosts": ["a.example", "127.0.0.1"]}),
        ),
        Row("HTTPSRedirectMiddleware", "answers with the redirect", (middleware.HTTPSRedirectMiddleware, {})),
        Row("RequestIDMiddleware", "makes an id", (middleware.RequestIDMiddleware, {})),
        Row(
            "ObservabilityMiddleware",
            "id, trace context, count, no record; OpenTelemetry without its SDK",
            (ObservabilityMiddleware, {"config": OBSERVED}),
        ),
        Row("PrometheusMiddleware", "counts", (middleware.PrometheusMiddleware, {})),
        Row(
            "StructuredLoggingMiddleware",
            "makes an event, which is written nowhere",
            (middleware.StructuredLoggingMiddleware, {"configure_structlog": False}),
        ),
        Row("TimingMiddleware", "adds its field", (middleware.TimingMiddleware, {})),
        Row("SecurityHeadersMiddleware", "adds its fields", (middleware.SecurityHeadersMiddleware, {})),
        Row("CORSMiddleware", "lets a script of another site read", (middleware.CORSMiddleware, {}), origin),
        Row("ErrorHandlerMiddleware", "passes what is no error", (middleware.ErrorHandlerMiddleware, {})),
        Row("RequestLimitsMiddleware", "counts three fields", (middleware.RequestLimitsMiddleware, {})),
        Row("RateLimitMiddleware", "admits", (middleware.RateLimitMiddleware, {"requests_per_second": MANY})),
        Row("AdaptiveConcurrencyMiddleware", "admits, and learns", (middleware.AdaptiveConcurrencyMiddleware, {})),
        Row("CircuitBreakerMiddleware", "admits", (middleware.CircuitBreakerMiddleware, {})),
        Row("RequestTimeoutMiddleware", "sets a timer and stops it", (middleware.RequestTimeoutMiddleware, {})),
        Row("CSRFMiddleware", "a POST with cookie and token", csrf, post, first=EMPTY),
        Row("CSRFMiddleware", "a GET, to which it gives a cookie", csrf),
        Row("DebugMiddleware", "counts", (middleware.DebugMiddleware, {"enabled": True})),
        Row("Bulkhead", "an `async with` block", (Empty, {}), Workload("GET", "/bulkheads/local")),
    ]


def session_rows(directory: Path) -> list[Row]:
    """Return the rows of sessions, with the stores that need no server."""

    def row(does: str, *, waits: bool = False, **options: Any) -> Row:
        entry = (middleware.SessionMiddleware, {"secret_key": "measured", "secure": False, **options})
        return Row("SessionMiddleware", does, entry, VISIT, first=VISIT, waits=waits)

    unused: Entry = (middleware.SessionMiddleware, {"secret_key": "measured"})
    return [
        row("a session in the cookie, read and changed"),
        Row("SessionMiddleware", "no session", unused),
        row("a session in `MemorySessionStore`, read and changed", store=MemorySessionStore()),
        row("a session in `FileSessionStore`, read and changed", waits=True, store=FileSessionStore(directory)),
    ]


def compression_rows() -> list[Row]:
    """Return the rows of compression."""
    zstandard = ("compression", "zstandard")
    return [
        Row("GZipMiddleware", "16 KiB of JSON", (middleware.GZipMiddleware, {}), accepting("gzip")),
        Row("GZipMiddleware", "a short body, which it leaves alone", (middleware.GZipMiddleware, {})),
        Row("BrotliMiddleware", "16 KiB of JSON", (BrotliMiddleware, {}), accepting("br"), packages=("brotli",)),
        Row("ZstandardMiddleware", "16 KiB of JSON", (ZstandardMiddleware, {}), accepting("zstd"), packages=zstandard),
    ]


def accepting(coding: str) -> Workload:
    """Return a request for the large page, which may be compressed."""
    return asking(("accept-encoding", coding), path="/page")


def redis_rows(url: str) -> list[Row]:
    """Return the rows that ask a Redis server."""
    store: Entry = (
        middleware.SessionMiddleware,
        {"secret_key": "measured", "secure": False, "store": RedisSessionStore(url)},
    )
    limit: Entry = (RedisRateLimitMiddleware, {"requests_per_second": MANY, "redis_url": url})
    return [
        Row("RedisRateLimitMiddleware", "admits; a script", limit, waits=True),
        Row(
            "RedisCircuitBreakerMiddleware",
            "admits; two scripts",
            (RedisCircuitBreakerMiddleware, {"redis_url": url}),
            waits=True,
        ),
        Row(
            "SessionMiddleware",
            "a session in `RedisSessionStore`, read and changed",
            store,
            VISIT,
            first=VISIT,
            waits=True,
        ),
        Row(
            "Bulkhead",
            "an `async with` block, slots in `RedisBulkheadBackend`; two scripts",
            (Empty, {}),
            Workload("GET", "/bulkheads/shared"),
            waits=True,
        ),
    ]


def make_bulkheads(redis_url: str | None) -> dict[str, Bulkhead]:
    """Return what the route with bulkheads enters, by the last part of its path."""
    bulkheads = {"local": Bulkhead("measured", 10)}
    if redis_url is not None:
        bulkheads["shared"] = Bulkhead("measured", 10, backend=RedisBulkheadBackend(redis_url))
    return bulkheads


def all_rows(directory: Path, redis_url: str | None) -> Sequence[Row]:
    """Return all rows.

    Args:
        directory: where sessions may be kept.
        redis_url: of a server, if there is one.
    """
    rows = [*BASE_ROWS, *plain_rows(), *session_rows(directory), *compression_rows()]
    return rows if redis_url is None else [*rows, *redis_rows(redis_url)]

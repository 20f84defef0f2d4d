"""What the crowd asks: an application with everything in it that keeps a table, and middleware around another one."""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import Annotated, Any, Final

from hawkapi import Depends, HawkAPI, ObservabilityConfig, Request, Struct, WebSocket, middleware
from hawkapi.flags import StaticFlagProvider, requires_flag
from hawkapi.middleware.bulkhead import Bulkhead
from hawkapi.middleware.bulkhead_redis import RedisBulkheadBackend
from hawkapi.middleware.circuit_breaker_redis import RedisCircuitBreakerMiddleware
from hawkapi.middleware.rate_limit_redis import RedisRateLimitMiddleware
from hawkapi.middleware.session_stores import MemorySessionStore
from hawkapi.types import ASGIApp, Receive, Scope, Send
from hawkapi.validation.decoder import decode_body

NO_REDIS: Final = "redis://127.0.0.1:1"
"""Nobody listens there, so each process counts for itself."""

MAX_KEYS: Final = 20_000
"""Clients that a rate limit knows, so that its table is soon full; the default is 100 000."""

RATE: Final[dict[str, Any]] = {"requests_per_second": 1.0, "burst": 1000, "max_keys": MAX_KEYS}
"""A bucket is kept for 1000 s, so that it goes because the table is full, and not because it is old."""

MAX_SESSIONS: Final = 2_000
"""Sessions that are kept; the default is 10 000."""

SECRET: Final = "of the crowd"  # noqa: S105 - nobody uses it


class Note(Struct):
    """A body."""

    text: str
    size: int = 0


class Silent:
    """A logger that writes nowhere."""

    def info(self, event: str) -> None:
        """Do nothing."""


async def own(request: Request) -> str:
    """Return what a handler depends on."""
    return request.method


async def foreign(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without a route table: for middleware that has to tell routes apart by their paths."""
    if scope["path"].endswith("0"):
        raise RuntimeError("a path that fails")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"foreign"})


class ForeignBreaker(middleware.CircuitBreakerMiddleware):
    """Has another name, so that its table is told apart."""


class ForeignLimit(middleware.AdaptiveConcurrencyMiddleware):
    """Has another name, so that its table is told apart."""


class ForeignStatistics(middleware.DebugMiddleware):
    """Has another name, so that its table is told apart."""


def make_foreign() -> ASGIApp:
    """Return an application of another framework in the middleware that counts by route."""
    counted = middleware.PrometheusMiddleware(ForeignStatistics(foreign, enabled=True))
    return ForeignBreaker(ForeignLimit(counted), recovery_timeout=0.01)


def add_middleware(app: HawkAPI) -> None:
    """Put all middleware that keeps something around an application."""
    store = MemorySessionStore(max_sessions=MAX_SESSIONS)
    app.add_middleware(middleware.TrustedProxyMiddleware, trusted_proxies=["10.0.0.0/8"])
    app.add_middleware(middleware.DebugMiddleware, enabled=True)
    app.add_middleware(middleware.PrometheusMiddleware)
    app.add_middleware(middleware.RateLimitMiddleware, **RATE)
    app.add_middleware(RedisRateLimitMiddleware, **RATE, redis_url=NO_REDIS)
    app.add_middleware(middleware.AdaptiveConcurrencyMiddleware)
    app.add_middleware(middleware.CircuitBreakerMiddleware, recovery_timeout=0.01)
    app.add_middleware(RedisCircuitBreakerMiddleware, recovery_timeout=0.01, redis_url=NO_REDIS)
    app.add_middleware(middleware.SessionMiddleware, secret_key=SECRET, store=store, secure=False)


STATELESS: Final[tuple[tuple[type, dict[str, Any]], ...]] = (
    (middleware.TrustedHostMiddleware, {"allowed_hosts": ["*.example", "example"]}),
    (middleware.HTTPSRedirectMiddleware, {}),
    (middleware.StructuredLoggingMiddleware, {"configure_structlog": False}),
    (middleware.RequestIDMiddleware, {}),
    (middleware.TimingMiddleware, {}),
    (middleware.SecurityHeadersMiddleware, {}),
    (middleware.CORSMiddleware, {}),
    (middleware.ErrorHandlerMiddleware, {}),
    (middleware.RequestLimitsMiddleware, {}),
    (middleware.RequestTimeoutMiddleware, {}),
    (middleware.CSRFMiddleware, {"secret": SECRET}),
    (middleware.GZipMiddleware, {"minimum_size": 1}),
)
"""What should keep nothing; around one route, so that a million requests do not take an hour."""


def add_routes(app: HawkAPI) -> None:
    """Add a route of each kind."""

    @app.route("/items/{item}", methods=["GET", "PUT", "DELETE"])
    async def item(item: str, method: Annotated[str, Depends(own)]) -> dict[str, str]:
        return {"item": item, "method": method}

    @app.get("/counted/{number:int}", middleware=[(middleware.RateLimitMiddleware, RATE)])
    async def counted(number: int, page: int = 0) -> list[int]:
        return [number, page]

    @app.route("/files/{place:path}", methods=["GET", "PUT"], middleware=STATELESS)
    async def files(place: str) -> str:
        return place

    @app.post("/notes")
    async def notes(body: Note) -> Note:
        return body

    @app.post("/numbers")
    async def numbers(request: Request) -> int:
        return len(await decode_body(request.receive, list[int]))

    @app.get("/visit")
    async def visit(request: Request) -> int:
        request.session["visits"] = request.session.get("visits", 0) + 1
        return int(request.session["visits"])

    @app.get("/leave")
    async def leave(request: Request) -> None:
        request.session.clear()

    @app.get("/fails/{name}")
    async def fails(name: str) -> None:
        raise RuntimeError(name)

    @app.get("/waits")
    async def waits() -> None:
        await asyncio.Event().wait()

    @app.get("/new")
    @requires_flag("new")
    async def new(request: Request) -> str:
        return "new"

    @app.websocket("/rooms/{room}")
    async def rooms(websocket: WebSocket, room: str) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(f"{room}: {text}")


def add_bulkheads(app: HawkAPI) -> None:
    """Add routes that few may be in at a time, with the slots here and in the Redis that is not there."""
    local = Bulkhead("crowd", 2)
    shared = Bulkhead("shared crowd", 2, backend=RedisBulkheadBackend(NO_REDIS))

    @app.get("/reports/{name}")
    async def reports(name: str) -> str:
        async with local:
            await asyncio.sleep(0)
        return name

    @app.get("/shared/{name}")
    async def shared_reports(name: str) -> str:
        async with shared:
            await asyncio.sleep(0)
        return name


def make_app() -> HawkAPI:
    """Return the application, whose log goes nowhere."""
    structlog = importlib.import_module("structlog")
    structlog.configure(processors=[lambda *_: ""], logger_factory=lambda *_: Silent())
    for name in ("hawkapi", "asyncio"):
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    # Without traces: spans are OpenTelemetry's, and take as long as the rest of a middleware together.
    observed = ObservabilityConfig(enable_tracing=False, log_level="ERROR")
    app = HawkAPI(flags=StaticFlagProvider({"new": True}), observability=observed)
    add_middleware(app)
    add_routes(app)
    add_bulkheads(app)
    app.mount("/foreign", foreign)
    return app


def outermost(app: HawkAPI, other: ASGIApp) -> Any:
    """Return an application that gives what begins with `/around` to the other one."""

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        await (other if scope["path"].startswith("/around") else app)(scope, receive, send)

    return choose

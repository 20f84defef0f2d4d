"""What each middleware adds to a request, without a server: microseconds, and parts of what the bare callable takes.

    PYTHONPATH=. python tests/bench/middleware_cost.py [--rounds 40] [--requests 300]

The first row is what it costs to have middleware at all. The others are what each adds to an application that has an
empty one already. Both applications and the bare callable are driven in turn, and a row shows the medians, so that a
change of the machine's speed meets all alike. The issue's target is about the empty middleware: at most half of the
bare callable's time.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import driver
from workloads import WORKLOADS

from hawkapi import HawkAPI, ObservabilityConfig, ObservabilityMiddleware, Request, middleware
from hawkapi.middleware import Middleware
from hawkapi.types import Receive, Scope, Send

TARGET: Final = 0.5
WORKLOAD: Final = WORKLOADS["json"]


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


class Silent:
    """A logger that writes nowhere."""

    def info(self, event: str) -> None:
        """Do nothing."""


MEASURED: Final[Sequence[tuple[str, Any, dict[str, Any]]]] = (
    ("empty", Empty, {}),
    ("__call__", Plain, {}),
    ("before_request", Before, {}),
    ("after_response", After, {}),
    ("CORSMiddleware", middleware.CORSMiddleware, {}),
    ("GZipMiddleware", middleware.GZipMiddleware, {}),
    ("TimingMiddleware", middleware.TimingMiddleware, {}),
    ("RequestIDMiddleware", middleware.RequestIDMiddleware, {}),
    ("TrustedHostMiddleware", middleware.TrustedHostMiddleware, {"allowed_hosts": ["127.0.0.1"]}),
    ("TrustedProxyMiddleware", middleware.TrustedProxyMiddleware, {"trusted_proxies": ["10.0.0.0/8"]}),
    ("HTTPSRedirectMiddleware", middleware.HTTPSRedirectMiddleware, {}),
    ("SecurityHeadersMiddleware", middleware.SecurityHeadersMiddleware, {}),
    ("RequestLimitsMiddleware", middleware.RequestLimitsMiddleware, {}),
    ("ErrorHandlerMiddleware", middleware.ErrorHandlerMiddleware, {}),
    ("DebugMiddleware", middleware.DebugMiddleware, {"enabled": True}),
    ("CSRFMiddleware", middleware.CSRFMiddleware, {"secret": "measured"}),
    ("SessionMiddleware", middleware.SessionMiddleware, {"secret_key": "measured"}),
    ("RateLimitMiddleware", middleware.RateLimitMiddleware, {"requests_per_second": 1e9}),
    ("CircuitBreakerMiddleware", middleware.CircuitBreakerMiddleware, {}),
    ("AdaptiveConcurrencyMiddleware", middleware.AdaptiveConcurrencyMiddleware, {}),
    ("RequestTimeoutMiddleware", middleware.RequestTimeoutMiddleware, {}),
    ("PrometheusMiddleware", middleware.PrometheusMiddleware, {}),
    ("StructuredLoggingMiddleware", middleware.StructuredLoggingMiddleware, {"configure_structlog": False}),
    ("ObservabilityMiddleware", ObservabilityMiddleware, {"config": ObservabilityConfig(log_level="WARNING")}),
)
"""Names, classes and options; HTTPS redirects what it is asked here, so its row is that of a redirect, and logs go
nowhere."""


def make_app(*entries: tuple[Any, dict[str, Any]]) -> HawkAPI:
    """Return the application of the `json` row behind some middleware."""
    app = HawkAPI()

    @app.get("/json")
    async def as_json() -> dict[str, str]:
        return {"message": "Hello, World!"}

    for cls, options in entries:
        app.add_middleware(cls, **options)
    return app


def compare(bare: Any, without: Any, having: Any, rounds: int, requests: int) -> tuple[float, float]:
    """Return the seconds by which a request to one application takes longer, and those of the bare callable."""

    async def main() -> tuple[float, float]:
        longer, bare_seconds = [], []
        for _ in range(rounds):
            before = await driver.drive(without, WORKLOAD, requests)
            longer.append(await driver.drive(having, WORKLOAD, requests) - before)
            bare_seconds.append(await driver.drive(bare, WORKLOAD, requests))
        return statistics.median(longer), statistics.median(bare_seconds)

    return asyncio.run(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 0 whatever the numbers are."""
    parser = argparse.ArgumentParser(description="Measure what each middleware adds to a request.")
    parser.add_argument("--rounds", type=int, default=40, help="interleaved rounds (default 40)")
    parser.add_argument("--requests", type=int, default=300, help="requests per round and application (default 300)")
    options = parser.parse_args(arguments)
    importlib.import_module("structlog").configure(processors=[lambda *_: ""], logger_factory=lambda *_: Silent())
    sys.path.insert(0, str(Path(__file__).parent / "apps"))
    bare = importlib.import_module("bare").app
    print(f"{sys.version.split()[0]}: {options.rounds} rounds of {options.requests} requests")
    rows = [("any middleware at all", make_app(), make_app((Empty, {})))]
    rows += [(name, make_app((Empty, {})), make_app((Empty, {}), (cls, kwargs))) for name, cls, kwargs in MEASURED]
    verdict = ""
    for name, without, having in rows:
        longer, bare_seconds = compare(bare, without, having, options.rounds, options.requests)
        ratio = longer / bare_seconds
        print(f"  {name:<30}{longer * 1e6:7.2f} µs{ratio:7.2f} of bare", flush=True)
        if name == "empty":
            verdict = f"empty middleware {ratio:.2f}, target <= {TARGET}: {'met' if ratio <= TARGET else 'not met'}"
    print(verdict)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

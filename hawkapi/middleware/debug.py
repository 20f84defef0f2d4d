"""`DebugMiddleware`: pages for developers, with the routes and how long they take."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, final

from hawkapi.middleware._route_keys import RouteKeys
from hawkapi.middleware.base import Middleware
from hawkapi.responses.json import JSONResponse
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["DebugMiddleware"]


@final
class RouteStatistics:
    """What was counted of one route."""

    __slots__ = ("count", "errors", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.errors = 0
        self.seconds = 0.0


class DebugMiddleware(Middleware):
    """Answer `{prefix}/routes` with the application's routes and `{prefix}/stats` with what they have been doing.

    SECURITY: it tells strangers what the application is made of; never switch it on in production.

    `stats` is a JSON object by path template: `count`, `avg_latency_ms` and `errors`, which are responses from 500 on
    and exceptions. What no route takes is counted together.

    Args:
        app: the next application.
        prefix: of both paths, default `/_debug`.
        enabled: default off; then nothing is answered or counted.
        clock: seconds from any moment on, default `time.perf_counter`.

    Thread-safe; the counts are exact.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        prefix: str = "/_debug",
        enabled: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(app)
        self._routes_path = f"{prefix.rstrip('/')}/routes"
        self._stats_path = f"{prefix.rstrip('/')}/stats"
        self._enabled = enabled
        self._clock = clock
        self._keys = RouteKeys()
        # Protects the table and the numbers in it, for a few statements that call nothing of the user's. It does not
        # cover a request between its start and its end: that is counted when it ends.
        self._lock = threading.Lock()
        self._statistics: dict[str, RouteStatistics] = {}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection (ASGI 3)."""
        if not self._enabled or scope["type"] != "http":
            return self.app(scope, receive, send)
        if scope["path"] == self._routes_path:
            return JSONResponse(_describe_routes(scope.get("app")))(scope, receive, send)
        if scope["path"] == self._stats_path:
            return JSONResponse(self._describe_statistics())(scope, receive, send)
        return self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        template = self._keys.key_of(scope)
        status = 500  # Until a response says otherwise: what raises, or sends nothing, has failed.
        started = self._clock()

        def send_on(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        try:
            await self.app(scope, receive, send_on)
        finally:
            self._count(template, self._clock() - started, is_error=status >= 500)

    def _count(self, template: str, seconds: float, *, is_error: bool) -> None:
        with self._lock:
            statistics = self._statistics.get(template)
            if statistics is None:
                statistics = self._statistics[template] = RouteStatistics()
            statistics.count += 1
            statistics.errors += is_error
            statistics.seconds += seconds

    def _describe_statistics(self) -> dict[str, Any]:
        with self._lock:
            return {
                template: {
                    "count": one.count,
                    "avg_latency_ms": round(one.seconds / one.count * 1000, 3),
                    "errors": one.errors,
                }
                for template, one in self._statistics.items()
            }


def _describe_routes(app: Any) -> list[dict[str, Any]]:
    return [
        {"path": route.path, "methods": sorted(route.methods), "name": route.name, "deprecated": route.deprecated}
        for route in getattr(app, "routes", ())
    ]

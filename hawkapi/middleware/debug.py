"""`DebugMiddleware`: pages for developers, with the routes and how long they take."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, final

from hawkapi.middleware._ledger import Ledger
from hawkapi.middleware._route_keys import RouteKeys
from hawkapi.middleware.base import Middleware
from hawkapi.responses.json import JSONResponse
from hawkapi.routing.mounts import route_path
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["DebugMiddleware"]


class End(NamedTuple):
    """One request that has ended."""

    template: str
    seconds: float
    is_error: bool


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
        # The ledger's lock protects the table and the numbers in it; a request is counted when it has ended.
        self._statistics: dict[str, RouteStatistics] = {}
        self._ledger = Ledger("debug", self._count)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection (ASGI 3)."""
        if not self._enabled or scope["type"] != "http":
            return self.app(scope, receive, send)
        path = route_path(scope)
        if path == self._routes_path:
            return JSONResponse(_describe_routes(scope.get("app")))(scope, receive, send)
        if path == self._stats_path:
            return JSONResponse(self._describe_statistics())(scope, receive, send)
        return self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        template = self._keys.key_of(scope)
        with self._ledger:
            pass  # What has ended is counted now, so the ledger has no more than one end per running request.
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
            self._ledger.note(End(template, self._clock() - started, status >= 500))

    def _count(self, end: End) -> None:
        """Count a request that has ended; the ledger's lock is held."""
        statistics = self._statistics.get(end.template)
        if statistics is None:
            statistics = self._statistics[end.template] = RouteStatistics()
        statistics.count += 1
        statistics.errors += end.is_error
        statistics.seconds += end.seconds

    def _describe_statistics(self) -> dict[str, Any]:
        with self._ledger:
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

"""`AdaptiveConcurrencyMiddleware`: as many requests at a time as a route can take, found out by how long they take.

How the limit of a route moves, after each of its requests (after Netflix's "gradient" limit)::

    gradient  = min_rtt / mean of the last 100 times, from 0.5 to 1; or target / p99 of these, if that is smaller
    candidate = limit * gradient + buffer             without the buffer while p99 is above the target
    limit     = limit * smoothing + candidate * (1 - smoothing), from min_limit to max_limit

Requests that take as long as the fastest let the limit grow by the buffer; when they queue somewhere, times rise before
anything else does, and the limit falls. The shortest time is forgotten from time to time, because what was fast once
need not be again.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, final

from hawkapi.middleware._ledger import Ledger
from hawkapi.middleware._route_keys import RouteKeys
from hawkapi.middleware.base import Middleware
from hawkapi.responses.problem import problem_response
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["AdaptiveConcurrencyMiddleware"]

WINDOW: Final = 100
"""Times that are looked at."""

P99_EVERY: Final = 10
"""PERF: the 99th percentile is looked up once in so many requests when the window is full; it is 5 µs under a lock."""


class End(NamedTuple):
    """The end of an admitted request."""

    template: str
    seconds: float | None
    """From its beginning to that of its response; `None` where it failed, which may be fast."""
    moment: float


@final
class RouteLimit:
    """The limit of one route; the ledger's lock is held."""

    __slots__ = ("_count", "_min_rtt", "_p99", "_reset_at", "_sum", "_times", "in_flight", "limit")

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.in_flight = 0
        self._times: deque[float] = deque()
        self._sum = 0.0
        self._count = 0
        self._min_rtt = math.inf
        self._reset_at = -math.inf
        self._p99 = 0.0

    def sample(self, seconds: float, moment: float, reset_interval_s: float) -> None:
        """Take the time of a request into account."""
        if moment - self._reset_at >= reset_interval_s:
            self._min_rtt, self._reset_at = math.inf, moment
        self._min_rtt = min(self._min_rtt, seconds)
        self._times.append(seconds)
        self._sum += seconds
        if len(self._times) > WINDOW:
            self._sum -= self._times.popleft()
        self._count += 1
        if len(self._times) < WINDOW or self._count % P99_EVERY == 0:
            # The 99th of 100 is the second longest; of fewer it is the longest.
            self._p99 = heapq.nlargest(1 + len(self._times) // WINDOW, self._times)[-1]

    def gradient(self, target_s: float) -> tuple[float, bool]:
        """Return by what the limit is to be multiplied, and whether the target is kept."""
        mean = self._sum / len(self._times)
        by_mean = self._min_rtt / mean if mean > 0 else 1.0
        by_target = target_s / self._p99 if self._p99 > 0 else 1.0
        return max(0.5, min(1.0, by_mean, by_target)), by_target >= 1


class AdaptiveConcurrencyMiddleware(Middleware):
    """Answer what is more than a route can take at a time with 503 and `Retry-After`, before it waits in a queue.

    Routes are told apart by their path template; what no route takes is counted together. A request counts until its
    response is complete; its time is that to the start of the response, so that long downloads do not look slow. Times
    of refused and failed requests are not looked at. WebSockets pass.

    Args:
        app: the next application.
        initial_limit: requests at a time to begin with, default 50; `min_limit` holds from the first answer on.
        min_limit: default 10.
        max_limit: default 1000.
        target_p99_ms: milliseconds that 99 of 100 requests may take, default 100; above, the limit falls.
        smoothing: how much of the old limit is kept each time, from 0 to below 1, default 0.9.
        min_rtt_reset_interval: seconds after which the shortest time is learnt anew, default 30.
        queue_size_buffer: by how much the limit may grow, default the root of `initial_limit`.
        clock: seconds from any moment on, never going back; default `time.monotonic`.

    Raises:
        ValueError: a number is out of its range.

    Thread-safe and exact: in all threads together no more requests are in flight than the limit says.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        initial_limit: int = 50,
        min_limit: int = 10,
        max_limit: int = 1000,
        target_p99_ms: float = 100.0,
        smoothing: float = 0.9,
        min_rtt_reset_interval: float = 30.0,
        queue_size_buffer: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(app)
        check_limits(initial_limit, min_limit, max_limit)
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing is {smoothing}; it must be at least 0 and below 1")
        if target_p99_ms <= 0:
            raise ValueError(f"target_p99_ms is {target_p99_ms}; it is a number of milliseconds above 0")
        self._initial = float(min(initial_limit, max_limit))
        self._min = float(min_limit)
        self._max = float(max_limit)
        self._target_s = target_p99_ms / 1000
        self._smoothing = smoothing
        self._reset_interval_s = min_rtt_reset_interval
        self._buffer = math.sqrt(initial_limit) if queue_size_buffer is None else queue_size_buffer
        self._clock = clock
        self._keys = RouteKeys()
        self._routes: dict[str, RouteLimit] = {}
        self._ledger = Ledger("adaptive_concurrency", self._apply)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        template = self._keys.key_of(scope)
        if not self._admit(template):
            await self._refuse(scope, receive, send)
            return
        started = self._clock()
        seconds: float | None = None

        def send_on(message: Message) -> Awaitable[None]:
            nonlocal seconds
            if message["type"] == "http.response.start" and message["status"] < 500:
                seconds = self._clock() - started
            return send(message)

        try:
            await self.app(scope, receive, send_on)
        finally:
            self._ledger.note(End(template, seconds, self._clock()))

    def limit_of(self, template: str) -> int:
        """Return how many requests a route takes at a time now."""
        with self._ledger:
            route = self._routes.get(template)
            return int(self._initial if route is None else route.limit)

    def _admit(self, template: str) -> bool:
        with self._ledger:
            route = self._routes.get(template)
            if route is None:
                route = self._routes[template] = RouteLimit(self._initial)
            if route.in_flight >= int(route.limit):
                return False
            route.in_flight += 1
            return True

    def _apply(self, end: End) -> None:
        """Change the limit of a route after a request; the ledger's lock is held."""
        route = self._routes[end.template]
        route.in_flight -= 1
        if end.seconds is None:
            return
        route.sample(end.seconds, end.moment, self._reset_interval_s)
        gradient, keeps_target = route.gradient(self._target_s)
        candidate = route.limit * gradient + (self._buffer if keeps_target else 0.0)
        smoothed = route.limit * self._smoothing + candidate * (1 - self._smoothing)
        route.limit = min(self._max, max(self._min, smoothed))

    def _refuse(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        detail = f"Concurrency limit reached for {scope['path']}"
        headers = {"retry-after": str(max(1, math.ceil(self._target_s)))}
        response = problem_response("concurrency-limit", 503, "Service Unavailable", detail=detail, headers=headers)
        return response(scope, receive, send)


def check_limits(initial_limit: int, min_limit: int, max_limit: int) -> None:
    """Refuse limits that are out of their range.

    Raises:
        ValueError: one is.
    """
    limits = {"initial_limit": initial_limit, "min_limit": min_limit, "max_limit": max_limit}
    for name, limit in limits.items():
        if limit < 1:
            raise ValueError(f"{name} is {limit}; it must be at least 1")
    if max_limit < min_limit:
        raise ValueError(f"max_limit is {max_limit}; it must be at least min_limit, which is {min_limit}")

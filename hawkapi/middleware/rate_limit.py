"""`RateLimitMiddleware`: so many requests per second for each client, and no more.

Each key has a bucket that holds up to `burst` tokens and fills with `requests_per_second`; a request takes one. A
bucket that is full again is the same as none, and is dropped.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, final

from hawkapi._threading import named_lock
from hawkapi.http.forwarded import parse_hop
from hawkapi.middleware.base import Middleware
from hawkapi.responses.json import JSONResponse
from hawkapi.types import ASGIApp, Receive, Scope, Send

__all__ = ["RateLimitMiddleware", "TokenBuckets", "client_network"]

DEFAULT_MAX_KEYS: Final = 100_000
"""About 25 MB of buckets."""

ROUNDING: Final = 1e-9
"""Tokens that sums of fractions of seconds may lack without a request being refused for it."""

DROPPED_AT_ONCE: Final = 2
"""Old buckets that one request drops: more than it makes, so the table shrinks, and never all of them at once."""


def client_address(scope: Scope) -> str:
    """Return the client's address, or `unknown` where there is none, as on a Unix socket."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def client_network(scope: Scope) -> str:
    """Return what `key_func` should for clients with IPv6: their /64, of which each has at least one for itself."""
    address = client_address(scope)
    hop = parse_hop(address)
    if hop is None or hop.address.version == 4:
        return address
    return str(ipaddress.IPv6Network((hop.address, 64), strict=False))


class RateLimitMiddleware(Middleware):
    """Answer what is more than so many requests per second with 429 and `Retry-After`.

    WebSockets count when they are opened. Behind a proxy add `TrustedProxyMiddleware` before this, or all clients are
    one. Each process counts for itself; `RedisRateLimitMiddleware` counts for all.

    Args:
        app: the next application.
        requests_per_second: above 0, default 10; 0.5 is one every two seconds.
        burst: requests that a client may send at once; 0, the default, stands for as many as in one second, at least 1.
        key_func: gets the scope and returns who is limited; default the client's address. See also `client_network`.
        cleanup_interval: seconds for which a bucket is kept at least, default 60; always until it is full again.
        max_keys: buckets at most, default 100 000; then the one that was used longest ago goes.
        clock: seconds from any moment on, never going back; default `time.monotonic`.

    Raises:
        ValueError: a number is out of its range.

    Thread-safe and exact: of any number of requests at one moment, in all threads, `burst` pass.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        requests_per_second: float = 10.0,
        burst: int = 0,
        key_func: Callable[[Scope], str] | None = None,
        cleanup_interval: float = 60,
        max_keys: int = DEFAULT_MAX_KEYS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(app)
        self._key_of = client_address if key_func is None else key_func
        self._clock = clock
        self._buckets = TokenBuckets(*check_rate(requests_per_second, burst), cleanup_interval, max_keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        wait_s = self._buckets.take(self._key_of(scope), self._clock())
        if wait_s is None:
            await self.app(scope, receive, send)
        else:
            await too_many_requests(wait_s)(scope, receive, send)


def check_rate(requests_per_second: float, burst: int) -> tuple[float, int]:
    """Return the rate and the size of a bucket.

    Raises:
        ValueError: one of them is out of its range.
    """
    if not 0 < requests_per_second < math.inf:
        raise ValueError(f"requests_per_second is {requests_per_second}; it must be above 0")
    if burst < 0:
        raise ValueError(f"burst is {burst}; it must be at least 1, or 0 for as many as in one second")
    return requests_per_second, burst or max(1, int(requests_per_second))


def too_many_requests(wait_s: float) -> JSONResponse:
    """Return the refusal of a request that may come again after so many seconds."""
    headers = {"retry-after": str(int(wait_s) + 1)}
    return JSONResponse({"detail": "Too Many Requests"}, status_code=429, headers=headers)


@final
class TokenBuckets:
    """The buckets of all keys, the one used longest ago first. Thread-safe."""

    def __init__(self, rate: float, burst: int, keep_s: float, max_keys: int) -> None:
        if max_keys < 1:
            raise ValueError(f"max_keys is {max_keys}; it must be at least 1")
        self._rate = rate
        self._burst = float(burst)
        self._max_keys = max_keys
        # After this time every bucket is full, whatever was in it.
        self._keep_s = max(keep_s, burst / rate)
        # Protects the table and its order, for a few statements that call nothing of the user's. What is decided
        # under it is exact; the clock is read before it, so a request may see a moment that is a little earlier.
        self._lock = named_lock("rate_limit")
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are known now."""
        return len(self._buckets)

    def take(self, key: str, now: float) -> float | None:
        """Take a token out of a bucket.

        Returns:
            `None`, or in how many seconds there will be one.
        """
        with self._lock:
            tokens, last = self._buckets.pop(key, (self._burst, now))
            now = max(now, last)
            tokens = min(self._burst, tokens + (now - last) * self._rate)
            is_enough = tokens >= 1 - ROUNDING
            if is_enough:
                tokens = max(0.0, tokens - 1)
            self._buckets[key] = (tokens, now)
            self._drop_old(now)
            return None if is_enough else (1 - tokens) / self._rate

    def _drop_old(self, now: float) -> None:
        """Drop buckets that are full again, and what is above the limit."""
        for _ in range(DROPPED_AT_ONCE):
            key, (_, last) = next(iter(self._buckets.items()))
            if len(self._buckets) <= self._max_keys and now - last <= self._keep_s:
                return
            del self._buckets[key]

"""`RedisRateLimitMiddleware`: so many requests per second for each client, in all processes together."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Final

from hawkapi.middleware._outage import Outage
from hawkapi.middleware._redis import (
    DEFAULT_CONNECTIONS,
    DEFAULT_TIMEOUT_S,
    Call,
    RedisLink,
    Script,
    connect_to,
    lua_now,
)
from hawkapi.middleware.base import Middleware
from hawkapi.middleware.rate_limit import (
    DEFAULT_MAX_KEYS,
    ROUNDING,
    TokenBuckets,
    check_rate,
    client_address,
    too_many_requests,
)
from hawkapi.types import ASGIApp, Receive, Scope, Send

__all__ = ["RedisRateLimitMiddleware"]

LONGEST_S: Final = 10**9
"""Thirty years: above it, times are as good as endless, and Redis would refuse them."""

_TAKE = Script(
    lua_now(["rate", "burst", "ttl"])
    + f"""
rate, burst = tonumber(rate), tonumber(burst)
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'last_refill')
local tokens = tonumber(kept[1]) or burst
-- A clock that was set back gives nobody tokens, and takes none away.
local last = math.min(now, tonumber(kept[2]) or now)
tokens = math.min(burst, tokens + (now - last) * rate)
local enough = tokens >= 1 - {ROUNDING}
if enough then tokens = math.max(0, tokens - 1) end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.17g', tokens), 'last_refill', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], ttl)
if enough then return {{1, 0}} end
return {{0, math.ceil(math.min((1 - tokens) / rate, {LONGEST_S}) * 1000000)}}
"""
)
"""Takes a token out of the bucket at a key: whether there was one, and otherwise in how many microseconds there is."""


class RedisRateLimitMiddleware(Middleware):
    """Answer what is more than so many requests per second with 429 and `Retry-After`, counted for all processes.

    The buckets are hashes in Redis, by its clock, and vanish when they are full again. While Redis cannot be asked each
    process counts for itself; it is tried again after 0.1 seconds, then after longer waits up to 5 seconds.

    Args:
        app: the next application.
        requests_per_second: above 0, default 10.
        burst: requests that a client may send at once; 0, the default, stands for as many as in one second, at least 1.
        key_func: gets the scope and returns who is limited; default the client's address. See also `client_network`.
        redis_url: `redis://`, `rediss://` or `unix://`.
        key_prefix: goes before the key of each bucket.
        max_keys: buckets that a process keeps at most while it counts for itself, default 100 000.
        redis_timeout: seconds to wait for an answer of Redis, default 1.
        max_connections: of each event loop, default 16.

    Raises:
        ImportError: `redis` is not installed: `pip install 'hawkapi[redis]'`.
        ValueError: a number is out of its range, or the URL cannot be read.

    Thread-safe and exact: of any number of requests at one moment, in all threads and processes, `burst` pass.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        requests_per_second: float = 10.0,
        burst: int = 0,
        key_func: Callable[[Scope], str] | None = None,
        redis_url: str = "redis://localhost:6379",
        key_prefix: str = "hawkapi:rl:",
        max_keys: int = DEFAULT_MAX_KEYS,
        redis_timeout: float = DEFAULT_TIMEOUT_S,
        max_connections: int = DEFAULT_CONNECTIONS,
    ) -> None:
        super().__init__(app)
        rate, size = check_rate(requests_per_second, burst)
        self._key_of = client_address if key_func is None else key_func
        self._prefix = key_prefix
        self._arguments = (repr(float(rate)), size, math.ceil(min(LONGEST_S, size / rate)) + 60)
        self._buckets = TokenBuckets(rate, size, 60, max_keys)
        target = connect_to(redis_url, max_connections)
        logger = logging.getLogger("hawkapi.rate_limit_redis")
        outage = Outage(target.label, logger, "until it can, each process counts for itself")
        self._link = RedisLink(target, outage, max_connections, redis_timeout)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        wait_s = await self._take(self._key_of(scope))
        if wait_s is None:
            await self.app(scope, receive, send)
        else:
            await too_many_requests(wait_s)(scope, receive, send)

    async def _take(self, key: str) -> float | None:
        """Take a token, or return in how many seconds there will be one."""
        answer = await self._link.run(Call(_TAKE, self._prefix + key, self._arguments))
        if answer is None:
            return self._buckets.take(key, time.monotonic())
        enough, wait_us = answer
        return None if enough else wait_us / 1_000_000

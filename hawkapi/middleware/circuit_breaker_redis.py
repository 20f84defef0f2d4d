"""`RedisCircuitBreakerMiddleware`: a circuit breaker whose circuits all processes share.

The states and epochs are those of `circuit_breaker.py`. A circuit is a hash: `state` (`closed`, `open`, `half_open`),
`epoch`, `failure_count`, `opened_at` (seconds since 1970), `half_open_calls`, and for each request that tries a field
`probe:...` with the time at which it counts as gone, and for each failure that is counted a field `failed:...`: what
came of a request may be told twice, when the connection broke before Redis answered. A route that has not failed lately
has none.
"""

from __future__ import annotations

import logging
import math
import secrets
from typing import Final, NamedTuple

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
from hawkapi.middleware.circuit_breaker import CircuitBreakerMiddleware, End, Outcome, Ticket, refuse
from hawkapi.types import ASGIApp, Receive, Scope, Send

__all__ = ["RedisCircuitBreakerMiddleware"]

SHORTEST_TTL_S: Final = 86_400
"""A circuit nobody has used for a day is forgotten, with the failures that it has counted."""

_COMMON = """
local key = KEYS[1]
local state = redis.call('HGET', key, 'state') or 'closed'
local epoch = tonumber(redis.call('HGET', key, 'epoch') or 0)
-- Epochs are microseconds, so that those of a circuit that was forgotten do not come again.
local function change(to)
    redis.call('DEL', key)
    epoch = math.max(epoch + 1, math.floor(now * 1000000))
    redis.call('HSET', key, 'state', to, 'epoch', string.format('%.0f', epoch), 'failure_count', 0,
        'opened_at', string.format('%.6f', now), 'half_open_calls', 0)
    redis.call('EXPIRE', key, ttl)
end
"""

_ADMIT = Script(
    lua_now(["ttl", "recovery", "most", "lease", "token"])
    + _COMMON
    + """
if state == 'closed' then return {1, epoch, 0} end
if state == 'open' then
    local opened = tonumber(redis.call('HGET', key, 'opened_at'))
    -- A clock that was set back does not make it longer.
    local left = math.min(opened + recovery - now, tonumber(recovery))
    if left > 0 then return {0, epoch, math.ceil(left * 1000000)} end
    change('half_open')
end
if redis.call('HEXISTS', key, 'probe:' .. token) == 1 then return {2, epoch, 0} end
local fields, probes = redis.call('HGETALL', key), 0
for index = 1, #fields, 2 do
    if string.sub(fields[index], 1, 6) == 'probe:' then
        if tonumber(fields[index + 1]) <= now then redis.call('HDEL', key, fields[index]) else probes = probes + 1 end
    end
end
local admitted = probes < tonumber(most)
if admitted then
    redis.call('HSET', key, 'probe:' .. token, string.format('%.6f', now + lease))
    probes = probes + 1
end
redis.call('HSET', key, 'half_open_calls', probes)
redis.call('EXPIRE', key, ttl)
if admitted then return {2, epoch, 0} end
return {0, epoch, 1000000}
"""
)
"""Admits a request: 0, 1, or 2 if it tries; the epoch; and for 0 in how many microseconds another may come."""

_RECORD = Script(
    lua_now(["ttl", "threshold", "admitted", "outcome", "token"])
    + _COMMON
    + """
if epoch ~= tonumber(admitted) then return {0} end
if state == 'half_open' then
    -- One that took too long has been counted as gone.
    if redis.call('HDEL', key, 'probe:' .. token) == 0 then return {0} end
    redis.call('HINCRBY', key, 'half_open_calls', -1)
    if outcome == 'failure' then change('open') elseif outcome == 'success' then change('closed') end
elseif outcome == 'failure' then
    if redis.call('HSETNX', key, 'failed:' .. token, 1) == 0 then return {0} end
    if redis.call('HINCRBY', key, 'failure_count', 1) >= tonumber(threshold) then
        change('open')
    else
        redis.call('EXPIRE', key, ttl)
    end
elseif outcome == 'success' and tonumber(redis.call('HGET', key, 'failure_count') or 0) > 0 then
    redis.call('HSET', key, 'failure_count', 0)
    for _, field in ipairs(redis.call('HKEYS', key)) do
        if string.sub(field, 1, 7) == 'failed:' then redis.call('HDEL', key, field) end
    end
end
return {1}
"""
)
"""Changes a circuit as the end of a request asks for. Told twice, it does so once: a probe or a failure has its token,
and a circuit that has changed another epoch. (Only a success that comes between the two, to a closed circuit, makes a
failure count that was before it.)
"""

_LEAVE = Script("return {redis.call('HDEL', KEYS[1], 'probe:' .. ARGV[1])}")
"""Takes a request back that has not begun; `half_open_calls` is counted anew when the next one comes."""

_OUTCOMES: Final = {True: "failure", False: "success", None: "unknown"}


class SharedTicket(NamedTuple):
    """The admission of one request by Redis."""

    template: str
    epoch: int
    token: str


class RedisCircuitBreakerMiddleware(CircuitBreakerMiddleware):
    """Answer requests to a route that keeps failing with 503 and `Retry-After`, in all processes together.

    What is a failure, and how routes are told apart, is as in `CircuitBreakerMiddleware`. While Redis cannot be asked
    each process has circuits of its own, which begin closed; it is tried again after 0.1 seconds, then after longer
    waits up to 5 seconds.

    Args:
        app: the next application.
        failure_threshold: failures in a row that open the circuit, default 5.
        recovery_timeout: seconds that it stays open, default 30.
        half_open_max_calls: requests that try at the same time whether it is well, default 1.
        redis_url: `redis://`, `rediss://` or `unix://`.
        key_prefix: goes before the path template of each route.
        probe_ttl: seconds after which a request that tries counts as gone, default 60: its process may have been
            killed, and another must get its place.
        redis_timeout: seconds to wait for an answer of Redis, default 1.
        max_connections: of each event loop, default 16.

    Raises:
        ImportError: `redis` is not installed: `pip install 'hawkapi[redis]'`.
        ValueError: a number is out of its range, or the URL cannot be read.

    Thread-safe and exact: of any number of requests to a half-open circuit, in all threads and processes,
    `half_open_max_calls` pass.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        failure_threshold: int = 5,
        recovery_timeout: float = 30.0,
        half_open_max_calls: int = 1,
        redis_url: str = "redis://localhost:6379",
        key_prefix: str = "hawkapi:cb:",
        probe_ttl: float = 60.0,
        redis_timeout: float = DEFAULT_TIMEOUT_S,
        max_connections: int = DEFAULT_CONNECTIONS,
    ) -> None:
        super().__init__(
            app,
            failure_threshold=failure_threshold,
            recovery_timeout=recovery_timeout,
            half_open_max_calls=half_open_max_calls,
        )
        if not probe_ttl > 0:
            raise ValueError(f"probe_ttl is {probe_ttl}; it is a number of seconds above 0")
        self._prefix = key_prefix
        ttl = max(SHORTEST_TTL_S, math.ceil(2 * (recovery_timeout + probe_ttl)))
        self._of_admission = (ttl, repr(float(recovery_timeout)), half_open_max_calls, repr(float(probe_ttl)))
        self._of_record = (ttl, failure_threshold)
        target = connect_to(redis_url, max_connections)
        logger = logging.getLogger("hawkapi.circuit_breaker_redis")
        outage = Outage(target.label, logger, "until it can, each process has circuits of its own")
        self._link = RedisLink(target, outage, max_connections, redis_timeout)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        admitted = await self._ask(self._keys.key_of(scope))
        if not isinstance(admitted, SharedTicket | Ticket):
            await refuse(scope, receive, send, admitted)
            return
        watch = Outcome(send)
        try:
            await self.app(scope, receive, watch.send)
        except GeneratorExit:  # Nothing can be awaited any more; what was taken ends by itself.
            raise
        except BaseException as exc:
            watch.raised(exc)
            await self._record(admitted, watch.failed)
            raise
        await self._record(admitted, watch.failed)

    async def _ask(self, template: str) -> SharedTicket | Ticket | float:
        """Admit a request, or return in how many seconds another may be."""
        token = secrets.token_hex(16)
        key = self._prefix + template
        admit = Call(_ADMIT, key, (*self._of_admission, token))
        answer = await self._link.take(token, admit, Call(_LEAVE, key, (token,)))
        if answer is None:
            return self._admit(template)
        verdict, epoch, wait_us = answer
        return SharedTicket(template, epoch, token) if verdict else wait_us / 1_000_000

    async def _record(self, admitted: SharedTicket | Ticket, failed: bool | None) -> None:
        """Say what came of a request to who has admitted it."""
        if isinstance(admitted, Ticket):
            self._ledger.note(End(admitted, failed, self._clock()))
            return
        arguments = (*self._of_record, str(admitted.epoch), _OUTCOMES[failed], admitted.token)
        await self._link.settle(admitted.token, Call(_RECORD, self._prefix + admitted.template, arguments))

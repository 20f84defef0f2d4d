"""`RedisBulkheadBackend`: bulkheads whose slots all processes share.

A bulkhead is a hash in Redis with a field per *lease*: a random name, and when it was taken or renewed last, in seconds
since 1970 by the server's clock. Who asks for one removes, counts and adds in one script. So the leases of processes
that were killed are reclaimed by whoever finds the bulkhead full, and no two that ask can take the last slot, or refuse
it to each other.

Each process also keeps its own leases, and never takes more than `limit` of them. That is all there is while Redis
cannot be asked, or when it comes back empty.

Leases of running tasks are renewed. One that Redis has not any more is taken again, whether there is room or not: its
holder is inside in any case, and what is counted keeps others out until there are less than `limit`. That is so with a
server that lost its data, with slots that were taken while it was away, and with what expired because a process came to
a halt, or could not reach the server, for longer than a lease lives.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import sys
import time
from typing import Any, Final, final

from hawkapi.middleware._leases import Lease, LeaseRenewal, OwnLeases
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

__all__ = ["RedisBulkheadBackend"]

KEY_LIVES: Final = 10
"""Times `lease_ttl`."""

RENEWALS: Final = 3
"""Within the time of a lease: so one may fail."""

_PURGE = """
local leases, kept, purged = redis.call('HGETALL', KEYS[1]), 0, 0
for index = 1, #leases, 2 do
    if now - (tonumber(leases[index + 1]) or 0) >= tonumber(lease) then
        redis.call('HDEL', KEYS[1], leases[index])
        purged = purged + 1
    else
        kept = kept + 1
    end
end
"""

_ACQUIRE = Script(
    lua_now(["lease", "limit", "ttl_ms", "token"])
    + _PURGE
    + """
if redis.call('HEXISTS', KEYS[1], token) == 1 then return {1} end
if kept >= tonumber(limit) then return {0} end
redis.call('HSET', KEYS[1], token, string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], ttl_ms)
return {1}
"""
)
"""Takes a lease: whether there was one."""

_REAP = Script(lua_now(["lease"]) + _PURGE + "return {purged}")
"""Removes leases that have expired: how many there were."""

_RENEW = Script(
    lua_now(["ttl_ms"])
    + """
local lost = {}
for index = 2, #ARGV do
    if redis.call('HEXISTS', KEYS[1], ARGV[index]) == 1 then
        redis.call('HSET', KEYS[1], ARGV[index], string.format('%.6f', now))
    else
        lost[#lost + 1] = index - 2
    end
end
redis.call('PEXPIRE', KEYS[1], ttl_ms)
return lost
"""
)
"""Renews leases that are there: which of them are not, counted from 0."""

_RETAKE = Script(
    lua_now(["lease", "ttl_ms", "token"])
    + _PURGE
    + """
redis.call('HSET', KEYS[1], token, string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], ttl_ms)
return {redis.call('HLEN', KEYS[1])}
"""
)
"""Takes a lease again that is not there any more: how many there are now."""

_RELEASE = Script("return {redis.call('HDEL', KEYS[1], ARGV[1])}")


@final
class RedisBulkheadBackend:
    """Keeps the slots of bulkheads in Redis: `Bulkhead("reports", 2, backend=RedisBulkheadBackend(client))`.

    A slot is a lease that ends after `lease_ttl`, so that those of a process that was killed come back. As long as a
    task is in its `async with` block, its lease is renewed each third of that time; who calls `acquire` himself calls
    `keep` too, or holds the slot for `lease_ttl` only. A process that comes to a halt for longer than that, or whose
    event loop is blocked, loses its leases and does not know: then more than `limit` may be inside until one of them
    leaves. It takes them again as soon as it goes on, and a warning tells by how many the limit was exceeded.

    While Redis cannot be asked, each process lets `limit` in; it is tried again after 0.1 seconds, then after longer
    waits up to 5 seconds. What is inside then is counted in Redis again when the leases are renewed next.

    Args:
        client: of `redis.asyncio`, or a URL. Each event loop gets connections of its own, made as the client's are;
            those of the client are not used.
        key_prefix: the key is `{key_prefix}:{name}`; it lives ten times as long as a lease.
        lease_ttl: seconds after which the slots of a process that was killed can be taken again, default 30.
        poll_interval: seconds between two looks, on average, of who waits for a slot, default 0.01.
        redis_timeout: seconds to wait for an answer of Redis, default 1.
        max_connections: of each event loop, default 16.

    Raises:
        ImportError: `redis` is not installed: `pip install 'hawkapi[redis]'`.
        ValueError: a number is out of its range, or the URL cannot be read.

    Thread-safe; usable from any number of event loops and processes.
    """

    def __init__(
        self,
        client: Any,
        *,
        key_prefix: str = "hawkapi:bulkhead",
        lease_ttl: float = 30.0,
        poll_interval: float = 0.01,
        redis_timeout: float = DEFAULT_TIMEOUT_S,
        max_connections: int = DEFAULT_CONNECTIONS,
    ) -> None:
        if not lease_ttl > 0:
            raise ValueError(f"lease_ttl is {lease_ttl}; it is a number of seconds above 0")
        if not poll_interval > 0:
            raise ValueError(f"poll_interval is {poll_interval}; it is a number of seconds above 0")
        self._prefix = key_prefix
        self._lease = repr(float(lease_ttl))
        self._ttl_ms = max(1, int(lease_ttl * KEY_LIVES * 1000))
        self._poll_interval = poll_interval
        self._own = OwnLeases(lease_ttl)
        self._renewal = LeaseRenewal(self._own, lease_ttl / RENEWALS, self._renew)
        target = connect_to(client, max_connections)
        self._logger = logging.getLogger("hawkapi.bulkhead_redis")
        outage = Outage(target.label, self._logger, "until it can, each process has bulkheads of its own")
        self._link = RedisLink(target, outage, max_connections, redis_timeout)

    async def acquire(self, name: str, limit: int, max_wait: float) -> str | None:
        """Take a slot; `None` if none was free within so many seconds."""
        token = secrets.token_hex(16)
        deadline = time.monotonic() + max_wait
        while not await self._take(name, limit, token):
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            # At random, so that those who wait do not all come at the same moment, again and again.
            pause = self._poll_interval * random.uniform(0.5, 1.5)  # noqa: S311 - it is no secret
            await asyncio.sleep(min(left, pause))
        return token

    def keep(self, name: str, token: object) -> None:
        """Renew the lease of a slot until it is given back, or the task that calls this ends. `Bulkhead` does it."""
        lease = self._own.get(name, token) if isinstance(token, str) else None
        if lease is not None:
            self._renewal.keep(lease)

    async def release(self, name: str, token: object) -> None:
        """Give a slot back. One whose lease has expired was given back by then.

        Raises:
            TypeError: the token is none of this backend's.
        """
        if not isinstance(token, str):
            raise TypeError(f"{token!r} is no token of a RedisBulkheadBackend, which are str")
        if self._own.drop(name, token) is False:
            return  # It was taken while Redis was away.
        undo = self._undo(name, token)
        if isinstance(sys.exception(), GeneratorExit):
            # The garbage collector ends a task that died with its loop: nothing can be awaited.
            self._link.settle_later(token, undo)
        else:
            await self._link.settle(token, undo)

    async def reap_expired_leases(self, name: str) -> int:
        """Remove the leases that have expired, and return how many there were; whoever asks for one does it too.

        While Redis cannot be asked there are none.
        """
        answer = await self._link.run(Call(_REAP, self._key(name), (self._lease,)))
        return 0 if answer is None else answer[0]

    async def _take(self, name: str, limit: int, token: str) -> bool:
        lease = self._own.add(name, token, limit)
        if lease is None:
            return False
        is_taken = False
        try:
            call = Call(_ACQUIRE, self._key(name), (self._lease, limit, self._ttl_ms, token))
            was_away = self._link.is_away
            answer = await self._link.take(token, call, self._undo(name, token), undo_unanswered=False)
            is_taken = answer is None or answer[0] == 1
            lease.is_shared = answer is not None or not was_away
        finally:
            if not is_taken:
                self._own.drop(name, token)
        return is_taken

    async def _renew(self, name: str, leases: dict[str, Lease]) -> None:
        tokens = list(leases)
        lost: list[int] | None = await self._link.run(Call(_RENEW, self._key(name), (self._ttl_ms, *tokens)))
        inside = [await self._retake(name, tokens[index], leases[tokens[index]]) for index in lost or []]
        limit = leases[tokens[0]].limit
        if max(inside, default=0) > limit:
            self._logger.warning(
                "bulkhead %r has %d inside and a limit of %d; leases ended while this process came to a halt or could "
                "not reach Redis, and their slots were taken by others",
                name,
                max(inside),
                limit,
            )

    async def _retake(self, name: str, token: str, lease: Lease) -> int:
        """Take a lease again that Redis has not any more; return how many there are now."""
        if self._own.get(name, token) is not lease:
            return 0
        lease.is_shared = True
        undo = self._undo(name, token)
        call = Call(_RETAKE, self._key(name), (self._lease, self._ttl_ms, token))
        answer = await self._link.take(token, call, undo, undo_unanswered=False)
        if self._own.get(name, token) is not lease:
            # It was given back meanwhile, which Redis may have been told before it was told to take it.
            await self._link.settle(token, undo)
        return 0 if answer is None else answer[0]

    def _undo(self, name: str, token: str) -> Call:
        return Call(_RELEASE, self._key(name), (token,))

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{name}"

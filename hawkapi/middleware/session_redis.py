"""`RedisSessionStore`: sessions that all processes share."""

from __future__ import annotations

import logging
from typing import Any, final

from hawkapi.exceptions import HTTPException
from hawkapi.middleware._outage import Outage
from hawkapi.middleware._redis import DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT_S, Call, RedisLink, Script, connect_to

__all__ = ["RedisSessionStore"]

_READ = Script("return {redis.call('GET', KEYS[1])}")
_CREATE = Script("redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) return {1}")
_REPLACE = Script("if redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'XX') then return {1} end return {0}")
_DELETE = Script("return {redis.call('DEL', KEYS[1])}")


@final
class RedisSessionStore:
    """Keeps sessions in Redis, which forgets them when they have expired.

    While Redis cannot be asked, requests that need a session are answered with 503 and `Retry-After`: an empty session
    in its place would log everybody out. It is tried again after 0.1 seconds, then after longer waits up to 5 seconds.

    Args:
        redis: a URL (`redis://`, `rediss://`, `unix://`) or a client of `redis.asyncio`. Each event loop gets
            connections of its own, made as the client's are.
        key_prefix: goes before the key of each session.
        redis_timeout: seconds to wait for an answer of Redis, default 1.
        max_connections: of each event loop, default 16.

    Raises:
        ImportError: `redis` is not installed: `pip install 'hawkapi[redis]'`.
        ValueError: a number is out of its range, or the URL cannot be read.

    Thread-safe; usable from any number of event loops and processes.
    """

    def __init__(
        self,
        redis: Any = "redis://localhost:6379",
        *,
        key_prefix: str = "hawkapi:session:",
        redis_timeout: float = DEFAULT_TIMEOUT_S,
        max_connections: int = DEFAULT_CONNECTIONS,
    ) -> None:
        self._prefix = key_prefix
        target = connect_to(redis, max_connections)
        logger = logging.getLogger("hawkapi.session_redis")
        outage = Outage(target.label, logger, "until it can, requests that need a session are answered with 503")
        self._link = RedisLink(target, outage, max_connections, redis_timeout)

    async def read(self, key: str) -> str | None:
        """Return a session, or `None` if there is none.

        Raises:
            HTTPException: 503, Redis cannot be asked; the other methods raise it too.
        """
        found: bytes | str | None = await self._ask(_READ, key)
        return found.decode("utf-8", "replace") if isinstance(found, bytes) else found

    async def create(self, key: str, text: str, max_age: int) -> None:
        """Keep a new session."""
        await self._ask(_CREATE, key, text.encode("utf-8"), max_age)

    async def replace(self, key: str, text: str, max_age: int) -> bool:
        """Change a session that is there."""
        return bool(await self._ask(_REPLACE, key, text.encode("utf-8"), max_age))

    async def delete(self, key: str) -> None:
        """Forget a session."""
        await self._ask(_DELETE, key)

    async def _ask(self, script: Script, key: str, *arguments: bytes | int) -> Any:
        answer = await self._link.run(Call(script, self._prefix + key, arguments))
        if answer is None:
            raise HTTPException(503, "Sessions cannot be used at the moment", headers={"Retry-After": "1"})
        return answer[0]

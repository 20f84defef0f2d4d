"""`RedisLink`: asks a Redis server, from any number of event loops, and says when it cannot be asked.

**Connections.** Each event loop has a pool of its own, made at its first use there and closed with the loop: an
asynchronous generator of the pool's waits at its `yield`, and `loop.shutdown_asyncgens()`, which `asyncio.run` and
servers call last, ends it. So the pool is closed after the last task, whoever runs the loop.

**Cancellation.** A command that was sent cannot be taken back, and a connection with an unread answer is lost. So each
runs in a task of its own to its end, whatever becomes of the request that asked. What a cancelled request has taken is
*owed*: it is given back as soon as the answer is there, or, when the loop ends before, while the pool is closed. What
could not be given back because Redis was away is given back after its next answer.

**Outage.** A broken connection is made anew, once. If that fails there is no waiting within a request: it is told that
there is no answer (`None`), and does without. `Outage` says when the next one tries.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, Final, NamedTuple, final

from hawkapi._optional import load_optional
from hawkapi._threading import AsyncSemaphore, watched
from hawkapi.middleware._outage import Outage

__all__ = ["DEFAULT_CONNECTIONS", "DEFAULT_TIMEOUT_S", "Call", "RedisLink", "Script", "connect_to"]

DEFAULT_CONNECTIONS: Final = 16
"""Per event loop. One connection takes some thousand commands in a second."""

DEFAULT_TIMEOUT_S: Final = 1.0
"""For one command, connecting included."""

MAX_UNPAID: Final = 1000
"""What more is owed while Redis is away must end by itself, as everything that is taken there does."""

NOT_COPIED: Final = ("maint", "orig_", "oss_", "himport_", "event_dispatcher", "retry")
"""How options begin that a pool has made for itself, or that are replaced here."""


@final
class Script:
    """A Lua script that Redis runs as one step (`EVALSHA`). It returns an array. Immutable."""

    __slots__ = ("digest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        # SPEC: Redis names scripts by this digest; it protects nothing.
        self.digest = hashlib.sha1(text.encode("ascii"), usedforsecurity=False).hexdigest()


class Call(NamedTuple):
    """A script with its key and arguments."""

    script: Script
    key: str
    arguments: tuple[str | bytes | int | float, ...] = ()


class Target(NamedTuple):
    """Where Redis is."""

    label: str
    """For messages; without credentials."""
    make_client: Callable[[], Any]
    """Makes a client for the running event loop."""
    is_own: bool = True
    """Whether what it makes is closed with the loop."""


@final
class LoopClient:
    """The connections of one event loop. Loop-bound."""

    def __init__(self, target: Target, limit: int, timeout_s: float, outage: Outage) -> None:
        self._client = target.make_client()
        self._is_own = target.is_own
        self._timeout_s = timeout_s
        self._outage = outage
        self._connections = watched("redis_connections", AsyncSemaphore(limit))
        self._tasks: set[asyncio.Task[list[Any] | None]] = set()
        self._owed: dict[str, Call] = {}
        self._unpaid: set[str] = set()
        """Which of them could not be given back, because there was no answer."""

    async def run(self, call: Call) -> list[Any] | None:
        """Run a script, to its end even if the caller is cancelled; `None` if there is no answer."""
        return await asyncio.shield(self._start(call))

    async def take(self, token: str, call: Call, undo: Call, *, undo_unanswered: bool) -> list[Any] | None:
        """Run a script that takes something; if the caller is cancelled, `undo` gives it back."""
        self._owed[token] = undo
        task = self._start(call)
        try:
            answer = await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(lambda _: self.settle_later(token, undo))
            raise
        if answer is None and undo_unanswered:
            self.owe(token, undo)  # It may have been taken before the connection broke.
        else:
            self._owed.pop(token, None)
        return answer

    async def settle(self, token: str, undo: Call) -> None:
        """Give something back."""
        await asyncio.shield(self.settle_later(token, undo))

    def owe(self, token: str, undo: Call) -> None:
        """Give something back when there is an answer again."""
        if len(self._unpaid) < MAX_UNPAID:
            self._owed[token] = undo
            self._unpaid.add(token)
        else:
            self._owed.pop(token, None)

    def settle_later(self, token: str, undo: Call) -> asyncio.Task[list[Any] | None]:
        """Begin to give something back."""
        self._owed[token] = undo
        task = self._start(undo)

        def note(done: asyncio.Task[list[Any] | None]) -> None:
            # A task that was cancelled has not done it; who closes the connections does.
            if not done.cancelled():
                if done.result() is None:
                    self.owe(token, undo)
                else:
                    self._owed.pop(token, None)

        task.add_done_callback(note)
        return task

    async def close(self) -> None:
        """Pay what is owed, and disconnect."""
        while self._tasks:  # Each ends within the timeout; what was cancelled may have begun to give back.
            await asyncio.wait(self._tasks.copy())
            await asyncio.sleep(0)
        self._unpaid.clear()
        for call in list(self._owed.values()):
            if await self._ask(call) is None:
                break
        self._owed.clear()
        if not self._is_own:
            return
        with contextlib.suppress(Exception):  # There is nothing else that could be done about it.
            await self._client.aclose(close_connection_pool=True)

    def _start(self, call: Call) -> asyncio.Task[list[Any] | None]:
        task = asyncio.create_task(self._ask(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _ask(self, call: Call) -> list[Any] | None:
        async with self._connections:
            epoch = self._outage.begin()
            if epoch is None:
                return None
            try:
                async with asyncio.timeout(self._timeout_s):
                    answer = await self._evaluate(call)
            except Exception as exc:  # noqa: BLE001 - whatever the client raises, Redis has not answered.
                self._outage.failed(epoch, exc)
                await self._drop_idle()
                return None
        self._outage.succeeded(epoch)
        if self._unpaid:
            self._pay()
        return answer

    def _pay(self) -> None:
        """Begin to give back what could not be given back before."""
        unpaid, self._unpaid = self._unpaid, set()
        for token in unpaid:
            self.settle_later(token, self._owed[token])

    async def _evaluate(self, call: Call) -> list[Any]:
        """Run a script, once more on a new connection where one is broken: the server may have been started anew.

        It may run twice, if the connection broke before the answer came: scripts that take something, or say what came
        of it, see that by the token; a rate limit counts one request more.
        """
        try:
            return await self._execute(call)
        except _load("redis.exceptions").ConnectionError:
            await self._drop_idle()
            return await self._execute(call)

    async def _execute(self, call: Call) -> list[Any]:
        key = call.key.encode("utf-8", "surrogatepass")
        no_script: type[Exception] = _load("redis.exceptions").NoScriptError
        try:
            answer = await self._client.execute_command("EVALSHA", call.script.digest, 1, key, *call.arguments)
        except no_script:  # It is new to this server, or the server is new.
            answer = await self._client.execute_command("EVAL", call.script.text, 1, key, *call.arguments)
        return list(answer)

    async def _drop_idle(self) -> None:
        """Disconnect what an outage has probably cut, so that it is not found out one by one."""
        pool = getattr(self._client, "connection_pool", None)
        if pool is not None:
            with contextlib.suppress(Exception):  # They are thrown away.
                await pool.disconnect(inuse_connections=False)


@final
class RedisLink:
    """Asks Redis from any number of event loops. Thread-safe.

    Args:
        target: where it is; see `connect_to`.
        outage: what notes that it cannot be asked.
        max_connections: at most so many per event loop; who finds none free waits.
        timeout_s: for one command.
    """

    def __init__(self, target: Target, outage: Outage, max_connections: int, timeout_s: float) -> None:
        if max_connections < 1:
            raise ValueError(f"max_connections is {max_connections}; each event loop needs at least 1")
        if not timeout_s > 0:
            raise ValueError(f"redis_timeout is {timeout_s}; it is a number of seconds above 0")
        self._target = target
        self._outage = outage
        self._limit = max_connections
        self._timeout_s = timeout_s
        # THREADS: relies on single operations and `copy` of a dict being atomic. Only a thread that runs a loop adds
        # an entry for it; entries of closed loops are removed by whoever adds one.
        self._clients: dict[asyncio.AbstractEventLoop, tuple[LoopClient, AsyncGenerator[None]]] = {}

    async def run(self, call: Call) -> list[Any] | None:
        """Run a script; `None` if Redis cannot be asked now. If the caller is cancelled, it runs all the same."""
        if self._outage.is_on:
            return None
        return await self._client().run(call)

    @property
    def is_away(self) -> bool:
        """Whether Redis would not be asked now."""
        return self._outage.is_on

    async def take(self, token: str, call: Call, undo: Call, *, undo_unanswered: bool = True) -> list[Any] | None:
        """Run a script that takes something; if the caller is cancelled, `undo` gives it back.

        Args:
            token: names what is taken.
            call: takes it.
            undo: gives it back; it must do no harm where it was not taken.
            undo_unanswered: give it back too when there was no answer, and it may have been taken all the same.
                Otherwise the caller holds it as if it were, and gives it back himself.

        Returns:
            What the script did, or `None` if Redis cannot be asked now.
        """
        if self._outage.is_on:
            return None
        return await self._client().take(token, call, undo, undo_unanswered=undo_unanswered)

    async def settle(self, token: str, undo: Call) -> None:
        """Give something back, now or when Redis can be asked again."""
        if self._outage.is_on:
            self._client().owe(token, undo)
        else:
            await self._client().settle(token, undo)

    def settle_later(self, token: str, undo: Call) -> None:
        """Begin to give something back, if there is a running event loop; otherwise it must end by itself."""
        if asyncio._get_running_loop() is not None:
            self._client().settle_later(token, undo)

    def _client(self) -> LoopClient:
        """Return the connections of the running event loop."""
        loop = asyncio.get_running_loop()
        entry = self._clients.get(loop)
        if entry is None:
            for other in self._clients.copy():
                if other.is_closed():
                    self._clients.pop(other, None)
            client = LoopClient(self._target, self._limit, self._timeout_s, self._outage)
            entry = self._clients[loop] = (client, self._closing(loop, client))
            # The loop learns of the generator now; it runs to its `yield` without waiting for anything.
            with contextlib.suppress(StopIteration):
                anext(entry[1]).__await__().send(None)
        return entry[0]

    async def _closing(self, loop: asyncio.AbstractEventLoop, client: LoopClient) -> AsyncGenerator[None]:
        """Close the connections of a loop when the loop ends its generators."""
        try:
            yield
        finally:
            self._clients.pop(loop, None)
            await client.close()


def connect_to(where: Any, max_connections: int) -> Target:
    """Return where Redis is; nothing is connected yet.

    Args:
        where: a URL (`redis://`, `rediss://`, `unix://`), or a client of `redis.asyncio`. The client's own connections
            are not used, as they belong to one event loop; each loop gets its own, made in the same way. A client of
            another kind, of a cluster for example, is used as it is: in one loop.
        max_connections: per event loop.

    Raises:
        ImportError: `redis` is not installed.
        ValueError: the URL cannot be read. SECURITY: the message does not repeat it.
    """
    if isinstance(where, str):
        return _of_url(where, max_connections)
    pool: Any = getattr(where, "connection_pool", None)
    kinds = _load("redis.asyncio")
    if type(pool) not in {kinds.ConnectionPool, kinds.BlockingConnectionPool}:
        return Target(f"Redis by a {type(where).__name__}", lambda: where, is_own=False)
    options = {name: value for name, value in pool.connection_kwargs.items() if not name.startswith(NOT_COPIED)}

    def make() -> Any:
        pools = _load("redis.asyncio")
        own = {**options, **_options(), "max_connections": max_connections}
        return pools.Redis(connection_pool=pools.ConnectionPool(connection_class=pool.connection_class, **own))

    return Target(_label(options), make)


def _of_url(url: str, max_connections: int) -> Target:
    pools: Any = _load("redis.asyncio").ConnectionPool
    options: dict[str, Any] | None = None
    with contextlib.suppress(ValueError, TypeError):
        options = pools.from_url(url).connection_kwargs
    if options is None:
        # Without a cause: its text may be a part of a password with a character that should have been escaped.
        raise ValueError(
            "redis_url is no URL of a Redis server; it looks like redis://user:password@host:6379/0, "
            "with %-escapes for what is not a letter or digit in the password"
        )

    def make() -> Any:
        pool = pools.from_url(url, **_options())
        # What the URL says about it would stand above what waits for its turn here.
        pool.max_connections = max_connections
        return _load("redis.asyncio").Redis(connection_pool=pool)

    return Target(_label(options), make)


def _options() -> dict[str, Any]:
    """Return options of connections: no retry within a command, which may have been executed."""
    # Our own limit is for the whole of a command. redis-py 8 has one of 5 seconds for each step, whatever ours is.
    limits = {"socket_timeout": None, "socket_connect_timeout": None}
    retry = _load("redis.asyncio.retry").Retry(_load("redis.backoff").NoBackoff(), 0)
    return {"retry": retry, "decode_responses": False, "protocol": 2, **limits}


def _label(options: dict[str, Any]) -> str:
    if "path" in options:
        return f"Redis at {options['path']}"
    return f"Redis at {options.get('host', 'localhost')}:{options.get('port', 6379)}"


def _load(name: str) -> Any:
    """Import a module of `redis`; here, because it is optional and takes long to load.

    Raises:
        ImportError: it is not installed.
    """
    return load_optional(name, needed_by="this", package="redis", extra="redis")


def lua_now(names: Sequence[str]) -> str:
    """Return the head of a script: `now`, seconds since 1970 by the server's clock, and the arguments by name."""
    arguments = "".join(f"local {name} = ARGV[{index}]\n" for index, name in enumerate(names, 1))
    return f"local time = redis.call('TIME')\nlocal now = time[1] + time[2] / 1000000\n{arguments}"

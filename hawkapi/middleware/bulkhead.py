"""Bulkheads: a part of the application that may use so much at a time, so that it cannot take everything with it."""

from __future__ import annotations

import asyncio
import functools
import math
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self, final, runtime_checkable

from hawkapi._threading import AsyncSemaphore, watched
from hawkapi.exceptions import HawkAPIError, HTTPException

__all__ = ["Bulkhead", "BulkheadBackend", "BulkheadFullError", "LeasingBackend", "LocalBulkheadBackend", "bulkhead"]


class BulkheadFullError(HawkAPIError):
    """A bulkhead was full for as long as one was willing to wait; a handler without the decorator answers 500.

    Args:
        name: the bulkhead's.
        limit: how many it lets in.
        waited: seconds.
    """

    def __init__(self, name: str, limit: int, waited: float) -> None:
        super().__init__(f"bulkhead {name!r} is full: {limit} are in it, and none left within {waited:.3f} s")
        self.name = name
        self.limit = limit
        self.waited = waited


@runtime_checkable
class BulkheadBackend(Protocol):
    """Where the slots of bulkheads are kept."""

    async def acquire(self, name: str, limit: int, max_wait: float) -> object | None:
        """Take a slot; `None` if none was free within so many seconds."""
        ...

    async def release(self, name: str, token: object) -> None:
        """Give back the slot that a token stands for."""
        ...


@runtime_checkable
class LeasingBackend(BulkheadBackend, Protocol):
    """A backend whose slots come back by themselves after a time, unless they are kept."""

    def keep(self, name: str, token: object) -> None:
        """Hold a slot until it is given back, or the task that calls this ends."""
        ...


@final
class _Slot:
    """The token of one slot that is taken."""

    __slots__ = ("loop",)

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()


@final
class _Pool:
    """The slots of one name. Thread-safe."""

    __slots__ = ("_semaphore", "_taken", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._semaphore = watched("bulkhead", AsyncSemaphore(limit))
        # THREADS: relies on `append`, `remove` and `copy` of a list being atomic. Whoever removes a slot, and only who
        # does, gives its permit back; so it is given back once.
        self._taken: list[_Slot] = []

    async def acquire(self, max_wait: float) -> _Slot | None:
        if not self._semaphore.try_acquire():
            self.recover()
            if not self._semaphore.try_acquire() and not await self._wait(max_wait):
                return None
        slot = _Slot()
        self._taken.append(slot)
        return slot

    def release(self, slot: _Slot) -> None:
        try:
            self._taken.remove(slot)
        except ValueError:
            return  # It was taken back, because its loop is closed.
        self._semaphore.release()

    def recover(self) -> None:
        """Take back the slots of loops that are closed: nobody is left to release them."""
        for slot in self._taken.copy():
            if slot.loop.is_closed():
                self.release(slot)

    async def _wait(self, max_wait: float) -> bool:
        if max_wait <= 0:
            return False
        try:
            async with asyncio.timeout(max_wait):
                await self._semaphore.acquire()
        except TimeoutError:
            return False
        return True


@final
class LocalBulkheadBackend:
    """Keeps the slots in this process, for all its threads and event loops. Thread-safe.

    A slot whose event loop was closed before it was released is taken back when somebody finds the bulkhead full.
    """

    def __init__(self) -> None:
        # THREADS: relies on `setdefault` being atomic: of two threads that come first, both get one pool. It grows
        # with the names that the program has given, not with what clients send.
        self._pools: dict[str, _Pool] = {}

    async def acquire(self, name: str, limit: int, max_wait: float) -> object | None:
        """Take a slot; `None` if none was free within so many seconds.

        Raises:
            ValueError: the name is that of a bulkhead with another limit.
        """
        pool = self._pools.get(name)
        if pool is None:
            pool = self._pools.setdefault(name, _Pool(limit))
        if pool.limit != limit:
            raise ValueError(
                f"bulkhead {name!r} is already registered with limit {pool.limit}, not {limit}; give it another name"
            )
        return await pool.acquire(max_wait)

    async def release(self, name: str, token: object) -> None:
        """Give a slot back.

        Raises:
            TypeError: the token is none of this backend's.
        """
        if not isinstance(token, _Slot):
            raise TypeError(f"{token!r} is no token of a LocalBulkheadBackend")
        self._pools[name].release(token)


DEFAULT_BACKEND: Final = LocalBulkheadBackend()
"""The slots of the process: bulkheads of one name are one bulkhead, wherever they are made."""


class _Lease(NamedTuple):
    """A slot, and who has it."""

    task: asyncio.Task[object] | None
    loop: asyncio.AbstractEventLoop
    token: object


class Bulkhead:
    """Let at most `limit` tasks in at a time, of all event loops and threads: `async with Bulkhead("reports", 2):`.

    Bulkheads of one name and backend share their slots. A task that enters twice takes two.

    Args:
        name: what it is about.
        limit: at least 1.
        max_wait: seconds to wait for a slot, default 0: not at all.
        backend: where the slots are kept, default in this process.
        metrics: count in the global registry of `prometheus_client`, default off.

    Raises:
        ValueError: a number is out of its range.
        ImportError: there should be metrics, but `prometheus_client` is not installed.

    Entering raises `BulkheadFullError`. Thread-safe: one object may be used by all tasks, again and again.
    """

    def __init__(
        self,
        name: str,
        limit: int,
        max_wait: float = 0.0,
        *,
        backend: BulkheadBackend | None = None,
        metrics: bool = False,
    ) -> None:
        if limit < 1:
            raise ValueError(f"limit is {limit}; a bulkhead lets at least 1 in")
        if max_wait < 0:
            raise ValueError(f"max_wait is {max_wait}; it is a number of seconds, at least 0")
        self._name = name
        self._limit = limit
        self._max_wait = max_wait
        self._backend: BulkheadBackend = DEFAULT_BACKEND if backend is None else backend
        self._leasing = self._backend if isinstance(self._backend, LeasingBackend) else None
        self._metrics = None
        if metrics:
            # Here, because it is optional.
            from hawkapi.middleware._bulkhead_metrics import BulkheadMetrics

            self._metrics = BulkheadMetrics(name, limit)
        # THREADS: relies on `append`, `remove` and `copy` of a list being atomic; an entry is removed by its own task,
        # or, when its loop is closed, by whoever destroys that task.
        self._leases: list[_Lease] = []

    @property
    def name(self) -> str:
        """What it is about."""
        return self._name

    @property
    def limit(self) -> int:
        """How many it lets in."""
        return self._limit

    async def __aenter__(self) -> Self:
        started = time.monotonic()
        token = await self._backend.acquire(self._name, self._limit, self._max_wait)
        waited = time.monotonic() - started
        if self._metrics is not None:
            self._metrics.entered(waited, is_full=token is None, waits=self._max_wait > 0)
        if token is None:
            raise BulkheadFullError(self._name, self._limit, waited)
        if self._leasing is not None:
            self._leasing.keep(self._name, token)
        self._leases.append(_Lease(asyncio.current_task(), asyncio.get_running_loop(), token))
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        lease = self._own_lease()
        if lease is not None:
            await self._give_back(lease)
        elif exc_type is not GeneratorExit:
            raise RuntimeError(f"unpaired bulkhead release: this task is not in {self._name!r}")
        else:
            # The task is destroyed with its loop, by somebody else: what belongs to closed loops is nobody's.
            for abandoned in [lease for lease in self._leases.copy() if lease.loop.is_closed()]:
                await self._give_back(abandoned)

    def _own_lease(self) -> _Lease | None:
        """Return what this task took last, or `None`."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # There is no loop.
            return None
        return next((lease for lease in reversed(self._leases.copy()) if lease.task is task), None)

    async def _give_back(self, lease: _Lease) -> None:
        try:
            self._leases.remove(lease)
        except ValueError:
            return
        if self._metrics is not None:
            self._metrics.left()
        await self._backend.release(self._name, lease.token)


def bulkhead[**P, R](
    name: str,
    limit: int,
    max_wait: float = 0.0,
    *,
    backend: BulkheadBackend | None = None,
    status_code: int = 503,
    retry_after: float = 1.0,
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Let at most `limit` calls of an async handler in at a time; others are answered with 503 and `Retry-After`.

    Args:
        name: as for `Bulkhead`.
        limit: as for `Bulkhead`.
        max_wait: as for `Bulkhead`.
        backend: as for `Bulkhead`.
        status_code: of the refusal, default 503.
        retry_after: seconds after which clients should come again, default 1, rounded up.

    Raises:
        ValueError: a number is out of its range.

    A `BulkheadFullError` of another bulkhead, raised inside the handler, is answered in the same way.
    """
    if retry_after < 0:
        raise ValueError(f"retry_after is {retry_after}; it is a number of seconds, at least 0")
    guard = Bulkhead(name, limit, max_wait, backend=backend)
    headers = {"Retry-After": str(max(1, math.ceil(retry_after)))}

    def decorate(handler: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @functools.wraps(handler)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                async with guard:
                    return await handler(*args, **kwargs)
            except BulkheadFullError as exc:
                raise HTTPException(status_code, "bulkhead_full", headers=headers) from exc

        return guarded

    return decorate

"""A plain iterator, pulled in worker threads by an event loop.

**Problem.** A step that has begun cannot be stopped, and an iterator cannot be closed while a thread is in it: a
generator raises, a file waits. But whoever waits for a step may be cancelled at any moment, because the client has gone
or the server stops, and the iterator must be closed all the same, without waiting for a step that may never end.

**Rule.** Whoever comes last closes: `aclose` when no step is running, else the step itself, in its own thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from enum import Enum
from typing import Final, Literal, Self, final

from hawkapi._workers import Lane, run_in_worker
from hawkapi.types import Scope


class _End(Enum):
    """The type of `END`."""

    END = "end"


END: Final = _End.END
"""What a step gives when there are no more items; `StopIteration` cannot leave a thread through a future."""


@final
class PulledIterator[T]:
    """An async iterator over a plain one; every step runs in a worker thread, all in one context.

    Args:
        iterator: closed with its `close()`, if it has one, at its end or by `aclose`.
        scope: of the request, to find the threads.
        lane: of the steps. Closing is in the clean-up lane, unless a step does it.
        is_last: whether nothing comes after an item: then the iterator is closed in the same step.

    Request-bound.
    """

    def __init__(
        self, iterator: Iterator[T], scope: Scope, lane: Lane, is_last: Callable[[T], bool] | None = None
    ) -> None:
        self._iterator = iterator
        self._scope = scope
        self._lane = lane
        self._is_last = is_last
        self._context = copy_context()
        # Protects the two flags, between the thread of a step and the loop; user code never runs under it.
        self._guard = threading.Lock()
        self._running = False
        self._closing = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        item = await run_in_worker(self._scope, self._step, lane=self._lane)
        if item is END:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """Close the iterator; one in which a thread still is, when that thread comes out of it."""
        with self._guard:
            must_close = not self._closing and not self._running
            self._closing = True
        if must_close and hasattr(self._iterator, "close"):
            await run_in_worker(self._scope, self._close, lane=Lane.CLEANUP)

    def _step(self) -> T | Literal[_End.END]:
        with self._guard:
            if self._closing:
                return END
            self._running = True
        ended = True
        try:
            item = self._context.run(next, self._iterator, END)
            ended = item is END or (self._is_last is not None and self._is_last(item))
            return item
        finally:
            self._leave(ended)

    def _leave(self, ended: bool) -> None:
        """End a step, and close the iterator if nobody else will."""
        with self._guard:
            self._running = False
            self._closing = self._closing or ended
            if not self._closing:
                return
        self._close()

    def _close(self) -> None:
        close = getattr(self._iterator, "close", None)
        if close is not None:
            self._context.run(close)

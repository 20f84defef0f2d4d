"""Lock, semaphore and event for tasks of different event loops in different threads.

**Problem.** The primitives of asyncio belong to one loop: used from two, they raise or wake a task in the wrong thread
and lose it. A loop can also be closed while its tasks wait or hold, and then nobody of it comes back.

**Rules of this file.** No thread lock guards anything: each step is one atomic operation of a list or deque (see
`_threading.py`: a finaliser may call `release` anywhere). So nothing can be held while a loop is called. A future is
touched by its own loop only. User code is never called.

**How a permit moves.** A lock has one permit, a semaphore several. At any moment a permit is in exactly one place: in
`_free`, in the box of one `_Turn`, counted as taken, or in the hand of the one thread that is moving it. It moves by
`pop` and `append`, so two threads cannot both get it. Whoever puts a permit into `_free`, or a turn into the queue,
calls `_advance` afterwards, so of a releaser and an arriving waiter the later one sees the other's work; that is why no
wake-up is lost. In detail:

- A task that finds a free permit and an empty queue takes it; otherwise it queues a turn and sleeps on a future.
- The waker appends the permit to the turn's box, then looks at `gone`. A waiter that is cancelled sets `gone`, then
  looks into its box. The box orders the two, so at least one of them sees the other, and `pop` lets only one have the
  permit: either the waker goes on to the next turn, or the waiter passes the permit on.
- A turn whose loop is closed is skipped. `call_soon_threadsafe` can also succeed just before the loop closes; such a
  turn has a permit and never claims it. It stays in `_handed` until it is claimed, and `_recover` takes it back.
- `_recover` runs whenever somebody has to wait, and every `PATROL_INTERVAL_S` in the loop of each waiter.

**Limits.** A loop that was stopped but never closed is taken to come back. Waiters of one loop are served in order, but
no order exists between two threads that ask at the same moment. Recovery relies on the closed loop running no more.

**Cost** on CPython 3.13, with the GIL and without: 1.0 and 2.5 µs to acquire and release a lock that nobody else wants
(`asyncio.Lock`: 0.4 and 0.6), twice what asyncio takes to pass it on within a loop, and 5 to 100 µs to pass it on to
another loop, most of which is waking that thread. It is for critical sections that await, not for every request.

**Must stay in step:** the list of places where a permit can be, above; the names re-exported by `_threading.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from typing import Final, Literal

PATROL_INTERVAL_S: Final = 0.5
"""How often a waiter looks for permits that closed loops left behind; at least once a second was promised."""

_PERMIT: Final = True
_log = logging.getLogger("hawkapi")


class _TaskWaiter:
    """A task that sleeps until somebody, in any thread, wakes it."""

    __slots__ = ("_future", "loop")

    _future: asyncio.Future[None]

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    def prepare(self) -> asyncio.Future[None]:
        """Return what the task is going to await. From here on `wake` may be called."""
        self._future = self.loop.create_future()
        return self._future

    def wake(self) -> bool:
        """Let the task go on, at the latest at its loop's next turn; return False if that loop is closed."""
        if asyncio._get_running_loop() is self.loop:
            self._resume()
            return True
        try:
            self.loop.call_soon_threadsafe(self._resume)
        except RuntimeError:  # The only reason that a loop has: it is closed.
            return False
        return True

    def _resume(self) -> None:
        if not self._future.done():  # It was cancelled, or somebody else woke it too.
            self._future.set_result(None)


class _ThreadWaiter:
    """A thread without a loop that sleeps until somebody wakes it."""

    __slots__ = ("_asleep",)

    def __init__(self) -> None:
        # THREADS: a signal, not an exclusion: held while asleep, and released by whoever wakes, in any thread.
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def sleep(self, timeout_s: float | None) -> bool:
        """Wait to be woken, at most that many seconds; return whether that happened."""
        return self._asleep.acquire(timeout=-1 if timeout_s is None else max(0.0, timeout_s))

    def wake(self) -> bool:
        """Let the thread go on; a thread can always be reached."""
        with contextlib.suppress(RuntimeError):  # Somebody else woke it too.
            self._asleep.release()
        return True


class _Turn(_TaskWaiter):
    """One task's place in a queue, with a box for the permit it will be given."""

    __slots__ = ("_box", "gone", "patrol", "task")

    gone: bool
    """Whether the task stopped waiting. Written before the box is looked into, read after the box was filled."""
    patrol: asyncio.TimerHandle
    """The timer of the next look for lost permits. This and `gone` exist once the task waits."""
    task: asyncio.Task[object] | None
    """The task; exists once it holds a lock."""

    def __init__(self) -> None:
        # PERF: sets only what an acquisition without waiting needs; calling `super()` would about double its cost.
        self.loop = asyncio.get_running_loop()
        # THREADS: relies on `append` and `pop` of a list being atomic, and on their order being the same for everybody.
        self._box: list[bool] = []

    def put(self) -> None:
        """Move the permit from the caller's hand into this turn."""
        self._box.append(_PERMIT)

    def take(self) -> bool:
        """Move the permit from this turn into the caller's hand; False if it is not here (any more)."""
        return _pop(self._box)


class _Turnstile:
    """Gives a fixed number of permits to tasks of any loop, in the order in which they asked."""

    def __init__(self, permits: int) -> None:
        # THREADS: all three are shared by every thread and rely on `append`, `pop`, `popleft`, `remove` and
        # `list.copy` being atomic. None of them is right alone: the module docstring says how a permit moves.
        self._free = [_PERMIT] * permits
        self._queue: deque[_Turn] = deque()
        self._handed: list[_Turn] = []

    async def acquire(self) -> Literal[True]:
        """Wait for a permit, behind everybody who asked before; always return True, as asyncio does."""
        turn = _Turn()
        if not self._queue and _pop(self._free):
            turn.put()
        else:
            await self._wait(turn)
        self._keep(turn)
        return True

    def locked(self) -> bool:
        """Return whether `acquire` would have to wait now."""
        return not self._free or bool(self._queue)

    @property
    def waiting(self) -> int:
        """How many tasks wait now, those that were cancelled a moment ago perhaps among them."""
        return len(self._queue)

    async def __aenter__(self) -> None:
        await self.acquire()

    def _keep(self, turn: _Turn) -> None:
        """Note that this turn's task has its permit. It is called by that task."""
        raise NotImplementedError

    async def _wait(self, turn: _Turn) -> None:
        self._recover()
        asleep = turn.prepare()
        turn.gone = False
        turn.patrol = turn.loop.call_later(PATROL_INTERVAL_S, self._patrol, turn)
        self._queue.append(turn)
        try:
            self._advance()
            await asleep
        except BaseException:  # Cancelled, or destroyed together with its loop.
            self._withdraw(turn)
            raise
        finally:
            turn.patrol.cancel()
        self._handed.remove(turn)

    def _withdraw(self, turn: _Turn) -> None:
        """Stop waiting; a permit that has arrived meanwhile goes to the next in the queue."""
        turn.gone = True
        _discard(self._queue, turn)
        if self._take_back(turn):
            self._put_down()

    def _put_down(self) -> None:
        """Free the permit in the caller's hand."""
        self._free.append(_PERMIT)
        self._advance()

    def _advance(self) -> None:
        """Hand out permits as long as there is one and somebody waits for it."""
        while self._queue and _pop(self._free):
            try:
                turn = self._queue.popleft()
            except IndexError:
                # Another thread served the last one. Whoever queued since then found no permit: look again.
                self._free.append(_PERMIT)
                continue
            self._hand_to(turn)

    def _hand_to(self, turn: _Turn) -> None:
        """Move the permit from the caller's hand to this turn, or free it if its task cannot use it."""
        self._handed.append(turn)
        turn.put()
        if (turn.gone or not turn.wake()) and self._take_back(turn):
            self._free.append(_PERMIT)

    def _take_back(self, turn: _Turn) -> bool:
        """Take the permit out of a turn that has not claimed it; False if it is not (any more) there."""
        if not turn.take():
            return False
        self._handed.remove(turn)
        return True

    def _patrol(self, turn: _Turn) -> None:
        turn.patrol = turn.loop.call_later(PATROL_INTERVAL_S, self._patrol, turn)
        self._recover()

    def _recover(self) -> None:
        """Free the permits of turns that cannot claim them any more, because their loop is closed."""
        for turn in self._handed.copy():
            if turn.loop.is_closed() and self._take_back(turn):
                self._put_down()


class AsyncLock(_Turnstile):
    """Exclude tasks of any event loop in any thread from each other. Thread-safe; used like `asyncio.Lock`.

    Waiters are served in the order in which they asked, each woken through its own loop. A waiter that was cancelled,
    or whose loop is closed, is skipped. As with asyncio, the lock is not reentrant, and `release` may be called by
    another task than the holder, and also by a thread without a loop.

    If a loop is closed while a task of it holds the lock, whoever acquires next gets it, at the latest a second after
    it began to wait; `abandoned` is then true, and an error is logged once. The lock keeps the task it was taken from:
    destroying that task would run its `finally` blocks, and so release a lock that is somebody else's by then.
    """

    def __init__(self) -> None:
        super().__init__(1)
        # THREADS: written only by who has the permit: the task that got it, or the thread that has just taken it out of
        # this turn. Others read it once and then try `take`, which only one of them can win.
        self._holder: _Turn | None = None
        self._taken_from: list[_Turn] = []
        self.abandoned = False
        """Whether a former holder's loop was closed before it released: what the lock protects may be half changed. It
        stays true until the holder sets it to False."""

    def release(self) -> None:
        """Give the lock to the next waiter, or leave it free.

        Raises:
            RuntimeError: Nobody holds the lock.
        """
        holder = self._holder
        if holder is None or not holder.take():
            raise RuntimeError("AsyncLock.release() was called, but nobody holds the lock.")
        self._holder = None
        self._put_down()

    async def __aexit__(self, exc_type: type[BaseException] | None, *exc_info: object) -> None:
        try:
            self.release()
        except RuntimeError:
            # A task that lost the lock is destroyed together with it: nobody is left to whom this were an error.
            if exc_type is not GeneratorExit:
                raise

    def _keep(self, turn: _Turn) -> None:
        turn.task = asyncio.current_task(turn.loop)
        self._holder = turn

    def _recover(self) -> None:
        super()._recover()
        holder = self._holder
        if holder is None or not holder.loop.is_closed() or not holder.take():
            return
        self._holder = None
        self._taken_from.append(holder)
        self.abandoned = True
        self._put_down()
        # As text: a handler that keeps its records must not keep the task.
        _log.error(
            "The event loop of %s was closed while it held an AsyncLock; the lock was taken away.", repr(holder.task)
        )


class AsyncSemaphore(_Turnstile):
    """Let at most `value` tasks of any event loops in at once. Thread-safe; used like `asyncio.BoundedSemaphore`.

    Waiters are served as by `AsyncLock`, and `release` may be called from anywhere too. Permits are not tied to their
    holders: one whose holder's loop is closed without releasing is lost. One that is on its way to a waiter never is.

    Args:
        value: Number of permits, at least 1. Each takes eight bytes.
    """

    def __init__(self, value: int) -> None:
        if value < 1:
            raise ValueError(f"An AsyncSemaphore needs at least one permit, not {value}.")
        super().__init__(value)
        # THREADS: the permits in use; relies on `append` and `pop` being atomic.
        self._taken: list[bool] = []

    def try_acquire(self) -> bool:
        """Take a permit if one is free and nobody waits for it; return whether that is so."""
        if self._queue or not _pop(self._free):
            return False
        self._taken.append(_PERMIT)
        return True

    def release(self) -> None:
        """Give a permit to the next waiter, or leave it free.

        Raises:
            ValueError: Every permit is free already.
        """
        if not _pop(self._taken):
            raise ValueError("AsyncSemaphore.release() was called more often than acquire().")
        self._put_down()

    async def __aexit__(self, *exc_info: object) -> None:
        self.release()

    def _keep(self, turn: _Turn) -> None:
        turn.take()
        self._taken.append(_PERMIT)


class AsyncEvent:
    """A flag that tasks of any event loop, and threads, can wait for. Thread-safe; used like `asyncio.Event`.

    `set` and `clear` may be called from anywhere. `set` wakes everybody who waits at that moment, even if `clear`
    follows at once.
    """

    def __init__(self) -> None:
        self._is_set = False
        # THREADS: relies on `append`, `remove` and `copy` being atomic. A waiter appends itself, then reads the flag;
        # `set` writes the flag, then copies: one of the two sees the other.
        self._waiting: list[_TaskWaiter | _ThreadWaiter] = []

    def is_set(self) -> bool:
        """Return whether `wait` would return at once."""
        return self._is_set

    def set(self) -> None:
        """Raise the flag and wake everybody who waits for it."""
        self._is_set = True
        for waiter in self._waiting.copy():
            if not waiter.wake():
                _discard(self._waiting, waiter)

    def clear(self) -> None:
        """Lower the flag."""
        self._is_set = False

    async def wait(self) -> Literal[True]:
        """Return True when the flag is up, at once if it already is."""
        if self._is_set:
            return True
        waiter = _TaskWaiter()
        asleep = waiter.prepare()
        self._waiting.append(waiter)
        try:
            if not self._is_set:
                await asleep
        finally:
            _discard(self._waiting, waiter)
        return True

    def wait_in_thread(self, timeout_s: float | None = None) -> bool:
        """Block this thread until the flag is up, at most `timeout_s` seconds (default: forever); return whether it is.

        In a thread that runs an event loop, nothing else of that loop goes on meanwhile.
        """
        if self._is_set:
            return True
        waiter = _ThreadWaiter()
        self._waiting.append(waiter)
        try:
            return self.is_set() or waiter.sleep(timeout_s)
        finally:
            _discard(self._waiting, waiter)


def _pop(permits: list[bool]) -> bool:
    """Take one permit into the caller's hand; return whether there was one."""
    try:
        return permits.pop()
    except IndexError:
        return False


def _discard[T](items: list[T] | deque[T], item: T) -> None:
    """Remove an item that another thread may have removed."""
    with contextlib.suppress(ValueError):
        items.remove(item)

"""An event loop that waits by handing over to another thread, and whose clock is the machine's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from loops import close_under_tasks

from stepping.machine import Machine


class SteppedLoop(asyncio.BaseEventLoop):
    """A loop without input and output, for tasks that only wait for each other and for time."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine
        self._is_woken = False
        self._selector = self

    def time(self) -> float:
        """Return the machine's time in seconds."""
        return self._machine.now

    def select(self, timeout: float | None) -> list[object]:
        """Be the loop's selector: wait until another thread, or the next timer, wakes it."""
        if timeout != 0:
            self._machine.wait_until(lambda: self._is_woken, timeout)
        self._is_woken = False
        return []

    def call_soon_threadsafe[*Ts](
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Do what asyncio does, which is not atomic either: look whether it is closed, append, wake."""
        base: Any = self
        base._check_closed()
        self._machine.pause()
        handle: asyncio.Handle = base._call_soon(callback, args, context)
        self._machine.pause()
        self._is_woken = True
        return handle

    def _process_events(self, event_list: list[object]) -> None:
        """Take what `select` returns."""

    def _write_to_self(self) -> None:
        self._is_woken = True


def drive[T](machine: Machine, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a loop of the running thread, and close the loop whatever is left in it."""
    loop = SteppedLoop(machine)
    try:
        return loop.run_until_complete(main())
    finally:
        close_under_tasks(loop)

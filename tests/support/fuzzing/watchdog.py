"""`Watchdog`: ends the process when a request keeps the event loop to itself, which no timeout can notice."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

EXIT_CODE: Final = 4


class Watchdog:
    """Looks for signs of life, in a thread of its own.

    Args:
        seconds: how long one case may take at least; up to twice as long is not noticed.
        describe: says what is going on, when that is too long.
    """

    def __init__(self, seconds: float, describe: Callable[[], str]) -> None:
        self._seconds = seconds
        self._describe = describe
        self._signs = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def alive(self) -> None:
        """Say that a case begins."""
        self._signs += 1

    def _watch(self) -> None:
        before = -1
        while not self._stopped.wait(self._seconds):
            if self._signs == before:
                print(f"nothing moves for {self._seconds} seconds\n{self._describe()}", flush=True)
                sys.stdout.flush()
                faulthandler.dump_traceback(all_threads=True)
                os._exit(EXIT_CODE)
            before = self._signs

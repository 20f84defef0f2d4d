"""`Outage`: whether a server that the middleware asks can be asked now, and when to try again."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Final, final

from hawkapi._threading import named_lock

__all__ = ["Outage"]

FIRST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 5.0
"""After each trial in vain the next is twice as far away, up to this: so soon a server that is back is found again."""

_CODE = re.compile(r"[A-Z]{3,20}(?= |$)")
"""The first word of an error that Redis itself answers with, for example `NOAUTH`."""


@final
class Outage:
    """Notes failures, and lets one caller at a time try again, later and later.

    A trial belongs to an *epoch*, which each failure and each recovery ends. What comes of one of an earlier epoch says
    nothing new: a hundred requests that fail together are one failure.

    SECURITY: logs the class of an error and the code that the server gave, never its text: that may quote a URL.

    Args:
        label: what is asked, without credentials.
        logger: gets a warning when an outage begins, and a line when it is over.
        meanwhile: what happens until then, for the warning.
        clock: seconds from any moment on, never going back.

    Thread-safe.
    """

    __slots__ = ("_clock", "_epoch", "_label", "_lock", "_logger", "_meanwhile", "_retry_at", "_wait_s")

    def __init__(
        self, label: str, logger: logging.Logger, meanwhile: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._label = label
        self._logger = logger
        self._meanwhile = meanwhile
        self._clock = clock
        # Protects the three below, for a few statements that call nothing of the user's. `_retry_at` is also read
        # without it: who sees an old value asks once more, or once less, than it should.
        self._lock = named_lock("outage")
        self._epoch = 0
        self._wait_s = FIRST_WAIT_S
        self._retry_at: float | None = None

    @property
    def is_on(self) -> bool:
        """Whether nobody is to ask now."""
        retry_at = self._retry_at
        return retry_at is not None and self._clock() < retry_at

    def begin(self) -> int | None:
        """Return the epoch of a caller who may ask, or `None`; while there is an outage, one may at each time."""
        if self._retry_at is None:
            return self._epoch
        now = self._clock()
        with self._lock:
            retry_at = self._retry_at_now()
            if retry_at is not None:
                if now < retry_at:
                    return None
                self._retry_at = now + self._wait_s
            return self._epoch

    def _retry_at_now(self) -> float | None:
        """Return it as it is with the lock held; a type checker takes it for what it was before."""
        return self._retry_at

    def failed(self, epoch: int, exc: BaseException) -> None:
        """Say that there was no answer."""
        with self._lock:
            if epoch != self._epoch:
                return
            self._epoch += 1
            is_new = self._retry_at is None
            self._retry_at = self._clock() + self._wait_s
            self._wait_s = min(LONGEST_WAIT_S, self._wait_s * 2)
        if is_new:
            self._logger.warning("%s cannot be used (%s); %s", self._label, describe(exc), self._meanwhile)

    def succeeded(self, epoch: int) -> None:
        """Say that there was an answer."""
        if self._retry_at is None:
            return
        with self._lock:
            if epoch != self._epoch:
                return
            self._epoch += 1
            self._retry_at = None
            self._wait_s = FIRST_WAIT_S
        self._logger.info("%s can be used again", self._label)


def describe(exc: BaseException) -> str:
    """Return what may be logged of an error."""
    code = _CODE.match(str(exc))
    return f"{type(exc).__name__}, {code[0]}" if code else type(exc).__name__
